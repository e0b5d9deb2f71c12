package main

import (
	"slices"
	"testing"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// drawn returns the keys of the graph's nodes and its lines.
func drawn(page *view.Page) (nodes, lines []string) {
	keys := map[string]string{}
	for _, n := range page.Blocks[0].Graph.Nodes {
		keys[n.ID] = n.Label
		nodes = append(nodes, n.Label)
	}
	for _, e := range page.Blocks[0].Graph.Edges {
		lines = append(lines, keys[e.From]+" "+e.Label+" "+keys[e.To])
	}
	slices.Sort(nodes)
	slices.Sort(lines)
	return nodes, lines
}

func (s *site) press(page *view.Page, label string) *view.Page {
	s.Helper()
	page, err := s.Press(page, label)
	if err != nil {
		s.Fatal(err)
	}
	return page
}

func TestGraphGoesAsFarAsTheUserAsks(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101")          // IT-1 is used by HR-1
	s.at("10002").link("10101", "10102") // who also uses IT-2, as HR-2 does
	s.at("10003").link("10102")
	page := s.press(s.at("10001").panel(), "Show as a graph")
	nodes, lines := drawn(page)
	if want := []string{"HR-1", "IT-1"}; !slices.Equal(nodes, want) {
		t.Errorf("one step: %v", nodes)
	}
	if want := []string{"IT-1 is used by HR-1"}; !slices.Equal(lines, want) {
		t.Errorf("one step: %v", lines)
	}
	page = s.press(page, "Show further links")
	if nodes, _ = drawn(page); !slices.Equal(nodes, []string{"HR-1", "IT-1", "IT-2"}) {
		t.Errorf("two steps: %v", nodes)
	}
	page = s.press(page, "Show further links")
	nodes, lines = drawn(page)
	if !slices.Equal(nodes, []string{"HR-1", "HR-2", "IT-1", "IT-2"}) {
		t.Errorf("three steps: %v", nodes)
	}
	if want := []string{"IT-1 is used by HR-1", "IT-2 is used by HR-1", "IT-2 is used by HR-2"}; !slices.Equal(lines, want) {
		t.Errorf("three steps: %v", lines)
	}
	s.hides(page, "Show further links")
	s.shows(s.press(page, "Show as a list"), "is used by", "HR-1")
}

func TestGraphShowsNothingThatTheUserMayNotSee(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101", "10102")
	s.Issues = slices.DeleteFunc(s.Issues, func(i jira.Issue) bool { return i.ID == "10101" })
	page := s.press(s.at("10001").panel(), "Show as a graph")
	s.shows(page, "HR-2", "1 more that you may not see.")
	s.hides(page, "HR-1", "10101")
}
