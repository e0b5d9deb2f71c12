//go:build wasip1

package serve

import (
	"context"
	"unsafe"

	"github.com/pergola-platform/pergola/sdk"
)

var (
	plugin *sdk.Plugin
	buffer []byte
	result []byte // kept here so that the garbage collector leaves it alone until the host has read it
)

// Plugin registers p as what this program serves. Call it once, in init.
//
// Since: v0.1
func Plugin(p *sdk.Plugin) {
	if plugin != nil {
		panic("serve.Plugin is called a second time; a program serves one plugin")
	}
	plugin = p
	findGenerator()
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
	reseed()
	result = Dispatch(context.Background(), plugin, buffer[:n])
	if !warmed {
		warmed = true
		warm()
	}
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(result))))<<32 | uint64(len(result))
}
