package fuel_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/pergola-platform/pergola/core/fuel"
)

// state is what a program leaves behind.
type state struct {
	Result  uint64
	Trap    string
	Globals [2]uint64
	Memory  [sha256.Size]byte
}

func run(t testing.TB, mod api.Module) state {
	t.Helper()
	var s state
	results, err := mod.ExportedFunction("run").Call(context.Background(), 7, 1000)
	if err != nil {
		s.Trap = firstLine(err)
	} else {
		s.Result = results[0]
	}
	s.Globals = [2]uint64{mod.ExportedGlobal("g0").Get(), mod.ExportedGlobal("g1").Get()}
	s.Memory = sha256.Sum256(memoryOf(mod))
	return s
}

// compare runs a generated program as it is, with fuel, with small regions, and paying for each instruction by itself.
func compare(t testing.TB, seed uint64, c wazero.RuntimeConfig) (trapped bool) {
	t.Helper()
	code := generate(seed)
	// The guest's own tick returns what it is given, as Rewrite makes it.
	want, _ := runAlone(t, seed, code, c, &meter{budget: 1})
	regions := []int64{1, 9, fuel.MaxRegion}
	var ran int64
	for i, region := range regions {
		out, _, err := fuel.RewriteWith(code, region)
		if err != nil {
			t.Fatal(err)
		}
		got, paid := runAlone(t, seed, out, c, &meter{budget: 1 << 50, slice: 5_000})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d, -plain +regions of %d:\n%s", seed, region, diff)
		}
		if i == 0 {
			ran = paid
		} else if paid < ran {
			t.Errorf("seed %d, regions of %d: it paid %d and ran %d instructions", seed, region, paid, ran)
		}
	}
	return want.Trap != ""
}

// runAlone runs a module on a runtime of its own, and returns what it paid.
func runAlone(t testing.TB, seed uint64, code []byte, c wazero.RuntimeConfig, m *meter) (s state, paid int64) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, c)
	defer r.Close(ctx)
	provideTick(t, r, m)
	mod, err := r.InstantiateWithConfig(ctx, code, anonymous)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	s = run(t, mod)
	if mod.ExportedGlobal(fuel.ExportFuel) != nil {
		paid = m.paid(mod)
	}
	return s, paid
}

func TestRandomProgramsComputeTheSameAndPayForAllTheyRun(t *testing.T) {
	seeds := uint64(600)
	if testing.Short() {
		seeds = 100
	}
	var traps int
	for seed := range seeds {
		c := wazero.NewRuntimeConfigInterpreter()
		if seed%10 == 0 {
			c = wazero.NewRuntimeConfig()
		}
		if compare(t, seed, c) {
			traps++
		}
	}
	t.Logf("%d of %d programs trapped", traps, seeds)
	if traps > int(seeds)/2 {
		t.Errorf("%d of %d programs trapped, so few were compared to their end", traps, seeds)
	}
}

func FuzzRandomPrograms(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(func(t *testing.T, seed uint64) { compare(t, seed, wazero.NewRuntimeConfigInterpreter()) })
}

// FuzzRewrite feeds foreign bytes. What comes out is valid exactly where what went in was.
func FuzzRewrite(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Add([]byte{})
	for seed := range uint64(5) {
		f.Add(generate(seed))
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	f.Cleanup(func() { _ = r.Close(ctx) })
	f.Fuzz(func(t *testing.T, code []byte) {
		before := bytes.Clone(code)
		out, info, err := fuel.Rewrite(code, fuel.Config{})
		if !bytes.Equal(before, code) {
			t.Fatal("it changed its argument")
		}
		if err != nil {
			if out != nil || info.BytesIn != 0 {
				t.Errorf("an error came with a result: %v", err)
			}
			return
		}
		if most := 20*len(code) + 1000; len(out) > most || len(out) != info.BytesOut {
			t.Errorf("%d bytes became %d", len(code), len(out))
		}
		if announcesMuch(code) {
			return
		}
		if a, b := validate(ctx, r, code), validate(ctx, r, out); (a == nil) != (b == nil) {
			t.Errorf("%v before, %v after", a, b)
		}
	})
}

// announcesMuch keeps away from the runtime what makes it allocate without end: numbers of three bytes and more outside of
// instructions and data. core/wasm has its own check for that, before it compiles anything.
func announcesMuch(code []byte) bool {
	number := func() uint64 {
		n, size := binary.Uvarint(code)
		code = code[max(size, 0):]
		return min(n, uint64(len(code)))
	}
	for code = code[8:]; len(code) > 1; {
		id := code[0]
		code = code[1:]
		size := number()
		section, rest := code[:size], code[size:]
		run := 0
		for i := 0; i < len(section) && id != 0 && id != 10 && id != 11; i++ {
			if run++; section[i] < 0x80 {
				run = 0
			}
			if run > 1 {
				return true
			}
		}
		if id == 10 {
			code = section
			for n := number(); n > 0 && len(code) > 0; n-- {
				size := number()
				one, others := code[:size], code[size:]
				code = one
				for n := number(); n > 0 && len(code) > 0; n-- {
					if locals, size := binary.Uvarint(code); locals > 10_000 || size <= 0 {
						return true
					}
					number()
					code = code[min(1, len(code)):]
				}
				code = others
			}
		}
		code = rest
	}
	return false
}
