package jira_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/sdk"
	sdkjira "github.com/pergola-platform/pergola/sdk/jira"
)

func TestNamesComeInTheUsersLanguage(t *testing.T) {
	s := newSite(t, "", ok(`[{"id":"summary","name":"Zusammenfassung","searchable":true,"schema":{"type":"string"},"clauseNames":["summary"]},
		{"id":"customfield_1","name":"Team","custom":true,"scope":{"type":"PROJECT","project":{"id":"10009"}},"schema":{"type":"array","items":"user","custom":"x:y"}}]`))
	got, err := s.client.DescribeFields(t.Context(), s.tenant, "de_DE")
	want := &sdkjira.FieldList{Fields: []sdkjira.Field{
		{ID: "summary", Name: "Zusammenfassung", Type: "string", Searchable: true, Clauses: []string{"summary"}},
		{ID: "customfield_1", Name: "Team", Type: "array", Items: "user", Kind: "x:y", Custom: true, ProjectID: "10009"},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if h := s.headers[0]; h.Get("Accept-Language") != "de-DE" || h.Get("X-Force-Accept-Language") != "true" {
		t.Errorf("%v", h)
	}
	if _, err := s.client.Fields(t.Context(), s.tenant); err != nil || s.headers[1].Get("X-Force-Accept-Language") != "" {
		t.Errorf("%v, %v", err, s.headers[1])
	}
}

func TestWithoutLinksThereAreNoTypesOfThem(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusNotFound})
	if got, err := s.client.DescribeLinkTypes(t.Context(), s.tenant, ""); err != nil || len(got.LinkTypes) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestATaskIsAwaited(t *testing.T) {
	list := []sdkjira.Property{
		{IssueID: "10001", Key: "a.b", Value: []byte("1")}, {IssueID: "10002", Key: "a.b", Value: []byte(`{"x":2}`)}, {IssueID: "10001", Key: "a.c", Value: []byte("3")},
	}
	accepted := answer{status: http.StatusSeeOther, header: map[string]string{"Location": "https://x.example/rest/api/3/task/77"}}
	for name, c := range map[string]struct {
		answers []answer
		code    sdk.Code
		slept   []time.Duration
	}{
		"done at once":          {[]answer{accepted, ok(`{"status":"COMPLETE"}`)}, "", nil},
		"done later":            {[]answer{accepted, ok(`{"status":"ENQUEUED"}`), ok(`{"status":"RUNNING"}`), ok(`{"status":"COMPLETE"}`)}, "", []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}},
		"failed":                {[]answer{accepted, ok(`{"status":"FAILED","message":"secret words"}`)}, sdk.Unavailable, nil},
		"led astray":            {[]answer{{status: http.StatusSeeOther, header: map[string]string{"Location": "https://x.example/login?to=1"}}}, sdk.Unavailable, nil},
		"one may not be edited": {[]answer{{status: http.StatusBadRequest, body: `{"errorMessages":["Issue 10001 secret words"]}`}}, sdk.Invalid, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "", c.answers...)
			err := s.client.SetIssueProperties(t.Context(), s.tenant, list)
			if sdk.CodeOf(err) != c.code || err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%v, want %q", err, c.code)
			}
			if diff := cmp.Diff(c.slept, s.slept); diff != "" {
				t.Error(diff)
			}
			want := seen{"POST", "/rest/api/3/issue/properties/multi", `{"issues":[{"issueID":10001,"properties":{"a.b":1,"a.c":3}},{"issueID":10002,"properties":{"a.b":{"x":2}}}]}`}
			if diff := cmp.Diff(want, s.seen[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIssuesThatTheAppDoesNotSeeAreLeftOutOfASearch(t *testing.T) {
	no := answer{status: http.StatusBadRequest, body: `{"errorMessages":["An issue with key '10002' does not exist for field 'id'."]}`}
	one := strings.Replace(laptop, "10001", "10003", 1)
	s := newSite(t, "", answer{status: http.StatusForbidden}, no, ok(`{"issues":[`+laptop+`],"isLast":true}`), no, no, ok(`{"issues":[`+one+`],"isLast":true}`))
	got, err := s.client.Issues(t.Context(), s.tenant, []string{"10001", "10002", "10003"}, []string{"summary"})
	if err != nil || len(got) != 2 || got[0].ID != "10001" || got[1].ID != "10003" {
		t.Errorf("%+v, %v", got, err)
	}
	var asked []string
	for _, c := range s.seen[1:] {
		jql, _, _ := strings.Cut(strings.TrimPrefix(c.Body, `{"jql":"`), `"`)
		asked = append(asked, jql)
	}
	if diff := cmp.Diff([]string{"id in (10001,10002,10003)", "id in (10001)", "id in (10002,10003)", "id in (10002)", "id in (10003)"}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestARefusalSaysWhenToComeBack(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusTooManyRequests, header: map[string]string{"Retry-After": "1800", "RateLimit-Reason": "jira-quota-global-based"}})
	_, err := s.client.LinkIssues(t.Context(), s.tenant, sdkjira.NewLink{TypeID: "1", FromID: "10001", ToID: "10002"})
	var e *sdk.Error
	if !errors.As(err, &e) || e.Code != sdk.Exhausted || e.RetryAfter != 1800 {
		t.Errorf("%+v, %v", e, err)
	}
	var f *jira.Failure
	if !errors.As(err, &f) || f.Reason != "jira-quota-global-based" || len(s.seen) != 1 {
		t.Errorf("%+v after %d calls", f, len(s.seen))
	}
}

func TestAnIssueIsNotMadeTwice(t *testing.T) {
	s := newSite(t, "", answer{status: http.StatusServiceUnavailable}, ok(`{"id":"1","key":"A-1"}`))
	_, err := s.client.CreateIssue(t.Context(), s.tenant, sdkjira.New{ProjectID: "1", IssueTypeID: "3", Summary: "x"})
	if sdk.CodeOf(err) != sdk.Unavailable || !jira.IsUnknown(err) || len(s.seen) != 1 {
		t.Errorf("%v after %d calls", err, len(s.seen))
	}
}
