package wire_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// ABI.md is the contract for those who do not read Go, so it has to say what the code says.

func TestABIDocumentsEveryFieldOfEveryMessage(t *testing.T) {
	sections := abiSections(t)
	for name, make := range types {
		typ := reflect.TypeOf(make()).Elem()
		if typ.Kind() != reflect.Struct || byHand(name) {
			continue
		}
		var want, got [][]string
		for i := range typ.NumField() {
			f := typ.Field(i)
			tag, options, _ := strings.Cut(f.Tag.Get("msg"), ",")
			sent := "always"
			if strings.Contains(options, "omitempty") {
				sent = "if set"
			}
			want = append(want, []string{tag, wireType(f.Type), sent})
		}
		for _, row := range sections[name] {
			got = append(got, row[:min(3, len(row))])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ABI.md, %s: field, type and when it is sent (-code +document):\n%s", name, diff)
		}
	}
	envelope := map[string][]string{"field of a question": {"op", "body"}, "field of an answer": {"error", "body"}}
	for table, want := range envelope {
		if diff := cmp.Diff(want, column(sections[table], 0)); diff != "" {
			t.Errorf("ABI.md, %s (-code +document):\n%s", table, diff)
		}
	}
}

// byHand says that a type's methods are written by hand: its fields are not those on the wire.
func byHand(name string) bool { return strings.HasPrefix(name, "wire.") || name == "sync.Value" }

// wireType is how ABI.md calls a type.
func wireType(t reflect.Type) string {
	switch {
	case t.PkgPath() != "" && (t.Kind() == reflect.Struct || t.Kind() == reflect.String):
		return t.String()
	case t.Kind() == reflect.Pointer:
		return wireType(t.Elem())
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return "bin"
	case t.Kind() == reflect.Slice:
		return "list of " + wireType(t.Elem())
	case t.Kind() == reflect.Map:
		return "map of " + wireType(t.Elem())
	case t.Kind() == reflect.Int64:
		return "int"
	case t.Kind() == reflect.Float64:
		return "float"
	}
	return t.Kind().String()
}

func TestABIDocumentsNothingThatIsGone(t *testing.T) {
	for name := range abiSections(t) {
		if strings.Count(name, ".") == 1 && !strings.Contains(name, " ") && types[name] == nil {
			t.Errorf("ABI.md describes %s, which is no type on the wire", name)
		}
	}
}

func TestABIDocumentsEveryWord(t *testing.T) {
	sections := abiSections(t)
	for name, dir := range map[string]string{"sdk.Code": "..", "sdk.Source": "..", "view.Tone": "../view", "view.FieldKind": "../view", "view.Icon": "../view", "view.Color": "../view", "view.Order": "../view", "job.State": "../job", "sync.Type": "../sync", "sync.Comparison": "../sync"} {
		_, typ, _ := strings.Cut(name, ".")
		if diff := cmp.Diff(sorted(constants(t, dir, func(_, of string) bool { return of == typ })), sorted(column(sections[name], 0))); diff != "" {
			t.Errorf("ABI.md, %s (-code +document):\n%s", name, diff)
		}
	}
}

func TestABIDocumentsEveryOperation(t *testing.T) {
	isOp := func(name, _ string) bool { return strings.HasPrefix(name, "Op") }
	var want []string
	for _, dir := range []string{".", "../jira", "../store", "../settings", "../log", "../service", "../config", "../job", "../jqlfunc", "../sync"} {
		want = append(want, constants(t, dir, isOp)...)
	}
	rows := abiSections(t)["operation"]
	if diff := cmp.Diff(sorted(want), sorted(column(rows, 0))); diff != "" {
		t.Errorf("ABI.md, operations (-code +document):\n%s", diff)
	}
	for _, row := range rows {
		for _, of := range row[1:3] {
			if of != "nothing" && types[of] == nil {
				t.Errorf("ABI.md, %s: %s is no type on the wire", row[0], of)
			}
		}
	}
}

func TestABIDocumentsTheBounds(t *testing.T) {
	want := map[string]string{
		"MaxMessage": strconv.Itoa(wire.MaxMessage), "MaxValues": strconv.Itoa(wire.MaxValues), "MaxDepth": strconv.Itoa(wire.MaxDepth),
	}
	got := map[string]string{}
	for _, row := range abiSections(t)["bound"] {
		got[row[0]] = row[1]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ABI.md, bounds (-code +document):\n%s", diff)
	}
	// What ABI.md says of every list and map, and of all bytes.
	for name, make := range types {
		typ := reflect.TypeOf(make()).Elem()
		for i := range fieldsOf(typ) {
			f := typ.Field(i)
			limit := "limit=16384"
			if wireType(f.Type) == "bin" {
				limit = fmt.Sprintf("limit=%d", wire.MaxMessage)
			}
			if kind := f.Type.Kind(); (kind == reflect.Slice || kind == reflect.Map) && !byHand(name) && !strings.Contains(f.Tag.Get("msg"), limit) {
				t.Errorf("%s.%s has not the %s that ABI.md promises", name, f.Name, limit)
			}
		}
	}
}

