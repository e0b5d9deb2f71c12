package wasm_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
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

// BenchmarkIsolation compares the ways to keep tenants apart: the same tenant again, which finds its instance; a new
// instance for every call; and, as a bound for restoring memory in place, a plain copy of a Go guest's memory.
func BenchmarkIsolation(b *testing.B) {
	d := newDriver(b, wasm.Config{CacheDir: cacheDir})
	m, err := d.Load(context.Background(), drivertest.Guest(b), driver.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	message := drivertest.Message(b, wire.OpView, &sdk.Request{Name: fixture.Echo, Params: map[string]string{"text": strings.Repeat("x", 1000)}})
	run := func(key string) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				if _, err := m.Call(context.Background(), driver.Call{Message: message, Isolation: key}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("new-instance-per-call", run(""))
	b.Run("same-tenant", run("tenant"))
	b.Run("copy-of-memory", func(b *testing.B) {
		size := wasm.MemoryOfIdle(m)
		from, to := make([]byte, size), make([]byte, size)
		b.SetBytes(int64(size))
		for b.Loop() {
			copy(to, from)
		}
	})
}
