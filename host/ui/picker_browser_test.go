package ui_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// shop answers the pickers of the form of linking as a plugin would.
func shop(b *backend) func(string, map[string]any, http.ResponseWriter) {
	return func(path string, body map[string]any, w http.ResponseWriter) {
		params, _ := body["params"].(map[string]any)
		q, _ := params["q"].(string)
		answer := &view.Choices{Empty: "No server is called so"}
		switch {
		case !strings.HasPrefix(path, "suggest/"):
			b.page(w, &view.Page{Title: "Linked", Blocks: []view.Block{view.P("Linked.")}})
			return
		case q == "broken":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprint(w, `{"error":{"code":"unavailable","message":"Jira does not answer. Try again in a minute."}}`)
			return
		case q == "", q == "slow":
			answer = someChoices()
		case path == "suggest/companies":
			answer.Choices = []view.Choice{{Value: "1", Label: "Acme"}, {Value: "2", Label: "Ajax"}}
		case q == "s", q == "ser":
			for i := range 4 {
				answer.Choices = append(answer.Choices, view.Choice{Value: fmt.Sprint(i + 1), Label: fmt.Sprint("Server ", i+1), Icon: view.DeviceIcon})
			}
			answer.Choices[1].Disabled = "Linked already"
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := b.ui.Choices(w, answer); err != nil {
			b.t.Error(err)
		}
	}
}

// openPickers opens a page with the form of linking, in which only the company is required and nothing is chosen.
func openPickers(t *testing.T, kind string) (context.Context, *backend) {
	t.Helper()
	ctx := newTab(t)
	form := linking()
	form.Fields[0].Error, form.Fields[1].Chosen = "", nil
	shell := ui.Shell{Kind: kind, API: "/api"}
	b := newBackend(t, standaloneIn(shell, &view.Page{Title: "Link", Blocks: []view.Block{{Form: form}}}))
	b.answer = shop(b)
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(`!document.querySelector('[data-module]')`))
	return ctx, b
}

// company and servers are the inputs of the two pickers.
const (
	company = `[data-name=company] [role=combobox]`
	servers = `[data-name=servers] [role=combobox]`
)

func focus(selector string) step { return chromedp.Focus(chromedp.CSS(selector)) }

// listed waits for a list to show those labels, the active one in brackets and the chosen ones with a star.
func listed(name string, labels ...string) step {
	return until(fmt.Sprintf(`[...document.querySelectorAll('[data-name=%s] [role=option]')].map((o) => {
		const input = document.querySelector('[data-name=%[1]s] [role=combobox]'), label = o.querySelector('.option-label').textContent;
		return (o.id === input.getAttribute('aria-activedescendant') ? '[' + label + ']' : label) + (o.ariaSelected === 'true' ? '*' : '');
	}).join('|') === %q`, name, strings.Join(labels, "|")))
}

func held(name string, labels ...string) step {
	return until(fmt.Sprintf(`[...document.querySelectorAll('[data-name=%s] .chip > span')].map((c) => c.textContent).join('|') === %q`, name, strings.Join(labels, "|")))
}

func said(words string) step {
	return until(fmt.Sprintf(`document.querySelector('#live').textContent === %q`, words))
}

