package feature_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/feature"
	site "github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

const (
	notes = capability.PluginID("acme.notes")
	admin = "557058:admin"
	user  = "557058:user"
	// Admins of the projects 10000 and 20000, each of one alone.
	ops = "557058:ops"
	hr  = "557058:hr"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// parse makes a manifest. changes are members that replace those of an ordinary one.
func parse(t testing.TB, changes map[string]any) *manifest.Manifest {
	t.Helper()
	all := map[string]any{
		"manifestVersion": 1, "id": notes, "name": "Notes", "version": "1.0.0", "publisher": map[string]any{"name": "Acme"},
		"description": "Notes beside an issue.", "compat": map[string]any{"abi": 1},
		"runtime":     map[string]any{"kind": "wasm", "entry": "plugin.wasm"},
		"permissions": []any{permission("jira:read")},
		"settings": json.RawMessage(`{"type":"object","properties":{
			"size":{"type":"integer","title":"Size","minimum":10,"maximum":100,"default":30},
			"field":{"type":"string","title":"Field","x-jira":"field"},
			"projects":{"type":"array","title":"Projects","items":{"type":"string"},"x-jira":"project"},
			"types":{"type":"array","title":"Types","items":{"type":"string"},"x-jira":"issueType"}}}`),
		"modules": []any{
			map[string]any{
				"type": "issuePanel", "key": "panel", "name": "Notes", "view": "show",
				"contexts": map[string]any{"projects": "projects", "issueTypes": "types"},
			},
			map[string]any{"type": "generalPage", "key": "open", "name": "Open", "view": "show", "hidden": true, "link": "q"},
		},
	}
	for name, value := range changes {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	raw, err := json.Marshal(all)
	check(t, err)
	m, err := manifest.Parse("plugin.json", raw)
	check(t, err)
	return m
}

func permission(name string) map[string]any {
	return map[string]any{"name": name, "reason": "It needs it"}
}

// world is a service on a real store and engine, with a Jira site that the test plays.
type world struct {
	store   store.Driver
	t       testing.TB
	jira    *fakeJira
	choices *choices
	configs *tenant.Configs
	tenants *tenant.Tenants
	tenant  tenant.Tenant
	engine  *core.Engine
	log     *bytes.Buffer

	mu     sync.Mutex
	seen   []sdk.Context
	issues []string // the plugin's page links to them
	people []string // the plugin's page names them
	clock  time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, jira: &fakeJira{admins: []string{admin}}, log: &bytes.Buffer{}, clock: now}
	db, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	w.store = db
	clock := func() time.Time { return now }
	w.choices = &choices{Modules: tenant.NewModules(db, clock)}
	var ticks atomic.Int64
	w.configs = tenant.NewConfigs(db, func() time.Time { // each document has a time of its own
		return now.Add(time.Duration(ticks.Add(1)) * time.Second)
	})
	w.tenants = tenant.NewTenants(db, sealtest.Keeper(t, db), clock)
	w.tenant, err = w.tenants.Install(t.Context(), tenant.Installation{
		ClientKey: "site-one", SharedSecret: seal.NewSecret("0123456789abcdef"), BaseURL: "https://acme.atlassian.net",
	})
	check(t, err)
	show := sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, r.Context)
		p := &view.Page{Title: "Notes"}
		for _, id := range w.issues {
			p.Blocks = append(p.Blocks, view.Block{Text: &view.Text{Spans: []view.Span{{Text: "Open", IssueID: id}}}})
		}
		for _, id := range w.people {
			p.Blocks = append(p.Blocks, view.Block{List: &view.List{Items: []view.Item{{Detail: []view.Span{{Text: "another user", Account: id}}}}}})
		}
		return p, nil
	})
	w.engine, err = core.New(core.Config{Drivers: map[string]driver.Driver{"wasm": inproc.New(nil,
		&sdk.Plugin{ID: string(notes), Version: "1.0.0", Views: map[string]sdk.View{"show": show, "other": show}, Files: map[string]sdk.File{
			"save": sdk.FileFunc(func(context.Context, *sdk.Request) (*sdk.Attachment, error) {
				return &sdk.Attachment{Name: "a.csv"}, nil
			}),
		}, Events: map[string]sdk.EventHandler{"heard": event.Handler(func(context.Context, *event.Event) error { return nil })}, Guards: map[string]sdk.Guard{"shelf": config.Guard(func(_ context.Context, c *config.Change) (*config.Verdict, error) {
			switch {
			case c.Context.Account == "" || c.Context.Account == user:
				return nil, sdk.Errorf(sdk.Internal, "judged for %q", c.Context.Account)
			case c.Op == config.Delete && c.Before.String("name") == "Kept":
				return config.No("", "This one is needed."), nil
			case c.Op == config.Save && c.After.Int("boards") == 13:
				return config.No("boards", "Not 13, please."), nil
			}
			return nil, nil
		})}, Actions: map[string]sdk.Action{"do": sdk.ActionFunc(show)}, Suggesters: map[string]sdk.Suggester{
			"offer": sdk.SuggesterFunc(func(_ context.Context, r *sdk.Request) (*view.Choices, error) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.seen = append(w.seen, r.Context)
				return &view.Choices{Choices: []view.Choice{{Value: "1", Label: r.Params["q"]}}}, nil
			}),
		}},
	)}})
	check(t, err)
	t.Cleanup(func() { check(t, w.engine.Close(context.Background())) })
	return w
}

