package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

// waking counts the calls of a plugin that listens to changes of one field in one project.
type waking struct {
	*rig
	choices *feature.Service
	calls   atomic.Int64
	heard   chan string
}

// PluginCall implements core.Observer.
func (w *waking) PluginCall(context.Context, core.Observation) { w.calls.Add(1) }

const wakes = `{"manifestVersion":1,"id":"test.ears","name":"Ears","version":"1.0.0","publisher":{"name":"A"},"description":"d","compat":{"abi":1},
	"runtime":{"kind":"wasm","entry":"b.wasm"},
	"settings":{"type":"object","properties":{
		"projects":{"type":"array","title":"Projects","items":{"type":"string"},"x-jira":"project"},"field":{"type":"string","title":"Field","x-jira":"field"}}},
	"events":[
		{"event":"issue.created","handler":"ears","reason":"Look at what is new","only":{"projects":["settings.projects"],"fields":["settings.field"]}},
		{"event":"issue.updated","handler":"ears","reason":"Look at what changes","only":{"projects":["settings.projects"],"fields":["settings.field"]}},
		{"event":"issue.deleted","handler":"ears","reason":"Forget what is gone","only":{"projects":["settings.projects"]}}]}`

func newWaking(t *testing.T) *waking {
	t.Helper()
	w := &waking{rig: &rig{TB: t, dir: t.TempDir(), log: &logged{}}, heard: make(chan string, 100)}
	m, err := manifest.Parse("plugin.json", []byte(wakes))
	w.must(err)
	code := &sdk.Plugin{ID: string(ears), Version: "1.0.0", Events: map[string]sdk.EventHandler{"ears": event.Handler(func(_ context.Context, e *event.Event) error {
		w.heard <- e.Kind + " " + e.IssueID
		return nil
	})}}
	engine, err := core.New(core.Config{Observer: w, Drivers: map[string]driver.Driver{"wasm": inproc.New(slog.New(slog.DiscardHandler), code)}})
	w.must(err)
	t.Cleanup(func() { _ = engine.Close(context.Background()) })
	db, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	w.must(err)
	t.Cleanup(func() { _ = db.Close() })
	catalog, err := feature.NewCatalog(tenant.NewModules(db, w.clock), []string{"*"}, m)
	w.must(err)
	w.must(engine.Add(t.Context(), m, []byte(ears)))
	w.choices = feature.New(feature.Config{
		Catalog: catalog, Engine: engine, Tenants: w, Documents: tenant.NewConfigs(db, w.clock), Jira: quiet{}, Log: slog.New(slog.DiscardHandler), Now: w.clock,
	})
	w.on = []capability.PluginID{ears}
	w.start(w.choices)
	w.work()
	return w
}

// quiet is a site that takes what it is told.
type quiet struct{ feature.Jira }

func (quiet) SetAppProperty(context.Context, tenant.Tenant, string, any) error { return nil }

func (w *waking) choose(settings map[string][]string) {
	w.Helper()
	t, err := w.ByID(w.Context(), acme)
	w.must(err)
	if _, problems, err := w.choices.SaveSettings(w.Context(), t, mia, ears, settings); err != nil || len(problems) > 0 {
		w.Fatal(err, problems)
	}
}

