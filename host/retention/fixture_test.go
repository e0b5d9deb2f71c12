package retention_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/retention"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
)

const (
	grace  = 30 * 24 * time.Hour
	plugin = capability.PluginID("acme.labels")
	secret = "s3cret-of-the-site-0123456789"
	admin  = "5b10a2844c20165700ede21g"
	labels = "rec.acme.labels.label"
)

// clock stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// plugins are those that are installed.
type plugins []*manifest.Manifest

func (p plugins) Versions(id capability.PluginID) []*manifest.Manifest {
	return slices.DeleteFunc(slices.Clone(p), func(m *manifest.Manifest) bool { return m.ID != id })
}

func (p plugins) Manifests() []*manifest.Manifest { return p }

var installed = plugins{{ID: plugin, Records: []manifest.Record{{
	Type: "label", Purpose: "Find the label of an issue", ID: manifest.RecordID{Kind: manifest.KindIssue}, Erasure: manifest.EraseField,
	Fields: map[string]manifest.Field{"owner": {Kind: manifest.KindAccount, Indexed: true}},
}}}}

// disk is what outlives a process: a store, and the operator's keys.
type disk struct {
	*testing.T
	dir   string
	raw   store.Store
	ring  *seal.Ring
	clock *clock
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	dir := t.TempDir()
	raw, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	keys, err := seal.ParseKeys(seal.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return &disk{t, dir, raw, ring, &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)}}
}

// host is a process on a disk. Whatever it writes goes through the gate.
type host struct {
	*disk
	*retention.Sweeper
	store   store.Store
	keys    *seal.Keeper
	tenants *tenant.Tenants
}

// start starts a process.
func (d *disk) start(change ...func(*retention.Config)) *host { return d.startOn(d.raw, change...) }

// startOn starts one that reaches the disk through s.
func (d *disk) startOn(s store.Store, change ...func(*retention.Config)) *host {
	d.Helper()
	types, err := privacy.NewTypes(installed, slices.Concat(tenant.Types(), seal.Types(), retention.Types(), personal.Types(), forge.Types())...)
	if err != nil {
		d.Fatal(err)
	}
	h := &host{disk: d, store: privacy.NewGate(s, types)}
	if h.keys, err = seal.NewKeeper(h.store, d.ring, d.clock.Now, seal.Config{}); err != nil {
		d.Fatal(err)
	}
	h.tenants = tenant.NewTenants(h.store, h.keys, d.clock.Now)
	c := retention.Config{Store: h.store, Tenants: h.tenants, Keys: h.keys, Grace: grace, Log: slog.New(slog.DiscardHandler), Now: d.clock.Now}
	for _, f := range change {
		f(&c)
	}
	h.Sweeper = retention.New(c)
	return h
}

// tryInstall makes a site install the app.
func (h *host) tryInstall(clientKey string) (tenant.Tenant, error) {
	return h.tenants.Install(h.Context(), tenant.Installation{
		ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), BaseURL: "https://" + clientKey + ".example",
		InstallationID: "ari:cloud:ecosystem::installation/" + clientKey,
	})
}

// install makes a site that has one of everything that can be kept of one.
func (h *host) install(clientKey string) tenant.Tenant {
	h.Helper()
	t, err := h.tryInstall(clientKey)
	h.must(err)
	ctx, now := h.Context(), h.clock.Now()
	modules := tenant.NewModules(h.store, h.clock.Now)
	_, err = modules.Put(ctx, t.ID, tenant.Module{Plugin: plugin, Enabled: true, Settings: json.RawMessage(`{"size":"A4"}`), By: admin})
	h.must(err)
	_, err = modules.Baseline(ctx, t.ID, plugin, []string{"jira:read"})
	h.must(err)
	_, err = tenant.NewTokens(h.store, h.keys).Key(ctx, t.ID)
	h.must(err)
	h.must(tenant.NewQuarantines(h.store).Put(ctx, core.Quarantine{Tenant: t.ID, Plugin: plugin, Version: "1.0.0", Since: now, Until: now}))
	_, err = h.keys.Rotate(ctx, t.ID)
	h.must(err)
	report := store.Key{Tenant: t.ID, Collection: "account_report", ID: "latest"}
	_, err = h.store.Write(ctx, store.Op{Doc: store.Doc{Key: report, Body: []byte(`{"next":"2026-03-02T12:00:00Z"}`)}})
	h.must(err)
	h.label(t.ID, 3)
	return t
}

// label writes n records.
func (h *host) label(t capability.TenantID, n int) {
	h.Helper()
	var ops []store.Op
	for i := range n {
		ops = append(ops, store.Op{IfRev: store.Any, Doc: store.Doc{
			Key: store.Key{Tenant: t, Collection: labels, ID: fmt.Sprint(10000 + i)}, Index: map[string]string{"owner": admin},
			Body: []byte(`{"fields":{"owner":"` + admin + `"},"written":"2026-03-01T12:00:00Z"}`),
		}})
	}
	for batch := range slices.Chunk(ops, store.MaxOps) {
		_, err := h.store.Write(h.Context(), batch...)
		h.must(err)
	}
}

func (h *host) uninstall(t tenant.Tenant) {
	h.Helper()
	_, err := h.tenants.Uninstall(h.Context(), t.ID)
	h.must(err)
}

func (h *host) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// kept returns every document in the store that stands under one of the tenants; under any where none is given.
func (d *disk) kept(of ...capability.TenantID) map[store.Key]string {
	d.Helper()
	ctx, out := d.Context(), map[store.Key]string{}
	tenants, err := d.raw.Tenants(ctx, "", store.MaxLimit)
	if err != nil {
		d.Fatal(err)
	}
	for _, t := range tenants {
		if len(of) > 0 && !slices.Contains(of, t) {
			continue
		}
		for _, c := range d.collections(t) {
			q := store.Query{Tenant: t, Collection: c.Name, Limit: store.MaxLimit}
			for more := true; more; {
				docs, err := d.raw.List(ctx, q)
				if err != nil {
					d.Fatal(err)
				}
				for _, doc := range docs {
					out[doc.Key] = fmt.Sprint(doc.Rev, string(doc.Body), doc.Index)
					q.After = doc.Key.ID
				}
				more = len(docs) == q.Limit
			}
		}
	}
	return out
}

func (d *disk) collections(t capability.TenantID) []store.Collection {
	d.Helper()
	all, err := d.raw.Collections(d.Context(), t)
	if err != nil {
		d.Fatal(err)
	}
	return all
}

// receipts are those of all purges.
func (d *disk) receipts() []retention.Receipt {
	d.Helper()
	all, err := retention.Receipts(d.Context(), d.raw)
	if err != nil {
		d.Fatal(err)
	}
	return all
}

// faulty is a store whose write of that number answers store.ErrUnavailable, and is carried out all the same or not.
type faulty struct {
	store.Store
	fail    int
	carried bool

	writes int
}

func (f *faulty) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	if f.writes++; f.writes != f.fail {
		return f.Store.Write(ctx, ops...)
	}
	if f.carried {
		if _, err := f.Store.Write(ctx, ops...); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: write %d", store.ErrUnavailable, f.fail)
}
