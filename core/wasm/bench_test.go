package wasm_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/wasm"
)

// BenchmarkCall measures a call that carries 1 KB each way, for one tenant:
//
//	go test -run '^$' -bench . ./core/wasm ./core/inproc
func BenchmarkCall(b *testing.B) {
	drivertest.Benchmark(b, drivertest.Subject{Open: open, Code: drivertest.Guest(b)})
}

// BenchmarkLoad measures what stands between a module's bytes and its first call.
func BenchmarkLoad(b *testing.B) {
	code := drivertest.Guest(b)
	load := func(b *testing.B, dir string) {
		d := newDriver(b, wasm.Config{CacheDir: dir})
		m, err := d.Load(context.Background(), code, driver.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			load(b, "")
		}
	})
	b.Run("from-disk", func(b *testing.B) {
		dir := filepath.Join(b.TempDir(), "cache")
		load(b, dir)
		for b.Loop() {
			load(b, dir)
		}
	})
	b.Run("resident", func(b *testing.B) {
		d := newDriver(b, wasm.Config{CacheDir: cacheDir})
		if _, err := d.Load(context.Background(), code, driver.Limits{}); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			m, err := d.Load(context.Background(), code, driver.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			_ = m.Close(context.Background())
		}
	})
}
