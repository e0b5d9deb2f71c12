package sandbox_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/sandbox"
)

//go:embed testdata/app.js
var appScript string

// browser is a Chromium that looks at one site, with the reports of the app's pages.
type browser struct {
	t       *testing.T
	ctx     context.Context
	site    *testSite
	app     *fakeApp
	reports chan report

	mu       sync.Mutex
	got      map[string]any
	problems []string // requests to elsewhere, policy violations, exceptions
}

type report struct {
	Name  string
	Value any
}

// openBrowser installs the fake app on a new site and opens a tab.
func openBrowser(t *testing.T, chromium context.Context, change ...func(*sandbox.Config)) *browser {
	t.Helper()
	site := openSiteIn(t, t.TempDir(), nil, change...) // the bridge looks at the browser's clock, so the site has the real one, too
	app := newApp(t)
	if len(change) > 0 {
		app.descriptor["modules"].(object)["serviceDeskPortalRequestCreatePropertyPanels"] = []object{{"key": "create", "url": "/create"}}
	}
	app.keyHost = site.url + "/install-keys"
	site.mustInstall(app)
	ctx, stopTab := chromedp.NewContext(chromium)
	t.Cleanup(stopTab)
	ctx, stop := context.WithTimeout(ctx, 45*time.Second)
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx, site: site, app: app, reports: make(chan report, 100), got: map[string]any{}}
	b.serve()
	if err := chromedp.Listen(ctx, b.watch); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatalf("watch the network: %v", err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatalf("watch the log: %v", err)
	}
	return b
}

// serve gives the app its pages.
func (b *browser) serve() {
	page := func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src 'self' %[1]s; style-src 'self' %[1]s; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors %[1]s", b.site.url))
		fmt.Fprintf(w, `<!doctype html><html><head><link rel="icon" href="data:,"><script src="%s/connect-cdn/atlassian-connect/all.js" data-options="margin:false"></script></head>
<body><div class="ac-content"><p>The page of the example app</p></div><script src="/app.js"></script></body></html>`, b.site.url)
	}
	b.app.mu.Lock()
	defer b.app.mu.Unlock()
	for _, path := range []string{"/panel", "/page", "/dialog"} {
		b.app.serve[path] = page
	}
	b.app.serve["/app.js"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, appScript)
	}
	b.app.serve["/report"] = func(w http.ResponseWriter, r *http.Request) {
		var in report
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			b.problem("report: " + err.Error())
		}
		b.reports <- in
		w.WriteHeader(http.StatusNoContent)
	}
}

// watch notes what must not happen.
func (b *browser) watch(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		u := e.Request.URL
		if !strings.HasPrefix(u, b.site.url+"/") && !strings.HasPrefix(u, b.app.url+"/") && !strings.HasPrefix(u, "data:") {
			b.problem("request to " + u)
		}
	case *network.EventResponseReceived:
		// Two requests of the page are meant to fail.
		if e.Response.Status >= 400 && !strings.Contains(e.Response.URL, "OPS-999") {
			b.problem(fmt.Sprintf("status %d of %s", e.Response.Status, e.Response.URL))
		}
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
			b.problem(e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.problem("exception: " + text)
	}
}

func (b *browser) problem(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, text)
}

func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("browser: %v; reports so far: %v; problems: %v", err, b.got, b.problems)
	}
}

func (b *browser) open(path, as string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.site.url + "/login?as=" + as + "&dest=" + url.QueryEscape(path)))
}

// await waits for the app's page to report something, once.
func (b *browser) await(name string) any {
	b.t.Helper()
	for {
		if v, ok := b.got[name]; ok {
			delete(b.got, name)
			return v
		}
		select {
		case r := <-b.reports:
			b.got[r.Name] = r.Value
			if r.Name == "script error" || r.Name == "policy violation" {
				b.t.Fatalf("%s: %v", r.Name, r.Value)
			}
		case <-b.ctx.Done():
			b.t.Fatalf("no report of %q; got %v; problems: %v", name, b.got, b.problems)
		}
	}
}

// send broadcasts an event from the host's page to the app's frames.
func (b *browser) send(event string, data any) {
	b.t.Helper()
	b.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`connectHost.broadcastEvent(%q, {addon_key: "example.app"}, %s)`, event, compact(b.t, data))))
}

