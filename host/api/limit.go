package api

import (
	"maps"
	"math"
	"sync"
	"time"
)

// Rate is how much may be asked: so many requests at once, and so many a minute on the long run.
type Rate struct {
	Burst  int
	Minute int
}

// The rates of this host. Several hosts that share a store have each their own.
var (
	OfToken = Rate{Burst: 100, Minute: 300}
	OfSite  = Rate{Burst: 300, Minute: 900}
)

// Left is how a limit stands after a request.
type Left struct {
	Limit, Remaining int
	// Reset is the time until all may be asked again, Retry that until the next may; 0 where it may at once.
	Reset, Retry time.Duration
}

// Limiter counts requests by key in buckets that fill again with time. The zero value works. It is safe for concurrent use.
type Limiter struct {
	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	used float64 // requests that count still
	at   time.Time
	rate Rate
}

// maxBuckets bounds what is kept. Full ones go first, which are as good as none.
const maxBuckets = 20_000

// Take counts a request against several limits at once, by their keys: it is refused, and counts for none, where one of them is used up. It
// returns the one that is closest to its end.
func (l *Limiter) Take(now time.Time, of map[string]Rate) (Left, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil {
		l.buckets = map[string]bucket{}
	}
	if len(l.buckets)+len(of) > maxBuckets {
		maps.DeleteFunc(l.buckets, func(_ string, b bucket) bool { return b.drained(now) < 1 })
		if len(l.buckets)+len(of) > maxBuckets {
			clear(l.buckets)
		}
	}
	ok := true
	now = now.Round(0)
	drained := map[string]bucket{}
	for key, rate := range of {
		b := l.buckets[key]
		b.rate = rate
		b.used, b.at = b.drained(now), now
		ok = ok && b.used+1 <= float64(rate.Burst)
		drained[key] = b
	}
	nearest := Left{Remaining: math.MaxInt}
	for key, b := range drained {
		if ok {
			b.used++
		}
		l.buckets[key] = b
		if left := b.left(); left.Remaining < nearest.Remaining || left.Remaining == nearest.Remaining && left.Retry > nearest.Retry {
			nearest = left
		}
	}
	return nearest, ok
}

func (b bucket) drained(now time.Time) float64 {
	if b.at.IsZero() {
		return 0
	}
	return math.Max(0, b.used-math.Max(0, now.Sub(b.at).Minutes())*float64(b.rate.Minute))
}

func (b bucket) left() Left {
	per := time.Minute / time.Duration(b.rate.Minute)
	out := Left{Limit: b.rate.Burst, Remaining: max(0, int(float64(b.rate.Burst)-b.used)), Reset: time.Duration(b.used * float64(per))}
	if over := b.used + 1 - float64(b.rate.Burst); over > 0 {
		out.Retry = time.Duration(over * float64(per))
	}
	return out
}
