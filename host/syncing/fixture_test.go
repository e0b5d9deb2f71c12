package syncing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	gosync "sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncer/runlog"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

const (
	mia   = "mia@pergola.example"
	admin = "5b10a2844c20165700ede21g"
)

// rig is a Jira site with the app installed, a store and a queue on the disk, and a host that works on them.
type rig struct {
	testing.TB
	*syncing.Service
	site    *sandboxtest.Site
	tenant  tenant.Tenant
	inbox   *inbox
	dir     string
	store   store.Store
	keys    *seal.Keeper
	jobs    *jobs.Jobs
	log     *bytes.Buffer
	refused error            // what the plugin's switch says
	plugins syncing.Features // the rig itself, unless a test has real ones
	off     atomic.Bool      // the site's switch
	held    atomic.Int64     // sources of steps that have not been released
	steps   atomic.Int64     // those that have
}

func newRig(t testing.TB, change ...func(*rig)) *rig {
	t.Helper()
	r := &rig{TB: t, site: sandboxtest.Start(t), inbox: newInbox(), dir: t.TempDir(), log: &bytes.Buffer{}}
	app := r.install()
	r.tenant = tenant.Tenant{ID: "t1", ClientKey: app.ClientKey, SharedSecret: seal.NewSecret(app.Secret), BaseURL: r.site.URL, State: tenant.Active}
	raw, err := sqlitestore.Open(t.Context(), filepath.Join(r.dir, "store"), sqlitestore.Config{})
	r.must(err)
	t.Cleanup(func() { _ = raw.Close() })
	types, err := privacy.NewTypes(nil, slices.Concat(jobs.Types(), syncing.Types(), runlog.Types(), seal.Types(), tenant.Types())...)
	r.must(err)
	r.store = privacy.NewGate(raw, types)
	r.keys = sealtest.Keeper(t, r.store)
	r.plugins = r
	for _, c := range change {
		c(r)
	}
	r.start()
	t.Cleanup(func() { _ = r.jobs.Close(context.Background()) })
	return r
}

