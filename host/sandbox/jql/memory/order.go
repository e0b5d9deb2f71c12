package memory

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
)

// rank returns each issue's rank by ID, equal for equal values and the highest for none, and the issues in their order.
func rank(f *field, all []plan.ID, limit plan.ID) ([]int32, []plan.ID) {
	ordered := slices.Clone(all)
	compare := f.comparison()
	slices.SortStableFunc(ordered, compare)
	ranks := make([]int32, limit)
	r := int32(0)
	for i, id := range ordered {
		if i > 0 && compare(ordered[i-1], id) != 0 {
			r++
		}
		ranks[id] = r
	}
	return ranks, ordered
}

// comparison orders by place, or else by text, or else by key; what has none comes last.
func (f *field) comparison() func(a, b plan.ID) int {
	if f.places != nil {
		return func(a, b plan.ID) int {
			x, y := f.places[a], f.places[b]
			if math.IsNaN(x) || math.IsNaN(y) {
				return boolean(math.IsNaN(x)) - boolean(math.IsNaN(y))
			}
			return cmp.Compare(x, y)
		}
	}
	column := f.texts
	if column == nil {
		column = f.keys
	}
	folded := make([]string, len(column))
	for i, text := range column {
		folded[i] = strings.ToLower(text)
	}
	text := func(id plan.ID) string {
		if int(id) < len(folded) {
			return folded[id]
		}
		return ""
	}
	return func(a, b plan.ID) int {
		x, y := text(a), text(b)
		if x == "" || y == "" {
			return boolean(x == "") - boolean(y == "")
		}
		return strings.Compare(x, y)
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Ordered yields all issues in the field's order. The first call for a field sorts.
func (ix *Index) Ordered(id plan.FieldID, desc bool) iter.Seq[plan.ID] {
	f := ix.fields[id]
	if f == nil {
		return nil
	}
	_, ordered := f.ranks()
	if !desc {
		return slices.Values(ordered)
	}
	return func(yield func(plan.ID) bool) {
		for _, id := range slices.Backward(ordered) {
			if !yield(id) {
				return
			}
		}
	}
}

// Compare is the field's order. The first call for a field without places sorts.
func (ix *Index) Compare(id plan.FieldID) func(a, b plan.ID) int {
	f := ix.fields[id]
	if f == nil {
		return func(_, _ plan.ID) int { return 0 }
	}
	if f.places != nil {
		return f.comparison()
	}
	ranks, _ := f.ranks()
	return func(a, b plan.ID) int { return cmp.Compare(ranks[a], ranks[b]) }
}
