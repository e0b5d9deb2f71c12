package runs_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/runs"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
)

const (
	acme   capability.TenantID = "acme"
	links  capability.PluginID = "test.links"
	others capability.PluginID = "test.others"
	mia                        = "557058:mia"

	ruleID = "4Nk7tQxYzAbCdEfGh2"
	goneID = "5Nk7tQxYzAbCdEfGh2"
)

// declared are the jobs of the plugin links.
var declared = []manifest.Job{
	{
		Name: "index", Title: "Write the index", Handler: "index", Reason: "Make links searchable",
		Input:  map[string]manifest.JobValue{"relation": {Kind: manifest.KindLinkType}, "how": {Kind: manifest.KindStatus, Values: []string{"check", "repair"}}},
		Cursor: map[string]manifest.JobValue{"after": {Kind: manifest.KindIssue}}, Counts: map[string]string{"written": "Issues written"},
		Concurrency: []string{"relation"},
	},
	{
		Name: "sweep", Title: "Sweep", Handler: "sweep", Reason: "Remove what a rule does not allow",
		Input: map[string]manifest.JobValue{"rule": {Kind: manifest.KindConfig, Config: "rule"}, "revision": {Kind: manifest.KindCount}},
	},
	{Name: "tidy", Title: "Tidy up", Handler: "tidy", Reason: "Bring it up to date", Starts: manifest.ByUser, Account: manifest.OfNobody},
}

// rig is a store and a queue on the disk, a plugin with jobs, and a host that works on them.
type rig struct {
	testing.TB
	*runs.Service
	jobs  *jobs.Jobs
	dir   string
	store store.Store
	keys  *seal.Keeper

	mu   sync.Mutex
	off  []capability.PluginID
	now  time.Time // zero: the machine's
	does func(context.Context, job.Step) (*job.Result, error)
	did  []job.Step
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t, dir: t.TempDir()}
	raw, err := sqlitestore.Open(t.Context(), filepath.Join(r.dir, "store"), sqlitestore.Config{})
	r.must(err)
	t.Cleanup(func() { _ = raw.Close() })
	types, err := privacy.NewTypes(nil, slices.Concat(jobs.Types(), seal.Types())...)
	r.must(err)
	r.store = privacy.NewGate(raw, types)
	r.keys = sealtest.Keeper(t, r.store)
	r.open()
	t.Cleanup(func() { _ = r.jobs.Close(context.Background()) })
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// open makes a host that begins runs and does no step yet.
func (r *rig) open() {
	r.Helper()
	log := slog.New(slog.DiscardHandler)
	var err error
	r.jobs, err = jobs.Open(r.Context(), jobs.Config{
		Store: r.store, Keys: r.keys, Log: log, Dir: filepath.Join(r.dir, "queue"), Lease: time.Second, Grace: 5 * time.Second, Workers: 4,
		Admit: func(_ context.Context, _ capability.TenantID, p capability.PluginID) error {
			if r.isOff(p) {
				return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "it is switched off"}
			}
			return nil
		},
	})
	r.must(err)
	r.Service, err = runs.New(runs.Config{Tenants: r, Features: r, Jobs: r.jobs, Log: log, Now: r.clock})
	r.must(err)
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now.IsZero() {
		return time.Now()
	}
	return r.now
}

func (r *rig) work() {
	r.Helper()
	r.must(r.jobs.Work())
}

func (r *rig) isOff(p capability.PluginID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.off, p)
}

// steps has steps do something; what was done is in did, in order.
func (r *rig) steps(does func(context.Context, job.Step) (*job.Result, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.does = does
}

func (r *rig) done() []job.Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.did)
}

// ByID implements runs.Tenants.
func (r *rig) ByID(_ context.Context, id capability.TenantID) (tenant.Tenant, error) {
	return tenant.Tenant{ID: id, State: tenant.Active}, nil
}

// Job implements runs.Features.
func (r *rig) Job(_ context.Context, _ tenant.Tenant, _ capability.PluginID, name string) (manifest.Job, error) {
	for _, j := range declared {
		if j.Name == name {
			return j, nil
		}
	}
	return manifest.Job{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "no such job"}
}

// Work implements runs.Features.
func (r *rig) Work(ctx context.Context, t tenant.Tenant, id capability.PluginID, s job.Step) (*job.Result, manifest.Job, error) {
	j, err := r.Job(ctx, t, id, s.Job)
	if err != nil {
		return nil, j, err
	}
	r.mu.Lock()
	does := r.does
	r.mu.Unlock()
	out, err := does(ctx, s)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.did = append(r.did, s)
	}
	return out, j, err
}

// admin is the binding of an action that mia, a Jira admin, makes on an adminPage of the plugin.
func admin() *capability.Binding {
	return &capability.Binding{Tenant: acme, Plugin: links, Version: "1.0.0", Admin: true, Context: sdk.Context{Account: mia, Module: "manage"}}
}

// Label implements runs.Features.
func (r *rig) Label(_ context.Context, _ capability.TenantID, _ capability.PluginID, typ, id string) (string, error) {
	if typ == "rule" && id == ruleID {
		return "Suppliers", nil
	}
	return "", nil
}

// begin begins a run of the job index for a relation.
func (r *rig) begin(relation string) string {
	r.Helper()
	run, err := r.Start(r.Context(), admin(), &job.New{Job: "index", Input: map[string]string{"relation": relation}, Total: 3})
	r.must(err)
	return run.ID
}

// await waits until a run is in a state, and returns it.
func (r *rig) await(id string, state jobs.State) jobs.Progress {
	r.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		p, err := r.Run(r.Context(), acme, links, jobs.RunID(id))
		r.must(err)
		if p.State == state {
			return p
		}
		select {
		case <-tick.C:
		case <-late:
			r.Fatalf("the run is %s (%s), want %s", p.State, p.Code, state)
		}
	}
}
