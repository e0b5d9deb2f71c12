package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/doctor"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

// diagnosed runs the doctor and returns its lines, as they are printed for people, without the spaces.
func diagnosed(t *testing.T, want int, args ...string) string {
	t.Helper()
	code, stdout, stderr := pergola(t, append([]string{"doctor", "--json", "--listen", "127.0.0.1:0"}, args...)...)
	if code != want {
		t.Errorf("exit code %d, want %d: %s%s", code, want, stdout, stderr)
	}
	var out strings.Builder
	failures := 0
	for line := range strings.Lines(stdout) {
		var l doctor.Line
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if (l.Do == "") != (l.State == doctor.OK) {
			t.Errorf("%s %s says %q about what to do", l.State, l.Check, l.Do)
		}
		if l.State == doctor.Failure {
			failures++
		}
		fmt.Fprintf(&out, "%s %s: %s → %s\n", l.State, l.Check, l.Found, l.Do)
	}
	if (failures > 0) != (code == 1) {
		t.Errorf("%d failures, and exit code %d", failures, code)
	}
	return out.String()
}

func says(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("it does not say %q:\n%s", w, got)
		}
	}
}

func TestDoctorFindsNothingWrongWithAGoodInstallation(t *testing.T) {
	used(t)
	got := diagnosed(t, 0, "--offline")
	says(t, got, "ok configuration", "ok host: none runs", "ok data", "ok keys: data/keys.json is its owner's alone", "ok keys: all wrapping keys are there",
		"ok store: sqlite", "ok sites: 2, and the secret of each", "ok jobs: 0 runs wait", "warning backup: none is known of", "ok Forge")
	succeeds(t, "backup", "copy.db")
	says(t, diagnosed(t, 0, "--offline"), "ok backup")
	code, stdout, _ := pergola(t, "doctor", "--offline", "--listen", "127.0.0.1:0")
	if code != 0 || !strings.HasSuffix(stdout, " 0 failed.\n") || !strings.Contains(stdout, "ok       configuration: valid\n") {
		t.Errorf("for people: %d %s", code, stdout)
	}
}

func TestDoctorMakesAndChangesNothing(t *testing.T) {
	dir := alone(t)
	t.Setenv("PERGOLA_PLUGINS_DIR", t.TempDir())
	says(t, diagnosed(t, 1, "--offline"), "failure data: there is no directory data", "its first start makes it")
	if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
		t.Errorf("it made %v (%v)", made, err)
	}
	if err := os.Mkdir("data", 0o700); err != nil {
		t.Fatal(err)
	}
	says(t, diagnosed(t, 0, "--offline"), "warning store: there is no store in data", "before the first start")
	if made, err := os.ReadDir("data"); err != nil || len(made) > 0 {
		t.Errorf("it made %v (%v)", made, err)
	}
}

