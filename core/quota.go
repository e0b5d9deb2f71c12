package core

import (
	"fmt"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
)

// quotas bound what each tenant's plugins compute together, as Policy.TenantFuel says: a bucket for each tenant that fills up within a
// minute. They are safe for concurrent use.
type quotas struct {
	perMinute int64
	now       func() time.Time

	mu      sync.Mutex
	buckets map[capability.TenantID]*bucket
}

type bucket struct {
	left float64 // units; below zero where a call used more than was there
	at   time.Time
}

// pruneAt is with how many buckets those are dropped that are full again.
const pruneAt = 10_000

// of returns the quota of a tenant, nil where there is none. It is an error where nothing of it is left.
func (q *quotas) of(t capability.TenantID) (driver.Quota, error) {
	if q.perMinute <= 0 {
		return nil, nil
	}
	s := spender{q, t}
	return s, s.Spend(0)
}

// spender is the quota of one tenant.
type spender struct {
	quotas *quotas
	tenant capability.TenantID
}

// Spend implements driver.Quota.
func (s spender) Spend(units int64) error {
	q := s.quotas
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	b := q.buckets[s.tenant]
	if b == nil {
		if len(q.buckets) >= pruneAt {
			q.prune(now)
		}
		b = &bucket{left: float64(q.perMinute), at: now}
		q.buckets[s.tenant] = b
	}
	q.fill(b, now)
	b.left -= float64(units)
	if b.left > 0 {
		return nil
	}
	wait := time.Duration((1-b.left)/float64(q.perMinute)*float64(time.Minute)).Round(time.Second) + time.Second
	return &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Limit: "tenant.fuel", Message: fmt.Sprintf(
		"the plugins of your site computed more than the %d units of fuel that they may use in a minute (engine.tenant_fuel); try again in %v", q.perMinute, wait)}
}

// fill adds what came since the last time. A clock that went back adds nothing.
func (q *quotas) fill(b *bucket, now time.Time) {
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(float64(q.perMinute), b.left+passed.Minutes()*float64(q.perMinute))
	}
	b.at = now
}

func (q *quotas) prune(now time.Time) {
	for t, b := range q.buckets {
		if q.fill(b, now); b.left >= float64(q.perMinute) {
			delete(q.buckets, t)
		}
	}
}
