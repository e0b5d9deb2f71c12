package main

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// searchable has an admin make a relation of laptops and employees that JQL finds.
func (s *site) searchable() string {
	s.Helper()
	return s.relate(`{"name": "Laptop of an employee", "outward": "is used by", "inward": "uses", "searchable": true, "first": {"contexts": [{"types": ["` + laptop + `"]}]}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
}

// settle does all that is to be done in the background.
func (s *site) settle() {
	s.Helper()
	if err := s.WorkAll(); err != nil {
		s.Fatal(err)
	}
}

// property is what an issue says of its links; nil where it says nothing.
func (s *site) property(issue string) []string {
	s.Helper()
	before, background := s.Context, s.Background
	defer func() { s.Context, s.Background = before, background }()
	s.Context, s.Background = sdk.Context{}, true
	raw, err := jira.GetProperty(s.With(s.T.Context()), issue, propertyKey)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil
	}
	if err != nil {
		s.Fatal(err)
	}
	var got indexed
	if err := json.Unmarshal(raw, &got); err != nil {
		s.Fatal(err)
	}
	return got.Links
}

func (s *site) says(issue string, want ...string) {
	s.Helper()
	if diff := cmp.Diff(want, s.property(issue)); diff != "" {
		s.Errorf("the property of %s (-want +got):\n%s", issue, diff)
	}
}

// managing opens the page for admins.
func (s *site) managing() *view.Page {
	s.Helper()
	s.Context.Module = "manage"
	page, err := s.View(sdkRequest("manage"))
	if err != nil {
		s.Fatal(err)
	}
	return page
}

// runs presses a button of the page for admins, does what it begins, and returns the run.
func (s *site) runs(label string) job.Run {
	s.Helper()
	s.jiraIndexes()
	if _, err := s.Press(s.managing(), label); err != nil {
		s.Fatal(err)
	}
	s.settle()
	return s.latest(indexJob)
}

// latest is the run of a job that was begun last.
func (s *site) latest(name string) job.Run {
	s.Helper()
	for _, r := range slices.Backward(s.Runs()) {
		if r.Job == name {
			return r
		}
	}
	s.Fatal("no run has begun")
	panic("unreachable")
}

func TestTheIndexFollowsLinks(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	s.at("10001").link("10101", "10102")
	if got := s.property("10001"); got != nil {
		t.Errorf("written before the run: %v", got)
	}
	s.settle()
	s.says("10001", r+":first", r+":first:10101", r+":first:10102")
	s.says("10101", r+":second", r+":second:10001")

	if _, err := s.Press(s.at("10101").panel(), "Remove"); err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.says("10001", r+":first", r+":first:10102")
	s.says("10101", []string{}...)
	if left := s.Records(markType); len(left) > 0 {
		t.Errorf("still marked: %v", left)
	}
	if n := len(s.Runs()); n > 3 {
		t.Errorf("%d runs for three changes", n)
	}
}

func TestLinksOfARelationThatIsNotSearchableAreNotWritten(t *testing.T) {
	s := newSite(t)
	s.relate()
	s.at("10001").link("10101")
	s.settle()
	if got := s.property("10001"); got != nil || len(s.Records(markType)) > 0 || len(s.Runs()) > 0 {
		t.Errorf("written: %v, marked: %v", got, s.Records(markType))
	}
}

func TestTheIndexFollowsADeletedIssue(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	s.at("10001").link("10101", "10102")
	s.at("10002").link("10101")
	s.settle()
	if err := s.Event(event.Event{Kind: event.IssueDeleted, IssueID: "10001"}); err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.says("10101", r+":second", r+":second:10002")
	s.says("10102", []string{}...)
}

func TestAnIndexRunWritesWhatWasLinkedBefore(t *testing.T) {
	s := newSite(t)
	r := s.relate()
	for i := range 10 {
		s.at(strconv.Itoa(10001+i)).link("10101", strconv.Itoa(10102+i%9))
	}
	if err := s.Reconfigure("relation", r, `{"name": "Laptop of an employee", "outward": "is used by", "inward": "uses", "searchable": true, "first": {"contexts": [{"types": ["`+laptop+`"]}]}, "second": {"contexts": [{"types": ["`+employee+`"]}]}}`); err != nil {
		t.Fatal(err)
	}
	s.shows(s.managing(), "Laptop of an employee", "[NEVER]", `assetLink = "`+r+`:first"`, `issue in linkedAssets("Laptop of an employee", "KEY-1")`)
	if run := s.runs("Check"); run.Counts["missing"] != 20 || run.Counts["written"] != 0 {
		t.Errorf("a check counts %v", run.Counts)
	}
	run := s.runs("Index all links")
	if run.State != job.Done || run.Done != 20 || run.Total != 20 || run.Counts["written"] != 20 {
		t.Errorf("the run: %+v", run)
	}
	s.says("10003", r+":first", r+":first:10101", r+":first:10104")
	if got := s.property("10101"); len(got) != 11 {
		t.Errorf("the issue that all are linked to says %v", got)
	}
	s.shows(s.managing(), "2026-11-27 12:00 UTC")
	if run := s.runs("Check"); run.Counts["same"] != 20 || len(run.Counts) != 1 {
		t.Errorf("a check after it counts %v", run.Counts)
	}
}

func TestACheckFindsDriftAndRepairsIt(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	s.at("10001").link("10101", "10102")
	s.settle()
	ctx := s.With(t.Context())
	if err := jira.SetProperty(ctx, "10101", propertyKey, []byte(`{"links": ["nonsense"]}`)); err != nil {
		t.Fatal(err)
	}
	if err := jira.DeleteProperty(ctx, "10102", propertyKey); err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"same": 1, "different": 1, "missing": 1}
	if diff := cmp.Diff(want, s.runs("Check").Counts); diff != "" {
		t.Errorf("a check (-want +got):\n%s", diff)
	}
	s.says("10101", "nonsense")
	want["written"] = 2
	if diff := cmp.Diff(want, s.runs("Check and repair").Counts); diff != "" {
		t.Errorf("a repair (-want +got):\n%s", diff)
	}
	s.says("10101", r+":second", r+":second:10001")
	s.says("10102", r+":second", r+":second:10001")
}

// A link that comes while a run writes the issue is never lost: whoever wrote last, the property holds the newest state in the end.
func TestALinkThatComesWhileTheIndexIsWrittenIsNotLost(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	s.at("10001").link("10101")
	late := true
	s.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
		if op != jira.OpSetProperties || !late {
			return nil, nil, false
		}
		late = false
		// Between the reading of links and the writing of the property somebody links one more, and their run is the faster one.
		page, err := store.List(s.With(t.Context()), store.Query{Type: markType})
		if err != nil {
			t.Error(err)
		}
		put := []store.Record{{Type: "link", Fields: map[string]string{"relation": r, "outward": "10001", "inward": "10102", "at": "2026-11-27T12:00:00Z"}}}
		if _, err := store.Write(s.With(t.Context()), store.Changes{Put: put, Delete: page.Records}); err != nil {
			t.Error(err)
		}
		return nil, nil, false
	}
	s.settle()
	s.says("10001", r+":first", r+":first:10101", r+":first:10102")
	if left := s.Records(markType); len(left) > 0 {
		t.Errorf("still marked: %v", left)
	}
}

func TestAnIssueWithMoreLinksThanJiraTakesSaysSo(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	var put []store.Record
	for i := range 1200 {
		put = append(put, store.Record{Type: "link", Fields: map[string]string{"relation": r, "outward": "10001", "inward": strconv.Itoa(20000 + i), "at": "2026-11-27T12:00:00Z"}})
	}
	for _, part := range [][]store.Record{put[:400], put[400:800], put[800:]} {
		if _, err := store.Write(s.With(t.Context()), store.Changes{Put: part}); err != nil {
			t.Fatal(err)
		}
	}
	index, err := indexOf(s.With(t.Context()), map[string]relation{r: {id: r, searchable: true}}, "10001")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(index)
	if err != nil || len(raw) > jira.MaxPropertyValue || len(raw) < jira.MaxPropertyValue-2048 || !index.More {
		t.Errorf("%d bytes, more: %v (%v)", len(raw), index.More, err)
	}
	if index.Links[0] != r+":first" {
		t.Errorf("it begins with %q", index.Links[0])
	}
}

func TestOnlyARelationOfOurOwnIsSearchable(t *testing.T) {
	s := newSite(t)
	_, err := s.Configure("relation", `{"name": "Blocks", "outward": "blocks", "inward": "is blocked by", "storage": "jira", "linkType": "10000", "searchable": true}`)
	if err == nil || !strings.Contains(err.Error(), "linkedIssues") {
		t.Errorf("the guard says %v", err)
	}
}

func TestAUserBeginsNoIndexRun(t *testing.T) {
	s := newSite(t)
	s.searchable()
	s.at("10001")
	s.Context.Module = "links"
	_, err := s.Action(sdk.Request{Name: "index", Params: map[string]string{"how": howWrite}})
	if sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("from a panel: %v", err)
	}
}
