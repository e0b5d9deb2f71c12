// Package sandboxtest runs a sandbox for the length of a test, on a port of its own, freshly seeded. Every answer is judged
// by Atlassian's documents, where they are.
//
// Start with [Start].
package sandboxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/openapi/openapitest"
)

// Token is the API token of everybody; user names are mail addresses such as mia@pergola.example.
const Token = "sandbox"

// Site is a sandbox that runs.
type Site struct {
	*sandbox.Site
	URL string // without a trailing slash
	t   testing.TB
}

// Start runs a sandbox until the test ends. change may alter what it starts with; data directory and address are set.
func Start(t testing.TB, change ...func(*sandbox.Config)) *Site {
	t.Helper()
	var handler atomic.Pointer[http.Handler] // the site wants to know its address, and the server a handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*handler.Load()).ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	cfg := sandbox.Config{DataDir: t.TempDir(), BaseURL: srv.URL}
	for _, c := range change {
		c(&cfg)
	}
	site, err := sandbox.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	h := openapitest.Watch(t, site.Handler())
	handler.Store(&h)
	return &Site{Site: site, URL: srv.URL, t: t}
}

// Do sends a request as somebody, such as mia@pergola.example, and returns status and body. A nil in sends no body; anything
// else is sent as JSON. path begins with a slash.
func (s *Site) Do(email, method, path string, in any) (status int, body []byte) {
	s.t.Helper()
	var sent io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		sent = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, sent)
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth(email, Token)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, body
}

// Install installs an app by the address of its descriptor and fails the test if the site or the app refuses.
func (s *Site) Install(descriptor string) {
	s.t.Helper()
	status, body := s.Do("", http.MethodPost, "/sandbox/apps", map[string]string{"descriptor": descriptor})
	if status != http.StatusCreated {
		s.t.Fatalf("install %s: status %d: %s", descriptor, status, body)
	}
}

// App is an installed app that does nothing but know its credentials, for clients that sign.
type App struct{ Key, ClientKey, Secret, OAuthClientID, BaseURL string }

// InstallApp installs an app with those scopes, such as READ.
func (s *Site) InstallApp(key string, scopes ...string) *App {
	s.t.Helper()
	return s.InstallModules(key, map[string]any{}, scopes...)
}

// InstallModules installs an app as InstallApp does, with those modules in its descriptor.
func (s *Site) InstallModules(key string, modules map[string]any, scopes ...string) *App {
	s.t.Helper()
	app := &App{Key: key}
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{
				"key": key, "name": key, "baseUrl": srv.URL, "authentication": map[string]string{"type": "jwt"}, "scopes": scopes,
				"lifecycle": map[string]string{"installed": "/installed"}, "apiMigrations": map[string]bool{"signed-install": true}, "modules": modules,
			})
			return
		}
		var in struct{ ClientKey, SharedSecret, OAuthClientID string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
			return
		}
		app.ClientKey, app.Secret, app.OAuthClientID = in.ClientKey, in.SharedSecret, in.OAuthClientID
		w.WriteHeader(http.StatusNoContent)
	}))
	s.t.Cleanup(srv.Close)
	app.BaseURL = srv.URL
	s.Install(srv.URL + "/atlassian-connect.json")
	return app
}