// A plugin that is told of nothing is not called, no run of it is made, and nothing is kept of the event.
func TestAnEventThatNobodyWantsToHearWakesNoPlugin(t *testing.T) {
	w := newWaking(t)
	at := noon
	send := func(kind, issue, project, items string) {
		t.Helper()
		at = at.Add(time.Minute)
		body, err := json.Marshal(map[string]any{
			"timestamp": at.UnixMilli(), "user": map[string]any{"accountId": mia},
			"issue":     map[string]any{"id": issue, "fields": map[string]any{"project": map[string]any{"id": project}, "issuetype": map[string]any{"id": "10001"}}},
			"changelog": map[string]any{"id": issue + "7", "items": json.RawMessage(items)},
		})
		w.must(err)
		w.take(kind, issue, at, string(body))
	}
	const labels, summary = `[{"fieldId":"labels"},{"field":"Link"}]`, `[{"fieldId":"summary"},{"field":"Link"}]`

	send(event.IssueCreated, "10001", "10000", `[]`) // nobody chose a field yet
	send(event.IssueUpdated, "10002", "10000", labels)
	w.choose(map[string][]string{"projects": {"10000"}, "field": {"labels"}})
	send(event.IssueUpdated, "10003", "10000", summary)
	send(event.IssueUpdated, "10004", "10001", labels)
	send(event.IssueCreated, "10005", "10001", `[]`)
	send(event.IssueDeleted, "10006", "10001", `[]`)
	send(event.IssueUpdated, "10007", "10001", `[{"fieldId":"project","from":"10002"},{"fieldId":"labels"}]`)
	send(event.LinkCreated, "10008", "10000", `[]`)
	runs, err := w.jobs.Runs(t.Context(), acme, jobs.Query{Kind: events.Kind})
	w.must(err)
	if n := w.calls.Load(); n != 0 || len(runs) != 0 {
		t.Errorf("%d calls, %d runs", n, len(runs))
	}

	want := []string{"issue.created 10011", "issue.updated 10012", "issue.updated 10013", "issue.deleted 10014"}
	send(event.IssueCreated, "10011", "10000", `[]`)
	send(event.IssueUpdated, "10012", "10000", labels)
	send(event.IssueUpdated, "10013", "10001", `[{"fieldId":"labels"},{"fieldId":"project","from":"10000"}]`) // it was in the project
	send(event.IssueDeleted, "10014", "10000", `[]`)
	got := map[string]bool{}
	for range want {
		select {
		case e := <-w.heard:
			got[e] = true
		case <-time.After(30 * time.Second):
			t.Fatalf("only %v", got)
		}
	}
	if diff := cmp.Diff(map[string]bool{want[0]: true, want[1]: true, want[2]: true, want[3]: true}, got); diff != "" {
		t.Errorf("what is heard (-want +got):\n%s", diff)
	}
	w.until("the calls are counted", func() bool { return w.calls.Load() == int64(len(want)) })
}

var _ core.Observer = (*waking)(nil)

// filters are what the site's webhooks tell of, without their addresses and times.
func (h *hooked) filters() (out []string) {
	h.Helper()
	for _, w := range h.registered() {
		out = append(out, fmt.Sprintf("%s where %q, fields %s", strings.Join(w.Events, " "), w.JQL, strings.Join(w.Fields, " ")))
	}
	slices.Sort(out)
	return out
}

