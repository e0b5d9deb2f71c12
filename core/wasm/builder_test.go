package wasm_test

import "slices"

// moduleBuilder writes small Wasm modules, so that a test can show the host exactly the bytes it is about.
type moduleBuilder struct {
	types, imports, functions, memory, globals, exports, start, code, data, tags [][]byte
	imported                                                                     int
}

// The value types, the kinds of imports, and the instructions that the tests need.
const (
	i32 = 0x7f
	i64 = 0x7e

	kindFunction, kindTable, kindMemory, kindGlobal = 0, 1, 2, 3

	opUnreachable = 0x00
	opLoop        = 0x03
	opIf          = 0x04
	opEnd         = 0x0b
	opBr          = 0x0c
	opReturn      = 0x0f
	opCall        = 0x10
	opDrop        = 0x1a
	opLocalGet    = 0x20
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opI32Load     = 0x28
	opI32Store    = 0x36
	opMemoryGrow  = 0x40
	opI32Const    = 0x41
	opI64Const    = 0x42
	opI32Eqz      = 0x45
	opI32Add      = 0x6a
	opI64Or       = 0x84
	opI64Extend   = 0xad
	blockVoid     = 0x40
)

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

func ops(b ...byte) []byte { return b }

func uleb(n uint32) []byte {
	var out []byte
	for {
		b := byte(n & 0x7f)
		if n >>= 7; n == 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

func sleb(n int64) []byte {
	var out []byte
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

func i32Const(n int32) []byte   { return append(ops(opI32Const), sleb(int64(n))...) }
func i64Const(n int64) []byte   { return append(ops(opI64Const), sleb(n)...) }
func call(f int) []byte         { return append(ops(opCall), uleb(uint32(f))...) }
func blob(b []byte) []byte      { return append(uleb(uint32(len(b))), b...) }
func text(s string) []byte      { return blob([]byte(s)) }
func vector(v [][]byte) []byte  { return append(uleb(uint32(len(v))), cat(v...)...) }
func types(v ...byte) []byte    { return v }
func packed(ptr, n int64) int64 { return ptr<<32 | n }

// typeIndex adds a function type.
func (b *moduleBuilder) typeIndex(params, results []byte) []byte {
	b.types = append(b.types, cat(ops(0x60), blob(params), blob(results)))
	return uleb(uint32(len(b.types) - 1))
}

// importFunction adds an import and returns the function's index. All imports come before the first function.
func (b *moduleBuilder) importFunction(module, name string, params, results []byte) int {
	b.imports = append(b.imports, cat(text(module), text(name), ops(kindFunction), b.typeIndex(params, results)))
	b.imported++
	return b.imported - 1
}

// function adds a function, exported where it has a name, and returns its index.
func (b *moduleBuilder) function(export string, params, results []byte, body ...[]byte) int {
	b.functions = append(b.functions, b.typeIndex(params, results))
	index := b.imported + len(b.functions) - 1
	b.code = append(b.code, blob(cat(uleb(0), cat(body...), ops(opEnd))))
	if export != "" {
		b.export(export, kindFunction, index)
	}
	return index
}

func (b *moduleBuilder) export(name string, kind byte, index int) {
	b.exports = append(b.exports, cat(text(name), ops(kind), uleb(uint32(index))))
}

// memoryOf defines and exports a memory of so many pages.
func (b *moduleBuilder) memoryOf(pages uint32) {
	b.memory = append(b.memory, cat(ops(0), uleb(pages)))
	b.export("memory", kindMemory, 0)
}

// global defines a mutable i32 that starts with 0.
func (b *moduleBuilder) global() {
	b.globals = append(b.globals, cat(ops(i32, 1), i32Const(0), ops(opEnd)))
}

// put places bytes into memory at the start.
func (b *moduleBuilder) put(at int32, content []byte) {
	b.data = append(b.data, cat(ops(0), i32Const(at), ops(opEnd), blob(content)))
}

func (b *moduleBuilder) bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, entries [][]byte) {
		if len(entries) > 0 {
			out = append(out, id)
			out = append(out, blob(vector(entries))...)
		}
	}
	section(1, b.types)
	section(2, b.imports)
	section(3, b.functions)
	section(5, b.memory)
	section(13, b.tags)
	section(6, b.globals)
	section(7, b.exports)
	if len(b.start) > 0 {
		out = append(append(out, 8), blob(b.start[0])...)
	}
	section(10, b.code)
	section(11, b.data)
	return out
}

// guest returns a builder that has all that the ABI asks for except pergola_call: one page of memory, and a buffer in
// its second half.
func guest() *moduleBuilder { return &moduleBuilder{} }

// answering completes a module: pergola_call runs body, which leaves an i64.
func (b *moduleBuilder) answering(body ...[]byte) []byte {
	b.memoryOf(1)
	b.function("pergola_buffer", types(i32), types(i32), i32Const(32<<10))
	b.function("pergola_call", types(i32), types(i64), body...)
	return b.bytes()
}

// emptyResult is a wire.Result with a nil body; at 1024 a guest can answer with it.
var emptyResult = []byte{0x81, 0xa4, 'b', 'o', 'd', 'y', 0xc0}

// answerEmpty answers with the emptyResult that put placed at 1024.
func answerEmpty() []byte { return i64Const(packed(1024, int64(len(emptyResult)))) }
