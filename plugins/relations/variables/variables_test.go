package variables_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/plugins/relations/variables"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

func parse(t testing.TB, text string) *variables.Template {
	t.Helper()
	out, err := variables.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func TestCurrentUserIsWhoLooks(t *testing.T) {
	v := variables.Values{"user.accountId": {"5b:ann"}}
	for in, want := range map[string]string{
		`assignee = currentUser()`:                          `assignee = "5b:ann"`,
		`assignee=CURRENTUSER ( ) or reporter = x`:          `assignee="5b:ann" OR reporter = x`,
		`assignee in (currentUser(), "5b:bob")`:             `assignee in ("5b:ann", "5b:bob")`,
		`assignee was not currentUser() ORDER BY key`:       `assignee was not "5b:ann" ORDER BY key`,
		`summary ~ "currentUser()"`:                         `summary ~ "currentUser()"`,
		`summary ~ 'it\'s currentUser()' AND a = "\""`:      `summary ~ 'it\'s currentUser()' AND a = "\""`,
		`a = notcurrentUser()`:                              `a = notcurrentUser()`,
		`a = x.currentUser()`:                               `a = x.currentUser()`,
		`a = currentUserName()`:                             `a = currentUserName()`,
		`reporter = {{user.accountId}} AND currentUser = 1`: `reporter = "5b:ann" AND currentUser = 1`,
	} {
		got, err := parse(t, in).Query(v, jql.NoResults)
		if got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", in, got, err, want)
		}
		// Without a user, nothing that is about the user may find what is somebody else's.
		if got, err := parse(t, in).Query(nil, jql.Drop); strings.Contains(want, "5b:ann") && !strings.HasPrefix(in, "reporter") && got != jql.None || err != nil {
			t.Errorf("%s, without a user: %s, %v", in, got, err)
		}
	}
}

