package feature_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// library is a service whose plugin has shelves, and books that stand on them.
type library struct {
	*world
	*feature.Service
}

func newLibrary(t *testing.T) *library {
	w := newWorld(t)
	text := map[string]any{"type": "string", "title": "Name", "maxLength": 20}
	shelf := map[string]any{"type": "string", "title": "Shelf", "x-config": "acme.notes/shelf"}
	config := func(typ, title, plural string, properties map[string]any) map[string]any {
		return map[string]any{
			"type": typ, "title": title, "plural": plural, "purpose": "Say where things stand", "label": "name",
			"schema": map[string]any{"type": "object", "required": []any{"name"}, "properties": properties},
		}
	}
	m := parse(t, map[string]any{"configs": []any{
		config("shelf", "Shelf", "Shelves", map[string]any{"name": text}),
		config("book", "Book", "Books", map[string]any{
			"name": text, "author": map[string]any{"type": "string", "title": "Author", "x-jira": "user"},
			"places":    map[string]any{"type": "array", "title": "Places", "items": map[string]any{"type": "object", "properties": map[string]any{"shelf": shelf}}},
			"elsewhere": map[string]any{"type": "string", "title": "Elsewhere", "x-config": "acme.gone/shelf"},
		}),
		config("search", "Search", "Searches", map[string]any{"name": text, "query": map[string]any{"type": "string", "title": "Query", "maxLength": 200, "x-jql": true}}),
	}, "jqlFunctions": []any{map[string]any{
		"key": "on", "name": "standsOn", "handler": "on", "reason": "Find what stands on a shelf", "operators": []any{"in"}, "types": []any{"issue"},
		"arguments": []any{map[string]any{"name": "book", "required": true}, map[string]any{"name": "shelf", "config": "shelf"}},
	}}})
	return &library{w, w.service([]string{"*"}, m)}
}

func (l *library) save(typ string, d tenant.Config, fields map[string][]string) (tenant.Config, error) {
	out, problems, err := l.SaveConfig(l.t.Context(), l.tenant, admin, feature.Written{Plugin: notes, Type: typ, ID: d.ID, Rev: d.Rev, Fields: fields})
	if errors.Is(err, feature.ErrFields) {
		return out, problems
	}
	return out, err
}

func TestDocumentIsNotDeletedWhileAnotherRefersToIt(t *testing.T) {
	l := newLibrary(t)
	ctx := t.Context()
	shelf, err := l.save("shelf", tenant.Config{}, map[string][]string{"name": {"East"}})
	check(t, err)
	book, err := l.save("book", tenant.Config{}, map[string][]string{"name": {"Emma"}, "places": {"0", "1"}, "places.0.shelf": {shelf.ID}, "places.1.shelf": {shelf.ID}})
	check(t, err)

	err = l.DeleteConfig(ctx, l.tenant, admin, notes, "shelf", shelf.ID, shelf.Rev)
	var used *feature.UsedError
	if !errors.As(err, &used) || sdk.CodeOf(err) != sdk.Exists {
		t.Fatalf("deleted, though it is used: %v", err)
	}
	want := []feature.Use{{Plugin: notes, Type: "book", ID: book.ID, Title: "Book", Label: "Emma"}}
	if d := cmp.Diff(want, used.Uses); d != "" {
		t.Error(d)
	}
	all, err := l.Configured(ctx, l.tenant.ID, notes, "shelf")
	check(t, err)
	if d := cmp.Diff(want, all.Documents[0].UsedBy); d != "" {
		t.Error(d)
	}

	check(t, l.DeleteConfig(ctx, l.tenant, admin, notes, "book", book.ID, book.Rev))
	check(t, l.DeleteConfig(ctx, l.tenant, admin, notes, "shelf", shelf.ID, shelf.Rev))
	if err := l.RestoreConfig(ctx, l.tenant, admin, notes, "book", book.ID); sdk.CodeOf(err) != sdk.Exists {
		t.Errorf("a book came back without its shelf: %v", err)
	}
	check(t, l.RestoreConfig(ctx, l.tenant, admin, notes, "shelf", shelf.ID))
	check(t, l.RestoreConfig(ctx, l.tenant, admin, notes, "book", book.ID))
}

