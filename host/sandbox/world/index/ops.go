package index

import (
	"math/bits"
	"slices"
)

// And returns what is in both sets.
func (s Set) And(t Set) Set {
	if list, ok := s.short(); ok {
		return keep(list, t, true)
	}
	if list, ok := t.short(); ok {
		return keep(list, s, true)
	}
	var out []slot
	for i, j := 0, 0; i < len(s.more.blocks) && j < len(t.more.blocks); {
		a, b := s.more.blocks[i], t.more.blocks[j]
		switch {
		case a.high < b.high:
			i++
		case a.high > b.high:
			j++
		default:
			if c := a.and(b.block); c.count > 0 {
				out = append(out, slot{a.high, c})
			}
			i, j = i+1, j+1
		}
	}
	return ofBlocks(out)
}

// Or returns what is in one of the sets.
func (s Set) Or(t Set) Set {
	a, aShort := s.short()
	b, bShort := t.short()
	switch {
	case aShort && len(a) == 0:
		return t
	case bShort && len(b) == 0:
		return s
	case aShort && bShort && len(a)+len(b) <= maxFew:
		all := append(slices.Clone(a), b...)
		slices.Sort(all)
		return fromSorted(slices.Compact(all))
	case bShort:
		o := &Owner{}
		for _, n := range b {
			s = s.add(o, n)
		}
		return s
	case aShort:
		return t.Or(s)
	}
	var out []slot
	x, y := s.more.blocks, t.more.blocks
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0].high < y[0].high:
			out, x = append(out, x[0]), x[1:]
		case x[0].high > y[0].high:
			out, y = append(out, y[0]), y[1:]
		default:
			out = append(out, slot{x[0].high, x[0].or(y[0].block)})
			x, y = x[1:], y[1:]
		}
	}
	return ofBlocks(append(append(out, x...), y...))
}

// Without returns what is in s and not in t.
func (s Set) Without(t Set) Set {
	if list, ok := s.short(); ok {
		return keep(list, t, false)
	}
	if list, ok := t.short(); ok {
		o := &Owner{}
		for _, n := range list {
			s = s.remove(o, n)
		}
		return s
	}
	var out []slot
	for _, a := range s.more.blocks {
		b := t.more.at(a.high)
		if b == nil {
			out = append(out, a)
		} else if c := a.without(b); c.count > 0 {
			out = append(out, slot{a.high, c})
		}
	}
	return ofBlocks(out)
}

// Union returns what is in one of the sets.
func Union(sets ...Set) Set {
	var out Set
	for _, s := range sets {
		out = out.Or(s)
	}
	return out
}

func keep(list []uint32, in Set, want bool) Set {
	var out []uint32
	for _, n := range list {
		if in.Has(n) == want {
			out = append(out, n)
		}
	}
	return fromSorted(out)
}

// ofBlocks keeps the rule that a set with blocks has some.
func ofBlocks(blocks []slot) Set {
	if len(blocks) == 0 {
		return Set{}
	}
	return Set{more: &members{blocks: blocks}}
}

func (b *block) and(c *block) *block {
	if b.bits == nil || c.bits == nil {
		if b.bits != nil {
			b, c = c, b
		}
		out := &block{}
		for _, low := range b.list {
			if c.has(low) {
				out.list = append(out.list, low)
			}
		}
		out.count = len(out.list)
		return out
	}
	out := &block{bits: &[blockWords]uint64{}}
	for i := range out.bits {
		out.bits[i] = b.bits[i] & c.bits[i]
	}
	return out.counted()
}

func (b *block) or(c *block) *block {
	if b == c {
		return b
	}
	if b.bits == nil && c.bits == nil && len(b.list)+len(c.list) <= maxList {
		all := append(slices.Clone(b.list), c.list...)
		slices.Sort(all)
		all = slices.Compact(all)
		return &block{list: all, count: len(all)}
	}
	out := &block{bits: b.words()}
	if c.bits == nil {
		for _, low := range c.list {
			out.bits[low>>6] |= 1 << (low & 63)
		}
	} else {
		for i, w := range c.bits {
			out.bits[i] |= w
		}
	}
	return out.counted()
}

func (b *block) without(c *block) *block {
	if b.bits == nil {
		out := &block{}
		for _, low := range b.list {
			if !c.has(low) {
				out.list = append(out.list, low)
			}
		}
		out.count = len(out.list)
		return out
	}
	out := &block{bits: b.words()}
	if c.bits == nil {
		for _, low := range c.list {
			out.bits[low>>6] &^= 1 << (low & 63)
		}
	} else {
		for i, w := range c.bits {
			out.bits[i] &^= w
		}
	}
	return out.counted()
}

// words is a copy of the block as bits.
func (b *block) words() *[blockWords]uint64 {
	out := &[blockWords]uint64{}
	if b.bits != nil {
		*out = *b.bits
	}
	for _, low := range b.list {
		out[low>>6] |= 1 << (low & 63)
	}
	return out
}

func (b *block) counted() *block {
	b.count = 0
	for _, w := range b.bits {
		b.count += bits.OnesCount64(w)
	}
	return b
}

// dense gathers numbers in any order, faster than a set does.
type dense struct {
	words []uint64
	count int
}

func (d *dense) add(n uint32) {
	if at := int(n >> 6); at >= len(d.words) {
		d.words = append(d.words, make([]uint64, max(at+1-len(d.words), len(d.words)))...)
	}
	d.words[n>>6] |= 1 << (n & 63)
	d.count++
}

func (d *dense) set() Set {
	if d.count <= maxFew {
		var list []uint32
		for i, w := range d.words {
			for ; w != 0; w &= w - 1 {
				list = append(list, uint32(i<<6+bits.TrailingZeros64(w)))
			}
		}
		return fromSorted(list)
	}
	var out []slot
	for high := 0; high*blockWords < len(d.words); high++ {
		b := &block{bits: &[blockWords]uint64{}}
		copy(b.bits[:], d.words[high*blockWords:])
		if b.counted(); b.count > 0 {
			out = append(out, slot{uint32(high), b})
		}
	}
	return ofBlocks(out)
}
