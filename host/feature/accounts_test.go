package feature_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
)

func text(title string, jira ...string) map[string]any {
	s := map[string]any{"type": "string", "title": title}
	for _, source := range jira {
		s["x-jira"] = source
	}
	return s
}

func TestDocumentsNameAccounts(t *testing.T) {
	w := newWorld(t)
	types := []any{}
	for _, typ := range []string{"rule", "view"} {
		types = append(types, map[string]any{
			"type": typ, "title": "Rule", "plural": "Rules", "purpose": "Say what can be linked", "label": "name",
			"schema": map[string]any{"type": "object", "required": []any{"name"}, "properties": map[string]any{
				"name": text("Name"), "by": text("By", "user"),
				"rows":  map[string]any{"type": "array", "title": "Rows", "items": map[string]any{"type": "object", "properties": map[string]any{"who": text("Who", "user")}}},
				"more":  map[string]any{"type": "object", "title": "More", "properties": map[string]any{"by": text("By", "user"), "note": text("Note")}},
				"these": map[string]any{"type": "array", "title": "These", "items": map[string]any{"type": "string"}, "x-jira": "user"},
			}},
		})
	}
	s := w.service([]string{"*"}, parse(t, map[string]any{"configs": types}))
	configs := feature.Configs{Catalog: s.Catalog, Documents: w.configs}
	b := &capability.Binding{Tenant: w.tenant.ID, Plugin: notes, Version: "1.0.0"}
	put := func(typ, id, values string, change func(*tenant.Config)) {
		t.Helper()
		c := tenant.Config{ID: id, Values: []byte(values)}
		if change != nil {
			change(&c)
		}
		_, err := w.configs.Put(t.Context(), w.tenant.ID, tenant.ConfigType{Plugin: notes, Type: typ}, c)
		check(t, err)
	}
	put("rule", "4Nk7tQxYzAbCdEfGh2", `{"name":"5b:name","by":"5b:by","more":{"by":"5b:inner","note":"5b:note"},"these":["5b:one","5b:two"],"rows":[{},{"who":"5b:row"}]}`, nil)
	put("view", "4Nk7tQxYzAbCdEfGh3", `{"name":"x","by":"5b:view"}`, nil)
	put("view", "4Nk7tQxYzAbCdEfGh4", `{"name":"y","by":"5b:deleted"}`, func(c *tenant.Config) { c.Deleted = now })
	for account, want := range map[string]bool{
		"5b:by": true, "5b:inner": true, "5b:one": true, "5b:two": true, "5b:view": true, "5b:row": true,
		"5b:name": false, "5b:note": false, "5b:deleted": false, "5b:nobody": false, "": false,
	} {
		if got, err := configs.Names(t.Context(), b, account); got != want || err != nil {
			t.Errorf("%q: %t, %v; want %t", account, got, err, want)
		}
	}
	for what, other := range map[string]*capability.Binding{
		"another site": {Tenant: "elsewhere", Plugin: notes, Version: "1.0.0"}, "a version that is not there": {Tenant: w.tenant.ID, Plugin: notes, Version: "9.0.0"},
	} {
		if got, _ := configs.Names(t.Context(), other, "5b:by"); got {
			t.Errorf("%s: named", what)
		}
	}
}

// Who is chosen in a document is kept beside it, where reports and erasure look.
func TestPeopleOfADocumentAreKeptWithIt(t *testing.T) {
	l := newLibrary(t)
	chosen := accounts[0].ID
	book, err := l.save("book", tenant.Config{}, map[string][]string{"name": {"Emma"}, "author": {chosen}})
	check(t, err)
	if diff := cmp.Diff([]string{chosen}, book.People); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	book, err = l.save("book", book, map[string][]string{"name": {"Emma"}})
	check(t, err)
	if len(book.People) > 0 {
		t.Errorf("%q are still named", book.People)
	}
}
