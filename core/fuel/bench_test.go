package fuel_test

import (
	"context"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/fuel"
)

// BenchmarkCall measures an echo of 1 KB by a Go plugin: as it is, with fuel, and with the runtime's own check of a
// context. They take turns within every round, so that what else the machine does strikes all alike:
//
//	go test -run '^$' -bench Call ./core/fuel
func BenchmarkCall(b *testing.B) {
	code, message := drivertest.Guest(b), echo(b)
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	ways := []struct {
		name string
		ctx  context.Context
		p    *plugin
		best time.Duration
	}{
		{"plain", context.Background(), openPlugin(b, code, wazero.NewRuntimeConfig()), 1 << 62},
		{"fuel", context.Background(), openPlugin(b, rewrite(b, code), wazero.NewRuntimeConfig()), 1 << 62},
		{"close-on-done", cancellable, openPlugin(b, code, wazero.NewRuntimeConfig().WithCloseOnContextDone(true)), 1 << 62},
	}
	const calls = 50
	for b.Loop() {
		for i := range ways {
			w := &ways[i]
			began := time.Now()
			for range calls {
				w.p.send(w.ctx, b, message)
			}
			w.best = min(w.best, time.Since(began))
		}
	}
	for _, w := range ways {
		b.ReportMetric(float64(w.best.Nanoseconds())/calls, w.name+"-ns/call")
		b.ReportMetric(float64(w.best)/float64(ways[0].best), w.name+"-ratio")
	}
}

// BenchmarkRewrite measures the pass itself, on a Go plugin.
func BenchmarkRewrite(b *testing.B) {
	code := drivertest.Guest(b)
	b.SetBytes(int64(len(code)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := fuel.Rewrite(code, fuel.Config{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoop measures the worst case: a loop of four instructions, in the same three ways.
func BenchmarkLoop(b *testing.B) {
	code := program(ops(loop, blockVoid, localGet, 0), num(1), ops(i32Sub, localTee, 0, brIf, 0, end, localGet, 0)).bytes()
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	open := func(code []byte, c wazero.RuntimeConfig) api.Function {
		r := newRuntime(b, c)
		provideTick(b, r, &meter{budget: 1 << 60, slice: 1_000_000})
		mod, err := r.InstantiateWithConfig(context.Background(), code, anonymous)
		if err != nil {
			b.Fatal(err)
		}
		return mod.ExportedFunction("run")
	}
	ways := []struct {
		name string
		ctx  context.Context
		run  api.Function
		best time.Duration
	}{
		{"plain", context.Background(), open(code, wazero.NewRuntimeConfig()), 1 << 62},
		{"fuel", context.Background(), open(rewrite(b, code), wazero.NewRuntimeConfig()), 1 << 62},
		{"close-on-done", cancellable, open(code, wazero.NewRuntimeConfig().WithCloseOnContextDone(true)), 1 << 62},
	}
	const rounds = 100_000
	for b.Loop() {
		for i := range ways {
			w := &ways[i]
			began := time.Now()
			if _, err := w.run.Call(w.ctx, rounds); err != nil {
				b.Fatal(err)
			}
			w.best = min(w.best, time.Since(began))
		}
	}
	for _, w := range ways {
		b.ReportMetric(float64(w.best)/float64(ways[0].best), w.name+"-ratio")
	}
}
