package core

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/semver"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	datasync "github.com/pergola-platform/pergola/sdk/sync"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Config configures an engine. Drivers is required.
type Config struct {
	// Drivers run the code of plugins, by the runtime.kind of their manifests, such as "wasm". They stay the caller's,
	// who closes them after the engine.
	Drivers map[string]driver.Driver

	// Broker answers the plugins' host calls; with nil each of them is answered with unavailable.
	Broker *capability.Broker

	// Policy bounds what plugins get.
	Policy Policy

	// Reach says what a tenant's synchronizers may get at beyond the public internet, where they run as processes; nil opens
	// nothing to anybody.
	Reach func(t capability.TenantID) datasync.Reach

	// Observer is told of every call of a plugin, for metrics; nil means nobody. It must not block.
	Observer Observer

	// Logger receives what happens to plugins as a whole, and no call; nil drops it.
	Logger *slog.Logger

	// Breaking says when a plugin that keeps failing is no longer called for a tenant, and Quarantines keeps that over
	// restarts; with nil it is forgotten.
	Breaking    Breaking
	Quarantines Quarantines
	// Rollout says how a newer version of a plugin takes the place of one that serves.
	Rollout Rollout
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Development lets Add replace a plugin by another build of the same version, or by an older one.
	Development bool
}

// Engine holds plugins and calls them. It is safe for concurrent use; make one with [New].
type Engine struct {
	config   Config
	log      *slog.Logger
	now      func() time.Time
	breakers breakers
	quotas   quotas

	adding sync.Mutex // one Add at a time: the order of versions decides

	mu      sync.RWMutex
	plugins map[capability.PluginID]*plugin
	retired map[*loaded]struct{} // versions that serve no more and whose calls still run
	closed  bool

	drains sync.WaitGroup // one for each of retired
}

// New returns an engine without plugins.
func New(c Config) (*Engine, error) {
	if len(c.Drivers) == 0 {
		return nil, errors.New("core: Config.Drivers is empty; without a driver no plugin can run")
	}
	e := &Engine{config: c, log: c.Logger, plugins: map[capability.PluginID]*plugin{}, retired: map[*loaded]struct{}{}}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.now = c.Now; e.now == nil {
		e.now = time.Now
	}
	e.config.Rollout = c.Rollout.withDefaults()
	e.quotas = quotas{perMinute: c.Policy.TenantFuel, now: e.now, buckets: map[capability.TenantID]*bucket{}}
	e.breakers = breakers{config: c.Breaking.withDefaults(), now: e.now, all: map[breakerKey]*breaker{}}
	return e, nil
}

// Add takes a plugin in: it loads the code, asks it to describe itself, and refuses it where code and manifest disagree.
// Only then, and at once, does it serve. A newer version of a plugin that is there takes its place in the same way: calls
// that run end on the old code, new ones run on the new, and until then the old one serves; with [Config.Rollout] it serves a part of
// the tenants first. The same bytes again change nothing.
//
// A plugin that is refused stands in [Engine.Plugins] with the reason, in words for an admin, which is also the error.
// Neither m nor code may be changed afterwards.
func (e *Engine) Add(ctx context.Context, m *manifest.Manifest, code []byte) error {
	e.adding.Lock()
	defer e.adding.Unlock()
	digest := sha256.Sum256(code)
	unchanged, err := e.admissible(m, digest)
	if err != nil || unchanged {
		return e.refuse(m, digest, err)
	}
	d, known := e.config.Drivers[m.Runtime.Kind]
	if !known {
		return e.refuse(m, digest, fmt.Errorf("plugin.json says runtime.kind %q, and this host runs %s",
			m.Runtime.Kind, strings.Join(slices.Sorted(maps.Keys(e.config.Drivers)), ", ")))
	}
	if m.Compat.ABI != wire.ABI {
		return e.refuse(m, digest, fmt.Errorf("plugin.json says compat.abi %d, and this host speaks %d: build with the SDK of this host's version", m.Compat.ABI, wire.ABI))
	}
	limits := e.config.Policy.limits(m)
	module, err := d.Load(ctx, code, limits.module(e.config.Policy))
	if err != nil {
		return e.refuse(m, digest, err)
	}
	if err := probe(ctx, module, m); err != nil {
		return e.refuse(m, digest, errors.Join(err, module.Close(context.WithoutCancel(ctx))))
	}
	return e.serve(&loaded{manifest: m, digest: digest, module: module, limits: limits, bounds: e.config.Policy.Bounds(m), drained: make(chan struct{})})
}

// Prepare readies code for [Engine.Add] where its driver can do that ahead. Add takes in one plugin after the other; this may be called for
// several at a time. The code stays ready until release is called. Whether the plugin is taken in is left for Add to say.
func (e *Engine) Prepare(ctx context.Context, m *manifest.Manifest, code []byte) (release func()) {
	d, can := e.config.Drivers[m.Runtime.Kind].(driver.Preparer)
	if !can {
		return func() {}
	}
	return d.Prepare(ctx, code, e.config.Policy.limits(m).module(e.config.Policy))
}

