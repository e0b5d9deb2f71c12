package wasm

// linearMemory backs the memory of one instance. It holds the instance to its exact limit (wazero's own limit is one for
// the whole runtime) and remembers that it had to refuse, which is how a trap for want of memory is told from others.
type linearMemory struct {
	limit   uint64
	buf     []byte
	refused bool
}

// Reallocate implements experimental.LinearMemory; nil makes the guest's memory.grow return -1.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > m.limit {
		m.refused = true
		return nil
	}
	if size > uint64(cap(m.buf)) {
		// Half as much again, so that a guest that grows page by page is not copied each time.
		grown := make([]byte, size, min(m.limit, max(size, uint64(cap(m.buf))+uint64(cap(m.buf))/2)))
		copy(grown, m.buf)
		m.buf = grown
		return m.buf
	}
	m.buf = m.buf[:size]
	return m.buf
}

// Free implements experimental.LinearMemory. The garbage collector frees the buffer with the instance; doing it here
// could take it from under a call that is just being stopped.
func (m *linearMemory) Free() {}
