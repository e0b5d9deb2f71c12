package services_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

const ann = "557058:ann"

func TestManyIssuesAreReadInOneQuestion(t *testing.T) {
	j := newFakeJira()
	j.hide("t", ann, "10002")
	delete(j.issues, "10003")
	ctx := as(t, services.New(all(t, j)), binding("t"))
	got, err := jira.Issues(ctx, []string{"10004", "10002", "10001", "10003", "10004"}, "summary")
	want := &jira.IssueList{Hidden: 2}
	for _, id := range []string{"10004", "10001"} {
		want.Issues = append(want.Issues, jira.Issue{
			ID: id, Key: j.issues[id].Key, ProjectID: "10000", Fields: map[string]jira.Value{"summary": {Text: "secret words of " + id}},
		})
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"issues [10004 10001]"}, j.did); diff != "" || len(j.browses) != 1 {
		t.Errorf("%d questions about permissions; reads (-want +got):\n%s", len(j.browses), diff)
	}
	if _, err := jira.Issues(ctx, []string{"10004"}, "summary"); err != nil || len(j.browses) != 1 {
		t.Errorf("%v, %d questions about permissions", err, len(j.browses))
	}
}

// siteWrites are all operations that change Jira, and what they leave behind at the site.
var siteWrites = map[string]struct {
	permission string // of the user, on issue 10001 or in project 10000
	call       func(context.Context) error
	want       string
}{
	"link": {jira.LinkIssues, func(ctx context.Context) error {
		_, err := jira.Link(ctx, jira.NewLink{TypeID: "1", FromID: "10001", ToID: "10002"})
		return err
	}, "link {TypeID:1 FromID:10001 ToID:10002}"},
	"link the other way round": {jira.LinkIssues, func(ctx context.Context) error {
		_, err := jira.Link(ctx, jira.NewLink{TypeID: "1", FromID: "10002", ToID: "10001"})
		return err
	}, "link {TypeID:1 FromID:10002 ToID:10001}"},
	"unlink": {jira.LinkIssues, func(ctx context.Context) error { return jira.Unlink(ctx, "1") }, "unlink 1"},
	"create": {jira.CreateIssues, func(ctx context.Context) error {
		_, err := jira.Create(ctx, jira.New{ProjectID: "10000", IssueTypeID: "3", Summary: "Dock"})
		return err
	}, "create 3 in 10000"},
	"set a property": {jira.EditIssues, func(ctx context.Context) error {
		return jira.SetProperty(ctx, "10001", "links", []byte("[1]"))
	}, "set [10001:acme.labels.links]"},
	"delete a property": {jira.EditIssues, func(ctx context.Context) error {
		return jira.DeleteProperty(ctx, "10001", "links")
	}, "delete acme.labels.links of 10001"},
}

func TestWritesAreCheckedAgainstTheUsersOwnRights(t *testing.T) {
	for name, w := range siteWrites {
		t.Run(name, func(t *testing.T) {
			j := newFakeJira()
			if err := w.call(as(t, services.New(all(t, j)), binding("t"))); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{w.want}, j.did); diff != "" || len(j.rights) != 1 {
				t.Errorf("%d checks; what was done (-want +got):\n%s", len(j.rights), diff)
			}
			for permission, want := range map[string]sdk.Error{
				w.permission:        {Code: sdk.PermissionDenied, Source: sdk.FromHost},
				jira.BrowseProjects: {Code: sdk.NotFound, Source: sdk.FromDownstream},
			} {
				j := newFakeJira()
				for _, id := range []string{"10001", "10000"} {
					j.lack(ann, permission, id)
				}
				err := w.call(as(t, services.New(all(t, j)), binding("t")))
				wantError(t, "without "+permission, err, want)
				if want.Code == sdk.PermissionDenied && !strings.Contains(fmt.Sprint(err), permission) {
					t.Errorf("%v does not name %s", err, permission)
				}
				if len(j.did) > 0 {
					t.Errorf("without %s: %v", permission, j.did)
				}
			}
		})
	}
}

