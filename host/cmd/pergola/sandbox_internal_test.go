package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/pergola-platform/pergola/host/app"
)

func TestSandboxServesWithoutAFurtherWord(t *testing.T) {
	for _, args := range [][]string{
		{"sandbox"}, {"sandbox", "--listen", "127.0.0.1:1", "--data", "d", "--json"}, {"sandbox", "serve", "--listen", "127.0.0.1:1"},
	} {
		parser, err := kong.New(&cli{})
		if err != nil {
			t.Fatal(err)
		}
		k, err := parser.Parse(args)
		if err != nil {
			t.Errorf("%v: %v", args, err)
			continue
		}
		if k.Command() != "sandbox serve" || works(k.Command()) {
			t.Errorf("%v runs %q", args, k.Command())
		}
	}
}

func TestFaultsOfARunningSandbox(t *testing.T) {
	dir := alone(t)
	site, err := app.StartSandbox(app.SandboxConfig{Dir: dir, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = site.Close(context.Background()) }()
	sandbox := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		code, stdout, stderr := pergola(t, append([]string{"sandbox", "fault"}, append(args, "--site", site.URL())...)...)
		if code != want {
			t.Fatalf("%v: exit code %d, want %d: %s%s", args, code, want, stdout, stderr)
		}
		return stdout, stderr
	}
	out, _ := sandbox(0, "add", "status", "--status", "503", "--path", "/rest/**", "--times", "1")
	if out != "Fault 1: answers 503; REST /rest/**; 1 times.\n" {
		t.Errorf("add prints %q", out)
	}
	sandbox(0, "add", "skew", "--skew=-10m", "--on", "token", "--json")
	r, err := http.Get(site.URL() + "/rest/api/3/serverInfo")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	if r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d, want that of the fault", r.StatusCode)
	}
	if out, _ = sandbox(0, "log"); !strings.Contains(out, "answered 503") || !strings.Contains(out, "GET /rest/api/3/serverInfo") {
		t.Errorf("log prints\n%s", out)
	}
	if out, _ = sandbox(0, "list"); strings.Contains(out, "answers 503") || !strings.Contains(out, "clock is off by -10m0s") {
		t.Errorf("list prints\n%s", out)
	}
	out, _ = sandbox(0, "list", "--json")
	var rule struct{ ID, Effect, On, Skew string }
	if err := json.Unmarshal([]byte(out), &rule); err != nil || rule.ID != "2" || rule.Effect != "skew" || rule.On != "token" || rule.Skew != "-10m0s" {
		t.Errorf("list --json prints %s: %v", out, err)
	}
	sandbox(0, "remove", "2")
	sandbox(1, "remove", "2")
	sandbox(0, "remove", "--all")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"remove"}, "--all"},
		{[]string{"add", "explode"}, "must be one of"},
		{[]string{"add", "latency"}, "needs a delay"},
		{[]string{"add", "status", "--status", "418"}, "503"},
	} {
		if _, said := sandbox(2, tt.args...); !strings.Contains(said, tt.want) {
			t.Errorf("%v: %q, want a word on %q", tt.args, said, tt.want)
		}
	}
	code, _, said := pergola(t, "sandbox", "fault", "list", "--site", "nowhere")
	if code != 2 || !strings.Contains(said, "http://127.0.0.1:8090") {
		t.Errorf("a wrong address: %d, %q", code, said)
	}
}

func TestSeedOfTheSandboxIsRefusedWithWhatToDo(t *testing.T) {
	alone(t)
	if err := os.WriteFile("site.json", []byte("{\"format\": 1,\n \"users\": [{\"account\": \"a\", \"nam\": \"Mia\"}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	site, err := app.StartSandbox(app.SandboxConfig{Dir: "old", Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--data", "old", "--scale", "1"}, 1, "--data, or delete " + filepath.Join("old", "site.db")},
		{[]string{"--data", "new", "--seed", "site.json"}, 1, "site.json:2: $.users[0]"},
		{[]string{"--data", "new", "--seed", "site.xml"}, 1, ".csv"},
		{[]string{"--data", "new", "--scale", "501"}, 2, "between 1 and 500"},
	} {
		code, _, stderr := pergola(t, append([]string{"sandbox", "--listen", "127.0.0.1:0"}, tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: exit code %d, %s; want %d, %s", tt.args, code, stderr, tt.code, tt.want)
		}
	}
}