// until waits for an expression of the host's page to be true.
func (b *browser) until(expression string) {
	b.t.Helper()
	b.run(chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(20*time.Millisecond)))
}

func (b *browser) text(selector chromedp.CSS) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(selector))
	if err != nil {
		b.t.Fatalf("text of %s: %v", selector, err)
	}
	return text
}

func (b *browser) finish() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Error(p)
	}
}

// TestBrowser shows that Atlassian's bridge works on the site's pages: in a real browser, under both sides' policies, with
// no request to anywhere else.
func TestBrowser(t *testing.T) {
	chromium := chromiumtest.Start(t, 1280, 900)
	t.Run("panel talks through the bridge", func(t *testing.T) { panelTalks(openBrowser(t, chromium)) })
	t.Run("app navigates", func(t *testing.T) { appNavigates(openBrowser(t, chromium)) })
	t.Run("faults and limits", func(t *testing.T) { controlFollows(openBrowser(t, chromium)) })
	t.Run("customer asks", func(t *testing.T) { customerAsks(openBrowser(t, chromium, fromDesk(t))) })
	t.Run("person works on an issue", func(t *testing.T) { personWorks(openBrowser(t, chromium)) })
	t.Run("app asks for a new issue", func(t *testing.T) { appAsksForIssue(openBrowser(t, chromium)) })
	t.Run("frames talk", func(t *testing.T) { framesTalk(openBrowser(t, chromium)) })
	t.Run("app opens a dialog", func(t *testing.T) { appOpensDialog(openBrowser(t, chromium)) })
}

// controlFollows shows that the page of faults and limits works by keyboard and shows what happens elsewhere.
func controlFollows(b *browser) {
	b.open("/admin/faults", "mia")
	b.until(`document.querySelector('[data-live-state]')?.textContent === 'live'`)
	visible := func(name string) string {
		return fmt.Sprintf(`document.getElementById(%q).offsetParent !== null`, name)
	}
	b.until(visible("delay") + " && !(" + visible("status") + ")")
	b.run(chromedp.Focus(chromedp.CSS("#effect")), chromiumtest.Press("a")) // leads to "Answer an error"
	b.until(visible("status") + " && !(" + visible("delay") + ")")

	b.site.mustOperate("POST", "/sandbox/faults", `{"effect": "status", "status": 503, "path": "/rest/x"}`, 201)
	again := chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-live-switch]').click(), document.querySelector('[data-live-switch]').click()`)
	b.run(again) // and with that looks at once
	b.until(`document.querySelector('[data-live=rules]').textContent.includes('answers 503')`)
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Focus(chromedp.CSS("[data-live=rules] button")), chromiumtest.Press(kb.Enter)); err != nil {
		b.t.Fatalf("end the fault: %v", err)
	}
	b.until(`document.querySelector('[role=status]')?.textContent === 'The fault is over.'`)
	if rules := b.site.mustOperate("GET", "/sandbox/faults", "", 200).json(b.t)["rules"].([]any); len(rules) != 0 {
		b.t.Errorf("the fault is still there: %v", rules)
	}
	b.finish()
}

