package seal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/seal"
)

// BenchmarkSealOpen is a value of 256 bytes there and back, its data key in memory.
func BenchmarkSealOpen(b *testing.B) {
	k := newKeeper(b, openStore(b), time.Now, "a")
	secret, ctx := seal.NewSecret(strings.Repeat("x", 256)), b.Context()
	sealed(b, k, acme, place, value)
	b.ReportAllocs()
	for b.Loop() {
		text, err := k.Seal(ctx, acme, place, secret)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := k.Open(ctx, acme, place, text); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenCold reads and unwraps the data key each time.
func BenchmarkOpenCold(b *testing.B) {
	k := newKeeper(b, openStore(b), time.Now, "a")
	text, ctx := sealed(b, k, acme, place, strings.Repeat("x", 256)), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		k.Forget(acme)
		if _, err := k.Open(ctx, acme, place, text); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRewrap wraps the data keys of 100 tenants anew.
func BenchmarkRewrap(b *testing.B) {
	s := openStore(b)
	k := newKeeper(b, s, time.Now, "a", "b")
	sites(b, k, 100)
	order := []string{"a", "b"}
	for b.Loop() {
		order[0], order[1] = order[1], order[0]
		k.Use(ringOf(b, keys(b, order...)...))
		if p, err := k.Rewrap(b.Context(), s, seal.RewrapConfig{}); err != nil || p.Done != 100 {
			b.Fatal(p, err)
		}
	}
}
