//go:build linux

package app_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/door"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

// linksHost is the program as a process of its own, with the plugin of advanced links, and its store beside it.
type linksHost struct {
	*syncHost
	tenant capability.TenantID
	store  store.Store
}

func newLinksHost(t *testing.T, site *syncSite) *linksHost {
	t.Helper()
	h := &linksHost{syncHost: &syncHost{T: t, site: site, data: t.TempDir(), plugins: t.TempDir(), url: "http://" + address(t)}}
	h.client = door.Client(h.data)
	manifest, err := os.ReadFile("../../plugins/advanced-links/plugin.json")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plugin.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, "../../plugins/advanced-links")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the plugin: %v\n%s", err, out)
	}
	code, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put(t, h.plugins, "pergola.links", string(manifest), code)
	t.Cleanup(func() {
		if h.cmd != nil {
			h.kill()
		}
	})
	return h
}

// serve starts it with the plugin on or off, and waits until it serves.
func (h *linksHost) serve(enabled string) {
	h.Helper()
	bin, err := program()
	if err != nil {
		h.Fatal(err)
	}
	args := []string{"serve", "--data", h.data, "--listen", strings.TrimPrefix(h.url, "http://")}
	for _, s := range []string{
		"plugins.dir=" + h.plugins, "plugins.enabled=" + enabled, "connect.loopback_sites=true", "connect.key_hosts=" + h.site.url + "/install-keys",
	} {
		args = append(args, "--set", s)
	}
	said, serving := &output{}, &heard{text: "serving", seen: make(chan bool)}
	h.cmd = exec.Command(bin, args...)
	h.cmd.Dir, h.cmd.Stderr = h.TempDir(), io.MultiWriter(said, serving)
	if err := h.cmd.Start(); err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		if h.Failed() {
			h.Logf("a host's log:\n%s", tail(said.String(), 30))
		}
	})
	select {
	case <-serving.seen:
	case <-time.After(2 * time.Minute):
		h.Fatal("the host does not serve")
	}
}

// install has the site install the app, and opens the store beside the host.
func (h *linksHost) install() {
	h.Helper()
	h.site.Install(h.url + "/atlassian-connect.json")
	var tenants []struct{ ID capability.TenantID }
	h.operate(http.MethodGet, "/tenants", nil, &tenants)
	if len(tenants) != 1 {
		h.Fatalf("the host knows the sites %v", tenants)
	}
	h.tenant = tenants[0].ID
	beside, err := sqlitestore.Open(h.Context(), h.data, sqlitestore.Config{Beside: true})
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = beside.Close() })
	h.store = beside
}

// forge sends a webhook that the site did not sign.
func (h *linksHost) forge(token string) int {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.url+"/connect/event/issue.deleted", strings.NewReader(`{"issue":{"id":"10001"}}`))
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("Authorization", token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// link puts a link between two issues into the plugin's records.
func (h *linksHost) link(from, to string) store.Key {
	h.Helper()
	key := store.Key{Tenant: h.tenant, Collection: privacy.RecordCollection("pergola.links", "link"), ID: sdkstore.JoinID("relation", from, to)}
	body := fmt.Sprintf(`{"fields":{"relation":"relation","outward":%q,"inward":%q}}`, from, to)
	if _, err := h.store.Write(h.Context(), store.Op{Doc: store.Doc{
		Key: key, Body: []byte(body), Index: map[string]string{"relation": "relation", "outward": from, "inward": to},
	}}); err != nil {
		h.Fatal(err)
	}
	return key
}

func (h *linksHost) there(key store.Key) bool {
	h.Helper()
	_, err := h.store.Get(h.Context(), key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		h.Fatal(err)
	}
	return err == nil
}

// runs are those that tell of events, by state.
func (h *linksHost) runs(state string) int {
	h.Helper()
	docs, err := h.store.List(h.Context(), store.Query{Tenant: h.tenant, Collection: "jobs.run", Index: "state", Value: state, Limit: 100})
	if err != nil {
		h.Fatal(err)
	}
	n := 0
	for _, d := range docs {
		if strings.Contains(string(d.Body), `"kind":"event.tell"`) {
			n++
		}
	}
	return n
}

// until waits for what another process does.
func (h *linksHost) until(what string, is func() bool) {
	h.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			h.Fatal("in vain: " + what)
		}
	}
}

