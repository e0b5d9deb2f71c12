package core

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// Rollout says how a newer version takes the place of one that serves. The zero value has it take over at once.
type Rollout struct {
	// Share of the tenants that get the newer version first, in per cent; at least one tenant does. 0 means no trial.
	Share int
	// Calls that the newer version has to answer before it takes over; 0 means 50. A version that is called less takes over after
	// Patience, 0 means 10 min, if none of its calls was stopped.
	Calls    int
	Patience time.Duration
}

func (r Rollout) withDefaults() Rollout {
	r.Share = min(r.Share, 100)
	r.Calls = cmp.Or(max(r.Calls, 0), 50)
	r.Patience = cmp.Or(max(r.Patience, 0), 10*time.Minute)
	return r
}

// trial is a newer version that a part of the tenants gets, beside the one that serves. A tenant that got it keeps it, so that what a page
// remembers is read by the version that wrote it.
type trial struct {
	rollout Rollout
	next    *loaded
	began   time.Time

	mu       sync.Mutex
	chosen   map[capability.TenantID]bool // whether a tenant gets the newer version
	with     int                          // tenants that do
	old, new record
}

// record is how a version did while both served.
type record struct {
	calls, stopped int
	fuel           float64
	took           time.Duration
}

func (r *record) add(o *Observation) {
	r.calls++
	if o.Trapped {
		r.stopped++
	}
	r.fuel += float64(o.Usage.Fuel)
	r.took += o.Took
}

func (r *record) stopRate() float64 { return float64(r.stopped) / float64(max(r.calls, 1)) }

// takes says whether a tenant gets the newer version.
func (t *trial) takes(tenant capability.TenantID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	chosen, known := t.chosen[tenant]
	if !known {
		most := int(math.Ceil(float64((len(t.chosen)+1)*t.rollout.Share) / 100))
		chosen = t.with < most
		if chosen {
			t.with++
		}
		t.chosen[tenant] = chosen
	}
	return chosen
}

// verdict is what a trial came to.
type verdict byte

const (
	undecided verdict = iota
	takeOver
	rollBack
)

// worse are how much more a newer version may use of fuel and time than the one that serves, for the same share of failures.
const (
	worseFuel = 4
	worseTime = 4
	// stopsAllowed are calls that may be stopped before it counts.
	stopsAllowed = 2
)

// note counts a call of one of the two versions and says what follows.
func (t *trial) note(l *loaded, o *Observation, now time.Time) (verdict, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l == t.next {
		t.new.add(o)
	} else {
		t.old.add(o)
	}
	n, old := &t.new, &t.old
	if n.stopped > stopsAllowed && n.stopRate() > 2*old.stopRate()+0.05 {
		return rollBack, fmt.Sprintf("%d of its %d calls had to be stopped, of the version before %d of %d", n.stopped, n.calls, old.stopped, old.calls)
	}
	if n.calls < t.rollout.Calls {
		if now.Sub(t.began) >= t.rollout.Patience && n.stopped == 0 {
			return takeOver, ""
		}
		return undecided, ""
	}
	if old.calls >= t.rollout.Calls {
		per := func(x float64, r *record) float64 { return x / float64(r.calls) }
		if oldFuel, newFuel := per(old.fuel, old), per(n.fuel, n); oldFuel > 0 && newFuel > worseFuel*oldFuel {
			return rollBack, fmt.Sprintf("it computes %.1f times as much as the version before", newFuel/oldFuel)
		}
		// Time is noisy where calls are short: a version is not worse for a millisecond.
		oldTook, newTook := per(float64(old.took), old), per(float64(n.took), n)
		if newTook > worseTime*oldTook && newTook-oldTook > float64(50*time.Millisecond) {
			return rollBack, fmt.Sprintf("it takes %.1f times as long as the version before", newTook/oldTook)
		}
	}
	return takeOver, ""
}

// try lets a newer version serve a part of the tenants. The caller holds e.mu.
func (e *Engine) try(p *plugin, next *loaded) {
	if p.trial != nil { // an even newer version takes its place
		e.retire(p.trial.next)
	}
	p.trial = &trial{rollout: e.config.Rollout, next: next, began: e.now(), chosen: map[capability.TenantID]bool{}}
	p.refused = nil
	e.log.Info("plugin on trial", "plugin", next.manifest.ID, "version", next.manifest.Version, "share", e.config.Rollout.Share)
}

// judge counts a call towards a trial, if there is one, and ends it where the call decides it.
func (e *Engine) judge(ctx context.Context, l *loaded, o *Observation) {
	t := l.trial.Load()
	if t == nil {
		return
	}
	v, why := t.note(l, o, e.now())
	if v == undecided {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.plugins[l.manifest.ID]
	if e.closed || p == nil || p.trial != t { // somebody else ended it
		return
	}
	e.conclude(ctx, p, v == takeOver, why)
}

// conclude ends a trial. The caller holds e.mu.
func (e *Engine) conclude(ctx context.Context, p *plugin, takesOver bool, why string) {
	next, old := p.trial.next, p.current
	p.trial = nil
	next.trial.Store(nil)
	old.trial.Store(nil)
	m := next.manifest
	if takesOver {
		p.current, p.refused = next, nil
		e.retire(old)
		e.log.InfoContext(ctx, "plugin serves", "plugin", m.ID, "version", m.Version, "after", "trial")
		return
	}
	p.refused = &refused{manifest: m, digest: next.digest, reason: fmt.Sprintf(
		"plugin %s %s: it was tried on a part of the sites and taken back: %s. Version %s serves on", m.ID, m.Version, why, old.manifest.Version)}
	e.retire(next)
	e.log.WarnContext(ctx, "plugin taken back", "plugin", m.ID, "version", m.Version, "reason", why)
}

// Promote has the version that is on trial take over at once; RollBack takes it back. Each says whether there was one.
func (e *Engine) Promote(id capability.PluginID) bool { return e.decide(id, true) }

// RollBack takes the version that is on trial back. It says whether there was one.
func (e *Engine) RollBack(id capability.PluginID) bool { return e.decide(id, false) }

func (e *Engine) decide(id capability.PluginID, takesOver bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.plugins[id]
	if e.closed || p == nil || p.trial == nil {
		return false
	}
	e.conclude(context.Background(), p, takesOver, "the operator decided so")
	return true
}
