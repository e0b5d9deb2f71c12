package index

import (
	"cmp"
	"slices"
)

// Key is one term of an order: by a column, by sets of equal issues in ascending order with the set of all that are in one
// of them, or by a function that compares issues. The zero value orders by number. Issues without a value come last, and
// first where the order is descending.
type Key struct {
	Column  *Column
	Buckets []Set
	Present Set
	Compare func(a, b uint32) int // slow: it is asked about every issue
	Desc    bool
}

// Sort returns the first limit members of s in the order of the keys, equal ones by number. A negative limit is none.
func Sort(s Set, limit int, keys ...Key) []uint32 {
	if limit < 0 {
		limit = s.Len()
	}
	return appendSorted(make([]uint32, 0, min(limit, 1024)), s, limit, keys)
}

func appendSorted(out []uint32, s Set, limit int, keys []Key) []uint32 {
	if len(out) >= limit || s.Empty() {
		return out
	}
	if len(keys) == 0 {
		for n := range s.All() {
			if out = append(out, n); len(out) == limit {
				break
			}
		}
		return out
	}
	k := keys[0]
	switch {
	case k.Compare != nil:
		return appendCompared(out, s, limit, keys)
	case k.Buckets != nil:
		return appendBuckets(out, s, limit, keys)
	case k.Column == nil:
		if !k.Desc {
			return appendSorted(out, s, limit, nil)
		}
		for n := range s.Backward() {
			if out = append(out, n); len(out) == limit {
				break
			}
		}
		return out
	}
	empty := s.Without(k.Column.Present())
	if k.Desc {
		out = appendSorted(out, empty, limit, keys[1:])
	}
	out = appendColumn(out, s.And(k.Column.Present()), limit, keys)
	if !k.Desc {
		out = appendSorted(out, empty, limit, keys[1:])
	}
	return out
}

func appendBuckets(out []uint32, s Set, limit int, keys []Key) []uint32 {
	buckets := append(slices.Clone(keys[0].Buckets), s.Without(keys[0].Present))
	if keys[0].Desc {
		slices.Reverse(buckets)
	}
	for _, b := range buckets {
		if out = appendSorted(out, s.And(b), limit, keys[1:]); len(out) >= limit {
			break
		}
	}
	return out
}

func appendCompared(out []uint32, s Set, limit int, keys []Key) []uint32 {
	list := slices.Collect(s.All())
	sign := 1
	if keys[0].Desc {
		sign = -1
	}
	slices.SortStableFunc(list, func(a, b uint32) int { return sign * keys[0].Compare(a, b) })
	for len(list) > 0 && len(out) < limit {
		equal := 1
		for equal < len(list) && keys[0].Compare(list[0], list[equal]) == 0 {
			equal++
		}
		out = appendGroup(out, list[:equal], limit, keys)
		list = list[equal:]
	}
	return out
}

// appendColumn walks the column where that meets members often enough, and sorts the members otherwise.
func appendColumn(out []uint32, s Set, limit int, keys []Key) []uint32 {
	c := keys[0].Column
	count := s.Len()
	// A step of the walk costs about a twentieth of what a member costs to sort, and finds one in every total/count steps.
	total := c.has.Len()
	need := min(limit-len(out), count)
	if count == 0 || need <= 0 {
		return out
	}
	if steps := float64(total) / float64(count) * float64(need); steps > 20*float64(count) {
		return gather(out, s, limit, keys)
	}
	walk := c.Ascending()
	if keys[0].Desc {
		walk = c.Descending()
	}
	var group []uint32
	var value int64
	flush := func() bool {
		out = appendGroup(out, group, limit, keys)
		group = group[:0]
		return len(out) < limit
	}
	found := 0
	for n := range walk {
		if !s.Has(n) {
			continue
		}
		if v := c.values.At(n); len(group) > 0 && v != value {
			if !flush() {
				return out
			}
			value = v
		} else {
			value = v
		}
		group = append(group, n)
		if found++; found == count {
			break
		}
	}
	flush()
	return out
}

func gather(out []uint32, s Set, limit int, keys []Key) []uint32 {
	c := keys[0].Column
	type pair struct {
		value int64
		n     uint32
	}
	var list []pair
	for n := range s.All() {
		list = append(list, pair{c.values.At(n), n})
	}
	sign := 1
	if keys[0].Desc {
		sign = -1
	}
	slices.SortFunc(list, func(a, b pair) int { return cmp.Or(sign*cmp.Compare(a.value, b.value), cmp.Compare(a.n, b.n)) })
	var group []uint32
	for i, p := range list {
		group = append(group, p.n)
		if i+1 == len(list) || list[i+1].value != p.value {
			if out = appendGroup(out, group, limit, keys); len(out) >= limit {
				return out
			}
			group = group[:0]
		}
	}
	return out
}

// appendGroup appends issues that are equal in the first key.
func appendGroup(out, group []uint32, limit int, keys []Key) []uint32 {
	if len(group) > 1 {
		slices.Sort(group)
		if len(keys) > 1 {
			return appendSorted(out, Of(group...), limit, keys[1:])
		}
	}
	return append(out, group[:min(len(group), limit-len(out))]...)
}
