package sdk_test

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// guestCeiling is the most that examples/hello may weigh as a Wasm module, in bytes. It weighed 3.85 MB with Go 1.26.8:
// 1.82 MB of those are Go's runtime alone, 0.74 MB package fmt, 0.72 MB the rest that tinylib/msgp links (encoding/json
// and reflect among it, which its init functions hold on to), and 0.53 MB the SDK. Since msgp needs fmt for its errors,
// the SDK would save next to nothing by doing without it. A partner's plugin starts from here, and the host compiles every byte.
const guestCeiling = 3_900_000

func TestHelloStaysSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds for Wasm")
	}
	out := filepath.Join(t.TempDir(), "hello.wasm")
	run(t, []string{"GOOS=wasip1", "GOARCH=wasm"}, "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, "../examples/hello")
	info, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("hello_guest_bytes %d", info.Size())
	if info.Size() > guestCeiling {
		t.Errorf("examples/hello weighs %d bytes, more than %d; find out what came in with: go list -deps", info.Size(), guestCeiling)
	}
}

// What a partner's module downloads and links: a package more is a decision, not an accident.
func TestPartnersLinkOnlyWhatIsListed(t *testing.T) {
	const format = `{{if not .Standard}}{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}{{end}}`
	text := run(t, []string{"GOOS=wasip1", "GOARCH=wasm"}, "list", "-deps", "-f", format,
		"./serve", "./jira", "./log", "./settings", "./store", "./view", "./hostcall", "./wire")
	var foreign, modules []string
	for line := range strings.Lines(text) {
		path, module, _ := strings.Cut(strings.TrimSpace(line), " ")
		if path == "" || strings.HasPrefix(path, "github.com/pergola-platform/pergola/sdk") {
			continue
		}
		foreign = append(foreign, path)
		if !slices.Contains(modules, module) {
			modules = append(modules, module)
		}
	}
	slices.Sort(foreign)
	got := strings.Join(foreign, "\n") + "\n"
	const file = "testdata/deps.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("packages beside the standard library and the SDK (-%s +now):\n%s", file, diff)
	}
	t.Logf("sdk_partner_modules %d", len(modules))

	standard := run(t, []string{"GOOS=wasip1", "GOARCH=wasm"}, "list", "-deps", "./serve", "./jira", "./log", "./settings", "./store", "./view")
	for _, heavy := range []string{"net", "net/http", "os/exec", "regexp", "text/template", "crypto/tls", "log/slog", "testing"} {
		if slices.Contains(strings.Fields(standard), heavy) {
			t.Errorf("package %s is linked into every plugin", heavy)
		}
	}
}

// The program in the package's comment is the first one that a partner copies.
func TestProgramInTheDocumentationBuilds(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var program strings.Builder
	inside := false
	for line := range strings.Lines(file.Doc.Text()) {
		code, indented := strings.CutPrefix(line, "\t")
		switch {
		case indented && code == "package main\n":
			inside = true
		case !indented && strings.TrimSpace(line) != "":
			inside = false
		}
		if inside {
			program.WriteString(code)
		}
	}
	if !strings.Contains(program.String(), "func main() {}") {
		t.Fatalf("no whole program in doc.go:\n%s", program.String())
	}
	// An overlay shows the compiler a directory of this module that is not there.
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	here, err := filepath.Abs("testdata/documentation/main.go")
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{here: source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{source: []byte(program.String()), overlay: replace} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, nil, "build", "-overlay", overlay, "-o", filepath.Join(dir, "program"), "./testdata/documentation")
}

// Every function that a partner can call stands in a runnable example, every exported name has a comment, and that of a
// partner's own says since when it is there.
func TestEveryPublicEntryHasAnExample(t *testing.T) {
	for _, dir := range []string{".", "jira", "log", "settings", "store", "view", "serve", "process"} {
		entries := exported(t, dir)
		used := map[string]bool{}
		tests, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range tests {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(filepath.Base(name), "example") {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					used[s.Sel.Name] = true
				}
				return true
			})
		}
		for name := range entries {
			if !used[name] && name != "Dispatch" { // of the host's side
				t.Errorf("%s: %s is in no example", dir, name)
			}
		}
		if len(entries) == 0 {
			t.Errorf("%s: found no function", dir)
		}
	}
}

// exported returns the functions of the package in dir, and reports what of it is not commented.
func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	documented := false
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(filepath.Base(name), "zz_") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		documented = documented || file.Doc != nil
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			if f.Doc == nil {
				t.Errorf("%s: %s has no comment", name, f.Name.Name)
			}
			if f.Recv == nil {
				out[f.Name.Name] = true
				if f.Name.Name != "Dispatch" && !strings.Contains(f.Doc.Text(), "Since: v") {
					t.Errorf("%s: %s does not say since when it is there", name, f.Name.Name)
				}
			}
		}
	}
	if !documented {
		t.Errorf("%s: the package has no comment", dir)
	}
	return out
}

// Generated code lies beside a directive that generates it, under the name that the directive gives.
func TestGeneratedCodeHasADirective(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(filepath.Base(path), "zz_") {
			return err
		}
		sources, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.go"))
		if err != nil {
			return err
		}
		want := "//go:generate msgp -tests=false -io=false -o " + filepath.Base(path) + "\n"
		for _, s := range sources {
			if text, err := os.ReadFile(s); err == nil && strings.Contains(string(text), want) {
				return nil
			}
		}
		t.Errorf("%s: no file beside it says %s", path, want)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run runs the go command and returns what it printed.
func run(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = append(os.Environ(), env...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, complaints.String())
	}
	return string(out)
}