func TestBrowserPickerIsUsedWithKeysAlone(t *testing.T) {
	ctx, b := openPickers(t, ui.KindPage)
	run(t, ctx, focus(servers),
		// The list opens without a word typed, and says what was picked lately; arrows go round in it.
		chromiumtest.Press(kb.ArrowDown), listed("servers", "OPS-7 Mail server in Hamburg", "OPS-12 Build server", "OPS-13"),
		said("3 results. There are more. Type more to narrow them down."),
		until(`document.querySelector('`+servers+`').ariaExpanded === 'true'`),
		chromiumtest.Press(kb.Escape), until(`document.querySelector('`+servers+`').ariaExpanded === 'false' && document.querySelector('[data-name=servers] .pick-list').hidden`),
		chromiumtest.Press("ser"), listed("servers", "Server 1", "Server 2", "Server 3", "Server 4"), said("4 results. "),
		chromiumtest.Press(kb.ArrowUp), listed("servers", "Server 1", "Server 2", "Server 3", "[Server 4]"),
		chromiumtest.Press(kb.ArrowDown), listed("servers", "[Server 1]", "Server 2", "Server 3", "Server 4"),
		chromiumtest.Press(kb.End), listed("servers", "Server 1", "Server 2", "Server 3", "[Server 4]"),
		chromiumtest.Press(kb.Home), listed("servers", "[Server 1]", "Server 2", "Server 3", "Server 4"),
		chromiumtest.Press(kb.Enter), held("servers", "Server 1"), said("Server 1 chosen"), listed("servers", "[Server 1]*", "Server 2", "Server 3", "Server 4"),
		// What cannot be chosen says why.
		chromiumtest.Press(kb.ArrowDown), chromiumtest.Press(kb.Enter), said("This cannot be chosen: Server 2 Linked already"),
		chromiumtest.Press(kb.ArrowDown), chromiumtest.Press(kb.Enter), held("servers", "Server 1", "Server 3"),
		chromiumtest.Press(kb.Enter), held("servers", "Server 1"), said("Server 3 removed"), // once more takes it back
		chromiumtest.Press(kb.Enter), chromiumtest.Press(kb.End), chromiumtest.Press(kb.Enter), held("servers", "Server 1", "Server 3", "Server 4"),
		// Three are the most; Backspace removes the last one.
		chromiumtest.Press(kb.ArrowDown), said("3 at most. Remove one to choose another."),
		chromiumtest.Press(kb.Escape), chromiumtest.Press(kb.Backspace), held("servers", "Server 1", "Server 3"), said("Server 4 removed"),
		focus(company), chromiumtest.Press("ac"), listed("company", "Acme", "Ajax"), chromiumtest.Press(kb.ArrowDown), chromiumtest.Press(kb.Enter), held("company", "Acme"),
		// It holds one: the next takes its place. And what depends on it is emptied.
		held("servers"), said("Servers emptied: what it depends on has changed"),
		chromiumtest.Press("aj"), listed("company", "Acme*", "Ajax"), chromiumtest.Press(kb.End+kb.ArrowUp), chromiumtest.Press(kb.Enter), held("company", "Ajax"),
		focus(servers), chromiumtest.Press("s"), listed("servers", "Server 1", "Server 2", "Server 3", "Server 4"), chromiumtest.Press(kb.ArrowDown), chromiumtest.Press(kb.Enter),
		held("servers", "Server 1"), chromiumtest.Press(kb.Escape), chromiumtest.Press(kb.Enter), until(`document.title === 'Linked'`))
	calls := b.calls()
	if d := cmp.Diff(sent{"action/link", "", `{"params":{},"form":{"company":["2"],"servers":["1"]},"state":"cmVsYXRpb24gMw=="}`}, calls[len(calls)-1]); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
	// The suggester gets the fields as they stand, the state, and what is typed.
	if d := cmp.Diff(sent{"suggest/servers", "", `{"params":{"q":"s","field":"servers"},"form":{"company":["2"]},"state":"cmVsYXRpb24gMw=="}`}, calls[len(calls)-2]); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	noHarm(t, ctx)
}

