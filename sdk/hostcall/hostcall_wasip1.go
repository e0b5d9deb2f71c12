//go:build wasip1

package hostcall

import "unsafe"

//go:wasmimport pergola host_call
func hostCall(ptr unsafe.Pointer, n uint32) uint32

//go:wasmimport pergola host_read
func hostRead(ptr unsafe.Pointer, n uint32)

func ask(call []byte) []byte {
	n := hostCall(unsafe.Pointer(unsafe.SliceData(call)), uint32(len(call)))
	if n == 0 {
		return nil
	}
	reply := make([]byte, n)
	hostRead(unsafe.Pointer(unsafe.SliceData(reply)), n)
	return reply
}
