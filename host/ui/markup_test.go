package ui_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/view"
)

// TestNothingOfAPluginIsMarkup puts an attack into every string of every block.
func TestNothingOfAPluginIsMarkup(t *testing.T) {
	for _, attack := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`, "</textarea><script>alert(1)</script>",
		`</title><script>alert(1)</script>`, `data:text/html,<script>alert(1)</script>`, "\x00<svg onload=alert(1)>", `{{.}}`, `https://a.example/"onclick="alert(1)`, "java\nscript:alert(1)",
	} {
		p := everyBlock()
		poison(reflect.ValueOf(p), attack)
		var b bytes.Buffer
		shell := ui.Shell{Title: attack, Kind: attack, Lang: attack, API: attack, SiteURL: attack, IssueKeys: map[string]string{"10001": attack}}
		if err := newRenderer(t).Page(&b, shell, p); err != nil {
			t.Fatalf("%s: %v", attack, err)
		}
		checkRules(t, b.String())

		a := adminPage(t)
		for i := range a.Plugins {
			poison(reflect.ValueOf(a.Plugins[i].Manifest), attack)
			a.Plugins[i].Manifest.ID = "acme.x"
			a.Plugins[i].Health = ui.Health{Tone: view.Tone(attack), Label: attack, Reason: attack}
			a.Plugins[i].Flag = &view.Flag{Title: attack}
			a.Plugins[i].Settings = nil
			b.Reset()
			if err := newRenderer(t).AdminPlugin(&b, ui.Shell{}, a.Plugins[i]); err != nil {
				t.Fatal(err)
			}
			checkRules(t, b.String())
		}
		f := settingsForm(t)
		f.Submitted = map[string][]string{}
		for _, path := range []string{"title", "note", "columns", "projects", "hosts", "serialField", "serviceEmail", "level"} {
			f.Submitted[path] = []string{attack}
			f.Errors = append(f.Errors, schemaform.Error{Path: path, Message: attack})
		}
		f.Choices[schemaform.Projects] = []schemaform.Choice{{ID: attack + "2", Name: attack, Detail: attack}}
		b.Reset()
		if err := newRenderer(t).Settings(&b, ui.Shell{}, f); err != nil {
			t.Fatal(err)
		}
		checkRules(t, b.String())
		b.Reset()
		if err := newRenderer(t).Problem(&b, ui.Shell{}, ui.Problem{Status: 500, Title: attack, Detail: attack, RequestID: attack}); err != nil {
			t.Fatal(err)
		}
		checkRules(t, b.String())
	}
}

// poison overwrites every string and byte slice that v leads to; but words that decide which template is used stay.
func poison(v reflect.Value, with string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), with)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			poison(v.Field(i), with)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if !v.IsNil() {
				v.SetBytes([]byte(with))
			}
			return
		}
		for i := range v.Len() {
			poison(v.Index(i), with)
		}
	case reflect.Map:
		if v.Type() == reflect.TypeFor[map[string]string]() && !v.IsNil() {
			v.Set(reflect.ValueOf(map[string]string{with: with}))
		}
	case reflect.String:
		if v.Type() != reflect.TypeFor[view.FieldKind]() && v.String() != "" {
			v.SetString(with)
		}
	}
}
