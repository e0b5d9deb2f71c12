package ui_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

// views are documents with columns, and relations that they refer to.
func views(t testing.TB) (view, relation manifest.Config, form *schemaform.Form) {
	schema := json.RawMessage(`{"type":"object","required":["name"],"properties":{"name":{"type":"string","title":"Name","maxLength":40},
		"owner":{"type":"string","title":"Owner","x-jira":"user"},
		"columns":{"type":"array","title":"Columns","maxItems":5,"items":{"type":"object","title":"Column","required":["field"],"properties":{
			"field":{"type":"string","title":"Field","x-jira":"field"},"direction":{"type":"string","title":"Sorted","enum":["up","down"],"default":"up","x-widget":"select"}}}},
		"relations":{"type":"array","title":"Relations","items":{"type":"string"},"x-config":"pergola.links/relation"}}}`)
	form, err := schemaform.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	view = manifest.Config{Type: "view", Title: "Issue view", Plural: "Issue views", Purpose: "Say how linked issues look", Label: "name", Schema: schema}
	relation = manifest.Config{Type: "relation", Title: "Relation", Plural: "Relations", Purpose: "Say which issues belong together", Label: "name", Schema: json.RawMessage(`{"type":"object"}`)}
	return view, relation, form
}

// configBackend answers as the admin page's server does, for one view that refers to one relation.
func configBackend(t *testing.T) *backend {
	view, relation, form := views(t)
	b := newBackend(t, func(w io.Writer, r *ui.Renderer) error {
		m := qrManifest()
		m.Configs = []manifest.Config{view, relation}
		return r.Admin(w, ui.Shell{Title: "Pergola", API: "/api"}, ui.Admin{Plugins: []ui.AdminPlugin{{Manifest: m, Enabled: true}}})
	})
	used := ui.ConfigRow{ID: "r1", Rev: 1, Label: "Laptop of an employee", Changed: time.Unix(0, 0), UsedBy: []ui.ConfigUse{{Plugin: "pergola.qrcode", Type: "view", ID: "v1", Words: "Issue view “Laptops”"}}}
	b.answer = func(path string, body map[string]any, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		var out bytes.Buffer
		var err error
		f := ui.ConfigForm{Plugin: "pergola.qrcode", Type: view, ID: "v1", Rev: 3, Label: "Laptops", Form: form, Focus: strings.HasSuffix(path, "/v1"),
			Values: form.Defaults(json.RawMessage(`{"name":"Laptops","owner":"557058:mia","columns":[{"field":"summary"},{"field":"status","direction":"down"}],"relations":["r2","r1"]}`)),
			Choices: map[schemaform.Source][]schemaform.Choice{
				schemaform.JiraFields: {{ID: "status", Name: "Status"}, {ID: "summary", Name: "Summary"}}, schemaform.Users: {{ID: "557058:mia", Name: "Mia", Detail: "closed account"}},
				"pergola.links/relation": {{ID: "r1", Name: "Laptop of an employee"}, {ID: "r2", Name: "Seat in a room"}, {ID: "r3", Name: "Part of"}},
			}}
		list := ui.ConfigList{Plugin: "pergola.qrcode", Type: relation, Documents: []ui.ConfigRow{used}}
		switch {
		case strings.HasSuffix(path, "/delete"):
			w.WriteHeader(http.StatusUnprocessableEntity)
			list.Refused = &used
			err = b.ui.Configs(&out, list)
		case strings.HasSuffix(path, "configs/relation"):
			err = b.ui.Configs(&out, list)
		case body != nil:
			f.Submitted = map[string][]string{}
			for k, v := range body["form"].(map[string]any) {
				for _, e := range v.([]any) {
					f.Submitted[k] = append(f.Submitted[k], e.(string))
				}
			}
			params, _ := body["params"].(map[string]any)
			if button, _ := params["edit"].(string); button != "" {
				f.Edited = button
				f.Submitted, f.At = form.Edit(f.Submitted, button)
			} else if _, f.Errors = form.Decode(f.Submitted); len(f.Errors) > 0 {
				w.WriteHeader(http.StatusUnprocessableEntity)
			}
			err = b.ui.Config(&out, f)
		default:
			err = b.ui.Config(&out, f)
		}
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(out.Bytes())
	}
	return b
}

