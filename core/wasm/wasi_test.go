package wasm_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/wasm"
)

// wasiCall returns a guest that calls a WASI function with constant arguments and answers the error number as the length
// of its answer. The memory is one page; scratch space is at 4096.
func wasiCall(name string, args ...any) []byte {
	b := guest()
	var params []byte
	var body [][]byte
	for _, a := range args {
		switch v := a.(type) {
		case int:
			params, body = append(params, i32), append(body, i32Const(int32(v)))
		case int64:
			params, body = append(params, i64), append(body, i64Const(v))
		}
	}
	f := b.importFunction("wasi_snapshot_preview1", name, params, types(i32))
	// A clock subscription that is due at once, one that is due in an hour, and one for a descriptor; an iovec.
	b.put(0, clockSubscription(0))
	b.put(48, clockSubscription(3_600_000_000_000))
	b.put(96, cat(make([]byte, 8), ops(1), make([]byte, 7), ops(1), make([]byte, 31)))
	b.put(192, ops(0, 0, 0, 0, 8, 0, 0, 0))             // 8 bytes from 0
	b.put(200, ops(0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0)) // 8 bytes from the end of the address space
	return b.answering(append(body, call(f), ops(opI64Extend))...)
}

func clockSubscription(timeout uint64) []byte {
	b := make([]byte, 48)
	b[16] = 1
	for i := range 8 {
		b[24+i] = byte(timeout >> (8 * i))
	}
	return b
}

func TestWASIAnswers(t *testing.T) {
	const (
		badf, fault, inval, nosys, spipe = 8, 21, 28, 52, 70
		outside                          = 1<<16 - 3
	)
	tests := []struct {
		name string
		code []byte
		want int
	}{
		{"time of day", wasiCall("clock_time_get", 0, int64(1), 4096), 0},
		{"monotonic time", wasiCall("clock_time_get", 1, int64(1), 4096), 0},
		{"processor time", wasiCall("clock_time_get", 2, int64(1), 4096), inval},
		{"time to outside", wasiCall("clock_time_get", 0, int64(1), outside), fault},
		{"resolution", wasiCall("clock_res_get", 1, 4096), 0},
		{"random", wasiCall("random_get", 4096, 64), 0},
		{"random to outside", wasiCall("random_get", outside, 64), fault},
		{"too much random", wasiCall("random_get", 0, 2<<20), inval},
		{"write to stdout", wasiCall("fd_write", 1, 192, 1, 4096), 0},
		{"write to a file", wasiCall("fd_write", 3, 192, 1, 4096), badf},
		{"write from outside", wasiCall("fd_write", 2, 200, 1, 4096), fault},
		{"write of too many parts", wasiCall("fd_write", 2, 0, -1, 4096), fault},
		{"write with its list outside", wasiCall("fd_write", 2, -4, 1, 4096), fault},
		{"write with its count outside", wasiCall("fd_write", 2, 192, 1, outside), fault},
		{"read of stdin", wasiCall("fd_read", 0, 192, 1, 4096), 0},
		{"read of a file", wasiCall("fd_read", 3, 192, 1, 4096), badf},
		{"stat of stdout", wasiCall("fd_fdstat_get", 1, 4096), 0},
		{"stat of a file", wasiCall("fd_fdstat_get", 3, 4096), badf},
		{"first open directory", wasiCall("fd_prestat_get", 3, 4096), badf},
		{"open", wasiCall("path_open", 3, 0, 0, 8, 0, int64(-1), int64(-1), 0, 4096), badf},
		{"seek of stdout", wasiCall("fd_seek", 1, int64(0), 0, 4096), spipe},
		{"close of stdout", wasiCall("fd_close", 1), 0},
		{"close of a file", wasiCall("fd_close", 3), badf},
		{"arguments", wasiCall("args_sizes_get", 4096, 4100), 0},
		{"environment to outside", wasiCall("environ_sizes_get", 4096, outside), fault},
		{"yield", wasiCall("sched_yield"), 0},
		{"socket", wasiCall("sock_shutdown", 3, 0), nosys},
		{"poll of a clock that is due", wasiCall("poll_oneoff", 0, 4096, 1, 8192), 0},
		{"poll of a descriptor does not wait", wasiCall("poll_oneoff", 48, 4096, 2, 8192), 0},
		{"poll of nothing", wasiCall("poll_oneoff", 0, 4096, 0, 8192), inval},
		{"poll of too much", wasiCall("poll_oneoff", 0, 4096, 1<<30, 8192), inval},
		{"poll from outside", wasiCall("poll_oneoff", outside, 4096, 1, 8192), fault},
		{"poll to outside", wasiCall("poll_oneoff", 0, outside, 1, 8192), fault},
	}
	d := newDriver(t, wasm.Config{Random: bytes.NewReader(make([]byte, 1<<10))})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := d.Load(context.Background(), tt.code, driver.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := ask(m, driver.Call{})
			if err != nil || len(got) != tt.want {
				t.Errorf("got errno %d, %v; want %d", len(got), err, tt.want)
			}
		})
	}
}

// FuzzInspect shows that inspect finds the imports that the compiler finds, and survives the rest.
func FuzzInspect(f *testing.F) {
	f.Add(guest().answering(i64Const(0)))
	f.Add(wasiCall("path_open", 3, 0, 0, 8, 0, int64(-1), int64(-1), 0, 4096))
	f.Add([]byte("\x00asm\x0d\x00\x01\x00"))
	imported := guest()
	imported.imports = [][]byte{cat(text("env"), text("m"), ops(kindMemory, 1, 1, 2)), cat(text("env"), text("t"), ops(kindTable, 0x70, 0, 1)), cat(text("env"), text("g"), ops(kindGlobal, i32, 0))}
	f.Add(imported.bytes())
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	f.Cleanup(func() { _ = r.Close(ctx) })
	f.Fuzz(func(t *testing.T, code []byte) {
		got, err := wasm.Imports(code)
		if err != nil {
			return // the compiler never sees it
		}
		m, compileErr := r.CompileModule(ctx, wasm.WithoutCustomSections(code))
		if compileErr != nil {
			return
		}
		defer func() { _ = m.Close(ctx) }()
		var functions, memories int
		for _, im := range got {
			switch {
			case bytes.HasPrefix([]byte(im), []byte("function ")):
				module, name, _ := m.ImportedFunctions()[functions].Import()
				if want := "function " + module + "." + name + " "; !bytes.HasPrefix([]byte(im), []byte(want)) {
					t.Errorf("import %q, want it to begin with %q", im, want)
				}
				functions++
			case bytes.HasPrefix([]byte(im), []byte("memory ")):
				memories++
			}
		}
		if functions != len(m.ImportedFunctions()) || memories != len(m.ImportedMemories()) {
			t.Errorf("found %d functions and %d memories, the compiler %d and %d", functions, memories, len(m.ImportedFunctions()), len(m.ImportedMemories()))
		}
	})
}
