package ui_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// graphReady is so when graph.js has done its work.
const graphReady = `document.querySelector('.graph-tools')?.hidden === false`

func openGraph(t *testing.T, g *view.Graph) (context.Context, *backend) {
	t.Helper()
	ctx := newTab(t)
	b := newBackend(t, standalone(graphPage(g)))
	b.answer = func(_ string, _ map[string]any, w http.ResponseWriter) { b.page(w, graphPage(assets(8))) }
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(graphReady))
	return ctx, b
}

func TestBrowserReachesTheNodesOfAGraphInReadingOrder(t *testing.T) {
	ctx, b := openGraph(t, assets(5))
	run(t, ctx, focus("[data-save=png]"))
	var got []string
	for range 9 {
		run(t, ctx, chromiumtest.Press(kb.Tab))
		got = append(got, js(t, ctx, `document.activeElement.querySelector('title')?.textContent.split(/[,(]/)[0].trim() || document.activeElement.textContent.trim()`))
	}
	// The drawing itself has the focus before its nodes, for whoever scrolls and zooms with keys.
	want := []string{
		"Skip the drawing", "Relations of OPS-1 Mail server in Hamburg", "OPS-4 Support contract 2026", "OPS-5 Mail for all of the company and its subsidiaries",
		"Show what is linked to OPS-5 Mail for all of the company and its subsidiaries", "OPS-1 Mail server in Hamburg", "OPS-2 Anna Lindqvist", "OPS-3 Data centre Hamburg", "The same as a table",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tab stops (-want +got):\n%s", d)
	}
	// A node that has the focus shows its own lines, the others step back.
	run(t, ctx, focus(".graph-spot.focus a"), until(`document.querySelectorAll('.graph-edge.near').length === 4`),
		focus("#graph1-1 a"), until(`document.querySelectorAll('.graph-edge.near').length === 1 && document.querySelectorAll('.graph-spot.near').length === 2`),
		focus(".graph-skip a"), until(`document.querySelectorAll('.near').length === 0`), chromiumtest.Press("\r"), until(`document.activeElement.id === 'graph1-words'`))
	// The button of a node asks the plugin for more.
	run(t, ctx, focus(".graph-expand"), chromiumtest.Press(" "), until(`document.querySelectorAll('.graph-spot').length === 8`), until(graphReady))
	if d := cmp.Diff([]sent{{"view/graph", "", `{"params":{"issue":"10005"},"form":{},"state":""}`}}, b.calls()); d != "" {
		t.Error(d)
	}
	noHarm(t, ctx)
}

func TestBrowserOpensTheIssueOfANodeThroughTheBridge(t *testing.T) {
	for _, site := range []string{"https://acme.example", ""} { // without a site, nodes are links without an address
		ctx := newTab(t)
		b := newBackend(t, func(w io.Writer, r *ui.Renderer) error {
			return r.Page(w, ui.Shell{API: "/api", BridgeURL: "/all.js", SiteURL: site}, graphPage(assets(5)))
		})
		run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(graphReady),
			focus("#graph1-1 a"), chromiumtest.Press("\r"), until(`asked.some((a) => a[0] === 'go' && JSON.stringify(a).includes('OPS-2'))`))
		noHarm(t, ctx)
	}
}

func TestBrowserZoomsAGraph(t *testing.T) {
	ctx, _ := openGraph(t, assets(200))
	const (
		ground = `document.querySelector('.graph-ground')`
		svg    = `document.querySelector('.graph-drawing')`
		wide   = svg + `.getBoundingClientRect().width / ` + svg + `.viewBox.baseVal.width`
	)
	says := func(percent string) step {
		return until(`document.querySelector('.graph-tools output').textContent === '` + percent + ` %' && Math.abs(` + wide + ` - ` + percent + ` / 100) < 0.01`)
	}
	// What is too wide is first shown with words that can be read, and with the focus in the middle.
	run(t, ctx, says("80"), until(`Math.abs(document.querySelector('.graph-spot.focus').getBoundingClientRect().y - `+ground+`.getBoundingClientRect().y - `+ground+`.clientHeight / 2) < 60`),
		click("[data-zoom=in]"), says("90"), click("[data-zoom=in]"), says("100"), click("[data-zoom=out]"), says("90"),
		until(`document.querySelector('#live').textContent === 'Zoom 90 %'`),
		focus(".graph-ground"), chromiumtest.Press("+"), says("100"), chromiumtest.Press("-"), says("90"),
		chromiumtest.Press("0"), until(svg+`.getBoundingClientRect().width <= `+ground+`.clientWidth + 1 && `+svg+`.getBoundingClientRect().height <= 660`))
	noHarm(t, ctx)
}

