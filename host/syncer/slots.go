package syncer

import (
	"encoding/binary"
	"runtime"
	"sort"
)

// slots are numbers, eight bytes each, in memory that the garbage collector does not count: on its heap, a million of them would let the
// process grow by twice their size, and while a slice grows by more.
type slots struct {
	blocks [][]byte
	n      int
}

// blockSlots is how many numbers a block holds: half a MiB.
const blockSlots = 1 << 16

func (s *slots) add(v uint64) {
	if s.n == len(s.blocks)*blockSlots {
		block, free := reserve(blockSlots * 8)
		if free != nil {
			runtime.AddCleanup(s, free, block)
		}
		s.blocks = append(s.blocks, block)
	}
	s.n++
	s.set(s.n-1, v)
}

func (s *slots) at(i int) uint64 {
	return binary.LittleEndian.Uint64(s.blocks[i/blockSlots][i%blockSlots*8:])
}

func (s *slots) set(i int, v uint64) {
	binary.LittleEndian.PutUint64(s.blocks[i/blockSlots][i%blockSlots*8:], v)
}

// Len, Less and Swap implement sort.Interface.
func (s *slots) Len() int           { return s.n }
func (s *slots) Less(i, j int) bool { return s.at(i) < s.at(j) }
func (s *slots) Swap(i, j int) {
	a, b := s.at(i), s.at(j)
	s.set(i, b)
	s.set(j, a)
}

// sort sorts them, and calls twice for each that is there again.
func (s *slots) sort(twice func(uint64)) {
	sort.Sort(s)
	for i := 1; i < s.n; i++ {
		if v := s.at(i); v == s.at(i-1) {
			twice(v)
		}
	}
	runtime.KeepAlive(s) // or the blocks could be freed under the last look at them
}

// has says whether v is among them. They are sorted.
func (s *slots) has(v uint64) bool {
	i := sort.Search(s.n, func(i int) bool { return s.at(i) >= v })
	found := i < s.n && s.at(i) == v
	runtime.KeepAlive(s)
	return found
}
