package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

func TestDataLogicSaysWhatIsOffered(t *testing.T) {
	s, r := newSite(t), &rules{scope: contract.Scope{Clause: `id in (10102, 10103)`}}
	id := s.relate()
	r.found = contract.Findings{Governed: true, Issues: []jira.Issue{s.issue("10102"), s.issue("10001")}, More: true}
	r.look = contract.Look{Governed: true, Search: []string{"customfield_10010"}, Order: "summary"}
	s.with(r)
	got, err := s.Type(s.at("10001").opened(), "add", "issues", "mia", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Choices) != 1 || got.Choices[0].Value != "10102" || !got.More {
		t.Errorf("%+v", got)
	}
	want := contract.FindQuestion{
		Where: contract.Where{End: contract.End{Relation: id, End: first}, IssueID: "10001"}, Contexts: contract.Contexts{{Types: []string{employee}}},
		Clause: `(summary ~ "mia" OR summary ~ "mia*") OR (cf[10010] ~ "mia" OR cf[10010] ~ "mia*")`, Also: `id in (10102, 10103)`, Order: "summary ASC", Fields: []string{"summary", "status", "issuetype"}, Limit: offered,
	}
	if diff := cmp.Diff(want, r.finds[len(r.finds)-1], cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("question (-want +got):\n%s", diff)
	}
}

func TestWithoutARuleThePluginSearchesWithinTheScope(t *testing.T) {
	s, r := newSite(t), &rules{scope: contract.Scope{Clause: `id in (10102) OR id in (10103)`}}
	s.relate()
	s.with(r)
	if _, err := s.Type(s.at("10001").opened(), "add", "issues", "", nil); err != nil {
		t.Fatal(err)
	}
	all := s.Searches()
	want := `(NOT id in (10001) AND issuetype in ("10002")) AND (id in (10102) OR id in (10103)) ORDER BY updated DESC`
	if diff := cmp.Diff(want, all[len(all)-1].JQL); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}

func TestAScopeThatLeavesNothingSaysWhy(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate()
	s.with(r)
	page := s.at("10001").opened()
	r.scope.Nothing = "Choose a company first."
	got, err := s.Type(page, "add", "issues", "", nil)
	if err != nil || got.Empty != "Choose a company first." || len(got.Choices) != 0 {
		t.Errorf("%+v %v", got, err)
	}
	again, err := s.SubmitAll(page, "add", map[string][]string{"issues": {"10101"}})
	if err != nil {
		t.Fatal(err)
	}
	s.shows(again, "Choose a company first.")
	if n := len(s.Records("link")); n != 0 {
		t.Errorf("%d links", n)
	}
}

