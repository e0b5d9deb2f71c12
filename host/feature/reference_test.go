package feature_test

import (
	"errors"
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
	}})
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