func TestBrowserHidesAKindOfRelationAndWhatThenHangsAlone(t *testing.T) {
	g := assets(5)
	g.Nodes = append(g.Nodes, view.Node{ID: "alone", Label: "OPS-99 linked to nothing"})
	ctx, b := openGraph(t, g)
	shown := func(keys string) step {
		return until(`[...document.querySelectorAll('.graph-spot')].filter((s) => getComputedStyle(s).display !== 'none').map((s) => s.querySelector('.graph-name').textContent.split(' ')[0]).join(' ') === '` + keys + `'`)
	}
	run(t, ctx, focus("#graph1-kind3"), chromiumtest.Press(" "), shown("OPS-4 OPS-1 OPS-2 OPS-3 OPS-99"),
		until(`document.querySelector('#live').textContent === 'Hidden: 1 of 4 relations' && !document.querySelector('.graph-words[data-kind="3"]').checkVisibility()`),
		click("label[for=graph1-kind0]"), click("label[for=graph1-kind1]"), click("label[for=graph1-kind2]"), shown("OPS-1 OPS-99"),
		click("summary"), until(`[...document.querySelectorAll('.graph-same tbody tr')].filter((r) => r.checkVisibility()).length === 1`),
		click("label[for=graph1-kind3]"), shown("OPS-5 OPS-1 OPS-99"))
	if n := len(b.calls()); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
	// What is hidden stays so when the page is drawn anew.
	run(t, ctx, focus(".graph-expand"), chromiumtest.Press("\r"), until(`document.querySelectorAll('.graph-spot').length === 8`), until(graphReady),
		until(`!document.querySelector('#graph1-kind0').checked && document.querySelector('#graph1-kind3').checked && getComputedStyle(document.querySelector('#graph1-1')).display === 'none'`))
	noHarm(t, ctx)
}

// saving presses a button and returns the file that the browser would save.
func saving(t *testing.T, ctx context.Context, format, mime string) (name string, body []byte) {
	t.Helper()
	js(t, ctx, `(() => {
  const make = URL.createObjectURL;
  window.file = '';
  saved.length = 0;
  URL.createObjectURL = (blob) => {
    const reader = new FileReader();
    reader.onload = () => { window.file = reader.result; };
    reader.readAsDataURL(blob);
    return make.call(URL, blob);
  };
})()`)
	run(t, ctx, click("[data-save="+format+"]"), until(`saved.length === 1 && window.file.startsWith('data:`+mime+`')`))
	_, coded, _ := strings.Cut(js(t, ctx, "window.file"), ",")
	body, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		t.Fatal(err)
	}
	if *gallery != "" {
		if err := os.WriteFile(filepath.Join(*gallery, strings.ReplaceAll(t.Name(), "/", "-")+"."+format), body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return js(t, ctx, "saved[0]"), body
}

func TestBrowserSavesAGraphAsItLooks(t *testing.T) {
	for _, tt := range []struct {
		mode, fill string
		ground     [3]uint32
		g          *view.Graph
		hide       bool // the first kind
	}{
		{"light", "rgb(255, 255, 255)", [3]uint32{255, 255, 255}, assets(40), true},
		{"dark", "rgb(29, 33, 37)", [3]uint32{29, 33, 37}, assets(200), false},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			ctx, _ := openGraph(t, tt.g)
			run(t, ctx, until(`(document.documentElement.dataset.colorMode = '`+tt.mode+`')`))
			lines := strings.Count(js(t, ctx, `document.querySelector('.graph-drawing').outerHTML`), `class="graph-head"`)
			if tt.hide {
				run(t, ctx, click("label[for=graph1-kind0]"))
				for _, e := range tt.g.Edges {
					if e.Label == tt.g.Edges[0].Label {
						lines--
					}
				}
			}
			name, svg := saving(t, ctx, "svg", "image/svg+xml")
			if want := "Relations-of-OPS-1-Mail-server-in-Hamburg.svg"; name != want {
				t.Errorf("saved as %q, want %q", name, want)
			}
			if paths := checkSaved(t, svg, tt.fill); paths < 2*lines {
				t.Errorf("%d paths for %d lines with arrows", paths, lines)
			}
			name, raw := saving(t, ctx, "png", "image/png")
			picture, err := png.Decode(bytes.NewReader(raw))
			if err != nil || !strings.HasSuffix(name, ".png") {
				t.Fatalf("%s: %v", name, err)
			}
			checkPicture(t, picture, tt.ground)
			noHarm(t, ctx)
		})
	}
}

