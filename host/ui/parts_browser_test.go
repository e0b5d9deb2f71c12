package ui_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// costsPage is a page of a table that can be sorted and leafed through; the more pages there are, the more rows lie before the pager.
func costsPage(sort string, page int) *view.Page {
	t := costs()
	t.Columns[0].Sorted, t.Columns[1].Sorted = "", ""
	if sort == "name" {
		t.Columns[1].Sorted = view.Descending
	}
	for range page {
		t.Rows = append(t.Rows, t.Rows[0])
	}
	return &view.Page{Title: "Costs by " + sort + ", " + strconv.Itoa(page), Blocks: []view.Block{
		{Section: &view.Section{Title: "Costs", Name: "costs", Blocks: []view.Block{
			{Table: t}, {Pager: &view.Pager{Label: "Costs", Page: page, Pages: 9, Call: view.Call{View: "costs", Params: map[string]string{"sort": sort}}}},
		}}},
		{Section: &view.Section{Title: "Folded", Name: "folded", Collapsed: true, Blocks: []view.Block{view.P("Inside")}}},
		{Section: &view.Section{Title: "Open", Name: "open", Blocks: []view.Block{view.P("Inside")}}},
	}}
}

func TestBrowserSortsAndLeafsWithTheFocusInItsPlace(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, standalone(costsPage("key", 1)))
	b.answer = func(_ string, body map[string]any, w http.ResponseWriter) {
		params := body["params"].(map[string]any)
		page := 1
		if p, ok := params["page"].(string); ok {
			page, _ = strconv.Atoi(p)
		}
		b.page(w, costsPage(params["sort"].(string), page))
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(`document.readyState === 'complete'`),
		// What the user folds and opens stays so when the page is drawn anew.
		click("#section-folded summary"), click("#section-open summary"), until(`document.querySelector('#section-folded').open && !document.querySelector('#section-open').open`),
		focus("th:nth-child(2) .sort"), chromiumtest.Press("\r"),
		until(`document.title === 'Costs by name, 1' && document.activeElement.matches('th[aria-sort=descending] .sort') && document.activeElement.textContent === 'Name'`),
		until(`document.querySelector('#section-folded').open && !document.querySelector('#section-open').open && document.querySelector('#section-costs').open`),
		focus("#pager1-2"), chromiumtest.Press(" "), // there are more rows above it then
		until(`document.title === 'Costs by name, 2' && document.activeElement.matches('[aria-current=page]') && document.activeElement.textContent === 'Page 2'`),
		click("#pager1-next"), until(`document.title === 'Costs by name, 3' && document.activeElement.textContent === 'Next'`),
		focus("#section-costs summary"), chromiumtest.Press("\r"), until(`!document.querySelector('#section-costs').open`))
	var paths []string
	for _, c := range b.calls() {
		paths = append(paths, c.Path+" "+c.Body)
	}
	if d := cmp.Diff([]string{
		`view/costs {"params":{"sort":"name"},"form":{},"state":""}`, `view/costs {"params":{"page":"2","sort":"name"},"form":{},"state":""}`,
		`view/costs {"params":{"page":"3","sort":"name"},"form":{},"state":""}`,
	}, paths); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
	noHarm(t, ctx)
}

// A frame is as tall as what it holds: the list must take room, or it would be cut off.
func TestBrowserListOfAPickerIsNotCutOff(t *testing.T) {
	for _, kind := range []string{ui.KindPanel, ui.KindPage} {
		t.Run(kind, func(t *testing.T) {
			ctx, _ := openPickers(t, kind)
			run(t, ctx, focus(servers), chromiumtest.Press(kb.ArrowDown), listed("servers", "OPS-7 Mail server in Hamburg", "OPS-12 Build server", "OPS-13"))
			if got := js(t, ctx, `document.querySelector('main').getBoundingClientRect().bottom >= document.querySelector('[data-name=servers] .pick-list').getBoundingClientRect().bottom`); got != "true" {
				t.Error("the list hangs over the end")
			}
			noHarm(t, ctx)
		})
	}
}

// A panel beside an issue can be as narrow as a telephone.
func TestBrowserPanelOfRelationsFitsInto320Pixels(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, standaloneIn(ui.Shell{Kind: ui.KindPanel, API: "/api", SiteURL: "https://acme.example"}, relationsPanel()))
	b.answer = shop(b)
	run(t, ctx, command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 900, DeviceScaleFactor: 1}),
		chromedp.Navigate(b.URL+"/page"), until(`innerWidth === 320 && !document.querySelector('[data-module]')`),
		focus(servers), chromiumtest.Press(kb.ArrowDown), listed("servers", "OPS-7 Mail server in Hamburg*", "OPS-12 Build server*", "OPS-13"))
	const wide = `[document.documentElement, ...document.querySelectorAll('main, .section-body, .pager, .item, .pick-box, .pick-list, .option')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.className || e.tagName).join()`
	if got := js(t, ctx, wide); got != "" {
		t.Errorf("too wide: %s", got)
	}
	// Whatever is pressed is large enough to be hit: https://www.w3.org/TR/WCAG22/#target-size-minimum
	const small = `[...document.querySelectorAll('main button')].filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()]).filter(([e, r]) => (r.width < 24 || r.height < 24) && !e.matches('.sort')).map(([e]) => e.outerHTML).join()`
	if got := js(t, ctx, small); got != "" {
		t.Errorf("too small: %s", got)
	}
	noHarm(t, ctx)
}
