package memory_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/jql/jqltest"
	"github.com/pergola-platform/pergola/host/sandbox/jql/memory"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
)

func build(issues []memory.Issue) plan.Index[memory.Set] { return memory.New(slices.Values(issues)) }

func TestIndexPassesTheSuite(t *testing.T) { jqltest.Run(t, build) }

func FuzzPlannerAgainstReference(f *testing.F) {
	r := jqltest.Random{Rand: rand.New(rand.NewPCG(7, 7))}
	issues := r.Issues(150)
	ix := build(issues)
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := jqltest.Random{Rand: rand.New(rand.NewPCG(seed, 3))}
		jqltest.Check(t, ix, issues, r.Query(), r)
	})
}

func TestSetsAgreeWithMaps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	random := func() (memory.Set, map[plan.ID]bool) {
		var ids []plan.ID
		m := map[plan.ID]bool{}
		gap := []int{1, 3, 500}[r.IntN(3)]
		for id := plan.ID(r.IntN(50)); len(ids) < r.IntN(300); id += plan.ID(1 + r.IntN(gap)) {
			ids, m[id] = append(ids, id), true
		}
		return (&memory.Index{}).Of(ids), m
	}
	for range 100 {
		a, am := random()
		b, bm := random()
		for name, op := range map[string]struct {
			got  memory.Set
			want func(x, y bool) bool
		}{
			"and":    {a.And(b), func(x, y bool) bool { return x && y }},
			"or":     {a.Or(b), func(x, y bool) bool { return x || y }},
			"andnot": {a.AndNot(b), func(x, y bool) bool { return x && !y }},
		} {
			var want []plan.ID
			both := maps.Clone(am)
			maps.Copy(both, bm)
			for _, id := range slices.Sorted(maps.Keys(both)) {
				if op.want(am[id], bm[id]) {
					want = append(want, id)
				}
			}
			got := slices.Collect(op.got.All())
			back := slices.Collect(op.got.Backward())
			slices.Reverse(back)
			if !slices.Equal(got, want) || !slices.Equal(back, want) || op.got.Len() != len(want) {
				t.Fatalf("%s of %v and %v is %v", name, am, bm, got)
			}
			for _, id := range want {
				if !op.got.Contains(id) {
					t.Fatalf("%s lacks %d", name, id)
				}
			}
		}
	}
}
