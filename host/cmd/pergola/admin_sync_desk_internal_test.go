package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/door"
)

// answering opens the door of a host that gives made answers.
func answering(t *testing.T, mux *http.ServeMux) {
	t.Helper()
	if err := os.Mkdir("data", 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := door.Open("data")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	served := make(chan error, 1)
	go func() { served <- server.Serve(d) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// desks answers as a host with two sites would.
func desks(t *testing.T) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tenants", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[{"id":"one-id","alias":"abcdefgh","address":"https://one.example","state":"active"},
			{"id":"two-id","alias":"stuvwxyz","address":"https://two.example:8443/jira","state":"disabled"}]`)
	})
	mux.HandleFunc("GET /tenants/{tenant}/sync/connections", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `[{"id":"c1","name":"of %s\u001b[31m"}]`, r.PathValue("tenant"))
	})
	mux.HandleFunc("GET /tenants/{tenant}/sync/syncs", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"error":{"code":"internal","message":"Something is broken."},"requestId":"abc7"}`)
	})
	answering(t, mux)
}

// oneDesk answers as a host with one site would that has a connection, and a run that never ends. It returns what was sent to it,
// by method and path behind the site's.
func oneDesk(t *testing.T, whileRunning func()) map[string]string {
	t.Helper()
	sent := map[string]string{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tenants", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[{"id":"one","address":"https://one.example","state":"active"}]`)
	})
	const run = `{"id":"r1","sync":"s1","state":"running","done":7,"total":9,"rev":3}`
	for pattern, body := range map[string]string{
		"GET /tenants/one/sync/syncs": `[{"id":"s1","name":"Laptops"}]`, "POST /tenants/one/sync/syncs/s1/runs": run,
		"POST /tenants/one/sync/runs/r1/cancel": `{"id":"r1","state":"canceled"}`,
		"GET /tenants/one/sync/connections":     `[{"id":"c1","name":"Inventory","plugin":"p","synchronizer":"q","settings":{"host":"a"},"rev":4}]`,
		"PUT /tenants/one/sync/connections/c1":  `{"id":"c1","name":"Inventory"}`,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			sent[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/tenants/one/sync")] = string(raw)
			_, _ = io.WriteString(w, body)
		})
	}
	mux.HandleFunc("GET /tenants/one/sync/runs/r1", func(_ http.ResponseWriter, r *http.Request) {
		whileRunning()
		<-r.Context().Done()
	})
	answering(t, mux)
	return sent
}

func TestInterruptLeavesTheRunGoing(t *testing.T) {
	alone(t)
	interrupt := func() {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Signal(os.Interrupt)
		}
		if err != nil {
			t.Error(err)
		}
	}
	sent := oneDesk(t, interrupt)
	code, _, stderr := pergola(t, "admin", "sync", "run", "Laptops")
	if code != 1 || !strings.Contains(stderr, "the run goes on; follow it with pergola admin sync run --follow r1") || !strings.Contains(stderr, "Running: 7 of 9 rows (77 %)") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, canceled := sent["POST /runs/r1/cancel"]; canceled {
		t.Error("the run was canceled")
	}
	code, _, stderr = pergola(t, "admin", "sync", "run", "Laptops", "--cancel-on-interrupt", "--approve")
	if _, canceled := sent["POST /runs/r1/cancel"]; code != 1 || !canceled || !strings.Contains(stderr, "run r1 is canceled") {
		t.Errorf("exit code %d, canceled: %v, %s", code, canceled, stderr)
	}
	if got := sent["POST /syncs/s1/runs"]; got != `{"approved":true}` {
		t.Errorf("the run was asked for with %s", got)
	}
}

func TestSecretsGoFromAFileToTheHost(t *testing.T) {
	alone(t)
	sent := oneDesk(t, func() {})
	write(t, "password.txt", "hush 1\n")
	write(t, "empty.txt", "\n")
	out := succeeds(t, "sync", "connections", "save", "Inventory", "--secret", "password=password.txt", "--unset", "key")
	const want = `{"name":"Inventory","plugin":"p","synchronizer":"q","settings":{"host":"a"},"secrets":{"key":"","password":"hush 1"},"rev":4}`
	if got := sent["PUT /connections/c1"]; got != want {
		t.Errorf("it sends %s, want %s", got, want)
	}
	if strings.Contains(out, "hush") {
		t.Errorf("it prints %s", out)
	}
	for want, args := range map[string][]string{
		"nowhere.txt":     {"--secret", "password=nowhere.txt"},
		"holds no secret": {"--secret", "password=empty.txt"},
		"one thing only":  {"--settings", "-", "--secret", "password=-"},
		"holds no JSON":   {"--settings", "password.txt"},
		"--source: \"p\"": {"--source", "p"},
	} {
		fails(t, want, append([]string{"sync", "connections", "save", "Inventory"}, args...)...)
	}
}

func TestSiteIsNamedByIDAliasOrHost(t *testing.T) {
	alone(t)
	desks(t)
	for named, want := range map[string]string{"one-id": "of one-id", "stuvwxyz": "of two-id", "one.example": "of one-id", "Two.example:8443": "of two-id", "https://one.example/": "of one-id"} {
		out := succeeds(t, "sync", "connections", "list", "--tenant", named)
		if !strings.Contains(out, want) || strings.Contains(out, "\x1b") {
			t.Errorf("%s leads to %q, want %s", named, out, want)
		}
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "name one with --tenant: one-id (one.example, active), two-id (two.example:8443, disabled)"},
		{[]string{"--tenant", "three"}, 1, `there is no site "three" here`},
	} {
		code, _, stderr := pergola(t, append([]string{"admin", "sync", "connections", "list"}, tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: exit code %d, %s", tt.args, code, stderr)
		}
	}
	fails(t, "(request abc7)", "sync", "list", "--tenant", "one-id")
}

func TestWithoutAHostTheCommandSaysToStartOne(t *testing.T) {
	alone(t)
	fails(t, "no host runs on data; start it there with pergola serve", "sync", "list")
	fails(t, "no host runs on elsewhere", "sync", "list", "--data", "elsewhere")
}