// What queries name is what Jira and the plugin would find by them: not every text in which a name stands.
func TestDocumentIsNeitherDeletedNorRenamedWhileAQueryNamesIt(t *testing.T) {
	for _, tt := range []struct {
		name, query    string
		kept, sameName bool
	}{
		{"by its name", `issue in standsOn("Emma", "east")`, true, true},
		{"by its name, in a function of any case behind NOT", `NOT (created > now() OR issue not in STANDSON(x, 'East'))`, true, true},
		{"by its id in a function", `issue in standsOn("Emma", ID)`, true, false},
		{"by its id in a variable", `key in {{link.ID.first}}`, true, false},
		{"by its id alone in a variable, in a condition on somebody", `assignee = currentUser() AND (id in {{path.ID}} OR key = X-1)`, true, false},
		{"by its id in a value", `assetLink = "ID:first:10001"`, true, false},
		{"as another argument", `issue in standsOn("East")`, false, false},
		{"to another function", `issue in linkedIssues("Emma", "East")`, false, false},
		{"as a value", `summary ~ "East" AND project = East`, false, false},
		{"as a part of a name", `issue in standsOn("Emma", "East side")`, false, false},
		{"in what is no query", `issue in standsOn("Emma", "East"`, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLibrary(t)
			shelf, err := l.save("shelf", tenant.Config{}, map[string][]string{"name": {"East"}})
			check(t, err)
			search, err := l.save("search", tenant.Config{}, map[string][]string{"name": {"Found"}, "query": {strings.ReplaceAll(tt.query, "ID", shelf.ID)}})
			check(t, err)

			_, renamed := l.save("shelf", shelf, map[string][]string{"name": {"West"}})
			if refused := strings.Contains(fmt.Sprint(renamed), "Search “Found”. Write "+shelf.ID+" there instead"); refused != tt.sameName {
				t.Errorf("renamed: %v", renamed)
			}
			if _, err := l.save("shelf", shelf, map[string][]string{"name": {"EAST"}}); tt.sameName && err != nil { // in any case
				t.Errorf("written in capitals: %v", err)
			}
			all, err := l.Configured(t.Context(), l.tenant.ID, notes, "shelf")
			check(t, err)
			if used := len(all.Documents[0].UsedBy) == 1; used != tt.kept {
				t.Errorf("it says it is used by %v", all.Documents[0].UsedBy)
			}
			shelf = all.Documents[0].Config
			err = l.DeleteConfig(t.Context(), l.tenant, admin, notes, "shelf", shelf.ID, shelf.Rev)
			if used := (*feature.UsedError)(nil); errors.As(err, &used) != tt.kept {
				t.Errorf("deleted: %v", err)
			}
			if tt.kept {
				check(t, l.DeleteConfig(t.Context(), l.tenant, admin, notes, "search", search.ID, search.Rev))
				check(t, l.DeleteConfig(t.Context(), l.tenant, admin, notes, "shelf", shelf.ID, shelf.Rev))
			}
		})
	}
}

// Several documents that are written at once are judged by what all of them will say.
func TestDraftsRenameADocumentTogetherWithTheQueriesThatNameIt(t *testing.T) {
	l := newLibrary(t)
	shelf, err := l.save("shelf", tenant.Config{}, map[string][]string{"name": {"East"}})
	check(t, err)
	search, err := l.save("search", tenant.Config{}, map[string][]string{"name": {"Found"}, "query": {`issue in standsOn("Emma", "East")`}})
	check(t, err)
	west := feature.Draft{Plugin: notes, Type: "shelf", ID: shelf.ID, Rev: shelf.Rev, Values: json.RawMessage(`{"name":"West"}`)}
	follows := feature.Draft{Plugin: notes, Type: "search", ID: search.ID, Rev: search.Rev, Values: json.RawMessage(`{"name":"Found","query":"issue in standsOn(\"Emma\", \"West\")"}`)}
	for want, drafts := range map[int][]feature.Draft{1: {west}, 0: {west, follows}} {
		problems, err := l.JudgeDrafts(t.Context(), l.tenant, admin, drafts)
		check(t, err)
		if len(problems[0]) != want {
			t.Errorf("of %d drafts: %v", len(drafts), problems)
		}
	}
}

