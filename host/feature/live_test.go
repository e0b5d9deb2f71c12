package feature_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	datasync "github.com/pergola-platform/pergola/sdk/sync"
	"github.com/pergola-platform/pergola/sdk/view"
)

// releases runs the notes plugin in any version: its code is the version, and each view shows it.
type releases struct {
	driver.Driver
	draw func(version string, r *sdk.Request) (*view.Page, error)

	mu    sync.Mutex
	heard []string
}

func (d *releases) Load(ctx context.Context, code []byte, l driver.Limits) (driver.Module, error) {
	version := string(code)
	show := sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) { return d.draw(version, r) })
	rows := &datasync.Source{Check: datasync.CheckFunc(func(context.Context, *datasync.Check) (*datasync.Health, error) {
		return &datasync.Health{About: version}, nil
	})}
	p := &sdk.Plugin{
		ID: string(notes), Version: version, Views: map[string]sdk.View{"show": show, viewOf(version): show},
		Synchronizers: map[string]sdk.Synchronizer{"rows": rows}, // where the manifest provides it
		Events: map[string]sdk.EventHandler{"gone": event.Handler(func(_ context.Context, e *event.Event) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.heard = append(d.heard, fmt.Sprintf("%s: %s %s of %s on %s", version, e.Name, e.IssueID, e.Context.Account, e.Context.SiteURL))
			return nil
		})},
		Jobs: map[string]sdk.JobHandler{"count": job.Handler(func(_ context.Context, s *job.Step) (*job.Result, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.heard = append(d.heard, fmt.Sprintf("%s: step of %s for %q on %s", version, s.Job, s.Context.Account, s.Context.SiteURL))
			return &job.Result{Finished: true}, nil
		})},
		Functions: map[string]sdk.Function{"noted": jqlfunc.Handler(func(_ context.Context, q *jqlfunc.Question) (jql.Clause, error) {
			return jql.Field("text").Eq(fmt.Sprintf("%s: %s %s %s for %s on %s", version, q.Function, q.Operator, strings.Join(q.Arguments, " "), q.Context.Account, q.Context.SiteURL)), nil
		})},
	}
	return inproc.New(slog.New(slog.DiscardHandler), p).Load(ctx, []byte(notes), l)
}

// viewOf is the view that only one version has.
func viewOf(version string) string { return "show-" + strings.ReplaceAll(version, ".", "-") }

// live is a world whose plugin comes in versions.
type live struct {
	*world
	*feature.Service
	engine *core.Engine
	code   *releases
}

// heard is what the plugin was told of.
func (l *live) heard() []string {
	l.code.mu.Lock()
	defer l.code.mu.Unlock()
	return slices.Clone(l.code.heard)
}

func goLive(t *testing.T, c core.Config) *live {
	t.Helper()
	w := newWorld(t)
	code := &releases{draw: func(version string, r *sdk.Request) (*view.Page, error) {
		if r.Params["do"] == "panic" {
			panic("as asked")
		}
		return &view.Page{Title: version}, nil
	}}
	c.Drivers = map[string]driver.Driver{"wasm": code}
	e, err := core.New(c)
	check(t, err)
	t.Cleanup(func() { check(t, e.Close(context.Background())) })
	catalog, err := feature.NewCatalog(w.choices, []string{"*"})
	check(t, err)
	return &live{w, feature.New(feature.Config{
		Catalog: catalog, Engine: e, Tenants: w.tenants, Jira: w.jira, BaseURL: "https://pergola.example",
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: func() time.Time { return now },
	}), e, code}
}

// add takes a version in, as a host does.
func (l *live) add(version string, changes map[string]any) {
	l.t.Helper()
	all := map[string]any{"version": version}
	for k, v := range changes {
		all[k] = v
	}
	m := parse(l.t, all)
	check(l.t, l.Catalog.Admit(m))
	check(l.t, l.engine.Add(l.t.Context(), m, []byte(version)))
}

