package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/view"
)

const price = "customfield_10001"

var uses = relations.End{Relation: "r1", End: relations.First}

// site is a Jira site with the plugin: laptops from 10001 on, each dearer by one than the one before.
type testSite struct {
	*sdktest.Host
	*testing.T
}

func newTestSite(t *testing.T, n int) testSite {
	s := testSite{sdktest.Load(t, newPlugin(), "plugin.json"), t}
	s.Fields = []jira.Field{
		{ID: "summary", Name: "Summary", Type: "string"}, {ID: "status", Name: "Status", Type: "status"}, {ID: price, Name: "Price", Type: "number", Custom: true},
	}
	for i := range n {
		s.Issues = append(s.Issues, jira.Issue{
			ID: strconv.Itoa(10001 + i), Key: fmt.Sprint("IT-", i+1), ProjectID: "10", IssueTypeID: "1", Fields: map[string]jira.Value{
				"summary": {Text: fmt.Sprint("Laptop ", i+1)}, "status": {Text: "In use", Kind: jira.StatusValue, Category: jira.StatusInProgress},
				price: {Text: strconv.Itoa(i + 1), Kind: jira.NumberValue},
			},
		})
	}
	return s
}

func (s testSite) configure(values string) {
	s.Helper()
	if _, err := s.Configure(viewType, values); err != nil {
		s.Fatal(err)
	}
}

func (s testSite) draw(in relations.Drawing) *relations.Drawn {
	s.Helper()
	var out relations.Drawn
	if err := s.Serve(service.Request{Name: "view", Op: relations.OpDraw, Caller: "pergola.links"}, in.MarshalMsg, out.UnmarshalMsg); err != nil {
		s.Fatal(err)
	}
	return &out
}

// part links an issue to the first n laptops behind the one that asks.
func part(e relations.End, n int) relations.Part {
	p := relations.Part{
		End: e, Label: "uses", Call: view.Call{View: "panel", Params: map[string]string{"side": "x"}},
		Remove: &view.Button{Label: "Remove", Action: "remove", Params: map[string]string{"side": "x"}}, Refs: map[string]string{"10002": "link-7"},
	}
	for i := range n {
		p.Others = append(p.Others, strconv.Itoa(10002+i))
	}
	return p
}

// text is what a user reads of the parts, in a page of the plugin that asked.
func (s testSite) text(d *relations.Drawn) string {
	s.Helper()
	caller := &sdk.Plugin{Views: map[string]sdk.View{"panel": sdk.ViewFunc(nil)}, Actions: map[string]sdk.Action{"remove": sdk.ActionFunc(nil)}}
	page := &view.Page{Title: "page"}
	for _, p := range d.Parts {
		page.Blocks = append(page.Blocks, view.Block{Section: &view.Section{Title: "part", Blocks: p.Blocks}})
	}
	if wrong := sdktest.Check(caller, page); len(wrong) > 0 {
		s.Error(wrong)
	}
	return sdktest.Text(page)
}

func (s testSite) shows(d *relations.Drawn, want ...string) {
	s.Helper()
	text := s.text(d)
	for _, w := range want {
		if !strings.Contains(text, w) {
			s.Errorf("no %q in\n%s", w, text)
		}
	}
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, newPlugin()) }

func TestAnEndThatNobodyWroteOfIsLeftToTheCaller(t *testing.T) {
	s := newTestSite(t, 3)
	got := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 2)}})
	if diff := cmp.Diff(&relations.Drawn{Parts: []relations.DrawnPart{{}}}, got); diff != "" {
		t.Error(diff)
	}
	for _, op := range s.Calls() {
		if strings.HasPrefix(op, "jira.") {
			t.Errorf("it asks Jira for nothing: %s", op)
		}
	}
}

func TestATableHasTheColumnsAndSumsOfTheAdmin(t *testing.T) {
	s := newTestSite(t, 40)
	s.configure(`{"name": "v", "relation": "r1", "end": "first", "columns": ["summary", "` + price + `"], "sums": ["` + price + `"], "sort": [{"field": "` + price + `", "descending": true}], "pageSize": 5, "position": 3, "collapsed": true, "allowAdd": false}`)
	got := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 30)}})
	p := got.Parts[0]
	if !p.Governed || p.Position != 3 || !p.Collapsed || !p.NoAdd || p.NoCreate || p.Seen != 30 {
		t.Errorf("%+v", p)
	}
	table := p.Blocks[0].Table
	if first, rows := table.Rows[0].Cells[0].Spans[0].Text, len(table.Rows); first != "IT-31" || rows != 5 {
		t.Errorf("%d rows from %s on", rows, first)
	}
	s.shows(got, "Price", "495", "page 1 of 6, 30 in all") // 2 + … + 31
}

func TestSortingAndPagesAreThoseTheUserAsksFor(t *testing.T) {
	s := newTestSite(t, 40)
	s.configure(`{"name": "v", "relation": "r1", "end": "first", "columns": ["` + price + `"], "pageSize": 5}`)
	in := part(uses, 30)
	in.Page, in.Sort = 2, "-"+price
	table := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{in}}).Parts[0].Blocks[0].Table
	if got := table.Rows[0].Cells[0].Spans[0].Text; got != "IT-26" {
		t.Errorf("the second page begins with %s", got)
	}
	if diff := cmp.Diff(map[string]string{"side": "x", "sort": price}, table.Columns[1].Sort.Params); diff != "" {
		t.Error(diff)
	}
}

