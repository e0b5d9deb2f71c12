package main

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

func sdkRequest(name string) sdk.Request { return sdk.Request{Name: name} }

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, newPlugin(time.Now)) }

func TestWithoutRelationsThePanelSaysWhoMakesThem(t *testing.T) {
	s := newSite(t).at("10001")
	s.shows(s.panel(), "No relation shows here", "Jira admin")
}

func TestALinkShowsAtBothEnds(t *testing.T) {
	s := newSite(t)
	s.relate()
	page := s.at("10001").link("10101", "10102")
	s.shows(page, "is used by", "HR-1", "Employee 1", "HR-2", "2 issues are linked", "[ACTIVE]")
	s.shows(s.at("10102").panel(), "uses", "IT-1", "Laptop 1", "[IN USE]")
	s.shows(s.at("10103").panel(), "uses", "Nothing is linked yet.")
	for _, r := range s.Records("link") {
		if r.Fields["by"] == "" || r.Fields["at"] != "2026-11-27T12:00:00Z" {
			t.Errorf("who linked and when: %v", r.Fields)
		}
	}
}

func TestALinkIsRemovedFromEitherEnd(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101", "10102")
	page, err := s.Press(s.at("10101").panel(), "Remove")
	if err != nil {
		t.Fatal(err)
	}
	s.shows(page, "Nothing is linked yet.", "The link is removed")
	s.hides(s.at("10001").panel(), "HR-1")
	if n := len(s.Records("link")); n != 1 {
		t.Errorf("%d links are left", n)
	}
}

func TestARelationShowsOnlyWhereTheAdminSays(t *testing.T) {
	s := newSite(t)
	id := s.relate()
	if err := s.Reconfigure("relation", id, `{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["`+laptop+`"], "projects": ["11"]}]}, "second": {"show": false}}`); err != nil {
		t.Fatal(err)
	}
	s.shows(s.at("10001").panel(), "No relation shows here") // another project
	s.shows(s.at("10101").panel(), "No relation shows here") // not shown at that end
}

func TestWhatTheRelationIsNotForCannotBeLinked(t *testing.T) {
	s := newSite(t)
	s.relate()
	for _, tt := range []struct {
		name, want string
		ids        []string
	}{
		{"another type", "IT-2 cannot be linked here", []string{"10101", "10002"}},
		{"the issue itself", "An issue cannot be linked to itself.", []string{"10001"}},
		{"what is not there", "is not there any more, or you may not see it", []string{"999"}},
		{"nothing", "Pick an issue.", nil},
	} {
		s.shows(s.at("10001").link(tt.ids...), tt.want)
	}
	if n := len(s.Records("link")); n != 0 {
		t.Errorf("%d links", n)
	}
}

func TestAnIssueTakesAsManyLinksAsTheAdminSays(t *testing.T) {
	s := newSite(t)
	s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 1}, "second": {"contexts": [{"types": ["` + employee + `"]}], "most": 2}}`)
	s.shows(s.at("10001").link("10101"), "HR-1 is linked")
	s.hides(s.panel(), "Link an issue")
	s.shows(s.at("10002").link("10101"), "HR-1 is linked")
	s.shows(s.at("10003").link("10101"), "“uses” takes 2 issues at most")
	// Whoever sends the form all the same.
	key := s.Records("link")[0].Fields["relation"] + "-first"
	page, err := s.at("10001").Action(sdk.Request{Name: "add", State: []byte(key), Form: map[string][]string{"issues": {"10102"}}})
	if err != nil {
		t.Fatal(err)
	}
	s.hides(page, "HR-2")
	if n := len(s.Records("link")); n != 2 {
		t.Errorf("%d links", n)
	}
}

func TestWhatTheUserMayNotSeeIsCountedAndNotShown(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101", "10102", "10103")
	s.Issues = slices.DeleteFunc(s.Issues, func(i jira.Issue) bool { return i.ID == "10101" || i.ID == "10103" })
	page := s.at("10001").panel()
	s.shows(page, "HR-2", "2 more that you may not see.")
	s.hides(page, "HR-1", "HR-3", "10101", "10103")
}

func TestAPageAsksJiraOnceForAllIssues(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101", "10102", "10103")
	before := len(s.Calls())
	s.panel()
	n := 0
	for _, op := range s.Calls()[before:] {
		if op == jira.OpIssues {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d requests for linked issues", n)
	}
}

func TestManyLinksArePaged(t *testing.T) {
	s := newSite(t)
	s.relate()
	for i := range 45 {
		s.have(jira.Issue{ID: strconv.Itoa(20001 + i), Key: "HR-" + strconv.Itoa(101+i), ProjectID: "20", IssueTypeID: employee, Fields: map[string]jira.Value{"summary": {Text: "Employee"}}})
	}
	for from := 20001; from < 20046; from += 15 {
		var ids []string
		for i := range 15 {
			ids = append(ids, strconv.Itoa(from+i))
		}
		s.at("10001").link(ids...)
	}
	page := s.panel()
	s.shows(page, "45", "HR-101", "HR-120")
	s.hides(page, "HR-121")
	for _, want := range []string{"HR-121", "HR-145"} {
		var err error
		if page, err = s.Turn(page, "is used by", pagerOf(page).Page+1); err != nil {
			t.Fatal(err)
		}
		s.shows(page, want)
	}
	page, err := s.Turn(page, "is used by", 1)
	if err != nil {
		t.Fatal(err)
	}
	s.shows(page, "HR-101")
}

func pagerOf(page *view.Page) *view.Pager {
	for _, b := range page.Blocks {
		if b.Section == nil {
			continue
		}
		for _, in := range b.Section.Blocks {
			if in.Pager != nil {
				return in.Pager
			}
		}
	}
	return nil
}

func TestPickerOffersWhatCanBeLinked(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101")
	page, err := s.Press(s.panel(), "Link an issue")
	if err != nil {
		t.Fatal(err)
	}
	s.Match = func(_ string, i *jira.Issue) bool { return i.IssueTypeID == employee }
	got, err := s.Type(page, "add", "issues", "hr-2", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Choices[0].Disabled != "Linked already" || got.Choices[1].Label != "HR-2 Employee 2" || got.Choices[1].Disabled != "" {
		t.Errorf("%+v", got.Choices[:2])
	}
	searches := s.Searches()
	want := `NOT id in (10001) AND issuetype in ("10002") AND ("issuekey" = "HR-2" OR (summary ~ "hr 2" OR summary ~ "hr 2*")) ORDER BY updated DESC`
	if diff := cmp.Diff(want, searches[len(searches)-1].JQL); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}