// service is a service over manifests; enabled are on by default.
func (w *world) service(enabled []string, manifests ...*manifest.Manifest) *feature.Service {
	w.t.Helper()
	c, err := feature.NewCatalog(w.choices, enabled, manifests...)
	check(w.t, err)
	for _, m := range manifests {
		if err := w.engine.Add(w.t.Context(), m, []byte(m.ID)); err != nil {
			w.t.Log(err) // Plugins says so too
		}
	}
	return feature.New(feature.Config{
		Catalog: c, Engine: w.engine, Tenants: w.tenants, Jira: w.jira, BaseURL: "https://pergola.example",
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: func() time.Time { return w.clock },
		Documents: w.configs, NewID: services.NewConfigID, Write: w.store.Write,
	})
}

func (w *world) principal() auth.Principal { return auth.Principal{Tenant: w.tenant.ID, Account: user} }

func (w *world) stored() tenant.Module {
	w.t.Helper()
	m, err := w.choices.Get(w.t.Context(), w.tenant.ID, notes)
	check(w.t, err)
	return m
}

// choices are the real ones, with a moment before each write that a test can use.
type choices struct {
	*tenant.Modules
	beforePut func(context.Context) error
	afterPut  func() error
}

func (c *choices) Put(ctx context.Context, t capability.TenantID, m tenant.Module) (tenant.Module, error) {
	if c.beforePut != nil {
		if err := c.beforePut(ctx); err != nil {
			return tenant.Module{}, err
		}
	}
	out, err := c.Modules.Put(ctx, t, m)
	if err == nil && c.afterPut != nil {
		err = c.afterPut()
	}
	return out, err
}

// fakeJira is a site with the issues 10001 in project 10000 of type 1, and 20001 in project 20000 of type 2.
type fakeJira struct {
	admins []string

	mu     sync.Mutex
	told   []connect.Toggle
	keys   []string
	bulk   []int // how many issues each request of Issues named
	down   error
	hidden []string // issues that nobody may see
	gone   []string // issues that are not there
	asked  []string // which requests were asked for
	lists  error
	named  [][]string // the accounts that each request of Names asked about, behind the viewer
}

func (j *fakeJira) Issue(_ context.Context, _ tenant.Tenant, id string, _ []string) (*jira.Issue, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if slices.Contains(j.gone, id) {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "There is no such issue."}
	}
	return &jira.Issue{ID: id, Key: "OPS-" + id, ProjectID: id[:1] + "0000", IssueTypeID: id[:1]}, nil
}

func (j *fakeJira) Issues(_ context.Context, _ tenant.Tenant, ids, _ []string) ([]jira.Issue, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.bulk = append(j.bulk, len(ids))
	var out []jira.Issue
	for _, id := range ids {
		if !slices.Contains(j.gone, id) {
			out = append(out, jira.Issue{ID: id, Key: "OPS-" + id})
		}
	}
	return out, j.lists
}

func (j *fakeJira) Browse(_ context.Context, _ tenant.Tenant, _ string, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range ids {
		out[id] = !slices.Contains(j.hidden, id)
	}
	return out, nil
}

// Request knows the issues below 30000 whose number begins with a 2, by ids and by keys.
func (j *fakeJira) Request(_ context.Context, _ tenant.Tenant, idOrKey string) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.asked = append(j.asked, idOrKey)
	id := strings.TrimPrefix(idOrKey, "OPS-")
	if !strings.HasPrefix(id, "2") {
		return "", &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "There is no such request."}
	}
	return id, nil
}

