package events_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/sdk/event"
)

const person = "mia@pergola.example"

// Each kind of event is what the site's own webhook of it says, asked for by our own descriptor.
func TestWebhooksOfASiteBecomeEvents(t *testing.T) {
	r, site := newRig(t), sandboxtest.Start(t)
	r.work()
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet {
			m := &manifest.Manifest{ID: "test.ears", Name: "Ears", Version: "1.0.0"}
			for _, kind := range event.Kinds() {
				m.Events = append(m.Events, manifest.Event{Event: kind})
			}
			text, err := connect.Descriptor(connect.Config{AppKey: "pergola", Name: "Pergola", BaseURL: srv.URL}, []*manifest.Manifest{m})
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(text)
			return
		}
		if kind, is := strings.CutPrefix(q.URL.Path, connect.EventPath); is {
			body, err := io.ReadAll(q.Body)
			if err != nil {
				t.Error(err)
			}
			if err := r.Take(q.Context(), acme, kind, q.Header.Get("X-Atlassian-Webhook-Identifier"), noon, body); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(srv.Close)
	site.Install(srv.URL + "/atlassian-connect.json")

	do := func(method, path string, in, out any) {
		t.Helper()
		status, body := site.Do(person, method, path, in)
		if status/100 != 2 {
			t.Fatalf("%s %s: %d %s", method, path, status, body)
		}
		if out != nil {
			r.must(json.Unmarshal(body, out))
		}
	}
	is := func(want event.Event) event.Event {
		t.Helper()
		got := r.next()
		want.Name, want.At = "acme test.ears", noon.UnixMilli()
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(event.Event{}, "ID", "LinkID", "LinkTypeID")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Kind, diff)
		}
		return got
	}
	var me struct{ AccountID string }
	do(http.MethodGet, "/rest/api/3/myself", nil, &me)
	var made, other struct{ ID string }
	do(http.MethodPost, "/rest/api/3/issue", map[string]any{"fields": map[string]any{
		"project": map[string]string{"id": "10000"}, "issuetype": map[string]string{"id": "10001"}, "summary": "One",
	}}, &made)
	of := event.Event{IssueID: made.ID, ProjectID: "10000", IssueTypeID: "10001", Account: me.AccountID}
	as := func(kind string, changed ...string) event.Event {
		e := of
		e.Kind, e.Changed = kind, changed
		return e
	}
	is(as(event.IssueCreated))
	do(http.MethodPut, "/rest/api/3/issue/"+made.ID, map[string]any{"fields": map[string]any{"summary": "Two"}}, nil)
	is(as(event.IssueUpdated, "summary"))

	do(http.MethodGet, "/rest/api/3/issue/OPS-1?fields=project", nil, &other)
	do(http.MethodPost, "/rest/api/3/issueLink", map[string]any{
		"type": map[string]string{"name": "Blocks"}, "outwardIssue": map[string]string{"id": made.ID}, "inwardIssue": map[string]string{"id": other.ID},
	}, nil)
	var link event.Event
	for link.Kind != event.LinkCreated { // the site tells of the issues too
		link = r.next()
	}
	if link.LinkID == "" || link.LinkTypeID == "" || link.Account != "" || link.IssueID != "" {
		t.Errorf("%+v", link)
	}
	ends := map[string]bool{link.FromID: true, link.ToID: true}
	if !ends[made.ID] || !ends[other.ID] {
		t.Errorf("the link joins %q and %q, not %q and %q", link.FromID, link.ToID, made.ID, other.ID)
	}
	do(http.MethodDelete, "/rest/api/3/issueLink/"+link.LinkID, nil, nil)
	var gone event.Event
	for gone.Kind != event.LinkDeleted {
		gone = r.next()
	}
	if gone.LinkID != link.LinkID || gone.FromID != link.FromID || gone.ToID != link.ToID {
		t.Errorf("the link %+v is gone as %+v", link, gone)
	}
	do(http.MethodDelete, "/rest/api/3/issue/"+made.ID, nil, nil)
	for gone.Kind != event.IssueDeleted {
		gone = r.next()
	}
	if diff := cmp.Diff(as(event.IssueDeleted), gone, cmpopts.IgnoreFields(event.Event{}, "ID", "Name", "At")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