func panelTalks(b *browser) {
	t := b.t
	b.open("/browse/OPS-1", "jonas")
	b.await("ready /panel")
	b.until(`document.querySelector('.app-frame').dataset.established === 'true'`)

	for _, name := range []string{"token by callback", "token by promise"} {
		alg, claims, err := b.app.verify(b.await(name).(string), nil)
		if err != nil || alg != "HS256" || claims["qsh"] != "context-qsh" {
			t.Fatalf("%s: %s %v, %v", name, alg, claims, err)
		}
		want := object{"jira": object{"issue": object{"id": "10100", "key": "OPS-1"}, "project": object{"id": "10000", "key": "OPS"}}}
		if diff := cmp.Diff(want, claims["context"]); diff != "" {
			t.Errorf("%s: context (-want +got):\n%s", name, diff)
		}
	}
	for name, want := range map[string]any{
		"user":                 "712020:8b21d7c4-jonas-user",
		"location":             b.site.url + "/browse/OPS-1",
		"request by promise":   "ThinkPad X1 Carbon Gen 12",
		"request by callback":  "404 Issue does not exist or you do not have permission to see it.",
		"request with a body":  "201 nosniff",
		"request elsewhere":    "AP.request reaches /rest of this site only",
		"request beside /rest": "AP.request reaches /rest of this site only",
		"cookie":               "lemon & salt",
		"theme light":          "#FFFFFF",
	} {
		if got := b.await(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	context := b.await("context").(object)
	if diff := cmp.Diff("OPS-1", context["jira"].(object)["issue"].(object)["key"]); diff != "" {
		t.Errorf("context: %s", diff)
	}

	// The frame has the size that it asks for.
	b.send("test.resize", 321)
	b.until(`document.querySelector('.app-frame iframe').offsetHeight === 321`)

	// The host's dark mode reaches the frame, with the colours of this site's style sheets.
	b.run(chromedp.Click(chromedp.CSS(`[data-theme-switch]`)))
	if got := b.await("theme dark"); got != "#1F1F21" && got != "#1D2125" {
		t.Errorf("surface in the dark: %v", got)
	}

	// The flag is drawn as text, and its button tells the app.
	flag := b.text(`.flag-success .flag-text`)
	if !strings.Contains(flag, "Labels are ready") || !strings.Contains(flag, "<b>24 of them</b>") {
		t.Errorf("flag %q", flag)
	}
	b.run(chromedp.Click(chromedp.CSS(`.flag-actions button`)))
	if got := b.await("flag action"); got != "undo" {
		t.Errorf("flag action %v", got)
	}
	b.run(chromedp.Click(chromedp.CSS(`.flag [aria-label="Dismiss"]`)))
	b.await("flag closed")
	b.until(`document.querySelectorAll('.flag').length === 0`)
	b.finish()
}

func appNavigates(b *browser) {
	t := b.t
	b.open("/plugins/servlet/ac/example.app/hidden?ac.code=a%20b", "jonas")
	if got := b.await("ready /page"); !strings.Contains(got.(string), "code=a%20b") {
		t.Errorf("the page got %v", got)
	}
	b.send("test.history", nil)
	if got := b.await("history"); got != "page-2" {
		t.Errorf("history state %v", got)
	}
	b.send("test.go", "OPS-2")
	b.await("ready /panel")
	b.until(`location.pathname === '/browse/OPS-2'`)
	b.until(`document.querySelector('.app-frame').dataset.established === 'true'`)
	b.send("test.refresh", "Named by the app")
	b.until(`document.querySelector('h1').textContent === 'Named by the app'`)
	b.until(`document.querySelector('.app-frame').dataset.established === 'true'`) // the frame is still the same
	b.finish()
}

func appOpensDialog(b *browser) {
	t := b.t
	b.open("/browse/OPS-1", "jonas")
	b.await("ready /panel")
	b.until(`document.querySelector('.app-frame').dataset.established === 'true'`)
	b.send("test.dialog", nil)
	if diff := cmp.Diff(object{"data": object{"copies": 2.0}, "key": "OPS-1"}, b.await("dialog data")); diff != "" {
		t.Errorf("dialog (-want +got):\n%s", diff)
	}
	header, hint := b.text(`dialog h2`), b.text(`dialog .hint`)
	if header != "Print labels" || hint != "On paper" {
		t.Errorf("header %q, hint %q", header, hint)
	}
	b.send("test.close", nil)
	if diff := cmp.Diff(any(object{"printed": true}), b.await("dialog closed")); diff != "" {
		t.Errorf("data at the close (-want +got):\n%s", diff)
	}
	b.until(`document.querySelector('dialog') === null`)
	b.finish()
}

// personWorks edits an issue by keyboard, in place and in a dialog, and never leaves its page.
func personWorks(b *browser) {
	b.open("/browse/OPS-1", "jonas")
	b.await("ready /panel")
	b.until(`document.querySelector('.app-frame').dataset.established === 'true'`)
	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelector('[aria-label="Edit summary"]').focus()`), chromiumtest.Press(kb.Enter))
	b.until(`document.activeElement.id === 'f-summary'`)
	b.run(chromiumtest.Press("A better name"), chromiumtest.Press(kb.Enter))
	b.until(`document.querySelector('h1')?.textContent === 'A better name'`)

	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelector('[aria-label="Edit Assignee"]').focus()`), chromiumtest.Press(kb.Enter))
	b.until(`document.activeElement.id === 'f-assignee'`)
	b.run(chromiumtest.Press("Mia"))
	b.until(`document.querySelector('.offers li')?.textContent === 'Mia Admin'`)
	b.run(chromiumtest.Press(kb.ArrowDown), chromiumtest.Press(kb.Enter))
	b.until(`document.activeElement.value === 'Mia Admin'`)
	b.run(chromiumtest.Press(kb.Enter))
	b.until(`document.querySelector('[aria-label="Edit Assignee"]')?.closest('dd').textContent.includes('Mia Admin')`)

	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelector('[aria-label="Edit Purchase price"]').focus()`), chromiumtest.Press(kb.Enter))
	b.until(`document.activeElement.id === 'f-customfield_10004'`)
	b.run(chromiumtest.Press("x"), chromiumtest.Press(kb.Enter))
	b.until(`document.querySelector('#w-customfield_10004') !== null`)
	b.run(chromiumtest.Press(kb.Escape))
	b.until(`document.querySelector('.inline-form') === null`)

	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action$="/transition/41"] button').click()`))
	b.until(`document.querySelector('.status-button').textContent === 'Retired'`)
	b.run(chromedp.Evaluate[chromedp.Void](`document.getElementById('add-comment').focus()`), chromiumtest.Press("It is *done*"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('.add-comment button').click()`))
	b.until(`document.querySelector('.notes em')?.textContent === 'done'`)
	b.established()                    // the app's frame is still there
	b.allow("/edit/customfield_10004") // the price that was no number
	b.finish()
}

// established waits for the page's first app frame.
func (b *browser) established() {
	b.t.Helper()
	b.until(`document.querySelector('.app-frame').dataset.established === 'true'`)
}

// allow takes back problems that a part wanted.
func (b *browser) allow(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = slices.DeleteFunc(b.problems, func(p string) bool { return strings.Contains(p, text) })
}

func appAsksForIssue(b *browser) {
	b.open("/browse/OPS-1", "jonas")
	b.await("ready /panel")
	b.established()
	b.send("test.create", object{"pid": 10000, "issueType": 10003, "fields": object{"summary": "From the app", "customfield_10001": "SN-77"}})
	b.until(`document.querySelector('dialog #f-summary')?.value === 'From the app'`)
	b.until(`document.querySelector('dialog #f-issuetype').value === '10003' && document.querySelector('dialog #f-customfield_10001').value === 'SN-77'`)
	b.run(chromedp.Focus(chromedp.CSS(`dialog #f-summary`)), chromiumtest.Press(kb.Enter))
	if diff := cmp.Diff(any([]any{"OPS-35 From the app"}), b.await("created")); diff != "" {
		b.t.Errorf("what the app hears (-want +got):\n%s", diff)
	}
	b.until(`document.querySelector('dialog') === null`)
	b.send("test.create", object{})
	b.until(`document.querySelector('dialog #f-summary') !== null`)
	b.run(chromiumtest.Press(kb.Escape))
	if diff := cmp.Diff(any([]any{}), b.await("created")); diff != "" {
		b.t.Errorf("after Escape (-want +got):\n%s", diff)
	}
	b.finish()
}

func framesTalk(b *browser) {
	b.app.descriptor["modules"].(object)["jiraIssueContexts"] = []object{{
		"key": "context", "name": object{"value": "Context"}, "content": object{"type": "label", "label": object{"value": "In context"}},
		"icon": object{"width": 16, "height": 16, "url": "/icon.svg"}, "target": object{"type": "web_panel", "url": "/page?context={issue.key}"},
	}}
	b.site.mustInstall(b.app)
	b.open("/browse/OPS-1", "jonas")
	b.await("ready /panel")
	if got := b.await("ready /page"); !strings.Contains(got.(string), "context=OPS-1") {
		b.t.Errorf("the frame in the right column got %v", got)
	}
	if got := b.await("time zone"); got != "Europe/Berlin" {
		b.t.Errorf("time zone %v", got)
	}
	b.until(`document.querySelectorAll('[data-established]').length === 2`)
	if title := b.text(`.issue-side .panel h2`); !strings.Contains(title, "In context") {
		b.t.Errorf("title %q", title)
	}
	b.send("test.emit", "hello")
	for _, frame := range []string{"/page", "/panel"} {
		if got := b.await("event in " + frame); !strings.HasPrefix(got.(string), "hello from /pa") {
			b.t.Errorf("event in %s: %v", frame, got)
		}
	}
	b.finish()
}
