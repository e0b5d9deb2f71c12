package index

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"sort"
)

// Column is an immutable column of numbers, at most one for an issue, with the issues in the order of their numbers. Those
// with the same number stand in the order of the issues.
type Column struct {
	owner  *Owner
	has    Set
	values Array[int64]
	runs   []*run
}

// run is a stretch of the order.
type run struct {
	owner *Owner
	list  []uint32
}

const maxRun = 1024

// Present are the issues with a number. A nil column has none.
func (c *Column) Present() Set {
	if c == nil {
		return Set{}
	}
	return c.has
}

// Value is the number of an issue, 0 for none.
func (c *Column) Value(n uint32) int64 {
	if c == nil {
		return 0
	}
	return c.values.At(n)
}

// Range returns the issues with a number from one value to another, both included.
func (c *Column) Range(from, to int64) Set {
	if c == nil || from > to {
		return Set{}
	}
	first, in := c.find(from, 0)
	last, end := len(c.runs), 0
	if to < math.MaxInt64 {
		last, end = c.find(to+1, 0)
	}
	var d dense
	for at := first; at < len(c.runs) && (at < last || at == last && end > 0); at++ {
		list := c.runs[at].list
		if at == last {
			list = list[:end]
		}
		if at == first {
			list = list[min(in, len(list)):]
		}
		for _, n := range list {
			d.add(n)
		}
	}
	return d.set()
}

// Ascending yields the issues with the smallest number first.
func (c *Column) Ascending() iter.Seq[uint32] { return c.from(math.MinInt64) }

// Descending yields the issues with the largest number first, and those with the same number in descending order, too.
func (c *Column) Descending() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if c == nil {
			return
		}
		for _, r := range slices.Backward(c.runs) {
			for _, n := range slices.Backward(r.list) {
				if !yield(n) {
					return
				}
			}
		}
	}
}

func (c *Column) from(value int64) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if c == nil {
			return
		}
		at, in := c.find(value, 0)
		for ; at < len(c.runs); at, in = at+1, 0 {
			for _, n := range c.runs[at].list[in:] {
				if !yield(n) {
					return
				}
			}
		}
	}
}

func (c *Column) compare(n uint32, value int64, m uint32) int {
	return cmp.Or(cmp.Compare(c.values.At(n), value), cmp.Compare(n, m))
}

// find returns where the issue m with that value stands, or would stand.
func (c *Column) find(value int64, m uint32) (at, in int) {
	at = sort.Search(len(c.runs), func(i int) bool {
		list := c.runs[i].list
		return c.compare(list[len(list)-1], value, m) >= 0
	})
	if at == len(c.runs) {
		return at, 0
	}
	list := c.runs[at].list
	return at, sort.Search(len(list), func(i int) bool { return c.compare(list[i], value, m) >= 0 })
}

// edit returns a column that o may change.
func (c *Column) edit(o *Owner) *Column {
	if c == nil {
		return &Column{owner: o}
	}
	if c.owner == o {
		return c
	}
	d := *c
	d.owner, d.runs = o, slices.Clone(c.runs)
	return &d
}

func (c *Column) ownRun(at int) *run {
	r := c.runs[at]
	if r.owner != c.owner {
		r = &run{c.owner, append(make([]uint32, 0, min(maxRun, len(r.list)+8)), r.list...)}
		c.runs[at] = r
	}
	return r
}

func (c *Column) put(n uint32, value int64) {
	if c.has.Has(n) {
		if c.values.At(n) == value {
			return
		}
		c.drop(n)
	}
	c.values.Put(c.owner, n, value)
	c.has = c.has.add(c.owner, n)
	at, in := c.find(value, n)
	if at == len(c.runs) {
		// What grows at its end keeps its runs full.
		if at == 0 || len(c.runs[at-1].list) >= maxRun {
			c.runs = append(c.runs, &run{c.owner, append(make([]uint32, 0, 16), n)})
			return
		}
		at--
		in = len(c.runs[at].list)
	}
	r := c.ownRun(at)
	r.list = slices.Insert(r.list, in, n)
	if len(r.list) > maxRun {
		half := len(r.list) / 2
		c.runs = slices.Insert(c.runs, at+1, &run{c.owner, slices.Clone(r.list[half:])})
		r.list = r.list[:half:half]
	}
}

func (c *Column) drop(n uint32) {
	if !c.has.Has(n) {
		return
	}
	at, in := c.find(c.values.At(n), n)
	r := c.ownRun(at)
	if r.list = slices.Delete(r.list, in, in+1); len(r.list) == 0 {
		c.runs = slices.Delete(c.runs, at, at+1)
	}
	c.values.Put(c.owner, n, 0)
	c.has = c.has.remove(c.owner, n)
}
