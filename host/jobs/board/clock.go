package board

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Skew is how far the clocks of hosts may be apart. What lies further ahead was written before the clock was set back.
const Skew = time.Minute

// Ahead says whether a time that was noted as the present one lies in the future: the clock was set back since.
func Ahead(noted, now time.Time) bool { return noted.After(now.Add(Skew)) }

// Waits says whether something is not due yet. It was to be due at a time, which was decided on at another one, set. A clock that was set
// back since then says nothing about how much of a pause is left, so the pause is over: going on early does less harm than waiting
// for the clock to come to where it was. Where set is zero, due is a time that somebody chose, and the clock decides.
func Waits(due, set, now time.Time) bool {
	return due.After(now) && (set.IsZero() || due.After(set) && !Ahead(set, now))
}

// milliseconds is 0 for the zero time.
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(milliseconds int64) time.Time {
	if milliseconds == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds)
}

// beat is the last sign of life of a session.
type beat struct {
	rev uint64
	at  time.Time // when it was seen, by the monotonic clock
}

// silence is for how many leases a session has to be silent before another host ends it.
const silence = 2

// endSilent ends sessions that the server should have ended. It does so by its wall clock, which may have been set back by hours since it
// heard of them last.
func (b *Board) endSilent(ctx context.Context) {
	for wait(ctx, b.cfg.Lease) {
		own := b.Session()
		if own == nil {
			continue // this host may be the one that hears nothing
		}
		for id, rev := range b.view.silent(silence * b.cfg.Lease) {
			if id == own.id {
				continue
			}
			// The condition keeps the session of a host that is heard of at this moment.
			err := b.kv.Purge(ctx, sessionKey+"."+id, jetstream.LastRevision(rev), jetstream.PurgeTTL(markerTime))
			if err == nil {
				b.cfg.Log.WarnContext(ctx, "a host has been silent for long and its session did not expire; was the clock set back?")
			}
		}
	}
}

// silent returns the sessions that were not heard of for some time, with their revisions.
func (v *view) silent(since time.Duration) map[string]uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	found := map[string]uint64{}
	for id, last := range v.beats {
		if v.ready && time.Since(last.at) > since {
			found[id] = last.rev
		}
	}
	return found
}
