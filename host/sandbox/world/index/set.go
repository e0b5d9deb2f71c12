package index

import (
	"iter"
	"math/bits"
	"slices"
)

// Owner marks what one writer made and may still change in place. What another owner made is copied first, so that a reader
// of an older version never sees a change.
type Owner struct{ _ byte }

// Set is an immutable set of issue numbers; the zero value is empty. Sets share what they have in common, also with the
// results of operations, and may be read by many at once.
//
// A text index has a set for each word, and most words stand in one issue: one member takes no memory of its own.
type Set struct {
	one  uint32 // the member plus one, while there is one only
	more *members
}

// members are two or more: a short list, or blocks by the upper half of the number.
type members struct {
	owner  *Owner
	few    []uint32
	blocks []slot
}

type slot struct {
	high uint32
	*block
}

// block holds the lower halves: a sorted list, or bits where that is smaller.
type block struct {
	owner *Owner
	count int
	list  []uint16
	bits  *[blockWords]uint64
}

const (
	maxFew     = 64
	maxList    = 4096 // above it a list takes more than the bits
	blockWords = 65536 / 64
)

// Of returns the set of some numbers.
func Of(members ...uint32) Set {
	o := &Owner{}
	var s Set
	for _, n := range members {
		s = s.add(o, n)
	}
	return s
}

// Empty says whether nothing is in the set.
func (s Set) Empty() bool {
	return s.one == 0 && (s.more == nil || len(s.more.few) == 0 && len(s.more.blocks) == 0)
}

// Len counts the members.
func (s Set) Len() int {
	switch {
	case s.one != 0:
		return 1
	case s.more == nil:
		return 0
	}
	n := len(s.more.few)
	for _, b := range s.more.blocks {
		n += b.count
	}
	return n
}

// Has says whether n is a member.
func (s Set) Has(n uint32) bool {
	switch {
	case s.more == nil:
		return s.one == n+1
	case s.more.blocks == nil:
		_, ok := slices.BinarySearch(s.more.few, n)
		return ok
	}
	b := s.more.at(n >> 16)
	return b != nil && b.has(uint16(n))
}

// All yields the members, smallest first.
func (s Set) All() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if list, ok := s.short(); ok {
			for _, n := range list {
				if !yield(n) {
					return
				}
			}
			return
		}
		for _, b := range s.more.blocks {
			if !b.each(b.high<<16, yield) {
				return
			}
		}
	}
}

// Backward yields the members, largest first.
func (s Set) Backward() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if list, ok := s.short(); ok {
			for _, n := range slices.Backward(list) {
				if !yield(n) {
					return
				}
			}
			return
		}
		for _, b := range slices.Backward(s.more.blocks) {
			if !b.eachBackward(b.high<<16, yield) {
				return
			}
		}
	}
}

// short returns the members of a set without blocks.
func (s Set) short() ([]uint32, bool) {
	switch {
	case s.one != 0:
		return []uint32{s.one - 1}, true
	case s.more == nil:
		return nil, true
	}
	return s.more.few, s.more.blocks == nil
}

func fromSorted(list []uint32) Set {
	switch len(list) {
	case 0:
		return Set{}
	case 1:
		return Set{one: list[0] + 1}
	}
	return Set{more: &members{few: list}}
}

// add returns the set with n. It changes in place what o owns.
func (s Set) add(o *Owner, n uint32) Set {
	if s.more == nil {
		switch s.one {
		case 0:
			return Set{one: n + 1}
		case n + 1:
			return s
		}
		a, b := min(n, s.one-1), max(n, s.one-1)
		return Set{more: &members{owner: o, few: []uint32{a, b}}}
	}
	if s.Has(n) {
		return s
	}
	m := s.more.own(o)
	if m.blocks == nil {
		at, _ := slices.BinarySearch(m.few, n)
		m.few = slices.Insert(m.few, at, n)
		if len(m.few) > maxFew {
			few := m.few
			m.few = nil
			for _, n := range few {
				m.ownBlock(o, n>>16).add(uint16(n))
			}
		}
		return Set{more: m}
	}
	m.ownBlock(o, n>>16).add(uint16(n))
	return Set{more: m}
}

