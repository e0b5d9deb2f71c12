package core

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
)

// Breaking says when a plugin that keeps failing is no longer called for a tenant. The zero value works.
type Breaking struct {
	Stops  int           // calls stopped within Window that break it; 0 means 5
	Window time.Duration // 0 means 1 min
	// Pause is for how long it is not called the first time; each further time in a row it is twice as long, up to
	// MaxPause. 0 means 30 s and 1 h.
	Pause, MaxPause time.Duration
}

func (b Breaking) withDefaults() Breaking {
	b.Stops = cmp.Or(max(b.Stops, 0), 5)
	b.Window = cmp.Or(max(b.Window, 0), time.Minute)
	b.Pause = cmp.Or(max(b.Pause, 0), 30*time.Second)
	b.MaxPause = max(b.Pause, cmp.Or(max(b.MaxPause, 0), time.Hour))
	return b
}

// Quarantine is a version of a plugin that is not called for a tenant, since too many of its calls had to be stopped. At Until
// one call is let through: if it is stopped as well, the quarantine goes on, and else it ends. The json names are how it is stored.
type Quarantine struct {
	Tenant  capability.TenantID `json:"-"`
	Plugin  capability.PluginID `json:"plugin"`
	Version string              `json:"version"`
	// Code and Limit are those of the last call that was stopped: they hold no content.
	Code  sdk.Code  `json:"code"`
	Limit string    `json:"limit,omitempty"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	Times int       `json:"times"` // in a row, 1 for the first
}

// Reason says in words for an admin why the plugin is not called.
func (q Quarantine) Reason() string {
	what := "it stopped with an error of its own"
	switch {
	case q.Limit != "":
		what = "it reached the limit " + q.Limit
	case q.Code == sdk.Deadline:
		what = "it took longer than its callers wait"
	}
	return fmt.Sprintf("too many of its calls on this site had to be stopped: %s. It is tried again at %s UTC", what, q.Until.UTC().Format("15:04:05 on 2 January"))
}

// Quarantines keeps quarantines over restarts. It is called when one begins, goes on or ends, or somebody has it tried at once, and not for
// other calls.
type Quarantines interface {
	List(ctx context.Context) ([]Quarantine, error)
	Put(ctx context.Context, q Quarantine) error
	Delete(ctx context.Context, t capability.TenantID, p capability.PluginID, version string) error
}

// breakers are the breakers of all plugins and tenants. One exists as long as a call was stopped lately.
type breakers struct {
	config Breaking
	now    func() time.Time

	some atomic.Bool // whether all is not empty: what most calls ask

	mu  sync.Mutex
	all map[breakerKey]*breaker
}

type breakerKey struct {
	tenant  capability.TenantID
	plugin  capability.PluginID
	version string
}

type breaker struct {
	stops      []time.Time // within the window, the oldest first
	quarantine *Quarantine // nil while it is called
	trying     bool        // the one call that is let through runs
}

// enter says whether a call may begin. The caller must tell with leave how it ended.
func (b *breakers) enter(k breakerKey) *sdk.Error {
	if !b.some.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	br := b.all[k]
	if br == nil || br.quarantine == nil {
		return nil
	}
	if !br.trying && !b.now().Before(br.quarantine.Until) {
		br.trying = true
		return nil
	}
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: fmt.Sprintf(
		"the plugin is paused on your site: %s. A Jira admin can have it tried at once under Apps, Pergola", br.quarantine.Reason())}
}

// outcome is how a call ended, as far as a breaker cares.
type outcome byte

const (
	answered  outcome = iota // the plugin gave an answer, be it an error
	unrelated                // it ended for a reason that says nothing of the plugin
	stopped                  // it had to be stopped
)

// leave notes how a call ended. It returns the quarantine that begins or goes on with it, or says that one ended.
func (b *breakers) leave(k breakerKey, how outcome, code sdk.Code, limit string) (began *Quarantine, ended bool) {
	if how != stopped && !b.some.Load() {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	br := b.all[k]
	switch how {
	case answered:
		if br == nil {
			return nil, false
		}
		ended = br.quarantine != nil
		b.forget(k)
		return nil, ended
	case unrelated:
		if br != nil {
			br.trying = false
		}
		return nil, false
	}
	if br == nil {
		br = &breaker{}
		b.all[k] = br
		b.some.Store(true)
	}
	now := b.now()
	if br.quarantine != nil {
		if !br.trying { // a call that began before
			return nil, false
		}
		br.trying = false
		return b.quarantine(br, k, now, code, limit, br.quarantine.Times+1), false
	}
	br.stops = append(slices.DeleteFunc(br.stops, func(t time.Time) bool { return now.Sub(t) >= b.config.Window || t.After(now) }), now)
	if len(br.stops) < b.config.Stops {
		return nil, false
	}
	br.stops = nil
	return b.quarantine(br, k, now, code, limit, 1), false
}

func (b *breakers) quarantine(br *breaker, k breakerKey, now time.Time, code sdk.Code, limit string, times int) *Quarantine {
	pause := b.config.Pause
	for i := 1; i < times && pause < b.config.MaxPause; i++ {
		pause *= 2
	}
	since := now
	if br.quarantine != nil {
		since = br.quarantine.Since
	}
	br.quarantine = &Quarantine{
		Tenant: k.tenant, Plugin: k.plugin, Version: k.version, Code: code, Limit: limit,
		Since: since, Until: now.Add(min(pause, b.config.MaxPause)), Times: times,
	}
	out := *br.quarantine
	return &out
}

func (b *breakers) forget(k breakerKey) {
	delete(b.all, k)
	b.some.Store(len(b.all) > 0)
}

// restore takes quarantines over from an earlier run.
func (b *breakers) restore(list []Quarantine) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range list {
		b.all[breakerKey{q.Tenant, q.Plugin, q.Version}] = &breaker{quarantine: &q}
	}
	b.some.Store(len(b.all) > 0)
}

// retry lets the next call of a plugin through, and returns the quarantines as they are now.
func (b *breakers) retry(t capability.TenantID, p capability.PluginID) []Quarantine {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Quarantine
	for k, br := range b.all {
		if k.tenant == t && k.plugin == p && br.quarantine != nil {
			br.quarantine.Until, br.trying = b.now(), false
			out = append(out, *br.quarantine)
		}
	}
	return out
}

// of returns the quarantines of a tenant.
func (b *breakers) of(t capability.TenantID) []Quarantine {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Quarantine
	for k, br := range b.all {
		if k.tenant == t && br.quarantine != nil {
			out = append(out, *br.quarantine)
		}
	}
	slices.SortFunc(out, func(a, b Quarantine) int {
		return cmp.Or(cmp.Compare(a.Plugin, b.Plugin), cmp.Compare(a.Version, b.Version))
	})
	return out
}

// count returns for how many tenants each plugin is in quarantine, in a version that runs.
func (b *breakers) count(runs func(capability.PluginID, string) bool) map[capability.PluginID]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out, seen := map[capability.PluginID]int{}, map[breakerKey]bool{}
	for k, br := range b.all {
		site := breakerKey{tenant: k.tenant, plugin: k.plugin}
		if br.quarantine != nil && !seen[site] && runs(k.plugin, k.version) {
			seen[site] = true
			out[k.plugin]++
		}
	}
	return out
}

// Resume takes the quarantines of an earlier run over. Call it once, before the first call.
func (e *Engine) Resume(ctx context.Context) error {
	if e.config.Quarantines == nil {
		return nil
	}
	list, err := e.config.Quarantines.List(ctx)
	if err != nil {
		return fmt.Errorf("resume quarantines: %w", err)
	}
	var current []Quarantine
	for _, q := range list {
		if e.now().Sub(q.Until) < staleAfter {
			current = append(current, q)
			continue
		}
		if err := e.config.Quarantines.Delete(ctx, q.Tenant, q.Plugin, q.Version); err != nil {
			return fmt.Errorf("forget quarantine: %w", err)
		}
	}
	e.breakers.restore(current)
	return nil
}

// staleAfter is how long after its end a quarantine is forgotten in which nobody called the plugin, or of a version that is gone.
const staleAfter = 24 * time.Hour

// Quarantines returns the plugins that are not called for a tenant, by id and version.
func (e *Engine) Quarantines(t capability.TenantID) []Quarantine { return e.breakers.of(t) }

// Quarantined returns for how many tenants each plugin is in quarantine; one that is called everywhere is not in it.
func (e *Engine) Quarantined() map[capability.PluginID]int {
	alive := map[breakerKey]bool{}
	for _, m := range e.Alive() {
		alive[breakerKey{plugin: m.ID, version: m.Version}] = true
	}
	return e.breakers.count(func(id capability.PluginID, version string) bool {
		return alive[breakerKey{plugin: id, version: version}]
	})
}

// Retry has a plugin that is in quarantine for a tenant tried with the next call, whatever time it is, also where the host starts anew
// before that. It says whether there was a quarantine.
func (e *Engine) Retry(ctx context.Context, t capability.TenantID, p capability.PluginID) bool {
	list := e.breakers.retry(t, p)
	for _, q := range list {
		e.keep(ctx, q.Tenant, q.Plugin, q.Version, &q)
	}
	return len(list) > 0
}

// keep stores a quarantine, or with nil that it is over. A store that fails must not fail the call: what it has then is older.
func (e *Engine) keep(ctx context.Context, t capability.TenantID, p capability.PluginID, version string, q *Quarantine) {
	if e.config.Quarantines == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var err error
	if q != nil {
		err = e.config.Quarantines.Put(ctx, *q)
	} else {
		err = e.config.Quarantines.Delete(ctx, t, p, version)
	}
	if err != nil {
		e.log.ErrorContext(ctx, "keep quarantine", "tenant", t, "plugin", p, "version", version, "error", err)
	}
}

// settle tells the breaker how a call ended, and keeps what follows of it.
func (e *Engine) settle(ctx context.Context, b *capability.Binding, failure *sdk.Error, trapped bool) {
	how, code, limit := answered, sdk.Code(""), ""
	if failure != nil {
		code, limit = failure.Code, failure.Limit
		switch {
		case trapped:
			how = stopped
		case failure.Source != sdk.FromPlugin:
			how = unrelated
		}
	}
	k := breakerKey{b.Tenant, b.Plugin, b.Version}
	began, ended := e.breakers.leave(k, how, code, limit)
	if began == nil && !ended {
		return
	}
	log := e.log.With("tenant", b.Tenant, "plugin", b.Plugin, "version", b.Version)
	if began != nil {
		log.WarnContext(ctx, "plugin in quarantine", "code", code, "limit", limit, "until", began.Until, "times", began.Times)
	} else {
		log.InfoContext(ctx, "plugin out of quarantine")
	}
	e.keep(ctx, b.Tenant, b.Plugin, b.Version, began)
}
