package configset_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

// relations are the plugins of which templates speak, with what their own manifests say of configuration and nothing else.
func relations(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, name := range []string{"advanced-links", "data-logic", "parent-filter", "field-select", "issue-view", "filter-panel"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "plugins", name, "plugin.json"))
		check(t, err)
		var whole map[string]json.RawMessage
		check(t, json.Unmarshal(raw, &whole))
		kept := map[string]json.RawMessage{}
		for _, member := range []string{"manifestVersion", "id", "name", "version", "publisher", "description", "license", "compat", "runtime", "settings", "configs"} {
			if v, ok := whole[member]; ok {
				kept[member] = v
			}
		}
		raw, err = json.Marshal(kept)
		check(t, err)
		out = append(out, string(raw))
	}
	return out
}

// everything maps each project and type of a file to one of site b.
func everything(f *configset.File) configset.Mapping {
	out := configset.Mapping{schemaform.Projects: {}, schemaform.IssueTypes: {}, schemaform.JiraFields: {}}
	for source, to := range map[schemaform.Source]string{schemaform.Projects: "20000", schemaform.IssueTypes: "21", schemaform.JiraFields: "summary"} {
		for _, t := range f.Names[source] {
			out[source][t.ID] = to
		}
	}
	return out
}

// TestTemplatesFitThePlugins holds each template against the schemas of the plugins, with everything that it names found.
func TestTemplatesFitThePlugins(t *testing.T) {
	for _, one := range configset.Templates() {
		t.Run(one.Name, func(t *testing.T) {
			w := newWorld(t, relations(t)...)
			f, err := configset.ReadTemplate(one.Name)
			check(t, err)
			in := configset.Import{File: f, Map: everything(f)}
			p := w.plan(w.b, in)
			if p.Count(configset.Created) != len(p.Items) || len(p.Items) < 10 || len(p.Left) != 0 {
				t.Fatalf("got\n%s\n%v", said(p), p.Left)
			}
			done := w.apply(w.b, in)
			if again := w.plan(w.b, in); again.Count(configset.Equal) != len(p.Items) {
				t.Errorf("a second time:\n%s", said(again))
			}
			for label, values := range w.all(w.b) {
				for _, typ := range f.Names[schemaform.IssueTypes] {
					if strings.Contains(values, `"`+typ.ID+`"`) {
						t.Errorf("%s still says %s: %s", label, typ.ID, values)
					}
				}
			}
			all, err := w.sets.Imports(t.Context(), w.b.ID)
			if err != nil || len(all) != 1 || all[0].Origin != one.Name {
				t.Errorf("the list of imports is %+v, %v", all, err)
			}
			if _, err := w.sets.Undo(t.Context(), w.b, admin, done.Import); err != nil || len(w.all(w.b)) != 0 {
				t.Errorf("undone: %v, %v", err, w.all(w.b))
			}
		})
	}
	if _, err := configset.ReadTemplate("../secrets"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a template that is none: %v", err)
	}
}

func TestATemplateDoesWithoutTypesThatASiteDoesNotHave(t *testing.T) {
	w := newWorld(t, relations(t)...)
	w.jira.renam = map[string]string{"OPS": "IT"} // there are laptops and no people
	f, err := configset.ReadTemplate("cmdb")
	check(t, err)
	in := configset.Import{File: f, Lenient: true, Map: configset.Mapping{schemaform.Projects: {"assets": "IT", "people": "HR"}, schemaform.IssueTypes: {"software": "22"}}}
	p := w.plan(w.b, in)
	found := map[string]configset.State{}
	for _, m := range p.Matches {
		if m.Source == schemaform.IssueTypes {
			found[m.Thing.ID] = m.State
		}
	}
	if found["laptop"] != configset.Proposed || found["software"] != configset.Chosen || found["employee"] != configset.Open {
		t.Errorf("the types are %v", found)
	}
	w.apply(w.b, in)
	all := w.all(w.b)
	if !strings.Contains(all["Software on a device"], `"types":["21"]`) || all["Software of a device"] == "" || all["Laptop of an employee"] != "" || all["Software of this employee"] != "" {
		t.Errorf("there is %v", all)
	}

	// With people, but without contracts: what only contracts have a part in stays out, down to a panel whose query names a path over them.
	w = newWorld(t, relations(t)...)
	in.Map = everything(f)
	delete(in.Map[schemaform.IssueTypes], "contract")
	why := map[string]string{}
	for _, i := range w.plan(w.b, in).Items {
		if i.What == configset.Skipped {
			why[i.Type+" "+i.Label] = strings.TrimSuffix(i.Problems[0].Message+" "+i.Problems[0].Do, " ")
		}
	}
	const left = "“Contract” is left out, and nothing chosen here would mean everything. Choose something for it, or leave this out."
	want := map[string]string{
		"Relation Contract of an asset":                     left,
		"Relation Supplier of a contract":                   left,
		"Rule Supplier of a contract":                       "It refers to “Supplier of a contract”, which cannot be taken over.",
		"Path Contracts of an employee’s laptops":           "It refers to “Contract of an asset”, which cannot be taken over.",
		"Issue view Contracts of an asset":                  "It refers to “Contract of an asset”, which cannot be taken over.",
		"Filter panel Contracts of this employee’s laptops": "It refers to “Contracts of an employee’s laptops”, which cannot be taken over.",
	}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Error(diff)
	}
}
