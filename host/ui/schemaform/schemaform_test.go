package schemaform_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// labels is a schema with every widget.
func labels(t testing.TB) *schemaform.Form {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "every-widget.json"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := schemaform.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCompileGivesEachPropertyItsWidgetInOrder(t *testing.T) {
	type row struct {
		Path     string
		Kind     schemaform.Kind
		Label    string
		Required bool
	}
	var got []row
	for _, f := range labels(t).Fields {
		got = append(got, row{f.Path, f.Kind, f.Label, f.Required})
		for _, f := range f.Fields {
			got = append(got, row{f.Path, f.Kind, f.Label, f.Required})
		}
	}
	want := []row{
		{"projects", schemaform.Picker, "Projects", false}, // x-order 1, although the schema lists it last
		{"title", schemaform.Text, "Title", true},
		{"serviceEmail", schemaform.Text, "Service email", false}, // words made of the name
		{"note", schemaform.TextArea, "Note", false},
		{"columns", schemaform.Number, "Columns", true},
		{"level", schemaform.Select, "Error correction", false},
		{"target", schemaform.Radio, "What the code opens", false},
		{"summary", schemaform.Switch, "Print the summary", false},
		{"parts", schemaform.Checks, "Parts", false},
		{"hosts", schemaform.Lines, "Hosts", false},
		{"serialField", schemaform.Select, "Serial field", false},
		{"sheet", schemaform.Group, "Sheet", false},
		{"sheet.width", schemaform.Number, "Width", false},
		{"sheet.guides", schemaform.Switch, "Guides", false},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]schemaform.Source{schemaform.JiraFields, schemaform.Projects}, labels(t).Sources()); d != "" {
		t.Error(d)
	}
}

