package fuel_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pergola-platform/pergola/core/fuel"
)

// program is a module with one function "run" of type (i32) i32 and one page of memory.
func program(body ...[]byte) *module {
	m := &module{types: [][]byte{sig(ops(i32), ops(i32))}, memories: [][]byte{ops(1, 1, 3)}}
	return m.function("run", 0, body...)
}

func TestTickStopsWhatDoesNotEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		code []byte
	}{
		{"empty loop", program(ops(loop, blockVoid, br, 0, end), ops(unreachable)).bytes()},
		{"conditional loop", program(ops(loop, blockVoid), num(1), ops(brIf, 0, end), num(0)).bytes()},
		{"loop by br_table", program(ops(loop, blockVoid), num(7), ops(brTable, 1, 0, 0, end, unreachable)).bytes()},
		{"loop entered through a block", program(ops(block, blockVoid, loop, blockVoid, block, blockVoid, br, 1, end, end, end), num(0)).bytes()},
		{"loop that fills memory", program(ops(loop, blockVoid), num(0), num(0), num(1<<16), ops(0xfc, 11, 0, br, 0, end, unreachable)).bytes()},
		// Each calls the other twice, so that the depth stays below the stack's limit and their number does not.
		{"mutual recursion", (&module{types: [][]byte{sig(ops(i32), ops(i32))}}).
			function("run", 0, fork(1)).function("", 0, fork(0)).bytes()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &meter{budget: 1_000_000, slice: 1_000}
			mod := start(t, tt.code, m)
			_, err := mod.ExportedFunction("run").Call(t.Context(), 60)
			if !errors.Is(err, errSpent) {
				t.Fatalf("got %v, want that the budget is spent", err)
			}
			if paid := m.paid(mod); paid < m.budget || paid > m.budget+1<<20 {
				t.Errorf("it paid %d of %d", paid, m.budget)
			}
			if mod.IsClosed() {
				t.Error("the module was closed")
			}
		})
	}
}

// fork calls f twice with one less, unless it is given 0.
func fork(f byte) []byte {
	again := cat(ops(localGet, 0), num(1), ops(i32Sub, call, f))
	return cat(ops(localGet, 0, if_, blockVoid), again, ops(drop), again, ops(drop, end, localGet, 0))
}

func TestPaymentsAreWhatTheyShouldBe(t *testing.T) {
	nops := func(n int) []byte { return bytes.Repeat(ops(0x01), n) }
	countdown := cat(ops(loop, blockVoid, localGet, 0), num(1), ops(i32Sub, localTee, 0, brIf, 0, end, localGet, 0))
	for _, tt := range []struct {
		name string
		m    *module
		arg  uint64
		want int64
	}{
		{"one instruction", program(ops(localGet, 0)), 0, 1},
		{"loop, round by round", program(countdown), 10, 1 + 10*5 + 1},
		{"long code, in regions", program(nops(5000), ops(localGet, 0)), 0, 5001},
		{"both arms of an if", program(ops(localGet, 0, if_, blockVoid), nops(10), ops(else_), nops(20), ops(end, localGet, 0)), 0, 2 + 10 + 1 + 20 + 1},
		{"a long arm that is skipped", program(ops(localGet, 0, if_, blockVoid), nops(4*fuel.MaxRegion), ops(end, localGet, 0)), 0, fuel.MaxRegion + 1},
		{"a long arm that is taken", program(ops(localGet, 0, if_, blockVoid), nops(4*fuel.MaxRegion), ops(end, localGet, 0)), 1, 4*fuel.MaxRegion + 3},
		{"the other arm alone", program(ops(localGet, 0, if_, blockVoid), nops(4*fuel.MaxRegion), ops(else_), nops(3), ops(end, localGet, 0)), 0, fuel.MaxRegion + 3 + 1},
		{"the first arm before a long one", program(ops(localGet, 0, if_, blockVoid), nops(3), ops(else_), nops(4*fuel.MaxRegion), ops(end), nops(9), ops(localGet, 0)), 1, fuel.MaxRegion + 9 + 1},
		{"a branch over long code", program(ops(block, blockVoid, br, 0), nops(4*fuel.MaxRegion), ops(end, localGet, 0)), 0, fuel.MaxRegion + 1},
		{"memory.grow", program(num(2), ops(memoryGrow, 0)), 0, 2 + 2*1024},
		{"memory.grow beyond every limit", program(num(-1), ops(memoryGrow, 0)), 0, 2 + 65536*1024},
		{"memory.fill", program(num(0), num(1), num(6400), ops(0xfc, 11, 0, localGet, 0)), 0, 5 + 100},
		{"memory.copy", program(num(0), num(1), num(6400), ops(0xfc, 10, 0, 0, localGet, 0)), 0, 5 + 100},
		{"many locals", (&module{types: [][]byte{sig(ops(i32), ops(i32))}}).
			functionWith(cat(ops(1), uleb(1600), ops(i64)), "run", 0, ops(localGet, 0)), 0, 1 + 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // the same each time
				m := &meter{budget: 1 << 40, slice: 1_000}
				mod := start(t, tt.m.bytes(), m)
				if _, err := mod.ExportedFunction("run").Call(t.Context(), tt.arg); err != nil {
					t.Fatal(err)
				}
				if got := m.paid(mod); got != tt.want {
					t.Errorf("paid %d, want %d", got, tt.want)
				}
			}
		})
	}
}

