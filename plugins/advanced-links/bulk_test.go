package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/service"
)

// pairs are links of a relation, written "10001-10101 10002-10102".
func pairs(relation, text string) []contract.Pair {
	var out []contract.Pair
	for _, word := range strings.Fields(text) {
		a, b, _ := strings.Cut(word, "-")
		out = append(out, contract.Pair{Relation: relation, First: a, Second: b})
	}
	return out
}

// whats has another plugin's job change links, and says what became of them.
func (s *site) whats(op string, question message) string {
	s.Helper()
	var out contract.Outcomes
	if err := s.Serve(service.Request{Name: "links", Op: op, Caller: "acme.other", Background: true}, question.MarshalMsg, out.UnmarshalMsg); err != nil {
		s.Fatal(err)
	}
	var words []string
	for _, o := range out.Outcomes {
		words = append(words, o.What)
	}
	return strings.Join(words, " ")
}

func (s *site) listed(q contract.PairsQuestion) string {
	s.Helper()
	var out contract.PairList
	if err := s.asks(contract.OpPairs, &q, &out); err != nil {
		s.Fatal(err)
	}
	var words []string
	for _, p := range out.Pairs {
		words = append(words, p.First+"-"+p.Second)
	}
	if out.Total > 0 {
		words = append(words, fmt.Sprintf("of %d", out.Total))
	}
	return strings.Join(words, " ")
}

func (s *site) linkedPairs() string {
	var words []string
	for _, r := range s.Records(linkType) {
		words = append(words, r.Fields["outward"]+"-"+r.Fields["inward"])
	}
	return strings.Join(words, " ")
}

func TestManyLinksAreMadeWithTheReasonOfThoseThatAreNot(t *testing.T) {
	s := newSite(t)
	id := s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 2}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
	s.at("10001").link("10101")
	s.May = func(permission, issue string) bool {
		return !(permission == jira.BrowseProjects && issue == "10105") && !(permission == jira.LinkIssues && issue == "10106")
	}
	list := pairs(id, "10001-10101 10001-10102 10001-10103 10002-10101 10002-10101 10002-10105 10002-10106 10002-10002 10101-10001 10002-777")
	list = append(list, pairs("none", "10001-10101")...)
	want := "there made maximum made there hidden rights self context hidden relation"
	if got := s.whats(contract.OpJoin, &contract.Joining{Pairs: list, Batch: 7, Check: true}); got != want {
		t.Errorf("checked:\n %s, want\n %s", got, want)
	}
	if got := s.linkedPairs(); got != "10001-10101" {
		t.Errorf("a check linked %s", got)
	}
	if got := s.whats(contract.OpJoin, &contract.Joining{Pairs: list, Batch: 7}); got != want {
		t.Errorf("done:\n %s, want\n %s", got, want)
	}
	if got, want := s.linkedPairs(), "10001-10101 10001-10102 10002-10101"; got != want {
		t.Errorf("links %s, want %s", got, want)
	}
	// A step that is done again finds what it made.
	if got := s.whats(contract.OpJoin, &contract.Joining{Pairs: list[:4], Batch: 7}); got != "there made maximum made" {
		t.Errorf("done again: %s", got)
	}
	if got := s.whats(contract.OpJoin, &contract.Joining{Pairs: list[:4], Batch: 8}); got != "there there maximum there" {
		t.Errorf("by another batch: %s", got)
	}
}

func TestABatchIsTakenBackButForWhatUsersChanged(t *testing.T) {
	s := newSite(t)
	id := s.relate()
	s.at("10001").link("10101")
	s.whats(contract.OpJoin, &contract.Joining{Pairs: pairs(id, "10001-10101 10001-10102 10001-10103 10002-10101"), Batch: 7})
	// A user removes one of them, and removes another and makes it again.
	end := contract.End{Relation: id, End: first}
	s.change(contract.OpUnlink, contract.Linking{End: end, IssueID: "10001", Others: []string{"10102", "10103"}})
	s.change(contract.OpLink, contract.Linking{End: end, IssueID: "10001", Others: []string{"10103"}})
	if got := s.listed(contract.PairsQuestion{Batch: 7}); got != "10002-10101 of 1" {
		t.Errorf("of the batch are left: %s", got)
	}
	all := pairs(id, "10001-10101 10001-10102 10001-10103 10002-10101")
	if got := s.whats(contract.OpPart, &contract.Parting{Pairs: all, Only: 7, Check: true}); got != "changed there changed made" {
		t.Errorf("checked: %s", got)
	}
	if got := s.whats(contract.OpPart, &contract.Parting{Pairs: all, Only: 7}); got != "changed there changed made" {
		t.Errorf("taken back: %s", got)
	}
	if got := s.linkedPairs(); got != "10001-10101 10001-10103" {
		t.Errorf("links %s", got)
	}
}