const viewPanel = "config-pergola-qrcode-view"

func TestBrowserEditsRowsWithTheKeyboard(t *testing.T) {
	ctx := newTab(t)
	b := configBackend(t)
	columns := `[...document.querySelectorAll('.row')].map((r) => [...r.querySelectorAll('select')].map((s) => s.value).join(' ')).join()`
	focused := func(id string) string { return `document.activeElement.id === '` + viewPanel + "-" + id + `'` }
	press := func(id string) step {
		return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			return chromedp.Do(ctx, focus("#"+viewPanel+"-"+id), chromiumtest.Press("\r"))
		})
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), click("#"+viewPanel+"-open"), until(columns+` === 'summary up,status down'`),
		chromedp.SetValue(chromedp.CSS("#"+viewPanel+"-name"), "half typed"),
		press("columns-add"), until(columns+` === 'summary up,status down, up' && `+focused("columns-2")),
		press("columns-2-up"), until(columns+` === 'summary up, up,status down' && `+focused("columns-1-up")),
		chromiumtest.Press("\r"), until(columns+` === ' up,summary up,status down' && `+focused("columns-0-down")),
		press("columns-1-remove"), until(columns+` === ' up,status down' && `+focused("columns-1")),
		// What is chosen can be moved too, and what is only ticked goes behind it.
		until(`[...document.querySelectorAll('[name=relations]:checked')].map((i) => i.value).join() === 'r2,r1'`),
		press("relations-1-up"), until(`[...document.querySelectorAll('[name=relations]:checked')].map((i) => i.value).join() === 'r1,r2'`),
		until(`document.querySelector('#`+viewPanel+`-name').value === 'half typed' && document.querySelector('[data-name=owner] .chip').textContent.includes('Mia (closed account)')`),
		// What is missing is said in its row, before anything is sent.
		click("#"+viewPanel+"-submit"),
		until(focused("columns-0-field")+` && document.querySelector('#`+viewPanel+`-columns-0-field-error').textContent`))
	noHarm(t, ctx)
}

func TestSummaryOfAFormNamesTheRow(t *testing.T) {
	view, _, form := views(t)
	f := ui.ConfigForm{Plugin: "pergola.qrcode", Type: view, Form: form, Submitted: map[string][]string{"name": {"P"}, "columns": {"x", "y"}, "columns.x.field": {"status"}}}
	_, f.Errors = form.Decode(f.Submitted)
	var out bytes.Buffer
	if err := newRenderer(t).Config(&out, f); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`data-to="` + viewPanel + `-columns-1-field">Column 2, Field</a>: Choose one.`, `id="` + viewPanel + `-columns-1-field-error">Choose one.`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, out.String())
		}
	}
}

func TestBrowserSaysWhatUsesADocumentThatCannotBeDeleted(t *testing.T) {
	ctx := newTab(t)
	b := configBackend(t)
	const panel = "#config-pergola-qrcode-relation"
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), click(panel+"-open"), until(`document.querySelector('`+panel+` td')?.textContent.includes('Issue view “Laptops”')`),
		click(panel+"-r1-delete"), until(`document.querySelector('dialog[open]')`), click("#confirm-yes"),
		until(`document.activeElement.matches('.notice.danger') && document.activeElement.textContent.includes('“Laptop of an employee” cannot be deleted')`))
	run(t, ctx, focus(panel+"-why-1"), chromiumtest.Press("\r"),
		until(`document.activeElement.id === '`+viewPanel+`-title' && document.activeElement.textContent === 'Laptops'`))
	noHarm(t, ctx)
}
