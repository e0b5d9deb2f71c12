package fuel_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/fuel"
)

func TestRefusesWhatItCannotMeter(t *testing.T) {
	for _, tt := range []struct {
		name string
		code []byte
		want string
	}{
		{"tail call", program(ops(localGet, 0, 0x12, 0)).bytes(), "instruction 0x12 (tail call)"},
		{"tail call through a table", program(ops(localGet, 0, 0, 0x13, 0, 0)).bytes(), "instruction 0x13 (tail call)"},
		{"try", program(ops(0x06, blockVoid, end)).bytes(), "instruction 0x6 (exception handling)"},
		{"try_table", program(ops(0x1f, blockVoid, 0, end)).bytes(), "instruction 0x1f (exception handling)"},
		{"throw", program(ops(0x08, 0)).bytes(), "exception handling"},
		{"call_ref", program(ops(0x14, 0)).bytes(), "typed function references"},
		{"atomic", program(ops(0xfe, 0x10, 2, 0)).bytes(), "(threads)"},
		{"garbage collection", program(ops(0xfb, 0)).bytes(), "garbage collection"},
		{"relaxed SIMD", program(ops(0xfd, 0x80, 0x02)).bytes(), "instruction 0xfd 0x100 (relaxed SIMD)"},
		{"unassigned vector instruction", program(ops(0xfd, 0x9a, 0x01)).bytes(), "instruction 0xfd 0x9a"},
		{"unassigned long instruction", program(ops(0xfc, 18)).bytes(), "instruction 0xfc 0x12"},
		{"unassigned instruction", program(ops(0xff)).bytes(), "instruction 0xff"},
		{"64-bit memory", (&module{memories: [][]byte{ops(4, 1)}}).bytes(), "64-bit"},
		{"shared memory", (&module{memories: [][]byte{ops(3, 1, 1)}}).bytes(), "threads"},
		{"two memories", (&module{memories: [][]byte{ops(0, 1), ops(0, 1)}}).bytes(), "second memory"},
		{"load from another memory", program(ops(localGet, 0, 0x28, 0x42, 1, 0)).bytes(), "second memory"},
		{"tag", (&module{imports: [][]byte{cat(text("a"), text("b"), ops(4, 0, 0))}}).bytes(), "tag"},
		{"section of tags", []byte("\x00asm\x01\x00\x00\x00\x0d\x01\x00"), "section 13"},
		{"struct type", (&module{types: [][]byte{ops(0x5f, 0)}}).bytes(), "type of form 0x5f"},
		{"table with an initial value", (&module{tables: [][]byte{ops(0x40, 0, 0x70, 0, 1, 0xd0, 0x70, end)}}).bytes(), "0x40"},
		{"exception reference", (&module{globals: [][]byte{ops(0x69, 0, 0xd0, 0x69, end)}}).bytes(), "value type 0x69"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), "version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, _, err := fuel.Rewrite(tt.code, fuel.Config{})
			var u *fuel.UnsupportedError
			if !errors.As(err, &u) || !errors.Is(err, fuel.ErrUnsupported) || out != nil {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(u.What, tt.want) || !strings.Contains(err.Error(), "deadline check at every loop") {
				t.Errorf("got %q, want it to name %q", err, tt.want)
			}
			if u.Offset <= 0 || u.Offset >= len(tt.code) {
				t.Errorf("offset %d in %d bytes", u.Offset, len(tt.code))
			}
		})
	}
}

// What would name an index that only exists after the rewriting must not become valid by it.
func TestRefusesWhatWouldReachWhatItAdds(t *testing.T) {
	for _, tt := range []struct {
		name string
		m    *module
		want string
	}{
		{"sets the counter", program(ops(i64Const, 0, globalSet, 0, localGet, 0)), "global 0 of 0"},
		{"reads the counter", program(ops(globalGet, 0, drop, localGet, 0)), "global 0 of 0"},
		{"exports the counter", &module{exports: [][]byte{cat(text("x"), ops(3, 0))}}, "global 0 of 0"},
		{"takes the counter as a place in memory", &module{memories: [][]byte{ops(0, 1)}, data: [][]byte{ops(0, globalGet, 0, end, 0)}}, "global 0 of 0"},
		{"calls a helper", program(ops(localGet, 0, call, 1)), "function 1 of 1"},
		{"exports a helper", &module{exports: [][]byte{cat(text("x"), ops(0, 0))}}, "function 0 of 0"},
		{"starts with a helper", &module{start: uleb(0)}, "function 0 of 0"},
		{"puts a helper into a table", &module{tables: [][]byte{ops(0x70, 0, 1)}, elements: [][]byte{ops(0, i32Const, 0, end, 1, 0)}}, "function 0 of 0"},
		{"refers to a helper in a table", &module{tables: [][]byte{ops(0x70, 0, 1)}, elements: [][]byte{ops(4, i32Const, 0, end, 1, 0xd2, 0, end)}}, "function 0 of 0"},
		{"refers to a helper", program(ops(0xd2, 1, drop, localGet, 0)), "function 1 of 1"},
		{"calls by an added type", program(ops(localGet, 0, localGet, 0, callIndirect, 3, 0)), "type 3 of 1"},
		{"block of an added type", program(ops(block, 2, end, localGet, 0)), "type 2 of 1"},
		{"function of an added type", &module{functions: [][]byte{uleb(0)}}, "type 0 of 0"},
		{"takes the counter's name", program(ops(localGet, 0)).also(fuel.ExportFuel), "is a name of the host's"},
		{"takes a global's name", (&module{globals: [][]byte{cat(ops(i32, 1), num(0), ops(end))}}).also(fuel.GlobalPrefix + "0"), "is a name of the host's"},
		{"imports tick with another type", &module{types: [][]byte{sig(nil, nil)}, imports: [][]byte{cat(text("pergola"), text("tick"), ops(0, 0))}}, "another type"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, _, err := fuel.Rewrite(tt.m.bytes(), fuel.Config{})
			if err == nil || out != nil || errors.Is(err, fuel.ErrUnsupported) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// also exports memory 0 under a name.
func (m *module) also(name string) *module {
	m.memories = [][]byte{ops(0, 1)}
	m.exports = append(m.exports, cat(text(name), ops(2, 0)))
	return m
}

func TestCutModulesAreErrors(t *testing.T) {
	code := generate(1)
	r := newRuntime(t, wazero.NewRuntimeConfigInterpreter())
	for n := range code {
		// Between two sections a cut can leave a smaller module.
		if _, _, err := fuel.Rewrite(code[:n], fuel.Config{}); err != nil {
			continue
		}
		if _, err := r.CompileModule(t.Context(), code[:n]); err != nil {
			t.Errorf("the first %d of %d bytes were taken: %v", n, len(code), err)
		}
	}
}

func TestMutableGlobalsAreExported(t *testing.T) {
	m := &module{
		imports: [][]byte{cat(text("a"), text("b"), ops(3, i64, 1))},
		globals: [][]byte{cat(ops(i32, 0), num(0), ops(end)), cat(ops(i32, 1), num(7), ops(end))},
	}
	_, info, err := fuel.Rewrite(m.bytes(), fuel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	want := []fuel.Global{{Index: 0, Name: "pergola_global_0", Type: i64}, {Index: 2, Name: "pergola_global_2", Type: i32}}
	if diff := cmp.Diff(want, info.Globals); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