func TestDecode(t *testing.T) {
	ok := map[string][]string{
		"title": {"  Asset label "}, "columns": {"3"}, "target": {"issue"}, "projects": {"10000", "10042", "10000"},
		"hosts": {"a.example\r\n\r\n b.example "}, "summary": {"true"}, "sheet.width": {"63.50"}, "note": {"one\r\ntwo"},
	}
	with := func(path string, v ...string) map[string][]string {
		out := map[string][]string{}
		for k, e := range ok {
			out[k] = e
		}
		if out[path] = v; v == nil {
			delete(out, path)
		}
		return out
	}
	tests := []struct {
		name string
		in   map[string][]string
		want schemaform.Errors
	}{
		{"all good", ok, nil},
		{"required text left empty", with("title", "  "), schemaform.Errors{{"title", "Enter a value."}}},
		{"required number left empty", with("columns"), schemaform.Errors{{"columns", "Enter a number."}}},
		{"not a number", with("columns", "many"), schemaform.Errors{{"columns", "Enter a number."}}},
		{"number of a size that would fill the memory", with("columns", "1e999999999"), schemaform.Errors{{"columns", "Enter a number."}}},
		{"number that is not whole", with("columns", "2.5"), schemaform.Errors{{"columns", "Enter a whole number."}}},
		{"below minimum", with("columns", "0"), schemaform.Errors{{"columns", "Enter a number that is not less than 1."}}},
		{"above maximum", with("columns", "99"), schemaform.Errors{{"columns", "Enter a number that is not more than 20."}}},
		{"unit in the message", with("sheet.width", "9999"), schemaform.Errors{{"sheet.width", "Enter a number that is not more than 420 mm."}}},
		{"off the grid", with("sheet.width", "63.3"), schemaform.Errors{{"sheet.width", "Enter a multiple of 0.5 mm."}}},
		{"too long", with("title", strings.Repeat("x", 41)), schemaform.Errors{{"title", "This must have 40 characters or fewer; it has 41."}}},
		{"e-mail address", with("serviceEmail", "nobody"), schemaform.Errors{{"serviceEmail", "This is not an e-mail address, such as assets@example.com."}}},
		{"value outside the enum", with("target", "moon"), schemaform.Errors{{"target", "Choose one of the values offered."}}},
		{"value outside the checkboxes", with("parts", "key", "moon"), schemaform.Errors{{"parts", "“moon” is not one of the choices."}}},
		{"error of an entry is an error of its list", with("projects", "10000", "OPS"), schemaform.Errors{{"projects", "Entry 2 does not have the form that is asked for. See the note at the field."}}},
		{"too many entries", with("hosts", "a\nb\nc\nd"), schemaform.Errors{{"hosts", "3 entries at most; there are 4."}}},
		{"fields that the form does not have", with("other", "x"), nil},
		{"in the order of the fields", map[string][]string{"columns": {"x"}, "projects": {"OPS"}}, schemaform.Errors{
			{"projects", "Entry 1 does not have the form that is asked for. See the note at the field."},
			{"title", "Enter a value."}, {"columns", "Enter a number."},
		}},
	}
	f := labels(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := f.Decode(tt.in)
			if len(errs) == 0 && len(tt.want) == 0 {
				return
			}
			if d := cmp.Diff(tt.want, errs); d != "" {
				t.Error(d)
			}
		})
	}

	got, _ := f.Decode(ok)
	want := `{"columns":3,"hosts":["a.example","b.example"],"note":"one\ntwo","parts":[],"projects":["10000","10042"],"sheet":{"guides":false,"width":63.5},"summary":true,"target":"issue","title":"Asset label"}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
}

func TestDecodedSettingsSurviveTheWayThroughTheFormAgain(t *testing.T) {
	f := labels(t)
	first := f.Defaults(json.RawMessage(`{"title":"Label","columns":4,"projects":["10000","10042"],"hosts":["a","b"],"note":"x\ny","sheet":{"width":20.5}}`))
	second, errs := f.Decode(f.Values(first))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var a, b any
	if json.Unmarshal(first, &a) != nil || json.Unmarshal(second, &b) != nil {
		t.Fatal("not JSON")
	}
	// A list that was never chosen comes back as an empty one: that is what the admin saw and saved.
	b.(map[string]any)["level"] = a.(map[string]any)["level"]
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
}

func TestDefaults(t *testing.T) {
	f := labels(t)
	tests := []struct{ name, in, want string }{
		{"nothing stored", ``, `{"columns":3,"level":"M","parts":["key"],"sheet":{"guides":true,"width":63.5},"summary":false,"target":"issue"}`},
		{"stored values stay, also off and empty ones", `{"sheet":{"guides":false},"parts":[],"title":""}`,
			`{"columns":3,"level":"M","parts":[],"sheet":{"guides":false,"width":63.5},"summary":false,"target":"issue","title":""}`},
		{"members of an older version go", `{"gone":1,"columns":5}`, `{"columns":5,"level":"M","parts":["key"],"sheet":{"guides":true,"width":63.5},"summary":false,"target":"issue"}`},
		{"not JSON", `{`, `{"columns":3,"level":"M","parts":["key"],"sheet":{"guides":true,"width":63.5},"summary":false,"target":"issue"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, string(f.Defaults(json.RawMessage(tt.in)))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFlattenNamesNestedSettingsByPath(t *testing.T) {
	got := labels(t).Flatten(json.RawMessage(`{"title":"A","columns":3,"summary":true,"projects":["10000"],"sheet":{"width":63.5,"guides":false},"gone":1}`))
	want := &settings.Values{
		Strings:  map[string]string{"title": "A"},
		Numbers:  map[string]float64{"columns": 3, "sheet.width": 63.5},
		Switches: map[string]bool{"summary": true, "sheet.guides": false},
		Lists:    map[string][]string{"projects": {"10000"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAnEmptiedTextWithADefaultStaysEmpty(t *testing.T) {
	f, err := schemaform.Compile(json.RawMessage(`{"type":"object","properties":{"prefix":{"type":"string","default":"OPS"},"plain":{"type":"string"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got, errs := f.Decode(map[string][]string{"prefix": {""}, "plain": {""}})
	if len(errs) > 0 || string(got) != `{"prefix":""}` {
		t.Errorf("got %s, %v", got, errs)
	}
	if got := string(f.Defaults(got)); got != `{"prefix":""}` {
		t.Errorf("the default came back: %s", got)
	}
}

func TestAnEmptyTextCanBeOneOfTheChoices(t *testing.T) {
	f, err := schemaform.Compile(json.RawMessage(`{"type":"object","properties":{"unit":{"type":"string","enum":[""," mm","in"],"default":" mm"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]schemaform.Option{{"", "None"}, {" mm", " mm"}, {"in", "in"}}, f.Fields[0].Options); d != "" {
		t.Error(d)
	}
	for _, in := range []string{"", " mm"} {
		want := `{"unit":"` + in + `"}`
		if got, errs := f.Decode(map[string][]string{"unit": {in}}); len(errs) > 0 || string(got) != want {
			t.Errorf("%q became %s, %v", in, got, errs)
		}
	}
	if got, errs := f.Decode(nil); len(errs) > 0 || string(got) != `{}` {
		t.Errorf("nothing became %s, %v", got, errs)
	}
}

func TestValidateRefusesWhatWouldHurt(t *testing.T) {
	f := labels(t)
	for name, in := range map[string]string{
		"not JSON":             `{`,
		"huge exponent":        `{"title":"A","columns":1e999999999}`,
		"deep nesting":         strings.Repeat("[", 100000),
		"two members":          `{"title":"A","title":"B","columns":1}`,
		"something behind it":  `{"title":"A","columns":1}{}`,
		"more than is allowed": `{"title":"` + strings.Repeat("x", 2<<20) + `"}`,
		"not an object":        `[]`,
		"null":                 `null`,
	} {
		if errs := f.Validate(json.RawMessage(in)); len(errs) == 0 {
			t.Errorf("%s was accepted", name)
		}
	}
	if errs := f.Validate(json.RawMessage(`{"title":"A","columns":1}`)); len(errs) > 0 {
		t.Error(errs)
	}
	// A tiny exponent is a zero, quickly.
	if errs := f.Validate(json.RawMessage(`{"title":"A","columns":1e-999999999}`)); len(errs) != 1 {
		t.Error(errs)
	}
}

func TestCompileRefuses(t *testing.T) {
	prop := func(s string) string { return `{"type":"object","properties":{"a":` + s + `}}` }
	tests := []struct{ name, in, want string }{
		{"not JSON", `{`, "unexpected EOF"},
		{"too many bytes", `{"type":"object","title":"` + strings.Repeat("x", 70<<10) + `"}`, "bytes, more than"},
		{"root of another type", `{"type":"string"}`, "type is \"string\", not object"},
		{"remote reference", prop(`{"$ref":"https://example.com/x.json","type":"string"}`), `a: keyword "$ref"`},
		{"local reference", prop(`{"$ref":"#/properties/a","type":"string"}`), `a: keyword "$ref"`},
		{"other meta schema", `{"$schema":"https://example.com/x","type":"object"}`, "$schema is not"},
		{"condition", prop(`{"type":"string","if":{}}`), `a: keyword "if"`},
		{"keyword of another type", prop(`{"type":"string","minimum":1}`), `a: keyword "minimum" of a setting of type string`},
		{"secret", prop(`{"type":"string","writeOnly":true}`), `keyword "writeOnly"`},
		{"no type", prop(`{}`), "a: type must be one of"},
		{"two types", prop(`{"type":["string","null"]}`), "a: type must be one of"},
		{"object in object in object", prop(`{"type":"object","properties":{"b":{"type":"object"}}}`), "a.b: objects nest one level deep"},
		{"property name with a dot", `{"type":"object","properties":{"a.b":{"type":"string"}}}`, `property name "a.b"`},
		{"list of numbers", prop(`{"type":"array","items":{"type":"number"}}`), "a: items must be"},
		{"unknown source", prop(`{"type":"array","x-jira":"moon","items":{"type":"string"}}`), "a: x-jira moon"},
		{"empty enum", prop(`{"type":"string","enum":[]}`), "a: enum must list"},
		{"bad pattern", prop(`{"type":"string","pattern":"("}`), "a: pattern"},
		{"unknown format", prop(`{"type":"string","format":"moon"}`), "a: format moon"},
		{"default outside the rules", prop(`{"type":"integer","maximum":3,"default":4}`), "default of a: Enter a number that is not more than 3."},
		{"default of another type", prop(`{"type":"string","default":{"x":1}}`), "default of a: This must be a text."},
		{"required names nothing", `{"type":"object","required":["b"]}`, `required names "b"`},
		{"member twice", `{"type":"object","type":"object"}`, `two members "type"`},
		{"deep nesting", prop(strings.Repeat(`{"x-a":`, 80) + `1` + strings.Repeat(`}`, 80)), "levels deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := schemaform.Compile(json.RawMessage(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not say %q", err, tt.want)
			}
		})
	}
}

func FuzzCompile(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "every-widget.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"type":"object","properties":{"a":{"type":"integer","minimum":-1e300,"multipleOf":1e-300}}}`))
	f.Add([]byte(`{"type":"object","properties":{"a":{"type":"string","maxLength":1e30}}}`))
	f.Fuzz(func(t *testing.T, schema []byte) {
		form, err := schemaform.Compile(schema)
		if err != nil {
			return
		}
		d := form.Defaults(nil)
		form.Flatten(d)
		for _, in := range []map[string][]string{form.Values(d), nil} {
			if b, _ := form.Decode(in); !json.Valid(b) {
				t.Errorf("%q is not JSON", b)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("title", "A", "columns", "3")
	f.Add("columns", "1e999", "sheet.width", "-.5e-3")
	f.Add("projects", "10000\n\xff", "parts", "key")
	f.Add("note", "\r\n", "sheet", "{}")
	form := labels(f)
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		b, errs := form.Decode(map[string][]string{k1: {v1, v2}, k2: {v2}, "title": {v1}, "columns": {v2}})
		if !json.Valid(b) {
			t.Fatalf("%q is not JSON", b)
		}
		if len(errs) > 0 {
			for _, e := range errs {
				if e.Message == "" {
					t.Errorf("no message for %q", e.Path)
				}
			}
			return
		}
		// What was accepted is accepted again, and comes back the same through the form.
		if errs := form.Validate(b); len(errs) > 0 {
			t.Fatalf("%s: %v", b, errs)
		}
		again, errs := form.Decode(form.Values(b))
		if len(errs) > 0 || string(again) != string(b) {
			t.Fatalf("%s came back as %s, %v", b, again, errs)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	f := labels(b)
	in := f.Values(f.Defaults(json.RawMessage(`{"title":"Label","columns":4,"projects":["10000"]}`)))
	for b.Loop() {
		if _, errs := f.Decode(in); len(errs) > 0 {
			b.Fatal(errs)
		}
	}
}

func TestStrangeMembersAreNamed(t *testing.T) {
	f, err := schemaform.Compile(json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"},"g":{"type":"object","properties":{"b":{"type":"string"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for stored, want := range map[string]string{
		`{}`: "", `{"a":"x","g":{"b":"y"}}`: "", `{"a":"x","c":1}`: "c", `{"g":{"b":"y","d":1},"e":{}}`: "e g.d", `{"g.b":"x"}`: "g.b", `[`: "",
	} {
		var paths []string
		for _, e := range f.Strange(json.RawMessage(stored)) {
			paths = append(paths, e.Path)
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%s: %q, want %q", stored, got, want)
		}
	}
}
