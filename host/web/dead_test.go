package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/web"
	"github.com/pergola-platform/pergola/sdk"
	sdkevent "github.com/pergola-platform/pergola/sdk/event"
)

// deaf is a plugin that can be told of nothing, until it hears.
type deaf struct {
	mu    sync.Mutex
	hears bool
	heard []string
}

func (d *deaf) ByID(_ context.Context, id capability.TenantID) (tenant.Tenant, error) {
	return tenant.Tenant{ID: id, State: tenant.Active}, nil
}
func (d *deaf) Self(context.Context, tenant.Tenant) (string, error) { return "app", nil }
func (d *deaf) Listeners(context.Context, capability.TenantID, string) ([]feature.Listener, error) {
	all := feature.Some{All: true}
	return []feature.Listener{{Plugin: plugin, Wants: feature.Interest{Projects: all, IssueTypes: all, Fields: all}}}, nil
}

func (d *deaf) Tell(_ context.Context, _ tenant.Tenant, _ capability.PluginID, e sdkevent.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.hears {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "a plugin's own words"}
	}
	d.heard = append(d.heard, e.IssueID)
	return nil
}

// listening starts a host that takes events on a queue of its own.
func listening(t *testing.T, d *deaf) (*host, *events.Service, *jobs.Jobs) {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlitestore.Open(t.Context(), filepath.Join(dir, "store"), sqlitestore.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	types, err := privacy.NewTypes(nil, slices.Concat(jobs.Types(), seal.Types(), events.Types())...)
	check(t, err)
	gate, log := privacy.NewGate(db, types), slog.New(slog.DiscardHandler)
	queue, err := jobs.Open(t.Context(), jobs.Config{Store: gate, Keys: sealtest.Keeper(t, gate), Log: log, Dir: filepath.Join(dir, "queue"), Lease: time.Second})
	check(t, err)
	t.Cleanup(func() { _ = queue.Close(context.Background()) })
	taken, err := events.New(events.Config{Tenants: d, Features: d, Site: d, Jobs: queue, Store: gate, Log: log, Now: time.Now})
	check(t, err)
	check(t, queue.Work())
	return start(t, func(c *web.Config) { c.Events = taken }), taken, queue
}

// until waits for what happens beside the test.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); !is(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("in vain: " + what)
		}
	}
}

func TestUndeliveredEventsAreSeenToldAgainAndDiscarded(t *testing.T) {
	d := &deaf{}
	h, taken, queue := listening(t, d)
	empty := h.call("/api/changes/view/undelivered", admin, "", `{}`)
	if !strings.Contains(empty.body, "There is none") || strings.Contains(empty.body, "Discard all") {
		t.Errorf("with nothing to show: %d %s", empty.status, empty.body)
	}
	if page := h.page("/connect/changes", admin); strings.Contains(page.body, "could not be told") {
		t.Error("the page warns of nothing")
	}
	for n := range 4 {
		check(t, taken.Take(t.Context(), h.tenant.ID, sdkevent.IssueDeleted, "w", time.Now(), fmt.Appendf(nil, `{"issue":{"id":%d}}`, 77001+n)))
	}
	dead := func() []jobs.Run {
		all, err := taken.Dead(t.Context(), h.tenant.ID, "", 0)
		check(t, err)
		return all
	}
	until(t, "all are given up", func() bool { return len(dead()) == 4 })
	if page := h.page("/connect/changes", admin); !strings.Contains(page.body, "could not be told") {
		t.Error("the page does not warn")
	}
	list := h.call("/api/changes/view/undelivered", admin, "", `{}`)
	for _, words := range []string{"Notes", "An issue was deleted", "The feature refused it.", string(dead()[0].ID), "77001", "77004"} {
		if !strings.Contains(list.body, words) {
			t.Errorf("the list does not say %q: %s", words, list.body)
		}
	}
	if strings.Contains(list.body, "own words") {
		t.Error("the list says what the plugin said")
	}

	// What is refused does nothing and is not noted.
	for _, refused := range []struct {
		account, target, body string
		want                  int
	}{
		{user, "/view/undelivered", `{}`, http.StatusForbidden},
		{user, "/action/replay", `{"params":{"all":"true"}}`, http.StatusForbidden},
		{user, "/action/discard", `{"params":{"all":"true"}}`, http.StatusForbidden},
		{admin, "/action/replay", `{}`, http.StatusBadRequest},
		{admin, "/action/discard", `{"params":{"run":"00000000000000000000000000"}}`, http.StatusNotFound},
		{admin, "/action/discard", `{"params":{"run":"../x"}}`, http.StatusNotFound},
	} {
		if a := h.call("/api/changes"+refused.target, refused.account, "", refused.body); a.status != refused.want {
			t.Errorf("%+v: %d %s", refused, a.status, a.body)
		}
	}

	first := string(dead()[0].ID)
	if a := h.call("/api/changes/action/discard", admin, "", `{"params":{"run":"`+first+`"}}`); a.status != http.StatusOK || strings.Contains(a.body, first) {
		t.Errorf("discard: %d %s", a.status, a.body)
	}
	d.mu.Lock()
	d.hears = true
	d.mu.Unlock()
	second := string(dead()[0].ID)
	if a := h.call("/api/changes/action/replay", admin, "", `{"params":{"run":"`+second+`"}}`); a.status != http.StatusOK {
		t.Errorf("replay: %d %s", a.status, a.body)
	}
	if a := h.call("/api/changes/action/replay", admin, "", `{"params":{"all":"true"}}`); a.status != http.StatusOK || !strings.Contains(a.body, "comes back to this list") {
		t.Errorf("replay all: %d %s", a.status, a.body)
	}
	until(t, "three are told", func() bool {
		done, err := queue.Runs(t.Context(), h.tenant.ID, jobs.Query{State: jobs.Done, Kind: events.Kind})
		check(t, err)
		return len(done) == 3
	})
	if len(d.heard) != 3 || len(dead()) != 0 {
		t.Errorf("heard %q, %d are dead", d.heard, len(dead()))
	}
	if a := h.call("/api/changes/action/discard", admin, "", `{"params":{"run":"`+second+`"}}`); a.status == http.StatusOK {
		t.Error("an event that was told is discarded")
	}
	by := `by "` + admin + `"`
	want := []string{"connect: event.discarded  " + by, "connect: event.replayed  " + by, "connect: events.replayed  " + by}
	if diff := cmp.Diff(want, h.changes()); diff != "" {
		t.Errorf("noted (-want +got):\n%s", diff)
	}
	if page := h.page("/connect/changes", admin); !regexp.MustCompile("Discarded an event(?s:.*)" + first).MatchString(page.body) {
		t.Error("the page does not say which event was discarded")
	}
}
