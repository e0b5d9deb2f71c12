package memory

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
)

// Set is an immutable set of issues: a sorted list where they are few, a bit for each possible ID where they are many. The
// zero value is empty.
type Set struct {
	ids   []plan.ID // sorted; used where words is nil
	words []uint64
	n     int
}

// sparse is how many bits a listed issue may cost: a list takes 32 for each, and is slower to meet with another.
const sparse = 64

// setOf makes a set of ascending IDs, in the form that fits their number. It keeps ids.
func setOf(ids []plan.ID) Set {
	if len(ids) == 0 || len(ids) < int(ids[len(ids)-1])/sparse {
		return Set{ids: ids, n: len(ids)}
	}
	words := make([]uint64, ids[len(ids)-1]/64+1)
	for _, id := range ids {
		words[id/64] |= 1 << (id % 64)
	}
	return Set{words: words, n: len(ids)}
}

func setOfWords(words []uint64) Set {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	s := Set{words: words, n: n}
	if n < len(words)*64/(2*sparse) {
		return Set{ids: slices.AppendSeq(make([]plan.ID, 0, n), s.All()), n: n}
	}
	return s
}

// Len is the number of issues.
func (s Set) Len() int { return s.n }

// Contains says whether the issue is in the set.
func (s Set) Contains(id plan.ID) bool {
	if s.words == nil {
		_, found := slices.BinarySearch(s.ids, id)
		return found
	}
	return int(id/64) < len(s.words) && s.words[id/64]&(1<<(id%64)) != 0
}

// And returns what is in both.
func (s Set) And(o Set) Set {
	if s.words == nil || o.words == nil {
		if o.words == nil && (s.words != nil || o.n < s.n) {
			s, o = o, s
		}
		return s.filter(o.Contains)
	}
	out := make([]uint64, min(len(s.words), len(o.words)))
	for i := range out {
		out[i] = s.words[i] & o.words[i]
	}
	return setOfWords(out)
}

func (s Set) filter(keep func(plan.ID) bool) Set {
	var out []plan.ID
	for _, id := range s.ids {
		if keep(id) {
			out = append(out, id)
		}
	}
	return Set{ids: out, n: len(out)}
}

// Or returns what is in one or both.
func (s Set) Or(o Set) Set {
	switch {
	case o.n == 0:
		return s
	case s.n == 0:
		return o
	case s.words == nil && o.words == nil:
		all := append(append(make([]plan.ID, 0, s.n+o.n), s.ids...), o.ids...)
		slices.Sort(all)
		return setOf(slices.Compact(all))
	case s.words == nil:
		s, o = o, s
	}
	last := 64*len(o.words) - 1
	if o.words == nil {
		last = int(o.ids[o.n-1])
	}
	out := make([]uint64, max(len(s.words), last/64+1))
	copy(out, s.words)
	for i, w := range o.words {
		out[i] |= w
	}
	for _, id := range o.ids {
		out[id/64] |= 1 << (id % 64)
	}
	return setOfWords(out)
}

// AndNot returns what is in s and not in o.
func (s Set) AndNot(o Set) Set {
	if s.words == nil {
		return s.filter(func(id plan.ID) bool { return !o.Contains(id) })
	}
	out := slices.Clone(s.words)
	for i, w := range o.words[:min(len(o.words), len(out))] {
		out[i] &^= w
	}
	for _, id := range o.ids {
		if int(id/64) < len(out) {
			out[id/64] &^= 1 << (id % 64)
		}
	}
	return setOfWords(out)
}

// All yields the issues in ascending order.
func (s Set) All() iter.Seq[plan.ID] {
	if s.words == nil {
		return slices.Values(s.ids)
	}
	return func(yield func(plan.ID) bool) {
		for i, w := range s.words {
			for ; w != 0; w &= w - 1 {
				if !yield(plan.ID(i*64 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// Backward yields the issues in descending order.
func (s Set) Backward() iter.Seq[plan.ID] {
	return func(yield func(plan.ID) bool) {
		for _, id := range slices.Backward(s.ids) {
			if !yield(id) {
				return
			}
		}
		for i, w := range slices.Backward(s.words) {
			for w != 0 {
				top := 63 - bits.LeadingZeros64(w)
				w &^= 1 << top
				if !yield(plan.ID(i*64 + top)) {
					return
				}
			}
		}
	}
}

// union is the union of many sets, which costs less than one Or after the other.
func union(sets []Set) Set {
	sum := 0
	for _, s := range sets {
		sum += s.n
	}
	switch len(sets) {
	case 0:
		return Set{}
	case 1:
		return sets[0]
	}
	slices.SortFunc(sets, func(a, b Set) int { return cmp.Compare(b.n, a.n) })
	if sets[0].words != nil {
		out := sets[0]
		for _, s := range sets[1:] {
			out = out.Or(s)
		}
		return out
	}
	all := make([]plan.ID, 0, sum)
	for _, s := range sets {
		all = append(all, s.ids...)
	}
	slices.Sort(all)
	return setOf(slices.Compact(all))
}