// Of a document whose deletion is a draft only the name stands in the query; it is judged as one that is deleted alone.
func TestDraftsDeleteADocumentTogetherWithTheQueriesThatNameIt(t *testing.T) {
	l := newLibrary(t)
	shelf, err := l.save("shelf", tenant.Config{}, map[string][]string{"name": {"East"}})
	check(t, err)
	search, err := l.save("search", tenant.Config{}, map[string][]string{"name": {"Found"}, "query": {`issue in standsOn("Emma", "East")`}})
	check(t, err)
	gone := feature.Draft{Plugin: notes, Type: "shelf", ID: shelf.ID, Rev: shelf.Rev}
	follows := feature.Draft{Plugin: notes, Type: "search", ID: search.ID, Rev: search.Rev}
	for want, drafts := range map[int][]feature.Draft{1: {gone}, 0: {gone, follows}} {
		problems, err := l.JudgeDrafts(t.Context(), l.tenant, admin, drafts)
		check(t, err)
		if len(problems[0]) != want {
			t.Errorf("of %d drafts: %v", len(drafts), problems)
		}
	}
	if err := l.DeleteConfig(t.Context(), l.tenant, admin, notes, "shelf", shelf.ID, shelf.Rev); sdk.CodeOf(err) != sdk.Exists {
		t.Errorf("deleted alone: %v", err)
	}
}

func TestReferenceLeadsToADocumentThatIsThere(t *testing.T) {
	l := newLibrary(t)
	ctx := t.Context()
	shelf, err := l.save("shelf", tenant.Config{}, map[string][]string{"name": {"East"}})
	check(t, err)
	fields := map[string][]string{"name": {"Emma"}, "places": {"a", "b"}, "places.a.shelf": {shelf.ID}, "places.b.shelf": {"moon"}}
	_, err = l.save("book", tenant.Config{}, fields)
	if d := cmp.Diff(schemaform.Errors{{Path: "places.1.shelf", Message: "What was chosen here is not there any more. Choose something else."}}, err); d != "" {
		t.Error(d)
	}
	check(t, l.DeleteConfig(ctx, l.tenant, admin, notes, "shelf", shelf.ID, shelf.Rev))
	fields["places"] = []string{"a"}
	_, err = l.save("book", tenant.Config{}, fields)
	if d := cmp.Diff(schemaform.Errors{{Path: "places.0.shelf", Message: "What was chosen here was deleted. Take it back, or choose something else."}}, err); d != "" {
		t.Error(d)
	}
}

func TestFormOffersDocumentsAndNamesPeople(t *testing.T) {
	l := newLibrary(t)
	ctx := t.Context()
	form, err := l.ConfigForm(ctx, l.tenant.ID, notes, "book", "")
	check(t, err)
	offer := l.Choices(ctx, l.tenant, form.Form, map[string][]string{"author": {"557058:miles"}})
	want := feature.Offer{
		Choices: map[schemaform.Source][]schemaform.Choice{
			"acme.notes/shelf": {}, "acme.gone/shelf": {}, schemaform.Users: {{ID: "557058:miles", Name: "Miles", Detail: "closed account"}},
		},
		Empty: map[schemaform.Source]string{
			"acme.notes/shelf": "There are no shelves yet. Add one under Notes: Shelves.",
			"acme.gone/shelf":  "These come from the plugin acme.gone, which is not installed on this server, or has none. Ask whoever runs it.",
		},
	}
	if d := cmp.Diff(want, offer); d != "" {
		t.Error(d)
	}
	shelf, err := l.save("shelf", tenant.Config{}, map[string][]string{"name": {"East"}})
	check(t, err)
	offer = l.Choices(ctx, l.tenant, form.Form, nil)
	if d := cmp.Diff([]schemaform.Choice{{ID: shelf.ID, Name: "East"}}, offer.Choices["acme.notes/shelf"]); d != "" {
		t.Error(d)
	}
	found, err := l.FindPeople(ctx, l.tenant, "mi")
	check(t, err)
	people := []view.Choice{{Value: "557058:mia", Label: "Mia"}, {Value: "557058:miles", Label: "Miles", Disabled: "closed account"}}
	if d := cmp.Diff(people, found.Choices); d != "" {
		t.Error(d)
	}
}