func TestWritesNeedTheGrantAndAUser(t *testing.T) {
	for name, w := range siteWrites {
		for what, change := range map[string]func(*capability.Binding){
			"not granted":      func(b *capability.Binding) { delete(b.Grants, "jira:write") },
			"anonymous":        func(b *capability.Binding) { b.Context.Account = "" },
			"a synchronizer's": func(b *capability.Binding) { b.Context.Account, b.Synchronizer = "", "rows" },
		} {
			j, b := newFakeJira(), binding("t")
			change(b)
			err := w.call(as(t, services.New(all(t, j)), b))
			wantError(t, name+", "+what, err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
			if len(j.did)+len(j.rights) > 0 {
				t.Errorf("%s, %s: Jira was asked: %v", name, what, j.did)
			}
		}
	}
}

func TestWithoutAUserABackgroundCallWritesPropertiesAlone(t *testing.T) {
	for name, w := range siteWrites {
		j, b := newFakeJira(), binding("t")
		b.Context, b.Background = sdk.Context{}, true
		err := w.call(as(t, services.New(all(t, j)), b))
		if w.permission == jira.EditIssues {
			if diff := cmp.Diff([]string{w.want}, j.did); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
			continue
		}
		wantError(t, name, err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
		if len(j.did) > 0 {
			t.Errorf("%s: %v", name, j.did)
		}
	}
}

func TestRefusedPropertiesDoNotStopTheOthers(t *testing.T) {
	list := []jira.Property{
		{IssueID: "10001", Key: "a", Value: []byte("1")}, {IssueID: "10002", Key: "a", Value: []byte("2")}, {IssueID: "10003", Key: "a", Value: []byte("3")},
	}
	j := newFakeJira()
	j.lack(ann, jira.EditIssues, "10001") // the user may not edit the first, the app itself not the second
	j.lack("", jira.EditIssues, "10002")
	got, err := jira.SetProperties(as(t, services.New(all(t, j)), binding("t")), list)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"10001", "10002"}, got.Refused); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"set [10003:acme.labels.a]"}, j.did); diff != "" {
		t.Error(diff)
	}
}

func TestWritesThatCannotWorkAreRefused(t *testing.T) {
	many := make([]jira.Property, 101)
	for i := range many {
		many[i] = jira.Property{IssueID: fmt.Sprint(10001 + i), Key: "a", Value: []byte("1")}
	}
	set := func(p ...jira.Property) func(context.Context) error {
		return func(ctx context.Context) error { _, err := jira.SetProperties(ctx, p); return err }
	}
	link := func(l jira.NewLink) func(context.Context) error {
		return func(ctx context.Context) error { _, err := jira.Link(ctx, l); return err }
	}
	create := func(change func(*jira.New)) func(context.Context) error {
		n := jira.New{ProjectID: "10000", IssueTypeID: "3", Summary: "Dock"}
		change(&n)
		return func(ctx context.Context) error { _, err := jira.Create(ctx, n); return err }
	}
	big := append(append([]byte(`"`), bytes.Repeat([]byte("x"), jira.MaxPropertyValue)...), '"')
	for name, c := range map[string]struct {
		field string
		call  func(context.Context) error
	}{
		"too many":               {"properties", set(many...)},
		"too large":              {"value", set(jira.Property{IssueID: "10001", Key: "a", Value: big})},
		"no JSON":                {"value", set(jira.Property{IssueID: "10001", Key: "a", Value: []byte("a")})},
		"nothing":                {"value", set(jira.Property{IssueID: "10001", Key: "a"})},
		"another's property":     {"key", set(jira.Property{IssueID: "10001", Key: "../other.plugin", Value: []byte("1")})},
		"no key":                 {"key", set(jira.Property{IssueID: "10001", Value: []byte("1")})},
		"twice":                  {"key", set(many[0], many[0])},
		"a key and no id":        {"issue_id", set(jira.Property{IssueID: "OPS-1", Key: "a", Value: []byte("1")})},
		"a path and no id":       {"issue_id", func(ctx context.Context) error { return jira.DeleteProperty(ctx, "1/../2", "a") }},
		"to itself":              {"to_id", link(jira.NewLink{TypeID: "1", FromID: "10001", ToID: "10001"})},
		"from nowhere":           {"from_id", link(jira.NewLink{TypeID: "1", ToID: "10001"})},
		"type by its name":       {"type_id", link(jira.NewLink{TypeID: "Blocks", FromID: "10001", ToID: "10002"})},
		"link that is a path":    {"link_id", func(ctx context.Context) error { return jira.Unlink(ctx, "1/x") }},
		"no summary":             {"summary", create(func(n *jira.New) { n.Summary = " " })},
		"two lines":              {"summary", create(func(n *jira.New) { n.Summary = "a\nb" })},
		"project by its key":     {"project_id", create(func(n *jira.New) { n.ProjectID = "OPS" })},
		"another project inside": {"fields", create(func(n *jira.New) { n.Fields = map[string][]byte{"project": []byte(`{"id":"1"}`)} })},
		"field without JSON":     {"fields", create(func(n *jira.New) { n.Fields = map[string][]byte{"duedate": []byte("2027-01-31")} })},
		"too many issues": {"ids", func(ctx context.Context) error {
			ids := make([]string, 101)
			for i := range ids {
				ids[i] = fmt.Sprint(10001 + i)
			}
			_, err := jira.Issues(ctx, ids)
			return err
		}},
		"unknown permission": {"permissions", func(ctx context.Context) error {
			_, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{"SYSTEM_ADMIN"}})
			return err
		}},
	} {
		j := newFakeJira()
		err := c.call(as(t, services.New(all(t, j)), binding("t")))
		wantError(t, name, err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: c.field})
		if len(j.did)+len(j.rights)+len(j.browses) > 0 {
			t.Errorf("%s: Jira was asked", name)
		}
	}
}

