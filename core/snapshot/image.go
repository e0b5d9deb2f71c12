package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
)

// PageSize is the size in bytes of a page of Wasm memory, of which images and memories have a whole number. The pages that
// the system copies and Reset counts are smaller.
const PageSize = 64 << 10

var (
	// ErrGrown says that a memory has more pages than its image. It cannot go back; free it.
	ErrGrown = errors.New("memory grew beyond its image")
	// ErrClosed says that an image was closed, or a memory freed, before it was to be used.
	ErrClosed = errors.New("closed")
)

// Image is the saved memory of an initialised guest. It never changes. All methods may be called at the same time.
type Image struct {
	size      int
	store     store
	fallbacks atomic.Uint64

	mu     sync.Mutex
	closed bool
	refs   int // memories, and one until closed
}

// store is where an image's bytes are, on one kind of system.
type store interface {
	bytes() []byte
	// space makes memory that holds the image and can grow to max bytes.
	space(max int) (space, error)
	strategy() Strategy
	close() error
}

// space is the address space of one memory.
type space interface {
	// grow returns the first size bytes; size is more than what it returned before, and at most max.
	grow(size int) ([]byte, error)
	// restore makes the image's part equal the image and says how many pages it copied. After an error any part may be as it
	// was.
	restore() (pages int, err error)
	// trim does the same and gives private pages back.
	trim() error
	free()
}

// Take saves a copy of mem with the best [Strategy] that the system offers. Its length must be a multiple of [PageSize], and
// not zero. Close the image when no more memories will be made of it.
func Take(mem []byte) (*Image, error) { return TakeAs(Auto, mem) }

// TakeAs is [Take] with a strategy of the caller's choice. Its error wraps [errors.ErrUnsupported] if the system does not
// offer it.
func TakeAs(s Strategy, mem []byte) (*Image, error) {
	if len(mem) == 0 || len(mem)%PageSize != 0 {
		return nil, fmt.Errorf("take image: %d bytes are not a whole number of pages of %d bytes", len(mem), PageSize)
	}
	st, _, err := open(s, mem)
	if err != nil {
		return nil, fmt.Errorf("take image of %d bytes: %w", len(mem), err)
	}
	return newImage(st), nil
}

func newImage(st store) *Image { return &Image{size: len(st.bytes()), store: st, refs: 1} }

// Size is the image's length in bytes.
func (i *Image) Size() int { return i.size }

// Strategy says how memories of this image find what they must restore. It is never [Auto].
func (i *Image) Strategy() Strategy { return i.store.strategy() }

// Fallbacks counts the resets and trims for which the kernel did not answer, so that all pages were compared. They were right
// but slow; a number that rises is worth an operator's look.
func (i *Image) Fallbacks() uint64 { return i.fallbacks.Load() }

// Map makes a memory that begins as a copy of the image and can grow to max bytes, a multiple of [PageSize] and at least the
// image's size. Address space is reserved for all of it, but no memory. Free it when it is not used any more.
func (i *Image) Map(max uint64) (*Memory, error) {
	if max < uint64(i.size) || max > math.MaxInt || max%PageSize != 0 {
		return nil, fmt.Errorf("map image of %d bytes: a maximum of %d bytes is no multiple of %d in reach", i.size, max, PageSize)
	}
	if !i.retain() {
		return nil, fmt.Errorf("map image: %w", ErrClosed)
	}
	sp, err := i.store.space(int(max))
	if err != nil {
		_ = i.release() // the error above says more
		return nil, fmt.Errorf("map image of %d bytes: %w", i.size, err)
	}
	buf, err := sp.grow(i.size)
	if err != nil {
		sp.free()
		_ = i.release() // the error above says more
		return nil, fmt.Errorf("map image of %d bytes: %w", i.size, err)
	}
	return &Memory{image: i, space: sp, buf: buf, max: int(max)}, nil
}

// Close lets go of the image. Memories that were made of it go on working, and the last one to be freed frees the image. To
// close it again does nothing.
func (i *Image) Close() error {
	i.mu.Lock()
	if i.closed {
		i.mu.Unlock()
		return nil
	}
	i.closed = true
	i.mu.Unlock()
	return i.release()
}

func (i *Image) retain() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return false
	}
	i.refs++
	return true
}

func (i *Image) release() error {
	i.mu.Lock()
	i.refs--
	last := i.refs == 0
	i.mu.Unlock()
	if !last {
		return nil
	}
	if err := i.store.close(); err != nil {
		return fmt.Errorf("close image: %w", err)
	}
	return nil
}

// hostPage is the size of the pages that the system maps and copies.
var hostPage = os.Getpagesize()

// restoreAll makes dst equal src and says how many pages differed. It compares before it writes: a page of a copy-on-write
// mapping that is written becomes private, even by what it holds already.
func restoreAll(dst, src []byte) (pages int) {
	for at := 0; at < len(src); at += hostPage {
		end := min(at+hostPage, len(src))
		if !bytes.Equal(dst[at:end], src[at:end]) {
			copy(dst[at:end], src[at:end])
			pages++
		}
	}
	return pages
}
