package services_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
)

// tree is what the files say that a capability is made of.
type tree struct {
	clients     map[string]string // operation → the file of sdk that declares it
	files       []string          // of host/services
	permissions []string          // of core/manifest/permission.go
	schema      []string          // permissions in the manifest's schema
}

// forgotten names the files that a capability still lacks.
func forgotten(rows []capability.Row, tr tree) []string {
	var out []string
	say := func(parts ...string) { out = append(out, strings.Join(parts, " ")) }
	used := map[string]bool{manifest.JiraSearchAs: true} // asked for by a field of operations that have another permission
	served := map[string]bool{}
	for _, r := range rows {
		served[r.Op] = true
		name, _, _ := strings.Cut(r.Op, ".")
		if tr.clients[r.Op] == "" {
			say("sdk/"+name+"/"+name+".go", "declares no operation", r.Op)
		}
		if !slices.Contains(tr.files, name+".go") {
			say("host/services/"+name+".go", "is missing")
		}
		if used[r.Permission] = true; r.Permission == "" {
			continue
		}
		if !slices.Contains(tr.permissions, r.Permission) {
			say("core/manifest/permission.go", "does not know", r.Permission)
		}
		if !slices.Contains(tr.schema, r.Permission) {
			say("core/manifest/plugin-manifest.schema.json", "does not allow", r.Permission)
		}
	}
	for op, file := range tr.clients {
		if !served[op] {
			say("host/services/services.go", "has no row for", op, "of", file)
		}
	}
	for _, p := range slices.Concat(tr.permissions, tr.schema) {
		if !used[p] {
			say("host/services/services.go", "has no row that needs", p)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestNoFileOfACapabilityIsForgotten(t *testing.T) {
	tr := tree{clients: clients(t), schema: schemaPermissions(t)}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	tr.files = files
	for _, p := range manifest.Permissions() {
		tr.permissions = append(tr.permissions, p.Name)
	}
	if len(tr.clients) < 8 || len(tr.schema) < 2 {
		t.Fatalf("found %d operations and %d permissions; the test looks in the wrong place", len(tr.clients), len(tr.schema))
	}
	rows := services.New(services.Deps{})
	for _, missing := range forgotten(rows, tr) {
		t.Error(missing)
	}
	if len(rows) != len(tr.clients) {
		t.Errorf("%d rows for %d operations", len(rows), len(tr.clients))
	}
}

func TestForgottenNamesEachFile(t *testing.T) {
	whole := tree{
		clients:     map[string]string{"clock.now": "sdk/clock/clock.go"},
		files:       []string{"clock.go"},
		permissions: []string{"clock"},
		schema:      []string{"clock"},
	}
	rows := []capability.Row{{Op: "clock.now", Permission: "clock"}}
	for name, c := range map[string]struct {
		forget func(*tree)
		rows   []capability.Row
		want   []string
	}{
		"nothing":    {func(*tree) {}, rows, nil},
		"client":     {func(tr *tree) { tr.clients = nil }, rows, []string{"sdk/clock/clock.go declares no operation clock.now"}},
		"service":    {func(tr *tree) { tr.files = nil }, rows, []string{"host/services/clock.go is missing"}},
		"permission": {func(tr *tree) { tr.permissions = nil }, rows, []string{"core/manifest/permission.go does not know clock"}},
		"schema":     {func(tr *tree) { tr.schema = nil }, rows, []string{"core/manifest/plugin-manifest.schema.json does not allow clock"}},
		"row": {func(*tree) {}, nil, []string{
			"host/services/services.go has no row for clock.now of sdk/clock/clock.go", "host/services/services.go has no row that needs clock",
		}},
	} {
		tr := whole
		c.forget(&tr)
		if diff := cmp.Diff(c.want, forgotten(c.rows, tr)); diff != "" {
			t.Errorf("%s forgotten (-want +got):\n%s", name, diff)
		}
	}
}

// clients reads the constants Op… of the SDK's packages. Those of sdk/wire and sdk/sync go the other way, from host to plugin.
func clients(t *testing.T) map[string]string {
	t.Helper()
	const root = "../../"
	paths, err := filepath.Glob(root + "sdk/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, path := range paths {
		name := strings.TrimPrefix(filepath.ToSlash(path), root)
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "sdk/wire/") || strings.HasPrefix(name, "sdk/sync/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, spec := range gen.Specs {
				value := spec.(*ast.ValueSpec)
				if !strings.HasPrefix(value.Names[0].Name, "Op") || len(value.Values) != 1 {
					continue
				}
				if literal, ok := value.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					op, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					found[op] = name
				}
			}
		}
	}
	return found
}

func schemaPermissions(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../../core/manifest/plugin-manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Permissions struct {
				Items struct {
					Properties struct {
						Name struct {
							Enum []string `json:"enum"`
						} `json:"name"`
					} `json:"properties"`
				} `json:"items"`
			} `json:"permissions"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	return schema.Properties.Permissions.Items.Properties.Name.Enum
}