func TestBrowserPickerAsksOnceForEachPause(t *testing.T) {
	ctx, b := openPickers(t, ui.KindPage)
	let, late := make(chan bool), make(chan bool)
	answer := b.answer
	b.answer = func(path string, body map[string]any, w http.ResponseWriter) {
		if body["params"].(map[string]any)["q"] == "slow" {
			<-let // until another question was answered
			defer close(late)
		}
		answer(path, body, w)
	}
	run(t, ctx, focus(company),
		chromiumtest.Press("a"), until(`document.querySelector('[data-name=company] .pick-note p').textContent === 'Type 2 characters or more.'`), // nothing is asked
		chromiumtest.Press(kb.Backspace+"slow"), until(`document.querySelector('[data-name=company]').ariaBusy === 'true' && document.querySelector('[data-name=company] .pick-note p').textContent === 'Searching …'`))
	run(t, ctx, chromiumtest.Press(strings.Repeat(kb.Backspace, 4)+"acme"), listed("company", "Acme", "Ajax"))
	close(let)
	<-late
	run(t, ctx, until(`(window.later ??= fetch('/page').then((r) => r.text()).then(() => { window.came = true; })) && window.came`), // what was sent before has come too
		chromiumtest.Press(kb.ArrowDown), listed("company", "[Acme]", "Ajax"), until(`document.querySelector('[data-name=company]').ariaBusy === null`))
	var asked []string
	for _, c := range b.calls() {
		before, _, _ := strings.Cut(c.Body, `,"field"`)
		asked = append(asked, before)
	}
	if d := cmp.Diff([]string{`{"params":{"q":"slow"`, `{"params":{"q":"acme"`}, asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	noHarm(t, ctx)
}

func TestBrowserPickerSaysWhatIsWrong(t *testing.T) {
	ctx, b := openPickers(t, ui.KindPage)
	run(t, ctx,
		// A required picker that is empty, and words that are no choice, do not leave the page.
		click("[type=submit]"), until(`document.activeElement.closest('[data-name=company]') && document.querySelector('[data-name=company] .error').textContent === 'Choose one from the list.'`),
		chromiumtest.Press("ac"), until(`document.querySelector('[data-name=company] .error').textContent !== ''`), listed("company", "Acme", "Ajax"),
		chromiumtest.Press(kb.Escape+kb.Enter), until(`document.querySelector('[data-name=company] .error').textContent === 'Choose one from the list, or clear what you typed.'`),
		chromiumtest.Press(kb.ArrowDown), listed("company", "Acme", "Ajax"), click("[data-name=company] .option"), held("company", "Acme"),
		until(`document.querySelector('[data-name=company] .error').textContent === '' && document.activeElement === document.querySelector('`+company+`')`),
		// Nothing found, and a server that does not answer.
		focus(servers), chromiumtest.Press("zzz"), said("No results. No server is called so"),
		chromiumtest.Press(strings.Repeat(kb.Backspace, 3)+"broken"), said("Jira does not answer. Try again in a minute."),
		until(`document.querySelector('[data-name=servers] .pick-note').textContent.trim() === 'Jira does not answer. Try again in a minute.Try again'`))
	before := len(b.calls())
	run(t, ctx, click("[data-name=servers] .pick-note button"), until(`document.activeElement === document.querySelector('`+servers+`') && document.querySelector('[data-name=servers]').ariaBusy === null`))
	if n := len(b.calls()); n != before+1 {
		t.Errorf("%d questions after Try again", n-before)
	}
	// Chips and all are removed by mouse too; leaving the field closes its list.
	run(t, ctx, click("[data-name=company] .chip button"), held("company"), said("Acme removed"),
		until(`document.querySelector('[data-name=servers] .pick-list').hidden`),
		click("[data-name=servers] .pick-clear"), until(`document.querySelector('`+servers+`').value === '' && document.querySelector('[data-name=servers] .pick-clear').hidden`), said("Servers cleared"))
	noHarm(t, ctx)
}

// In a panel the list takes room, and closing it moves the button that is being pressed.
func TestBrowserPressBelowAnOpenListOfAPanelIsNotLost(t *testing.T) {
	ctx, _ := openPickers(t, ui.KindPanel)
	run(t, ctx, focus(company), chromiumtest.Press("ac"), listed("company", "Acme", "Ajax"), chromiumtest.Press(kb.ArrowDown+kb.Enter), held("company", "Acme"),
		focus(servers), chromiumtest.Press(kb.ArrowDown), listed("servers", "OPS-7 Mail server in Hamburg", "OPS-12 Build server", "OPS-13"),
		until(`document.querySelector('[type=submit]').getBoundingClientRect().top > document.querySelector('[data-name=servers] .pick-list').getBoundingClientRect().bottom`),
		click("[type=submit]"), until(`document.title === 'Linked'`))
	noHarm(t, ctx)
}

func TestBrowserPickerComesWithALaterPart(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, standalone(&view.Page{Title: "Relations", Blocks: []view.Block{view.Actions(view.Button{Label: "Link", View: "form"})}}))
	answer := shop(b)
	b.answer = func(path string, body map[string]any, w http.ResponseWriter) {
		if path == "view/form" {
			form := linking()
			form.Fields = form.Fields[1:]
			b.page(w, &view.Page{Title: "Link", Blocks: []view.Block{{Form: form}}})
			return
		}
		answer(path, body, w)
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(`document.readyState === 'complete'`))
	if n := js(t, ctx, `performance.getEntriesByType('resource').filter((r) => r.name.includes('picker.js')).length`); n != "0" {
		t.Error("a page without a picker loads picker.js")
	}
	run(t, ctx, click("#page .button"), until(`document.title === 'Link' && !document.querySelector('[data-module]')`),
		held("servers", "OPS-7 Mail server in Hamburg", "OPS-12 Build server"),
		focus(servers), chromiumtest.Press("s"), listed("servers", "Server 1", "Server 2", "Server 3", "Server 4"))
	noHarm(t, ctx)
}
