package ui_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

func TestButtonAddsWhatARowIsCalledWithItsArticle(t *testing.T) {
	for title, want := range map[string]string{"Address": "Add an address<", "Step": "Add a step<", "": "Add a "} {
		form, err := schemaform.Compile(json.RawMessage(`{"type":"object","properties":{"rows":{"type":"array","title":"Rows","items":{"type":"object","title":"` + title + `","properties":{"x":{"type":"string"}}}}}}`))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := newRenderer(t).Config(&out, ui.ConfigForm{Plugin: "acme.notes", Type: manifest.Config{Type: "note", Title: "Note"}, Form: form, Values: form.Defaults(nil)}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
