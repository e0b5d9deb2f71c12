package app_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is our own import path.
const module = "github.com/pergola-platform/pergola"

// layers says which of our folders a folder may import: plugins, examples ──► sdk ◄── core ◄── host. A plugin and an
// example also see their own folder, and nobody else's; plugins also what they agreed on.
var layers = map[string][]string{
	"sdk":      {"sdk"},
	"core":     {"core", "sdk"},
	"host":     {"host", "core", "sdk"},
	"plugins":  {"sdk"},
	"examples": {"sdk"},
}

// agreed is what plugins say to one another: it belongs to no plugin, and imports none.
const agreed = "plugins/relations"

// place says where a third-party library may be imported. Each has one place behind our own small interface, so that it
// can be replaced there. A library without a place may not be imported at all.
type place struct {
	library string   // import path and everything below it
	in      []string // folders, with everything below them
	tests   []string // further folders whose tests may import it
}

var everywhere = []string{"core", "examples", "host", "plugins", "sdk"}

var places = []place{
	{library: "github.com/tinylib/msgp", in: []string{"sdk", "core", "host/api", "host/services", "plugins"}, tests: everywhere},
	{library: "github.com/tetratelabs/wazero", in: []string{"core/wasm", "core/bench"}, tests: []string{"core/fuel"}},
	{library: "github.com/santhosh-tekuri/jsonschema", in: []string{"core/manifest", "host/api", "host/ui/schemaform", "host/sandbox/openapi/openapitest"}, tests: []string{"host/sandbox/seed", "host/configset"}},
	{library: "golang.org/x/text", in: []string{"core/manifest", "host/api", "host/ui/schemaform"}}, // jsonschema words its errors with it
	{library: "golang.org/x/mod", in: []string{"core"}},
	{library: "aead.dev/minisign", in: []string{"core/bundle"}},
	{library: "oras.land/oras-go", in: []string{"core/bundle/oci"}},
	{library: "github.com/opencontainers", in: []string{"core/bundle/oci"}}, // the types that oras speaks in
	{library: "golang.org/x/sys", in: []string{"core/process", "core/snapshot"}},
	{library: "github.com/hashicorp/go-plugin", in: []string{"core/process", "sdk/process", "core/bench"}},
	{library: "github.com/hashicorp/go-hclog", in: []string{"core/process", "sdk/process", "core/bench"}}, // go-plugin's logger, to be switched off
	{library: "google.golang.org/grpc", in: []string{"core/process", "sdk/process", "core/bench"}},
	{library: "google.golang.org/protobuf", in: []string{"sdk/process", "core/bench"}, tests: []string{"core/process"}},
	{library: "github.com/gofiber/fiber", in: []string{"host/web"}, tests: []string{"host/app"}}, // its benchmark measures against bare Fiber
	{library: "github.com/valyala/fasthttp", in: []string{"host/web"}, tests: []string{"host/app"}},
	{library: "github.com/golang-jwt/jwt", in: []string{"host/auth"}},
	{library: "github.com/knadh/koanf", in: []string{"host/config"}},
	// Manifests of Forge apps, and configuration that admins keep as code: problems are told with their lines. koanf's parser links it anyway.
	{library: "go.yaml.in/yaml", in: []string{"host/forge", "host/sandbox/forge", "host/syncing/blueprint"}},
	{library: "modernc.org/sqlite", in: []string{"host/store/sqlitestore", "host/sandbox/world/disk", "plugins/database-sync"}, tests: []string{"host"}},
	{library: "github.com/tidwall/btree", in: []string{"host/sandbox/world"}}, // ordered maps of which a copy costs nothing
	{library: "github.com/klauspost/compress", in: []string{"host/canary"}},   // what tests search may be compressed
	{library: "go.mongodb.org/mongo-driver", in: []string{"host/store/mongostore"}},
	{library: "github.com/tink-crypto", in: []string{"host/seal/kms"}},
	{library: "github.com/nats-io", in: []string{"host/jobs"}}, // server and client
	{library: "github.com/robfig/cron", in: []string{"host/jobs/when"}},
	{library: "github.com/prometheus/client_golang", in: []string{"host/metrics"}},
	{library: "github.com/google/cel-go", in: []string{"host/syncer/mapping"}},
	{library: "github.com/alecthomas/kong", in: []string{"host/cmd/pergola"}},
	{library: "golang.org/x/term", in: []string{"host/cmd/pergola"}},
	{library: "codeberg.org/go-pdf/fpdf", in: []string{"plugins"}},
	{library: "github.com/boombuler/barcode", in: []string{"plugins"}},
	{library: "rsc.io/qr", in: []string{"plugins"}},
	{library: "github.com/jackc/pgx", in: []string{"plugins/database-sync"}},
	{library: "github.com/go-sql-driver/mysql", in: []string{"plugins/database-sync"}},
	{library: "github.com/microsoft/go-mssqldb", in: []string{"plugins/database-sync"}},
	{library: "github.com/sijms/go-ora", in: []string{"plugins/database-sync"}},
	{library: "golang.org/x/crypto/ssh", in: []string{"plugins/database-sync"}},
	{library: "golang.org/x/net/dns", tests: []string{"plugins/database-sync"}}, // a name that moves

	// The engine's peers, which it is measured against.
	{library: "github.com/extism/go-sdk", in: []string{"core/bench"}},
	{library: "github.com/knqyf263/go-plugin", in: []string{"core/bench"}},

	{library: "github.com/google/go-cmp", tests: everywhere},
	{library: "github.com/google/go-containerregistry", tests: []string{"core/bundle/oci", "host/cmd"}}, // its registry
	{library: "github.com/andygrunwald/go-jira", tests: []string{"host/sandbox/judges"}},
	{library: "github.com/chromedp", tests: []string{"host"}},
	{library: "github.com/makiuchi-d/gozxing", tests: []string{"host", "plugins"}},
}

