package jira_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	sdkjira "github.com/pergola-platform/pergola/sdk/jira"
)

var _ services.Jira = (*jira.Sites)(nil)

func TestFailuresByStatus(t *testing.T) {
	for _, tt := range []struct {
		status int
		source sdk.Source
		code   sdk.Code
	}{
		{400, sdk.FromDownstream, sdk.Invalid},
		{401, sdk.FromDownstream, sdk.Unavailable},
		{403, sdk.FromDownstream, sdk.PermissionDenied},
		{404, sdk.FromDownstream, sdk.NotFound},
		{409, sdk.FromDownstream, sdk.Exists},
		{302, sdk.FromDownstream, sdk.Unavailable},
		{410, sdk.FromDownstream, sdk.Unavailable},
		{429, sdk.FromDownstream, sdk.Exhausted},
		{500, sdk.FromDownstream, sdk.Unavailable},
		{503, sdk.FromDownstream, sdk.Unavailable},
		{504, sdk.FromDownstream, sdk.Deadline},
	} {
		t.Run(http.StatusText(tt.status), func(t *testing.T) {
			s := newSite(t, "", answer{status: tt.status, body: `{"errorMessages":["Serial CANARY of host db7.internal"],"errors":{}}`})
			_, err := s.client.Issue(t.Context(), s.tenant, "10001", nil)
			var e *sdk.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Source != tt.source {
				t.Fatalf("%v, want %s from %s", err, tt.code, tt.source)
			}
			if strings.Contains(err.Error()+e.Message, "CANARY") {
				t.Errorf("%v quotes the answer", err)
			}
			if e.Message == "" || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("message %q, error %q", e.Message, err)
			}
		})
	}
}

func TestBusySiteIsAskedAgain(t *testing.T) {
	found := ok(`{"id":"10001","key":"OPS-1","fields":{}}`)
	busy := func(after string) answer {
		return answer{status: 429, header: map[string]string{"Retry-After": after, "RateLimit-Reason": "jira-burst-based"}}
	}
	for _, tt := range []struct {
		name    string
		answers []answer
		slept   []time.Duration
		code    sdk.Code
	}{
		{"after what Jira says", []answer{busy("2"), found}, []time.Duration{2 * time.Second}, ""},
		{"after a moment that Jira names", []answer{busy("Fri, 01 Jan 2027 00:00:03 GMT"), found}, []time.Duration{3 * time.Second}, ""},
		{"after half a second, then a second", []answer{{status: 503}, {status: 503}, found}, []time.Duration{500 * time.Millisecond, time.Second}, ""},
		{"after a bad gateway", []answer{{status: 502}, found}, []time.Duration{500 * time.Millisecond}, ""},
		{"after a gateway that waited too long", []answer{{status: 504}, found}, []time.Duration{500 * time.Millisecond}, ""},
		{"not before what Jira says, and not all at once", []answer{{status: 503, header: map[string]string{"Retry-After": "3"}}, found}, []time.Duration{3500 * time.Millisecond}, ""},
		{"not where Jira is away for long", []answer{{status: 503, header: map[string]string{"Retry-After": "30"}}, found}, nil, sdk.Unavailable},
		{"not for ever", []answer{busy("1")}, []time.Duration{time.Second, time.Second}, sdk.Exhausted},
		{"not for a quota that comes back by the hour", []answer{busy("1800"), found}, nil, sdk.Exhausted},
		{"not after other failures", []answer{{status: 500}, found}, nil, sdk.Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, "", tt.answers...)
			_, err := s.client.Issue(t.Context(), s.tenant, "10001", nil)
			if got := sdk.CodeOf(err); got != tt.code {
				t.Errorf("%v, want %q", err, tt.code)
			}
			if !slices.Equal(s.slept, tt.slept) || len(s.seen) != len(tt.slept)+1 {
				t.Errorf("waited %v, want %v; %d calls", s.slept, tt.slept, len(s.seen))
			}
		})
	}
}