func (r *rig) install() *sandboxtest.App {
	var extractions []map[string]string
	for _, path := range identity.Indexed() {
		extractions = append(extractions, map[string]string{"objectName": path, "type": "string"})
	}
	return r.site.InstallModules("pergola", map[string]any{"jiraEntityProperties": []any{map[string]any{
		"key": "sync", "entityType": "issue", "name": map[string]string{"value": "Synchronization"},
		"keyConfigurations": []any{map[string]any{"propertyKey": identity.Property, "extractions": extractions}},
	}}}, "WRITE")
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// start puts a host to work on what is on the disk.
func (r *rig) start() {
	r.Helper()
	log := slog.New(slog.NewTextHandler(r.log, nil))
	var err error
	r.jobs, err = jobs.Open(r.Context(), jobs.Config{
		Store: r.store, Keys: r.keys, Log: log, Dir: filepath.Join(r.dir, "queue"), Lease: time.Second, Grace: 5 * time.Second,
		Admit: func(context.Context, capability.TenantID, capability.PluginID) error { return r.refused },
	})
	r.must(err)
	client, err := jira.New(jira.Config{AppKey: "pergola"})
	r.must(err)
	engine, err := syncer.New(syncer.Config{Jira: client, Rows: 5, Length: 1, Secret: func(context.Context, capability.TenantID) (identity.Secret, error) {
		return syncing.Secret([]byte("a key that never changes")), nil
	}})
	r.must(err)
	r.Service, err = syncing.New(syncing.Config{
		Store: r.store, Keys: r.keys, Tenants: r, Features: r.plugins, Engine: engine, Jobs: r.jobs, Site: client, Log: runlog.New(r.store, time.Now), Logger: log, Now: time.Now,
	})
	r.must(err)
	r.must(r.jobs.Work())
}

// restart ends the host and puts another one in its place.
func (r *rig) restart() {
	r.Helper()
	r.must(r.jobs.Close(r.Context()))
	r.start()
}

// ByID implements syncing.Tenants.
func (r *rig) ByID(context.Context, capability.TenantID) (tenant.Tenant, error) {
	t := r.tenant
	if r.off.Load() {
		t.State = tenant.Disabled
	}
	return t, nil
}

// Synchronizers implements syncing.Features.
func (r *rig) Synchronizers(context.Context, capability.TenantID) ([]feature.Synchronizer, error) {
	return []feature.Synchronizer{inboxKind}, nil
}

// Source implements syncing.Features.
func (r *rig) Source(_ context.Context, _ tenant.Tenant, id capability.PluginID, name string) (*sync.Source, feature.Synchronizer, error) {
	switch {
	case r.refused != nil:
		return nil, feature.Synchronizer{}, r.refused
	case id != inboxKind.Plugin || name != inboxKind.Name:
		return nil, feature.Synchronizer{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "there is no such synchronizer"}
	}
	return r.inbox.source(), inboxKind, nil
}

// StepSource implements syncing.Features.
func (r *rig) StepSource(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (*sync.Source, feature.Synchronizer, func(), error) {
	source, known, err := r.Source(ctx, t, id, name)
	if err != nil {
		return nil, feature.Synchronizer{}, nil, err
	}
	r.held.Add(1)
	return source, known, func() { r.held.Add(-1); r.steps.Add(1) }, nil
}

var inboxKind = feature.Synchronizer{
	Plugin: "test.inbox", PluginName: "Inbox", Name: "inbox", Title: "Inbox", Secrets: []manifest.Secret{{Name: "password", Title: "Password"}},
	Form: func() *schemaform.Form {
		form, err := schemaform.Compile(json.RawMessage(`{"type":"object","required":["server"],"properties":{
			"server":{"type":"string","title":"Server","maxLength":50},"port":{"type":"integer","title":"Port","minimum":1,"maximum":65535,"default":993}}}`))
		if err != nil {
			panic(err)
		}
		return form
	}(),
}

// inbox is a source with a key and two columns, whose password is "open sesame".
type inbox struct {
	mu     gosync.Mutex
	stream sync.Stream
	rows   map[int64][]sync.Value
	reads  int
	onRead func(n int) error // called with the number of the read
}

func newInbox() *inbox {
	return &inbox{rows: map[int64][]sync.Value{}, stream: sync.Stream{Name: "devices", Key: []string{"id"}, Columns: []sync.Column{
		{Name: "id", Type: sync.IntegerType}, {Name: "name", Type: sync.StringType}, {Name: "price", Type: sync.IntegerType},
	}}}
}

func (b *inbox) put(id int64, name string, price int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows[id] = []sync.Value{sync.Int(id), sync.String(name), sync.Int(price)}
}

func (b *inbox) fill(n int) {
	for i := range n {
		b.put(int64(i+1), fmt.Sprintf("Device %03d", i+1), int64(100+i))
	}
}

func (b *inbox) hook(f func(n int) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads, b.onRead = 0, f
}

func (b *inbox) open(c sync.Config) error {
	if c.Settings.String("server") != "mail.example" || c.Settings.Int("port") != 993 {
		return sync.Downstream(sdk.Unavailable, "nothing answers at that server")
	}
	if c.Secrets["password"].Reveal() != "open sesame" {
		return sync.Downstream(sdk.Unauthenticated, "the server does not take the password")
	}
	return nil
}

func (b *inbox) source() *sync.Source {
	s := &sync.Source{
		Discover: sync.DiscoverFunc(func(_ context.Context, r *sync.Discover) (*sync.Catalog, error) {
			return &sync.Catalog{Streams: []sync.Stream{b.stream}}, b.open(r.Config)
		}),
		Read: sync.ReadFunc(func(_ context.Context, r *sync.Read) (*sync.Page, error) {
			if err := b.open(r.Config); err != nil {
				return nil, err
			}
			b.mu.Lock()
			b.reads++
			n, hook, rows := b.reads, b.onRead, slices.Collect(maps.Values(b.rows))
			b.mu.Unlock()
			if hook != nil {
				if err := hook(n); err != nil {
					return nil, err
				}
			}
			return b.stream.Page(r, rows)
		}),
	}
	s.Check = sync.CheckFunc(func(_ context.Context, r *sync.Check) (*sync.Health, error) {
		if err := b.open(r.Config); err != nil {
			return &sync.Health{Problems: []sync.Problem{{Setting: "password", What: err.Error(), Do: "Write the right one."}}}, nil //nolint:nilerr // it is in the answer
		}
		return &sync.Health{About: "Inbox 1.0"}, nil
	})
	return s
}

func connection() syncing.ConnectionDraft {
	return syncing.ConnectionDraft{
		Name: "Mail", Plugin: "test.inbox", Synchronizer: "inbox", Settings: json.RawMessage(`{"server":"mail.example"}`),
		Secrets: map[string]sync.Secret{"password": "open sesame"},
	}
}

func (r *rig) connect() syncing.Connection {
	r.Helper()
	c, err := r.SaveConnection(r.Context(), r.tenant, admin, "", connection())
	r.must(err)
	return c
}

func devices(connection string) syncing.SyncDraft {
	return syncing.SyncDraft{Name: "Devices", Connection: connection, Mapping: mapping.Config{
		Stream: "devices", Project: "10000", Type: mapping.TypeRule{Default: "10001"},
		Fields: []mapping.Field{{Field: "summary", Column: "name"}, {Field: "customfield_10004", Column: "price"}},
	}}
}

func (r *rig) synchronize(change ...func(*syncing.SyncDraft)) syncing.Synchronization {
	r.Helper()
	draft := devices(r.connect().ID)
	for _, c := range change {
		c(&draft)
	}
	s, err := r.SaveSync(r.Context(), r.tenant, admin, "", draft)
	r.must(err)
	return s
}

// follow waits for the end of a run and says what came of it: "done created=3".
func (r *rig) follow(id jobs.RunID) string {
	r.Helper()
	ctx, stop := context.WithTimeout(r.Context(), time.Minute)
	defer stop()
	progress, err := r.Watch(ctx, r.tenant, id)
	r.must(err)
	for p := range progress {
		if p.State.Over() || p.State == jobs.Paused {
			break
		}
	}
	run, err := r.Run(r.Context(), r.tenant, id)
	r.must(err)
	return summary(run)
}

func summary(run syncing.Run) string {
	words := []string{string(run.State)}
	if run.Stopped != "" {
		words = append(words, run.Stopped)
	}
	for _, name := range slices.Sorted(maps.Keys(run.Counts)) {
		if n := run.Counts[name]; n > 0 {
			words = append(words, fmt.Sprintf("%s=%d", name, n))
		}
	}
	if run.Code != "" {
		words = append(words, string(run.Code))
	}
	return strings.Join(words, " ")
}

// expect runs a synchronization by hand and compares what came of it.
func (r *rig) expect(id, want string) jobs.RunID {
	r.Helper()
	run, err := r.Start(r.Context(), r.tenant, admin, id, false)
	r.must(err)
	if got := r.follow(run); got != want {
		r.Errorf("the run came to %q, want %q", got, want)
	}
	return run
}

// names are the summaries of the issues that synchronizations made, sorted.
func (r *rig) names() []string {
	r.Helper()
	status, body := r.site.Do(mia, http.MethodPost, "/rest/api/3/search/jql", map[string]any{
		"jql": "project = 10000 AND summary ~ Device ORDER BY key", "fields": []string{"summary"}, "maxResults": 1000,
	})
	if status != http.StatusOK {
		r.Fatalf("search: %d %s", status, body)
	}
	var found struct {
		Issues []struct{ Fields struct{ Summary string } }
	}
	r.must(json.Unmarshal(body, &found))
	var out []string
	for _, i := range found.Issues {
		out = append(out, i.Fields.Summary)
	}
	slices.Sort(out)
	return out
}

// holds says in which files below the rig's directory one of the texts lies.
func (r *rig) holds(texts ...string) (out []string) {
	r.Helper()
	r.must(filepath.WalkDir(r.dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		for _, text := range texts {
			if bytes.Contains(raw, []byte(text)) {
				out = append(out, filepath.Base(name)+" holds "+text)
			}
		}
		return err
	}))
	return out
}