// heavy are packages of the standard library that the SDK leaves to the host: they do in a guest, ten times slower, what the
// host can do before the guest is asked, or offer what a guest cannot do at all.
var heavy = []string{"encoding/json", "html/template", "net", "net/http", "os/exec", "text/template"}

// importOf is one import of one file. An external test package counts as its folder's.
type importOf struct {
	file string // slash-separated, from the root
	line int
	path string
}

func TestImportsFollowTheArrows(t *testing.T) {
	for _, i := range imports(t, root(t)) {
		if why := wrong(i); why != "" {
			t.Errorf("%s:%d imports %q: %s", i.file, i.line, i.path, why)
		}
	}
}

// wrong says which rule an import breaks, "" for none.
func wrong(i importOf) string {
	dir := path.Dir(i.file)
	layer, _, _ := strings.Cut(dir, "/")
	isTest := strings.HasSuffix(i.file, "_test.go") || suite(dir)

	if target, ours := strings.CutPrefix(i.path, module+"/"); ours {
		if suite(target) && !isTest {
			return fmt.Sprintf("%s ─✗─► %s; it is for tests only", dir, target)
		}
		return wrongArrow(dir, layer, target)
	}
	if first, _, _ := strings.Cut(i.path, "/"); !strings.Contains(first, ".") { // the standard library
		if layer == "sdk" && !isTest && slices.Contains(heavy, i.path) {
			return "sdk ─✗─► " + i.path + "; leave that work to the host"
		}
		return ""
	}
	for _, p := range places {
		if !under(i.path, p.library) {
			continue
		}
		if underAny(dir, p.in) || isTest && underAny(dir, p.tests) {
			return ""
		}
		if len(p.in) == 0 {
			return fmt.Sprintf("%s ─✗─► %s; it is for tests in %s only", dir, p.library, strings.Join(p.tests, ", "))
		}
		return fmt.Sprintf("%s ─✗─► %s; its place is %s", dir, p.library, strings.Join(p.in, ", "))
	}
	return fmt.Sprintf("%s ─✗─► a library without a place; use one that we have, or name its one place in this test", dir)
}

// wrongArrow judges an import from dir of our own folder target.
func wrongArrow(dir, layer, target string) string {
	to, _, _ := strings.Cut(target, "/")
	switch {
	case under(target, "core/bench") && !under(dir, "core/bench"):
		return fmt.Sprintf("%s ─✗─► core/bench; it is a module of its own, and nobody depends on it", dir)
	case under(target, "host/app") && !under(dir, "host/app") && !under(dir, "host/cmd"):
		return fmt.Sprintf("%s ─✗─► host/app; it knows everybody and only host/cmd knows it", dir)
	case slices.Contains(layers[layer], to):
		return ""
	case layer == "plugins" && under(target, agreed):
		return ""
	case layer == to && feature(dir) == feature(target): // a plugin's or example's own folder
		return ""
	}
	return fmt.Sprintf("%s ─✗─► %s; %s may import %s", layer, to, layer, strings.Join(layers[layer], ", "))
}

// suite says whether a folder holds what tests share, such as core/drivertest: part of the tests, though not in _test files.
func suite(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(name string) bool { return strings.HasSuffix(name, "test") })
}