func TestNamesOfVariablesAreChecked(t *testing.T) {
	for in, want := range map[string]string{
		`id in {{link.abc}}`:           `character 7: write {{link.RELATION.first}}`,
		`ä = 1 and id in {{link.a.b}}`: `character 17: write {{link.RELATION.first}}`,
		`id in {{link.a.first.x}}`:     `write {{link.RELATION.first}}`,
		`id in {{ path.a.b }}`:         `character 7: write {{path.PATH}}`,
		`id in {{user.name}}`:          `there is no such variable`,
		`a is currentUser()`:           `currentUser() stands where no account can`,
	} {
		_, err := variables.Parse(in)
		var wrong *jql.Error
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func TestMissingNamesWhatHasNoValue(t *testing.T) {
	tpl := parse(t, `a = {{issue.key}} and id in {{link.r.first}} and b = {{issue.customfield_1}} and id in {{path.p}}`)
	got := tpl.Missing(variables.Values{"issue.key": {"OPS-1"}, "issue.customfield_1": {""}, "path.p": {}})
	if diff := cmp.Diff([]string{"link.r.first", "issue.customfield_1", "path.p"}, got); diff != "" {
		t.Error(diff)
	}
}

// site is a host with an issue, its links and a path.
func site(t *testing.T) (*sdktest.Host, context.Context) {
	t.Helper()
	h := sdktest.New(&sdk.Plugin{ID: "acme.test", Version: "1.0.0"})
	h.OnIssue(jira.Issue{ID: "10001", Key: "IT-1", ProjectID: "10", IssueTypeID: "3", Fields: map[string]jira.Value{
		"assignee": {Text: "Ann", ID: "5b:ann", Kind: jira.UserValue}, "created": {Text: "2026-03-01 12:30 +01:00", Kind: jira.MomentValue},
		"labels": {Text: "a, b", Items: []jira.Value{{Text: "a"}, {Text: "b"}}}, "customfield_1": {Text: "Berlin"},
	}})
	h.Services = map[string]sdk.Service{
		relations.Links: service.Mux{relations.OpLinked: service.Handle(func(_ context.Context, _ *service.Request, q *relations.LinkedQuestion) (*relations.LinkedList, error) {
			return &relations.LinkedList{Issues: []relations.Linked{{IssueID: q.IssueIDs[0], Others: []string{"10101", "10102"}, More: q.Relation == "many"}}}, nil
		})},
		relations.DataLogic: service.Mux{relations.OpFollow: service.Handle(func(_ context.Context, _ *service.Request, q *relations.FollowQuestion) (*relations.Followed, error) {
			return &relations.Followed{IssueIDs: []string{"10201"}, More: q.Path == "many"}, nil
		})},
	}
	return h, h.With(t.Context())
}

func TestVariablesAreReadWhereTheUserIs(t *testing.T) {
	h, ctx := site(t)
	tpl := parse(t, `a in ({{issue.key}}, {{issue.id}}, {{issue.project}}, {{issue.issuetype}}, {{issue.assignee}}, {{issue.created}}, {{issue.labels}}, {{issue.customfield_1}}, {{issue.none}})
		and id in {{link.r.first}} and id in ({{path.p}}) and b = currentUser()`)
	got, err := variables.Read(ctx, variables.Place{IssueID: "10001", Account: "5b:eve"}, tpl)
	want := variables.Values{
		"issue.key": {"IT-1"}, "issue.id": {"10001"}, "issue.project": {"10"}, "issue.issuetype": {"3"}, "issue.assignee": {"5b:ann"}, "issue.created": {"2026-03-01 12:30"},
		"issue.labels": {"a", "b"}, "issue.customfield_1": {"Berlin"}, "issue.none": nil, "link.r.first": {"10101", "10102"}, "path.p": {"10201"}, "user.accountId": {"5b:eve"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// What the form holds comes before what is saved, and what is no id in it is nothing.
	got, err = variables.Read(ctx, variables.Place{IssueID: "10001", Chosen: map[string][]string{"r-first": {"10103", `1) OR (1=1`}}}, parse(t, `id in {{link.r.first}}`))
	if diff := cmp.Diff(variables.Values{"link.r.first": {"10103"}}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// Before an issue is created it has no values.
	got, err = variables.Read(ctx, variables.Place{}, tpl)
	if len(tpl.Missing(got)) != 12 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	_ = h
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		change   func(*sdktest.Host)
		want     sdk.Code
	}{
		{"an issue that is hidden", `a = {{issue.key}}`, func(h *sdktest.Host) { h.May = func(string, string) bool { return false } }, sdk.NotFound},
		{"links without their plugin", `a in {{link.r.first}}`, func(h *sdktest.Host) { delete(h.Services, relations.Links) }, sdk.Unavailable},
		{"paths without their plugin", `a in {{path.p}}`, func(h *sdktest.Host) { delete(h.Services, relations.DataLogic) }, sdk.Unavailable},
		{"too many links", `a in {{link.many.first}}`, func(*sdktest.Host) {}, sdk.Exhausted},
		{"too many at the end of a path", `a in {{path.many}}`, func(*sdktest.Host) {}, sdk.Exhausted},
	} {
		h, ctx := site(t)
		tt.change(h)
		if v, err := variables.Read(ctx, variables.Place{IssueID: "10001", Account: "5b:eve"}, parse(t, tt.in)); sdk.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, %v; want %s", tt.name, v, err, tt.want)
		}
	}
}

// Whatever stands in a template, and whatever its values hold: each value is found in quotes, or as an id.
func FuzzValuesStayValues(f *testing.F) {
	for _, in := range []string{`a = currentUser()`, `id in {{link.a.first}}`, `b ~ "x\"" and c in (currentUser(), {{issue.key}})`, `'currentUser()`, `\currentUser()`} {
		f.Add(in, `") OR 1=1 OR a in ("`)
	}
	f.Fuzz(func(t *testing.T, in, value string) {
		tpl, err := variables.Parse(in)
		if err != nil {
			return
		}
		fill := func(value string) (string, bool) {
			v := variables.Values{"user.accountId": {value}}
			for _, name := range tpl.Missing(v) {
				v[name] = []string{value}
			}
			out, err := tpl.Query(v, jql.NoResults)
			if err != nil {
				t.Fatalf("%q: %v", in, err)
			}
			return out, out != jql.None
		}
		good, ok := fill("harmless")
		bad, found := fill(value)
		if !ok || !found {
			return
		}
		// With each value put back, the query is the harmless one again.
		for _, written := range []string{jql.Quote(value), jql.Quote(jql.Words(value)), value} {
			if written != "" && strings.ReplaceAll(bad, written, `"harmless"`) == strings.ReplaceAll(good, written, `"harmless"`) {
				return
			}
		}
		if !strings.Contains(in, "~") && !strings.ContainsAny(in, "0123456789") && value != "" {
			t.Errorf("%q with %q: %s", in, value, bad)
		}
	})
}
