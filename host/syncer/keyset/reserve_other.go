//go:build !unix

package keyset

// reserve returns zeroed memory. Elsewhere than on Unix it is of the heap.
func reserve(bytes int) (block []byte, free func([]byte)) { return make([]byte, bytes), nil }
