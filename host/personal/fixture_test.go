package personal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
)

const (
	day    = 24 * time.Hour
	plugin = capability.PluginID("acme.desk")
	loans  = "rec.acme.desk.loan" // go with the account
	seats  = "rec.acme.desk.seat" // lose the account
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var discard = slog.New(slog.DiscardHandler)

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

func desk() plugins {
	account := manifest.Field{Kind: manifest.KindAccount, Indexed: true}
	record := func(name, erasure string, fields map[string]manifest.Field) manifest.Record {
		return manifest.Record{Type: name, Purpose: "Know who has a " + name, ID: manifest.RecordID{Kind: manifest.KindIssue}, Fields: fields, Erasure: erasure}
	}
	return plugins{{ID: plugin, Records: []manifest.Record{
		record("loan", manifest.EraseRecord, map[string]manifest.Field{"holder": account}),
		record("seat", manifest.EraseField, map[string]manifest.Field{"owner": account, "deputy": account, "moves": {Kind: manifest.KindCount, Indexed: true}}),
	}}}
}

// host is a store with the gate before it, and what works on it.
type host struct {
	*testing.T
	raw, store store.Store
	directory  *personal.Directory
	tenants    *tenant.Tenants
	clock      *clock
}

func newHost(t *testing.T) *host {
	t.Helper()
	raw, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	h := &host{T: t, raw: raw, clock: &clock{now: start}}
	h.store = privacy.NewGate(raw, h.types())
	h.directory = personal.NewDirectory(h.store, h.types())
	h.tenants = tenant.NewTenants(h.store, sealtest.Keeper(t, h.store), h.clock.Now)
	return h
}

func (h *host) types() *privacy.Types {
	h.Helper()
	types, err := privacy.NewTypes(desk(), slices.Concat(tenant.Types(), seal.Types(), personal.Types())...)
	h.must(err)
	return types
}

// over returns the accounts as somebody sees them who reaches the store through s.
func (h *host) over(s store.Store) *personal.Directory {
	h.Helper()
	return personal.NewDirectory(privacy.NewGate(s, h.types()), h.types())
}

func (h *host) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *host) install(name string) tenant.Tenant {
	h.Helper()
	return h.installAt(name, "https://"+name+".example", "secret of "+name)
}

func (h *host) installAt(clientKey, address, secret string) tenant.Tenant {
	h.Helper()
	t, err := h.tenants.Install(h.Context(), tenant.Installation{ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), BaseURL: address})
	h.must(err)
	return t
}

// record is the write of a record of a plugin: fields are names and values in turn, each in its index.
func record(t capability.TenantID, collection, id string, written time.Time, fields ...string) store.Op {
	index := map[string]string{}
	for pair := range slices.Chunk(fields, 2) {
		index[pair[0]] = pair[1]
	}
	body, err := json.Marshal(map[string]any{"fields": index, "written": written.Format(time.RFC3339)})
	if err != nil {
		panic(err)
	}
	return store.Op{IfRev: store.Any, Doc: store.Doc{Key: store.Key{Tenant: t, Collection: collection, ID: id}, Body: body, Index: index}}
}

func (h *host) write(ops ...store.Op) {
	h.Helper()
	for batch := range slices.Chunk(ops, store.MaxOps) {
		_, err := h.store.Write(h.Context(), batch...)
		h.must(err)
	}
}

// kept returns what stands under a site in the collections that name accounts, by collection and id.
func (h *host) kept(t capability.TenantID) map[string]string {
	h.Helper()
	out := map[string]string{}
	for _, c := range []string{"module", loans, seats} {
		q := store.Query{Tenant: t, Collection: c, Limit: store.MaxLimit}
		for more := true; more; {
			docs, err := h.raw.List(h.Context(), q)
			h.must(err)
			for _, d := range docs {
				out[c+"/"+d.Key.ID] = fmt.Sprint(string(d.Body), d.Index)
				q.After = d.Key.ID
			}
			more = len(docs) == q.Limit
		}
	}
	return out
}

// accounts returns the accounts of a site.
func (h *host) accounts(t capability.TenantID) []string {
	h.Helper()
	found, err := h.directory.Accounts(h.Context(), t)
	h.must(err)
	return slices.Sorted(maps.Keys(found))
}

// atlassian answers reports as Atlassian does, from what became of its accounts.
type atlassian struct {
	mu      sync.Mutex
	cycle   time.Duration
	closed  map[string]bool
	changed map[string]time.Time
	down    error  // what else is answered
	during  func() // called while a report is on its way
	reports []report
}

// report is one that arrived.
type report struct {
	Site     capability.TenantID
	Secret   string
	Accounts map[string]time.Time
	Updated  []string // what was answered
}

func newAtlassian() *atlassian {
	return &atlassian{cycle: 7 * day, closed: map[string]bool{}, changed: map[string]time.Time{}}
}

func (a *atlassian) ReportAccounts(ctx context.Context, t tenant.Tenant, accounts []jira.ReportedAccount) (jira.AccountReport, error) {
	a.mu.Lock()
	r := report{Site: t.ID, Secret: t.SharedSecret.Reveal(), Accounts: map[string]time.Time{}}
	answer := jira.AccountReport{Cycle: a.cycle}
	for _, account := range accounts {
		r.Accounts[account.ID] = account.UpdatedAt
		switch {
		case a.closed[account.ID]:
			answer.Erase = append(answer.Erase, account.ID)
		case account.UpdatedAt.Before(a.changed[account.ID]):
			answer.Refresh = append(answer.Refresh, account.ID)
		}
	}
	r.Updated = answer.Refresh
	a.reports = append(a.reports, r)
	down, during := a.down, a.during
	a.mu.Unlock()
	if during != nil {
		during()
	}
	if ctx.Err() != nil {
		return jira.AccountReport{}, ctx.Err()
	}
	return answer, down
}

// took returns the reports that arrived since it was asked last.
func (a *atlassian) took() []report {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.reports
	a.reports = nil
	return out
}

// reporter is one host's.
func (h *host) reporter(j personal.Jira) *personal.Reporter {
	return personal.NewReporter(h.directory, h.tenants, j, discard, h.clock.Now)
}

func (h *host) latest(r *personal.Reporter, t tenant.Tenant) personal.Report {
	h.Helper()
	latest, err := r.Latest(h.Context(), t.ID)
	h.must(err)
	return latest
}