func TestChoicesShowWhatTheAdminChose(t *testing.T) {
	s, r := newSite(t), &rules{look: contract.Look{Governed: true, Fields: []string{"customfield_1", "customfield_2", "customfield_3"}, HideIcon: true, HideStatus: true}}
	s.relate()
	i := s.issue("10101")
	i.Fields = map[string]jira.Value{"summary": {Text: "Mia"}, "status": {Text: "Active"}, "customfield_1": {Text: "Berlin"}, "customfield_3": {Text: "Sales"}}
	r.found = contract.Findings{Governed: true, Issues: []jira.Issue{i}}
	s.with(r)
	got, err := s.Type(s.at("10001").opened(), "add", "issues", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]view.Choice{{Value: "10101", Label: "HR-1 Mia", Description: "Berlin · Sales"}}, got.Choices); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for hidden, want := range map[bool]view.Choice{ // the status is said once
		false: {Value: "10101", Label: "HR-1 Mia", Description: "Berlin", Lozenge: "Active"}, true: {Value: "10101", Label: "HR-1 Mia", Description: "Active · Berlin"},
	} {
		look := contract.Look{Governed: true, Fields: []string{"status", "customfield_1"}, HideIcon: true, HideStatus: hidden}
		if diff := cmp.Diff(want, choiceOf(&i, &look)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestDataLogicJudgesWhatIsLinked(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate()
	s.with(r)
	for _, tt := range []struct {
		name, want string
		judged     contract.Judgement
		may        bool
		links      int
	}{
		{"refused", "HR-1 is archived.", contract.Judgement{Governed: true, Refused: []contract.Refusal{{IssueID: "10101", Message: "HR-1 is archived."}}}, true, 0},
		{"nothing said", gone, contract.Judgement{Governed: true}, true, 0},
		{"an answer about another issue", gone, contract.Judgement{Governed: true, Issues: []jira.Issue{s.issue("10102")}}, true, 0},
		{"without the right there", "You may not link HR-1", contract.Judgement{Governed: true, Issues: []jira.Issue{s.issue("10101")}}, false, 0},
		{"in the name of the rule", "HR-1 is linked", contract.Judgement{Governed: true, Issues: []jira.Issue{s.issue("10101")}, ByRule: true}, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.judged = tt.judged
			s.May = func(permission, id string) bool { return tt.may || permission != jira.LinkIssues || id == "10001" }
			s.shows(s.at("10001").link("10101"), tt.want)
			if n := len(s.Records("link")); n != tt.links {
				t.Errorf("%d links", n)
			}
		})
	}
}

func TestTheScopeCountsWhereNoRuleIs(t *testing.T) {
	s, r := newSite(t), &rules{scope: contract.Scope{Clause: "id in (10102)"}}
	s.relate()
	s.with(r)
	s.Match = func(query string, i *jira.Issue) bool {
		return i.ID == "10102" && strings.HasSuffix(query, "AND (id in (10102))")
	}
	s.shows(s.at("10001").link("10101"), "HR-1 cannot be linked here: it does not belong")
	s.shows(s.at("10001").link("10102"), "HR-2 is linked")
}

func TestLinksThatNoRuleAllowsAnyMoreAreDropped(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate()
	s.with(r)
	s.at("10001").link("10101", "10102", "10103")
	r.stale.IssueIDs = []string{"10102", "10103", "10109"} // the last one is not linked
	s.May = func(permission, id string) bool { return permission != jira.BrowseProjects || id != "10103" }
	page := s.link("10104")
	s.shows(page, "HR-4 is linked", "Removed with it", "HR-2, 1 more that you may not see.", "HR-1")
	s.hides(page, "HR-3")
	var left []string
	for _, l := range s.Records("link") {
		left = append(left, l.Fields["inward"])
	}
	if diff := cmp.Diff([]string{"10101", "10104"}, left); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A service that is there and cannot answer leaves open what it would have said.
func TestAServiceThatCannotAnswerLinksNothing(t *testing.T) {
	s, r := newSite(t), &rules{}
	id := s.relate()
	s.with(r)
	s.at("10001")
	r.broken = &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "The saved filter is gone. Ask an admin."}
	broken := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "The saved filter is gone.") {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := s.Action(sdk.Request{Name: "add", State: []byte(id + "-first"), Form: map[string][]string{"issues": {"10101"}}})
	broken("link", err)
	_, err = s.Suggest(sdk.Request{Name: "issues", State: []byte(id + "-first"), Params: map[string]string{"field": "issues"}})
	broken("offer", err)
	_, err = s.View(sdkRequest("panel"))
	broken("draw", err)
	broken("another plugin", s.asks(contract.OpLink, &contract.Linking{End: contract.End{Relation: id, End: first}, IssueID: "10001", Others: []string{"10101"}}, &contract.LinkOutcome{}))
	if n := len(s.Records("link")); n != 0 {
		t.Errorf("%d links", n)
	}
}

func TestTheIssueViewDrawsAllSidesAtOnce(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate()
	other, err := s.Configure("relation", `{"name": "Backup", "outward": "is backed up by", "inward": "backs up"}`)
	if err != nil {
		t.Fatal(err)
	}
	s.at("10001").link("10101", "10102")
	r.draw = func(d *contract.Drawing) *contract.Drawn {
		out := &contract.Drawn{Parts: make([]contract.DrawnPart, len(d.Parts))}
		out.Parts[0] = contract.DrawnPart{Governed: true, Position: 9, Collapsed: true, NoAdd: true, Blocks: []view.Block{view.P("a table")}}
		return out
	}
	s.with(r)
	before := len(s.Calls())
	page := s.panel()
	if len(r.drawn) != 1 || len(r.drawn[0].Parts) != 3 {
		t.Fatalf("%+v", r.drawn)
	}
	if q := r.drawn[0].Parts[0]; q.Label != "is used by" || len(q.Others) != 2 || q.Remove == nil || q.Remove.Params["side"] == "" || q.Call.View != "panel" {
		t.Errorf("%+v", q)
	}
	for _, op := range s.Calls()[before:] {
		if op == jira.OpIssues {
			t.Error("issues that others draw were read")
		}
	}
	// The part that an admin put behind the others, folded and without a way to add.
	if last := page.Blocks[2].Section; last.Title != "is used by" || !last.Collapsed || len(last.Blocks) != 1 {
		t.Errorf("%+v", last)
	}
	if got := page.Blocks[0].Section; got.Title != "is backed up by" {
		t.Errorf("%s of %s", got.Title, other)
	}
	if _, err := s.View(sdk.Request{Name: "panel", Params: map[string]string{"side": r.drawn[0].Parts[0].Call.Params["side"], "page": "3", "sort": "-status"}}); err != nil {
		t.Fatal(err)
	}
	if q := r.drawn[1].Parts[0]; q.Page != 3 || q.Sort != "-status" {
		t.Errorf("page %d, sorted by %s", q.Page, q.Sort)
	}
}

// A form that was opened before an admin switched adding off, or that a program sends.
func TestWhatAnAdminSwitchedOffIsRefused(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate()
	s.IssueTypes, s.Projects = []jira.IssueType{{ID: employee, Name: "Employee"}}, []jira.Project{{ID: "20", Key: "HR"}}
	s.at("10001")
	key := s.panel().Blocks[0].Section.Blocks[1].Buttons.Buttons[0].Params["add"]
	for _, off := range []bool{true, false} {
		r.draw = func(d *contract.Drawing) *contract.Drawn {
			return &contract.Drawn{Parts: slices.Repeat([]contract.DrawnPart{{Governed: true, NoAdd: off, NoCreate: off}}, len(d.Parts))}
		}
		r.presets.Presets = []contract.Preset{{ProjectID: "20", IssueTypeID: employee}}
		s.with(r)
		before := len(s.Issues)
		for name, form := range map[string]map[string][]string{"add": {"issues": {"10101"}}, "create": {"summary": {"Eve"}}} {
			if _, err := s.Action(sdk.Request{Name: name, State: []byte(key), Form: form}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		links, made := 2, 1
		if off {
			links, made = 0, 0
		}
		if n, m := len(s.Records("link")), len(s.Issues)-before; n != links || m != made {
			t.Errorf("switched off %v: %d links, %d new issues; want %d and %d", off, n, m, links, made)
		}
	}
}

func TestTheIssueViewGetsAThousandLinksOfASide(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate()
	key := ""
	for i := range 1100 {
		s.have(jira.Issue{ID: strconv.Itoa(20001 + i), Key: "HR-" + strconv.Itoa(101+i), ProjectID: "20", IssueTypeID: employee, Fields: map[string]jira.Value{"summary": {Text: "Employee"}}})
	}
	s.at("10001")
	key = s.panel().Blocks[0].Section.Blocks[1].Buttons.Buttons[0].Params["add"]
	for from := 0; from < 1100; from += mostPicked {
		var ids []string
		for i := range mostPicked {
			ids = append(ids, strconv.Itoa(20001+from+i))
		}
		if _, err := s.Action(sdk.Request{Name: "add", State: []byte(key), Form: map[string][]string{"issues": ids}}); err != nil {
			t.Fatal(err)
		}
	}
	s.with(r)
	s.panel()
	last := r.drawn[len(r.drawn)-1].Parts[0]
	if len(r.drawn) != 2 || len(last.Others) != contract.MostPerIssue || !last.More {
		t.Errorf("asked %d times, at last with %d links, more %v", len(r.drawn), len(last.Others), last.More)
	}
}

func TestAnIssueIsCreatedAndLinkedAtOnce(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate()
	s.IssueTypes = []jira.IssueType{{ID: laptop, Name: "Laptop"}, {ID: employee, Name: "Employee"}}
	s.Projects = []jira.Project{{ID: "20", Key: "HR"}}
	r.presets.Presets = []contract.Preset{{ProjectID: "20", IssueTypeID: employee}, {ProjectID: "20", IssueTypeID: laptop}}
	s.with(r)
	page, err := s.Press(s.at("10001").opened(), "Create an issue")
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Submit(page, "create", map[string]string{"preset": "20-" + employee, "summary": "  "})
	if err != nil {
		t.Fatal(err)
	}
	s.shows(again, "Write what the issue is about.")
	for _, tt := range []struct{ preset, want string }{{"20-99", "Choose what to create."}, {"", "Choose what to create."}} {
		again, err := s.Action(sdk.Request{Name: "create", State: formOf(page, "create").State, Form: map[string][]string{"preset": {tt.preset}, "summary": {"Typed before"}}})
		if err != nil {
			t.Fatal(err)
		}
		s.shows(again, tt.want, "Typed before")
	}
	done, err := s.Submit(page, "create", map[string]string{"preset": "20-" + employee, "summary": "Mia Lang"})
	if err != nil {
		t.Fatal(err)
	}
	s.shows(done, "is created and linked", "Mia Lang")
	if n := len(s.Records("link")); n != 1 {
		t.Errorf("%d links", n)
	}
}

func TestNothingIsCreatedThatCouldNotBeLinked(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 1}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
	s.IssueTypes = []jira.IssueType{{ID: employee, Name: "Employee"}}
	s.Projects = []jira.Project{{ID: "20", Key: "HR"}}
	r.presets.Presets = []contract.Preset{{ProjectID: "20", IssueTypeID: employee}}
	s.with(r)
	page, err := s.Press(s.at("10001").opened(), "Create an issue")
	if err != nil {
		t.Fatal(err)
	}
	form := formOf(page, "create")
	send := func() {
		t.Helper()
		before := len(s.Issues)
		_, err := s.Action(sdk.Request{Name: "create", State: form.State, Form: map[string][]string{"summary": {"Mia"}}})
		if err != nil && sdk.CodeOf(err) != sdk.PermissionDenied {
			t.Error(err)
		}
		if len(s.Issues) != before {
			t.Error("an issue was created")
		}
	}
	for _, missing := range []string{jira.LinkIssues, jira.CreateIssues} {
		s.May = func(permission, _ string) bool { return permission != missing }
		send()
	}
	s.May = nil
	s.Context.Account = ""
	send()
	s.Context.Account = "712020:11111111-2222-3333-4444-555555555555"
	r.judged = contract.Judgement{}
	s.at("10001").link("10101") // the one place is taken
	send()
}

func TestWhatJiraRefusesToCreateKeepsWhatWasTyped(t *testing.T) {
	s, r := newSite(t), &rules{}
	s.relate()
	s.IssueTypes = []jira.IssueType{{ID: employee, Name: "Employee"}}
	s.Projects = []jira.Project{{ID: "20", Key: "HR"}}
	r.presets.Presets = []contract.Preset{{ProjectID: "20", IssueTypeID: employee}}
	s.with(r)
	page, err := s.Press(s.at("10001").opened(), "Create an issue")
	if err != nil {
		t.Fatal(err)
	}
	if f := formOf(page, "create").Fields; len(f) != 1 || f[0].Help != "Type of the new issue: Employee." {
		t.Errorf("the form does not say what is created: %+v", f)
	}
	s.Answer = answerOf(jira.OpCreate, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Field: "customfield_7", Message: "Department is required."})
	again, err := s.Submit(page, "create", map[string]string{"summary": "Mia Lang"})
	if err != nil {
		t.Fatal(err)
	}
	s.shows(again, "Department is required.", "Mia Lang")
	if len(s.Records("link")) != 0 {
		t.Error("something is linked")
	}
}
