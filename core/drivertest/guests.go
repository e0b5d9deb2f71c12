package drivertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Languages are the folders of this repository with the fixture in other languages than Go, as Wasm modules that [Build] builds.
var Languages = map[string]string{
	"C":              "core/drivertest/guests/c",
	"AssemblyScript": "core/drivertest/guests/as",
}

// Build returns the Wasm guest in a folder of this repository, such as "examples/c-hello", built with .ci/guest.sh once in
// each test program. Where the compiler is missing it skips the test; with CI=true nothing may be missing, and it fails.
func Build(t testing.TB, folder string) []byte {
	t.Helper()
	once, _ := builds.LoadOrStore(folder, sync.OnceValues(func() ([]byte, error) { return build(folder) }))
	code, err := once.(func() ([]byte, error))()
	if errors.Is(err, errNoCompiler) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return code
}

var builds sync.Map // by folder: func() ([]byte, error)

var errNoCompiler = errors.New("the compiler is missing")

// noCompiler is the exit code of .ci/guest.sh for that.
const noCompiler = 3

func build(folder string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "pergola-guest-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := filepath.Join(dir, "guest.wasm")
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..")
	// The go command keeps a test's outcome until a file changes that the test itself looked at.
	for _, pattern := range []string{folder + "/*", "sdk/wire/pergola.*", ".ci/guest.sh", "bin/asc/package-lock.json"} {
		sources, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			if _, err := os.Stat(source); err != nil {
				return nil, err
			}
		}
	}
	cmd := exec.Command(filepath.Join(root, ".ci", "guest.sh"), folder, out)
	said, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == noCompiler {
		return nil, fmt.Errorf("build %s: %w: %s", folder, errNoCompiler, strings.TrimSpace(string(said)))
	}
	if err != nil {
		return nil, fmt.Errorf("build %s: %w: %s", folder, err, said)
	}
	return os.ReadFile(out)
}
