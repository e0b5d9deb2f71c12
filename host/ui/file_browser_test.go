package ui_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// chosen has the user choose a file of so many lines.
func chosen(lines int) step {
	return until(fmt.Sprintf(`(() => {
		const files = new DataTransfer(), pick = document.querySelector('input[type=file]');
		files.items.add(new File(['OPS-1,OPS-2\n'.repeat(%d)], 'links.csv'));
		pick.files = files.files;
		pick.dispatchEvent(new Event('change'));
		return true;
	})()`, lines))
}

// A file goes the way of any other text: into one call, and nowhere else. What is pasted does too.
func TestBrowserWhatAChosenFileSaysIsSent(t *testing.T) {
	ctx := newTab(t)
	form := &view.Form{Action: "read", Submit: "Read", Fields: []view.Field{
		{Name: "note", Label: "Note", Kind: view.TextAreaField}, {Name: "lines", Label: "File", Kind: view.FileField, Required: true},
	}}
	b := newBackend(t, standaloneIn(ui.Shell{Kind: ui.KindPage, API: "/api"}, &view.Page{Title: "Import", Blocks: []view.Block{{Form: form}}}))
	got := make(chan string, 1)
	b.answer = func(_ string, body map[string]any, w http.ResponseWriter) {
		in, _ := body["form"].(map[string]any)
		lines, _ := in["lines"].([]any)
		if note, _ := in["note"].([]any); len(lines) != 1 || len(note) != 1 || note[0] != "" {
			t.Errorf("%d values of the file, and the note %q", len(lines), note)
			lines = []any{""}
		}
		got <- strings.ReplaceAll(lines[0].(string), "\r\n", "\n")
		b.page(w, &view.Page{Title: "Read", Blocks: []view.Block{view.P("All of it.")}})
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(`!document.querySelector('[data-module]') && document.querySelector('input[type=file]').checkVisibility()`),
		chosen(100_000), until(`document.body.innerText.includes('links.csv has more than 1024 KiB') && !document.querySelector('[name=lines]').value`),
		chosen(5000), until(`document.body.innerText.includes('links.csv was read')`),
		click(`[type=submit]`), until(`document.body.innerText.includes('All of it.')`))
	if want := strings.Repeat("OPS-1,OPS-2\n", 5000); <-got != want {
		t.Error("what was sent is not what the file says")
	}
}

func TestBrowserButtonsBesideThatOfAFormSendNothingOfIt(t *testing.T) {
	ctx := newTab(t)
	form := &view.Form{Action: "link", Submit: "Link", Fields: []view.Field{{Name: "note", Label: "Note", Kind: view.TextField}}}
	b := newBackend(t, standaloneIn(ui.Shell{Kind: ui.KindPage, API: "/api"}, &view.Page{Title: "Link", Blocks: []view.Block{
		{Form: form}, view.Actions(view.Button{Label: "Cancel", View: "before"}), view.P("Below both."),
	}}))
	b.answer = func(path string, body map[string]any, w http.ResponseWriter) {
		if in, _ := body["form"].(map[string]any); path != "view/before" || len(in) > 0 {
			t.Errorf("%s was sent %v", path, in)
		}
		b.page(w, &view.Page{Title: "Before", Blocks: []view.Block{view.P("As before.")}})
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"),
		until(`document.querySelector('.actions').children.length === 2 && new Set([...document.querySelectorAll('#page .actions button')].map((e) => e.getBoundingClientRect().top)).size === 1`),
		until(`document.querySelector('.actions').getBoundingClientRect().top - document.querySelector('form').getBoundingClientRect().bottom === 24`),
		chromedp.SendKeys(chromedp.CSS("[name=note]"), "secret"), click("#page .actions button:last-child"), until(`document.body.innerText.includes('As before.')`))
	noHarm(t, ctx)
}
