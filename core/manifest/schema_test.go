package manifest_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pergola-platform/pergola/core/manifest"
)

func TestEmbeddedSchemaIsTheOneAtTheRoot(t *testing.T) {
	root, err := os.ReadFile(filepath.Join("..", "..", "plugin-manifest.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("plugin-manifest.schema.json", root, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("copied; the next build embeds it")
	}
	if !bytes.Equal(root, manifest.Schema()) {
		t.Error("plugin-manifest.schema.json at the root and in core/manifest differ; edit the one at the root, then: go test ./core/manifest -update")
	}
}

func TestSchemaIsWellFormed(t *testing.T) {
	doc := schemaDoc(t)
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compile("schema.json"); err != nil {
		t.Fatal(err)
	}
}

// A property that is not described is of no use in an editor, and an example that does not fit its own schema misleads.
func TestSchemaDescribesEveryProperty(t *testing.T) {
	doc := schemaDoc(t)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	seen := 0
	eachSchema(doc, "", func(schema map[string]any, at string) {
		for _, kind := range []string{"properties", "patternProperties"} {
			properties, _ := schema[kind].(map[string]any)
			for name, p := range properties {
				seen++
				here := at + "/" + kind + "/" + escape(name)
				property := resolve(t, doc, p)
				if d, _ := property["description"].(string); !strings.HasSuffix(d, ".") {
					t.Errorf("%s has no description that is a sentence: %q", here, d)
				}
				if name == "^x-" || property["allOf"] != nil {
					continue
				}
				examples, _ := property["examples"].([]any)
				if len(examples) == 0 {
					t.Errorf("%s has no example", here)
				}
				compiled, err := c.Compile("schema.json#" + here)
				if err != nil {
					t.Fatalf("%s: %v", here, err)
				}
				for _, e := range examples {
					if err := compiled.Validate(e); err != nil {
						t.Errorf("%s: example %v: %v", here, e, err)
					}
				}
			}
		}
	})
	if seen < 100 {
		t.Errorf("the walk met only %d properties", seen)
	}
}

// Every object is closed, but for names that start with x-.
func TestSchemaObjectsAreClosed(t *testing.T) {
	seen := 0
	eachSchema(schemaDoc(t), "", func(schema map[string]any, at string) {
		if schema["properties"] == nil || schema["allOf"] != nil { // with allOf: each branch is closed
			return
		}
		seen++
		pattern, _ := schema["patternProperties"].(map[string]any)
		if schema["additionalProperties"] != false || pattern["^x-"] == nil {
			t.Errorf("%s is not closed, or has no x- escape", at)
		}
	})
	if seen < 15 {
		t.Errorf("the walk met only %d objects", seen)
	}
}

// eachSchema calls visit for every schema of the document, but for the conditions of an if.
func eachSchema(node any, at string, visit func(schema map[string]any, at string)) {
	schema, ok := node.(map[string]any)
	if !ok {
		return
	}
	visit(schema, at)
	for _, keyword := range []string{"properties", "patternProperties", "$defs"} {
		children, _ := schema[keyword].(map[string]any)
		for name, child := range children {
			eachSchema(child, at+"/"+keyword+"/"+escape(name), visit)
		}
	}
	for _, keyword := range []string{"items", "then"} {
		eachSchema(schema[keyword], at+"/"+keyword, visit)
	}
	branches, _ := schema["allOf"].([]any)
	for i, child := range branches {
		eachSchema(child, at+"/allOf/"+strconv.Itoa(i), visit)
	}
}

func TestSchemaEqualsGoTypes(t *testing.T) {
	doc := schemaDoc(t).(map[string]any)
	compareType(t, doc, reflect.TypeFor[manifest.Manifest](), doc, "Manifest")

	enum := func(path ...string) []string {
		var node any = doc
		for _, p := range path {
			node = node.(map[string]any)[p]
		}
		var out []string
		for _, v := range node.(map[string]any)["enum"].([]any) {
			out = append(out, v.(string))
		}
		return out
	}
	var names []string
	for _, p := range manifest.Permissions() {
		names = append(names, p.Name)
	}
	var scopes []string
	for _, s := range manifest.Scopes() {
		scopes = append(scopes, s.Name)
	}
	for _, c := range []struct {
		what         string
		code, schema []string
	}{
		{"permissions", names, enum("properties", "permissions", "items", "properties", "name")},
		{"kinds of field", manifest.Kinds(), enum("properties", "records", "items", "properties", "fields", "patternProperties", "^[a-z][A-Za-z0-9_]{0,31}$", "properties", "kind")},
		{"kinds of id", manifest.IDKinds(), enum("properties", "records", "items", "properties", "id", "properties", "kind")},
		{"kinds of a job's value", slices.DeleteFunc(manifest.Kinds(), func(kind string) bool { return kind == manifest.KindAccount }), enum("$defs", "jobValue", "properties", "kind")},
		{"starts of a job", []string{manifest.ByAdmin, manifest.ByUser}, enum("properties", "jobs", "items", "properties", "starts")},
		{"accounts of a job", []string{manifest.OfInitiator, manifest.OfNobody}, enum("properties", "jobs", "items", "properties", "account")},
		{"operators of a function", []string{manifest.OperatorIn, manifest.OperatorNotIn}, enum("properties", "jqlFunctions", "items", "properties", "operators", "items")},
		{"types of a function", []string{manifest.TypeIssue}, enum("properties", "jqlFunctions", "items", "properties", "types", "items")},
		{"methods of a route", manifest.Methods(), enum("properties", "routes", "items", "properties", "method")},
		{"scopes of a route", scopes, enum("properties", "routes", "items", "properties", "scope")},
		{"erasures", []string{manifest.EraseRecord, manifest.EraseField}, enum("properties", "records", "items", "properties", "erasure")},
		{"capabilities", []string{manifest.SyncV1, manifest.ServiceV1}, enum("properties", "provides", "items", "properties", "capability")},
		{"types of module", []string{manifest.IssuePanel, manifest.GeneralPage, manifest.AdminPage, manifest.PortalPanel}, enum("properties", "modules", "items", "properties", "type")},
	} {
		if diff := cmp.Diff(c.code, c.schema); diff != "" {
			t.Errorf("%s (-code +schema):\n%s", c.what, diff)
		}
	}
	if got := doc["properties"].(map[string]any)["manifestVersion"].(map[string]any)["enum"].([]any); len(got) != 1 || got[0].(json.Number).String() != "1" || manifest.Version != 1 {
		t.Errorf("manifestVersion = %v, code reads %d", got, manifest.Version)
	}
}

// compareType compares a Go type with a part of the schema, both ways: names, types, and what may be left out.
func compareType(t *testing.T, doc any, typ reflect.Type, schema map[string]any, at string) {
	t.Helper()
	schema = resolve(t, doc, schema)
	if typ == reflect.TypeFor[json.RawMessage]() {
		if schema["type"] != "object" {
			t.Errorf("%s: raw JSON in Go, %v in the schema", at, schema["type"])
		}
		return
	}
	want := map[reflect.Kind]string{
		reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer", reflect.Bool: "boolean",
		reflect.Slice: "array", reflect.Map: "object", reflect.Struct: "object",
	}[typ.Kind()]
	if want == "" || schema["type"] != want {
		t.Errorf("%s: %s in Go, %v in the schema", at, typ, schema["type"])
		return
	}
	switch typ.Kind() {
	case reflect.Slice:
		compareType(t, doc, typ.Elem(), schema["items"].(map[string]any), at+"[]")
	case reflect.Map:
		for name, value := range schema["patternProperties"].(map[string]any) {
			compareType(t, doc, typ.Elem(), value.(map[string]any), at+"{"+name+"}")
		}
	case reflect.Struct:
		properties := schema["properties"].(map[string]any)
		var required []string
		names, _ := schema["required"].([]any)
		for _, r := range names {
			required = append(required, r.(string))
		}
		inGo := map[string]bool{}
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			inGo[name] = true
			p, ok := properties[name].(map[string]any)
			if !ok {
				t.Errorf("%s.%s (%q) is not in the schema", at, f.Name, name)
				continue
			}
			optional := options == "omitempty" && f.Type.Kind() != reflect.Struct || options == "omitzero"
			if optional == slices.Contains(required, name) {
				t.Errorf("%s.%s: optional in Go is %v, required in the schema is %v", at, f.Name, optional, !optional)
			}
			compareType(t, doc, f.Type, p, at+"."+f.Name)
		}
		for name := range properties {
			if !inGo[name] {
				t.Errorf("%s: %q of the schema is not in Go", at, name)
			}
		}
	}
}

// resolve follows a $ref and lays the members beside it over what it leads to.
func resolve(t *testing.T, doc, node any) map[string]any {
	t.Helper()
	n := node.(map[string]any)
	ref, ok := n["$ref"].(string)
	if !ok {
		return n
	}
	target := doc
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		target = target.(map[string]any)[part]
	}
	out := maps.Clone(resolve(t, doc, target))
	maps.Copy(out, n)
	return out
}

func schemaDoc(t *testing.T) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifest.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func escape(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "^", "%5E", "{", "%7B", "}", "%7D", "[", "%5B", "]", "%5D").Replace(s)
}