// issue is the id of an issue.
func (s *syncSite) issue(key string) string {
	s.Helper()
	var got struct{ ID string }
	s.do(http.MethodGet, "/rest/api/3/issue/"+key+"?fields=project", nil, &got)
	return got.ID
}

func (s *syncSite) delete(id string) {
	s.Helper()
	s.do(http.MethodDelete, "/rest/api/3/issue/"+id+"?deleteSubtasks=true", nil, nil)
}

// delivered is how many webhooks were answered with a status.
func (s *syncSite) delivered(status int) int {
	s.Helper()
	var log struct{ Attempts []struct{ Status int } }
	s.do(http.MethodGet, "/sandbox/webhooks/log", nil, &log)
	n := 0
	for _, a := range log.Attempts {
		if a.Status == status {
			n++
		}
	}
	return n
}

// An issue is deleted on the site; its webhook arrives, signed, and the plugin's records of the issue are gone: whatever happens to the host in
// between, however often the webhook comes, and only where the plugin is switched on.
func TestLinksGoWithTheIssueThatIsDeletedInJira(t *testing.T) {
	t.Parallel()
	site := newSyncSite(t)
	h := newLinksHost(t, site)
	h.serve("pergola.links")
	h.install()
	for _, token := range []string{"", "JWT x.y.z"} {
		if status := h.forge(token); status != http.StatusUnauthorized {
			t.Errorf("a webhook that nobody signed is answered with %d", status)
		}
	}
	stays, one, two, three := site.issue("OPS-1"), site.issue("OPS-2"), site.issue("OPS-3"), site.issue("OPS-4")

	// The app cannot find out who it is, so that the event waits for its next try; and the host is killed.
	first, other := h.link(one, stays), h.link(stays, three)
	site.do(http.MethodPost, "/sandbox/faults", map[string]any{"effect": "status", "status": 503, "on": "rest", "path": "/rest/api/3/myself"}, nil)
	site.delete(one)
	h.until("the event waits for its next try", func() bool { return h.runs("waiting") == 1 })
	h.kill()
	site.do(http.MethodDelete, "/sandbox/faults", nil, nil)
	if !h.there(first) {
		t.Fatal("the plugin was told before the host was killed")
	}
	h.serve("pergola.links")
	h.until("after the restart the plugin is told", func() bool { return !h.there(first) && h.runs("done") == 1 })
	if !h.there(other) {
		t.Error("a link of other issues is gone")
	}

	site.do(http.MethodPost, "/sandbox/faults", map[string]any{"effect": "duplicate", "event": "jira:*"}, nil)
	second, before := h.link(stays, two), site.delivered(204)
	site.delete(two)
	h.until("the webhook comes twice", func() bool { return site.delivered(204) == before+2 })
	h.until("the plugin is told", func() bool { return !h.there(second) && h.runs("done") == 2 })
	if n := h.runs("failed") + h.runs("queued") + h.runs("waiting") + h.runs("running"); n > 0 {
		t.Errorf("the webhook that came twice began %d runs more", n)
	}

	h.kill()
	h.serve("") // nothing is on
	before = site.delivered(204)
	site.delete(three)
	h.until("the webhook comes", func() bool { return site.delivered(204) == before+2 })
	for _, state := range []string{"queued", "running", "waiting", "paused", "failed"} {
		if n := h.runs(state); n > 0 {
			t.Errorf("though the plugin is off, %d runs are %s", n, state)
		}
	}
	if !h.there(other) || h.runs("done") != 2 {
		t.Error("a plugin that is switched off was told")
	}
}
