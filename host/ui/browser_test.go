package ui_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// policy is the Content-Security-Policy of the host's pages.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'"

// allJS stands in for Atlassian's bridge and writes down what it is asked.
const allJS = `window.asked = []; let n = 0;
window.AP = {
  context: { getToken: (cb) => cb('token' + ++n), getContext: (cb) => cb({}) },
  flag: { create: (f) => asked.push(['flag', f.title, f.type]) },
  navigator: { go: (...a) => asked.push(['go', ...a]) },
  theming: { initializeTheming: () => { document.documentElement.dataset.colorMode = 'dark'; } },
};`

// sent is a call that a page made.
type sent struct {
	Path, Auth string
	Body       string
}

// backend answers a page's calls as a test says, and writes them down.
type backend struct {
	t      *testing.T
	ui     *ui.Renderer
	URL    string
	answer func(path string, body map[string]any, w http.ResponseWriter)

	mu   sync.Mutex
	sent []sent
}

func (b *backend) calls() []sent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]sent(nil), b.sent...)
}

func (b *backend) page(w io.Writer, p *view.Page) {
	if rw, ok := w.(http.ResponseWriter); ok {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	if err := b.ui.Fragment(w, ui.Shell{}, p); err != nil {
		b.t.Error(err)
	}
}

func newBackend(t *testing.T, draw func(w io.Writer, r *ui.Renderer) error) *backend {
	b := &backend{t: t, ui: newRenderer(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := draw(w, b.ui); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /all.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, allJS)
	})
	mux.HandleFunc("GET /static/{name}", func(w http.ResponseWriter, r *http.Request) {
		body, contentType, _, ok := b.ui.Static(r.PathValue("name"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		path := strings.TrimPrefix(r.URL.Path, "/api/")
		b.mu.Lock()
		b.sent = append(b.sent, sent{path, r.Header.Get("Authorization"), string(raw)})
		b.mu.Unlock()
		var body map[string]any
		if len(raw) > 0 && json.Unmarshal(raw, &body) != nil {
			t.Errorf("%s sent %q", path, raw)
		}
		b.answer(path, body, w)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	b.URL = s.URL
	return b
}

// newTab opens a browser tab that writes down what a page must not do.
func newTab(t *testing.T) context.Context {
	t.Helper()
	ctx := chromiumtest.Start(t, 800, 900)
	run(t, ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.bad = [];
addEventListener('securitypolicyviolation', (e) => bad.push('policy: ' + e.violatedDirective + ' ' + e.blockedURI));
addEventListener('error', (e) => bad.push('error: ' + e.message));
addEventListener('unhandledrejection', (e) => bad.push('rejection: ' + e.reason));
window.saved = [];
HTMLAnchorElement.prototype.click = function () { const name = this.download; fetch(this.href).catch(() => 0); saved.push(name); };`})
		return err
	}))
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

type step = chromedp.Action[chromedp.Void]

func run(t *testing.T, ctx context.Context, steps ...step) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// until waits for a JavaScript expression to become true. It asks from inside the page, because chromedp.Poll makes a
// function of a string there, which the policy forbids.
func until(expression string) step {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`new Promise((done) => {
  const end = Date.now() + 10000;
  const ask = () => {
    if (`+expression+`) done('');
    else if (Date.now() > end) done(document.body.innerText + JSON.stringify(window.bad) + document.activeElement.outerHTML.slice(0, 300));
    else setTimeout(ask, 20);
  };
  ask();
})`, chromedp.EvalAwaitPromise))
		if err != nil {
			return fmt.Errorf("wait for %s: %w", expression, err)
		}
		if got != "" {
			return fmt.Errorf("%s did not become true; the page says: %s", expression, got)
		}
		return nil
	})
}

func js(t *testing.T, ctx context.Context, expression string) string {
	t.Helper()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func click(selector string) step { return chromedp.Click(chromedp.CSS(selector)) }

func noHarm(t *testing.T, ctx context.Context) {
	t.Helper()
	if bad := js(t, ctx, "bad.filter((b) => !b.includes('connect-src blob')).join('; ')"); bad != "" {
		t.Error(bad)
	}
}

func standalone(p *view.Page) func(io.Writer, *ui.Renderer) error {
	return standaloneIn(ui.Shell{Kind: ui.KindPage, API: "/api", SiteURL: "https://acme.example"}, p)
}

func standaloneIn(s ui.Shell, p *view.Page) func(io.Writer, *ui.Renderer) error {
	return func(w io.Writer, r *ui.Renderer) error { return r.Page(w, s, p) }
}

func TestBrowserSendsFormsAndShowsTheAnswer(t *testing.T) {
	ctx := newTab(t)
	form := func(name, problem string) view.Block {
		return view.Block{Form: &view.Form{Action: "make sheet", Submit: "Make", State: []byte("st"), Fields: []view.Field{
			{Name: "name", Label: "Name", Kind: view.TextField, Required: true, Value: name, Error: problem},
			{Name: "width", Label: "Width", Kind: view.NumberField, Value: "20", Max: "100"},
			{Name: "guides", Label: "Guides", Kind: view.SwitchField, Value: "true"},
		}}}
	}
	b := newBackend(t, standalone(&view.Page{Title: "Sheet", Blocks: []view.Block{form("", "")}}))
	b.answer = func(_ string, body map[string]any, w http.ResponseWriter) {
		if body["form"].(map[string]any)["name"].([]any)[0] == "taken" {
			b.page(w, &view.Page{Title: "Sheet", Blocks: []view.Block{form("taken", "This name is taken.")}})
			return
		}
		b.page(w, &view.Page{Title: "Sheet made", Flag: &view.Flag{Tone: view.Success, Title: "Made", Body: "Have a look."}, Blocks: []view.Block{view.P("Here it is.")}})
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"),
		// The browser's own check: shown in the field's own slot, the field has the focus, nothing is sent.
		click("[type=submit]"), until(`document.activeElement.name === 'name' && document.activeElement.getAttribute('aria-invalid') === 'true' && document.getElementById(document.activeElement.id + '-error').textContent !== ''`))
	if n := len(b.calls()); n != 0 {
		t.Fatalf("%d calls for a form that is not filled in", n)
	}
	run(t, ctx, chromedp.SendKeys(chromedp.CSS("[name=name]"), "taken\r"),
		// The server's check: the focus goes to the summary, whose link leads to the field.
		until(`document.activeElement.matches('[data-focus]')`),
		click("[data-focus] a"), until(`document.activeElement.name === 'name'`),
		chromedp.SetValue(chromedp.CSS("[name=name]"), "free"), chromedp.SendKeys(chromedp.CSS("[name=name]"), "\r"),
		until(`document.querySelector('.flag')?.textContent.includes('MadeHave a look.') && document.title === 'Sheet made' && document.querySelector('h1').textContent === 'Sheet made' && document.activeElement.id === 'page'`))
	want := sent{"action/make sheet", "", `{"params":{},"form":{"name":["free"],"width":["20"],"guides":["true"]},"state":"c3Q="}`}
	if d := cmp.Diff(want, b.calls()[1]); d != "" {
		t.Error(d)
	}
	noHarm(t, ctx)
}

func TestBrowserAsksBeforeWhatCannotBeTakenBack(t *testing.T) {
	ctx := newTab(t)
	buttons := view.Actions(view.Button{Label: "Revoke", Action: "revoke", Params: map[string]string{"code": "ab12"}, Confirm: "Revoke this code?"})
	b := newBackend(t, standalone(&view.Page{Blocks: []view.Block{buttons}}))
	b.answer = func(_ string, _ map[string]any, w http.ResponseWriter) {
		b.page(w, &view.Page{Title: "Done", Blocks: []view.Block{buttons}})
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), click("#page .button"),
		until(`document.querySelector('dialog').open && document.querySelector('dialog p').textContent === 'Revoke this code?' && document.activeElement.textContent === 'Cancel'`),
		click("dialog .button"), until(`!document.querySelector('dialog').open && document.activeElement.textContent === 'Revoke'`))
	if n := len(b.calls()); n != 0 {
		t.Fatalf("%d calls after Cancel", n)
	}
	run(t, ctx, click("#page .button"), until(`document.querySelector('dialog').open`), click("#confirm-yes"),
		// The same button is there again, so it keeps the focus.
		until(`document.title === 'Done' && document.activeElement.textContent === 'Revoke' && document.querySelector('#page').ariaBusy !== 'true'`))
	if d := cmp.Diff([]sent{{"action/revoke", "", `{"params":{"code":"ab12"},"form":{},"state":""}`}}, b.calls()); d != "" {
		t.Error(d)
	}
	noHarm(t, ctx)
}

func TestBrowserTakesTheStepsOfLongWork(t *testing.T) {
	ctx := newTab(t)
	state := func(n int) *view.Page {
		if n == 5 {
			return &view.Page{Title: "Ready", Blocks: []view.Block{view.P("All made.")}}
		}
		return &view.Page{Blocks: []view.Block{{Progress: &view.Progress{Label: "Making", Done: n, Total: 5, Next: &view.Next{Action: "more", State: []byte{'0' + byte(n)}}, Cancel: "stop"}}}}
	}
	b := newBackend(t, standalone(state(0)))
	hold, failed := make(chan bool), false
	b.answer = func(path string, body map[string]any, w http.ResponseWriter) {
		raw, _ := base64.StdEncoding.DecodeString(body["state"].(string))
		n := int(raw[0] - '0')
		switch {
		case path == "action/stop":
			b.page(w, &view.Page{Title: "Stopped", Blocks: []view.Block{view.P("Stopped.")}})
		case n == 2 && !failed:
			failed = true
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"error":{"code":"unavailable","message":"Jira does not answer."},"requestId":"r1"}`)
		case n == 3: // long enough to be cancelled
			<-hold
			b.page(w, state(4))
		default:
			b.page(w, state(n+1))
		}
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"),
		until(`document.querySelector('[data-why]')?.textContent === 'Jira does not answer.' && !document.querySelector('[data-again]').hidden && document.querySelector('progress').value === 2`),
		click("[data-retry]"), until(`document.querySelector('progress').value === 3`),
		click(".progress-foot .button"), until(`document.title === 'Stopped'`))
	close(hold) // the answer to the abandoned step comes late, and must change nothing
	run(t, ctx, until(`document.querySelector('#page').textContent.trim() === 'Stopped.'`))
	var states []string
	for _, c := range b.calls() {
		var body struct{ State string }
		_ = json.Unmarshal([]byte(c.Body), &body)
		states = append(states, c.Path+" "+body.State)
	}
	if d := cmp.Diff([]string{"action/more MA==", "action/more MQ==", "action/more Mg==", "action/more Mg==", "action/more Mw==", "action/stop Mw=="}, states); d != "" {
		t.Error(d)
	}
	noHarm(t, ctx)
}

func TestBrowserSavesFilesAndSaysWhatWentWrong(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, standalone(&view.Page{Blocks: []view.Block{view.Actions(view.Button{Label: "PNG", File: "png"}, view.Button{Label: "Broken", File: "broken"})}}))
	b.answer = func(path string, _ map[string]any, w http.ResponseWriter) {
		if path == "file/broken" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":{"code":"not_found","message":"This issue has no code any more."},"requestId":"01ABC"}`)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Content-Disposition", "attachment; filename*=utf-8''label-%C3%9C-7.png")
		_, _ = w.Write([]byte("png"))
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), click("#page .button"), until(`saved[0] === 'label-Ü-7.png' && document.querySelector('#live').textContent === 'label-Ü-7.png saved'`),
		click("#page .button + .button"), until(`document.querySelector('.flag.danger[role=alert]')?.textContent.includes('This issue has no code any more.Request number 01ABC')`),
		click(".flag .button"), until(`!document.querySelector('.flag')`))
	noHarm(t, ctx)
}