func TestFailureSaysWhenToTryAgain(t *testing.T) {
	s := newSite(t, "", answer{status: 429, header: map[string]string{"Retry-After": "1800", "RateLimit-Reason": "jira-quota-global-based"}})
	_, err := s.client.Issue(t.Context(), s.tenant, "10001", nil)
	var f *jira.Failure
	if !errors.As(err, &f) || f.RetryAfter != 30*time.Minute || f.Reason != "jira-quota-global-based" {
		t.Errorf("%+v", f)
	}
}

func TestNoTryBeyondTheDeadline(t *testing.T) {
	s := newSite(t, "", answer{status: 429, header: map[string]string{"Retry-After": "4"}})
	// The clock of the site stands at now, so the context has to as well: two seconds are left, four would be needed.
	ctx := until{t.Context(), now.Add(2 * time.Second)}
	if _, err := s.client.Issue(ctx, s.tenant, "10001", nil); sdk.CodeOf(err) != sdk.Exhausted {
		t.Error(err)
	}
	if s.slept != nil || len(s.seen) != 1 {
		t.Errorf("waited %v; %d calls", s.slept, len(s.seen))
	}
}

// until is a context with a deadline that never comes.
type until struct {
	context.Context
	at time.Time
}

func (u until) Deadline() (time.Time, bool) { return u.at, true }

func TestRedirectsAreNotFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the token went elsewhere") }))
	t.Cleanup(other.Close)
	s := newSite(t, "", answer{status: 307, header: map[string]string{"Location": other.URL + "/rest/api/3/issue/10001"}})
	if _, err := s.client.Issue(t.Context(), s.tenant, "10001", nil); sdk.CodeOf(err) != sdk.Unavailable {
		t.Error(err)
	}
}

func TestAnswersThatCannotBeRead(t *testing.T) {
	for body, want := range map[string]sdk.Code{
		"<html>CANARY": sdk.Unavailable,
		`{"id":17}`:    sdk.Unavailable,
		"":             sdk.Unavailable,
		`{"id":"` + strings.Repeat("a", 65<<10) + `"}`: sdk.Exhausted,
	} {
		s := newSite(t, "", ok(body))
		_, err := s.client.Issue(t.Context(), s.tenant, "10001", nil)
		if sdk.CodeOf(err) != want || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%.20q: %v, want %s", body, err, want)
		}
	}
}

func TestSiteThatIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "")
	s.tenant.BaseURL = "http://" + address
	_, err = s.client.Search(t.Context(), s.tenant, sdkjira.Search{JQL: "text ~ CANARY"})
	if sdk.CodeOf(err) != sdk.Unavailable {
		t.Error(err)
	}
	if strings.Contains(err.Error(), "/rest/") || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%v names the address", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.client.Issue(canceled, s.tenant, "10001", nil); sdk.CodeOf(err) != sdk.Canceled {
		t.Error(err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := s.client.Issue(late, s.tenant, "10001", nil); sdk.CodeOf(err) != sdk.Deadline {
		t.Error(err)
	}
}

func TestOnlyActiveSitesAreCalled(t *testing.T) {
	for _, state := range []tenant.State{tenant.Disabled, tenant.Uninstalled, ""} {
		s := newSite(t, "", ok(`{}`))
		s.tenant.State = state
		if err := s.client.Ping(t.Context(), s.tenant); sdk.CodeOf(err) != sdk.PermissionDenied {
			t.Errorf("%q: %v", state, err)
		}
		s.expectCalls()
	}
}

func TestContextPathIsLeftOutOfTheHash(t *testing.T) {
	s := newSite(t, "/jira", ok(`{"id":"10001","key":"OPS-1","fields":{}}`))
	if _, err := s.client.Issue(t.Context(), s.tenant, "10001", []string{"summary"}); err != nil {
		t.Fatal(err)
	}
	s.expectCalls("GET /jira/rest/api/3/issue/10001?fields=issuetype%2Cproject%2Csummary")
}

func TestNewNeedsAnAppKey(t *testing.T) {
	if _, err := jira.New(jira.Config{}); err == nil {
		t.Error("accepted")
	}
}
