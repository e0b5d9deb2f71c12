package seed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/company"
)

func schemaDoc(t testing.TB) map[string]any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(seed.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any)
}

// compiler returns what compiles the schema, or the part of it at a fragment.
func compiler(t testing.TB) func(fragment string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("seed.json", schemaDoc(t)); err != nil {
		t.Fatal(err)
	}
	return func(fragment string) *jsonschema.Schema {
		t.Helper()
		s, err := c.Compile("seed.json" + fragment)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestSchemaDescribesEveryPropertyAndItsExamplesFit(t *testing.T) {
	doc, compile := schemaDoc(t), compiler(t)
	objects := map[string]any{"": doc}
	for name, d := range doc["$defs"].(map[string]any) {
		objects["/$defs/"+name] = d
	}
	seen := 0
	for at, o := range objects {
		properties, ok := o.(map[string]any)["properties"].(map[string]any)
		if !ok {
			continue
		}
		if o.(map[string]any)["additionalProperties"] != false {
			t.Errorf("%s is not closed", at)
		}
		for name, p := range properties {
			seen++
			p := p.(map[string]any)
			if d, _ := p["description"].(string); !strings.HasSuffix(d, ".") {
				t.Errorf("%s %s has no description that is a sentence: %q", at, name, d)
			}
			examples, _ := p["examples"].([]any)
			if len(examples) == 0 {
				t.Errorf("%s %s has no example", at, name)
			}
			s := compile("#" + at + "/properties/" + strings.ReplaceAll(name, "$", "%24"))
			for _, e := range examples {
				if err := s.Validate(e); err != nil {
					t.Errorf("%s %s: example %v: %v", at, name, e, err)
				}
			}
		}
	}
	if seen < 150 {
		t.Errorf("the walk met only %d properties", seen)
	}
}

func TestSchemaEqualsGoTypes(t *testing.T) {
	doc := schemaDoc(t)
	document := maps.Clone(doc)
	properties := maps.Clone(doc["properties"].(map[string]any))
	issues := properties["issues"].(map[string]any)
	delete(properties, "issues") // a stream of issues in Go
	document["properties"] = properties
	compareType(t, doc, reflect.TypeFor[seed.Site](), document, "Site", 0)
	compareType(t, doc, reflect.TypeFor[[]seed.Issue](), issues, "issues", 0)

	kinds := make([]any, 0, len(seed.Kinds()))
	for _, k := range seed.Kinds() {
		kinds = append(kinds, string(k))
	}
	if diff := cmp.Diff(kinds, doc["$defs"].(map[string]any)["field"].(map[string]any)["properties"].(map[string]any)["kind"].(map[string]any)["enum"]); diff != "" {
		t.Errorf("kinds of field (-code +schema):\n%s", diff)
	}
}

// compareType compares a Go type with a part of the schema, both ways: names, types, and what may be left out.
func compareType(t *testing.T, doc map[string]any, typ reflect.Type, schema any, at string, depth int) {
	t.Helper()
	if depth > 8 { // options hold options
		return
	}
	if schema == true {
		if typ != reflect.TypeFor[json.RawMessage]() {
			t.Errorf("%s: %s in Go, anything in the schema", at, typ)
		}
		return
	}
	s := resolve(doc, schema.(map[string]any))
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want, format := "", ""
	switch typ {
	case reflect.TypeFor[seed.Text]():
		if diff := cmp.Diff([]any{"string", "object"}, s["type"]); diff != "" {
			t.Errorf("%s: text in Go, %v in the schema", at, s["type"])
		}
		return
	case reflect.TypeFor[time.Time]():
		want, format = "string", "date-time"
	case reflect.TypeFor[seed.Date]():
		want, format = "string", "date"
	case reflect.TypeFor[[]byte]():
		want = "string"
	default:
		want = map[reflect.Kind]string{
			reflect.String: "string", reflect.Int: "integer", reflect.Bool: "boolean", reflect.Slice: "array", reflect.Map: "object", reflect.Struct: "object",
		}[typ.Kind()]
	}
	if got, _ := s["format"].(string); s["type"] != want || got != format {
		t.Errorf("%s: %s in Go, %v %q in the schema", at, typ, s["type"], got)
		return
	}
	if want == "string" {
		return
	}
	switch typ.Kind() {
	case reflect.Slice:
		compareType(t, doc, typ.Elem(), s["items"], at+"[]", depth+1)
	case reflect.Map:
		compareType(t, doc, typ.Elem(), s["additionalProperties"], at+"{}", depth+1)
	case reflect.Struct:
		compareMembers(t, doc, typ, s, at, depth)
	}
}

func compareMembers(t *testing.T, doc map[string]any, typ reflect.Type, s map[string]any, at string, depth int) {
	t.Helper()
	properties := maps.Clone(s["properties"].(map[string]any))
	required, _ := s["required"].([]any)
	for f := range typ.Fields() {
		tag, ok := f.Tag.Lookup("json")
		if !ok {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		p, ok := properties[name]
		if !ok {
			t.Errorf("%s.%s (%q) is not in the schema", at, f.Name, name)
			continue
		}
		if slices.Contains(required, any(name)) != (options == "") {
			t.Errorf("%s.%s: required in Go is %v, in the schema it is not", at, name, options == "")
		}
		compareType(t, doc, f.Type, p, at+"."+name, depth+1)
		delete(properties, name)
	}
	for name := range properties {
		t.Errorf("%s: %q of the schema is not in Go", at, name)
	}
}

// resolve follows a $ref and lays the members beside it over what it leads to.
func resolve(doc, node map[string]any) map[string]any {
	ref, ok := node["$ref"].(string)
	if !ok {
		return node
	}
	out := maps.Clone(doc["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any))
	maps.Copy(out, node)
	return out
}

func TestCompanyFitsTheSchema(t *testing.T) {
	var out bytes.Buffer
	if err := seed.WriteJSON(&out, company.New(company.Config{})); err != nil {
		t.Fatal(err)
	}
	if n := valid(t, &out); n != company.PerScale+1 {
		t.Errorf("%d values", n)
	}
}

func TestSmallSiteFitsTheSchema(t *testing.T) {
	if n := valid(t, strings.NewReader(small(t))); n != 3 {
		t.Errorf("%d values", n)
	}
}

// valid validates a document and the issues behind it, and returns how many values there were.
func valid(t *testing.T, r io.Reader) int {
	t.Helper()
	compile := compiler(t)
	document, issue := compile(""), compile("#/$defs/issue")
	dec := json.NewDecoder(r)
	dec.UseNumber()
	for n := 0; ; n++ {
		var v any
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
		s := issue
		if n == 0 {
			s = document
		}
		if err := s.Validate(v); err != nil {
			t.Fatalf("value %d: %v", n+1, err)
		}
	}
}
