package wasm_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/fuel"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// sdk/wire/ABI.md tells authors in other languages what they may import. What it says of messages is compared in sdk/wire.
func TestABIDocumentsEveryImport(t *testing.T) {
	text, err := os.ReadFile("../../sdk/wire/ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, f := range wasm.HostFunctions() {
		want = append(want, strings.Join(f[:], " "))
	}
	_, imports, _ := strings.Cut(string(text), "\n### Imports\n")
	imports, _, _ = strings.Cut(imports, "\n## ")
	own, wasi, _ := strings.Cut(imports, "\n### WASI\n")
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| `(\\w+)` \\| (\\(.*?\\)[^|]*) \\|").FindAllStringSubmatch(own, -1) {
		got = append(got, strings.Join(m[1:], " "))
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\(.*?\\)[^|]*) \\|").FindAllStringSubmatch(wasi, -1) {
		got = append(got, "wasi_snapshot_preview1 "+strings.Join(m[1:], " "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("imports (-code +ABI.md):\n%s", diff)
	}
	for _, name := range []string{
		"`" + fuel.ExportFuel + "`", "`" + fuel.GlobalPrefix, fmt.Sprintf("of at most %d MiB: a *reactor*", wasm.MaxCode>>20),
		fmt.Sprintf("up to %d,%03d.", capability.MaxHostCalls/1000, capability.MaxHostCalls%1000), fmt.Sprintf("# ABI v%d\n", wire.ABI),
	} {
		if !strings.Contains(string(text), name) {
			t.Errorf("ABI.md does not say %q", name)
		}
	}
}
