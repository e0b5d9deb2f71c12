package snapshot

// Memory is the linear memory of one instance: a private copy of an [Image] that can grow, and go back. Its methods, and
// whoever uses its bytes, must take turns. Memories of one image are independent of each other.
//
// Reallocate and Free have the shape of wazero's experimental.LinearMemory.
type Memory struct {
	image *Image
	space space
	buf   []byte // nil when freed
	max   int
}

var _ interface {
	Reallocate(size uint64) []byte
	Free()
} = (*Memory)(nil)

// Bytes is the whole memory, of the length that it has now; nil after Free. It is valid until Free, and until the memory grows
// if [Memory.Mapped] is false. To touch it after Free crashes the process.
func (m *Memory) Bytes() []byte { return m.buf }

// Image is what this memory goes back to.
func (m *Memory) Image() *Image { return m.image }

// Mapped says whether the memory is a mapping that stays at its address when it grows. It does where there is a memfd.
func (m *Memory) Mapped() bool {
	_, heap := m.space.(*heapSpace)
	return !heap
}

// Grown says whether the memory has more pages than its image, so that it can only be freed.
func (m *Memory) Grown() bool { return len(m.buf) > m.image.size }

// Reallocate grows the memory to size bytes and returns all of it; new bytes are zero. Asked for the size that it has, it
// returns what it has. It returns nil, and leaves the memory as it is, if size is less than that, more than the maximum or
// no multiple of [PageSize], or if the system has no more memory.
func (m *Memory) Reallocate(size uint64) []byte {
	switch {
	case m.buf == nil || size < uint64(len(m.buf)) || size > uint64(m.max) || size%PageSize != 0:
		return nil
	case size == uint64(len(m.buf)):
		return m.buf
	}
	buf, err := m.space.grow(int(size))
	if err != nil {
		return nil
	}
	m.buf = buf
	return buf
}

// Reset makes the memory equal its image again. pages, of the system's size, is how many it copied: under [PagemapScan] and
// [Pagemap] those that were written since the memory was mapped or trimmed, under [Copy] those that differ. The error is
// [ErrGrown] if the memory grew, and [ErrClosed] after Free; either leaves the memory as it is.
func (m *Memory) Reset() (pages int, err error) {
	if err := m.usable(); err != nil {
		return 0, err
	}
	if pages, err := m.space.restore(); err == nil {
		return pages, nil
	}
	return m.compare(), nil
}

// Trim is a [Memory.Reset] that gives private pages back to the system, so that the memory is as small as a new one. It takes
// longer, and so does the next call, which has to fault its pages in.
func (m *Memory) Trim() error {
	if err := m.usable(); err != nil {
		return err
	}
	if err := m.space.trim(); err != nil {
		m.compare()
	}
	return nil
}

// compare restores without the kernel's help, which was asked for and not given.
func (m *Memory) compare() (pages int) {
	m.image.fallbacks.Add(1)
	return restoreAll(m.buf, m.image.store.bytes())
}

func (m *Memory) usable() error {
	switch {
	case m.buf == nil:
		return ErrClosed
	case m.Grown():
		return ErrGrown
	}
	return nil
}

// Free gives the memory back. To free it again does nothing.
func (m *Memory) Free() {
	if m.buf == nil {
		return
	}
	m.buf = nil
	m.space.free()
	// Only the last memory of a closed image can see an error here: a descriptor that did not close. There is nothing to do.
	_ = m.image.release()
}