// feature is the folder of one plugin or example.
func feature(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

func TestArrowRulesRefuseWhatTheyShould(t *testing.T) {
	own := func(p string) string { return module + "/" + p }
	for _, tt := range []struct {
		file, imports string
		want          string // a part of the complaint, "" for none
	}{
		{"plugins/a/main.go", own("sdk/view"), ""},
		{"plugins/a/main.go", own("plugins/a/label"), ""},
		{"plugins/a/main.go", own("plugins/b/label"), "plugins ─✗─► plugins"},
		{"plugins/a/main.go", own("plugins/relations"), ""},
		{"plugins/relations/links.go", own("plugins/a/label"), "plugins ─✗─► plugins"},
		{"plugins/a/main.go", own("core/manifest"), "plugins ─✗─► core"},
		{"plugins/a/a_test.go", own("core/wasm"), "plugins ─✗─► core"},
		{"examples/hello/main.go", own("host/app"), "─✗─► host/app"},
		{"sdk/plugin.go", own("core/driver"), "sdk ─✗─► core"},
		{"sdk/jira/jira.go", "encoding/json", "leave that work to the host"},
		{"sdk/jira/jira_test.go", "encoding/json", ""},
		{"sdk/sdktest/sdktest.go", "encoding/json", ""},
		{"plugins/a/a_test.go", own("sdk/sdktest"), ""},
		{"plugins/a/main.go", own("sdk/sdktest"), "for tests only"},
		{"core/drivertest/tests.go", "github.com/google/go-cmp/cmp", ""},
		{"core/engine.go", own("core/drivertest/fixture"), "for tests only"},
		{"core/engine.go", own("sdk/wire"), ""},
		{"core/engine.go", own("host/store"), "core ─✗─► host"},
		{"host/web/server.go", own("core"), ""},
		{"host/web/server.go", own("plugins/a/label"), "host ─✗─► plugins"},
		{"host/web/server.go", own("host/app"), "─✗─► host/app"},
		{"host/application/a.go", own("host/app"), "─✗─► host/app"},
		{"host/cmd/pergola/main.go", own("host/app"), ""},
		{"host/app/app_test.go", own("host/app"), ""},
		{"core/wasm/driver.go", "github.com/tetratelabs/wazero/api", ""},
		{"core/engine.go", "github.com/tetratelabs/wazero", "its place is core/wasm"},
		{"core/bench/call.go", "github.com/extism/go-sdk", ""},
		{"core/bench/call.go", own("core/bench/rounds"), ""},
		{"core/wasm/driver.go", "github.com/extism/go-sdk", "its place is core/bench"},
		{"core/engine.go", own("core/bench/rounds"), "nobody depends on it"},
		{"core/wasmx/a.go", "github.com/tetratelabs/wazero", "its place is core/wasm"},
		{"host/web/server.go", "github.com/gofiber/fiber/v2", ""},
		{"host/app/bench_test.go", "github.com/gofiber/fiber/v2", ""},
		{"host/app/app.go", "github.com/gofiber/fiber/v2", "its place is host/web"},
		{"core/bundle/oci/push.go", "oras.land/oras-go/v2/content", ""},
		{"core/bundle/pack.go", "oras.land/oras-go/v2", "its place is core/bundle/oci"},
		{"host/jobs/board/board.go", "github.com/nats-io/nats.go/jetstream", ""},
		{"host/syncer/syncer.go", "github.com/nats-io/nats.go", "its place is host/jobs"},
		{"plugins/a/label/pdf.go", "codeberg.org/go-pdf/fpdf", ""},
		{"host/ui/pdf.go", "codeberg.org/go-pdf/fpdf", "its place is plugins"},
		{"sdk/view/new.go", "github.com/google/go-cmp/cmp", "for tests"},
		{"sdk/view/new_test.go", "github.com/google/go-cmp/cmp", ""},
		{"host/jira/client.go", "example.com/left-pad", "without a place"},
	} {
		got := wrong(importOf{file: tt.file, line: 1, path: tt.imports})
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s importing %s: got %q, want a complaint with %q", tt.file, tt.imports, got, tt.want)
		}
	}
}

// imports reads the imports of every Go file below dir, whatever its build tags say.
func imports(t *testing.T, dir string) []importOf {
	t.Helper()
	var out []importOf
	fset := token.NewFileSet()
	for _, name := range goFiles(t, dir) {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("parse %s: %v", name, err)
			continue
		}
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out = append(out, importOf{file: name, line: fset.Position(spec.Pos()).Line, path: p})
		}
	}
	return out
}

func under(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func underAny(p string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return under(p, dir) })
}

// root is the folder of go.mod.
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
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

// goFiles lists the Go files of the repository, except those that the go command does not look at either.
func goFiles(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(files(t, dir), func(name string) bool {
		return !strings.HasSuffix(name, ".go") || slices.Contains(strings.Split(name, "/"), "testdata")
	})
}

// files lists the repository's files, slash-separated from dir: all but git's own and what .gitignore keeps out.
func files(t *testing.T, dir string) []string {
	t.Helper()
	skip := ignored(t, dir)
	var out []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case rel == ".git" || skip(rel):
			if d.IsDir() {
				return filepath.SkipDir
			}
		case !d.IsDir():
			out = append(out, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files below %s: the walk is broken", len(out), dir)
	}
	return out
}

// ignored reads .gitignore, whose patterns are all of two kinds: rooted ("/bin/") and names ("*.swp").
func ignored(t *testing.T, dir string) func(rel string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	var rooted, names []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(strings.TrimSpace(line), "/")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "/"):
			rooted = append(rooted, line[1:])
		case !strings.ContainsAny(line, "/!?[\\"):
			names = append(names, line)
		default:
			t.Fatalf(".gitignore: %q is neither /rooted nor a plain name; keep it simple", line)
		}
	}
	return func(rel string) bool {
		return slices.Contains(rooted, rel) || slices.ContainsFunc(names, func(pattern string) bool {
			ok, err := path.Match(pattern, path.Base(rel))
			return err == nil && ok
		})
	}
}