func TestBrowserAdmin(t *testing.T) {
	ctx := newTab(t)
	plugin := func(on bool) ui.AdminPlugin { return ui.AdminPlugin{Manifest: qrManifest(), Enabled: on} }
	b := newBackend(t, func(w io.Writer, r *ui.Renderer) error {
		return r.Admin(w, ui.Shell{Title: "Pergola", API: "/api"}, ui.Admin{Plugins: []ui.AdminPlugin{plugin(false)}})
	})
	b.answer = func(path string, body map[string]any, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		var out bytes.Buffer
		var err error
		switch {
		case strings.HasSuffix(path, "/enabled"):
			err = b.ui.AdminPlugin(&out, ui.Shell{}, plugin(body["enabled"] == true))
		case body == nil:
			err = b.ui.Settings(&out, ui.Shell{}, settingsForm(t))
		default:
			f := settingsForm(t)
			f.Submitted = map[string][]string{}
			for k, v := range body["form"].(map[string]any) {
				for _, e := range v.([]any) {
					f.Submitted[k] = append(f.Submitted[k], e.(string))
				}
			}
			if f.Values, f.Errors = f.Form.Decode(f.Submitted); len(f.Errors) > 0 {
				w.WriteHeader(http.StatusUnprocessableEntity)
			} else {
				f.Submitted, f.Saved = nil, true
			}
			err = b.ui.Settings(&out, ui.Shell{}, f)
		}
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(out.Bytes())
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page"),
		click("#plugin-pergola-qrcode-keeps summary"), click("#plugin-pergola-qrcode-settings"),
		until(`document.activeElement.id === 'settings-pergola-qrcode' && document.querySelector('#plugin-pergola-qrcode-settings').ariaExpanded === 'true'`),
		// What was typed and opened survives the switch above it, and the switch keeps the focus.
		chromedp.SetValue(chromedp.CSS("#settings-pergola-qrcode-title"), "typed"),
		chromedp.Focus(chromedp.CSS("#plugin-pergola-qrcode-switch")), chromiumtest.Press(" "),
		until(`document.querySelector('#plugin-pergola-qrcode-switch').ariaChecked === 'true' && document.activeElement.id === 'plugin-pergola-qrcode-switch'`),
		until(`document.querySelector('#settings-pergola-qrcode-title').value === 'typed' && document.querySelector('#plugin-pergola-qrcode-keeps').open && document.querySelector('#plugin-pergola-qrcode-settings').ariaExpanded === 'true'`),
		// The list of projects can be searched, and says how many are chosen.
		chromedp.SendKeys(chromedp.CSS("[data-filter]"), "flee"), until(`[...document.querySelectorAll('.picker li:not([hidden])')].map((l) => l.textContent.trim()).join() === 'Fleet FLE'`),
		click(".picker li:not([hidden]) input"), until(`document.querySelector('[data-count]').textContent === '3'`),
		// An error that only the server sees.
		chromedp.SetValue(chromedp.CSS("#settings-pergola-qrcode-sheet-width"), "63.5"),
		chromedp.SetValue(chromedp.CSS("#settings-pergola-qrcode-hosts"), "a\nb\nc\nd"), click("[type=submit]"),
		until(`document.activeElement.matches('[data-focus]') && document.querySelector('#settings-pergola-qrcode-hosts-error').textContent === '3 entries at most; there are 4.'`),
		chromedp.SetValue(chromedp.CSS("#settings-pergola-qrcode-hosts"), "a"), click("[type=submit]"),
		until(`document.querySelector('.flag')?.textContent.startsWith('Settings saved')`),
		click("[data-close]"), until(`document.querySelector('#settings-pergola-qrcode').hidden && document.activeElement.id === 'plugin-pergola-qrcode-settings'`))
	calls := b.calls()
	if d := cmp.Diff(sent{"plugins/pergola.qrcode/enabled", "", `{"enabled":true,"version":"0.1.0"}`}, calls[1]); d != "" {
		t.Error(d)
	}
	if !strings.Contains(calls[len(calls)-1].Body, `"projects":["10002","10042","10004"]`) {
		t.Errorf("%+v", calls[len(calls)-1])
	}
	noHarm(t, ctx)
}