func TestTickIsAskedOncePerSlice(t *testing.T) {
	m := &meter{budget: 1 << 40, slice: 1_000}
	mod := start(t, program(ops(loop, blockVoid, localGet, 0), num(1), ops(i32Sub, localTee, 0, brIf, 0, end, localGet, 0)).bytes(), m)
	if _, err := mod.ExportedFunction("run").Call(t.Context(), 10_000); err != nil {
		t.Fatal(err)
	}
	if want := int(m.paid(mod)/m.slice) + 1; m.ticks != want {
		t.Errorf("tick was called %d times, want %d", m.ticks, want)
	}
}

func TestGuestsOwnTickDoesNotReachTheHost(t *testing.T) {
	g := &module{
		types:   [][]byte{sig(ops(i64), ops(i64)), sig(ops(i32), ops(i32))},
		imports: [][]byte{cat(text("pergola"), text("tick"), ops(0, 0)), cat(text("pergola"), text("tick"), ops(0, 0))},
	}
	g.function("run", 1, ops(i64Const), sleb(1<<40), ops(call, 1, 0xa7)) // the result as i32
	g.exports = append(g.exports, cat(text("mine"), ops(0, 0)))
	m := &meter{budget: 1_000, slice: 1_000}
	mod := start(t, g.bytes(), m)
	for range 3 {
		if got, err := mod.ExportedFunction("mine").Call(t.Context(), 77); err != nil || got[0] != 77 {
			t.Errorf("the guest's tick gave %v, %v", got, err)
		}
		if _, err := mod.ExportedFunction("run").Call(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if m.ticks != 1 || m.paid(mod) != 9 {
		t.Errorf("the host's tick was called %d times and %d paid", m.ticks, m.paid(mod))
	}
}

func TestStartFunctionPaysFromInitialFuel(t *testing.T) {
	g := program(ops(localGet, 0))
	g.types = append(g.types, sig(nil, nil))
	g.function("", 1, bytes.Repeat(ops(0x01), 50))
	g.start = uleb(1)
	out, _, err := fuel.Rewrite(g.bytes(), fuel.Config{Initial: 60})
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{}
	mod := instantiate(t, out, m)
	if left := mod.ExportedGlobal(fuel.ExportFuel).Get(); left != 10 || m.ticks != 0 {
		t.Errorf("%d left after %d ticks, want 10 after none", left, m.ticks)
	}
}