// checkSaved says what a drawing that stands alone must not need, and counts its paths.
func checkSaved(t *testing.T, svg []byte, ground string) (paths int) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if el, ok := token.(xml.StartElement); ok && el.Name.Local == "path" {
			paths++
		}
	}
	text := string(svg)
	for _, part := range []string{"var(", "class=", "style=", "data-", `role="button"`, "<script", "currentColor"} {
		if strings.Contains(text, part) {
			t.Errorf("%q is in what was saved", part)
		}
	}
	if !strings.Contains(text, `fill="`+ground+`"`) {
		t.Errorf("the ground is not %s: %.800s", ground, text)
	}
	return paths
}

func checkPicture(t *testing.T, picture image.Image, ground [3]uint32) {
	t.Helper()
	colors := map[[3]uint32]bool{}
	b := picture.Bounds()
	at := func(x, y int) [3]uint32 {
		r, g, b, _ := picture.At(x, y).RGBA()
		return [3]uint32{r >> 8, g >> 8, b >> 8}
	}
	for y := b.Min.Y; y < b.Max.Y; y += 3 {
		for x := b.Min.X; x < b.Max.X; x += 3 {
			colors[at(x, y)] = true
		}
	}
	if got := at(b.Min.X, b.Min.Y); got != ground {
		t.Errorf("the ground of the picture is %v", got)
	}
	if len(colors) < 20 || b.Dx() < 500 || max(b.Dx(), b.Dy()) > 8192 {
		t.Errorf("a picture of %v with %d colours", b, len(colors))
	}
}

func TestBrowserGraphFitsIntoANarrowPanel(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, standaloneIn(ui.Shell{Kind: ui.KindPanel, API: "/api", SiteURL: "https://acme.example"}, graphPage(assets(40))))
	run(t, ctx, command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 900, DeviceScaleFactor: 1}),
		chromedp.Navigate(b.URL+"/page"), until(`innerWidth === 320`), until(graphReady))
	if got := js(t, ctx, `[document.documentElement, ...document.querySelectorAll('main, .graph, .graph-bar')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.className || e.tagName).join()`); got != "" {
		t.Errorf("too wide: %s", got)
	}
	// https://www.w3.org/TR/WCAG22/#target-size-minimum
	run(t, ctx, click("[data-zoom=in]"), click("[data-zoom=in]"))
	if got := js(t, ctx, `[...document.querySelectorAll('main button, .graph-legend label, .graph-node, .graph-expand')].map((e) => [e, e.getBoundingClientRect()]).filter(([, r]) => r.width < 24 || r.height < 24).map(([e]) => e.outerHTML.slice(0, 200)).join()`); got != "" {
		t.Errorf("too small: %s", got)
	}
	noHarm(t, ctx)
}

func TestBrowserPrintsAGraphWholeAndOnWhite(t *testing.T) {
	ctx, _ := openGraph(t, assets(40))
	run(t, ctx, until(`(document.documentElement.dataset.colorMode = 'dark')`), command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}),
		until(`matchMedia('print').matches`))
	for _, expression := range []string{
		`getComputedStyle(document.querySelector('.graph-back')).fill === 'rgb(255, 255, 255)'`, `getComputedStyle(document.querySelector('.graph-detail')).fill === 'rgb(51, 51, 51)'`,
		`!document.querySelector('.graph-tools').checkVisibility()`, `document.querySelector('.graph-legend').checkVisibility()`,
		`document.querySelector('.graph-ground').scrollHeight <= document.querySelector('.graph-ground').clientHeight + 1`,
	} {
		if js(t, ctx, expression) != "true" {
			t.Errorf("%s is not so", expression)
		}
	}
	noHarm(t, ctx)
}
