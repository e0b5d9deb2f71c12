package main

import (
	"unsafe"

	"github.com/pergola-platform/pergola/core/bench/work"
)

var (
	buffer []byte
	result []byte // kept here so that the garbage collector leaves it alone until the host has read it
)

// init makes objects of the sizes that calls will ask for, as sdk/serve does for plugins, and for the reason that is given there.
func init() {
	for size := 64; size <= 4096; size += 64 {
		result = make([]byte, size)
	}
}

//go:wasmexport pergola_buffer
func pergolaBuffer(n uint32) unsafe.Pointer {
	if uint32(cap(buffer)) < n {
		buffer = make([]byte, n)
	}
	return unsafe.Pointer(unsafe.SliceData(buffer[:n]))
}

//go:wasmexport pergola_call
func pergolaCall(n uint32) uint64 {
	result = work.XOR(buffer[:n])
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(result))))<<32 | uint64(len(result))
}