func TestDoctorFindsWhatIsBroken(t *testing.T) {
	rename := func(t *testing.T, from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	keys := filepath.Join("data", "keys.json")
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T) []string // returns further arguments
		code   int
		want   []string
	}{
		{"the key file is gone", func(t *testing.T) []string { rename(t, keys, "elsewhere"); return nil }, 1,
			[]string{"failure keys: there is no file data/keys.json", "Put the copy back"}},
		{"another's key file", func(t *testing.T) []string {
			rename(t, keys, "elsewhere")
			if _, _, err := seal.OpenKeyFile(keys); err != nil {
				t.Fatal(err)
			}
			return nil
		}, 1, []string{"failure store: the data is encrypted with the keys", "of which none is there"}},
		{"a key file that others read", func(t *testing.T) []string {
			if err := os.Chmod(keys, 0o644); err != nil { // that is what is wrong
				t.Fatal(err)
			}
			return nil
		}, 1, []string{"warning keys", "chmod go= data/keys.json"}},
		{"no plugin directory", func(*testing.T) []string { return []string{"--set", "plugins.dir=nowhere"} }, 1,
			[]string{"failure plugins", "nowhere", "Set plugins.dir"}},
		{"a broken plugin", func(t *testing.T) []string {
			if err := os.MkdirAll("plugins/notes", 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, "plugins/notes/plugin.json", "{")
			return []string{"--set", "plugins.dir=plugins", "--set", "plugins.enabled=acme.missing"}
		}, 1, []string{"failure plugin notes", "warning plugin acme.missing", "pergola plugin install"}},
		{"a store of a newer version", func(t *testing.T) []string {
			s, err := app.OpenDriver(t.Context(), config.Config{Data: "data", Store: config.Store{Driver: "sqlite"}}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			key := store.Key{Tenant: store.Platform, Collection: "schema", ID: "host"}
			if _, err := s.Get(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: key, Body: []byte(`{"version":99}`)}, IfRev: store.Any}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return nil
		}, 1, []string{"failure store", "documents have version 99", "start the newer version again"}},
		{"no store at all", func(t *testing.T) []string { write(t, "data/pergola.db", "hello"); return nil }, 1, []string{"failure store"}},
		{"the port is taken", func(t *testing.T) []string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			return []string{"--set", "listen=" + l.Addr().String(), "--set", "server.redirect_listen=" + l.Addr().String(), "--base-url", "https://pergola.example"}
		}, 1, []string{"failure server.redirect_listen", "address already in use"}},
		{"a wrong setting", func(*testing.T) []string { return []string{"--set", "log.level=loud"} }, 1, []string{"failure configuration", "log.level", "pergola config"}},
		{"files of TLS that are not there", func(*testing.T) []string {
			return []string{"--set", "server.tls.cert_file=a.crt", "--set", "server.tls.key_file=a.key"}
		}, 1, []string{"failure TLS files", "there is no file a.crt"}},
		{"secrets that others read", func(t *testing.T) []string {
			write(t, "pergola.yaml", "metrics:\n  token: hush\n")
			if err := os.Chmod("pergola.yaml", 0o644); err != nil { // that is what is wrong
				t.Fatal(err)
			}
			return nil
		}, 0, []string{"warning configuration: pergola.yaml holds secrets (metrics.token)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			used(t)
			got := diagnosed(t, tt.code, append(tt.damage(t), "--offline")...)
			says(t, got, tt.want...)
			if strings.Contains(got, "hush") {
				t.Error("it shows a secret")
			}
		})
	}
}

func TestDoctorAsksTheAddressWhoseHostItIs(t *testing.T) {
	used(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /atlassian-connect.json", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"key":"somebody-else","baseUrl":"http://%s"}`, r.Host)
	})
	other := httptest.NewServer(mux)
	defer other.Close()
	got := diagnosed(t, 1, "--base-url", other.URL, "--set", "connect.key_hosts="+other.URL, "--set", "forge.app_id=ari:cloud:ecosystem::app/00000000-0000-0000-0000-000000000000", "--set", "forge.jwks_url="+other.URL+"/keys")
	says(t, got, `failure descriptor`, `the key "somebody-else"`, "ok clock", "ok install keys", "failure Forge keys", "ok Forge: ari:cloud")
}

func TestDoctorAsksTheHostThatRuns(t *testing.T) {
	alone(t)
	t.Setenv("PERGOLA_PLUGINS_DIR", t.TempDir())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"version":"v0.0.1","url":"http://x.example","parts":{"store":"","jobs":"no server"},"plugins":[
			{"id":"acme.good","version":"1.0.0","serves":true},{"id":"acme.bad","version":"1.0.0","serves":false,"reason":"it imports files"}]}`)
	})
	answering(t, mux)
	got := diagnosed(t, 1, "--offline")
	says(t, got, "warning host: v0.0.1 runs, and this program is", "failure jobs: no server", "failure plugin acme.bad: 1.0.0 does not serve: it imports files", "ok listen: 127.0.0.1:0 is the host's")
	if strings.Contains(got, "acme.good") || strings.Contains(got, "failure store") {
		t.Errorf("it finds fault with what is good:\n%s", got)
	}
}
