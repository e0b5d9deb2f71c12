// Package rate bounds how often something is asked: so many requests at once, and so many a minute on the long run, for each key
// of whatever kind. It knows nothing of who asks. Start with [Limiter]:
//
//	var l rate.Limiter[string]
//	left, ok := l.Take(time.Now(), map[string]rate.Rate{"site": {Burst: 300, Minute: 900}})
package rate

import (
	"math"
	"sync"
	"time"
)

// Rate is how much may be asked: so many requests at once, and so many a minute on the long run.
type Rate struct {
	Burst  int
	Minute int
}

// PerMinute is n requests a minute, half of which may come at once. 0 is no bound: see Off.
func PerMinute(n int) Rate { return Rate{Burst: (n + 1) / 2, Minute: n} }

// Off says that the rate bounds nothing.
func (r Rate) Off() bool { return r.Minute == 0 }

// Left is how a limit stands after a request.
type Left struct {
	Limit, Remaining int
	// Reset is the time until all may be asked again, Retry that until the next may; 0 where it may at once.
	Reset, Retry time.Duration
}

// Limiter counts requests by key in buckets that fill again with time. The zero value works. It is safe for concurrent use, and keeps
// no more than 2 × MaxKeys buckets, however many keys there are.
type Limiter[K comparable] struct {
	mu sync.Mutex
	// Buckets are kept in two generations. When the young one is full it becomes the old one, whose buckets come back when they are asked
	// for. So what is forgotten is what nobody asked for while MaxKeys others were, and nothing is ever searched.
	young, old map[K]bucket
}

type bucket struct {
	used float64 // requests that count still
	at   time.Time
	rate Rate
}

// MaxKeys is how many keys one generation holds. Some 100 bytes each, so a limiter is bounded at 12 MB or so.
const MaxKeys = 1 << 16

// Take counts a request against several limits at once, by their keys: it is refused, and counts for none, where one of them is used up. It
// returns the one that is closest to its end. Limits that are off are left out.
func (l *Limiter[K]) Take(now time.Time, of map[K]Rate) (Left, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ok := true
	now = now.Round(0)
	drained := make(map[K]bucket, len(of))
	for key, rate := range of {
		if rate.Off() {
			continue
		}
		b := l.find(key, rate, now)
		ok = ok && b.used+1 <= float64(rate.Burst)
		drained[key] = b
	}
	nearest := Left{Remaining: math.MaxInt}
	for key, b := range drained {
		if ok {
			b.used++
		}
		l.keep(key, b)
		if left := b.left(); left.Remaining < nearest.Remaining || left.Remaining == nearest.Remaining && left.Retry > nearest.Retry {
			nearest = left
		}
	}
	return nearest, ok
}

// Charge counts n requests more, whether there is room or not: what a request turned out to cost. A negative n takes back what was
// counted. A bucket is never fuller than its burst, so whoever waits is let in again in the end.
func (l *Limiter[K]) Charge(now time.Time, key K, rate Rate, n int) {
	if rate.Off() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.find(key, rate, now.Round(0))
	b.used = min(max(0, b.used+float64(n)), float64(rate.Burst))
	l.keep(key, b)
}

// Len is how many buckets are kept.
func (l *Limiter[K]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.young) + len(l.old)
}

// find returns the bucket of a key as it stands now.
func (l *Limiter[K]) find(key K, rate Rate, now time.Time) bucket {
	b, ok := l.young[key]
	if !ok {
		b = l.old[key]
	}
	b.rate = rate
	b.used, b.at = b.drained(now), now
	return b
}

func (l *Limiter[K]) keep(key K, b bucket) {
	if _, ok := l.young[key]; !ok && len(l.young) >= MaxKeys {
		l.old, l.young = l.young, nil
	}
	if l.young == nil {
		l.young = map[K]bucket{}
	}
	l.young[key] = b
	delete(l.old, key)
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
