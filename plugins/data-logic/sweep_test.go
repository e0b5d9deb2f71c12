package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

// ledger is the links of supplies as advanced links keep them, and those that a batch removed.
type ledger struct {
	links   []relations.Pair
	removed map[relations.Pair]int64
	refuses map[relations.Pair]string
	killed  int // after how many changes the answer is lost, once
}

func (s *site) ledger(pairs ...string) *ledger {
	l := &ledger{removed: map[relations.Pair]int64{}, refuses: map[relations.Pair]string{}}
	for _, text := range pairs {
		first, second, _ := strings.Cut(text, "-")
		l.links = append(l.links, relations.Pair{Relation: supplies, First: first, Second: second})
	}
	mux := s.Services[relations.Links].(service.Mux)
	mux[relations.OpPairs] = service.Handle(func(_ context.Context, _ *service.Request, q *relations.PairsQuestion) (*relations.PairList, error) {
		all, out := l.links, &relations.PairList{}
		if q.Removed {
			all = nil
			for p, batch := range l.removed {
				if batch == q.Batch {
					all = append(all, p)
				}
			}
		}
		all = slices.Clone(all)
		slices.SortFunc(all, compare)
		if q.After == nil {
			out.Total = len(all)
		}
		for _, p := range all {
			if q.After != nil && compare(p, *q.After) <= 0 {
				continue
			}
			if len(out.Pairs) == cmp.Or(q.Limit, relations.MostListed) {
				out.More = true
				break
			}
			out.Pairs = append(out.Pairs, p)
		}
		return out, nil
	})
	mux[relations.OpPart] = service.Handle(func(_ context.Context, r *service.Request, q *relations.Parting) (*relations.Outcomes, error) {
		return l.change(r, q.Pairs, func(p relations.Pair) string {
			if n := slices.Index(l.links, p); n >= 0 {
				l.links, l.removed[p] = slices.Delete(l.links, n, n+1), q.Batch
			}
			return relations.Made
		})
	})
	mux[relations.OpRestore] = service.Handle(func(_ context.Context, r *service.Request, q *relations.Restoring) (*relations.Outcomes, error) {
		return l.change(r, q.Pairs, func(p relations.Pair) string {
			delete(l.removed, p)
			if slices.Contains(l.links, p) {
				return relations.Nothing
			}
			l.links = append(l.links, p)
			return relations.Made
		})
	})
	return l
}

func (l *ledger) change(r *service.Request, pairs []relations.Pair, do func(relations.Pair) string) (*relations.Outcomes, error) {
	if r.Context.Account == "" || len(pairs) > relations.MostPairs {
		return nil, sdk.Errorf(sdk.Invalid, "%d links of %q", len(pairs), r.Context.Account)
	}
	out := &relations.Outcomes{}
	for _, p := range pairs {
		what := l.refuses[p]
		if what == "" {
			what = do(p)
		}
		out.Outcomes = append(out.Outcomes, relations.Outcome{What: what})
	}
	if l.killed > 0 {
		if l.killed--; l.killed == 0 {
			return nil, sdk.Errorf(sdk.Unavailable, "the host is killed")
		}
	}
	return out, nil
}

func compare(a, b relations.Pair) int {
	return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Second, b.Second))
}

func (l *ledger) text() string {
	slices.SortFunc(l.links, compare)
	var out []string
	for _, p := range l.links {
		out = append(out, p.First+"-"+p.Second)
	}
	return strings.Join(out, " ")
}