// remove returns the set without n.
func (s Set) remove(o *Owner, n uint32) Set {
	if !s.Has(n) {
		return s
	}
	if s.more == nil {
		return Set{}
	}
	m := s.more.own(o)
	if m.blocks == nil {
		at, _ := slices.BinarySearch(m.few, n)
		m.few = slices.Delete(m.few, at, at+1)
		if len(m.few) < 2 {
			return fromSorted(m.few)
		}
		return Set{more: m}
	}
	b := m.ownBlock(o, n>>16)
	if b.remove(uint16(n)); b.count == 0 {
		m.blocks = slices.DeleteFunc(m.blocks, func(s slot) bool { return s.count == 0 })
	}
	if len(m.blocks) == 0 {
		return Set{}
	}
	return Set{more: m}
}

func (m *members) own(o *Owner) *members {
	if m.owner == o {
		return m
	}
	return &members{owner: o, few: slices.Clone(m.few), blocks: slices.Clone(m.blocks)}
}

func (m *members) at(high uint32) *block {
	// Numbers are given out one after the other, so that the block mostly is where a full row of them has it.
	if guess := high - m.blocks[0].high; uint64(guess) < uint64(len(m.blocks)) && m.blocks[guess].high == high {
		return m.blocks[guess].block
	}
	if at, ok := m.find(high); ok {
		return m.blocks[at].block
	}
	return nil
}

func (m *members) find(high uint32) (int, bool) {
	return slices.BinarySearchFunc(m.blocks, high, func(s slot, high uint32) int { return int(s.high) - int(high) })
}

// ownBlock returns the block for an upper half to be changed; m is o's already.
func (m *members) ownBlock(o *Owner, high uint32) *block {
	at, ok := m.find(high)
	if !ok {
		m.blocks = slices.Insert(m.blocks, at, slot{high, &block{owner: o}})
	} else if b := m.blocks[at].block; b.owner != o {
		c := &block{owner: o, count: b.count, list: slices.Clone(b.list)}
		if b.bits != nil {
			words := *b.bits
			c.bits = &words
		}
		m.blocks[at].block = c
	}
	return m.blocks[at].block
}

func (b *block) has(low uint16) bool {
	if b.bits != nil {
		return b.bits[low>>6]&(1<<(low&63)) != 0
	}
	_, ok := slices.BinarySearch(b.list, low)
	return ok
}

func (b *block) add(low uint16) {
	if b.bits != nil {
		if w := &b.bits[low>>6]; *w&(1<<(low&63)) == 0 {
			*w |= 1 << (low & 63)
			b.count++
		}
		return
	}
	if n := len(b.list); n == 0 || b.list[n-1] < low {
		b.list = append(b.list, low)
	} else if at, ok := slices.BinarySearch(b.list, low); !ok {
		b.list = slices.Insert(b.list, at, low)
	}
	if b.count = len(b.list); b.count > maxList {
		b.bits = &[blockWords]uint64{}
		for _, low := range b.list {
			b.bits[low>>6] |= 1 << (low & 63)
		}
		b.list = nil
	}
}

func (b *block) remove(low uint16) {
	if b.bits != nil {
		if w := &b.bits[low>>6]; *w&(1<<(low&63)) != 0 {
			*w &^= 1 << (low & 63)
			b.count--
		}
		return
	}
	if at, ok := slices.BinarySearch(b.list, low); ok {
		b.list = slices.Delete(b.list, at, at+1)
		b.count--
	}
}

func (b *block) each(high uint32, yield func(uint32) bool) bool {
	if b.bits == nil {
		for _, low := range b.list {
			if !yield(high | uint32(low)) {
				return false
			}
		}
		return true
	}
	for i, w := range b.bits {
		for ; w != 0; w &= w - 1 {
			if !yield(high | uint32(i<<6+bits.TrailingZeros64(w))) {
				return false
			}
		}
	}
	return true
}

func (b *block) eachBackward(high uint32, yield func(uint32) bool) bool {
	if b.bits == nil {
		for _, low := range slices.Backward(b.list) {
			if !yield(high | uint32(low)) {
				return false
			}
		}
		return true
	}
	for i := blockWords - 1; i >= 0; i-- {
		for w := b.bits[i]; w != 0; {
			top := 63 - bits.LeadingZeros64(w)
			if !yield(high | uint32(i<<6+top)) {
				return false
			}
			w &^= 1 << top
		}
	}
	return true
}
