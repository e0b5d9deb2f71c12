//go:build linux

package app_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/door"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

func environment(name string) string { return os.Getenv(name) }

// syncSite is a site whose searches lag behind, and that tells when it was written to.
type syncSite struct {
	*testing.T
	url string

	mu     sync.Mutex
	left   int // writes until written is closed
	early  bool
	notify chan struct{}
}

func newSyncSite(t *testing.T) *syncSite {
	t.Helper()
	s := &syncSite{T: t}
	var handler atomic.Pointer[http.Handler] // the site wants to know its address, and the server a handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(*handler.Load(), w, r) }))
	s.url = server.URL
	site, err := sandbox.Open(sandbox.Config{DataDir: t.TempDir(), BaseURL: s.url, SearchLag: time.Second, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h := site.Handler() // not judged: answers to halves of calls of hosts that were killed are for nobody
	handler.Store(&h)
	t.Cleanup(func() {
		server.CloseClientConnections() // hosts that were killed may have left some
		server.Close()
		if err := site.Close(); err != nil {
			t.Error(err)
		}
	})
	s.do(http.MethodPut, "/sandbox/limits", map[string]any{"off": true}, nil)
	return s
}

func (s *syncSite) serve(h http.Handler, w http.ResponseWriter, r *http.Request) {
	writes := strings.HasSuffix(r.URL.Path, "/issue/bulk") || r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/rest/api/3/issue/")
	if !writes {
		h.ServeHTTP(w, r)
		return
	}
	reached, early := s.reach()
	if early {
		reached()
	}
	h.ServeHTTP(w, r)
	reached()
}

// reach counts a write, and returns what tells of it, which is to be told before the write is carried out or after it.
func (s *syncSite) reach() (reached func(), early bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left != 0 {
		return func() {}, false
	}
	return sync.OnceFunc(func() { close(s.notify) }), s.early
}

// writes returns a channel that is closed at the nth write from now: as it comes, or when it was carried out and is not answered yet.
func (s *syncSite) writes(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.early, s.notify = n, rand.IntN(2) == 0, make(chan struct{})
	return s.notify
}

func (s *syncSite) await(written <-chan struct{}) {
	s.Helper()
	select {
	case <-written:
	case <-time.After(3 * time.Minute):
		s.Fatal("the hosts write no more")
	}
}

// do is a call of an administrator.
func (s *syncSite) do(method, path string, in, out any) {
	s.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		s.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, bytes.NewReader(raw))
	if err != nil {
		s.Fatal(err)
	}
	r.SetBasicAuth("mia@pergola.example", sandboxtest.Token)
	r.Header.Set("Content-Type", "application/json")
	answerJSON(s.T, http.DefaultClient, r, out)
}

func answerJSON(t *testing.T, client *http.Client, r *http.Request, out any) {
	t.Helper()
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode/100 != 2 {
		t.Fatalf("%s %s: status %d: %s", r.Method, r.URL.Path, answer.StatusCode, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			t.Fatal(err)
		}
	}
}

// Install installs an app by the address of its descriptor.
func (s *syncSite) Install(descriptor string) {
	s.Helper()
	s.do(http.MethodPost, "/sandbox/apps", map[string]string{"descriptor": descriptor}, nil)
}

// prices are those of the devices' issues in the site, by summary: all issues of the project, whatever ties them to a row.
func (s *syncSite) prices() map[string][]float64 {
	s.Helper()
	out := map[string][]float64{}
	in := map[string]any{"jql": "project = OPS", "fields": []string{"summary", "customfield_10004"}, "maxResults": 100}
	for {
		var got struct {
			Issues []struct {
				Fields struct {
					Summary string
					Price   float64 `json:"customfield_10004"`
				}
			}
			NextPageToken string
			IsLast        bool
		}
		s.do(http.MethodPost, "/rest/api/3/search/jql", in, &got)
		for _, i := range got.Issues {
			if strings.HasPrefix(i.Fields.Summary, devicePrefix) {
				out[i.Fields.Summary] = append(out[i.Fields.Summary], i.Fields.Price)
			}
		}
		if got.IsLast {
			return out
		}
		in["nextPageToken"] = got.NextPageToken
	}
}

// check wants one issue for each row, with its price, and no other.
func (s *syncSite) check(d *devices) {
	s.Helper()
	want := d.prices()
	diff := "?"
	for until := time.Now().Add(20 * time.Second); diff != "" && time.Now().Before(until); time.Sleep(200 * time.Millisecond) { // searches lag behind
		diff = cmp.Diff(want, s.prices())
	}
	if diff != "" {
		s.Fatalf("rows and issues are not the same: %.2000s", diff)
	}
}

const devicePrefix = "Synchronized device "

// devices is a table, and the synchronization that makes issues of it.
type devices struct {
	*testing.T
	db     *sql.DB
	file   string
	tenant string
	sync   string // id
	draft  map[string]any
}

// change changes all rows.
func (d *devices) change() {
	d.Helper()
	if _, err := d.db.ExecContext(d.Context(), `UPDATE device SET price = price + 1`); err != nil {
		d.Fatal(err)
	}
}

func (d *devices) prices() map[string][]float64 {
	d.Helper()
	rows, err := d.db.QueryContext(d.Context(), `SELECT name, price FROM device`)
	if err != nil {
		d.Fatal(err)
	}
	defer rows.Close()
	out := map[string][]float64{}
	for rows.Next() {
		var name string
		var price float64
		if err := rows.Scan(&name, &price); err != nil {
			d.Fatal(err)
		}
		out[name] = append(out[name], price)
	}
	if err := rows.Err(); err != nil {
		d.Fatal(err)
	}
	return out
}

// syncHost is the program as a process of its own, with the database synchronizer, started again and again on the same data.
type syncHost struct {
	*testing.T
	site                  *syncSite
	data, plugins, folder string
	url                   string
	client                *http.Client // of the operator's door
	cmd                   *exec.Cmd
	more                  []string
}

func newSyncHost(t *testing.T, site *syncSite) *syncHost {
	t.Helper()
	h := &syncHost{T: t, site: site, data: t.TempDir(), plugins: t.TempDir(), folder: t.TempDir(), url: "http://" + address(t)}
	addDatabaseSync(t, h.plugins)
	h.client = door.Client(h.data)
	t.Cleanup(func() {
		if h.cmd != nil {
			h.kill()
		}
	})
	return h
}

// start starts it with more settings, which are those of the time before where none are given, and waits until it serves.
func (h *syncHost) start(settings ...string) {
	h.Helper()
	bin, err := program()
	if err != nil {
		h.Fatal(err)
	}
	code, err := os.ReadFile(filepath.Join(h.plugins, "pergola.database", "plugin"))
	if err != nil {
		h.Fatal(err)
	}
	if len(settings) > 0 {
		h.more = settings
	}
	args := []string{"serve", "--data", h.data, "--listen", strings.TrimPrefix(h.url, "http://")}
	for _, s := range append([]string{
		"plugins.dir=" + h.plugins, fmt.Sprintf("plugins.process.allow=%x", sha256.Sum256(code)), "plugins.enabled=pergola.database", "sync.folder=" + h.folder,
		"connect.loopback_sites=true", "connect.key_hosts=" + h.site.url + "/install-keys",
	}, h.more...) {
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

// kill ends the host with no chance to tidy up.
func (h *syncHost) kill() {
	h.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		h.Fatalf("the host is gone already: %v", err)
	}
	_ = h.cmd.Wait() // it says that it was killed
	h.cmd = nil
	h.client.CloseIdleConnections()
}

// operate is a call at the operator's door.
func (h *syncHost) operate(method, path string, in, out any) {
	h.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		h.Fatal(err)
	}
	r, err := http.NewRequestWithContext(h.Context(), method, "http://operator"+path, bytes.NewReader(raw))
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answerJSON(h.T, h.client, r, out)
}

// devices makes a table with so many rows, and a synchronization of it, with more fields where some are given.
func (h *syncHost) devices(rows int, more ...map[string]any) *devices {
	h.Helper()
	d := &devices{T: h.T, file: filepath.Join(h.TempDir(), "assets.db")}
	var tenants []struct{ ID string }
	h.operate(http.MethodGet, "/tenants", nil, &tenants)
	if len(tenants) != 1 {
		h.Fatalf("the host knows the sites %v", tenants)
	}
	d.tenant = tenants[0].ID
	var err error
	if d.db, err = sql.Open("sqlite", d.file); err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = d.db.Close() })
	for _, statement := range []string{
		`CREATE TABLE device (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL)`,
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) INSERT INTO device SELECT i, '%s' || i, i FROM n`, rows, devicePrefix),
	} {
		if _, err := d.db.ExecContext(h.Context(), statement); err != nil {
			h.Fatal(err)
		}
	}
	h.open(d)
	var kept struct{ ID string }
	h.operate(http.MethodPost, "/tenants/"+d.tenant+"/sync/connections", map[string]any{
		"name": "Assets", "plugin": "pergola.database", "synchronizer": "database", "settings": map[string]any{"engine": "sqlite", "file": "assets.db"},
	}, &kept)
	d.draft = map[string]any{"name": "Devices", "connection": kept.ID, "mapping": map[string]any{
		"stream": "device", "project": "10000", "type": map[string]any{"default": "10001"}, "missing": map[string]any{"policy": "label", "label": "gone"},
		"fields": append([]map[string]any{{"field": "summary", "column": "name"}, {"field": "customfield_10004", "column": "price"}}, more...),
	}}
	h.operate(http.MethodPost, "/tenants/"+d.tenant+"/sync/syncs", d.draft, &kept)
	d.sync = kept.ID
	return d
}

// open lets the host's sites read the table's file.
func (h *syncHost) open(d *devices) {
	h.Helper()
	dir := filepath.Join(h.folder, d.tenant)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		h.Fatal(err)
	}
	if err := os.Link(d.file, filepath.Join(dir, "assets.db")); err != nil {
		h.Fatal(err)
	}
}

// syncRun names a run of a synchronization.
type syncRun struct{ tenant, id string }

func (h *syncHost) begin(d *devices) syncRun {
	h.Helper()
	var run struct{ ID string }
	h.operate(http.MethodPost, "/tenants/"+d.tenant+"/sync/syncs/"+d.sync+"/runs", map[string]bool{}, &run)
	return syncRun{d.tenant, run.ID}
}

// finish follows a run to its end.
func (h *syncHost) finish(r syncRun) {
	h.Helper()
	var run canaryRun
	for until := time.Now().Add(5 * time.Minute); time.Now().Before(until); {
		h.operate(http.MethodGet, fmt.Sprintf("/tenants/%s/sync/runs/%s?rev=%d", r.tenant, r.id, run.Rev), nil, &run)
		switch run.State {
		case "done":
			if run.Counts["failed"] > 0 {
				h.Fatalf("the run came to %v", run.Counts)
			}
			h.Log(run.Counts)
			return
		case "failed", "canceled":
			h.Fatalf("the run is %s: %v", run.State, run.Counts)
		}
	}
	h.Fatalf("the run has no end: it is %s, %v", run.State, run.Counts)
}
