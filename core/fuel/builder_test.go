package fuel_test

import "slices"

// module writes small modules. Its fields are the entries of sections.
type module struct {
	types, imports, functions, tables, memories, globals, exports, elements, code, data [][]byte
	start, dataCount                                                                    []byte // contents, nil for none
}

// The value types and the instructions that tests name.
const (
	i32, i64, f64 = 0x7f, 0x7e, 0x7c

	end, blockVoid = 0x0b, 0x40
	unreachable    = 0x00
	block, loop    = 0x02, 0x03
	if_, else_     = 0x04, 0x05
	br, brIf       = 0x0c, 0x0d
	brTable        = 0x0e
	call, drop     = 0x10, 0x1a
	callIndirect   = 0x11
	localGet       = 0x20
	localSet       = 0x21
	localTee       = 0x22
	globalGet      = 0x23
	globalSet      = 0x24
	memoryGrow     = 0x40
	i32Const       = 0x41
	i64Const       = 0x42
	i32Add, i32Sub = 0x6a, 0x6b
)

func uleb(n uint32) []byte {
	var out []byte
	for ; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(out, byte(n))
}

func sleb(n int64) []byte {
	var out []byte
	for {
		b := byte(n & 0x7f)
		if n >>= 7; n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

func ops(b ...byte) []byte      { return b }
func cat(p ...[]byte) []byte    { return slices.Concat(p...) }
func blob(p ...[]byte) []byte   { return append(uleb(uint32(len(cat(p...)))), cat(p...)...) }
func text(s string) []byte      { return blob([]byte(s)) }
func num(n int32) []byte        { return append(ops(i32Const), sleb(int64(n))...) }
func sig(in, out []byte) []byte { return cat(ops(0x60), blob(in), blob(out)) }

// function adds a function without locals, exported where it has a name.
func (m *module) function(export string, typ uint32, body ...[]byte) *module {
	return m.functionWith(ops(0), export, typ, body...)
}

// functionWith adds a function with declarations of locals.
func (m *module) functionWith(locals []byte, export string, typ uint32, body ...[]byte) *module {
	if export != "" {
		imported := 0
		for _, i := range m.imports {
			if i[len(i)-2] == 0 { // a function, of a type with a short index
				imported++
			}
		}
		m.exports = append(m.exports, cat(text(export), ops(0), uleb(uint32(imported+len(m.functions)))))
	}
	m.functions = append(m.functions, uleb(typ))
	m.code = append(m.code, blob(locals, cat(body...), ops(end)))
	return m
}

func (m *module) bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, content []byte) {
		if content != nil {
			out = append(append(out, id), blob(content)...)
		}
	}
	vector := func(id byte, entries [][]byte) {
		if len(entries) > 0 {
			section(id, append(uleb(uint32(len(entries))), cat(entries...)...))
		}
	}
	vector(1, m.types)
	vector(2, m.imports)
	vector(3, m.functions)
	vector(4, m.tables)
	vector(5, m.memories)
	vector(6, m.globals)
	vector(7, m.exports)
	section(8, m.start)
	vector(9, m.elements)
	section(12, m.dataCount)
	vector(10, m.code)
	vector(11, m.data)
	return out
}
