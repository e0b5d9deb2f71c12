package plan

import (
	"cmp"
	"slices"
)

// Page returns limit issues of the set from offset on, in order; issues that are equal in it stand by ascending ID. The
// page is found by whichever is cheaper: walking the index in order until it is full, or sorting the set.
func Page[S Set[S]](ix Index[S], set S, order []Order, offset, limit int) []ID {
	n := set.Len()
	if offset < 0 || limit <= 0 || offset >= n {
		return nil
	}
	want := offset + min(limit, n-offset)
	if len(order) == 0 {
		return newest(set, offset, want)
	}
	// A walk sees one issue of the set in every all/n issues; a sort compares each issue of the set several times.
	all := ix.All().Len()
	if walk := ix.Ordered(order[0].Field, order[0].Desc); walk != nil && want*all/n < compares*n {
		return walkPage(walk, set, comparison(ix, order[:1]), comparison(ix, order[1:]), want)[offset:]
	}
	t := &top{compare: total(comparison(ix, order)), want: want}
	for id := range set.All() {
		t.add(id)
	}
	return t.sorted()[offset:]
}

// compares is about how many steps of a walk cost as much as sorting one issue.
const compares = 4

func newest[S Set[S]](set S, offset, want int) []ID {
	out := make([]ID, 0, want-offset)
	i := 0
	for id := range set.Backward() {
		if i >= offset {
			out = append(out, id)
		}
		if i++; i == want {
			break
		}
	}
	return out
}

// walkPage follows the index through groups of issues that are equal in the first term, and orders each group by the rest.
func walkPage[S Set[S]](walk func(func(ID) bool), set S, first, rest func(a, b ID) int, want int) []ID {
	out := make([]ID, 0, want)
	group := &top{compare: total(rest), want: want}
	var last ID
	for id := range walk {
		if !set.Contains(id) {
			continue
		}
		if len(group.ids) > 0 && first(last, id) != 0 {
			out = append(out, group.sorted()...)
			if len(out) >= want {
				return out[:want]
			}
			group = &top{compare: total(rest), want: want - len(out)}
		}
		group.add(id)
		last = id
	}
	return append(out, group.sorted()...)[:want]
}

// comparison compares by one term after the other.
func comparison(ix Orders, order []Order) func(a, b ID) int {
	terms := make([]func(a, b ID) int, len(order))
	for i, o := range order {
		terms[i] = ix.Compare(o.Field)
	}
	return func(a, b ID) int {
		for i, compare := range terms {
			if c := compare(a, b); c != 0 {
				if order[i].Desc {
					return -c
				}
				return c
			}
		}
		return 0
	}
}

// total leaves no two issues equal.
func total(compare func(a, b ID) int) func(a, b ID) int {
	return func(a, b ID) int {
		if c := compare(a, b); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	}
}

// top keeps the first issues of many: it gathers twice as many as are wanted before it sorts and forgets.
type top struct {
	compare func(a, b ID) int
	want    int
	ids     []ID
	full    bool // ids[:want] is sorted, and nothing after its last matters
}

func (t *top) add(id ID) {
	if t.full && t.compare(id, t.ids[t.want-1]) > 0 {
		return
	}
	t.ids = append(t.ids, id)
	if len(t.ids) >= 2*t.want+32 {
		t.ids = t.sorted()
		t.full = true
	}
}

func (t *top) sorted() []ID {
	slices.SortFunc(t.ids, t.compare)
	return t.ids[:min(len(t.ids), t.want)]
}
