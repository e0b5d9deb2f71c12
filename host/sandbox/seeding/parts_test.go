package seeding_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The file shows each member of the format once.
func TestEveryMemberReachesTheSite(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "seed", "testdata", "site.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, _, err := open(t, "site.json", strings.Replace(string(text), `"ADMINISTER": ["user:mia"]`, `"ADMINISTER": ["group:staff"]`, 1)) // global permissions are groups'
	if err != nil {
		t.Fatal(err)
	}
	st := store.State()
	i, p := st.FindIssue("OPS-8"), st.FindProject("OPS")
	if i == nil || p == nil {
		t.Fatal("no issue, or no project")
	}
	same := func(what string, want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	role, version := st.Roles.First(func(r *world.Role) bool { return r.Name == "Members" }).ID, st.VersionsOf(p.ID)[0].ID
	same("project", []string{"PROJECT_LEAD", "https://acme.example/ops", "service_desk"}, []string{p.Assign, p.URL, p.Kind})
	same("component", []world.Component{{ID: st.ComponentsOf(p.ID)[0].ID, Project: p.ID, Name: "Desk", Lead: "a-1", AssigneeType: world.ComponentLead}}, []world.Component{*st.ComponentsOf(p.ID)[0]})
	same("default level", st.SecuritySchemes.Get(p.Security).Levels[0].ID, st.SecuritySchemes.Get(p.Security).Default)
	same("level", st.SecuritySchemes.Get(p.Security).Default, i.Security)
	desk := st.Desks.List()[0]
	same("desk", []any{true, []world.AccountID{"a-2"}, []world.Queue{{ID: "1", Name: "New", JQL: `status = "In stock"`}}}, []any{desk.Open, desk.Customers, desk.Queues})

	same("people", [][]world.AccountID{{"a-2"}, {"a-2"}}, [][]world.AccountID{i.Watchers, i.Voters})
	same("estimates", []int64{7200, 3600, 60}, []int64{i.Estimate, i.Remaining, i.Spent})
	same("environment", "Office", world.DocumentText(i.Environment))
	same("archived", []any{true, st.Index().Equal("archived", "true").Len()}, []any{i.Archived, 1})
	same("remote link", `{"url":"https://acme.example/manual","title":"Manual","summary":"2nd edition"} {"name":"Wiki"} m-1 documented by`,
		string(i.Remote[0].Object)+" "+string(i.Remote[0].Application)+" "+i.Remote[0].GlobalID+" "+i.Remote[0].Relationship)
	c, l := st.Comments(i)[0], st.Worklogs(i)[0]
	same("visibility", []*world.Visibility{{Kind: world.ByRole, Value: string(role)}, {Kind: world.ByGroup, Value: "staff"}}, []*world.Visibility{c.Visibility, l.Visibility})
	same("internal", true, c.Internal)
	same("file", "hi", string(st.Content(st.Attachments(i)[0])))

	got := map[string]string{}
	for id, raw := range i.Custom {
		got[st.Field(id).Name] = string(raw)
	}
	for name, want := range map[string]string{
		"Bought how": `"` + optionID(st, "Bought how", "New") + `"`, "Team": `"staff"`, "Teams": `["staff"]`, "Tested with": `["` + string(version) + `"]`,
		"Charged to": `"` + string(p.ID) + `"`, "Record": `{"n":1}`, "Uses": `["` + optionID(st, "Uses", "Lab") + `"]`,
		"System": `["` + optionID(st, "System", "Linux") + `","` + optionID(st, "System", "Debian 13") + `"]`, "Helpers": `["a-1","a-2"]`, "Tags": `["x"]`,
	} {
		same(name, want, got[name])
	}

	f := st.Filters.List()[0]
	shares := []world.Share{}
	for _, s := range append(f.Shares, f.Editors...) {
		if s.ID == "" {
			t.Error("a share has no id")
		}
		s.ID = ""
		shares = append(shares, s)
	}
	same("shares", []world.Share{
		{Kind: world.ToProject, Project: p.ID}, {Kind: world.ToRole, Project: p.ID, Value: string(role)}, {Kind: world.ToEverybody}, {Kind: world.ToGroup, Value: "staff"},
	}, shares)
	same("favourites", []world.AccountID{"a-1"}, f.Favourite)
}

func optionID(st *world.State, field, value string) string {
	f := st.Fields.First(func(f *world.Field) bool { return f.Name == field })
	for _, o := range f.AllOptions() {
		if o.Value == value {
			return o.ID
		}
	}
	return ""
}
