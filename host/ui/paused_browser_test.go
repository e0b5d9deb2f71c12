package ui_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// What is paused is tried again with the keyboard, and the focus stays with the card whose button is gone.
func TestBrowserTriesAgain(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, func(w io.Writer, r *ui.Renderer) error {
		return r.Admin(w, ui.Shell{API: "/api"}, ui.Admin{Plugins: []ui.AdminPlugin{pausedPlugin()}})
	})
	b.answer = func(_ string, _ map[string]any, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		p := pausedPlugin()
		p.Retry, p.Health = false, ui.Health{Tone: view.Warning, Label: "Being tried again", Reason: "The next visit decides."}
		p.Flag = &view.Flag{Tone: view.Success, Title: "Stock levels is let through"}
		if err := b.ui.AdminPlugin(w, ui.Shell{}, p); err != nil {
			t.Error(err)
		}
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"),
		click("#plugin-acme-paused-runs summary"),
		chromedp.Focus(chromedp.CSS("#plugin-acme-paused-retry")), chromiumtest.Press("\r"),
		until(`document.querySelector('.flag')?.textContent.startsWith('Stock levels is let through')`),
		until(`!document.querySelector('#plugin-acme-paused-retry') && document.activeElement.id === 'plugin-acme-paused'`),
		until(`document.querySelector('#plugin-acme-paused-runs').open`))
	if d := cmp.Diff(sent{"plugins/acme.paused/retry", "", `{}`}, b.calls()[0]); d != "" {
		t.Error(d)
	}
	noHarm(t, ctx)
}

func TestBrowserEmptyPanelTakesNoRoom(t *testing.T) {
	ctx := newTab(t)
	for name, tt := range map[string]struct {
		page *view.Page
		want string
	}{
		"empty":     {&view.Page{}, "1"},
		"with text": {&view.Page{Blocks: []view.Block{view.P("something")}}, "32"},
	} {
		b := newBackend(t, func(w io.Writer, r *ui.Renderer) error {
			return r.Page(w, ui.Shell{Kind: ui.KindPanel, API: "/api", BridgeURL: "/all.js", Title: "Stock levels"}, tt.page)
		})
		run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(`document.readyState === 'complete'`))
		if got := js(t, ctx, `document.querySelector('main').offsetHeight`); got != tt.want {
			t.Errorf("%s: the panel is %s pixels high, want %s", name, got, tt.want)
		}
	}
	noHarm(t, ctx)
}
