package personal_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/openapi/openapitest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
)

const appKey = "example.app"

// standIn is a stand-in site on a real port, by the host's clock.
type standIn struct {
	*testing.T
	url string
}

func (h *host) openSite() *standIn {
	h.Helper()
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	h.Cleanup(srv.Close)
	site, err := sandbox.Open(sandbox.Config{DataDir: h.TempDir(), BaseURL: srv.URL, Clock: h.clock.Now})
	h.must(err)
	h.Cleanup(func() { _ = site.Close() })
	handler = openapitest.Watch(h, site.Handler())
	return &standIn{h.T, srv.URL}
}

// control makes a call that only the stand-in has, and returns its answer.
func (s *standIn) control(method, path, body string, want int) []byte {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		s.Fatalf("%s %s: status %d, %v: %s", method, path, resp.StatusCode, err, raw)
	}
	return raw
}

// installOn installs the app on the stand-in, which tells it the secret.
func (h *host) installOn(site *standIn) (ours tenant.Tenant) {
	h.Helper()
	var app *httptest.Server
	app = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ ClientKey, SharedSecret, BaseURL string }
		var err error
		switch r.URL.Path {
		case "/atlassian-connect.json":
			err = json.NewEncoder(w).Encode(map[string]any{
				"key": appKey, "name": "Example app", "baseUrl": app.URL, "authentication": map[string]any{"type": "jwt"}, "scopes": []string{"READ"},
				"lifecycle": map[string]any{"installed": "/installed"}, "apiMigrations": map[string]any{"signed-install": true, "context-qsh": true},
			})
		case "/installed":
			if err = json.NewDecoder(r.Body).Decode(&in); err == nil {
				ours, err = h.tenants.Install(h.Context(), tenant.Installation{ClientKey: in.ClientKey, SharedSecret: seal.NewSecret(in.SharedSecret), BaseURL: in.BaseURL})
			}
		default:
			http.NotFound(w, r)
		}
		if err != nil {
			h.Error(err)
		}
	}))
	h.Cleanup(app.Close)
	site.control("POST", "/sandbox/apps", `{"descriptor":"`+app.URL+`/atlassian-connect.json"}`, http.StatusCreated)
	return ours
}

// reported is what the stand-in knows of the app's reports.
func (s *standIn) reported() map[world.AccountID]world.Report {
	s.Helper()
	var got struct {
		Apps map[string]map[world.AccountID]world.Report `json:"apps"`
	}
	if err := json.Unmarshal(s.control("GET", "/sandbox/reports", "", http.StatusOK), &got); err != nil {
		s.Fatal(err)
	}
	return got.Apps[appKey]
}

// The whole way, over HTTP and signed.
func TestClosedAccountLeavesTheStore(t *testing.T) {
	h := newHost(t)
	site := h.openSite()
	ours, other := h.installOn(site), h.install("other")
	for _, s := range []tenant.Tenant{ours, other} {
		h.write(
			record(s.ID, seats, "1", start.Add(-day), "owner", string(world.Jonas), "deputy", string(world.Ada)),
			record(s.ID, loans, "1", start.Add(-day), "holder", string(world.Jonas)),
		)
	}
	_, err := h.tenants.SetState(t.Context(), other.ID, tenant.Disabled) // there is no such site to report to
	h.must(err)
	elsewhere := h.kept(other.ID)
	client, err := jira.New(jira.Config{AppKey: appKey, Clock: h.clock.Now})
	h.must(err)
	r := h.reporter(client)
	site.control("PUT", "/sandbox/reports", `{"cycleDays":3}`, http.StatusNoContent)

	h.must(r.Due(t.Context()))
	old := world.Report{UpdatedAt: start.Add(-day), At: start}
	if diff := cmp.Diff(map[world.AccountID]world.Report{world.Jonas: old, world.Ada: old}, site.reported()); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
	h.clock.advance(time.Hour)
	site.control("POST", "/sandbox/users/jonas/close", "", http.StatusOK)
	site.control("POST", "/sandbox/users/ada/rename", `{"name":"Ada Neu"}`, http.StatusOK)
	h.must(r.Due(t.Context()))
	if got := h.accounts(ours.ID); len(got) != 2 {
		t.Errorf("accounts %v before the next report is due", got)
	}

	h.clock.advance(3*day - time.Hour)
	h.must(r.Due(t.Context()))
	if got := h.accounts(ours.ID); !slices.Equal(got, []string{string(world.Ada)}) {
		t.Errorf("accounts %v are left", got)
	}
	want := map[string]string{seats + "/1": `{"fields":{"deputy":"` + string(world.Ada) + `"},"written":"2026-02-28T12:00:00Z"}map[deputy:` + string(world.Ada) + `]`}
	if diff := cmp.Diff(want, h.kept(ours.ID)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(elsewhere, h.kept(other.ID)); diff != "" {
		t.Errorf("another site's documents (-before +after):\n%s", diff)
	}
	latest := h.latest(r, ours)
	if latest.Erased != 1 || latest.Failures != 0 || !latest.Next.Equal(start.Add(6*day)) {
		t.Errorf("latest %+v", latest)
	}

	h.clock.advance(3 * day)
	h.must(r.Due(t.Context()))
	got := site.reported()
	if anew := (world.Report{UpdatedAt: start.Add(3 * day), At: start.Add(6 * day)}); got[world.Ada] != anew || got[world.Jonas].At != start.Add(3*day) {
		t.Errorf("reported %v; want ada anew, and jonas no more", got)
	}
}