func TestBrowserInsideJira(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, func(w io.Writer, r *ui.Renderer) error {
		return r.Page(w, ui.Shell{Kind: ui.KindPanel, API: "/api", BridgeURL: "/all.js"}, &view.Page{Title: "QR code", Blocks: []view.Block{
			{Text: &view.Text{Spans: []view.Span{{Text: "OPS-7", IssueID: "10001"}}}}, view.Actions(view.Button{Label: "Create", Action: "create"}),
		}})
	})
	b.answer = func(_ string, _ map[string]any, w http.ResponseWriter) {
		b.page(w, &view.Page{Title: "Made", OpenIssue: "10002", Flag: &view.Flag{Tone: view.Danger, Title: "Careful"}, Blocks: []view.Block{view.Actions(view.Button{Label: "Create", Action: "create"})}})
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page?jwt=secret&xdm_e=https%3A%2F%2Facme.example"),
		until(`!location.search.includes('secret') && location.search.includes('xdm_e=https%3A%2F%2Facme.example')`),
		until(`document.documentElement.dataset.colorMode === 'dark' && getComputedStyle(document.body).backgroundColor === 'rgb(29, 33, 37)'`),
		click("[data-issue]"), until(`JSON.stringify(asked) === '[["go","issue",{"issueKey":"OPS-7"}]]'`),
		click(".button"), until(`document.title === 'Made' && asked.length === 3`))
	if got, want := js(t, ctx, "JSON.stringify(asked.slice(1))"), `[["flag","Careful","error"],["go","site",{"relativeUrl":"/issues/?jql=id%3D10002"}]]`; got != want {
		t.Errorf("asked %s", got)
	}
	run(t, ctx, until(`document.querySelector('#page').ariaBusy !== 'true'`), click(".button"), until(`asked.length === 5`))
	if c := b.calls(); c[0].Auth != "JWT token1" || c[1].Auth != "JWT token2" {
		t.Errorf("calls are not authorised one by one: %+v", c)
	}
	// The next page starts dark, before the bridge has come.
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), until(`localStorage.getItem('pergola.theme') === 'dark'`))
	noHarm(t, ctx)
}

