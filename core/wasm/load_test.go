package wasm_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/wasm"
)

func TestLoadRefusesWhatCannotRunAndSaysWhy(t *testing.T) {
	importing := func(module, name string, params, results []byte) []byte {
		b := guest()
		b.importFunction(module, name, params, results)
		return b.answering(i64Const(0))
	}
	importingThing := func(entry ...byte) []byte {
		b := guest()
		b.imports = append(b.imports, cat(text("env"), text("thing"), entry))
		return b.answering(i64Const(0))
	}
	good := guest().answering(i64Const(0))
	tests := []struct {
		name string
		code []byte
		want []string
	}{
		{"empty", nil, []string{"not a WebAssembly module", "0 bytes"}},
		{"something else", []byte("#!/bin/sh\nexit 0\n"), []string{"not a WebAssembly module", `"#!/b"`}},
		{"component", []byte("\x00asm\x0d\x00\x01\x00\x00"), []string{"component", "preview 1", "-buildmode=c-shared"}},
		{"future version", []byte("\x00asm\x02\x00\x00\x00"), []string{"version 2"}},
		{"cut off", good[:len(good)-3], []string{"cut off"}},
		{"lying section", []byte("\x00asm\x01\x00\x00\x00\x01\xff\xff\xff\xff\x0f"), []string{"cut off"}},
		{"announcement of 2 billion data segments", []byte("\x00asm\x01\x00\x00\x00\v\x06\xff\xff\xff\xff\x07\x00"), []string{"section 11"}},
		{"announcement of 4 billion locals", cat([]byte("\x00asm\x01\x00\x00\x00"), ops(10), blob(cat(uleb(1), blob(cat(uleb(1), uleb(1<<32-1), ops(i32, opEnd)))))), []string{"4294967295 locals, at most 50000"}},
		{"table of 4 billion elements", cat([]byte("\x00asm\x01\x00\x00\x00"), ops(4), blob(cat(uleb(1), ops(0x70, 0), uleb(1<<32-1)))), []string{"table of 4294967295 elements"}},
		{"function of 2000 parameters", func() []byte { b := guest(); b.typeIndex(make([]byte, 2000), nil); return b.bytes() }(), []string{"2000 parameters"}},
		{"growing table", func() []byte {
			b := guest()
			return b.answering(ops(0xd0, 0x70), i32Const(1), ops(0xfc, 15, 0, opDrop), i64Const(0))
		}(), []string{"changes a table", "-mno-reference-types"}},
		{"body that does not validate", guest().answering(i32Const(1)), []string{"not valid"}},
		{"import from env", importing("env", "abort", nil, nil), []string{"env.abort", "through the SDK"}},
		{"import of a browser's Go", importing("gojs", "runtime.ticks", nil, nil), []string{"gojs.runtime.ticks", "GOOS=wasip1"}},
		{"import of an unknown host function", importing("pergola", "teleport", nil, nil), []string{"pergola.teleport", "host_call, host_read and tick", "SDK"}},
		{"import of WASI preview 2", importing("wasi:io/streams", "read", nil, nil), []string{"wasi:io/streams.read", "preview 1"}},
		{"import that WASI does not have", importing("wasi_snapshot_preview1", "fork", nil, nil), []string{"wasi_snapshot_preview1.fork", "does not have"}},
		{"import of another type", importing("pergola", "host_call", types(i64), types(i32)), []string{"pergola.host_call as (i64) i32", "it is (i32, i32) i32"}},
		{"imported memory", importingThing(kindMemory, 0, 1), []string{"memory env.thing", "functions alone"}},
		{"imported table", importingThing(kindTable, 0x70, 0, 1), []string{"table env.thing"}},
		{"imported global", importingThing(kindGlobal, i32, 0), []string{"global env.thing"}},
		{"no exports", (&moduleBuilder{}).bytes(), []string{"does not export memory, pergola_buffer(i32) i32, pergola_call(i32) i64", "serve.Plugin", "-buildmode=c-shared"}},
		{"command", func() []byte { b := &moduleBuilder{}; b.memoryOf(1); b.function("_start", nil, nil); return b.bytes() }(),
			[]string{"pergola_call", "command", "reactor"}},
		{"export of another type", func() []byte {
			b := guest()
			b.memoryOf(1)
			b.function("pergola_buffer", nil, nil)
			b.function("pergola_call", types(i32), types(i32), i32Const(1))
			return b.bytes()
		}(), []string{"pergola_buffer is (), but has to be (i32) i32", "pergola_call is (i32) i32, but has to be (i32) i64"}},
		{"too much memory at the start", func() []byte { b := guest(); b.memory = nil; return tooMuchMemory(b) }(), []string{"128 MiB", "64 MiB", "limits.request.memoryMiB"}},
		{"_initialize with a parameter", func() []byte {
			b := guest()
			b.function("_initialize", types(i32), nil)
			return b.answering(i64Const(0))
		}(),
			[]string{"_initialize"}},
		{"_initialize that traps", func() []byte {
			b := guest()
			b.function("_initialize", nil, nil, ops(opUnreachable))
			return b.answering(i64Const(0))
		}(), []string{"start it", "unreachable"}},
		{"_initialize that never ends", func() []byte {
			b := guest()
			b.function("_initialize", nil, nil, ops(opLoop, blockVoid, opBr, 0, opEnd))
			return b.answering(i64Const(0))
		}(), []string{"start it", "deadline"}},
		{"start function that never ends", func() []byte {
			b := guest()
			b.start = [][]byte{uleb(uint32(b.function("", nil, nil, ops(opLoop, blockVoid, opBr, 0, opEnd))))}
			return b.answering(i64Const(0))
		}(), []string{"start it", "deadline"}},
	}
	d := newDriver(t, wasm.Config{StartTimeout: 200 * time.Millisecond})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := d.Load(context.Background(), tt.code, driver.Limits{})
			if err == nil {
				t.Fatal("loaded")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
		})
	}
	if s := d.Stats(); s.Resident != 0 || s.Instances != 0 {
		t.Errorf("refused modules left something behind: %+v", s)
	}
}

