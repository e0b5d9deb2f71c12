package rate_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/rate"
)

func TestLimiterCountsTokenAndSiteTogether(t *testing.T) {
	var l rate.Limiter[string]
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	one, two := rate.Rate{Burst: 3, Minute: 60}, rate.Rate{Burst: 4, Minute: 60}
	take := func(key string) (rate.Left, bool) {
		return l.Take(now, map[string]rate.Rate{"site/" + key: one, "site": two})
	}
	for i := range 3 {
		if left, ok := take("a"); !ok || left.Remaining != 2-i || left.Limit != 3 {
			t.Errorf("request %d: %+v, %v", i, left, ok)
		}
	}
	left, ok := take("a")
	if ok || left.Remaining != 0 || left.Retry != time.Second {
		t.Errorf("beyond its burst: %+v, %v", left, ok)
	}
	if _, ok := take("b"); !ok {
		t.Error("what was refused counted for the site")
	}
	if left, ok := take("b"); ok || left.Limit != 4 {
		t.Errorf("beyond the site's: %+v, %v", left, ok)
	}
	now = now.Add(time.Second)
	if _, ok := take("a"); !ok {
		t.Error("after the time that it was told to wait")
	}
	if _, ok := take("a"); ok {
		t.Error("one more than came back")
	}
	now = now.Add(-time.Hour) // a clock that is set back fills nothing, and takes nothing
	if _, ok := take("a"); ok {
		t.Error("a clock that was set back let one through")
	}
}

func TestWhatARequestCostIsCountedAfterwards(t *testing.T) {
	var l rate.Limiter[string]
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	r := rate.PerMinute(10) // five at once
	take := func() bool {
		_, ok := l.Take(now, map[string]rate.Rate{"a": r})
		return ok
	}
	for range 100 { // each is taken back
		if !take() {
			t.Fatal("what was taken back counts")
		}
		l.Charge(now, "a", r, -1)
	}
	l.Charge(now, "a", r, 5)
	if take() {
		t.Error("five at once were counted, and there is room for more")
	}
	l.Charge(now, "a", r, 1000)
	now = now.Add(6 * time.Second)
	if !take() {
		t.Error("beyond its burst a bucket counts on, so that nobody knows when it ends")
	}
	off := map[string]rate.Rate{"b": rate.PerMinute(0)}
	for range 1000 {
		if _, ok := l.Take(now, off); !ok {
			t.Fatal("0 is a bound")
		}
	}
	l.Charge(now, "b", rate.PerMinute(0), 5)
}

// A million addresses ask, one of them again and again. Memory is bounded, and that one stays refused.
func TestMillionKeysAreBoundedAndFloodIsRemembered(t *testing.T) {
	var l rate.Limiter[netip.Prefix]
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	r := rate.Rate{Burst: 10, Minute: 1}
	of := func(b [16]byte) map[netip.Prefix]rate.Rate {
		return map[netip.Prefix]rate.Rate{netip.PrefixFrom(netip.AddrFrom16(b), 64): r}
	}
	flood := of([16]byte{0x20, 0x01})
	for range 10 {
		l.Take(now, flood)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 1_000_000 {
		if _, ok := l.Take(now, of([16]byte{0x2a, byte(i >> 16), byte(i >> 8), byte(i)})); !ok {
			t.Fatalf("address %d is refused at its first request", i)
		}
		if i%1000 == 0 {
			if _, ok := l.Take(now, flood); ok {
				t.Fatalf("after %d other addresses the flood is forgotten", i)
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := l.Len(); n > 2*rate.MaxKeys || n < rate.MaxKeys {
		t.Errorf("%d buckets are kept, want %d at most", n, 2*rate.MaxKeys)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("they take %d MiB", grown>>20)
	}
	if _, ok := l.Take(now, flood); ok {
		t.Error("in the end the flood is let through")
	}
}
