package oci_test

import (
	"bufio"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/pergola-platform/pergola/core/bundle"
)

// inProcess is a registry in this process, for the tests that want to be between it and its clients.
func inProcess() http.Handler {
	return registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)))
}

// serve serves a registry on loopback and returns its host and port.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// registries are real registries, by name; each call starts an empty one.
var registries = map[string]func(t *testing.T) (host string){
	"go-containerregistry": func(t *testing.T) string { return serve(t, inProcess()) },
	"distribution":         distribution,
}

var listening = regexp.MustCompile(`listening on (127\.0\.0\.1:[0-9]+)`)

// distribution starts Debian's docker-registry. It is the older and the stricter of the two; not every system has it.
func distribution(t *testing.T) string {
	path, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("docker-registry is not installed")
	}
	config := filepath.Join(t.TempDir(), "config.yml")
	text := "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: " + t.TempDir() + "\nhttp:\n  addr: 127.0.0.1:0\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "serve", config)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	host, read := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				host <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
	})
	select {
	case h := <-host:
		return h
	case <-read:
		t.Fatal("docker-registry ended at its start")
	case <-time.After(30 * time.Second):
		t.Fatal("docker-registry does not start")
	}
	return ""
}

func secret(t *testing.T) bundle.SecretKey {
	t.Helper()
	k, err := bundle.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func trust(k bundle.SecretKey) bundle.Trust {
	return bundle.Trust{Publishers: []bundle.Pin{{Publisher: "acme", IDs: "acme.*", Key: k.Public()}}}
}

func pack(t *testing.T, version, code string) *bundle.Bundle {
	t.Helper()
	archive, err := bundle.Encode([]bundle.File{
		{Path: "plugin.json", Data: []byte(`{"manifestVersion": 1, "id": "acme.labels", "name": "Labels", "version": "` + version + `", "publisher": {"name": "Acme"},
			"description": "A plugin for a test.", "compat": {"abi": 1}, "runtime": {"kind": "wasm", "entry": "plugin.wasm"}}`)},
		{Path: "plugin.wasm", Data: []byte(code)},
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Parse("acme.labels.pergola", archive)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sign(k bundle.SecretKey, b *bundle.Bundle) []byte {
	return k.Sign(b.Name, b.Archive, time.Unix(1_800_000_000, 0))
}

func says(t *testing.T, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}
