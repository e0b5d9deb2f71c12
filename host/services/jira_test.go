package services_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// fakeJira is a site with issues, some of them hidden from some accounts. It is the same for every tenant.
type fakeJira struct {
	mu      sync.Mutex
	issues  map[string]jira.Issue
	hidden  map[string]bool // "tenant account issue"
	closed  map[string]bool // accounts
	err     error           // what every question is answered with
	browses []string        // "tenant account issue,issue" of each
	asked   []jira.Search
	listed  []jira.ProjectQuery
	reads   int

	lacks  map[string]bool // "account permission id"
	rights []jira.RightsQuery
	did    []string // other calls
}

func newFakeJira() *fakeJira {
	j := &fakeJira{issues: map[string]jira.Issue{}, hidden: map[string]bool{}}
	for i := range 120 {
		id := fmt.Sprint(10001 + i)
		j.issues[id] = jira.Issue{ID: id, Key: fmt.Sprint("OPS-", i), ProjectID: "10000", Fields: map[string]jira.Value{
			"summary": {Text: "secret words of " + id}, "duedate": {Text: "2026-01-01"},
		}}
	}
	return j
}

func (j *fakeJira) hide(t capability.TenantID, account, issue string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hidden[fmt.Sprint(t, " ", account, " ", issue)] = true
}

func (j *fakeJira) Issue(ctx context.Context, _ capability.TenantID, id string, _ []string) (*jira.Issue, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reads++
	if err := cmpErr(ctx, j.err); err != nil {
		return nil, err
	}
	issue, ok := j.issues[id]
	if !ok {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "Issue does not exist or you do not have permission to see it."}
	}
	return clone(issue), nil // with all fields, whatever was asked for
}

func (j *fakeJira) Search(ctx context.Context, _ capability.TenantID, _ string, s jira.Search) (*jira.Found, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := cmpErr(ctx, j.err); err != nil {
		return nil, err
	}
	j.asked = append(j.asked, s)
	var ids []string
	for id := range j.issues {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	found := &jira.Found{Next: "more"}
	for _, id := range ids[:min(s.Limit, len(ids))] {
		found.Issues = append(found.Issues, *clone(j.issues[id]))
	}
	return found, nil
}

func (j *fakeJira) Browse(ctx context.Context, t capability.TenantID, account string, ids []string) (map[string]bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.browses = append(j.browses, fmt.Sprint(t, " ", account, " ", strings.Join(ids, ",")))
	if err := cmpErr(ctx, j.err); err != nil {
		return nil, err
	}
	if len(ids) > 100 {
		return nil, errors.New("too many issues")
	}
	visible := map[string]bool{}
	for _, id := range ids {
		if _, ok := j.issues[id]; ok && !j.hidden[fmt.Sprint(t, " ", account, " ", id)] {
			visible[id] = true
		}
	}
	return visible, nil
}

func cmpErr(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return ctx.Err()
}

func clone(i jira.Issue) *jira.Issue {
	fields := map[string]jira.Value{}
	for k, v := range i.Fields {
		fields[k] = v
	}
	i.Fields = fields
	return &i
}

func TestIssueHasTheFieldsAskedFor(t *testing.T) {
	ctx := as(t, services.New(all(t, newFakeJira())), binding("t"))
	got, err := jira.Get(ctx, "10001", "summary", "customfield_10010", "summary")
	want := &jira.Issue{ID: "10001", Key: "OPS-0", ProjectID: "10000", Fields: map[string]jira.Value{"summary": {Text: "secret words of 10001"}}}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("Get: %v (-want +got):\n%s", err, diff)
	}
}

