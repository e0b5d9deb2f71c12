package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/service"
)

func TestSidesWithoutARuleAreNotGoverned(t *testing.T) {
	s := newSite(t)
	s.rule("")
	other := relations.FindQuestion{Where: relations.Where{End: relations.End{Relation: supplies, End: relations.Second}, IssueID: "10001"}}
	if got := s.find(other); got.Governed || len(s.Searches()) > 0 {
		t.Errorf("%+v", got)
	}
	if got := s.judge(relations.JudgeQuestion{Where: other.Where, Others: []string{"10101"}}); got.Governed {
		t.Errorf("%+v", got)
	}
}

func TestARuleBoundsWhatIsFound(t *testing.T) {
	all := relations.FindQuestion{Contexts: relations.Contexts{{Projects: []string{"20"}, Types: []string{"3", "4"}}}, Clause: `summary ~ "a" OR key = "IT-1"`, Also: "id in (10101)", Order: "updated DESC", Fields: []string{"summary"}}
	for _, tt := range []struct {
		name, rule, want string
		q                relations.FindQuestion
	}{
		{"nothing but the end", ``, `NOT id in (10001)`, relations.FindQuestion{}},
		{
			"types, a query and what was typed", `, "types": ["4"], "jql": "city = {{issue.customfield_1}} OR id in {{link.` + supplies + `.first}}"`,
			`project in ("20") AND issuetype in ("3", "4") AND NOT id in (10001) AND issuetype in ("4") AND (city = "Berlin\" OR \"x" OR id in (10101, 10102)) AND (summary ~ "a" OR key = "IT-1") AND id in (10101) ORDER BY updated DESC`, all,
		},
		{"a saved filter", `, "filter": "10400"`, `NOT id in (10001) AND filter = 10400 ORDER BY updated DESC`, relations.FindQuestion{Order: "updated DESC"}},
		{"a condition that is left out", `, "empty": "drop", "jql": "a = {{issue.none}} AND b = 1 ORDER BY c"`, `NOT id in (10001) AND b = 1`, relations.FindQuestion{}},
		{"the user, also where another account searches", `, "user": "` + searching + `", "jql": "owner = currentUser()"`, `NOT id in (10001) AND owner = "712020:11111111-2222-3333-4444-555555555555"`, relations.FindQuestion{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.links[supplies+" first 10001"] = []string{"10101", "10102"}
			s.rule(tt.rule)
			got := s.find(tt.q)
			asked := s.asked()
			if diff := cmp.Diff(tt.want, asked.JQL); diff != "" || !got.Governed || got.Nothing != "" {
				t.Errorf("%+v (-want +got):\n%s", got, diff)
			}
			if strings.Contains(tt.rule, searching) != (asked.As == searching) {
				t.Errorf("searched as %q", asked.As)
			}
		})
	}
}

// What another plugin hands over is a condition, and cannot reach beyond.
func TestClausesOfOthersCannotWidenARule(t *testing.T) {
	s := newSite(t)
	s.rule(`, "jql": "b = 1"`)
	for _, clause := range []string{`a = 1) OR (c = 2`, `a = 1 ORDER BY c) OR (b = 2`, `"`, `a = 1 OR`} {
		for _, q := range []relations.FindQuestion{{Clause: clause}, {Also: clause}, {Order: clause}} {
			q.Where = s.where()
			err := s.Serve(service.Request{Name: "logic", Op: relations.OpFind}, q.MarshalMsg, nil)
			if sdk.CodeOf(err) != sdk.Invalid || len(s.Searches()) != 1 { // the guard's own
				t.Errorf("%+v: %v, %v", q, err, s.Searches())
			}
		}
	}
	s.find(relations.FindQuestion{Clause: "a = 1 OR c = 2", Also: "d = 3 OR e = 4"})
	if want := `NOT id in (10001) AND b = 1 AND (a = 1 OR c = 2) AND (d = 3 OR e = 4)`; s.asked().JQL != want {
		t.Errorf("%s, want %s", s.asked().JQL, want)
	}
}

