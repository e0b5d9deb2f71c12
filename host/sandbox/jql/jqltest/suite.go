package jqltest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/memory"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// Run checks the index that build makes of issues, once as it is and once without its Prober.
func Run[S plan.Set[S]](t *testing.T, build func([]memory.Issue) plan.Index[S]) {
	for seed := range uint64(8) {
		r := Random{rand.New(rand.NewPCG(seed, 2))}
		issues := r.Issues(25 * int(seed+1))
		ix := build(issues)
		for range 120 {
			q := r.Query()
			Check(t, ix, issues, q, r)
			Check[S](t, struct{ plan.Index[S] }{ix}, issues, q, r)
			if t.Failed() {
				t.Fatalf("with seed %d", seed)
			}
		}
	}
}

// Finder returns which of the visible issues a condition holds for, in their order.
type Finder func(visible []plan.ID, where plan.Node) []plan.ID

// RunFinder checks an index that has no orders.
func RunFinder(t *testing.T, build func([]memory.Issue) Finder) {
	for seed := range uint64(8) {
		r := Random{rand.New(rand.NewPCG(seed, 4))}
		issues := r.Issues(25 * int(seed+1))
		find := build(issues)
		for range 120 {
			q := r.Query()
			q.OrderBy = nil
			query, visible, want := r.ask(t, q, issues)
			if got := find(visible, query.Where); !slices.Equal(got, idsOf(want)) {
				t.Errorf("%s\nplan %+v\nfound %v\nwant  %v", q, query.Where, got, idsOf(want))
			}
			if t.Failed() {
				t.Fatalf("with seed %d", seed)
			}
		}
	}
}

// ask analyses a query, hides some of the issues, and tells which of the others it is to find.
func (r Random) ask(t *testing.T, q *syntax.Query, issues []memory.Issue) (query plan.Query, visible []plan.ID, want []memory.Issue) {
	t.Helper()
	query, messages := Analyzer().Analyze(q, analysis.Strict)
	if len(messages.Errors)+len(messages.Warnings) > 0 {
		t.Fatalf("%s: %q", q, messages)
	}
	for _, i := range issues {
		if r.IntN(10) == 0 {
			continue
		}
		visible = append(visible, i.ID)
		if Match(q.Where, i) {
			want = append(want, i)
		}
	}
	return query, visible, want
}

// Check compares what the index finds with what the reference does.
func Check[S plan.Set[S]](t *testing.T, ix plan.Index[S], issues []memory.Issue, q *syntax.Query, r Random) {
	t.Helper()
	query, visible, want := r.ask(t, q, issues)
	found := plan.Find(ix, ix.Of(visible), query.Where)
	if got, want := slices.Collect(found.All()), idsOf(want); !slices.Equal(got, want) || found.Len() != len(got) {
		t.Errorf("%s\nplan %+v\nfound %v (%d)\nwant  %v", q, query.Where, got, found.Len(), want)
		return
	}
	Sort(q, want)
	offset, limit := r.IntN(20), 1+r.IntN(20)
	got := plan.Page(ix, found, query.Order, offset, limit)
	ids := idsOf(want)
	ids = ids[min(offset, len(ids)):min(offset+limit, len(ids))]
	if !slices.Equal(got, ids) {
		t.Errorf("%s, %d from %d:\nfound %v\nwant  %v", q, limit, offset, got, ids)
	}
}

func idsOf(issues []memory.Issue) []plan.ID {
	var out []plan.ID
	for _, i := range issues {
		out = append(out, i.ID)
	}
	return out
}
