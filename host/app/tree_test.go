package app_test

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// topLevel is everything that may stand beside this repository's go.mod.
var topLevel = []string{
	"core", "examples", "host", "plugins", "sdk",
	"Makefile", "go.mod", "go.sum", "plugin-manifest.schema.json",
	"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "NOTICE", "RATIONALE.md", "README.md", "SECURITY.md",
	".ci", ".editorconfig", ".gitattributes", ".gitignore", ".golangci.yml",
}

func TestTopLevelHoldsOnlyWhatItShould(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range files(t, root(t)) {
		first, _, _ := strings.Cut(name, "/")
		if !seen[first] && !slices.Contains(topLevel, first) {
			t.Errorf("%s stands at the top level; its place is in one of %s", first, strings.Join(topLevel[:5], ", "))
		}
		seen[first] = true
	}
}

// modules are the folders that may have a go.mod: the root, and what would bring the product libraries that it does not ship.
var modules = []string{".", "core/bench"}

func TestModulesAreWhereTheyShouldBe(t *testing.T) {
	var found []string
	for _, name := range files(t, root(t)) {
		if path.Base(name) == "go.mod" {
			found = append(found, path.Dir(name))
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, modules) {
		t.Errorf("there is a go.mod in %v, and it may be in %v only", found, modules)
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	dir := root(t)
	type pkg struct{ name, doc string }
	packages := map[string]pkg{}
	for _, name := range goFiles(t, dir) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Errorf("parse %s: %v", name, err)
			continue
		}
		p := packages[path.Dir(name)]
		packages[path.Dir(name)] = pkg{f.Name.Name, cmp.Or(p.doc, docOf(f))}
	}
	for where, p := range packages {
		switch {
		case p.doc == "":
			t.Errorf("package %s has no comment; say in one sentence what it is for, and with which type to start", where)
		case p.name != "main" && !strings.HasPrefix(p.doc, "Package "+p.name+" "):
			t.Errorf("the comment of package %s begins %.40q; begin with %q", where, p.doc, "Package "+p.name+" ")
		}
	}
}

// docOf is the package comment of a file, without directives.
func docOf(f *ast.File) string {
	if f.Doc == nil {
		return ""
	}
	return strings.TrimSpace(f.Doc.Text())
}

// A path of one machine in a file is a thing that works nowhere else; a registry's address is what the user's own
// configuration of npm or Go says. The patterns are put together here so that this file does not match itself.
var (
	machinePath = regexp.MustCompile(`(^|[^A-Za-z0-9_.~}/-])/(` + strings.Join([]string{"work", "root", "home"}, "|") + `)/[A-Za-z0-9_.-]+`)
	registries  = regexp.MustCompile(strings.Join([]string{
		`proxy\.golang\.` + `org`, `sum\.golang\.` + `org`, `goproxy\.` + `(io|cn)`, `registry\.npmjs\.` + `org`,
		`registry\.yarnpkg\.` + `com`, `npm\.pkg\.github\.` + `com`, `files\.pythonhosted\.` + `org`, `deb\.debian\.` + `org`,
	}, "|"))
)

func TestNoFileNamesAMachineOrARegistry(t *testing.T) {
	dir := root(t)
	for _, name := range files(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			continue // not text
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			if m := machinePath.Find(line); m != nil {
				t.Errorf("%s:%d holds the path of one machine: %q", name, i+1, bytes.TrimSpace(m))
			}
			if m := registries.Find(line); m != nil {
				t.Errorf("%s:%d names the registry %s; leave that to the configuration of whoever builds", name, i+1, m)
			}
		}
	}
}

func TestMachineAndRegistryPatternsFindWhatTheyShould(t *testing.T) {
	home, npm := "/ho"+"me/anna/x.go", "https://registry.npmjs."+"org/left-pad"
	for _, in := range []string{home, `"` + home, "see " + home, "file:" + home} {
		if !machinePath.MatchString(in) {
			t.Errorf("%q was not found", in)
		}
	}
	for _, in := range []string{"host/work/main", "/rest/home/page", "$(HOME)/x", "https://a.example/work/x"} {
		if machinePath.MatchString(in) {
			t.Errorf("%q was taken for a machine's path", in)
		}
	}
	if !registries.MatchString(npm) {
		t.Errorf("%q was not found", npm)
	}
}

// maxLines is where a Go file has become two topics. Generated code does not count.
const maxLines = 500

func TestNoGoFileIsTooLong(t *testing.T) {
	dir := root(t)
	type long struct {
		name  string
		lines int
	}
	var list []long
	for _, name := range goFiles(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\n")); n > maxLines && !generated.Match(text) {
			list = append(list, long{name, n})
		}
	}
	slices.SortFunc(list, func(a, b long) int { return b.lines - a.lines })
	for _, l := range list {
		t.Errorf("%s has %d lines, more than %d: which two topics does it hold?", l.name, l.lines, maxLines)
	}
}

// generated is the line by which the go command knows generated files.
var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
