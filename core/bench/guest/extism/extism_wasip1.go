package main

import (
	"encoding/binary"

	"github.com/pergola-platform/pergola/core/bench/work"
)

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_load_u8
func inputLoad8(offset uint64) uint32

//go:wasmimport extism:host/env input_load_u64
func inputLoad64(offset uint64) uint64

//go:wasmimport extism:host/env alloc
func alloc(n uint64) uint64

//go:wasmimport extism:host/env store_u8
func store8(offset uint64, v uint32)

//go:wasmimport extism:host/env store_u64
func store64(offset, v uint64)

//go:wasmimport extism:host/env output_set
func outputSet(offset, n uint64)

//go:wasmexport transform
func transform() int32 {
	output(work.XOR(input()))
	return 0
}

func input() []byte {
	n := inputLength()
	b := make([]byte, n)
	at := uint64(0)
	for ; at+8 <= n; at += 8 {
		binary.LittleEndian.PutUint64(b[at:], inputLoad64(at))
	}
	for ; at < n; at++ {
		b[at] = byte(inputLoad8(at))
	}
	return b
}

func output(b []byte) {
	n := uint64(len(b))
	to := alloc(n)
	at := uint64(0)
	for ; at+8 <= n; at += 8 {
		store64(to+at, binary.LittleEndian.Uint64(b[at:]))
	}
	for ; at < n; at++ {
		store8(to+at, uint32(b[at]))
	}
	outputSet(to, n)
}
