package app_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite" // the database that is synchronized

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// databaseSync builds the database synchronizer once.
var databaseSync = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pergola-database-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	name := filepath.Join(dir, "plugin")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", name, "../../plugins/database-sync")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the database synchronizer: %w\n%s", err, out)
	}
	return os.ReadFile(name)
})

// addDatabaseSync puts the database synchronizer into a plugin directory.
func addDatabaseSync(t testing.TB, plugins string) {
	t.Helper()
	code, err := databaseSync()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile("../../plugins/database-sync/plugin.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(plugins, "pergola.database")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"plugin": code, "plugin.json": manifest} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// canarySource is a database of which every value is a canary. It lies outside of what is searched: it is the customer's own.
type canarySource struct {
	*canaryDrive
	db         *sql.DB
	connection string // id
	sync       string // id
}

const syncAPI = "/api/admin/sync"

// ask makes a call of the admin about synchronizations, decodes the answer into out, and wants a status.
func (s *canarySource) ask(status int, method, path string, body, out any) {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	text := s.must(status, method, syncAPI+path, s.site.token(""), string(raw))
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			s.t.Fatalf("%s %s: %v: %.300s", method, path, err, text)
		}
	}
}

// source makes a database in the folder of the site's tenant, and connects to it.
func (d *canaryDrive) source() *canarySource {
	d.t.Helper()
	s := &canarySource{canaryDrive: d}
	dir := filepath.Join(d.folder, d.tenantID())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		d.t.Fatal(err)
	}
	var err error
	if s.db, err = sql.Open("sqlite", filepath.Join(dir, "assets.db")); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = s.db.Close() })
	s.exec(`CREATE TABLE device (id TEXT NOT NULL PRIMARY KEY, name TEXT, note TEXT, serial TEXT, kind TEXT, changed TEXT)`)
	s.rows(0, 30)

	password := d.site.set.Text("password of the connection")
	settings := map[string]any{"engine": "sqlite", "file": "assets.db", "writable": []string{"device.changed"}}
	draft := map[string]any{"name": "Assets", "plugin": "pergola.database", "synchronizer": "database", "settings": settings, "secrets": map[string]string{"password": password}}
	for name, wrong := range map[string]any{"engine": d.site.set.Text("a kind of database"), "port": d.site.set.Text("a port"), d.site.set.Plain("a setting"): true} {
		bad := map[string]any{"name": "Assets", "plugin": "pergola.database", "synchronizer": "database", "settings": map[string]any{"engine": "sqlite", name: wrong}}
		s.send(s.ctx, http.MethodPost, syncAPI+"/connections", d.site.token(""), jsonOf(bad))
		s.send(s.ctx, http.MethodPost, syncAPI+"/connections/test", d.site.token(""), jsonOf(bad))
	}
	s.ask(200, http.MethodPost, "/connections/test", draft, nil)
	var kept struct{ ID string }
	s.ask(200, http.MethodPost, "/connections", draft, &kept)
	s.connection = kept.ID
	s.ask(200, http.MethodGet, "/connections/"+kept.ID+"/streams?stream=device", nil, nil)
	return s
}

func jsonOf(v any) string {
	raw, _ := json.Marshal(v) // maps of strings always encode
	return string(raw)
}

func (s *canarySource) exec(query string, args ...any) {
	s.t.Helper()
	if _, err := s.db.ExecContext(s.ctx, query, args...); err != nil {
		s.t.Fatal(err)
	}
}

// rows puts rows of canaries into the table.
func (s *canarySource) rows(from, to int) {
	s.t.Helper()
	for i := from; i < to; i++ {
		var values []any
		for _, column := range []string{"id", "name", "note", "serial", "kind", "changed"} {
			values = append(values, s.site.set.Text(fmt.Sprintf("column %s of row %d", column, i)))
		}
		s.exec(`INSERT INTO device VALUES (?, ?, ?, ?, ?, ?)`, values...)
	}
}