func (l *live) site(name string) tenant.Tenant {
	l.t.Helper()
	got, err := l.tenants.Install(l.t.Context(), tenant.Installation{
		ClientKey: name, SharedSecret: seal.NewSecret("0123456789abcdef"), BaseURL: "https://" + name + ".atlassian.net",
	})
	check(l.t, err)
	return got
}

func (l *live) see(t capability.TenantID) string {
	drawn, err := l.View(l.t.Context(), auth.Principal{Tenant: t, Account: user}, feature.Place{Plugin: notes, Module: "open"}, nil)
	if err != nil {
		return err.Error()
	}
	return drawn.Page.Title
}

var moreRights = map[string]any{
	"permissions": []any{permission("jira:read"), permission("store")},
	"records":     []any{map[string]any{"type": "note", "purpose": "Count notes", "id": map[string]any{"kind": "jira.issue"}, "fields": map[string]any{"issue": map[string]any{"kind": "jira.issue"}}}},
}

// A tenant whose admin never chose anything is asked before a newer version gets more than the one before.
func TestNewPermissionsWaitForAnAdminOfTenantsThatNeverChose(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", nil)
	early := l.tenant
	check(t, l.Announce(t.Context(), early))
	l.add("1.1.0", moreRights)
	late := l.site("late")
	check(t, l.Announce(t.Context(), late))
	missing := func(t2 tenant.Tenant) []string {
		t.Helper()
		f, err := l.Get(t.Context(), t2.ID, notes)
		check(t, err)
		if !f.Choice.Enabled || f.Manifest.Version != "1.1.0" {
			t.Errorf("%s: enabled %v in version %s", t2.BaseURL, f.Choice.Enabled, f.Manifest.Version)
		}
		return f.Missing()
	}
	if diff := cmp.Diff([]string{"store"}, missing(early)); diff != "" {
		t.Errorf("a site from before (-want +got):\n%s", diff)
	}
	if got := missing(late); len(got) != 0 {
		t.Errorf("a site that installed with the newer version misses %v", got)
	}
	if got := l.see(early.ID); got != "1.1.0" {
		t.Errorf("without the grant the plugin shows %q, want it to run", got)
	}
	if m := l.stored(); m.Rev != 0 {
		t.Errorf("remembering counts as a choice: %+v", m)
	}
	check(t, l.Switch(t.Context(), early, admin, notes, true, "1.1.0"))
	if got := missing(early); len(got) != 0 {
		t.Errorf("after the grant %v are missing", got)
	}
}

