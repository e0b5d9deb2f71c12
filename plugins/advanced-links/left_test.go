package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
)

// jiraIndexes has searches find the issues whose property names links at this moment, project by project.
func (s *site) jiraIndexes() {
	s.Helper()
	has := map[string]bool{}
	for _, i := range s.Issues {
		has[i.ID] = len(s.property(i.ID)) > 0
	}
	s.walkable()
	match := s.Match
	s.Match = func(q string, i *jira.Issue) bool {
		return match(q, i) && (has[i.ID] || !strings.Contains(q, `issue.property["pergola.links.index"].links is not EMPTY`))
	}
}

// writes has a property on an issue, as if it had been written long ago.
func (s *site) writes(issue, value string) {
	s.Helper()
	before, background := s.Context, s.Background
	defer func() { s.Context, s.Background = before, background }()
	s.Context, s.Background = sdk.Context{}, true
	if err := jira.SetProperty(s.With(s.T.Context()), issue, propertyKey, []byte(value)); err != nil {
		s.Fatal(err)
	}
}

// counts are what the latest search for what is left has counted.
func (s *site) leftCounts() map[string]int64 {
	s.Helper()
	r := s.latest(leftJob)
	if r.State != job.Done {
		s.Errorf("the run is %s (%s)", r.State, r.Code)
	}
	return r.Counts
}

func TestACheckFindsIssuesWhoseLinksAreGone(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	s.at("10001").link("10101", "10102")
	s.settle()
	if _, err := store.Write(s.With(t.Context()), store.Changes{Delete: []store.Record{{Type: "link", ID: store.JoinID(r, "10001", "10102")}}}); err != nil {
		t.Fatal(err)
	}
	s.writes("10005", `{"links":["DELETED:first","DELETED:first:10001"]}`)

	want := map[string]int64{"linked": 2, "left": 2}
	s.runs("Check")
	if diff := cmp.Diff(want, s.leftCounts()); diff != "" {
		t.Errorf("a check (-want +got):\n%s", diff)
	}
	s.says("10102", r+":second", r+":second:10001")

	want["marked"] = 2
	s.runs("Check and repair")
	if diff := cmp.Diff(want, s.leftCounts()); diff != "" {
		t.Errorf("a repair (-want +got):\n%s", diff)
	}
	s.says("10102", []string{}...)
	s.says("10005", []string{}...)
	s.says("10001", r+":first", r+":first:10101")

	s.runs("Check")
	if diff := cmp.Diff(map[string]int64{"linked": 2}, s.leftCounts()); diff != "" {
		t.Errorf("a check after it (-want +got):\n%s", diff)
	}
}

func TestLinksOfARelationThatIsNotSearchableAnyMoreAreLeftovers(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	s.at("10001").link("10101")
	s.settle()
	if err := s.Reconfigure("relation", r, `{"name": "Laptop of an employee", "outward": "is used by", "inward": "uses"}`); err != nil {
		t.Fatal(err)
	}
	s.relate(`{"name": "Another", "outward": "has", "inward": "belongs to", "searchable": true}`)
	s.runs("Check and repair")
	if diff := cmp.Diff(map[string]int64{"left": 2, "marked": 2}, s.leftCounts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.says("10001", []string{}...)
}

// The page was opened before the last relation was made one that is not searchable.
func TestWithoutASearchableRelationACheckSaysWhatItDoes(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	s.at("10001").link("10101")
	s.settle()
	before := s.managing()
	if err := s.Reconfigure("relation", r, `{"name": "Laptop of an employee", "outward": "is used by", "inward": "uses"}`); err != nil {
		t.Fatal(err)
	}
	s.jiraIndexes()
	runs := len(s.Runs())
	for button, want := range map[string]string{"Index all links": "No relation is searchable any more", "Index": "The relation is gone, or not searchable any more"} {
		page, err := s.Press(before, button)
		if err != nil {
			t.Fatal(err)
		}
		s.shows(page, want)
	}
	if n := len(s.Runs()); n != runs {
		t.Errorf("%d runs have begun", n-runs)
	}
	page := s.managing()
	s.shows(page, "No relation is searchable", "There are no links to compare.")
	page, err := s.Press(page, "Check and repair")
	if err != nil {
		t.Fatal(err)
	}
	s.shows(page, "only looks for issues whose links are gone")
	s.settle()
	if diff := cmp.Diff(map[string]int64{"left": 2, "marked": 2}, s.leftCounts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.says("10001", []string{}...)
	if i := slices.IndexFunc(s.Runs(), func(r job.Run) bool { return r.Job == indexJob }); i >= 0 {
		t.Errorf("a run goes through links: %+v", s.Runs()[i])
	}
}

// Each page of a hundred issues costs one search and, but for the last of a project, one reading of the key behind which it goes on.
func TestWhatIsLeftIsSearchedForAHundredIssuesAtATime(t *testing.T) {
	const issues, hidden = 370, 120
	s := newSite(t)
	s.searchable()
	s.at("10001")
	for i := range issues {
		id := strconv.Itoa(20001 + i)
		s.have(jira.Issue{ID: id, Key: "OPS-" + strconv.Itoa(i+1), ProjectID: "30", IssueTypeID: laptop})
		s.writes(id, `{"links":["DELETED:first"]}`)
	}
	s.writes("10001", `{"links":["DELETED:first"]}`)
	s.jiraIndexes()
	s.May = func(permission, id string) bool {
		n, _ := strconv.Atoi(id)
		return permission != jira.BrowseProjects || n <= 20000 || n > 20000+hidden
	}
	searches := len(s.Searches())
	if _, err := s.Press(s.managing(), "Check and repair"); err != nil {
		t.Fatal(err)
	}
	s.settle()
	const seen = issues - hidden + 1
	if diff := cmp.Diff(map[string]int64{"left": seen, "marked": seen}, s.leftCounts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// One of the first project with one of all, then what else it has; two full pages and the rest of the other one; and that there is nothing else.
	if n := len(s.Searches()) - searches; n > 6 {
		t.Errorf("%d searches: %+v", n, s.Searches()[searches:])
	}
	s.says("20121", []string{}...)
	s.says("20120", "DELETED:first")
}