func TestASiteTellsOfNothingThatNobodyWantsToHear(t *testing.T) {
	h := newHooked(t)
	all, ops, labels := feature.Some{All: true}, feature.Some{IDs: []string{"10000"}}, feature.Some{IDs: []string{"labels"}}
	hear := func(created, updated, deleted feature.Interest, want ...string) {
		t.Helper()
		h.mu.Lock()
		h.wants = func(kind string) feature.Interest {
			return map[string]feature.Interest{event.IssueCreated: created, event.IssueUpdated: updated, event.IssueDeleted: deleted}[kind]
		}
		h.mu.Unlock()
		h.look()
		if diff := cmp.Diff(want, h.filters()); diff != "" {
			t.Errorf("webhooks (-want +got):\n%s", diff)
		}
	}
	nothing := feature.Interest{Projects: all, IssueTypes: all}
	hear(nothing, feature.Interest{Projects: ops, IssueTypes: all, Fields: labels}, nothing,
		`jira:issue_updated where "", fields issuetype project`,
		`jira:issue_updated where "project in (10000)", fields labels`)
	h.change("Nobody hears this")
	h.do(http.MethodPut, "/rest/api/3/issue/OPS-1", map[string]any{"fields": map[string]any{"labels": []string{"new"}}}, nil)
	if e := h.next(); !e.Changes("labels") {
		t.Errorf("told of %+v", e)
	}
	var log struct{ Attempts []struct{ Event string } }
	h.do(http.MethodGet, "/sandbox/webhooks/log", nil, &log)
	n := 0
	for _, a := range log.Attempts {
		if a.Event == "jira:issue_updated" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the site told of %d changes", n)
	}

	hear(feature.Interest{Projects: ops, IssueTypes: ops, Fields: labels}, feature.Interest{Projects: ops, IssueTypes: ops, Fields: all}, feature.Interest{Projects: ops, IssueTypes: all, Fields: all},
		`jira:issue_created jira:issue_updated where "project in (10000) AND issuetype in (10000)", fields `,
		`jira:issue_deleted where "", fields `,
		`jira:issue_updated where "", fields issuetype project`)
	hear(everything, feature.Interest{Projects: all, IssueTypes: all, Fields: feature.Some{IDs: []string{"kind.custom", "summary"}}}, nothing,
		`jira:issue_created jira:issue_updated where "", fields `)
	many := feature.Some{}
	for i := range 101 {
		many.IDs = append(many.IDs, strconv.Itoa(20000+i))
	}
	hear(feature.Interest{Projects: many, IssueTypes: all, Fields: all}, nothing, nothing, `jira:issue_created where "", fields `)
	hear(feature.Interest{Projects: feature.Some{IDs: []string{"1) OR (1"}}, IssueTypes: all, Fields: all}, nothing, nothing, `jira:issue_created where "", fields `)
	hear(nothing, nothing, nothing)
}

// A filter is for all plugins, so that each hears at least what it wants.
func TestOnePluginWithoutAFilterHasTheSiteTellOfEverything(t *testing.T) {
	h := newHooked(t)
	h.turn(ears, others)
	first := true
	h.wants = func(string) feature.Interest {
		defer func() { first = !first }()
		if first {
			return feature.Interest{Projects: feature.Some{IDs: []string{"10001"}}, IssueTypes: everything.IssueTypes, Fields: feature.Some{IDs: []string{"labels"}}}
		}
		return feature.Interest{Projects: everything.Projects, IssueTypes: everything.IssueTypes, Fields: feature.Some{IDs: []string{"summary"}}}
	}
	h.look()
	if diff := cmp.Diff([]string{`jira:issue_created jira:issue_deleted where "", fields `, `jira:issue_updated where "", fields labels summary`}, h.filters()); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
}

// picky is a site that takes no filter.
type picky struct{ *jira.Client }

func (p picky) RegisterWebhooks(ctx context.Context, t tenant.Tenant, address string, list []jira.Webhook) ([]int64, error) {
	if slices.ContainsFunc(list, func(w jira.Webhook) bool { return w.JQL != "" }) {
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "Jira does not take a webhook of the app."}
	}
	return p.Client.RegisterWebhooks(ctx, t, address, list)
}

func TestASiteThatRefusesAFilterTellsOfEverything(t *testing.T) {
	h := newHookedOn(t, func(c *jira.Client) events.HookSite { return picky{c} })
	h.wants = func(string) feature.Interest {
		return feature.Interest{Projects: feature.Some{IDs: []string{"10000"}}, IssueTypes: everything.IssueTypes, Fields: everything.Fields}
	}
	want := []string{`jira:issue_created jira:issue_updated jira:issue_deleted where "", fields `}
	h.look()
	if diff := cmp.Diff(want, h.filters()); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	if !strings.Contains(h.log.String(), "does not take the filters") {
		t.Error("the log does not say it")
	}
	before := h.registered()
	h.look()
	if after := h.registered(); len(after) != 1 || after[0].ID != before[0].ID {
		t.Errorf("it is tried again and again: %+v", after)
	}
}