// What was met before the host announced anything counts too: the first request remembers.
func TestFirstMeetingIsRemembered(t *testing.T) {
	for name, meet := range map[string]func(l *live) error{
		"a page": func(l *live) error { l.see(l.tenant.ID); return nil },
		"the admin's list": func(l *live) error {
			_, err := l.List(l.t.Context(), l.tenant.ID)
			return err
		},
		"before an upgrade": func(l *live) error { return l.Remember(l.t.Context(), l.tenant.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			l := goLive(t, core.Config{})
			l.add("1.0.0", nil)
			check(t, meet(l))
			l.add("1.1.0", moreRights)
			f, err := l.Get(t.Context(), l.tenant.ID, notes)
			if diff := cmp.Diff([]string{"store"}, f.Missing()); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestNobodyConsentsToAVersionTheyHaveNotSeen(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", nil)
	l.add("1.1.0", moreRights)
	if err := l.Switch(t.Context(), l.tenant, admin, notes, true, "1.0.0"); sdk.CodeOf(err) != sdk.Exists {
		t.Errorf("got %v", err)
	}
	if got := l.stored(); got.Rev != 0 {
		t.Errorf("stored %+v", got)
	}
	check(t, l.Switch(t.Context(), l.tenant, admin, notes, false, "1.0.0")) // less is always allowed
}

// Each tenant meets one version whole: its manifest, its settings, its code.
func TestTrialIsOneVersionForEachTenant(t *testing.T) {
	l := goLive(t, core.Config{Rollout: core.Rollout{Share: 50, Calls: 1000}})
	l.add("1.0.0", nil)
	tenants := []tenant.Tenant{l.tenant, l.site("two"), l.site("three"), l.site("four")}
	l.add("1.1.0", map[string]any{"name": "Notes, anew", "modules": []any{
		map[string]any{"type": "generalPage", "key": "open", "name": "Open", "view": viewOf("1.1.0"), "hidden": true, "link": "q"},
	}})
	count := map[string]int{}
	for _, at := range tenants {
		f, err := l.Get(t.Context(), at.ID, notes)
		check(t, err)
		saw := l.see(at.ID)
		if saw != f.Manifest.Version || f.Status.Trial == nil || f.Status.Manifest.Version != "1.0.0" {
			t.Errorf("%s sees %s and its card shows %s", at.BaseURL, saw, f.Manifest.Version)
		}
		count[saw]++
	}
	if diff := cmp.Diff(map[string]int{"1.0.0": 2, "1.1.0": 2}, count); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := l.Manifests(); len(got) != 1 || got[0].Version != "1.0.0" {
		t.Errorf("the descriptor would be made of %+v", got)
	}
	if !l.engine.Promote(notes) {
		t.Fatal("there is no trial")
	}
	l.Catalog.Keep(l.engine.Alive())
	for _, at := range tenants {
		if saw := l.see(at.ID); saw != "1.1.0" {
			t.Errorf("after the trial %s sees %s", at.BaseURL, saw)
		}
	}
	if got := l.Manifests(); len(got) != 1 || got[0].Name != "Notes, anew" {
		t.Errorf("after the trial the descriptor would be made of %+v", got)
	}
}

func TestPluginThatWasTakenOutIsHiddenInJira(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", nil)
	check(t, l.Announce(t.Context(), l.tenant))
	check(t, l.Withdraw(t.Context(), l.tenant, notes)) // it is there, so nothing is withdrawn
	if diff := cmp.Diff([]connect.Toggle{on}, l.jira.told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.engine.Remove(notes)
	l.Catalog.Remove(notes)
	if l.Catalog.Version(notes, "1.0.0") == nil {
		t.Error("a call that still runs would find no settings")
	}
	check(t, l.Withdraw(t.Context(), l.tenant, notes))
	check(t, l.Announce(t.Context(), l.tenant)) // there is nothing to announce
	if diff := cmp.Diff([]connect.Toggle{on, off}, l.jira.told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all, err := l.List(t.Context(), l.tenant.ID); err != nil || len(all) != 0 || l.Catalog.Manifest(notes) != nil {
		t.Errorf("it is still listed: %+v, %v", all, err)
	}
	if _, ok := l.ShortLink(t.Context(), l.tenant, "pergola", "q", "x"); ok || l.HasShortLinks("q") {
		t.Error("its short links still lead somewhere")
	}
}

func TestQuarantineIsShownToItsTenantAndEndsWithAGoodCall(t *testing.T) {
	l := goLive(t, core.Config{Breaking: core.Breaking{Stops: 2, Pause: time.Hour}})
	l.add("1.0.0", nil)
	other := l.site("two")
	for range 2 {
		_, err := l.View(t.Context(), l.principal(), feature.Place{Plugin: notes, Module: "open"}, map[string]string{"do": "panic"})
		if sdk.CodeOf(err) != sdk.Internal {
			t.Errorf("a panic answers %v", err)
		}
	}
	get := func(at capability.TenantID) feature.Feature {
		t.Helper()
		f, err := l.Get(t.Context(), at, notes)
		check(t, err)
		return f
	}
	if q := get(l.tenant.ID).Quarantine; q == nil || q.Version != "1.0.0" || q.Times != 1 {
		t.Errorf("quarantine %+v", q)
	}
	if q := get(other.ID).Quarantine; q != nil {
		t.Errorf("another tenant's card shows %+v", q)
	}
	if diff := cmp.Diff(map[capability.PluginID]int{notes: 1}, l.engine.Quarantined()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if l.Retry(t.Context(), other.ID, notes) || !l.Retry(t.Context(), l.tenant.ID, notes) {
		t.Error("Retry does not tell whose plugin is in quarantine")
	}
	if saw := l.see(l.tenant.ID); saw != "1.0.0" {
		t.Errorf("the next call answers %q", saw)
	}
	if f := get(l.tenant.ID); f.Quarantine != nil || f.Facts.Metering == "" || len(f.Bounds) == 0 {
		t.Errorf("after a good call: %+v", f)
	}
}

// While versions come and go, every request meets one of them whole, whatever the catalog and the engine do in between.
func TestNoRequestSeesAHalfChangedCatalog(t *testing.T) {
	l := goLive(t, core.Config{Policy: core.Policy{Wait: time.Minute, Request: core.ClassPolicy{Concurrency: 16}}})
	release := func(i int) {
		version := fmt.Sprintf("1.%d.0", i)
		l.add(version, map[string]any{ // each version has a view of its own, which no other has
			"name": "Notes " + version,
			"modules": []any{
				map[string]any{"type": "generalPage", "key": "open", "name": "Open", "view": viewOf(version), "hidden": true, "link": "q"},
			},
		})
	}
	release(0)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				drawn, err := l.View(t.Context(), l.principal(), feature.Place{Plugin: notes, Module: "open"}, nil)
				if err != nil || drawn.Module.View != viewOf(drawn.Page.Title) {
					t.Errorf("%s drew %+v: %v", drawn.Module.View, drawn.Page, err)
					return
				}
				f, err := l.Get(t.Context(), l.tenant.ID, notes)
				if err != nil || f.Manifest.Name != "Notes "+f.Manifest.Version {
					t.Errorf("the card shows %+v: %v", f.Manifest, err)
					return
				}
				if _, err := l.Catalog.Settings(t.Context(), &capability.Binding{Tenant: l.tenant.ID, Plugin: notes, Version: f.Manifest.Version}); err != nil && !errors.Is(err, context.Canceled) && l.Catalog.Version(notes, f.Manifest.Version) != nil {
					t.Errorf("settings of a version that is known: %v", err)
					return
				}
				if _, ok := l.ShortLink(t.Context(), l.tenant, "pergola", "q", "x"); !ok {
					t.Error("a printed link led nowhere")
					return
				}
			}
		})
	}
	for i := 1; i < 30; i++ {
		release(i)
		l.Catalog.Keep(l.engine.Alive())
	}
	close(stop)
	wg.Wait()
}

func TestVersionsThatNobodyRunsAreForgotten(t *testing.T) {
	w := newWorld(t)
	one, two := parse(t, nil), parse(t, map[string]any{"version": "2.0.0"})
	other := parse(t, map[string]any{"id": "acme.other"})
	c, err := feature.NewCatalog(w.choices, nil, one)
	check(t, err)
	check(t, c.Admit(two))
	if err := c.Admit(other); err == nil {
		t.Error("another plugin took the short links of an older version that still serves")
	}
	if c.Version(notes, "1.0.0") != one || c.Version(notes, "2.0.0") != two || c.Manifest(notes) != two {
		t.Error("both versions should be known, the newer as the newest")
	}
	c.Keep([]*manifest.Manifest{one}) // the newer one was taken back
	if c.Version(notes, "2.0.0") != nil || c.Manifest(notes) != one {
		t.Error("the version that was taken back is still known")
	}
	c.Keep(nil)
	if c.Manifest(notes) != nil || len(c.Manifests()) != 0 {
		t.Error("a plugin that is gone is still known")
	}
	check(t, c.Admit(other))
}