func TestWhatABatchRemovedIsMadeAgainAsItWas(t *testing.T) {
	s := newSite(t)
	id := s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 3}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
	s.at("10001").link("10101", "10102", "10103")
	before := s.Records(linkType)
	s.clock = s.clock.Add(time.Hour)
	s.Context.Account = "712020:22222222-2222-3333-4444-555555555555"
	all := pairs(id, "10001-10101 10001-10102 10001-10103")
	part := &contract.Parting{Pairs: all, Batch: 9}
	for _, time := range []string{"once", "again"} {
		if got := s.whats(contract.OpPart, part); got != "made made made" {
			t.Errorf("%s: %s", time, got)
		}
	}
	if got := s.listed(contract.PairsQuestion{Batch: 9, Removed: true, Limit: 2, After: &all[0]}); got != "10001-10102 10001-10103" {
		t.Errorf("removed by the batch: %s", got)
	}
	// Meanwhile somebody links anew, one of these and another one, so that a place is taken.
	s.change(contract.OpLink, contract.Linking{End: contract.End{Relation: id, End: first}, IssueID: "10001", Others: []string{"10103", "10104"}})
	if got := s.whats(contract.OpRestore, &contract.Restoring{Pairs: all, Batch: 8}); got != "changed changed there" {
		t.Errorf("of another batch: %s", got)
	}
	if got := s.whats(contract.OpRestore, &contract.Restoring{Pairs: all, Batch: 9}); got != "made maximum there" {
		t.Errorf("made again: %s", got)
	}
	after := s.Records(linkType)
	if diff := cmp.Diff(before[0].Fields, after[0].Fields); diff != "" {
		t.Errorf("the link is not as it was (-was +is):\n%s", diff)
	}
	if got := s.listed(contract.PairsQuestion{Batch: 9, Removed: true}); got != "10001-10102 of 1" {
		t.Errorf("still removed: %s", got)
	}
}

func TestLinksOfARelationAreListedPageByPage(t *testing.T) {
	s := newSite(t)
	id := s.relate()
	s.at("10001").link("10101", "10102")
	s.at("10002").link("10101")
	if got := s.listed(contract.PairsQuestion{Relation: id, Limit: 2}); got != "10001-10101 10001-10102 of 3" {
		t.Error(got)
	}
	if got := s.listed(contract.PairsQuestion{Relation: id, Limit: 2, After: &contract.Pair{Relation: id, First: "10001", Second: "10102"}}); got != "10002-10101" {
		t.Error(got)
	}
}

func TestManyLinksAreChangedForUsersWithinBoundsOnly(t *testing.T) {
	s := newSite(t)
	id := s.relate()
	for _, tt := range []struct {
		name, op string
		question message
		want     sdk.Code
	}{
		{"too many", contract.OpJoin, &contract.Joining{Pairs: make([]contract.Pair, contract.MostPairs+1)}, sdk.Invalid},
		{"none", contract.OpPart, &contract.Parting{}, sdk.Invalid},
		{"no id", contract.OpJoin, &contract.Joining{Pairs: pairs(id, "IT-1-10101")}, sdk.Invalid},
		{"no batch", contract.OpRestore, &contract.Restoring{Pairs: pairs(id, "10001-10101")}, sdk.Invalid},
		{"a list of everything", contract.OpPairs, &contract.PairsQuestion{}, sdk.Invalid},
		{"a relation that is gone", contract.OpPairs, &contract.PairsQuestion{Relation: "none"}, sdk.NotFound},
	} {
		var out contract.Outcomes
		if err := s.asks(tt.op, tt.question, &out); sdk.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	s.Context.Account = ""
	var out contract.Outcomes
	if err := s.asks(contract.OpJoin, &contract.Joining{Pairs: pairs(id, "10001-10101")}, &out); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("nobody links: %v", err)
	}
}

func TestRulesOfOtherPluginsBoundManyLinksAtBothEnds(t *testing.T) {
	s := newSite(t)
	id := s.relate()
	asked := map[string]int{}
	s.Services = map[string]sdk.Service{contract.DataLogic: service.Mux{contract.OpJudge: service.Handle(
		func(_ context.Context, _ *service.Request, q *contract.JudgeQuestion) (*contract.Judgement, error) {
			asked[q.End.End]++
			if q.End.End == first {
				return &contract.Judgement{}, nil
			}
			return &contract.Judgement{Governed: true, Issues: []jira.Issue{{ID: "10001"}}, Refused: []contract.Refusal{{IssueID: "10002", Message: "IT-2 is too old."}}}, nil
		})}}
	if got := s.whats(contract.OpJoin, &contract.Joining{Pairs: pairs(id, "10001-10101 10002-10101 10001-10102 10002-10102")}); got != "made rule made rule" {
		t.Error(got)
	}
	if asked[first] != 1 || asked[second] != 2 {
		t.Errorf("data logic was asked %v times", asked)
	}
}
