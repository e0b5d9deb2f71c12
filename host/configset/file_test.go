package configset_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/sdk"
)

const small = `{"format":"pergola-configuration","version":1,"from":"acme.atlassian.net","plugins":[{"id":"acme.links","settings":{"size":1},"documents":[{"type":"relation","id":"a","values":{"name":"A"}}]}],"names":{"project":[{"id":"1","key":"OPS"}]}}`

func TestAWrongFileSaysWhatToDo(t *testing.T) {
	with := func(old, other string) string { return strings.Replace(small, old, other, 1) }
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", " \n", "The file is empty."},
		{"another format", "connections:\n  - name: Inventory\n", "begins with {"},
		{"a page", "<!doctype html>", "begins with {"},
		{"other JSON", `{"version":1}`, "no configuration of Pergola: it does not say"},
		{"broken", "{\n\"format\": \"pergola-configuration\",\n\"version\" 1}", "Line 3 is no JSON."},
		{"half", small[:len(small)-9], "ends too early"},
		{"newer", with(`"version":1`, `"version":2`), "is of version 2, and this server reads version 1"},
		{"no version", with(`"version":1,`, ``), "does not say its version"},
		{"a text for a list", with(`"plugins":[`, `"plugins":"x","p":[`), "cannot be a string"},
		{"an unknown member", with(`"from"`, `"form"`), `There is no "form" in such a file.`},
		{"from nowhere", with(`"acme.atlassian.net"`, `""`), "does not say where it is from"},
		{"a plugin twice", with(`"plugins":[`, `"plugins":[{"id":"acme.links"},`), `the plugin "acme.links" twice`},
		{"a document twice", with(`"documents":[`, `"documents":[{"type":"relation","id":"a","values":{}},`), "Two documents of acme.links have the id a."},
		{"no values", with(`"values":{"name":"A"}`, `"values":[]`), "has no values"},
		{"no id", with(`"id":"a"`, `"id":"a.b"`), "has no type or no id"},
		{"settings that are none", with(`{"size":1}`, `7`), "are no JSON object"},
		{"a name twice", with(`[{"id":"1"`, `[{"id":"1"},{"id":"1"`), "names of the kind \"project\" cannot be read"},
		{"people with names", with(`"project"`, `"user"`), "people have none"},
		{"two in one", small + small, "goes on behind its end"},
		{"too large", with(`"A"`, `"`+strings.Repeat("A", configset.MaxFile)+`"`), "has more than 768 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := configset.Read([]byte(tt.in))
			if sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := configset.Read([]byte("\ufeff" + small + "\n")); err != nil {
		t.Errorf("with a mark of an editor: %v", err)
	}
}

// schemaOf compiles the schema that comes with the host.
func schemaOf(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(configset.Schema()))
	check(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	check(t, c.AddResource("file.json", doc))
	s, err := c.Compile("file.json")
	check(t, err)
	return s
}

func valid(s *jsonschema.Schema, raw []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

func TestFilesFollowTheirSchema(t *testing.T) {
	s := schemaOf(t)
	w := newWorld(t)
	w.fill()
	raw, err := w.export(w.a).Bytes()
	check(t, err)
	if err := valid(s, raw); err != nil {
		t.Errorf("an export: %v", err)
	}
	for _, one := range configset.Templates() {
		f, err := configset.ReadTemplate(one.Name)
		check(t, err)
		raw, err := f.Bytes()
		check(t, err)
		if err := valid(s, raw); err != nil {
			t.Errorf("the template %s: %v", one.Name, err)
		}
	}
	if err := valid(s, []byte(`{"format":"pergola-configuration","version":1,"from":"x","plugins":[],"names":{"user":[]}}`)); err == nil {
		t.Error("the schema takes names of people")
	}
}

func TestAFileIsWrittenAsItWasRead(t *testing.T) {
	f, err := configset.Read([]byte(small))
	check(t, err)
	raw, err := f.Bytes()
	check(t, err)
	again, err := configset.Read(raw)
	check(t, err)
	twice, err := again.Bytes()
	check(t, err)
	if diff := cmp.Diff(string(raw), string(twice)); diff != "" {
		t.Error(diff)
	}
}

// FuzzRead holds what is read against the schema: what the reader takes, the schema takes, and it can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("\ufeff{}"))
	f.Add([]byte(strings.Replace(small, `"values":{`, `"values":{"x":[{"y":null}],`, 1)))
	for _, t := range configset.Templates() {
		file, err := configset.ReadTemplate(t.Name)
		check(f, err)
		raw, err := file.Bytes()
		check(f, err)
		f.Add(raw)
	}
	s := schemaOf(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := configset.Read(raw)
		if err != nil {
			if sdk.CodeOf(err) != sdk.Invalid || err.Error() == "" {
				t.Errorf("no error for people: %v", err)
			}
			return
		}
		out, err := file.Bytes()
		check(t, err)
		if err := valid(s, out); err != nil && file.Exported == nil {
			t.Errorf("the schema does not take what was read: %v\n%s", err, out)
		}
		if len(out) > configset.MaxFile {
			return // the same with more space
		}
		if _, err := configset.Read(out); err != nil {
			t.Errorf("what was written cannot be read: %v\n%s", err, out)
		}
	})
}