// begin has the admin begin a run from the page, and does all of it. An error is met by another try.
func (s *site) begin(action, param, id string) string {
	s.Helper()
	s.Context.Module = "rules"
	if _, err := s.Action(sdk.Request{Name: action, Params: map[string]string{param: id}}); err != nil {
		s.Fatal(err)
	}
	if err := s.WorkAll(); err != nil {
		s.Fatal(err)
	}
	runs := s.Runs()
	var out []string
	for name, n := range runs[len(runs)-1].Counts {
		if n > 0 {
			out = append(out, fmt.Sprintf("%s %d", name, n))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestASweepRemovesWhatARuleDoesNotAllowAndCanBeTakenBack(t *testing.T) {
	for _, tt := range []struct{ name, more, end string }{
		{"one query for all", `, "jql": "project = IT"`, "first"},
		{"a query for each issue", `, "jql": "project = IT AND text ~ {{issue.key}}"`, "first"},
		{"seen from the other end", `, "jql": "project = IT"`, "second"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			// 10102 is what the rule does not allow; 10103 is hidden.
			links := []string{"10001-10101", "10001-10102", "10001-10103"}
			if tt.end == "second" {
				for n, l := range links {
					first, second, _ := strings.Cut(l, "-")
					links[n] = second + "-" + first
				}
			}
			l := s.ledger(links...)
			s.finds("10101", "10103")
			s.May = func(permission, id string) bool { return permission != jira.BrowseProjects || id != "10103" }
			id, err := s.Configure("rule", `{"name": "Suppliers", "relation": "`+supplies+`", "end": "`+tt.end+`", "outOfScope": "drop"`+tt.more+`}`)
			if err != nil {
				t.Fatal(err)
			}
			before := l.text()
			if got := s.begin("survey", "rule", id); got != "allowed 1, out 1, unsure 1" || l.text() != before {
				t.Errorf("counted: %s, links %s", got, l.text())
			}
			if got := s.begin("sweep", "rule", id); got != "allowed 1, removed 1, unsure 1" || strings.Contains(l.text(), "10102") || len(l.links) != 2 {
				t.Errorf("swept: %s, links %s", got, l.text())
			}
			run := s.Runs()[1]
			s.clock = time.UnixMilli(run.Created).Add(time.Hour)
			page, err := s.View(sdk.Request{Name: "undo"})
			if err != nil || !strings.Contains(sdktest.Text(page), "| 1 | (Take back)") {
				t.Errorf("the page does not offer to take it back: %v", err)
			}
			if got := s.begin("restore", "run", run.ID); got != "restored 1" || l.text() != before {
				t.Errorf("taken back: %s, links %s", got, l.text())
			}
			page, err = s.View(sdk.Request{Name: "undo"})
			if err != nil || strings.Contains(sdktest.Text(page), "(Take back)") {
				t.Errorf("the page offers again to take it back: %v", err)
			}
			if _, err := s.Action(sdk.Request{Name: "restore", Params: map[string]string{"run": run.ID}}); sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "already") {
				t.Errorf("a second time: %v", err)
			}
			s.clock = s.clock.Add(30 * 24 * time.Hour)
			if _, err := s.Action(sdk.Request{Name: "restore", Params: map[string]string{"run": run.ID}}); sdk.CodeOf(err) != sdk.Invalid {
				t.Errorf("after a month: %v", err)
			}
		})
	}
}

func TestASweepGoesThroughManyLinksOverAKill(t *testing.T) {
	s := newSite(t)
	var links []string
	for n := range 120 {
		id := fmt.Sprint(20_000 + n)
		s.Issues = append(s.Issues, jira.Issue{ID: id, Key: "OLD-" + id})
		links = append(links, "10001-"+id)
	}
	l := s.ledger(links...)
	l.killed = 3
	s.finds()
	id := s.rule(`, "outOfScope": "drop"`)
	s.Context.Module = "rules"
	if _, err := s.Action(sdk.Request{Name: "sweep", Params: map[string]string{"rule": id}}); err != nil {
		t.Fatal(err)
	}
	for killed := false; ; killed = true {
		err := s.WorkAll()
		if err == nil {
			if !killed {
				t.Error("nothing was killed")
			}
			break
		}
		if err := s.retry(s.Runs()[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	if r := s.Runs()[0]; l.text() != "" || r.Counts["removed"] != 120 || r.Total != 120 {
		t.Errorf("links %s; %+v", l.text(), r)
	}
}

func TestWhatCannotBeJudgedStaysLinked(t *testing.T) {
	for _, tt := range []struct {
		name, more, want string
		code             sdk.Code
		spoil            func(*site)
	}{
		{"a variable has no value", `, "jql": "project = {{issue.customfield_9}}"`, "unsure 1", "", func(*site) {}},
		{"whoever began it may not link", `, "jql": "project = IT"`, "refused 1", "", func(s *site) {
			s.ledger("10001-10101").refuses[relations.Pair{Relation: supplies, First: "10001", Second: "10101"}] = relations.ByRights
		}},
		{"Jira refuses the query", `, "jql": "project = IT"`, "", sdk.Invalid, func(s *site) { s.Answer = refused }},
		{"the rule was changed", `, "jql": "project = IT"`, "", sdk.Invalid, func(s *site) {
			if err := s.Reconfigure("rule", s.changed, `{"name": "S", "relation": "`+supplies+`", "end": "first", "outOfScope": "drop"}`); err != nil {
				s.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			l := s.ledger("10001-10101")
			s.finds("10001")
			s.Match = func(string, *jira.Issue) bool { return false }
			s.changed = s.rule(`, "outOfScope": "drop"` + tt.more)
			s.Context.Module = "rules"
			if _, err := s.Action(sdk.Request{Name: "sweep", Params: map[string]string{"rule": s.changed}}); err != nil {
				t.Fatal(err)
			}
			tt.spoil(s)
			if err := s.WorkAll(); sdk.CodeOf(err) != tt.code {
				t.Errorf("%v, want %s", err, tt.code)
			}
			if got := fmt.Sprint(s.Runs()[0].Counts); tt.want != "" && !strings.Contains(got, strings.Replace(tt.want, " ", ":", 1)) || l.text() != "10001-10101" {
				t.Errorf("%s, want %s; links %s", got, tt.want, l.text())
			}
		})
	}
}

func TestARuleThatKeepsLinksIsNotSwept(t *testing.T) {
	s := newSite(t)
	s.ledger("10001-10101")
	id := s.rule("")
	s.Context.Module = "rules"
	if _, err := s.Action(sdk.Request{Name: "sweep", Params: map[string]string{"rule": id}}); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("%v", err)
	}
}