// admissible says whether a manifest may take the place of what serves now, and whether it already has it.
func (e *Engine) admissible(m *manifest.Manifest, digest [sha256.Size]byte) (unchanged bool, err error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return false, errClosed
	}
	p := e.plugins[m.ID]
	if p == nil || p.current == nil {
		return false, nil
	}
	now := p.current
	if p.trial != nil {
		now = p.trial.next
	}
	order := semver.Compare("v"+m.Version, "v"+now.manifest.Version)
	same := order == 0 && digest == now.digest
	switch {
	case order > 0:
		return false, nil
	case same && reflect.DeepEqual(m, now.manifest):
		return true, nil
	case e.config.Development:
		return false, nil
	case same:
		return false, fmt.Errorf("version %s serves already, with another plugin.json: a version never changes, so raise version in it", m.Version)
	case order == 0:
		return false, fmt.Errorf("version %s serves already, with other code (SHA-256 %x…, not %x…): a version never changes, so raise version in plugin.json",
			m.Version, now.digest[:6], digest[:6])
	default:
		return false, fmt.Errorf("version %s is older than %s, which serves; remove that one first", m.Version, now.manifest.Version)
	}
}

// refuse notes why a plugin was not taken in; with a nil error it clears an earlier note.
func (e *Engine) refuse(m *manifest.Manifest, digest [sha256.Size]byte, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	p := e.plugins[m.ID]
	if err == nil {
		if p != nil {
			p.refused = nil
		}
		return nil
	}
	err = fmt.Errorf("plugin %s %s: %w", m.ID, m.Version, err)
	if p == nil {
		p = &plugin{}
		e.plugins[m.ID] = p
	}
	p.refused = &refused{manifest: m, digest: digest, reason: err.Error()}
	e.log.Warn("plugin refused", "plugin", m.ID, "version", m.Version, "error", err)
	return err
}

// serve flips the pointer to a version that is ready, and lets the one before it go.
func (e *Engine) serve(next *loaded) error {
	next.leases.Store(1) // the engine's own, see retire
	m := next.manifest
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return errors.Join(errClosed, next.module.Close(context.Background()))
	}
	p := e.plugins[m.ID]
	if p == nil {
		p = &plugin{}
		e.plugins[m.ID] = p
	}
	old := p.current
	if old != nil && e.config.Rollout.Share > 0 && newer(m, old.manifest) {
		e.try(p, next)
		next.trial.Store(p.trial)
		old.trial.Store(p.trial)
		e.mu.Unlock()
		return nil
	}
	p.current, p.refused = next, nil
	if old != nil {
		e.retire(old)
	}
	e.mu.Unlock()
	e.log.Info("plugin serves", "plugin", m.ID, "version", m.Version, "digest", fmt.Sprintf("%x", next.digest[:6]))
	return nil
}

// Remove takes a plugin out. Calls that run end; new ones find nothing. Removing what is not there is no error.
func (e *Engine) Remove(id capability.PluginID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.plugins[id]; p != nil {
		delete(e.plugins, id)
		e.retireAll(p)
	}
}

// retire gives back the engine's own lease of a version that serves no more, and closes its code when the last call has
// ended. The caller holds e.mu.
func (e *Engine) retire(l *loaded) {
	e.retired[l] = struct{}{}
	e.drains.Go(func() {
		<-l.drained
		e.mu.Lock()
		delete(e.retired, l)
		e.mu.Unlock()
		if err := l.module.Close(context.Background()); err != nil {
			e.log.Warn("close plugin", "plugin", l.manifest.ID, "version", l.manifest.Version, "error", err)
		}
	})
	l.release()
}

// retireAll retires whatever serves of a plugin. The caller holds e.mu.
func (e *Engine) retireAll(p *plugin) {
	if p.current != nil {
		e.retire(p.current)
	}
	if p.trial != nil {
		e.retire(p.trial.next)
	}
}

func newer(m, than *manifest.Manifest) bool {
	return semver.Compare("v"+m.Version, "v"+than.Version) > 0
}

// Close refuses further calls with unavailable and waits for those that run. Where ctx ends first it stops them and
// returns the context's error. The drivers are the caller's to close.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		for _, p := range e.plugins {
			e.retireAll(p)
		}
	}
	e.mu.Unlock()
	done := make(chan struct{})
	go func() {
		e.drains.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	e.mu.Lock()
	running := slices.Collect(maps.Keys(e.retired))
	e.mu.Unlock()
	errs := []error{ctx.Err()}
	for _, l := range running {
		if err := l.module.Close(ctx); err != nil && !errors.Is(err, ctx.Err()) {
			errs = append(errs, fmt.Errorf("close plugin %s: %w", l.manifest.ID, err))
		}
	}
	return errors.Join(errs...)
}