func tooMuchMemory(b *moduleBuilder) []byte {
	b.memoryOf(2048)
	b.function("pergola_buffer", types(i32), types(i32), i32Const(0))
	b.function("pergola_call", types(i32), types(i64), i64Const(0))
	return b.bytes()
}

func TestLoadRefusesAnOversizedModule(t *testing.T) {
	_, err := newDriver(t, wasm.Config{}).Load(context.Background(), make([]byte, wasm.MaxCode+1), driver.Limits{})
	if err == nil || !strings.Contains(err.Error(), "at most 64 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestLoadRefusesMemoryAboveTheCeiling(t *testing.T) {
	d := newDriver(t, wasm.Config{MaxMemoryBytes: 32 << 20})
	code := guest().answering(i64Const(0))
	if _, err := d.Load(context.Background(), code, driver.Limits{Budget: driver.Budget{MemoryBytes: 64 << 20}}); err == nil || !strings.Contains(err.Error(), "32 MiB") {
		t.Errorf("got %v", err)
	}
	if _, err := d.Load(context.Background(), code, driver.Limits{Budget: driver.Budget{MemoryBytes: 32 << 20}}); err != nil {
		t.Errorf("at the ceiling: %v", err)
	}
}

func TestSameBytesAreCompiledOnce(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	code := guest().answering(i64Const(0))
	modules := make([]driver.Module, 8)
	var wg sync.WaitGroup
	for i := range modules {
		wg.Go(func() {
			var err error
			if modules[i], err = d.Load(context.Background(), bytes.Clone(code), driver.Limits{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s := d.Stats(); s.Compilations != 1 || s.Resident != 1 {
		t.Errorf("got %+v, want one compilation", s)
	}
	for _, m := range modules {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if s := d.Stats(); s.Resident != 0 || s.Instances != 0 {
		t.Errorf("after the last close: %+v", s)
	}
}

func TestPreparedCodeIsNotCompiledAgain(t *testing.T) {
	ctx, code := context.Background(), guest().answering(i64Const(0))
	d := newDriver(t, wasm.Config{})
	release := d.Prepare(ctx, code, driver.Limits{})
	if s := d.Stats(); s.Compilations != 1 || s.Resident != 1 || s.Instances != 0 {
		t.Errorf("prepared: %+v, want native code and no instance", s)
	}
	m, err := d.Load(ctx, code, driver.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	release()
	if s := d.Stats(); s.Compilations != 1 || s.Resident != 1 {
		t.Errorf("loaded and released: %+v, want the code of the one compilation", s)
	}
	if err := m.Close(ctx); err != nil {
		t.Error(err)
	}
	if s := d.Stats(); s.Resident != 0 {
		t.Errorf("after the last close: %+v", s)
	}
	broken := []byte("no module")
	d.Prepare(ctx, broken, driver.Limits{})()
	if _, err := d.Load(ctx, broken, driver.Limits{}); err == nil {
		t.Error("what cannot be prepared is loaded")
	}
}

func TestCacheOnDiskIsFilledAndKeptPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache", "wasm")
	d := newDriver(t, wasm.Config{CacheDir: dir})
	if _, err := d.Load(context.Background(), guest().answering(i64Const(0)), driver.Limits{}); err != nil {
		t.Fatal(err)
	}
	files := 0
	if err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && info.Size() > 0 {
			files++
		}
		return err
	}); err != nil || files == 0 {
		t.Errorf("found %d files of native code, %v", files, err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory's mode is %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := wasm.New(wasm.Config{CacheDir: dir}); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("a directory that others may write to: got %v", err)
	}
}

func TestClosedDriverLoadsNothing(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	if err := d.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Load(context.Background(), guest().answering(i64Const(0)), driver.Limits{}); err == nil {
		t.Error("loaded")
	}
}
