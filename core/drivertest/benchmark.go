package drivertest

import (
	"context"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Benchmark measures a call that carries 1 KB each way, one at a time and as many as there are CPUs.
func Benchmark(b *testing.B, s Subject) {
	d := s.Open(b)
	defer func() { _ = d.Close(context.Background()) }()
	m := load(b, d, s.Code, driver.Limits{})
	defer func() { _ = m.Close(context.Background()) }()
	call := driver.Call{Message: Message(b, wire.OpView, request(fixture.Echo, "text", strings.Repeat("x", 1000))), Tenant: "tenant"}
	if _, err := m.Call(context.Background(), call); err != nil {
		b.Fatal(err)
	}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.Call(context.Background(), call); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := m.Call(context.Background(), call); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