func TestWhatTheUserMayNotSeeIsCountedAndNotSummed(t *testing.T) {
	s := newTestSite(t, 10)
	s.configure(`{"name": "v", "relation": "r1", "end": "first", "sums": ["` + price + `"], "style": "list"}`)
	s.May = func(permission, id string) bool { return id != "10003" && id != "10004" }
	got := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 4)}})
	s.shows(got, "IT-2", "IT-5", "Sum of Price: 7", "2 more that you may not see, and that the sums leave out.")
	if text := s.text(got); strings.Contains(text, "IT-3") || strings.Contains(text, "Laptop 4") || strings.Contains(text, "10003") {
		t.Errorf("it discloses what is hidden:\n%s", text)
	}
	if got.Parts[0].Seen != 2 {
		t.Errorf("%d are seen", got.Parts[0].Seen)
	}
}

func TestAllPartsAreReadTogether(t *testing.T) {
	s := newTestSite(t, 260)
	back := relations.End{Relation: "r1", End: relations.Second}
	s.configure(`{"name": "a", "relation": "r1", "end": "first"}`)
	s.configure(`{"name": "b", "relation": "r1", "end": "second", "style": "compact", "columns": ["` + price + `"]}`)
	got := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 150), part(relations.End{Relation: "r2", End: relations.First}, 250), part(back, 200)}})
	reads := 0
	for _, op := range s.Calls() {
		if op == jira.OpIssues {
			reads++
		}
	}
	if reads != 2 || got.Parts[0].Seen != 150 || got.Parts[1].Governed || got.Parts[2].Seen != 200 {
		t.Errorf("%d requests for 200 issues; %d and %d seen", reads, got.Parts[0].Seen, got.Parts[2].Seen)
	}
}

func TestLinksAreRemovedOnlyWhereUserAndAdminLet(t *testing.T) {
	s := newTestSite(t, 10)
	s.configure(`{"name": "a", "relation": "r1", "end": "first", "style": "list"}`)
	s.configure(`{"name": "b", "relation": "r2", "end": "first", "style": "list", "allowRemove": false}`)
	closed := part(relations.End{Relation: "r3", End: relations.First}, 2)
	closed.Remove = nil
	s.configure(`{"name": "c", "relation": "r3", "end": "first", "style": "list"}`)
	got := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 2), part(relations.End{Relation: "r2", End: relations.First}, 2), closed}})
	b := got.Parts[0].Blocks[0].List.Items[0].Buttons
	want := []view.Button{{Label: "Remove", Action: "remove", Params: map[string]string{"side": "x", "issue": "10002", "ref": "link-7"}}}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Error(diff)
	}
	for _, p := range got.Parts[1:] {
		if b := p.Blocks[0].List.Items[0].Buttons; len(b) > 0 {
			t.Errorf("buttons %v", b)
		}
	}
}

func TestAGraphIsDrawnAroundTheIssue(t *testing.T) {
	s := newTestSite(t, 10)
	s.configure(`{"name": "a", "relation": "r1", "end": "first", "style": "graph", "sums": ["` + price + `"]}`)
	got := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 2)}})
	s.shows(got, "* IT-1", "IT-1 - uses -> IT-2", "2 issues", "Sum of Price: 5")
	empty := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 0)}})
	if p := empty.Parts[0]; !p.Governed || len(p.Blocks) > 0 {
		t.Errorf("nothing is linked, and yet it draws %v", p.Blocks)
	}
}

func TestAGraphOfManySaysThatItIsCut(t *testing.T) {
	s := newTestSite(t, 300)
	s.configure(`{"name": "a", "relation": "r1", "end": "first", "style": "graph"}`)
	got := s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 250)}})
	if n := len(got.Parts[0].Blocks[0].Graph.Nodes); n != mostNodes {
		t.Errorf("%d nodes", n)
	}
	s.shows(got, "250 issues", "There are yet others")
}

func TestFieldsThatAreGoneBreakNothing(t *testing.T) {
	s := newTestSite(t, 10)
	s.configure(`{"name": "a", "relation": "r1", "end": "first", "columns": ["summary", "customfield_99"], "sums": ["customfield_98"], "sort": [{"field": "customfield_97"}]}`)
	s.shows(s.draw(relations.Drawing{IssueID: "10001", Parts: []relations.Part{part(uses, 2)}}), "IT-2", "IT-3")
}

func TestTheGuardRefusesWhatCannotBe(t *testing.T) {
	s := newTestSite(t, 1)
	s.configure(`{"name": "Laptops", "relation": "r1", "end": "first"}`)
	for values, want := range map[string]string{
		`{"name": "b", "relation": "r1", "end": "first"}`:                       "“Laptops” is the view of this end already",
		`{"name": "b", "relation": "r1", "end": "second", "sums": ["summary"]}`: "Summary does not hold numbers",
	} {
		if _, err := s.Configure(viewType, values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", values, err, want)
		}
	}
}
