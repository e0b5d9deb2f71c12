package main

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

func TestWhoMayNotLinkOnlyReads(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101")
	key := s.Records("link")[0].Fields["relation"] + "-first"
	for _, tt := range []struct {
		name   string
		change func()
		shows  string
	}{
		{"without the right", func() { s.May = func(permission, _ string) bool { return permission != jira.LinkIssues } }, "HR-1"},
		{"anonymous", func() { s.Context.Account = "" }, "Log in to see what is linked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			account, may := s.Context.Account, s.May
			defer func() { s.Context.Account, s.May = account, may }()
			tt.change()
			page := s.panel()
			s.shows(page, tt.shows)
			s.hides(page, "Remove", "Link an issue")
			// Whoever sends what the page does not offer.
			for _, r := range []sdk.Request{
				{Name: "add", State: []byte(key), Form: map[string][]string{"issues": {"10102"}}},
				{Name: "remove", Params: map[string]string{"side": key, "issue": "10101"}},
			} {
				if page, err := s.Action(r); err == nil {
					s.hides(page, "HR-2")
				}
			}
			if n := len(s.Records("link")); n != 1 {
				t.Errorf("%d links, want the one that was there", n)
			}
		})
	}
}

func TestTheRightCountsAtBothEnds(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.May = func(permission, id string) bool { return permission != jira.LinkIssues || id != "10102" }
	s.shows(s.at("10001").link("10102"), "You may not link HR-2")
	if n := len(s.Records("link")); n != 0 {
		t.Errorf("%d links", n)
	}
}

// Two users take the last place at the same moment: the second one's link is written between the count and the write of the first.
func TestTheLastPlaceIsTakenOnce(t *testing.T) {
	s := newSite(t)
	s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 1}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
	s.at("10001")
	key := s.panel().Blocks[0].Section.Blocks[1].Buttons.Buttons[0].Params["add"]
	done := make(chan string, 2)
	for _, id := range []string{"10101", "10102"} {
		go func() {
			_, err := s.Action(sdk.Request{Name: "add", State: []byte(key), Form: map[string][]string{"issues": {id}}})
			if err != nil {
				t.Error(err)
			}
			done <- id
		}()
	}
	<-done
	<-done
	if n := len(s.Records("link")); n != 1 {
		t.Errorf("%d links of an issue that takes one", n)
	}
}
