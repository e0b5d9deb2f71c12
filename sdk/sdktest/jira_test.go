package sdktest_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
)

func linked() *sdktest.Host {
	h := sdktest.New(&sdk.Plugin{})
	for _, id := range []string{"10001", "10002", "10003"} {
		h.Issues = append(h.Issues, jira.Issue{ID: id, Fields: map[string]jira.Value{"summary": {Text: id}}})
	}
	h.LinkTypes = []jira.LinkType{{ID: "1", Name: "Blocks"}}
	h.Links = []jira.IssueLink{{ID: "7", TypeID: "1", FromID: "10001", ToID: "10003"}}
	h.IssueTypes = []jira.IssueType{{ID: "1"}, {ID: "2", ProjectID: "10009"}}
	return h
}

// writes are the calls that change something, by the permission that each takes on issue 10001 or in project 10000.
var writes = map[string]func(context.Context) error{
	jira.LinkIssues: func(ctx context.Context) error {
		_, err := jira.Link(ctx, jira.NewLink{TypeID: "1", FromID: "10002", ToID: "10001"})
		return err
	},
	jira.CreateIssues: func(ctx context.Context) error {
		_, err := jira.Create(ctx, jira.New{ProjectID: "10000", IssueTypeID: "1", Summary: "Dock"})
		return err
	},
	jira.EditIssues: func(ctx context.Context) error { return jira.SetProperty(ctx, "10001", "links", []byte("1")) },
}

func TestWritesMeetTheRefusalsOfTheRealHost(t *testing.T) {
	for permission, write := range writes {
		h := linked()
		if err := write(h.With(t.Context())); err != nil {
			t.Errorf("%s: %v", permission, err)
		}
		h.May = func(p, _ string) bool { return p != permission }
		if err := write(h.With(t.Context())); sdk.CodeOf(err) != sdk.PermissionDenied {
			t.Errorf("without %s: %v", permission, err)
		}
		h.May = func(p, _ string) bool { return p != jira.BrowseProjects }
		if err := write(h.With(t.Context())); sdk.CodeOf(err) != sdk.NotFound {
			t.Errorf("%s on what may not be seen: %v", permission, err)
		}
		h.May, h.Grants = nil, map[string]bool{"jira:read": true}
		if err := write(h.With(t.Context())); sdk.CodeOf(err) != sdk.PermissionDenied {
			t.Errorf("%s without the grant: %v", permission, err)
		}
		h.Grants, h.Context.Account = nil, ""
		if err := write(h.With(t.Context())); sdk.CodeOf(err) != sdk.PermissionDenied {
			t.Errorf("%s by nobody: %v", permission, err)
		}
		h.Background = true
		if err := write(h.With(t.Context())); (err == nil) != (permission == jira.EditIssues) {
			t.Errorf("%s in the background: %v", permission, err)
		}
	}
}

func TestHiddenEndsAreCounted(t *testing.T) {
	h := linked()
	h.May = func(_, id string) bool { return id != "10003" && id != "10009" }
	ctx := h.With(t.Context())
	links, err := jira.Links(ctx, "10001")
	if diff := cmp.Diff(&jira.IssueLinkList{Hidden: 1}, links); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := jira.Unlink(ctx, "7"); sdk.CodeOf(err) != sdk.NotFound || len(h.Links) != 1 {
		t.Errorf("%v, %+v", err, h.Links)
	}
	list, err := jira.Issues(ctx, []string{"10003", "10002", "10002", "77777"}, "summary")
	if err != nil || list.Hidden != 2 || len(list.Issues) != 1 || list.Issues[0].Fields["summary"].Text != "10002" {
		t.Errorf("%+v, %v", list, err)
	}
	if types, err := jira.IssueTypes(ctx, ""); err != nil || len(types) != 1 {
		t.Errorf("%+v, %v", types, err)
	}
	if _, err := jira.IssueTypes(ctx, "10009"); sdk.CodeOf(err) != sdk.NotFound {
		t.Error(err)
	}
}

