package snapshot

import "bytes"

// heapStore keeps an image on Go's heap. It works everywhere, and costs each memory as much as the image.
type heapStore []byte

func newHeapStore(mem []byte) heapStore { return bytes.Clone(mem) }

func (h heapStore) bytes() []byte    { return h }
func (heapStore) strategy() Strategy { return Copy }
func (heapStore) close() error       { return nil }

func (h heapStore) space(int) (space, error) { return &heapSpace{image: h, mem: bytes.Clone(h)}, nil }

type heapSpace struct{ image, mem []byte }

// grow moves what is there. Space for growth is not set aside, since Go may have to clear it, which would commit it all.
func (h *heapSpace) grow(size int) ([]byte, error) {
	if size > len(h.mem) {
		mem := make([]byte, size)
		copy(mem, h.mem)
		h.mem = mem
	}
	return h.mem[:size:size], nil
}

func (h *heapSpace) restore() (int, error) { return restoreAll(h.mem, h.image), nil }

func (h *heapSpace) trim() error {
	restoreAll(h.mem, h.image)
	return nil
}

func (h *heapSpace) free() { h.mem = nil }
