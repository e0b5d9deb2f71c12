package keyset

import (
	"encoding/binary"
	"math/bits"
	"runtime"
)

// The highest bits of a number say at which of the places of a batch it stands, so that most places have one or none.
const (
	placeBits = 16
	places    = 1 << placeBits
	// batchNumbers is how many numbers come into a batch. With more of them in one, each would take less, and sorting them more memory.
	batchNumbers = places
	// stride is of how many places the batch knows where they begin.
	stride = 64
)

// batch is a sorted list of numbers, as P. Elias and R. M. Fano write those: of each its low bits, one after the other, and for each place
// as many ones as it has numbers, and a zero. A full batch takes 30.5 bits for a number of 44. It lies in memory that the garbage collector does
// not count: on its heap, it would let the process grow by twice its size.
type batch struct {
	block []byte // begins with the low bits
	marks []byte // begins with ones and zeros
	steps []byte // the first number of every 64th place, four bytes each
	low   uint
}

// newBatch makes a batch of sorted numbers, of which none comes twice, with so many low bits, up to 56.
func newBatch(sorted []uint64, low uint) *batch {
	marks := (len(sorted)*int(low) + 7) / 8
	steps := marks + (places+len(sorted)+7)/8
	block, free := reserve(steps + places/stride*4)
	b := &batch{block: block, marks: block[marks:], steps: block[steps:], low: low}
	if free != nil {
		runtime.AddCleanup(b, free, block)
	}
	next := 0 // step
	for i, n := range sorted {
		place := int(n >> low)
		for ; next*stride <= place; next++ {
			binary.LittleEndian.PutUint32(b.steps[next*4:], uint32(i))
		}
		at := i + place
		b.marks[at/8] |= 1 << (at % 8)
		b.putRest(i, n&(1<<low-1))
	}
	for ; next < places/stride; next++ {
		binary.LittleEndian.PutUint32(b.steps[next*4:], uint32(len(sorted)))
	}
	return b
}

// rest are the low bits of the number i.
func (b *batch) rest(i int) uint64 {
	at := uint(i) * b.low
	return binary.LittleEndian.Uint64(b.block[at/8:]) >> (at % 8) & (1<<b.low - 1)
}

func (b *batch) putRest(i int, rest uint64) {
	at := uint(i) * b.low
	window := b.block[at/8:] // of eight bytes at least, because the marks follow
	binary.LittleEndian.PutUint64(window, binary.LittleEndian.Uint64(window)|rest<<(at%8))
}

// has says whether n is in the batch.
func (b *batch) has(n uint64) bool {
	place := int(n >> b.low)
	step := place / stride
	first := int(binary.LittleEndian.Uint32(b.steps[step*4:]))
	for mark := b.after(first+step*stride, place%stride); b.marked(mark); mark++ {
		if b.rest(mark-place) == n&(1<<b.low-1) {
			return true
		}
	}
	return false
}

// marked says whether a mark stands for a number. Before it are as many zeros as places, so the number's index is what is left.
func (b *batch) marked(mark int) bool { return b.marks[uint(mark)/8]>>(uint(mark)%8)&1 == 1 }

// after is the mark behind so many zeros from a mark on.
func (b *batch) after(mark, zeros int) int {
	const window = 56
	for zeros > 0 {
		ends := ^binary.LittleEndian.Uint64(b.marks[mark/8:]) >> (uint(mark) % 8) & (1<<window - 1)
		if n := bits.OnesCount64(ends); n < zeros {
			zeros, mark = zeros-n, mark+window
			continue
		}
		for ; zeros > 1; zeros-- {
			ends &= ends - 1
		}
		return mark + bits.TrailingZeros64(ends) + 1
	}
	return mark
}
