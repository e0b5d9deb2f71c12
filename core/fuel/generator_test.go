package fuel_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// generator writes random programs that end: every loop counts down a local that nothing else sets, and every function
// returns at once when a global, counting calls, is spent. They may trap. Floating-point values stay out of sight, since the bits of
// a NaN are the processor's choice.
type generator struct {
	r      *rand.Rand
	out    []byte
	labels []label // innermost last
	locals int     // i32 counters, behind those of the layout
	loops  int     // open ones
	size   int     // what may still be written
}

type label struct {
	result byte // blockVoid or a type
	loop   bool
}

// The layout of every function: parameters i32 and i64, then locals i32, i64, f64, then counters. All functions have one type.
const (
	functions = 4
	counters  = 40
	localF64  = 4
)

// generate returns a module that exports "run", its memory and its globals.
func generate(seed uint64) []byte {
	g := &generator{r: rand.New(rand.NewPCG(seed, 0))}
	m := &module{
		types:    [][]byte{sig(ops(i32, i64), ops(i64)), sig(nil, nil)},
		tables:   [][]byte{ops(0x70, 0, functions+1)},
		memories: [][]byte{ops(1, 1, 4)},
		globals:  [][]byte{cat(ops(i32, 1), num(40), ops(end)), ops(i64, 1, i64Const, 0, end)},
		exports:  [][]byte{cat(text("memory"), ops(2, 0)), cat(text("g0"), ops(3, 0)), cat(text("g1"), ops(3, 1))},
		elements: [][]byte{cat(ops(0), num(0), ops(end, functions, 0, 1, 2, 3))},
		data:     [][]byte{cat(ops(0), num(64), ops(end), text("some bytes to load"))},
	}
	if g.r.IntN(2) == 0 {
		m.imports = [][]byte{cat(text("pergola"), text("tick"), ops(0, 2))}
		m.types = append(m.types, sig(ops(i64), ops(i64)))
		m.elements = [][]byte{cat(ops(0), num(0), ops(end, functions, 1, 2, 3, 4))}
	}
	first := byte(len(m.imports))
	for i := range functions {
		g.out, g.labels, g.locals, g.loops, g.size = nil, []label{{result: i64}}, 0, 0, 60
		g.code(globalGet, 0, 0x45, if_, blockVoid, i64Const, 0, 0x0f, end) // no calls left: return 0
		g.code(globalGet, 0, i32Const, 1, i32Sub, globalSet, 0)
		g.statements(first, 5)
		g.value(i64, first, 4)
		name := ""
		if i == 0 {
			name = "run"
		}
		m.functionWith(cat(ops(4, 1, i32, 1, i64, 1, f64, counters, i32)), name, 0, g.out)
	}
	return m.bytes()
}

func (g *generator) code(b ...byte) { g.out = append(g.out, b...) }

func (g *generator) pick(b ...byte) byte { return b[g.r.IntN(len(b))] }

func (g *generator) statements(first byte, depth int) {
	for range g.r.IntN(5) {
		g.statement(first, depth)
	}
}

func (g *generator) statement(first byte, depth int) {
	if g.size--; g.size < 0 || depth == 0 {
		return
	}
	inside := func(l label, f func()) {
		g.labels = append(g.labels, l)
		f()
		g.labels = g.labels[:len(g.labels)-1]
		g.code(end)
	}
	body := func() { g.statements(first, depth-1) }
	void := label{result: blockVoid}
	switch g.r.IntN(14) {
	case 0:
		g.code(block, blockVoid)
		inside(void, body)
	case 1:
		g.value(i32, first, 2)
		g.code(if_, blockVoid)
		inside(void, body)
	case 2:
		g.value(i32, first, 2)
		g.code(if_, blockVoid)
		inside(void, func() {
			body()
			g.code(else_)
			body()
		})
	case 3, 4:
		if g.locals >= counters || g.loops >= 3 {
			return
		}
		counter := byte(localF64 + 1 + g.locals)
		g.locals++
		g.loops++
		g.code(i32Const, byte(g.r.IntN(6)), localSet, counter, block, blockVoid)
		inside(void, func() {
			g.code(loop, blockVoid)
			inside(label{result: blockVoid, loop: true}, func() {
				g.code(localGet, counter, 0x45, brIf, 1, localGet, counter, i32Const, 1, i32Sub, localSet, counter)
				body()
				if g.r.IntN(2) == 0 {
					g.code(br, 0)
				}
			})
		})
		g.loops--
	case 5, 6:
		g.branch(first)
	case 7:
		g.value(i32, first, 3)
		g.code(localSet, g.pick(0, 2))
	case 8:
		g.value(i64, first, 3)
		g.code(localSet, g.pick(1, 3))
	case 9:
		g.value(f64, first, 3)
		g.code(localSet, localF64)
	case 10:
		g.address(first)
		g.value(i64, first, 2)
		g.code(g.pick(0x37, 0x3c, 0x3d, 0x3e), 0, byte(g.r.IntN(100))) // stores
	case 11:
		g.address(first)
		g.address(first)
		g.code(i32Const, byte(g.r.IntN(64)))
		if g.r.IntN(2) == 0 {
			g.code(0xfc, 10, 0, 0)
		} else {
			g.code(0xfc, 11, 0)
		}
	case 12:
		g.value(i64, first, 3)
		g.code(globalSet, 1)
	case 13:
		g.code(bytes.Repeat(ops(0x01), g.r.IntN(700))...) // to cross regions
	}
}

