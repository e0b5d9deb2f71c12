package web_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/web"
)

// operated is a host with the operator's door open; ask asks there.
func operated(t *testing.T) (h *host, ask func(method, path string) answer) {
	t.Helper()
	h = start(t, func(c *web.Config) {
		c.Sites = c.Tenants.(*tenant.Tenants)
		c.State = func(context.Context) any { return map[string]string{"version": "v1"} }
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	served := make(chan error, 1)
	go func() { served <- h.server.ServeDoor(l) }()
	t.Cleanup(func() { h.stop(); check(t, <-served) })
	return h, func(method, path string) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+l.Addr().String()+path, nil)
		check(t, err)
		return h.send(r)
	}
}

// refusal is what a program reads of an answer.
func refusal(t *testing.T, a answer) (code, message string) {
	t.Helper()
	var said struct {
		Error     struct{ Code, Message string } `json:"error"`
		RequestID string                         `json:"requestId"`
	}
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || said.RequestID == "" {
		t.Errorf("the answer is no problem in JSON: %s", a.body)
	}
	return said.Error.Code, said.Error.Message
}

func TestOperatorSeesTheSites(t *testing.T) {
	h, ask := operated(t)
	got := ask(http.MethodGet, "/tenants")
	var sites []map[string]string
	if err := json.Unmarshal([]byte(got.body), &sites); err != nil || len(sites) != 1 {
		t.Fatalf("got %s: %v", got.body, err)
	}
	if s := sites[0]; s["id"] != string(h.tenant.ID) || s["alias"] != h.tenant.Alias || s["address"] != h.site.URL || s["state"] != "active" {
		t.Errorf("got %v", s)
	}
	if strings.Contains(got.body, secret) {
		t.Error("the answer has the site's secret")
	}
}

func TestOperatorIsToldWhatIsWrongWithASite(t *testing.T) {
	h, ask := operated(t)
	left, err := h.tenants.Install(t.Context(), tenant.Installation{ClientKey: "left", SharedSecret: seal.NewSecret(secret), BaseURL: "https://left.example"})
	check(t, err)
	_, err = h.tenants.Uninstall(t.Context(), left.ID)
	check(t, err)
	wants := func(id capability.TenantID, status int, code string) {
		t.Helper()
		for _, path := range []string{"/syncs", "/connections", "/export", "/runs/x"} {
			got := ask(http.MethodGet, "/tenants/"+string(id)+"/sync"+path)
			if is, _ := refusal(t, got); got.status != status || is != code {
				t.Errorf("%s: %d %s, want %d %s", path, got.status, is, status, code)
			}
		}
	}
	wants("nobody", http.StatusNotFound, "not_found")
	wants("%2e%2e", http.StatusNotFound, "not_found")
	wants(left.ID, http.StatusForbidden, "permission_denied")
	_, err = h.tenants.StartPurge(t.Context(), left.ID, time.Now().Add(time.Hour))
	check(t, err)
	wants(left.ID, http.StatusForbidden, "permission_denied")
	check(t, h.tenants.Forget(context.Background(), left.ID))
	wants(left.ID, http.StatusNotFound, "not_found")
}

func TestNothingElseIsBehindTheOperatorsDoor(t *testing.T) {
	h, ask := operated(t)
	for _, path := range []string{"/", "/healthz", "/metrics", "/atlassian-connect.json", "/connect/admin", "/api/admin/sync/syncs", "/static/app.css", "/q/x", "/tenants/" + string(h.tenant.ID)} {
		got := ask(http.MethodGet, path)
		if code, _ := refusal(t, got); got.status != http.StatusNotFound || code != "not_found" {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
	if got := ask(http.MethodGet, "/state"); got.status != http.StatusOK || got.body != `{"version":"v1"}` {
		t.Errorf("how the host stands: %d %s", got.status, got.body)
	}
	for _, path := range []string{"/state", "/tenants", "/tenants/" + string(h.tenant.ID) + "/sync/syncs"} {
		if got := h.do(http.MethodGet, path, "", ""); got.status != http.StatusNotFound {
			t.Errorf("%s is reached from outside: %d", path, got.status)
		}
	}
}
