package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/event"
)

// hooked is a rig that a site calls, and that looks after its webhooks.
type hooked struct {
	*rig
	*events.Hooks
	sandbox *sandboxtest.Site
	client  *jira.Client
	down    atomic.Bool // no webhook is taken
	looks   int
}

func newHooked(t *testing.T) *hooked {
	t.Helper()
	return newHookedOn(t, func(c *jira.Client) events.HookSite { return c })
}

func newHookedOn(t *testing.T, site func(*jira.Client) events.HookSite) *hooked {
	t.Helper()
	r := newRig(t)
	h := &hooked{rig: r, sandbox: sandboxtest.Start(t, func(c *sandbox.Config) {
		c.Clock, c.Backoff = r.clock, func(int) time.Duration { return time.Millisecond }
	})}
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		kind, is := strings.CutPrefix(q.URL.Path, connect.EventPath)
		switch {
		case q.Method == http.MethodGet:
			m := &manifest.Manifest{ID: ears, Name: "Ears", Version: "1.0.0", Permissions: []manifest.Permission{{Name: manifest.JiraWrite}}}
			for _, kind := range event.Kinds() {
				m.Events = append(m.Events, manifest.Event{Event: kind})
			}
			text, err := connect.Descriptor(connect.Config{AppKey: "pergola", Name: "Pergola", BaseURL: srv.URL, Registered: true}, []*manifest.Manifest{m})
			if err != nil {
				t.Error(err)
			}
			if strings.Contains(string(text), "jira:issue_") || !strings.Contains(string(text), "issuelink_created") {
				t.Errorf("the descriptor's webhooks: %s", text)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(text)
			return
		case q.URL.Path == "/connect/installed":
			var in struct{ ClientKey, SharedSecret, BaseURL string }
			if err := json.Unmarshal(body, &in); err != nil {
				t.Error(err)
			}
			r.site = &tenant.Tenant{ID: acme, State: tenant.Active, ClientKey: in.ClientKey, SharedSecret: seal.NewSecret(in.SharedSecret), BaseURL: in.BaseURL}
		case is && h.down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case is:
			if kind == connect.Registered {
				kind, is = connect.EventOf(body)
			}
			if err := r.Take(q.Context(), acme, kind, q.Header.Get("X-Atlassian-Webhook-Identifier"), events.Happened(body, r.clock()), body); err != nil || !is {
				t.Errorf("%s: %v", kind, err)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(srv.Close)
	var err error
	h.client, err = jira.New(jira.Config{AppKey: "pergola", Clock: r.clock})
	r.must(err)
	r.self = h.client.Self
	h.Hooks, err = events.NewHooks(events.HooksConfig{
		Events: r.Service, Site: site(h.client), BaseURL: srv.URL, Register: true,
		Projects: func(context.Context, capability.TenantID, string, time.Time) error { return nil },
	})
	r.must(err)
	r.work()
	h.sandbox.Install(srv.URL + "/atlassian-connect.json")
	return h
}

// look has the host look after the webhooks once, and waits until it has.
func (h *hooked) look() {
	h.Helper()
	h.looks++
	h.must(h.Look(h.Context(), acme, fmt.Sprint("look ", h.looks), noon))
	h.until("the webhooks are looked after", func() bool {
		all, err := h.jobs.Runs(h.Context(), acme, jobs.Query{Kind: events.HooksKind, State: jobs.Done})
		h.must(err)
		return len(all) == h.looks
	})
}

type siteHook struct {
	ID      int64
	URL     string
	Events  []string
	JQL     string   `json:"jqlFilter"`
	Fields  []string `json:"fieldIdsFilter"`
	Expires time.Time
}

// registered are the webhooks that the site knows and that have not ended.
func (h *hooked) registered() (out []siteHook) {
	h.Helper()
	var got struct{ Webhooks []siteHook }
	h.do(http.MethodGet, "/sandbox/webhooks", nil, &got)
	for _, one := range got.Webhooks {
		if one.ID > 0 && h.clock().Before(one.Expires) {
			out = append(out, one)
		}
	}
	return out
}

func (h *hooked) do(method, path string, in, out any) {
	h.Helper()
	status, body := h.sandbox.Do(person, method, path, in)
	if status/100 != 2 {
		h.Fatalf("%s %s: %d %s", method, path, status, body)
	}
	if out != nil {
		h.must(json.Unmarshal(body, out))
	}
}

// change has somebody change an issue.
func (h *hooked) change(summary string) {
	h.Helper()
	h.do(http.MethodPut, "/rest/api/3/issue/OPS-1", map[string]any{"fields": map[string]any{"summary": summary}}, nil)
}

// A site tells of its issues where something listens, for as long as something does.
func TestWebhooksAreRegisteredRefreshedAndRemoved(t *testing.T) {
	h := newHooked(t)
	if n := len(h.registered()); n != 0 {
		t.Fatalf("%d webhooks at the beginning", n)
	}
	h.look()
	first := h.registered()
	if len(first) != 1 || !strings.HasSuffix(first[0].URL, "/connect/event/registered") {
		t.Fatalf("registered %+v", first)
	}
	if diff := cmp.Diff([]string{"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"}, first[0].Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	h.change("One")
	if e := h.next(); e.Kind != event.IssueUpdated || !e.Changes("summary") {
		t.Errorf("told of %+v", e)
	}
	for _, tt := range []struct {
		after     time.Duration
		refreshed bool
	}{{19 * 24 * time.Hour, false}, {2 * 24 * time.Hour, true}, {2 * 24 * time.Hour, false}} {
		before := h.registered()[0]
		h.advance(tt.after)
		h.look()
		if now := h.registered(); len(now) != 1 || now[0].ID != before.ID || now[0].Expires.After(before.Expires) != tt.refreshed {
			t.Errorf("after %v more: %+v was %+v", tt.after, now, before)
		}
	}
	// The host was away for so long that the site has forgotten it.
	h.advance(40 * 24 * time.Hour)
	if len(h.registered()) != 0 {
		t.Fatal("the site does not forget webhooks")
	}
	h.look()
	second := h.registered()
	if len(second) != 1 || second[0].ID == first[0].ID {
		t.Fatalf("registered again: %+v", second)
	}
	// A host was killed after the site knew of its webhook, and before it had noted that.
	_, err := h.store.Write(t.Context(), store.Op{Doc: store.Doc{Key: store.Key{Tenant: acme, Collection: "event.hooks", ID: "registered"}}, Delete: true, IfRev: store.Any})
	h.must(err)
	h.look()
	if now := h.registered(); len(now) != 1 || now[0].ID == second[0].ID {
		t.Errorf("one too many, or none: %+v", now)
	}
	h.turn() // everything is switched off
	h.look()
	if now := h.registered(); len(now) != 0 {
		t.Errorf("nobody listens, and the site tells: %+v", now)
	}
	h.change("Two")
	h.turn(ears)
	h.look()
	h.change("Three")
	h.next()
	h.until("all is told", func() bool { return len(h.runs(jobs.Done)) == 2 })
	if len(h.told) > 0 {
		t.Error("what happened while nothing was on is told")
	}
}

// The host was not there while something happened, for longer than the site tried to tell.
func TestWhatTheSiteCouldNotDeliverIsTakenLater(t *testing.T) {
	h := newHooked(t)
	h.look()
	h.down.Store(true)
	h.change("One")
	failed := func() (n int) {
		var log struct {
			Attempts []struct{ Event, Outcome string }
		}
		h.do(http.MethodGet, "/sandbox/webhooks/log", nil, &log)
		for _, a := range log.Attempts {
			if a.Event == "jira:issue_updated" && a.Outcome == "failed" {
				n++
			}
		}
		return n
	}
	h.until("the site gives up", func() bool { return failed() == 1 })
	h.down.Store(false)
	if len(h.told) > 0 {
		t.Fatal("it was told already")
	}
	h.advance(time.Hour)
	h.look()
	if e := h.next(); e.Kind != event.IssueUpdated || !e.Changes("summary") || e.At != noon.UnixMilli() {
		t.Errorf("told of %+v", e)
	}
	h.look()
	h.change("Two")
	h.next()
	h.until("all is told", func() bool { return len(h.runs(jobs.Done)) == 2 })
	if len(h.told) > 0 || len(h.runs("")) != 2 {
		t.Errorf("%d more, %d runs", len(h.told), len(h.runs("")))
	}
}

// A plugin that writes on what it hears, and leaves out what the app itself did, hears of its own change once, and it ends there.
func TestWhatAPluginWritesOnAnEventComesBackAsItsOwn(t *testing.T) {
	h := newHooked(t)
	h.look()
	h.change("By somebody")
	heard := h.next()
	if heard.Own {
		t.Fatalf("what a person did is the app's own: %+v", heard)
	}
	h.must(h.client.Edit(t.Context(), *h.site, heard.IssueID, jira.Draft{Fields: map[string]any{"summary": "By the app"}}))
	if back := h.next(); !back.Own || back.IssueID != heard.IssueID || back.Account == "" || back.Account == heard.Account {
		t.Errorf("the app's own change comes back as %+v", back)
	}
	h.until("all is told", func() bool { return len(h.runs(jobs.Done)) == 2 })
	if len(h.told) > 0 || len(h.runs("")) != 2 {
		t.Errorf("%d more, %d runs", len(h.told), len(h.runs("")))
	}
}
