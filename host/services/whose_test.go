package services_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/settings"
)

const (
	searching = "557058:searching"
	stranger  = "557058:stranger"
)

// chosen are hosts where an admin of site t has named the searching account for the plugin.
func chosen(t *testing.T, j services.Jira) []capability.Row {
	d := all(t, j)
	d.Configs = &documents{{Type: "shelf", ID: east, Values: settings.Values{Strings: map[string]string{"by": searching}}}}
	return services.New(d)
}

func (w *documents) Names(_ context.Context, b *capability.Binding, account string) (bool, error) {
	return b.Tenant == "t" && slices.ContainsFunc(*w, func(d config.Document) bool { return d.Values.String("by") == account }), nil
}

func bindingAs(change func(*capability.Binding)) *capability.Binding {
	b := binding("t")
	b.Grants["jira:search-as"] = true
	if change != nil {
		change(b)
	}
	return b
}

func TestAChosenAccountSeesInTheUsersPlace(t *testing.T) {
	for _, tt := range []struct {
		name, as, hidden string
	}{{"the user", "", "10002"}, {"the account", searching, "10003"}} {
		t.Run(tt.name, func(t *testing.T) {
			j := newFakeJira()
			j.hide("t", "557058:ann", "10002")
			j.hide("t", searching, "10003")
			ctx := as(t, chosen(t, j), bindingAs(nil))
			found, err := jira.Find(ctx, jira.Search{JQL: "project = OPS", Limit: 3, As: tt.as})
			if err != nil {
				t.Fatal(err)
			}
			if len(found.Issues) != 2 || slices.ContainsFunc(found.Issues, func(i jira.Issue) bool { return i.ID == tt.hidden }) {
				t.Errorf("Find: %+v, want two without %s", found.Issues, tt.hidden)
			}
			list, err := jira.IssuesAs(ctx, tt.as, []string{"10001", "10002", "10003"})
			if err != nil || list.Hidden != 1 || slices.ContainsFunc(list.Issues, func(i jira.Issue) bool { return i.ID == tt.hidden }) {
				t.Errorf("IssuesAs: %+v, %v", list, err)
			}
			j.lack(searching, jira.LinkIssues, "10001")
			rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: []string{"10001"}, As: tt.as})
			if err != nil || rights.OnIssue(jira.LinkIssues, "10001") != (tt.as == "") {
				t.Errorf("May: %+v, %v", rights, err)
			}
		})
	}
}

func TestNobodyAsksInThePlaceOfOthers(t *testing.T) {
	denied := sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Field: "as"}
	for _, tt := range []struct {
		name, as string
		change   func(*capability.Binding)
		closed   bool
		want     sdk.Error
	}{
		{name: "without the permission", as: searching, change: func(b *capability.Binding) { delete(b.Grants, "jira:search-as") }, want: denied},
		{name: "of an account that no admin named", as: stranger, want: denied},
		{name: "of what is no account", as: `x" OR 1=1`, want: denied},
		{name: "on another site", as: searching, change: func(b *capability.Binding) { b.Tenant = "u" }, want: denied},
		{name: "for a visitor who is not logged in", as: searching, change: func(b *capability.Binding) { b.Context.Account = "" }, want: sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost}},
		{name: "of an account that is closed", as: searching, closed: true, want: sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Field: "as"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newFakeJira()
			j.closed = map[string]bool{searching: tt.closed}
			ctx := as(t, chosen(t, j), bindingAs(tt.change))
			for what, err := range map[string]error{
				"Find":     second(jira.Find(ctx, jira.Search{JQL: "project = OPS", As: tt.as})),
				"IssuesAs": second(jira.IssuesAs(ctx, tt.as, []string{"10001"})),
				"May":      second(jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: []string{"10001"}, As: tt.as})),
			} {
				wantError(t, what, err, tt.want)
			}
			if n := len(j.asked) + len(j.browses) + len(j.rights); n != 0 {
				t.Errorf("Jira was asked %d times", n)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// A job or an event has no user whose rights could be asked for, but those of the account.
func TestAChosenAccountAsksInTheBackground(t *testing.T) {
	j := newFakeJira()
	j.hide("t", searching, "10002")
	ctx := as(t, chosen(t, j), bindingAs(func(b *capability.Binding) { b.Context, b.Background = sdk.Context{}, true }))
	list, err := jira.IssuesAs(ctx, searching, []string{"10001", "10002"})
	if diff := cmp.Diff([]string{"t 557058:searching 10001,10002"}, j.browses); err != nil || diff != "" || list.Hidden != 1 {
		t.Errorf("%+v, %v (-want +got):\n%s", list, err, diff)
	}
	if _, err := jira.Issues(ctx, []string{"10001"}); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("without the account: %v", err)
	}
}