func TestAVariableWithoutAValueAllowsNothing(t *testing.T) {
	s := newSite(t)
	s.rule(`, "jql": "a = {{issue.none}}", "hint": "Choose a city first.", "outOfScope": "drop"`)
	before := len(s.Searches())
	if got := s.find(relations.FindQuestion{}); got.Nothing != "Choose a city first." || len(got.Issues) > 0 {
		t.Errorf("%+v", got)
	}
	if got := s.judge(relations.JudgeQuestion{Others: []string{"10101"}}); refusals(got.Refused) != "10101: Choose a city first." || len(got.Issues) > 0 {
		t.Errorf("%+v", got)
	}
	if got := s.stale("10101"); len(got) > 0 {
		t.Errorf("stale: %v; a variable without a value says nothing of what was linked", got)
	}
	if len(s.Searches()) != before {
		t.Errorf("%v", s.Searches())
	}
}

func TestJudgesWhatARuleAllows(t *testing.T) {
	s := newSite(t)
	s.rule(`, "jql": "b = 1"`)
	s.finds("10101")
	s.May = func(_, id string) bool { return id != "10103" }
	got := s.judge(relations.JudgeQuestion{Others: []string{"10101", "10102", "10103", "10101", "1 OR 1"}, Also: "c = 1"})
	want := "10102: IT-2 cannot be linked here: a rule of this relation allows others only.\n" +
		"10103: One of these issues is not there any more, or it cannot be linked here. Pick again.\n" +
		"1 OR 1: One of these issues is not there any more, or it cannot be linked here. Pick again."
	if diff := cmp.Diff(want, refusals(got.Refused)); diff != "" || ids(got.Issues) != "10101" || !got.Governed || got.ByRule {
		t.Errorf("%+v (-want +got):\n%s", got, diff)
	}
	if want := `id in (10101, 10102, 10103) AND NOT id in (10001) AND b = 1 AND c = 1`; s.asked().JQL != want {
		t.Errorf("%s", s.asked().JQL)
	}
}

// The searching user sees and links what the user does not see; what it may not link itself is refused.
func TestTheSearchingUserLinks(t *testing.T) {
	s := newSite(t)
	s.rule(`, "user": "` + searching + `"`)
	s.May = func(permission, id string) bool { return permission != jira.BrowseProjects || id == "10001" }
	s.Accounts[searching] = func(permission, id string) bool { return permission != jira.LinkIssues || id != "10102" }
	s.finds("10101", "10102")
	if got := s.find(relations.FindQuestion{Fields: []string{"summary"}}); ids(got.Issues) != "10101 10102" {
		t.Errorf("%+v", got)
	}
	got := s.judge(relations.JudgeQuestion{Others: []string{"10101", "10102", "10103"}})
	if ids(got.Issues) != "10101" || !got.ByRule || !strings.Contains(refusals(got.Refused), "10102: IT-2 cannot be linked: the account that links") || strings.Contains(refusals(got.Refused), "IT-3") {
		t.Errorf("%+v", got)
	}
}

