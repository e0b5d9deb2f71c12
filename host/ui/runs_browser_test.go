package ui_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// A run ends while somebody looks, and the page shall be drawn anew.
func TestBrowserPageIsDrawnAnewWhenARunIsDone(t *testing.T) {
	ctx := newTab(t)
	for name, tt := range map[string]struct {
		answers      []int // to what the page asks first then; afterwards 200
		drawn, asked int
	}{
		"at once":               {nil, 1, 2},
		"server away meanwhile": {[]int{503, 503}, 1, 4},
		"refused":               {[]int{403}, 0, 2},
		"plugin gone":           {[]int{404}, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			blocks := []view.Block{{Runs: &view.Runs{Job: "index", Unit: "issues", Then: "manage"}}}
			b := newBackend(t, standaloneIn(ui.Shell{Kind: ui.KindPage, API: "/api", Runs: true}, &view.Page{Title: "Index", Blocks: blocks}))
			asked, drawn := 0, 0
			b.answer = func(path string, _ map[string]any, w http.ResponseWriter) {
				b.mu.Lock()
				defer b.mu.Unlock()
				said := func(run string) { _, _ = io.WriteString(w, run) }
				const created = `"id":"r1","created":"2026-01-02T03:04:05Z","done":4,"total":4`
				switch path {
				case "runs":
					if asked++; asked == 1 {
						said(`{"title":"Index","runs":[{"state":"running","rev":1,` + created + `}]}`)
						return
					}
					if n := asked - 2; n < len(tt.answers) {
						w.WriteHeader(tt.answers[n])
						said(`{"error":{"message":"No."}}`)
						return
					}
					said(`{"title":"Index","runs":[{"state":"done","rev":2,` + created + `}]}`)
				case "runs/r1":
					said(`{"state":"done","rev":2,` + created + `}`)
				case "view/manage":
					drawn++
					b.page(w, &view.Page{Title: "Index", Blocks: []view.Block{view.P("Drawn anew.")}})
				default:
					t.Errorf("%s was asked", path)
				}
			}
			run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(`document.body.innerText.toLowerCase().includes('done') || document.body.innerText.includes('Drawn anew')`))
			if tt.drawn > 0 {
				run(t, ctx, until(`document.body.innerText.includes('Drawn anew.')`))
			}
			time.Sleep(1500 * time.Millisecond) // in which it would ask once more
			b.mu.Lock()
			defer b.mu.Unlock()
			if drawn != tt.drawn || asked != tt.asked {
				t.Errorf("it was drawn %d times, want %d; the runs were asked for %d times, want %d", drawn, tt.drawn, asked, tt.asked)
			}
			if flags := js(t, ctx, `document.querySelectorAll('.flag').length`); flags != "0" {
				t.Errorf("%s flags are shown", flags)
			}
			noHarm(t, ctx)
		})
	}
}
