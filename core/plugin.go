package core

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
)

// plugin is what the engine knows under one id: the version that serves, if any, a newer one that is on trial, and the one that was
// refused last. Engine.mu guards it.
type plugin struct {
	current *loaded
	trial   *trial // nil without one
	refused *refused
}

type refused struct {
	manifest *manifest.Manifest
	digest   [sha256.Size]byte
	reason   string
}

// loaded is one version of a plugin, ready to be called. It is freed by counting: a timer would dispose of what a slow
// call still uses.
type loaded struct {
	manifest *manifest.Manifest
	digest   [sha256.Size]byte
	module   driver.Module
	limits   *limits
	bounds   []Bound

	trial   atomic.Pointer[trial] // in which it takes part, as the old version or as the new
	leases  atomic.Int64
	drained chan struct{} // closed when the last lease is given back

	calls, errors atomic.Int64
	traps         atomic.Int64 // in a row, up to now
}

func (l *loaded) release() {
	if l.leases.Add(-1) == 0 {
		close(l.drained)
	}
}

// lease returns the version of a plugin that serves a tenant. The caller must release it.
func (e *Engine) lease(id capability.PluginID, tenant capability.TenantID) (*loaded, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return nil, errClosed
	}
	p := e.plugins[id]
	switch {
	case p == nil:
		return nil, errNoPlugin(id)
	case p.current == nil:
		return nil, errRefused(id)
	}
	l := p.current
	if p.trial != nil && p.trial.takes(tenant) {
		l = p.trial.next
	}
	// The engine's own lease is given back under e.mu, so the count is not zero here.
	l.leases.Add(1)
	return l, nil
}

// Health says whether a plugin works.
type Health string

// The states of health.
const (
	Healthy Health = "ok"
	Failed  Health = "failed" // Status.Reason says why
)

// trapsInARow is how many calls have to end in a trap, one after the other, for a plugin to count as failed. It goes on
// being called: the next good answer makes it healthy again.
const trapsInARow = 3

// Status is how a plugin stands.
type Status struct {
	Manifest *manifest.Manifest
	Digest   [sha256.Size]byte // SHA-256 of the code
	Facts    driver.Facts      // how the code runs; zero where no version serves
	Serves   bool
	Health   Health
	// Reason says, in words for an admin, why the plugin has failed, or why a newer version was refused while this one
	// serves on.
	Reason string
	// Trial is the newer version that a part of the tenants gets; nil without one.
	Trial *manifest.Manifest
	// Calls, and Errors among them, since this version serves; Traps is how many of the latest calls in a row ended in a
	// trap, a deadline or for want of memory.
	Calls, Errors, Traps int64
}

// Plugins returns the state of every plugin that was added, ordered by id. A plugin of which no version serves stands
// there with the manifest that was refused.
func (e *Engine) Plugins() []Status {
	e.mu.RLock()
	defer e.mu.RUnlock()
	out := make([]Status, 0, len(e.plugins))
	for _, p := range e.plugins {
		out = append(out, p.status())
	}
	slices.SortFunc(out, func(a, b Status) int { return cmp.Compare(a.Manifest.ID, b.Manifest.ID) })
	return out
}

func (p *plugin) status() Status {
	l := p.current
	if l == nil {
		return Status{Manifest: p.refused.manifest, Digest: p.refused.digest, Health: Failed, Reason: p.refused.reason}
	}
	s := Status{
		Manifest: l.manifest, Digest: l.digest, Facts: l.module.Facts(), Serves: true, Health: Healthy,
		Calls: l.calls.Load(), Errors: l.errors.Load(), Traps: l.traps.Load(),
	}
	if p.refused != nil {
		s.Reason = p.refused.reason
	}
	if p.trial != nil {
		s.Trial = p.trial.next.manifest
	}
	if s.Traps >= trapsInARow {
		s.Health = Failed
		s.Reason = fmt.Sprintf("the last %d calls stopped the plugin; its publisher can help", s.Traps)
	}
	return s
}

// Occupancy returns how much of each plugin's code is there now, of all its versions, where the driver says so.
func (e *Engine) Occupancy() map[capability.PluginID]driver.Occupancy {
	e.mu.RLock()
	defer e.mu.RUnlock()
	out := map[capability.PluginID]driver.Occupancy{}
	add := func(l *loaded) {
		if m, says := l.module.(driver.Occupied); says {
			sum, o := out[l.manifest.ID], m.Occupancy()
			out[l.manifest.ID] = driver.Occupancy{
				Busy: sum.Busy + o.Busy, Idle: sum.Idle + o.Idle, Waiting: sum.Waiting + o.Waiting, MemoryBytes: sum.MemoryBytes + o.MemoryBytes,
			}
		}
	}
	e.each(add)
	return out
}

// each calls f for every version whose code may run now or later. The caller holds e.mu.
func (e *Engine) each(f func(l *loaded)) {
	for _, p := range e.plugins {
		if p.current != nil {
			f(p.current)
		}
		if p.trial != nil {
			f(p.trial.next)
		}
	}
	for l := range e.retired {
		f(l)
	}
}

// Manifest returns the manifest of the version that serves a tenant. The error is a *sdk.Error: not_found, or unavailable.
func (e *Engine) Manifest(_ context.Context, id capability.PluginID, tenant capability.TenantID) (*manifest.Manifest, error) {
	l, err := e.lease(id, tenant)
	if err != nil {
		return nil, err
	}
	defer l.release()
	return l.manifest, nil
}
