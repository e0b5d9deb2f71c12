package events_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

const (
	acme   capability.TenantID = "acme"
	ears   capability.PluginID = "test.ears"
	others capability.PluginID = "test.others"
	app                        = "557058:app"
	mia                        = "557058:mia"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// rig is a store and a queue on the disk, plugins that listen, and a host that works on them.
type rig struct {
	testing.TB
	*events.Service
	features events.Features // itself, if nobody says otherwise
	jobs     *jobs.Jobs
	dir      string
	store    store.Store
	keys     *seal.Keeper
	log      *logged

	mu    sync.Mutex
	on    []capability.PluginID
	wants func(kind string) feature.Interest // nil for everything
	fails func(e event.Event) error
	heard []event.Event
	told  chan event.Event
	ahead time.Duration                                        // of noon
	site  *tenant.Tenant                                       // nil for one that nobody calls
	self  func(context.Context, tenant.Tenant) (string, error) // nil for app
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return noon.Add(r.ahead)
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ahead += d
}

// logged is a log that is read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t, dir: t.TempDir(), log: &logged{}, on: []capability.PluginID{ears}, told: make(chan event.Event, 100)}
	r.start(r)
	return r
}

// start makes a store and a host on it, whose plugins are those of f.
func (r *rig) start(f events.Features) {
	t := r.TB
	r.Helper()
	raw, err := sqlitestore.Open(t.Context(), filepath.Join(r.dir, "store"), sqlitestore.Config{})
	r.must(err)
	t.Cleanup(func() { _ = raw.Close() })
	types, err := privacy.NewTypes(nil, slices.Concat(jobs.Types(), seal.Types(), events.Types())...)
	r.must(err)
	r.store = privacy.NewGate(raw, types)
	r.keys = sealtest.Keeper(t, r.store)
	r.features = f
	r.open()
	t.Cleanup(func() { _ = r.jobs.Close(context.Background()) })
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// open makes a host that takes webhooks and tells nobody yet.
func (r *rig) open() {
	r.Helper()
	log := slog.New(slog.NewTextHandler(r.log, nil))
	var err error
	r.jobs, err = jobs.Open(r.Context(), jobs.Config{
		Store: r.store, Keys: r.keys, Log: log, Dir: filepath.Join(r.dir, "queue"), Lease: time.Second, Grace: 5 * time.Second,
		Admit: func(_ context.Context, _ capability.TenantID, p capability.PluginID) error {
			if p != "" && !r.isOn(p) {
				return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "it is switched off"}
			}
			return nil
		},
	})
	r.must(err)
	r.Service, err = events.New(events.Config{Tenants: r, Features: r.features, Site: r, Jobs: r.jobs, Store: r.store, Log: log, Now: r.clock})
	r.must(err)
}

func (r *rig) work() {
	r.Helper()
	r.must(r.jobs.Work())
}

func (r *rig) isOn(p capability.PluginID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.on, p)
}

func (r *rig) turn(on ...capability.PluginID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = on
}

// ByID implements events.Tenants.
func (r *rig) ByID(_ context.Context, id capability.TenantID) (tenant.Tenant, error) {
	if r.site != nil {
		return *r.site, nil
	}
	return tenant.Tenant{ID: id, State: tenant.Active}, nil
}

// Self implements events.Site.
func (r *rig) Self(ctx context.Context, t tenant.Tenant) (string, error) {
	if r.self != nil {
		return r.self(ctx, t)
	}
	return app, nil
}

// Listeners implements events.Features.
func (r *rig) Listeners(_ context.Context, _ capability.TenantID, kind string) ([]feature.Listener, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []feature.Listener
	for _, p := range r.on {
		l := feature.Listener{Plugin: p, Wants: everything}
		if r.wants != nil {
			l.Wants = r.wants(kind)
		}
		out = append(out, l)
	}
	return out, nil
}

// everything is what a plugin wants to hear that says nothing.
var everything = feature.Interest{Projects: feature.Some{All: true}, IssueTypes: feature.Some{All: true}, Fields: feature.Some{All: true}}

// Tell implements events.Features.
func (r *rig) Tell(_ context.Context, t tenant.Tenant, id capability.PluginID, e event.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails != nil {
		if err := r.fails(e); err != nil {
			return err
		}
	}
	e.Name = string(t.ID) + " " + string(id)
	r.heard = append(r.heard, e)
	r.told <- e
	return nil
}

// take has the host take a webhook.
func (r *rig) take(kind, id string, at time.Time, body string) {
	r.Helper()
	r.must(r.Take(r.Context(), acme, kind, id, at, []byte(body)))
}

// next is the next event that some plugin is told of.
func (r *rig) next() event.Event {
	r.Helper()
	select {
	case e := <-r.told:
		return e
	case <-time.After(30 * time.Second):
		r.Fatal("no plugin is told of anything")
		panic("unreachable")
	}
}

// until waits for what happens beside the test.
func (r *rig) until(what string, is func() bool) {
	r.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			r.Fatalf("in vain: %s\n%s", what, r.log)
		}
	}
}

// runs are the events of a state, the newest first.
func (r *rig) runs(state jobs.State) []jobs.Run {
	r.Helper()
	all, err := r.jobs.Runs(r.Context(), acme, jobs.Query{State: state, Kind: events.Kind})
	r.must(err)
	return all
}
