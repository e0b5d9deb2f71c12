package jira_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/sdk"
)

const day = 24 * time.Hour

// stored are n accounts, a000 and on, that were got yesterday.
func stored(n int) (out []jira.ReportedAccount) {
	for i := range n {
		out = append(out, jira.ReportedAccount{ID: fmt.Sprintf("a%03d", i), UpdatedAt: now.Add(-day)})
	}
	return out
}

func TestReportSaysWhatToEraseAndToRefresh(t *testing.T) {
	s := newSite(t, "/jira", ok(`{"accounts":[{"accountId":"a000","status":"closed"},{"accountId":"a001","status":"updated"},
		{"accountId":"a002","status":"asleep"},{"accountId":"stranger","status":"closed"}]}`))
	got, err := s.client.ReportAccounts(t.Context(), s.tenant, stored(3))
	if err != nil {
		t.Fatal(err)
	}
	want := jira.AccountReport{Erase: []string{"a000"}, Refresh: []string{"a001"}, Cycle: 7 * day}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	s.expectCalls("POST /jira/rest/atlassian-connect/latest/report-accounts")
	body := `{"accounts":[{"accountId":"a000","updatedAt":"2026-12-31T00:00:00Z"},{"accountId":"a001","updatedAt":"2026-12-31T00:00:00Z"},{"accountId":"a002","updatedAt":"2026-12-31T00:00:00Z"}]}`
	if d := cmp.Diff(body, s.seen[0].Body); d != "" {
		t.Error(d)
	}
}

func TestReportAsksForNinetyAtATime(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusNoContent}, ok(`{"accounts":[{"accountId":"a100","status":"closed"}]}`), answer{status: http.StatusNoContent})
	got, err := s.client.ReportAccounts(t.Context(), s.tenant, stored(200))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(jira.AccountReport{Erase: []string{"a100"}, Cycle: 7 * day}, got); d != "" {
		t.Error(d)
	}
	var sizes []int
	for _, c := range s.seen {
		var body struct{ Accounts []any }
		if err := json.Unmarshal([]byte(c.Body), &body); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(body.Accounts))
	}
	if d := cmp.Diff([]int{90, 90, 20}, sizes); d != "" {
		t.Error(d)
	}
}

func TestReportNamesEachAccountOnceWithItsEarliestTime(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusNoContent})
	berlin := time.FixedZone("Berlin", 3600)
	in := []jira.ReportedAccount{{ID: "b", UpdatedAt: now}, {ID: ""}, {ID: "a", UpdatedAt: now}, {ID: "b", UpdatedAt: now.Add(-day).In(berlin)}}
	if _, err := s.client.ReportAccounts(t.Context(), s.tenant, in); err != nil {
		t.Fatal(err)
	}
	want := `{"accounts":[{"accountId":"a","updatedAt":"2027-01-01T00:00:00Z"},{"accountId":"b","updatedAt":"2026-12-31T00:00:00Z"}]}`
	if d := cmp.Diff(want, s.seen[0].Body); d != "" {
		t.Error(d)
	}
	if in[0].ID != "b" {
		t.Error("the caller's slice was put in order")
	}
}

func TestReportOfNothingCallsNobody(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusNoContent})
	got, err := s.client.ReportAccounts(t.Context(), s.tenant, nil)
	if err != nil || got.Cycle != 7*day {
		t.Errorf("%+v, %v", got, err)
	}
	s.expectCalls()
}

func TestReportFollowsTheShortestCycle(t *testing.T) {
	for _, tt := range []struct {
		name    string
		headers []string
		want    time.Duration
	}{
		{"none", []string{"", ""}, 7 * day},
		{"days", []string{"5", "9"}, 5 * day},
		{"days, the later one shorter", []string{"9", "5"}, 5 * day},
		{"one answer says nothing", []string{"", "9"}, 9 * day},
		{"the unit is spelt out", []string{"20 Days", "21 Days"}, 20 * day},
		{"seconds", []string{"604800", "86400"}, day},
		{"too short", []string{"400", ""}, time.Hour},
		{"too long", []string{"365", ""}, 30 * day},
		{"far too long", []string{"99999999999", ""}, 30 * day},
		{"nonsense", []string{"soon", "-3"}, 7 * day},
		{"zero", []string{"0", "0"}, 7 * day},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var answers []answer
			for _, h := range tt.headers {
				answers = append(answers, answer{status: http.StatusNoContent, header: map[string]string{"Cycle-Period": h}})
			}
			s := newSite(t, "", answers...)
			got, err := s.client.ReportAccounts(t.Context(), s.tenant, stored(100))
			if err != nil {
				t.Fatal(err)
			}
			if got.Cycle != tt.want {
				t.Errorf("cycle %v, want %v", got.Cycle, tt.want)
			}
		})
	}
}

func TestReportKeepsWhatWentWell(t *testing.T) {
	closed := func(id string) answer { return ok(`{"accounts":[{"accountId":"` + id + `","status":"closed"}]}`) }
	busy := answer{status: http.StatusTooManyRequests, header: map[string]string{"Retry-After": "1800", "RateLimit-Reason": "jira-quota-global-based"}}
	for _, tt := range []struct {
		name    string
		answers []answer
		calls   int
		erase   []string
		code    sdk.Code
	}{
		{"a quota is used up: the rest waits", []answer{closed("a000"), busy}, 2, []string{"a000"}, sdk.Exhausted},
		{"the app may not: the rest may not either", []answer{{status: http.StatusForbidden}}, 1, nil, sdk.PermissionDenied},
		{"one request is malformed: the rest is sent", []answer{closed("a000"), {status: http.StatusBadRequest}, closed("a180")}, 3, []string{"a000", "a180"}, sdk.Invalid},
		{"no JSON", []answer{closed("a000"), ok("<html>")}, 2, []string{"a000"}, sdk.Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, "", tt.answers...)
			got, err := s.client.ReportAccounts(t.Context(), s.tenant, stored(200))
			if sdk.CodeOf(err) != tt.code {
				t.Errorf("error %v, want %s", err, tt.code)
			}
			if d := cmp.Diff(jira.AccountReport{Erase: tt.erase, Cycle: 7 * day}, got); d != "" {
				t.Error(d)
			}
			if len(s.seen) != tt.calls {
				t.Errorf("%d calls, want %d", len(s.seen), tt.calls)
			}
		})
	}
}

func TestReportWaitsForAShortWhile(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusTooManyRequests, header: map[string]string{"Retry-After": "2"}}, answer{status: http.StatusServiceUnavailable}, answer{status: http.StatusNoContent})
	if _, err := s.client.ReportAccounts(t.Context(), s.tenant, stored(1)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]time.Duration{2 * time.Second, time.Second}, s.slept); d != "" {
		t.Error(d)
	}
}

func TestReportErrorsNameNoAccount(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusBadRequest, body: `{"message":"a000 is no account"}`})
	_, err := s.client.ReportAccounts(t.Context(), s.tenant, stored(1))
	var f *jira.Failure
	if !errors.As(err, &f) || f.Error() != "report accounts: invalid (status 400)" {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := s.client.ReportAccounts(ctx, s.tenant, stored(200)); sdk.CodeOf(err) != sdk.Canceled || got.Cycle != 7*day {
		t.Errorf("%+v, %v", got, err)
	}
}

// Elsewhere an answer without a body is a mistake, and stays one.
func TestEmptyAnswersAreRefusedWhereOneIsNeeded(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusNoContent})
	if _, err := s.client.IsAdmin(t.Context(), s.tenant, account); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("error %v", err)
	}
}
