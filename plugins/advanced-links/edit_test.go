package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// twoSides is a site where laptops have two sides, and the names of their pickers.
func twoSides(t *testing.T) (s *site, users, backups string) {
	s = newSite(t)
	s.relate()
	if _, err := s.Configure("relation", `{"name": "Backup", "outward": "is backed up by", "inward": "backs up", "first": {"contexts": [{"types": ["`+laptop+`"]}]}, "second": {"show": false}}`); err != nil {
		t.Fatal(err)
	}
	form := s.at("10001").editing().Blocks[0].Form
	return s, form.Fields[0].Name, form.Fields[1].Name
}

func (s *site) editing() *view.Page {
	s.Helper()
	page, err := s.Press(s.panel(), "Edit links")
	if err != nil {
		s.Fatal(err)
	}
	return page
}

func (s *site) saves(page *view.Page, values map[string][]string) *view.Page {
	s.Helper()
	page, err := s.SubmitAll(page, "save", values)
	if err != nil {
		s.Fatal(err)
	}
	return page
}

// joined is which issues are linked, in the order of their ids.
func (s *site) joined() []string {
	var out []string
	for _, l := range s.Records("link") {
		out = append(out, l.Fields["outward"]+" "+l.Fields["inward"])
	}
	return out
}

func TestAllSidesAreEditedInOneForm(t *testing.T) {
	s, users, backups := twoSides(t)
	s.link("10101", "10102")
	page := s.saves(s.editing(), map[string][]string{users: {"10102", "10103"}, backups: {"10005"}})
	s.shows(page, "The links are saved", "Linked: 2. Removed: 1.", "HR-2", "HR-3", "IT-5")
	s.hides(page, "HR-1")
	s.shows(s.saves(s.editing(), nil), "Nothing was changed")
}

func TestWhoSavesTakesNothingBackThatOthersDid(t *testing.T) {
	s, users, _ := twoSides(t)
	s.link("10101", "10102")
	mine := s.editing()
	theirs := s.saves(s.editing(), map[string][]string{users: {"10102", "10104"}})
	s.shows(theirs, "HR-4")
	s.saves(mine, map[string][]string{users: {"10101", "10102", "10103"}}) // of the two I only added one
	if diff := cmp.Diff([]string{"10001 10102", "10001 10103", "10001 10104"}, s.joined()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingIsSavedWhereOneSideIsWrong(t *testing.T) {
	s, users, backups := twoSides(t)
	s.link("10101")
	form := s.editing()
	page := s.saves(form, map[string][]string{users: {"10002"}, backups: {"10005"}})
	s.shows(page, "IT-2 cannot be linked here", "IT-5 Laptop 5") // what was picked is there still
	if diff := cmp.Diff([]string{"10001 10101"}, s.joined()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.May = func(permission, id string) bool { return permission != jira.LinkIssues || id != "10101" }
	s.shows(s.saves(form, map[string][]string{users: nil}), "You may not remove this link")
	if n := len(s.joined()); n != 1 {
		t.Errorf("%d links", n)
	}
	s.May = func(permission, _ string) bool { return permission != jira.LinkIssues }
	s.hides(s.panel(), "Edit links")
	if _, err := s.Action(sdk.Request{Name: "save", State: form.Blocks[0].Form.State, Form: map[string][]string{backups: {"10005"}}}); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("without the right: %v", err)
	}
	if n := len(s.joined()); n != 1 {
		t.Errorf("%d links", n)
	}
}

func TestHiddenLinksStayAndKeepTheirPlaces(t *testing.T) {
	s, users, _ := twoSides(t)
	s.link("10101", "10102")
	s.May = func(permission, id string) bool { return permission != jira.BrowseProjects || id != "10101" }
	page := s.editing()
	s.shows(page, "HR-2")
	if help := page.Blocks[0].Form.Fields[0].Help; help != "1 more that you may not see." {
		t.Errorf("the picker says %q", help)
	}
	if f := page.Blocks[0].Form; strings.Contains(string(f.State), "10101") {
		t.Errorf("the state tells of a hidden issue: %s", f.State)
	}
	s.saves(page, map[string][]string{users: nil})
	if diff := cmp.Diff([]string{"10001 10101"}, s.joined()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPickerSeesWhatTheFormHolds(t *testing.T) {
	s, users, backups := twoSides(t)
	s.link("10101")
	r := &rules{}
	s.with(r)
	sides := map[string]string{}
	var all contract.SideList
	if err := s.asks(contract.OpSides, &contract.SidesQuestion{IssueID: "10001"}, &all); err != nil {
		t.Fatal(err)
	}
	sides[users], sides[backups] = contract.ChosenKey(all.Sides[0].End), contract.ChosenKey(all.Sides[1].End)
	r.scope.Follows = []string{sides[users]}
	page := s.editing()
	if f := page.Blocks[0].Form.Fields; len(f[0].Follows) != 0 || len(f[1].Follows) != 1 || f[1].Follows[0] != users {
		t.Errorf("the pickers follow %v and %v", f[0].Follows, f[1].Follows)
	}
	for _, tt := range []struct {
		name string
		held []string
	}{{"another one", []string{"10103"}}, {"nothing", nil}} {
		if _, err := s.Type(page, "save", backups, "", map[string][]string{users: tt.held}); err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{sides[users]: tt.held, sides[backups]: nil}
		asked := r.finds[len(r.finds)-1]
		if diff := cmp.Diff(want, asked.Chosen, cmpopts.EquateEmpty()); diff != "" || contract.ChosenKey(asked.End) != sides[backups] {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
