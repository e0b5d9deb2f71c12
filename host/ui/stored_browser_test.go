package ui_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/ui"
)

func TestBrowserDownloadsAndPrintsWhatIsStored(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, func(w io.Writer, r *ui.Renderer) error {
		return r.Stored(w, ui.Shell{API: "/api", BridgeURL: "/all.js"}, storedPage())
	})
	b.answer = func(_ string, _ map[string]any, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="stored-acme.json"`)
		_, _ = io.WriteString(w, "{}")
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(`document.documentElement.dataset.colorMode === 'dark'`),
		chromedp.Focus(chromedp.CSS("#download")), chromiumtest.Press("\r"), until(`saved.join() === 'stored-acme.json' && document.activeElement.id === 'download'`),
		chromedp.Focus(chromedp.CSS(`[data-to="type-2-1"]`)), chromiumtest.Press("\r"), until(`document.activeElement.id === 'type-2-1'`))
	if d := cmp.Diff([]sent{{"stored", "JWT token1", `{}`}}, b.calls()); d != "" {
		t.Error(d)
	}
	// A frame of 360 pixels holds it without scrolling sideways, its tables included.
	run(t, ctx, command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 360, Height: 900, DeviceScaleFactor: 1}), until(`innerWidth === 360`))
	const wide = `[document.documentElement, ...document.querySelectorAll('main, .table')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.className || e.tagName).join()`
	if got := js(t, ctx, wide); got != "" {
		t.Errorf("too wide: %s", got)
	}
	// On paper it is black on white, though the screen is dark, and nothing is left that can only be clicked.
	run(t, ctx, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}), until(`matchMedia('print').matches`))
	const colours = `[...new Set([...document.querySelectorAll('.stored *')].filter((e) => !e.closest('.bar') && e.checkVisibility()).map((e) => getComputedStyle(e)).map((s) => s.color + ' on ' + s.backgroundColor))].join()`
	if got := js(t, ctx, colours); got != "rgb(0, 0, 0) on rgba(0, 0, 0, 0)" {
		t.Errorf("colours on paper: %s", got)
	}
	if got := js(t, ctx, `getComputedStyle(document.documentElement).colorScheme + [...document.querySelectorAll('button')].filter((e) => e.checkVisibility()).length`); got != "light0" {
		t.Errorf("on paper: %s", got)
	}
	noHarm(t, ctx)
}

// command is a step that sends one command of the DevTools protocol.
func command[P, R any](c cdp.Command[P, R], params P) step {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, c, params)
		return err
	})
}
