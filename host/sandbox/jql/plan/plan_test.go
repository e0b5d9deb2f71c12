package plan_test

import (
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pergola-platform/pergola/host/sandbox/jql/memory"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
)

func TestSimplifyMergesWhatOneLookUpCanAnswer(t *testing.T) {
	a, b := plan.Exists{Field: "a"}, plan.Exists{Field: "b"}
	equal := func(values ...string) plan.Node { return plan.Equal{Field: "f", Values: values} }
	between := func(low, high float64) plan.Node { return plan.Range{Field: "r", Low: low, High: high, Single: true} }
	for _, tt := range []struct{ in, want plan.Node }{
		{plan.And{a, plan.And{b, plan.And{a}}}, plan.And{a, b, a}},
		{plan.And{plan.Or{a}}, a},
		{plan.And{a, plan.Or{}}, plan.Or{}},
		{plan.Or{a, plan.And{}}, plan.And{}},
		{plan.Or{a, plan.Or{}}, a},
		{plan.Not{Of: plan.Not{Of: a}}, a},
		{plan.Not{Of: plan.And{}}, plan.Or{}},
		{plan.Not{Of: plan.Or{}}, plan.And{}},
		{plan.Or{equal("x"), a, equal("y")}, plan.Or{equal("x", "y"), a}},
		{plan.And{equal("x"), equal("y")}, plan.And{equal("x"), equal("y")}}, // a field may have both
		{plan.And{between(1, math.Inf(1)), a, between(0, 3)}, plan.And{between(1, 3), a}},
		{plan.Or{between(1, 2), between(3, 4)}, plan.Or{between(1, 2), between(3, 4)}},
	} {
		if diff := cmp.Diff(tt.want, plan.Simplify(tt.in)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestRangesOfFieldsWithManyValuesStayApart(t *testing.T) {
	in := plan.And{plan.Range{Field: "r", Low: 1, High: 9}, plan.Range{Field: "r", Low: 0, High: 0}}
	if diff := cmp.Diff(plan.Node(in), plan.Simplify(in)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// counting counts the look-ups and the steps of walks.
type counting struct {
	plan.Index[memory.Set]
	ranges, steps int
}

func (c *counting) Range(f plan.FieldID, low, high float64) memory.Set {
	c.ranges++
	return c.Index.Range(f, low, high)
}

func (c *counting) Ordered(f plan.FieldID, desc bool) iter.Seq[plan.ID] {
	walk := c.Index.Ordered(f, desc)
	if walk == nil {
		return nil
	}
	return func(yield func(plan.ID) bool) {
		for id := range walk {
			c.steps++
			if !yield(id) {
				return
			}
		}
	}
}

func numbered(n int) *counting {
	return &counting{Index: memory.New(func(yield func(memory.Issue) bool) {
		for id := range plan.ID(n) {
			kind := "many"
			if id%100 == 0 {
				kind = "few"
			}
			i := memory.Issue{ID: id, Values: map[plan.FieldID][]string{"kind": {kind}}, Places: map[plan.FieldID][]float64{"n": {float64(id * 7919 % 1009)}}}
			if !yield(i) {
				return
			}
		}
	})}
}

func TestCheapNodesSpareTheDearOnes(t *testing.T) {
	ix := numbered(1000)
	where := plan.And{plan.Range{Field: "n", Low: 0, High: 500}, plan.Equal{Field: "kind", Values: []string{"none"}}}
	if found := plan.Find(ix, ix.All(), plan.Node(where)); found.Len() != 0 || ix.ranges != 0 {
		t.Errorf("%d issues after %d ranges", found.Len(), ix.ranges)
	}
}

func TestPageWalksNoFurtherThanItMust(t *testing.T) {
	ix := numbered(1000)
	order := []plan.Order{{Field: "n", Desc: true}}
	page := plan.Page(ix, ix.Equal("kind", []string{"many"}), order, 10, 5)
	if len(page) != 5 || ix.steps == 0 || ix.steps > 40 {
		t.Errorf("%v after %d steps", page, ix.steps)
	}
	ix.steps = 0
	if page := plan.Page(ix, ix.Equal("kind", []string{"few"}), order, 0, 5); len(page) != 5 || ix.steps != 0 {
		t.Errorf("%v after %d steps, want those few sorted", page, ix.steps)
	}
}

func TestPagesTogetherAreTheWholeInOrder(t *testing.T) {
	ix := numbered(3000)
	for _, order := range [][]plan.Order{nil, {{Field: "n"}}, {{Field: "kind"}, {Field: "n", Desc: true}}, {{Field: "unknown"}}} {
		for _, kind := range []string{"few", "many"} {
			set := ix.Equal("kind", []string{kind})
			whole := plan.Page(ix, set, order, 0, 5000)
			var parts []plan.ID
			for offset := 0; offset < 3000; offset += 77 {
				parts = append(parts, plan.Page(ix, set, order, offset, 77)...)
			}
			if len(whole) != set.Len() || !slices.Equal(whole, parts) {
				t.Errorf("order %v of %s: %d in one, %d in pages", order, kind, len(whole), len(parts))
			}
		}
	}
}

func TestPageOutsideTheSetIsEmpty(t *testing.T) {
	ix := numbered(10)
	for _, at := range [][2]int{{10, 5}, {0, 0}, {-1, 5}, {math.MaxInt, 5}, {0, -1}} {
		if page := plan.Page(ix, ix.All(), nil, at[0], at[1]); len(page) != 0 {
			t.Errorf("%v: %v", at, page)
		}
	}
	if page := plan.Page(ix, ix.All(), nil, 5, math.MaxInt); len(page) != 5 {
		t.Errorf("without a limit: %v", page)
	}
}
