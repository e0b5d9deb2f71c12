//go:build unix

package keyset

import "syscall"

// reserve returns zeroed memory outside of the heap, and what frees it. Where the system gives none, it is of the heap.
func reserve(bytes int) (block []byte, free func([]byte)) {
	block, err := syscall.Mmap(-1, 0, bytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, bytes), nil
	}
	return block, func(b []byte) { _ = syscall.Munmap(b) }
}
