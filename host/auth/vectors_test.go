package auth_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// vectors decodes a file of test vectors into out. They are not part of the repository: PERGOLA_VECTORS names their
// folder, which is by default shared/vectors beside the checkout. Without them the test is skipped, except in CI.
func vectors(t *testing.T, name string, out any) {
	t.Helper()
	dir := os.Getenv("PERGOLA_VECTORS")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", "vectors")
	}
	file := filepath.Join(dir, name)
	raw, err := os.ReadFile(file)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI must run the test vectors: %v", err)
		}
		t.Skipf("no test vectors, set PERGOLA_VECTORS to their folder: %v", err)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
}

// root returns the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}