func TestBrowserPrintsTheFigureAlone(t *testing.T) {
	ctx := newTab(t)
	b := newBackend(t, standalone(qrPanel()))
	run(t, ctx, chromedp.Navigate(b.URL+"/page"), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}), until(`matchMedia('print').matches`))
	shown := js(t, ctx, `[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility() && !e.closest('svg')).map((e) => e.className || e.tagName).join()`)
	if shown != "page prints,figure print,ground,FIGCAPTION" {
		t.Errorf("on paper there is %s", shown)
	}
	const width = `Math.round(document.querySelector('.ground svg').getBoundingClientRect().width * 254 / 96) / 10`
	if mm := js(t, ctx, width); mm != "63.5" {
		t.Errorf("240 pixels are %s mm on paper", mm)
	}
	// A figure that asks for a size on paper gets it there, and only there.
	js(t, ctx, `(document.querySelector('.ground svg').dataset.printMm = '25') && dispatchEvent(new Event('beforeprint'))`)
	if mm := js(t, ctx, width); mm != "25" {
		t.Errorf("a figure for 25 mm is %s mm wide on paper", mm)
	}
	js(t, ctx, `dispatchEvent(new Event('afterprint'))`)
	if mm := js(t, ctx, width); mm != "63.5" {
		t.Errorf("after printing the figure stays at %s mm", mm)
	}
	noHarm(t, ctx)
}
