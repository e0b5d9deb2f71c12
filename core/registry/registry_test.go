package registry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/registry"
)

func pluginJSON(id, version, entry string) string {
	return `{
  "manifestVersion": 1,
  "id": "` + id + `",
  "name": "Test",
  "version": "` + version + `",
  "publisher": {"name": "Acme"},
  "description": "A plugin for a test.",
  "compat": {"abi": 1},
  "runtime": {"kind": "wasm", "entry": "` + entry + `"},
  "modules": [{"type": "issuePanel", "key": "panel", "name": "Test", "view": "panel"}]
}`
}

// write puts files, by path, under a new directory.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOpenReadsBundlesAndReportsBrokenOnes(t *testing.T) {
	dir := write(t, map[string]string{
		"good/plugin.json":      pluginJSON("acme.good", "1.0.0", "plugin.wasm"),
		"good/plugin.wasm":      "\x00asm good",
		"nocode/plugin.json":    pluginJSON("acme.nocode", "1.0.0", "plugin.wasm"),
		"broken/plugin.json":    `{"manifestVersion": 1,`,
		"wrong/plugin.json":     `{"manifestVersion": 1}`,
		"huge/plugin.json":      strings.Repeat(" ", registry.MaxManifest+1),
		"isdir/plugin.json/x":   "",
		"notes/README":          "not a bundle",
		".hidden/plugin.json":   `{`,
		"README":                "not a bundle either",
		"old/plugin.json":       pluginJSON("acme.twice", "1.9.0", "plugin.wasm"),
		"old/plugin.wasm":       "old",
		"older/plugin.json":     pluginJSON("acme.twice", "1.2.0", "plugin.wasm"),
		"older/plugin.wasm":     "older",
		"zz-newest/plugin.json": pluginJSON("acme.twice", "1.10.0", "plugin.wasm"),
		"zz-newest/plugin.wasm": "newest",
	})
	r, err := registry.Open(dir, bundle.Trust{})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ dir, id, reason string }{
		{"broken", "", "broken/plugin.json"},
		{"good", "acme.good", ""},
		{"huge", "", "longer than 1 MiB"},
		{"isdir", "", "no plain file"},
		{"nocode", "acme.nocode", "nocode/plugin.wasm, which plugin.json names"},
		{"old", "acme.twice", "version 1.10.0 in zz-newest serves, and version 1.9.0 in old does not"},
		{"older", "acme.twice", "version 1.2.0 in older"},
		{"wrong", "", "wrong/plugin.json"},
		{"zz-newest", "acme.twice", ""},
	}
	entries := r.Entries()
	if len(entries) != len(want) {
		t.Fatalf("got %d entries, want %d", len(entries), len(want))
	}
	for i, w := range want {
		e := entries[i]
		id := ""
		if e.Manifest != nil {
			id = string(e.Manifest.ID)
		}
		if e.Dir != w.dir || id != w.id || (e.Reason == "") != (w.reason == "") || !strings.Contains(e.Reason, w.reason) {
			t.Errorf("entry %d: got %s %q with the reason %q, want %+v", i, e.Dir, id, e.Reason, w)
		}
		if strings.Contains(e.Reason, dir) {
			t.Errorf("%s: the reason shows the host's directories: %s", e.Dir, e.Reason)
		}
	}
	if good := entries[1]; !bytes.Equal(good.Code, []byte("\x00asm good")) || good.Digest != sha256.Sum256([]byte("\x00asm good")) {
		t.Errorf("code %q, digest %x", good.Code, good.Digest)
	}
}

func TestCodeOutsideOfTheBundleIsNotRead(t *testing.T) {
	dir := write(t, map[string]string{
		"link/plugin.json": pluginJSON("acme.link", "1.0.0", "plugin.wasm"),
		"secret.wasm":      "secret",
	})
	if err := os.Symlink("../secret.wasm", filepath.Join(dir, "link", "plugin.wasm")); err != nil {
		t.Skip("no symbolic links here")
	}
	outside := write(t, map[string]string{"plugin.json": pluginJSON("acme.outside", "1.0.0", "plugin.wasm"), "plugin.wasm": "x"})
	if err := os.Symlink(outside, filepath.Join(dir, "outside")); err != nil {
		t.Fatal(err)
	}
	r, err := registry.Open(dir, bundle.Trust{})
	if err != nil {
		t.Fatal(err)
	}
	entries := r.Entries()
	if len(entries) != 2 {
		t.Fatalf("got %+v", entries)
	}
	for _, e := range entries {
		if e.Reason == "" || e.Code != nil {
			t.Errorf("%s: read %q", e.Dir, e.Code)
		}
	}
}

func TestDirectoryThatIsNotThereHoldsNothing(t *testing.T) {
	r, err := registry.Open(filepath.Join(t.TempDir(), "nowhere"), bundle.Trust{})
	if err != nil || len(r.Entries()) != 0 {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestOpenOfAFileIsAnError(t *testing.T) {
	if _, err := registry.Open(filepath.Join(write(t, map[string]string{"file": ""}), "file"), bundle.Trust{}); err == nil {
		t.Error("opened")
	}
}

// engine takes in what it does not refuse.
type engine struct {
	added  []string
	refuse string
}

func (e *engine) Add(_ context.Context, m *manifest.Manifest, code []byte) error {
	if string(m.ID) == e.refuse {
		return errors.New("code and plugin.json disagree")
	}
	e.added = append(e.added, string(m.ID)+" "+string(code))
	return nil
}

func TestInstallAddsTheGoodAndKeepsTheEnginesReasons(t *testing.T) {
	r, err := registry.Open(write(t, map[string]string{
		"a/plugin.json": pluginJSON("acme.a", "1.0.0", "plugin.wasm"), "a/plugin.wasm": "A",
		"b/plugin.json": pluginJSON("acme.b", "1.0.0", "plugin.wasm"), "b/plugin.wasm": "B",
		"c/plugin.json": "{",
	}), bundle.Trust{})
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{refuse: "acme.a"}
	if err := r.Install(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"acme.b B"}, e.added); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
	reasons := []bool{}
	for _, entry := range r.Entries() {
		reasons = append(reasons, entry.Reason != "")
	}
	if diff := cmp.Diff([]bool{true, false, true}, reasons); diff != "" {
		t.Errorf("entries with a reason (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Install(ctx, e); !errors.Is(err, context.Canceled) {
		t.Errorf("install after the end: %v", err)
	}
}
