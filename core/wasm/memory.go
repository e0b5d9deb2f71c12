package wasm

import (
	"sync/atomic"

	"github.com/pergola-platform/pergola/core/snapshot"
)

// budget is the memory that all guests of a driver may have together. What counts is what a guest could have made its own: all
// of its memory while it runs, and what is private to it while it idles.
type budget struct {
	limit uint64
	used  atomic.Int64
}

func (b *budget) take(n int64) bool {
	if b.used.Add(n) > int64(b.limit) && n > 0 {
		b.used.Add(-n)
		return false
	}
	return true
}

// refusal says why a guest did not get the memory it asked for.
type refusal byte

const (
	notRefused    refusal = iota
	overLimit             // of the call
	overBudget            // of the driver
	outOfMemory           // of the system
	beforeRunning         // the guest does not run yet
)

// account is the memory of one instance: what it may have, what it holds of the budget, and whether it had to be refused, which
// is how a trap for want of memory is told from others. wazero's own limit is one for the whole runtime, and silent.
type account struct {
	budget  *budget
	module  *atomic.Int64 // what the instances of its module hold together; nil where nobody counts
	limit   uint64        // of the call that is running
	held    int64
	refused refusal
}

// hold changes what the account holds of the budget to n bytes.
func (a *account) hold(n uint64) bool {
	if !a.budget.take(int64(n) - a.held) {
		return false
	}
	if a.module != nil {
		a.module.Add(int64(n) - a.held)
	}
	a.held = int64(n)
	return true
}

// may says whether the memory may have size bytes, and notes it where it may not.
func (a *account) may(size uint64) bool {
	switch {
	case size > a.limit:
		a.refused = overLimit
	case !a.hold(size):
		a.refused = overBudget
	default:
		return true
	}
	return false
}

// heapMemory is linear memory on Go's heap: that of a first instance, of which the image is taken, and of guests that get a new
// instance for each call.
type heapMemory struct {
	account
	buf []byte
}

// Reallocate implements experimental.LinearMemory; nil makes the guest's memory.grow return -1.
func (m *heapMemory) Reallocate(size uint64) []byte {
	if !m.may(size) {
		return nil
	}
	if size > uint64(cap(m.buf)) {
		// Half as much again, and 8 MiB at least, so that a guest that grows page by page is not copied each time; what is not
		// touched costs nothing.
		grown := make([]byte, size, min(m.limit, max(size, 8<<20, uint64(cap(m.buf))+uint64(cap(m.buf))/2)))
		copy(grown, m.buf)
		m.buf = grown
		return m.buf
	}
	m.buf = m.buf[:size]
	return m.buf
}

// Free implements experimental.LinearMemory. The garbage collector frees the buffer with the instance; doing it here
// could take it from under a call that is just being stopped.
func (m *heapMemory) Free() { m.hold(0) }

// mappedMemory is linear memory that goes back to an image. wazero fills a new memory with the module's data before anybody can
// take it from there, which would make all those pages private. So it gets to fill a buffer that is thrown away, and takes the
// image when it believes that the memory grows, see [Driver.instantiate].
type mappedMemory struct {
	account
	memory  *snapshot.Memory
	scratch []byte // nil once it was filled
	swap    bool   // give the image, whatever is asked for
}

// Reallocate implements experimental.LinearMemory.
func (m *mappedMemory) Reallocate(size uint64) []byte {
	if m.scratch != nil {
		return m.scratch[:size:size]
	}
	if m.swap || size <= uint64(len(m.memory.Bytes())) {
		return m.memory.Bytes()
	}
	if !m.may(size) {
		return nil
	}
	buf := m.memory.Reallocate(size)
	if buf == nil {
		m.refused = outOfMemory
	}
	return buf
}

// Free implements experimental.LinearMemory.
func (m *mappedMemory) Free() {
	m.memory.Free()
	m.hold(0)
}