func TestPropertiesAreChecked(t *testing.T) {
	h := linked()
	ctx := h.With(t.Context())
	for _, p := range []jira.Property{
		{IssueID: "10001", Key: "Links", Value: []byte("1")}, {IssueID: "10001", Key: "links", Value: []byte("x")},
		{IssueID: "10001", Key: "links", Value: make([]byte, jira.MaxPropertyValue+1)},
	} {
		if err := jira.SetProperty(ctx, p.IssueID, p.Key, p.Value); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%s: %v", p.Key, err)
		}
	}
	outcome, err := jira.SetProperties(ctx, []jira.Property{{IssueID: "10001", Key: "links", Value: []byte("[1]")}, {IssueID: "77777", Key: "links", Value: []byte("[2]")}})
	if err != nil || !cmp.Equal(outcome.Refused, []string{"77777"}) || string(h.Property("10001", "links")) != "[1]" || h.Property("77777", "links") != nil {
		t.Errorf("%+v, %v", outcome, err)
	}
}

const searching = "557058:searching"

// chosen is a host with a plugin that may search by the rights of an account that an admin named in a document.
func chosen(t *testing.T) *sdktest.Host {
	t.Helper()
	h := linked()
	if err := h.UseManifest([]byte(`{"permissions": [{"name": "jira:read"}, {"name": "jira:search-as"}], "configs": [{"type": "rule", "label": "name",
		"schema": {"properties": {"name": {"type": "string"}, "by": {"properties": {"user": {"type": "string", "x-jira": "user"}}},
			"rows": {"type": "array", "items": {"properties": {"users": {"type": "array", "x-jira": "user"}}}}}}}]}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Configure("rule", `{"name": "557058:other", "by": {"user": "`+searching+`"}, "rows": [{}, {"users": ["557058:row"]}]}`); err != nil {
		t.Fatal(err)
	}
	h.May = func(p, id string) bool { return id != "10002" }
	h.Accounts = map[string]func(string, string) bool{searching: func(_, id string) bool { return id != "10003" }, "557058:other": nil}
	return h
}

func TestAChosenAccountAsksInTheUsersPlace(t *testing.T) {
	h := chosen(t)
	for _, tt := range []struct {
		name, as string
		want     []string
	}{{"the user", "", []string{"10001", "10003"}}, {"the account", searching, []string{"10001", "10002"}}} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			found, err := jira.Find(h.With(t.Context()), jira.Search{JQL: "x = 1", As: tt.as})
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range found.Issues {
				got = append(got, i.ID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Find (-want +got):\n%s", diff)
			}
			list, err := jira.IssuesAs(h.With(t.Context()), tt.as, []string{"10001", "10002", "10003"})
			if err != nil || list.Hidden != 1 || list.Issues[1].ID != tt.want[1] {
				t.Errorf("IssuesAs: %+v, %v", list, err)
			}
			rights, err := jira.May(h.With(t.Context()), jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: []string{"10002"}, As: tt.as})
			if err != nil || rights.OnIssue(jira.LinkIssues, "10002") != (tt.as != "") {
				t.Errorf("May: %+v, %v", rights, err)
			}
		})
	}
}

func TestAnAccountThatCannotAskIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name, as string
		change   func(*sdktest.Host)
		want     sdk.Code
	}{
		{"that no document names", "557058:other", func(*sdktest.Host) {}, sdk.PermissionDenied},
		{"without the grant", searching, func(h *sdktest.Host) { delete(h.Grants, "jira:search-as") }, sdk.PermissionDenied},
		{"for a visitor", searching, func(h *sdktest.Host) { h.Context.Account = "" }, sdk.PermissionDenied},
		{"that is closed", searching, func(h *sdktest.Host) { delete(h.Accounts, searching) }, sdk.NotFound},
		{"that a row names", "557058:row", func(h *sdktest.Host) { h.Accounts["557058:row"] = nil }, ""},
		{"in the background", searching, func(h *sdktest.Host) { h.Context.Account, h.Background = "", true }, ""},
	} {
		h := chosen(t)
		tt.change(h)
		if _, err := jira.Find(h.With(t.Context()), jira.Search{JQL: "x = 1", As: tt.as}); sdk.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