func fieldsOf(t reflect.Type) int {
	if t.Kind() != reflect.Struct {
		return 0
	}
	return t.NumField()
}

func TestABIDocumentsTheNames(t *testing.T) {
	sections := abiSections(t)
	var names []string
	for _, row := range append(sections["name"], sections["module"]...) {
		names = append(names, strings.Join(row[:min(3, len(row))], " "))
	}
	for _, want := range []string{
		"memory memory all addresses are in it", wire.ExportBuffer + " (i32) i32", wire.ExportCall + " (i32) i64",
		wire.Module + " " + wire.ImportCall + " (i32, i32) i32", wire.Module + " " + wire.ImportRead + " (i32, i32)", wire.Module + " " + wire.ImportTick + " (i64) i64",
	} {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, want) }) {
			t.Errorf("ABI.md has no %q in %q", want, names)
		}
	}
}

// The header for C says the same.
func TestHeaderHasEveryConstant(t *testing.T) {
	text, err := os.ReadFile("pergola.h")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^#define PERGOLA_([A-Z_]+) ("[^"]*"|\d+)`).FindAllStringSubmatch(string(text), -1) {
		got[m[1]] = strings.Trim(m[2], `"`)
	}
	want := map[string]string{
		"ABI": strconv.Itoa(wire.ABI), "SDK": sdk.Version,
		"MAX_MESSAGE": strconv.Itoa(wire.MaxMessage), "MAX_VALUES": strconv.Itoa(wire.MaxValues), "MAX_DEPTH": strconv.Itoa(wire.MaxDepth),
	}
	upper := func(s string) string { return strings.ToUpper(strings.ReplaceAll(s, ".", "_")) }
	for _, op := range column(abiSections(t)["operation"], 0) {
		if !strings.Contains(op, ".") {
			want["OP_"+upper(op)] = op
		} else {
			want[upper(op)] = op
		}
	}
	for _, code := range constants(t, "..", func(_, of string) bool { return of == "Code" }) {
		want[upper(code)] = code
	}
	for _, source := range constants(t, "..", func(_, of string) bool { return of == "Source" }) {
		want["FROM_"+upper(source)] = source
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("constants of pergola.h (-code +header):\n%s", diff)
	}
}

// And so does the library for AssemblyScript.
func TestAssemblyScriptHasTheBounds(t *testing.T) {
	text, err := os.ReadFile("pergola.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("SDK = %q;", sdk.Version), fmt.Sprintf("MAX_MESSAGE = %d;", wire.MaxMessage),
		fmt.Sprintf("MAX_VALUES = %d;", wire.MaxValues), fmt.Sprintf("MAX_DEPTH = %d;", wire.MaxDepth),
	} {
		if !strings.Contains(string(text), "export const "+want) {
			t.Errorf("pergola.ts does not say %s", want)
		}
	}
}

// abiSections returns the rows of ABI.md's tables: under the name of the type in whose section they stand, or else under the
// head of their first column. Tables with the same head are one.
func abiSections(t *testing.T) map[string][][]string {
	t.Helper()
	text, err := os.ReadFile("ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][][]string{}
	section, table := "", ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			section = strings.TrimLeft(line, "# ")
			if strings.Count(section, ".") != 1 || strings.Contains(section, " ") {
				section = "" // not of a type
			}
			table = ""
		case !strings.HasPrefix(line, "|"):
			table = ""
		case strings.HasPrefix(line, "|---"):
		default:
			cells := row(line)
			if table == "" {
				table = cells[0]
				continue
			}
			key := table
			if section != "" {
				key = section
			}
			out[key] = append(out[key], cells)
		}
	}
	return out
}

var (
	link  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	cells = regexp.MustCompile(`(\\\||[^|])*`)
)

// row splits a row of a table and leaves out its marks.
func row(line string) []string {
	var out []string
	for _, cell := range cells.FindAllString(strings.TrimSuffix(line, "|")[1:], -1) {
		out = append(out, strings.ReplaceAll(link.ReplaceAllString(strings.TrimSpace(cell), "$1"), "`", ""))
	}
	return out
}

func column(rows [][]string, i int) []string {
	var out []string
	for _, row := range rows {
		out = append(out, row[i])
	}
	return out
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

// constants returns the string constants of a package that keep wants, by name and type.
func constants(t *testing.T, dir string, keep func(name, typ string) bool) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			typ, _ := spec.Type.(*ast.Ident)
			if ok && literal.Kind == token.STRING && keep(spec.Names[0].Name, fmt.Sprint(typ)) {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, value)
			}
			return true
		})
	}
	if len(out) == 0 {
		t.Errorf("no constants found in %s", dir)
	}
	return out
}
