package main

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

const colleague = "712020:99999999-2222-3333-4444-555555555555"

func (s *site) past() *view.Page {
	s.Helper()
	page, err := s.Press(s.panel(), "History")
	if err != nil {
		s.Fatal(err)
	}
	return page
}

func (s *site) removes() *view.Page {
	s.Helper()
	page, err := s.Press(s.panel(), "Remove")
	if err != nil {
		s.Fatal(err)
	}
	return page
}

func TestARemovalIsUndone(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101")
	page := s.removes()
	s.shows(page, "The link is removed", "Nothing is linked yet.")
	again, err := s.Press(page, "Undo")
	if err != nil {
		t.Fatal(err)
	}
	s.shows(again, "HR-1 is linked", "Employee 1")
	if diff := cmp.Diff([]string{"10001 10101"}, s.joined()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Between the removal and the way back somebody takes the right, the place or the issue.
func TestWhatMayNotBeLinkedIsNotUndone(t *testing.T) {
	s := newSite(t)
	s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 1}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
	s.at("10001").link("10101")
	page := s.removes()
	undo := func(want string) {
		t.Helper()
		again, err := s.Press(page, "Undo")
		if err != nil {
			t.Fatal(err)
		}
		s.shows(again, "The link is not made again", want)
	}
	s.May = func(permission, id string) bool { return permission != jira.LinkIssues || id != "10101" }
	undo("You may not link HR-1")
	s.May = nil
	s.at("10001").link("10102")
	undo("“is used by” takes one issue")
}

func TestHistorySaysWhoDidWhatWhen(t *testing.T) {
	s := newSite(t)
	s.relate()
	me := s.Context.Account
	s.at("10001").link("10101")
	s.Context.Account = colleague
	s.clock = s.clock.Add(time.Hour)
	s.at("10001").link("10102")
	s.clock = s.clock.Add(time.Hour)
	s.removes() // HR-1
	s.Context.Account = me
	page := s.past()
	var got []string
	for _, i := range page.Blocks[0].List.Items {
		line := ""
		for _, d := range i.Detail {
			line += d.Text
		}
		got = append(got, line)
	}
	want := []string{
		"HR-1 was removed from “is used by” by another user, 27 November 2026, 14:00 UTC",
		"HR-2 was linked as “is used by” by another user, 27 November 2026, 13:00 UTC",
		"HR-1 was linked as “is used by” by you, 27 November 2026, 12:00 UTC",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if by := page.Blocks[0].List.Items[0].Detail[1]; by.Href != "https://example.atlassian.net/jira/people/"+colleague || by.Account != colleague {
		t.Errorf("the other user is %+v", by)
	}
	s.shows(s.at("10101").past(), "IT-1 was removed from “uses”") // the same from the other end
	again, err := s.Press(s.at("10001").past(), "Link again")
	if err != nil {
		t.Fatal(err)
	}
	s.shows(again, "HR-1 is linked")
	if _, err := s.Press(s.past(), "Link again"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("what is linked is offered to be linked again: %v", err)
	}
}

func TestHistoryTellsNothingOfHiddenIssues(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101", "10102")
	s.removes()
	s.May = func(permission, id string) bool { return permission != jira.BrowseProjects || id != "10101" }
	page := s.past()
	s.shows(page, "HR-2", "2 more that you may not see.")
	s.hides(page, "HR-1", "10101")
}

func TestLongHistoriesArePaged(t *testing.T) {
	s := newSite(t)
	s.relate()
	for i := range 45 {
		id := strconv.Itoa(20001 + i)
		s.have(jira.Issue{ID: id, Key: "HR-" + strconv.Itoa(101+i), ProjectID: "20", IssueTypeID: employee, Fields: map[string]jira.Value{"summary": {Text: "Employee"}}})
		s.clock = s.clock.Add(time.Minute)
		s.at("10001").link(id)
	}
	page := s.past()
	s.shows(page, "HR-145", "HR-126")
	s.hides(page, "HR-125")
	page, err := s.Turn(page, "History of links", 3)
	if err != nil {
		t.Fatal(err)
	}
	s.shows(page, "HR-105", "HR-101")
	s.hides(page, "HR-106")
}

func TestAnIssueThatIsDeletedTakesItsHistory(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101", "10102")
	s.removes()
	if n := len(s.Records("removed")); n != 1 {
		t.Fatalf("%d tombstones", n)
	}
	if err := s.Event(event.Event{Kind: event.IssueDeleted, IssueID: "10101"}); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Records("removed")); n != 0 {
		t.Errorf("%d tombstones of an issue that is gone", n)
	}
}

func TestWhoMayNotLinkReadsTheHistoryAndChangesNothing(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101")
	s.removes()
	s.May = func(permission, _ string) bool { return permission != jira.LinkIssues }
	page := s.past()
	s.shows(page, "HR-1 was removed")
	s.hides(page, "Link again")
	side := s.Records("removed")[0].Fields["relation"] + "-first"
	if _, err := s.Action(sdk.Request{Name: "relink", Params: map[string]string{"side": side, "issue": "10101"}}); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Records("link")); n != 0 {
		t.Errorf("%d links", n)
	}
}