func TestLinksToHiddenIssuesAreOnlyCounted(t *testing.T) {
	j := newFakeJira()
	j.hide("t", ann, "10003")
	ctx := as(t, services.New(all(t, j)), binding("t"))
	got, err := jira.Links(ctx, "10001")
	want := &jira.IssueLinkList{Links: []jira.IssueLink{{ID: "1", TypeID: "1", FromID: "10001", ToID: "10002"}}, Hidden: 1}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	_, err = jira.Links(ctx, "10003")
	wantError(t, "links of a hidden issue", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
	j.hide("t", ann, "10002")
	hidden, absent := jira.Unlink(ctx, "1"), jira.Unlink(ctx, "2")
	if diff := cmp.Diff(strings.ReplaceAll(fmt.Sprint(absent), "link 2", "link 1"), fmt.Sprint(hidden)); diff != "" {
		t.Errorf("a link to a hidden issue does not look like one that is not there:\n%s", diff)
	}
}

func TestLinksOfSeveralIssuesAreReadAtOnceAndThoseToHiddenIssuesAreOnlyCounted(t *testing.T) {
	j := newFakeJira()
	j.hide("t", ann, "10003")
	ctx := as(t, services.New(all(t, j)), binding("t"))
	got, err := jira.LinksOf(ctx, "10001", "10003", "10004", "10001")
	want := &jira.IssueLinkList{Links: []jira.IssueLink{{ID: "1", TypeID: "1", FromID: "10001", ToID: "10002"}, {ID: "11", TypeID: "1", FromID: "10004", ToID: "10002"}}, Hidden: 2}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if want := []string{"links of [10001 10004]"}; !slices.Equal(j.did, want) {
		t.Errorf("Jira was asked for %q, want %q", j.did, want)
	}
	got, err = jira.LinksOf(ctx, "10003")
	if err != nil || len(got.Links)+got.Hidden != 0 {
		t.Errorf("the links of a hidden issue: %+v, %v", got, err)
	}
}

func TestListsLeaveOutHiddenProjectsAndAreRememberedForSeconds(t *testing.T) {
	j, clock := newFakeJira(), newClock()
	deps := all(t, j)
	deps.Now = clock.Now
	j.lack(ann, jira.BrowseProjects, "10009")
	rows := services.New(deps)
	b := binding("t")
	b.Context.Locale = "de-DE"
	ctx := as(t, rows, b)
	fields, err := jira.Fields(ctx)
	if diff := cmp.Diff([]jira.Field{{ID: "summary", Name: "de-DE"}}, fields); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	types, err := jira.IssueTypes(ctx, "")
	if diff := cmp.Diff([]jira.IssueType{{ID: "1"}}, types); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	_, err = jira.IssueTypes(ctx, "10009")
	wantError(t, "types of a hidden project", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})

	bob := binding("t") // who sees the project, from the same memory
	bob.Context.Account, bob.Context.Locale = "557058:bob", "de-DE"
	if fields, err := jira.Fields(as(t, rows, bob)); err != nil || len(fields) != 2 {
		t.Errorf("%v, %v", fields, err)
	}
	other := binding("u")
	other.Context.Locale = "en-GB"
	if fields, err := jira.Fields(as(t, rows, other)); err != nil || fields[0].Name != "en-GB" {
		t.Errorf("%v, %v", fields, err)
	}
	count := func() (n int) {
		for _, d := range j.did {
			if d == "fields" {
				n++
			}
		}
		return n
	}
	if count() != 2 {
		t.Errorf("asked %d times, want once for each site", count())
	}
	clock.advance(6 * time.Second)
	if _, err := jira.Fields(ctx); err != nil || count() != 3 {
		t.Errorf("%v, asked %d times", err, count())
	}
}

func TestRightsAreThoseOfTheUser(t *testing.T) {
	j := newFakeJira()
	j.lack(ann, jira.Administer, "")
	j.lack(ann, jira.EditIssues, "10002")
	ctx := as(t, services.New(all(t, j)), binding("t"))
	rights, err := jira.May(ctx, jira.RightsQuery{
		Permissions: []string{jira.EditIssues, jira.Administer}, IssueIDs: []string{"10001", "10002"}, ProjectIDs: []string{"10000"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []bool{
		rights.OnIssue(jira.EditIssues, "10001"), rights.OnIssue(jira.EditIssues, "10002"), rights.InProject(jira.EditIssues, "10000"), rights.Globally(jira.Administer),
	}
	if !slices.Equal(got, []bool{true, false, true, false}) || len(j.rights) != 1 {
		t.Errorf("%v in %d questions", got, len(j.rights))
	}
}

func TestHowLongToWaitReachesThePlugin(t *testing.T) {
	j := newFakeJira()
	j.err = &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "Jira is asked too often just now.", RetryAfter: 17}
	_, err := jira.LinkTypes(as(t, services.New(all(t, j)), binding("t")))
	if e, ok := err.(*sdk.Error); !ok || e.Code != sdk.Exhausted || e.RetryAfter != 17 {
		t.Errorf("%+v", err)
	}
}
