// Package judges_test runs clients that nobody here wrote against the sandbox: what they make of it is what they make of Jira.
package judges_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/sandbox/openapi/openapitest"
)

func TestMain(m *testing.M) {
	code := chromiumtest.Main(m)
	openapitest.Figures(os.Stdout)
	os.Exit(code)
}

// workshop copies a judge beside its installed packages and returns the folder. Where they are missing it skips the test, and
// fails it with CI=true.
func workshop(t *testing.T, name string) string {
	t.Helper()
	absent := func(what string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	if _, err := exec.LookPath("node"); err != nil {
		absent("no node: install node 20 or newer with npm, and run .ci/needs.sh")
	}
	installed, err := filepath.Abs(filepath.Join("../../../bin/judges", name))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(name, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.ReadFile(filepath.Join(installed, "package-lock.json")); err != nil || !bytes.Equal(have, want) {
		absent("the judge " + name + " is not in bin/judges as its lock file says: run .ci/needs.sh")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(installed, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// figure prints a line that scripts look for.
func figure(t *testing.T, name string, value int) {
	t.Helper()
	t.Logf("figure %s %d", name, value)
}

func encode(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}
