//go:build wasip1

package serve

import (
	"runtime"
	"unsafe"
)

// warmed says that warm has run; the first call of a guest is a `describe` with which its host warms it up.
var warmed bool

var (
	bytesSink    []byte
	pointersSink []unsafe.Pointer
)

// warm leaves the heap in the state in which calls are cheapest. The host begins each call with the memory that the warm-up left, so
// whatever an allocator does the first time, it would do in every call: fetch a page for each size of object, or collect garbage
// that was there before. So the garbage goes now, and every size that small objects have gets its page.
func warm() {
	runtime.GC()
	for size := 8; size <= 32<<10; size += step(size) {
		bytesSink = make([]byte, size)
		pointersSink = make([]unsafe.Pointer, size/8)
	}
	bytesSink, pointersSink = nil, nil
}

// step is the distance to the next size that may have pages of its own: the runtime's size classes lie at most an eighth apart.
func step(size int) int { return max(8, size/8&^7) }
