package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/service"
)

type message interface {
	MarshalMsg([]byte) ([]byte, error)
	UnmarshalMsg([]byte) ([]byte, error)
}

// asks has another plugin ask for something.
func (s *site) asks(op string, question, answer message) error {
	return s.Serve(service.Request{Name: "links", Op: op, Caller: "acme.other"}, question.MarshalMsg, answer.UnmarshalMsg)
}

func (s *site) change(op string, l contract.Linking) *contract.LinkOutcome {
	s.Helper()
	var out contract.LinkOutcome
	if err := s.asks(op, &l, &out); err != nil {
		s.Fatal(err)
	}
	return &out
}

func TestOtherPluginsLearnTheSidesOfAnIssue(t *testing.T) {
	s := newSite(t)
	id := s.relate(`{"name": "Laptop", "color": "teal", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 3}, "second": {"contexts": [{"types": ["` + employee + `"]}], "show": false}}`)
	from := contract.Side{End: contract.End{Relation: id, End: first}, Name: "Laptop", Label: "is used by", Color: "teal", Contexts: contract.Contexts{{Types: []string{employee}}}, Most: 3}
	to := contract.Side{End: contract.End{Relation: id, End: second}, Name: "Laptop", Label: "uses", Color: "teal", Contexts: contract.Contexts{{Types: []string{laptop}}}}
	for _, tt := range []struct {
		name, issue string
		want        []contract.Side
	}{
		{"where it shows", "10001", []contract.Side{from}},
		{"where it does not", "10101", nil},
		{"all", "", []contract.Side{from, to}},
	} {
		var got contract.SideList
		if err := s.asks(contract.OpSides, &contract.SidesQuestion{IssueID: tt.issue}, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got.Sides, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestOtherPluginsReadTheLinksOfManyIssues(t *testing.T) {
	s := newSite(t)
	end := contract.End{Relation: s.relate(), End: first}
	s.at("10001").link("10101", "10102", "10103")
	s.at("10002").link("10102")
	var got contract.LinkedList
	if err := s.asks(contract.OpLinked, &contract.LinkedQuestion{End: end, IssueIDs: []string{"10002", "10001", "10003"}, Limit: 2}, &got); err != nil {
		t.Fatal(err)
	}
	want := []contract.Linked{{IssueID: "10002", Others: []string{"10102"}}, {IssueID: "10001", Others: []string{"10101", "10102"}, More: true}, {IssueID: "10003"}}
	if len(got.Issues) != len(want) {
		t.Fatalf("%+v", got.Issues)
	}
	for i, w := range want {
		if g := got.Issues[i]; g.IssueID != w.IssueID || !slices.Equal(g.Others, w.Others) || g.More != w.More {
			t.Errorf("%d: %+v, want %+v", i, g, w)
		}
	}
	for _, q := range []contract.LinkedQuestion{
		{End: end, IssueIDs: make([]string, contract.MostLinked+1)},
		{End: end, IssueIDs: []string{"10001"}, Limit: contract.MostPerIssue + 1},
		{End: end, IssueIDs: []string{"10001", "10002"}, Cursor: "x"},
		{End: contract.End{Relation: end.Relation, End: "third"}, IssueIDs: []string{"10001"}},
	} {
		if err := s.asks(contract.OpLinked, &q, &contract.LinkedList{}); err == nil {
			t.Errorf("%d issues, limit %d, cursor %q, end %q were answered", len(q.IssueIDs), q.Limit, q.Cursor, q.End.End)
		}
	}
}

func TestTheLinksOfOneIssueArePaged(t *testing.T) {
	s := newSite(t)
	end := contract.End{Relation: s.relate(), End: first}
	s.at("10001").link("10101", "10102", "10103", "10104", "10105")
	var got []string
	q := contract.LinkedQuestion{End: end, IssueIDs: []string{"10001"}, Limit: 2}
	for range 3 {
		var page contract.LinkedList
		if err := s.asks(contract.OpLinked, &q, &page); err != nil {
			t.Fatal(err)
		}
		got, q.Cursor = append(got, page.Issues[0].Others...), page.Next
	}
	if diff := cmp.Diff([]string{"10101", "10102", "10103", "10104", "10105"}, got); diff != "" || q.Cursor != "" {
		t.Errorf("then %q (-want +got):\n%s", q.Cursor, diff)
	}
}

func TestAnotherPluginLinksAsTheUserCould(t *testing.T) {
	s := newSite(t)
	id := s.relate(`{"name": "n", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 2}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
	s.May = func(permission, issue string) bool { return permission != jira.LinkIssues || issue != "10104" }
	l := contract.Linking{End: contract.End{Relation: id, End: first}, IssueID: "10001", Others: []string{"10001", "10002", "999", "10104", "10101", "10102", "10103"}}
	out := s.change(contract.OpLink, l)
	refused := map[string]string{}
	for _, r := range out.Refused {
		refused[r.IssueID] = r.Message
	}
	want := map[string]string{
		"10001": "An issue cannot be linked to itself.", "10002": "IT-2 cannot be linked here: the relation is for issues of other projects or types.", "999": gone,
		"10104": "You may not link HR-4. Ask an admin of its project for the permission Link issues.",
		"10103": "“is used by” takes 2 issues at most. Remove one of them first.",
	}
	if diff := cmp.Diff(want, refused); diff != "" || out.Changed != 2 {
		t.Errorf("%d changed, refused (-want +got):\n%s", out.Changed, diff)
	}
	l.Others = []string{"10101"}
	if again := s.change(contract.OpLink, l); again.Changed != 0 || len(again.Refused) != 0 {
		t.Errorf("what is linked already: %+v", again)
	}
	l.IssueID = "10105"
	if err := s.asks(contract.OpLink, &l, &contract.LinkOutcome{}); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("an issue where the relation is not: %v", err)
	}
}

func TestAnotherPluginUnlinksAsTheUserCould(t *testing.T) {
	s := newSite(t)
	id := s.relate()
	s.at("10001").link("10101", "10102")
	s.May = func(permission, issue string) bool { return permission != jira.LinkIssues || issue != "10102" }
	out := s.change(contract.OpUnlink, contract.Linking{End: contract.End{Relation: id, End: second}, IssueID: "10101", Others: []string{"10001", "10002"}})
	if out.Changed != 1 || len(out.Refused) != 0 {
		t.Errorf("from the other end: %+v", out)
	}
	out = s.change(contract.OpUnlink, contract.Linking{End: contract.End{Relation: id, End: first}, IssueID: "10001", Others: []string{"10102"}})
	if out.Changed != 0 || len(out.Refused) != 1 {
		t.Errorf("without the right: %+v", out)
	}
	if n := len(s.Records("link")); n != 1 {
		t.Errorf("%d links", n)
	}
}

func TestNothingIsLinkedForNobody(t *testing.T) {
	s := newSite(t)
	l := contract.Linking{End: contract.End{Relation: s.relate(), End: first}, IssueID: "10001", Others: []string{"10101"}}
	s.at("10001").link("10102")
	s.Context.Account, s.Background = "", true
	for _, op := range []string{contract.OpLink, contract.OpUnlink} {
		if err := s.asks(op, &l, &contract.LinkOutcome{}); sdk.CodeOf(err) != sdk.PermissionDenied {
			t.Errorf("%s: %v", op, err)
		}
	}
	var got contract.LinkedList
	if err := s.asks(contract.OpLinked, &contract.LinkedQuestion{End: l.End, IssueIDs: []string{"10001"}}, &got); err != nil || len(got.Issues[0].Others) != 1 {
		t.Errorf("links are ids, and read after an event too: %v %v", got, err)
	}
}

func TestLinksOfJirasOwnAreToldAndChangedAlike(t *testing.T) {
	s := newSite(t)
	id, err := s.Configure("relation", `{"name": "n", "outward": "blocks", "inward": "is blocked by", "storage": "jira", "linkType": "10000"}`)
	if err != nil {
		t.Fatal(err)
	}
	s.LinkTypes = []jira.LinkType{{ID: "10000", Name: "Blocks", Outward: "blocks", Inward: "is blocked by"}}
	l := contract.Linking{End: contract.End{Relation: id, End: second}, IssueID: "10001", Others: []string{"10101", "10102"}}
	if out := s.change(contract.OpLink, l); out.Changed != 2 || len(out.Refused) != 0 {
		t.Fatalf("%+v", out)
	}
	l.Others = []string{"10102"}
	if out := s.change(contract.OpUnlink, l); out.Changed != 1 {
		t.Errorf("%+v", out)
	}
	var got contract.LinkedList
	if err := s.asks(contract.OpLinked, &contract.LinkedQuestion{End: contract.End{Relation: id, End: first}, IssueIDs: []string{"10101"}}, &got); err != nil || !slices.Equal(got.Issues[0].Others, []string{"10001"}) {
		t.Errorf("%+v %v", got.Issues, err)
	}
}
