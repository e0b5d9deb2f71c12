package main

import (
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// natively has an admin make the relation as links of Jira's own.
func (s *site) natively(most string) {
	s.Helper()
	s.LinkTypes = []jira.LinkType{{ID: "10000", Name: "Use", Outward: "uses", Inward: "is used by"}}
	_, err := s.Configure("relation", `{"name": "n", "outward": "is used by", "inward": "uses", "storage": "jira", "linkType": "10000",
		"first": {"contexts": [{"types": ["`+laptop+`"]}]`+most+`}, "second": {"contexts": [{"types": ["`+employee+`"]}]}}`)
	if err != nil {
		s.Fatal(err)
	}
}

func TestLinksOfJirasOwnShowAtBothEnds(t *testing.T) {
	s := newSite(t)
	s.natively("")
	s.shows(s.at("10001").link("10101", "10102"), "HR-1", "HR-2", "2 issues are linked")
	s.shows(s.at("10102").panel(), "uses", "IT-1")
	if n := len(s.Records("link")); n != 0 {
		t.Errorf("%d records beside Jira's links", n)
	}
	// It reads from the first end to the second, whichever end the user linked from.
	s.at("10103").link("10002")
	for _, l := range s.Links {
		if from := s.issues[l.FromID]; from.IssueTypeID != laptop || l.TypeID != "10000" {
			t.Errorf("link %+v does not begin at a laptop", l)
		}
	}
	page, err := s.Press(s.at("10001").panel(), "Remove")
	if err != nil {
		t.Fatal(err)
	}
	s.shows(page, "The link is removed")
	if n := len(s.Links); n != 2 {
		t.Errorf("%d links are left, want 2", n)
	}
}

func TestLinksOfJirasOwnAreBoundedToo(t *testing.T) {
	s := newSite(t)
	s.natively(`, "most": 1`)
	s.shows(s.at("10001").link("10101"), "HR-1 is linked")
	s.hides(s.panel(), "Link an issue")
	s.shows(s.at("10102").link("10001"), "“is used by” takes one issue")
}

// The id of a link comes from the browser: one of another relation or issue stays.
func TestOnlyLinksOfTheRelationAreRemoved(t *testing.T) {
	s := newSite(t)
	s.natively("")
	s.at("10001").link("10101")
	other := jira.IssueLink{ID: "777", TypeID: "10000", FromID: "10002", ToID: "10102"}
	s.Links = append(s.Links, other)
	page := s.panel()
	button := page.Blocks[0].Section.Blocks[0].List.Items[0].Buttons[0]
	button.Params["ref"] = other.ID
	if _, err := s.Action(sdk.Request{Name: "remove", Params: button.Params}); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Links); n != 2 {
		t.Errorf("%d links are left, want both", n)
	}
}