// On the customer portal the searching user can take the customer's place at the issue at hand, too, where it may link that.
func TestTheSearchingUserLinksTheIssueAtHandWhereItMay(t *testing.T) {
	for _, tt := range []struct {
		name, user     string
		asked, may, is bool
	}{
		{"it may", searching, true, true, true},
		{"it may not", searching, true, false, false},
		{"nobody asked", searching, false, true, false},
		{"the rule names no account", "", true, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.rule(`, "empty": "nothing", "jql": "a = {{issue.customfield_9}}", "user": "` + tt.user + `"`)
			s.Accounts[searching] = func(permission, id string) bool { return permission != jira.LinkIssues || id == "10001" && tt.may }
			if got := s.judge(relations.JudgeQuestion{Here: tt.asked}); got.HereByRule != tt.is || !got.Governed {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Of a request customers read no field but its summary, and a rule that needs another one does not open more by leaving it out.
func TestARuleThatReadsWhatCustomersMayNotAllowsNothing(t *testing.T) {
	s := newSite(t)
	s.rule(`, "jql": "a = {{issue.customfield_1}}", "empty": "drop"`)
	s.finds("10101")
	s.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
		return nil, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Field: "fields", Message: "customers may see no other field"}, op == jira.OpIssue
	}
	if got := s.find(relations.FindQuestion{}); len(got.Issues) > 0 || !strings.Contains(got.Nothing, "a field that customers cannot read") {
		t.Errorf("%+v", got)
	}
	if got := s.judge(relations.JudgeQuestion{Others: []string{"10101"}}); len(got.Issues) > 0 || len(got.Refused) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestARuleThatDoesNotWorkAllowsNothing(t *testing.T) {
	refused := func(s *site) {
		s.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
			return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "Jira's own words"}, op == jira.OpSearch
		}
	}
	for _, tt := range []struct {
		name, rule   string
		change       func(*site)
		words, signs string
	}{
		{"an account that is closed", `, "user": "` + searching + `"`, func(s *site) { delete(s.Accounts, searching) }, "the account by whose rights the rule searches is closed", "rule.account_closed"},
		{"a permission that is not granted", `, "user": "` + searching + `"`, func(s *site) { delete(s.Grants, "jira:search-as") }, "may not search by the rights of its account", "rule.account_refused"},
		{"a filter that is deleted", `, "filter": "10400"`, refused, "the saved filter of the rule is gone", "rule.filter_refused"},
		{"a query that Jira does not take any more", `, "jql": "b = 1"`, refused, "Jira does not take the query", "rule.query_refused"},
		{"a relation that is gone", `, "jql": "id in {{link.` + supplies + `.second}}"`, func(s *site) { s.gone[supplies] = true }, "depends on what is not there any more", "rule.relation_gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.rule(tt.rule + `, "outOfScope": "drop"`)
			tt.change(s)
			if got := s.find(relations.FindQuestion{}); !got.Governed || len(got.Issues) > 0 || !strings.Contains(got.Nothing, tt.words) {
				t.Errorf("find: %+v", got)
			}
			if got := s.judge(relations.JudgeQuestion{Others: []string{"10101", "10102"}}); !got.Governed || len(got.Issues) > 0 || strings.Count(refusals(got.Refused), tt.words) != 2 {
				t.Errorf("judge: %+v", got)
			}
			if got := s.stale("10101"); len(got) > 0 {
				t.Errorf("stale: %v", got)
			}
			if !s.logged(tt.signs) {
				t.Errorf("the log has no %s", tt.signs)
			}
		})
	}
}

// What passes by itself is an error, and whoever asks has to refuse.
func TestAnErrorThatPassesIsNoAnswer(t *testing.T) {
	s := newSite(t)
	s.rule("")
	s.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
		return nil, &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "Too many requests.", RetryAfter: 3}, op == jira.OpSearch
	}
	for op, q := range map[string]interface {
		MarshalMsg([]byte) ([]byte, error)
	}{relations.OpFind: &relations.FindQuestion{Where: s.where()}, relations.OpJudge: &relations.JudgeQuestion{Where: s.where(), Others: []string{"10101"}}} {
		if err := s.Serve(service.Request{Name: "logic", Op: op}, q.MarshalMsg, nil); sdk.CodeOf(err) != sdk.Exhausted {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestLinksThatARuleDoesNotAllowAreDroppedWhereItSaysSo(t *testing.T) {
	s := newSite(t)
	id := s.rule(`, "jql": "b = 1"`)
	s.finds("10101")
	s.May = func(_, issue string) bool { return issue != "10103" } // what the user does not see is in doubt, and stays
	if got := s.stale("10101", "10102", "10103"); len(got) > 0 {
		t.Errorf("links are kept: %v", got)
	}
	if err := s.Reconfigure("rule", id, `{"name": "x", "relation": "`+supplies+`", "end": "first", "jql": "b = 1", "outOfScope": "drop"}`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"10102"}, s.stale("10101", "10102", "10103")); diff != "" || !s.logged("rule.stale") {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPresetsAreWhatCanBeCreated(t *testing.T) {
	s := newSite(t)
	s.rule(`, "presets": [{"project": "10", "type": "3"}, {"project": "20", "type": "4"}]`)
	q, got := relations.PresetsQuestion{Where: s.where()}, relations.PresetList{}
	if err := s.Serve(service.Request{Name: "logic", Op: relations.OpPresets}, q.MarshalMsg, got.UnmarshalMsg); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]relations.Preset{{ProjectID: "10", IssueTypeID: "3"}, {ProjectID: "20", IssueTypeID: "4"}}, got.Presets); diff != "" {
		t.Error(diff)
	}
}