// branch goes somewhere, with a value where the label wants one.
func (g *generator) branch(first byte) {
	depth := g.r.IntN(len(g.labels))
	l := g.labels[len(g.labels)-1-depth]
	if l.result != blockVoid {
		g.value(l.result, first, 2)
		g.value(i32, first, 2)
		g.code(brIf, byte(depth), drop)
		return
	}
	switch g.r.IntN(5) {
	case 0:
		g.code(br, byte(depth))
	case 1:
		var same []byte
		for d := range g.labels {
			if g.labels[len(g.labels)-1-d].result == blockVoid {
				same = append(same, byte(d))
			}
		}
		g.value(i32, first, 2)
		g.code(brTable, 3, g.pick(same...), g.pick(same...), g.pick(same...), byte(depth))
	default:
		g.value(i32, first, 2)
		g.code(brIf, byte(depth))
	}
}

// address leaves an i32 that mostly lies within memory.
func (g *generator) address(first byte) {
	g.value(i32, first, 2)
	if g.r.IntN(20) > 0 {
		g.code(cat(num(0x3fff), ops(0x71))...) // i32.and
	}
}

// value leaves a value of a type on the stack.
func (g *generator) value(t, first byte, depth int) {
	g.size--
	if depth == 0 || g.size < 0 {
		g.leaf(t)
		return
	}
	next := func(types ...byte) {
		for _, t := range types {
			g.value(t, first, depth-1)
		}
	}
	switch n := g.r.IntN(12); {
	case n < 3:
		g.leaf(t)
	case n == 3: // a block with a result
		g.code(block, t)
		g.labels = append(g.labels, label{result: t})
		g.statements(first, depth-1)
		next(t)
		g.labels = g.labels[:len(g.labels)-1]
		g.code(end)
	case n == 4:
		next(i32)
		g.code(if_, t)
		g.labels = append(g.labels, label{result: t})
		next(t)
		g.code(else_)
		next(t)
		g.labels = g.labels[:len(g.labels)-1]
		g.code(end)
	case n == 5:
		next(t, t, i32)
		g.code(0x1b)
	case t == i32 && n == 6:
		g.code(i32Const, byte(g.r.IntN(2)), memoryGrow, 0)
	case t == i32 && n == 7: // through a vector
		next(i32, i32)
		g.code(0xfd, 17, 0xfd, 27, byte(g.r.IntN(4)), i32Add) // i32x4.splat, i32x4.extract_lane
	case t == i32 && n == 8:
		next(i64)
		g.code(0xa7)
	case t == i32 && n == 9:
		next(f64)
		g.code(0xfc, 2) // saturates
	case t == i32:
		next(i32, i32)
		g.code(g.pick(0x46, 0x48, 0x4d, 0x6a, 0x6b, 0x6c, 0x6d, 0x70, 0x71, 0x73, 0x74, 0x77))
	case t == f64:
		next(f64, f64)
		g.code(g.pick(0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5))
	case n == 6:
		next(i32, i64)
		g.code(call, first+byte(g.r.IntN(functions)))
	case n == 7:
		next(i32, i64)
		g.code(i32Const, byte(g.r.IntN(functions+2)), callIndirect, 0, 0)
	case n == 8:
		g.address(first)
		g.code(g.pick(0x29, 0x30, 0x33, 0x35), 0, byte(g.r.IntN(100)))
	case n == 9:
		next(i32)
		g.code(g.pick(0xac, 0xad))
	default:
		next(i64, i64)
		g.code(g.pick(0x7c, 0x7d, 0x7e, 0x7f, 0x82, 0x83, 0x85, 0x86, 0x8a))
	}
}

func (g *generator) leaf(t byte) {
	n := int64(g.r.IntN(200) - 100)
	if g.r.IntN(4) == 0 {
		n = int64(g.r.Uint64())
	}
	switch {
	case t == f64 && n%2 == 0:
		g.code(0x44)
		g.out = binary.LittleEndian.AppendUint64(g.out, math.Float64bits(float64(n)/3))
	case t == f64:
		g.code(localGet, localF64)
	case t == i64 && n%3 == 0:
		g.code(globalGet, 1)
	case t == i64 && n%2 == 0:
		g.code(cat(ops(i64Const), sleb(n))...)
	case t == i64:
		g.code(localGet, g.pick(1, 3))
	case n%2 == 0:
		g.code(num(int32(n))...)
	default:
		g.code(localGet, g.pick(0, 2))
	}
}
