package schemaform_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

// panel has columns, each of a field and a relation, in a list of two at least and four at most.
func panel(t testing.TB) *schemaform.Form {
	t.Helper()
	f, err := schemaform.Compile(json.RawMessage(`{"type":"object","required":["name"],"properties":{
		"name":{"type":"string"},
		"owner":{"type":"string","x-jira":"user"},
		"columns":{"type":"array","maxItems":3,"uniqueItems":true,"items":{"type":"object","title":"Column","required":["field"],"properties":{
			"field":{"type":"string","x-jira":"field"},"of":{"type":"array","items":{"type":"string"},"x-config":"pergola.links/relation"},
			"width":{"type":"integer","maximum":9,"default":4}, "sum":{"type":"boolean"}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRowsAreReadInTheOrderOfTheirKeys(t *testing.T) {
	f := panel(t)
	got, errs := f.Decode(map[string][]string{
		"name": {"P"}, "columns": {"7", "new"}, "columns.new.field": {"status"}, "columns.7.field": {"summary"}, "columns.7.of": {"b", "a"},
		"columns.7.width": {"2"}, "columns.new.sum": {"true"}, "columns.3.field": {"stray"},
	})
	want := `{"columns":[{"field":"summary","of":["b","a"],"sum":false,"width":2},{"field":"status","of":[],"sum":true}],"name":"P"}`
	if len(errs) > 0 || string(got) != want {
		t.Fatalf("%s, %v", got, errs)
	}
	again, errs := f.Decode(f.Values(got))
	if len(errs) > 0 || string(again) != want {
		t.Errorf("came back as %s, %v", again, errs)
	}
	rows := f.Flatten(f.Defaults(got)).Groups("columns")
	if len(rows) != 2 || rows[0].String("field") != "summary" || rows[0].Int("width") != 2 || rows[1].Int("width") != 4 || !rows[1].Bool("sum") {
		t.Errorf("the plugin reads %+v", rows)
	}
	if d := cmp.Diff([]string{"b", "a"}, rows[0].List("of")); d != "" {
		t.Error(d)
	}
}

func TestErrorsInRowsNameTheRow(t *testing.T) {
	f := panel(t)
	_, errs := f.Decode(map[string][]string{"name": {"P"}, "columns": {"b", "a"}, "columns.a.width": {"many"}, "columns.b.field": {"x"}, "columns.b.width": {"10"}})
	want := schemaform.Errors{
		{Path: "columns.0.width", Message: "Enter a number that is not more than 9."},
		{Path: "columns.1.field", Message: "Choose one."}, {Path: "columns.1.width", Message: "Enter a number."},
	}
	if d := cmp.Diff(want, errs); d != "" {
		t.Error(d)
	}
	_, errs = f.Decode(map[string][]string{"name": {"P"}, "columns": {"0", "1"}, "columns.0.field": {"x"}, "columns.1.field": {"x"}})
	if d := cmp.Diff(schemaform.Errors{{Path: "columns", Message: "Row 2 says the same as row 1. Remove one of them."}}, errs); d != "" {
		t.Error(d)
	}
	for _, e := range f.Strange(json.RawMessage(`{"columns":[{"field":"x"},{"colour":1}]}`)) {
		if e.Path != "columns.1.colour" {
			t.Errorf("strange: %v", e)
		}
	}
}

func TestButtonsChangeRowsAndLoseNothing(t *testing.T) {
	f := panel(t)
	form := map[string][]string{
		"name": {""}, "columns": {"0", "1"}, "columns.0.field": {"summary"}, "columns.0.width": {"not yet"}, "columns.1.field": {"status"}, "columns.1.of": {"a", "b"},
	}
	step := func(button, at string, want map[string][]string) {
		t.Helper()
		got, looks := f.Edit(form, button)
		if looks != at {
			t.Errorf("%s: looks at %q, want %q", button, looks, at)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", button, d)
		}
		form = got
	}
	step("down columns 0", "columns.1", map[string][]string{
		"name": {""}, "columns": {"0", "1"}, "columns.1.field": {"summary"}, "columns.1.width": {"not yet"}, "columns.0.field": {"status"}, "columns.0.of": {"a", "b"},
	})
	step("add columns", "columns.2", map[string][]string{
		"name": {""}, "columns": {"0", "1", "2"}, "columns.1.field": {"summary"}, "columns.1.width": {"not yet"}, "columns.0.field": {"status"}, "columns.0.of": {"a", "b"},
		"columns.2.width": {"4"},
	})
	step("add columns", "", form) // three are the most
	step("down columns.0.of 0", "columns.0.of.1", map[string][]string{
		"name": {""}, "columns": {"0", "1", "2"}, "columns.1.field": {"summary"}, "columns.1.width": {"not yet"}, "columns.0.field": {"status"}, "columns.0.of": {"b", "a"},
		"columns.2.width": {"4"},
	})
	step("remove columns 1", "columns.1", map[string][]string{
		"name": {""}, "columns": {"0", "1"}, "columns.0.field": {"status"}, "columns.0.of": {"b", "a"}, "columns.1.width": {"4"},
	})
	for _, button := range []string{"", "add", "add name", "up columns 0", "down columns 1", "remove columns 9", "remove columns -1", "remove moon 0", "burn columns 0"} {
		step(button, "", form)
	}
}

func TestFormKnowsWhatItRefersTo(t *testing.T) {
	f := panel(t)
	stored := json.RawMessage(`{"owner":"557058:mia","columns":[{"field":"x"},{"of":["r2","r1"]}]}`)
	want := []schemaform.Reference{{"columns.1.of", "pergola.links/relation", "r2"}, {"columns.1.of", "pergola.links/relation", "r1"}}
	if d := cmp.Diff(want, f.References(stored)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"557058:mia"}, f.Accounts(f.Values(stored))); d != "" {
		t.Error(d)
	}
	if !f.RefersTo("pergola.links/relation") || f.RefersTo("pergola.links/other") {
		t.Error("the form does not know what it can refer to")
	}
}

func TestFormKnowsItsQueries(t *testing.T) {
	f, err := schemaform.Compile([]byte(`{"type":"object","properties":{
		"where":{"type":"string","x-jql":true},"note":{"type":"string"},
		"rows":{"type":"array","items":{"type":"object","properties":{"also":{"type":"string","x-jql":true},"label":{"type":"string"}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	stored := json.RawMessage(`{"where":"key = A-1","note":"key = A-2","rows":[{"label":"key = A-3"},{"also":"key = A-4"},{"also":""}]}`)
	if d := cmp.Diff([]string{"key = A-1", "key = A-4"}, f.Queries(stored)); d != "" || !f.HasQueries() || panel(t).HasQueries() {
		t.Error(d)
	}
	for _, wrong := range []string{`{"type":"string","x-jql":"yes"}`, `{"type":"string","x-jql":true,"enum":["a","b"]}`} {
		if _, err := schemaform.Compile([]byte(`{"type":"object","properties":{"where":` + wrong + `}}`)); err == nil {
			t.Error(wrong, "is taken")
		}
	}
}