func (j *fakeJira) Rights(_ context.Context, _ tenant.Tenant, account string, q jira.RightsQuery) (*jira.Rights, error) {
	out := &jira.Rights{}
	if slices.Contains(j.admins, account) || account == "" { // the app may do everything
		out.Rights = append(out.Rights, jira.Right{Permission: "ADMINISTER", Global: true})
	}
	if own := map[string]string{ops: "10000", hr: "20000"}[account]; slices.Contains(q.ProjectIDs, own) {
		out.Rights = append(out.Rights, jira.Right{Permission: "ADMINISTER_PROJECTS", ProjectIDs: []string{own}})
	}
	return out, j.down
}

func (j *fakeJira) ProjectWithTypes(_ context.Context, _ tenant.Tenant, id string) (site.Project, []site.IssueType, error) {
	if id != "10000" && id != "20000" {
		return site.Project{}, nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "There is no such project."}
	}
	return site.Project{ID: id, Key: "OPS", Name: "Operations"}, []site.IssueType{{ID: "1", Name: "Laptop"}, {ID: "2", Name: "Phone"}}, nil
}

func (j *fakeJira) IsAdmin(_ context.Context, _ tenant.Tenant, account string) (bool, error) {
	return slices.Contains(j.admins, account), j.down
}

func (j *fakeJira) SetAppProperty(ctx context.Context, _ tenant.Tenant, key string, value any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := errors.Join(ctx.Err(), j.down); err != nil {
		return err
	}
	toggle, ok := value.(connect.Toggle)
	if !ok {
		return errors.New("not a toggle")
	}
	j.keys, j.told = append(j.keys, key), append(j.told, toggle)
	return nil
}

func (j *fakeJira) Projects(context.Context, tenant.Tenant) ([]site.Project, error) {
	return []site.Project{{ID: "10000", Key: "OPS", Name: "Operations"}}, j.lists
}

func (j *fakeJira) IssueTypes(context.Context, tenant.Tenant) ([]site.IssueType, error) {
	return []site.IssueType{{ID: "1", Name: "Task"}}, nil
}

func (j *fakeJira) Categories(context.Context, tenant.Tenant) (*jira.CategoryList, error) {
	return &jira.CategoryList{Categories: []jira.Category{{ID: "7", Name: "Vehicles"}}}, nil
}

func (j *fakeJira) Filters(context.Context, tenant.Tenant) ([]site.Named, error) {
	return []site.Named{{ID: "10100", Name: "Old laptops"}}, nil
}

func (j *fakeJira) LinkTypes(context.Context, tenant.Tenant) ([]site.Named, error) {
	return []site.Named{{ID: "10000", Name: "Blocks"}}, nil
}

// Account knows Mia, and Ada who has left.
func (j *fakeJira) Account(_ context.Context, _ tenant.Tenant, id string) (site.Account, error) {
	for _, a := range accounts {
		if a.ID == id {
			return a, j.lists
		}
	}
	return site.Account{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "There is no such account."}
}

func (j *fakeJira) FindAccounts(_ context.Context, _ tenant.Tenant, query string) ([]site.Account, error) {
	var out []site.Account
	for _, a := range accounts {
		if strings.HasPrefix(strings.ToLower(a.Name), strings.ToLower(query)) {
			out = append(out, a)
		}
	}
	return out, j.lists
}

// Names knows what FindAccounts finds, and tells it to nobody but the user.
func (j *fakeJira) Names(_ context.Context, _ tenant.Tenant, viewer string, ids []string) (map[string]string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.named = append(j.named, append([]string{viewer}, ids...))
	if viewer != user {
		return nil, sdk.Errorf(sdk.PermissionDenied, "not for %s", viewer)
	}
	out := map[string]string{}
	for _, id := range ids {
		out[id] = ""
		for _, a := range accounts {
			if a.ID == id {
				out[id] = a.Name
			}
		}
	}
	return out, j.lists
}

var accounts = []site.Account{
	{ID: "557058:mia", Name: "Mia", Kind: "atlassian", Active: true}, {ID: "557058:miles", Name: "Miles", Kind: "atlassian"},
	{ID: "557058:minion", Name: "Minion", Kind: "app", Active: true},
}

func (j *fakeJira) Fields(context.Context, tenant.Tenant) ([]site.Field, error) {
	return []site.Field{{ID: "summary", Name: "Summary"}}, nil
}

// last is what the site was told last.
func (j *fakeJira) last() connect.Toggle {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.told[len(j.told)-1]
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