// synchronize looks at, plans and runs a synchronization of the table.
func (s *canarySource) synchronize() {
	s.t.Helper()
	draft := map[string]any{"name": "Devices", "connection": s.connection, "mapping": map[string]any{
		"stream": "device", "project": "10000", "type": map[string]any{"default": "10001"}, "missing": map[string]any{"policy": "label", "label": "gone"},
		"fields": []map[string]any{
			{"field": "summary", "column": "name"}, {"field": "description", "column": "note"}, {"field": string(world.Serial), "column": "serial"},
			{"field": "customfield_10002", "column": "kind"}, // has no such options: a fault of each row
		},
	}}
	s.ask(200, http.MethodPost, "/syncs/preview", draft, nil)
	s.ask(200, http.MethodPost, "/syncs/check", draft, nil)
	var kept struct{ ID string }
	s.ask(200, http.MethodPost, "/syncs", draft, &kept)
	s.sync = kept.ID
	s.plan()
	s.finish(s.begin(), "failed")
	s.exec(`UPDATE device SET name = ? WHERE rowid <= 5`, s.site.set.Text("a new name of a row"))
	s.exec(`DELETE FROM device WHERE rowid > 25`)
	s.plan()
	s.finish(s.begin(), "missing")
}

func (s *canarySource) plan() {
	s.t.Helper()
	next, shown := "", 0
	for {
		var part struct {
			Next string
			Rows []json.RawMessage
		}
		s.ask(200, http.MethodPost, "/syncs/"+s.sync+"/plan", map[string]string{"next": next}, &part)
		shown += len(part.Rows)
		if next = part.Next; next == "" {
			break
		}
	}
	if shown == 0 {
		s.t.Error("the plan shows no row")
	}
}

type canaryRun struct {
	ID, State string
	Rev       int64
	Counts    map[string]int64
}

func (s *canarySource) begin() string {
	s.t.Helper()
	var run canaryRun
	s.ask(202, http.MethodPost, "/syncs/"+s.sync+"/runs", map[string]bool{"approved": true}, &run)
	return run.ID
}

// finish follows a run to its end, which has to have counted rows under a name.
func (s *canarySource) finish(id, counted string) {
	s.t.Helper()
	var run canaryRun
	for range 100 {
		s.ask(200, http.MethodGet, fmt.Sprintf("/runs/%s?rev=%d", id, run.Rev), nil, &run)
		if run.State == "done" || run.State == "failed" {
			break
		}
	}
	if run.State != "done" || run.Counts[counted] == 0 {
		s.t.Errorf("the run is %s: %v, want some %s", run.State, run.Counts, counted)
	}
	s.ask(200, http.MethodGet, "/runs/"+id+"/rows", nil, nil)
	s.ask(200, http.MethodGet, "/syncs/"+s.sync+"/runs", nil, nil)
}

// trouble has runs meet a Jira that fails and a source that fails.
func (s *canarySource) trouble() {
	s.t.Helper()
	for _, f := range s.site.faults()[:6] {
		s.site.with(f, func() {
			s.send(s.ctx, http.MethodPost, syncAPI+"/syncs/"+s.sync+"/plan", s.site.token(""), "{}")
			s.send(s.ctx, http.MethodPost, syncAPI+"/syncs/"+s.sync+"/runs", s.site.token(""), "{}")
		})
	}
	s.exec(`ALTER TABLE device RENAME TO other`)
	for _, path := range []string{"/syncs/" + s.sync + "/plan", "/syncs/" + s.sync + "/runs", "/connections/" + s.connection + "/test"} {
		s.send(s.ctx, http.MethodPost, syncAPI+path, s.site.token(""), "{}")
	}
	s.exec(`ALTER TABLE other RENAME TO device`)
}

// tenantID is our id of the site.
func (d *canaryDrive) tenantID() string {
	d.t.Helper()
	bin, err := program()
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.Command(bin, "admin", "sites", "--json", "--data", d.in("data"), "--set", "plugins.dir="+d.plugins)
	cmd.Dir, cmd.Env = d.in("work"), d.environ()
	said, err := cmd.Output()
	if err != nil {
		d.t.Fatal(err)
	}
	for line := range strings.Lines(string(said)) {
		var site struct{ ID string }
		if json.Unmarshal([]byte(line), &site) == nil && site.ID != "" {
			return site.ID
		}
	}
	d.t.Fatalf("there is no site in %s", said)
	return ""
}
