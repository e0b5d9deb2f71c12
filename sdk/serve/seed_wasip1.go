//go:build wasip1

package serve

import (
	"math/rand/v2"
	"unsafe"
)

// The host gives each call the memory that the start left, and with it the state of the random generator behind math/rand,
// math/rand/v2, hash/maphash and the seeds of maps: without more, every call would draw the same numbers. (crypto/rand asks the host
// each time and is not concerned.) Go has no way to seed that generator anew, so it is found, once, in the guest's memory: by
// numbers that it drew last, and by how it counts on when it draws another. Where it is not found, a Go runtime works in another
// way than this file knows, and [reseed] does nothing; a test of the host's would say so.

// generator is the state of internal/chacha8rand, as it stands in Go 1.22 and later.
type generator struct {
	buf  [32]uint64 // drawn from the front
	seed [4]uint64
	i, n uint32 // next in buf, and its end
	c    uint32 // which block of the stream buf is
}

var (
	random *generator
	seed   [4]uint64 // where random was not found
)

//go:wasmexport pergola_seed
func pergolaSeed() unsafe.Pointer {
	if random == nil {
		return unsafe.Pointer(&seed)
	}
	return unsafe.Pointer(&random.seed)
}

// reseed has the next number drawn from a new block, by the seed that the host has put there for this call.
func reseed() {
	if random != nil {
		random.i, random.c = random.n, 0
	}
}

func draw() uint64 { return rand.Uint64() } //nolint:gosec // it is this generator that is looked for

// findGenerator sets random. It looks at all memory below the heap, where the runtime has its variables.
func findGenerator() {
	for range 4 { // a block may end between two draws
		// Inverted, so that no copy on the stack is taken for the generator's.
		x, y, z := ^draw(), ^draw(), ^draw()
		heap := uintptr(unsafe.Pointer(new([64]uint64)))
		for at := uintptr(4096); at+unsafe.Sizeof(generator{}) < heap; at += 8 {
			drawn := (*[3]uint64)(unsafe.Add(unsafe.Pointer(nil), at))
			if ^drawn[0] == x && ^drawn[1] == y && ^drawn[2] == z {
				if g := generatorAround(at); g != nil {
					random = g
					return
				}
			}
		}
	}
}

// generatorAround returns the generator whose last three numbers stand at an address, if there is one.
func generatorAround(at uintptr) *generator {
	for k := range uint32(29) {
		g := (*generator)(unsafe.Add(unsafe.Pointer(nil), at-uintptr(k)*8))
		if g.i != k+3 || g.n < g.i || g.n > 32 || g.c > 64 {
			continue
		}
		if g.i == g.n { // the next number comes of another block
			return nil
		}
		next := g.buf[g.i]
		if draw() == next && g.i == k+4 {
			return g
		}
	}
	return nil
}
