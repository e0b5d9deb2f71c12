package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

func values(c *view.Choices) []string {
	var out []string
	for _, one := range c.Choices {
		out = append(out, one.Value)
	}
	return out
}

func TestWhatTheUserLinkedLatelyIsOfferedFirst(t *testing.T) {
	s := newSite(t)
	s.relate()
	for _, link := range []struct {
		laptop, employee string
		hour             int
	}{{"10001", "10105", 14}, {"10002", "10103", 15}, {"10003", "10107", 13}} {
		s.clock = time.Date(2026, 11, 27, link.hour, 0, 0, 0, time.UTC)
		s.at(link.laptop).link(link.employee)
	}
	me := s.Context.Account
	s.Context.Account = "712020:99999999-2222-3333-4444-555555555555"
	s.clock = time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC)
	s.at("10005").link("10102") // somebody else's
	s.Context.Account = me
	s.Match = func(query string, i *jira.Issue) bool {
		return i.IssueTypeID == employee && (!strings.Contains(query, " id in (101") || strings.Contains(query, i.ID))
	}
	page := s.at("10004").opened()
	got, err := s.Type(page, "add", "issues", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"10103", "10105", "10107", "10101", "10102", "10104", "10106", "10108", "10109", "10110"}
	if diff := cmp.Diff(want, values(got)); diff != "" || got.Title == "" {
		t.Errorf("under %q (-want +got):\n%s", got.Title, diff)
	}
	typed, err := s.Type(page, "add", "issues", "employee", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("10101", values(typed)[0]); diff != "" || typed.Title != "" {
		t.Errorf("after typing, under %q: %s", typed.Title, diff)
	}
	r := &rules{look: contract.Look{Governed: true, HideRecent: true}}
	s.with(r)
	if off, err := s.Type(page, "add", "issues", "", nil); err != nil || off.Title != "" || values(off)[0] != "10101" {
		t.Errorf("where an admin hides it: %+v %v", off, err)
	}
}

func TestWhatCannotBeLinkedAnyMoreIsNotOfferedAgain(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10105")
	s.May = func(permission, id string) bool { return permission != jira.BrowseProjects || id != "10105" }
	s.Match = func(_ string, i *jira.Issue) bool { return i.IssueTypeID == employee && i.ID != "10105" }
	got, err := s.Type(s.at("10002").opened(), "add", "issues", "", nil)
	if err != nil || got.Title != "" || values(got)[0] != "10101" {
		t.Errorf("%+v %v", got, err)
	}
}