func TestHiddenAndAbsentIssuesLookTheSame(t *testing.T) {
	j := newFakeJira()
	j.hide("t", "557058:ann", "10002")
	ctx := as(t, services.New(all(t, j)), binding("t"))
	_, hidden := jira.Get(ctx, "10002", "summary")
	wantError(t, "hidden", hidden, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
	if j.reads != 0 {
		t.Error("an issue that the user may not see was read")
	}
	_, absent := jira.Get(ctx, "99999", "summary")
	if got, want := strings.ReplaceAll(absent.Error(), "99999", "10002"), hidden.Error(); got != want {
		t.Errorf("an absent issue says %q, a hidden one %q", got, want)
	}
	// It was there when the permission was asked, and gone when it was read.
	delete(j.issues, "10003")
	j.mu.Lock()
	j.hidden = nil
	j.mu.Unlock()
	_, gone := jira.Get(as(t, services.New(all(t, goneIssue{j})), binding("t")), "10003")
	if got, want := strings.ReplaceAll(gone.Error(), "10003", "10002"), hidden.Error(); got != want {
		t.Errorf("a vanished issue says %q, a hidden one %q", got, want)
	}
}

// goneIssue lets every issue be browsed.
type goneIssue struct{ *fakeJira }

func (goneIssue) Browse(_ context.Context, _ capability.TenantID, _ string, ids []string) (map[string]bool, error) {
	visible := map[string]bool{}
	for _, id := range ids {
		visible[id] = true
	}
	return visible, nil
}

func TestAnonymousUserIsDenied(t *testing.T) {
	j := newFakeJira()
	b := binding("t")
	b.Context.Account = ""
	ctx := as(t, services.New(all(t, j)), b)
	_, err := jira.Get(ctx, "10001")
	wantError(t, "Get", err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
	_, err = jira.Find(ctx, jira.Search{JQL: "project = OPS"})
	wantError(t, "Find", err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
	if len(j.browses)+len(j.asked)+j.reads > 0 {
		t.Error("Jira was asked on nobody's behalf")
	}
}

func TestPermissionIsRememberedPerTenantAccountAndIssue(t *testing.T) {
	j, clock := newFakeJira(), newClock()
	deps := all(t, j)
	deps.Now = clock.Now
	rows := services.New(deps)
	j.hide("t", "557058:bob", "10001")
	j.hide("u", "557058:ann", "10001")
	bob := binding("t")
	bob.Context.Account = "557058:bob"
	get := func(b *capability.Binding, want sdk.Code) {
		t.Helper()
		if _, err := jira.Get(as(t, rows, b), "10001"); sdk.CodeOf(err) != want {
			t.Errorf("%s in %s: %v, want code %q", b.Context.Account, b.Tenant, err, want)
		}
	}
	for range 3 {
		get(binding("t"), "")
		get(bob, sdk.NotFound)
		get(binding("u"), sdk.NotFound)
	}
	want := []string{"t 557058:ann 10001", "t 557058:bob 10001", "u 557058:ann 10001"}
	if diff := cmp.Diff(want, j.browses); diff != "" {
		t.Errorf("permission checks (-want +got):\n%s", diff)
	}
	// A withdrawn permission counts after a few seconds at the latest.
	j.hide("t", "557058:ann", "10001")
	clock.advance(4999 * time.Millisecond)
	get(binding("t"), "")
	clock.advance(time.Millisecond)
	get(binding("t"), sdk.NotFound)
}

func TestFailedPermissionCheckIsNotRemembered(t *testing.T) {
	j := newFakeJira()
	rows := services.New(all(t, j))
	j.err = &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "Jira asks to wait"}
	_, err := jira.Get(as(t, rows, binding("t")), "10001")
	wantError(t, "Get", err, sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream})
	j.err = nil
	if _, err := jira.Get(as(t, rows, binding("t")), "10001"); err != nil {
		t.Errorf("after Jira came back: %v", err)
	}
}

func TestSearchLeavesOutHiddenIssues(t *testing.T) {
	j := newFakeJira()
	j.hide("t", "557058:ann", "10002")
	ctx := as(t, services.New(all(t, j)), binding("t"))
	found, err := jira.Find(ctx, jira.Search{JQL: "project = OPS", Fields: []string{"duedate"}, Limit: 3, Cursor: "before"})
	if err != nil {
		t.Fatal(err)
	}
	due := map[string]jira.Value{"duedate": {Text: "2026-01-01"}}
	want := &jira.Found{Next: "more", Issues: []jira.Issue{
		{ID: "10001", Key: "OPS-0", ProjectID: "10000", Fields: due}, {ID: "10003", Key: "OPS-2", ProjectID: "10000", Fields: due},
	}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("Find (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]jira.Search{{JQL: "project = OPS", Fields: []string{"duedate"}, Limit: 3, Cursor: "before"}}, j.asked); diff != "" {
		t.Errorf("asked of Jira (-want +got):\n%s", diff)
	}
	// What one search learned, the next does not ask again.
	if _, err := jira.Find(ctx, jira.Search{JQL: "project = OPS", Limit: 4}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"t 557058:ann 10001,10002,10003", "t 557058:ann 10004"}, j.browses); diff != "" {
		t.Errorf("permission checks (-want +got):\n%s", diff)
	}
}

func TestSearchLimitIsClamped(t *testing.T) {
	for asked, want := range map[int]int{0: 50, -5: 1, 1: 1, 100: 100, 101: 100, 1 << 30: 100} {
		j := newFakeJira()
		found, err := jira.Find(as(t, services.New(all(t, j)), binding("t")), jira.Search{JQL: "project = OPS", Limit: asked})
		if err != nil || len(found.Issues) != want {
			t.Errorf("limit %d: %d issues, %v; want %d", asked, len(found.Issues), err, want)
		}
	}
}

func TestQuestionsToJiraAreChecked(t *testing.T) {
	j := newFakeJira()
	ctx := as(t, services.New(all(t, j)), binding("t"))
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprint("customfield_", i)
	}
	for _, id := range []string{"", "OPS-7", "-1", "1 OR 1", "../search", strings.Repeat("9", 20)} {
		_, err := jira.Get(ctx, id)
		wantError(t, "id "+id, err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "id"})
	}
	for _, fields := range [][]string{many, {"*all"}, {"-summary"}, {""}, {"a,b"}, {"summary", "a b"}} {
		_, err := jira.Get(ctx, "10001", fields...)
		wantError(t, fmt.Sprint("fields ", len(fields)), err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "fields"})
		_, err = jira.Find(ctx, jira.Search{JQL: "project = OPS", Fields: fields})
		wantError(t, fmt.Sprint("fields ", len(fields)), err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "fields"})
	}
	for _, jql := range []string{"", strings.Repeat("x", 10_001)} {
		_, err := jira.Find(ctx, jira.Search{JQL: jql})
		wantError(t, "JQL", err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "jql"})
	}
	_, err := jira.Find(ctx, jira.Search{JQL: "project = OPS", Cursor: strings.Repeat("x", 5000)})
	wantError(t, "cursor", err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "cursor"})
	if len(j.browses)+len(j.asked)+j.reads > 0 {
		t.Error("Jira was asked something that was refused")
	}
	if _, err := jira.Get(ctx, "10001", many[:50]...); err != nil {
		t.Errorf("50 fields: %v", err)
	}
}

func TestErrorsOfJiraKeepTheirWordsOrLoseThem(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want sdk.Error
	}{
		"downstream": {&sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "The JQL is bad."}, sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream}},
		"no source":  {fmt.Errorf("search: %w", &sdk.Error{Code: sdk.Invalid, Message: "The JQL is bad."}), sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream}},
		"plugin":     {sdk.Errorf(sdk.Unavailable, "away"), sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream}},
		"host":       {&sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Message: "too many questions"}, sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost}},
		"other":      {errors.New("GET acme.atlassian.net: field summary: canary"), sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			j := newFakeJira()
			j.err = c.err
			deps := all(t, j)
			deps.Log = slog.New(slog.NewTextHandler(&log, nil))
			ctx := as(t, services.New(deps), binding("t"))
			_, getErr := jira.Get(ctx, "10001")
			_, findErr := jira.Find(ctx, jira.Search{JQL: "project = OPS"})
			for _, err := range []error{getErr, findErr} {
				wantError(t, name, err, c.want)
				if strings.Contains(err.Error(), "canary") || strings.Contains(log.String(), "canary") {
					t.Errorf("Jira's answer shows: %v, log %s", err, &log)
				}
			}
		})
	}
}
