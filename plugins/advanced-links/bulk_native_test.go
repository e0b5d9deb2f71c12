package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// inJira are the links of Jira's own, written as [pairs] reads them.
func (s *site) inJira() string {
	var out []string
	for _, l := range s.Links {
		out = append(out, l.FromID+"-"+l.ToID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// nativeRelation is the id of the one relation, which is kept as links of Jira's own.
func (s *site) nativeRelation(most string) string {
	s.Helper()
	s.natively(most)
	all, err := s.relations()
	if err != nil || len(all) != 1 {
		s.Fatal(all, err)
	}
	return all[0]
}

// relations are the ids of all relations, as another plugin is told of them.
func (s *site) relations() ([]string, error) {
	var out contract.SideList
	err := s.asks(contract.OpSides, &contract.SidesQuestion{}, &out)
	var ids []string
	for _, side := range out.Sides {
		if !slices.Contains(ids, side.Relation) {
			ids = append(ids, side.Relation)
		}
	}
	return ids, err
}

// nativeLink has somebody link in Jira.
func (s *site) nativeLink(text string) {
	for _, p := range pairs("", text) {
		s.Links = append(s.Links, jira.IssueLink{ID: strconv.Itoa(50_000 + len(s.Links)), TypeID: "10000", FromID: p.First, ToID: p.Second})
	}
}

func TestManyLinksOfJirasOwnAreMadeWithinTheSameBounds(t *testing.T) {
	s := newSite(t)
	id := s.nativeRelation(`, "most": 2`)
	s.nativeLink("10001-10101")
	s.May = func(permission, issue string) bool {
		return !(permission == jira.BrowseProjects && issue == "10105") && !(permission == jira.LinkIssues && issue == "10106")
	}
	list := pairs(id, "10001-10101 10001-10102 10001-10103 10002-10101 10002-10101 10002-10105 10002-10106 10002-10002 10101-10001")
	want := "there made maximum made there hidden rights self context"
	for _, check := range []bool{true, false} {
		if got := s.whats(contract.OpJoin, &contract.Joining{Pairs: list, Batch: 7, Check: check}); got != want {
			t.Errorf("check %v:\n %s, want\n %s", check, got, want)
		}
	}
	if got, want := s.inJira(), "10001-10101 10001-10102 10002-10101"; got != want || len(s.Records(linkType)) != 0 {
		t.Errorf("in Jira are %s, want %s", got, want)
	}
	if got := s.whats(contract.OpJoin, &contract.Joining{Pairs: list[:4], Batch: 7}); got != "there made maximum made" {
		t.Errorf("done again: %s", got)
	}
	if got := s.listed(contract.PairsQuestion{Batch: 7}); got != "10001-10102 10002-10101 of 2" {
		t.Errorf("made by the batch: %s", got)
	}
	// What a dry run said of other pairs counts.
	taken := []contract.Taken{{End: contract.End{Relation: id, End: first}, IssueID: "10002", Links: 1}}
	if got := s.whats(contract.OpJoin, &contract.Joining{Pairs: pairs(id, "10002-10102"), Check: true, Taken: taken}); got != "maximum" {
		t.Errorf("with what was said before: %s", got)
	}
}

func TestABatchOfJirasOwnIsTakenBackButForWhatUsersChanged(t *testing.T) {
	s := newSite(t)
	id := s.nativeRelation("")
	s.nativeLink("10001-10101")
	all := pairs(id, "10001-10101 10001-10102 10001-10103 10002-10101")
	s.whats(contract.OpJoin, &contract.Joining{Pairs: all, Batch: 7})
	// In Jira somebody removes one, and removes another and makes it again.
	s.Links = slices.DeleteFunc(s.Links, func(l jira.IssueLink) bool { return l.ToID == "10102" || l.ToID == "10103" })
	s.nativeLink("10001-10103")
	if got := s.whats(contract.OpPart, &contract.Parting{Pairs: all, Only: 7, Check: true}); got != "changed there changed made" {
		t.Errorf("checked: %s", got)
	}
	if got := s.whats(contract.OpPart, &contract.Parting{Pairs: all, Only: 7}); got != "changed there changed made" {
		t.Errorf("taken back: %s", got)
	}
	if got := s.inJira(); got != "10001-10101 10001-10103" {
		t.Errorf("in Jira are %s", got)
	}
	if n := len(s.Records(joinedType)); n != 1 { // of the one that was made again, until its time is over
		t.Errorf("%d links are remembered", n)
	}
}

func TestWhatABatchRemovedInJiraIsMadeAgain(t *testing.T) {
	s := newSite(t)
	id := s.nativeRelation(`, "most": 3`)
	s.nativeLink("10001-10101 10001-10102 10001-10103")
	all := pairs(id, "10001-10101 10001-10102 10001-10103")
	if got := s.whats(contract.OpPart, &contract.Parting{Pairs: all, Batch: 9, Check: true}); got != "made made made" || len(s.Links) != 3 {
		t.Errorf("checked: %s, %d links", got, len(s.Links))
	}
	for _, time := range []string{"once", "again"} {
		if got := s.whats(contract.OpPart, &contract.Parting{Pairs: all, Batch: 9}); got != "made made made" || len(s.Links) != 0 {
			t.Errorf("%s: %s, %d links", time, got, len(s.Links))
		}
	}
	if got := s.listed(contract.PairsQuestion{Batch: 9, Removed: true}); got != "10001-10101 10001-10102 10001-10103 of 3" {
		t.Errorf("removed by the batch: %s", got)
	}
	s.nativeLink("10001-10104")
	if got := s.whats(contract.OpRestore, &contract.Restoring{Pairs: all, Batch: 8}); got != "changed changed changed" {
		t.Errorf("of another batch: %s", got)
	}
	if got := s.whats(contract.OpRestore, &contract.Restoring{Pairs: all, Batch: 9}); got != "made made maximum" {
		t.Errorf("made again: %s", got)
	}
	if got := s.inJira(); got != "10001-10101 10001-10102 10001-10104" {
		t.Errorf("in Jira are %s", got)
	}
}

// A change that is cut off between two links is done again: nothing is there twice, and what was made is still the batch's.
func TestAChangeInJiraThatIsCutOffIsDoneAgain(t *testing.T) {
	s := newSite(t)
	id := s.nativeRelation("")
	all := pairs(id, "10001-10101 10001-10102 10001-10103")
	cut := func(op string) {
		n := 0
		s.Answer = func(asked string, _ []byte) (msgp.Marshaler, error, bool) {
			if asked == op {
				n++
			}
			if n == 2 {
				s.Answer = nil
				return nil, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: "the host is killed"}, true
			}
			return nil, nil, false
		}
	}
	for _, step := range []struct {
		op, jira, left string
		question       message
	}{
		{contract.OpJoin, jira.OpLink, "10001-10101 10001-10102 10001-10103", &contract.Joining{Pairs: all, Batch: 7}},
		{contract.OpPart, jira.OpUnlink, "", &contract.Parting{Pairs: all, Batch: 9}},
		{contract.OpRestore, jira.OpLink, "10001-10101 10001-10102 10001-10103", &contract.Restoring{Pairs: all, Batch: 9}},
	} {
		cut(step.jira)
		var out contract.Outcomes
		if err := s.asks(step.op, step.question, &out); sdk.CodeOf(err) != sdk.Unavailable || len(s.Links) == 0 || len(s.Links) == 3 {
			t.Fatalf("%s: %v, %d links", step.op, err, len(s.Links))
		}
		if got := s.whats(step.op, step.question); got != "made made made" || s.inJira() != step.left {
			t.Errorf("%s: %s; in Jira are %s", step.op, got, s.inJira())
		}
	}
	if n := len(s.Records(removedType)); n != 0 {
		t.Errorf("%d are said to be removed", n)
	}
}

var (
	inProject = regexp.MustCompile(`project = "(\d+)"`)
	notIn     = regexp.MustCompile(`project not in \(([^)]*)\)`)
	behindKey = regexp.MustCompile(`key > "[A-Z0-9]+-(\d+)"`)
)

// walkable has searches find what a walk asks for.
func (s *site) walkable() {
	s.Match = func(q string, i *jira.Issue) bool {
		_, number, _ := strings.Cut(i.Key, "-")
		n, _ := strconv.Atoi(number)
		if m := behindKey.FindStringSubmatch(q); m != nil {
			if than, _ := strconv.Atoi(m[1]); n <= than {
				return false
			}
		}
		if m := inProject.FindStringSubmatch(q); m != nil && m[1] != i.ProjectID {
			return false
		}
		m := notIn.FindStringSubmatch(q)
		return m == nil || !strings.Contains(m[1], `"`+i.ProjectID+`"`)
	}
}

// walked lists all links by questions for so many, each asked twice as after a kill.
func (s *site) walked(q contract.PairsQuestion) string {
	s.Helper()
	var words []string
	for n := 0; ; n++ {
		var page, again contract.PairList
		if err := s.asks(contract.OpPairs, &q, &page); err != nil {
			s.Fatal(err)
		}
		if err := s.asks(contract.OpPairs, &q, &again); err != nil || !slices.Equal(page.Pairs, again.Pairs) {
			s.Fatalf("asked again: %+v, and first %+v; %v", again, page, err)
		}
		for _, p := range page.Pairs {
			words = append(words, p.First+"-"+p.Second)
		}
		if q.After = page.Behind(); q.After == nil {
			return strings.Join(words, " ")
		}
		if n > 100 {
			s.Fatalf("there is no end: %v", words)
		}
	}
}

func TestLinksOfJirasOwnAreListedThroughAllProjects(t *testing.T) {
	const all = "10001-10101 10001-10102 10001-10103 10003-10101 10020-10101 10021-10102"
	for _, tt := range []struct {
		limit int
		seen  string
		want  string
	}{
		{1, "", all}, {2, "", all}, {3, first, all}, {500, "", all},
		{2, second, "10001-10101 10003-10101 10020-10101 10001-10102 10021-10102 10001-10103"},
	} {
		s := newSite(t)
		for n, project := range []string{"30", "31"} {
			s.have(jira.Issue{ID: strconv.Itoa(10020 + n), Key: "P" + strconv.Itoa(n) + "-1", ProjectID: project, IssueTypeID: laptop})
		}
		s.walkable()
		id := s.nativeRelation("")
		s.nativeLink("10001-10102 10001-10101 10001-10103 10003-10101 10020-10101 10021-10102 10101-10004")
		s.Links = append(s.Links, jira.IssueLink{ID: "777", TypeID: "2", FromID: "10002", ToID: "10102"})
		s.Links = slices.DeleteFunc(s.Links, func(l jira.IssueLink) bool { return l.FromID == "10101" })
		if got := s.walked(contract.PairsQuestion{Relation: id, Walk: 5, Seen: tt.seen, Limit: tt.limit}); got != tt.want {
			t.Errorf("%d at a time, seen from %q:\n %s, want\n %s", tt.limit, tt.seen, got, tt.want)
		}
	}
}

// The issue at which a list stands is moved to a project that it is through with, or deleted: nothing is left out.
func TestAListOfJirasOwnLinksStandsOnNoIssueThatIsGone(t *testing.T) {
	s := newSite(t)
	s.walkable()
	id := s.nativeRelation("")
	s.nativeLink("10001-10101 10002-10101 10003-10101 10004-10101")
	q := contract.PairsQuestion{Relation: id, Walk: 5, Limit: 2}
	var page contract.PairList
	if err := s.asks(contract.OpPairs, &q, &page); err != nil || len(page.Pairs) != 2 {
		t.Fatal(page, err)
	}
	for i := range s.Issues {
		if s.Issues[i].ID == "10002" {
			s.Issues[i].ProjectID = "40"
		}
	}
	q.After = page.Behind()
	if got := s.walked(q); got != "10001-10101 10003-10101 10004-10101 10002-10101" {
		t.Error(got)
	}
}

func TestAListOfJirasOwnLinksIsBounded(t *testing.T) {
	s := newSite(t)
	id := s.nativeRelation("")
	for _, q := range []contract.PairsQuestion{{Relation: id}, {Relation: id, Walk: -1}, {Relation: id, Walk: 1, Seen: "third"}} {
		if err := s.asks(contract.OpPairs, &q, &contract.PairList{}); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	var page contract.PairList
	if err := s.asks(contract.OpPairs, &contract.PairsQuestion{Relation: id, Walk: 1, Scope: "labels = x OR labels = y"}, &page); err != nil {
		t.Fatal(err)
	}
	searches := s.Searches()
	if q := searches[len(searches)-1].JQL; !strings.Contains(q, "(labels = x OR labels = y) AND ") || !strings.Contains(q, `issueLinkType = "uses"`) {
		t.Errorf("asked %s", q)
	}
}
