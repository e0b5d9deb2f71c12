package ui_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/ui"
)

// syncAnswers is what a server with two connections and two synchronizations tells, by path.
const syncAnswers = "testdata/sync-answers.json"

// syncBackend serves the page of synchronizations on answers from a file. change sees each call first and says whether it answered.
func syncBackend(t *testing.T, change func(path string, body map[string]any, w http.ResponseWriter) bool) *backend {
	t.Helper()
	raw, err := os.ReadFile(syncAnswers)
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]json.RawMessage
	if err := json.Unmarshal(raw, &answers); err != nil {
		t.Fatal(err)
	}
	b := newBackend(t, func(w io.Writer, r *ui.Renderer) error {
		s := syncShell()
		s.API = "/api"
		return r.Sync(w, s, ui.Sync{AdminURL: storedURL})
	})
	b.answer = func(path string, body map[string]any, w http.ResponseWriter) {
		if change != nil && change(path, body, w) {
			return
		}
		if path == "form" {
			var form bytes.Buffer
			if err := b.ui.ConnectionForm(&form, connectionForm(t)); err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(form.Bytes()) // a page that is left does not wait for it
			return
		}
		answer, ok := answers[path]
		if !ok {
			t.Errorf("nothing answers %s", path)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}
	return b
}

// syncViews are the views, with a text that stands there when they are drawn.
var syncViews = []struct{ name, hash, says string }{
	{"list", "#/", "The source refuses"},
	{"connect", "#/connections/new", "Where are the rows?"},
	{"connection", "#/connections/ca", "Key of the tunnel"},
	{"editor", "#/syncs/sa", "ThinkPad X1"},
	{"plan", "#/syncs/sa/plan", "after: "},
	{"runs", "#/syncs/sa/runs", "What came of it"},
	{"run", "#/syncs/sa/runs/r1", "not_date"},
}

// Each view fits into 390 pixels, in light and dark, and breaks no rule of the policy. With -gallery it is painted too.
func TestBrowserShowsEveryViewOfSynchronizations(t *testing.T) {
	ctx := newTab(t)
	b := syncBackend(t, nil)
	for _, mode := range []struct {
		name  string
		width int64
		dark  string
	}{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"narrow", 390, "light"}} {
		run(t, ctx, command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: mode.width, Height: 900, DeviceScaleFactor: 1}))
		for _, v := range syncViews {
			run(t, ctx, chromedp.Navigate(b.URL+"/page?"+mode.name+v.name+v.hash), until(`document.querySelector('#sync').getAttribute('aria-busy') === 'false' && document.body.textContent.includes(`+quoted(v.says)+`)`))
			js(t, ctx, `document.documentElement.dataset.colorMode = '`+mode.dark+`'`)
			const wide = `[document.documentElement, ...document.querySelectorAll('main, #sync *')].filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && !e.closest('.table, select, input, svg, .hidden-text')).map((e) => e.className || e.tagName).join()`
			if got := js(t, ctx, wide); got != "" {
				t.Errorf("%s, %s: too wide: %s", v.name, mode.name, got)
			}
			const nameless = `[...document.querySelectorAll('#sync input, #sync select, #sync textarea')].filter((e) => e.checkVisibility() && !e.labels?.length && !e.ariaLabel).map((e) => e.outerHTML).join()`
			if got := js(t, ctx, nameless); got != "" {
				t.Errorf("%s: inputs without a name: %s", v.name, got)
			}
			const twice = `[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i).join()`
			if got := js(t, ctx, twice); got != "" {
				t.Errorf("%s: ids that are there twice: %s", v.name, got)
			}
			noHarm(t, ctx)
			if *gallery != "" {
				picture(t, ctx, "sync-"+v.name+"-"+mode.name+".png")
			}
		}
	}
}

func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	raw, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(*gallery, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*gallery, name), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(raw)
}

// sentBody is the body of the last call of a path that had one.
func sentBody(b *backend, path string) string {
	calls := b.calls()
	for i := len(calls) - 1; i >= 0; i-- {
		if calls[i].Path == path && calls[i].Body != "" {
			return calls[i].Body
		}
	}
	return ""
}

func TestBrowserSendsOfSecretsOnlyWhatChanges(t *testing.T) {
	ctx := newTab(t)
	b := syncBackend(t, nil)
	const secret = `[...document.querySelectorAll('.secret')]`
	press := func(label, of string) {
		t.Helper()
		js(t, ctx, `[...`+secret+`.find((e) => e.textContent.includes('`+of+`')).querySelectorAll('button')].find((e) => e.textContent === '`+label+`' && e.checkVisibility()).click()`)
	}
	run(t, ctx, chromedp.Navigate(b.URL+"/page#/connections/ca"), until(`document.querySelector('.secret')`))
	press("Replace", "Password")
	run(t, ctx, until(`document.activeElement.name === 'password'`), chromiumtest.Press("new"))
	press("Remove", "Token")
	js(t, ctx, `document.querySelector('form.connection [type=submit]').click()`)
	run(t, ctx, until(`document.querySelector('.flag')?.textContent.includes('is saved')`))
	var saved struct {
		Rev     int
		Secrets map[string]string
		Form    map[string][]string
	}
	if err := json.Unmarshal([]byte(sentBody(b, "connections/ca")), &saved); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"password": "new", "token": ""}, saved.Secrets); d != "" || saved.Rev != 7 {
		t.Errorf("revision %d, secrets: %s", saved.Rev, d)
	}
	if d := cmp.Diff([]string{"Property of ACME"}, saved.Form["title"]); d != "" {
		t.Error(d)
	}
	for name := range saved.Form {
		if name == "password" || name == "key" || name == "token" {
			t.Errorf("the secret %s is among the settings", name)
		}
	}
	noHarm(t, ctx)
}

func TestBrowserShowsProblemsBesideTheirPlaces(t *testing.T) {
	ctx := newTab(t)
	var broken atomic.Bool
	b := syncBackend(t, func(path string, _ map[string]any, w http.ResponseWriter) bool {
		if path != "syncs/check" && path != "syncs/preview" || !broken.Load() {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"stream":{"name":"assets"},"rows":[],"records":[],"problems":[
			{"at":"fields[1].column","what":"the stream has no column \"x\"","do":"choose another one"},{"at":"type.values","what":"the project has no issue type 7","do":"choose one"},
			{"at":"fields[0].values","what":"nothing leads anywhere","do":"write a line"},{"at":"nowhere","what":"the moon is full","do":"wait"}]}`)
		return true
	})
	run(t, ctx, chromedp.Navigate(b.URL+"/page#/syncs/sa"), until(`document.querySelectorAll('.map').length > 1 && document.body.textContent.includes('ThinkPad X1')`))
	broken.Store(true)
	js(t, ctx, `[...document.querySelectorAll('button')].find((e) => e.textContent === 'Save').click()`)
	beside := func(at string) string {
		return `(document.getElementById(document.querySelector('[data-at="` + at + `"]').id + '-error')?.textContent || '')`
	}
	run(t, ctx,
		until(beside("fields[1].column")+` === 'The stream has no column "x". Choose another one.'`),
		until(beside("type")+`.startsWith('The project has no issue type 7')`), // the place itself is not drawn, what is around it is
		until(beside("fields[0].values")+`.startsWith('Nothing leads anywhere') && document.querySelector('[data-at="fields[0].values"]').checkVisibility()`),
		until(`document.querySelector('.editor-problems').textContent.includes('The moon is full. Wait.')`),
		until(`document.activeElement.getAttribute('aria-invalid') === 'true'`))
	noHarm(t, ctx)
}

// What a server says of the schedule stays, though the preview that follows knows nothing of it.
func TestBrowserKeepsWhatIsSaidOfTheSchedule(t *testing.T) {
	ctx := newTab(t)
	var previews atomic.Int32
	b := syncBackend(t, func(path string, _ map[string]any, w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", "application/json")
		switch path {
		case "syncs/preview":
			_, _ = fmt.Fprintf(w, `{"stream":{"name":"assets","columns":[{"name":"n","type":"string"}]},"rows":[["preview %d"]],"records":[],"problems":[]}`, previews.Add(1))
			return true
		case "syncs/sa/schedule":
		default:
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":{"code":"invalid","message":"Say when it runs.","field":"schedule"}}`)
		return true
	})
	const said = `document.getElementById(document.querySelector('[data-at=schedule]').id + '-error').textContent`
	run(t, ctx, chromedp.Navigate(b.URL+"/page#/syncs/sa"), until(`document.body.textContent.includes('preview 1')`))
	js(t, ctx, `[...document.querySelectorAll('label')].find((e) => e.textContent === 'Once').click()`)
	run(t, ctx, until(`document.body.textContent.includes('preview 2')`))
	js(t, ctx, `[...document.querySelectorAll('button')].find((e) => e.textContent === 'Save').click()`)
	run(t, ctx, until(said+` === 'Say when it runs.'`))
	js(t, ctx, `document.querySelector('[data-at="fields[2].column"]').dispatchEvent(new Event('change', { bubbles: true }))`)
	run(t, ctx, until(`document.body.textContent.includes('preview 3')`))
	if got := js(t, ctx, said); got != "Say when it runs." {
		t.Errorf("after a preview it says %q", got)
	}
	noHarm(t, ctx)
}

func TestBrowserAsksBeforeWhatIsNotSavedIsLeft(t *testing.T) {
	ctx := newTab(t)
	b := syncBackend(t, nil)
	run(t, ctx, chromedp.Navigate(b.URL+"/page#/syncs/sa"), until(`document.querySelector('.part input')`),
		chromedp.Focus(chromedp.CSS(".part input")), chromiumtest.Press("x"))
	js(t, ctx, `location.hash = '#/'`)
	run(t, ctx, until(`document.querySelector('dialog').open && location.hash === '#/syncs/sa'`), click("dialog .button"),
		until(`!document.querySelector('dialog').open && document.querySelector('.part input').value.includes('x')`))
	js(t, ctx, `location.hash = '#/'`)
	run(t, ctx, until(`document.querySelector('dialog').open`), click("#confirm-yes"), until(`location.hash === '#/' && document.querySelector('.cards')`))
	noHarm(t, ctx)
}

func TestBrowserPicksByKeyboard(t *testing.T) {
	ctx := newTab(t)
	b := syncBackend(t, nil)
	run(t, ctx, chromedp.Navigate(b.URL+"/page#/syncs/sa"), until(`document.querySelector('[data-at=project]')`),
		chromedp.Focus(chromedp.CSS("[data-at=project]")), chromiumtest.Press("fac"),
		until(`[...document.querySelectorAll('[role=option]')].filter((e) => e.checkVisibility()).length === 1`), chromiumtest.Press(kb.ArrowDown),
		until(`document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.getAttribute('aria-selected') === 'true'`), chromiumtest.Press("\r"),
		until(`document.activeElement.value === 'Facilities' && document.activeElement.getAttribute('aria-expanded') === 'false'`),
		// What is neither an id nor a name is not taken.
		chromiumtest.Press("nonsense\t"), until(`document.querySelector('[data-at=project]').value === 'Facilities'`))
	noHarm(t, ctx)
}

func TestBrowserPlansInPartsAndSaysWhatWouldHappen(t *testing.T) {
	ctx := newTab(t)
	b := syncBackend(t, func(path string, body map[string]any, w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", "application/json")
		if path == "syncs/sa/runs" && body != nil {
			_, _ = io.WriteString(w, `{"id":"r1"}`)
			return true
		}
		if path != "syncs/sa/plan" || body["next"] == "two" {
			return false
		}
		_, _ = io.WriteString(w, `{"next":"two","done":2,"total":6,"counts":{"skipped":2},"rows":[]}`)
		return true
	})
	run(t, ctx, chromedp.Navigate(b.URL+"/page#/syncs/sa/plan"), until(`document.querySelector('.outcome-words')?.textContent.includes('2 nothing to do') && document.body.textContent.includes('The brake would stop a run') && document.body.textContent.includes('or find their rows gone; 1 are allowed')`))
	js(t, ctx, `[...document.querySelectorAll('button')].find((e) => e.textContent === 'Approve and run').click()`)
	run(t, ctx, until(`location.hash === '#/syncs/sa/runs/r1'`))
	if got := sentBody(b, "syncs/sa/runs"); !strings.Contains(got, `"approved":true`) {
		t.Errorf("the run was begun with %s", got)
	}
	noHarm(t, ctx)
}

func TestBrowserSavesAllRowsOfARun(t *testing.T) {
	ctx := newTab(t)
	var asked atomic.Int32
	b := syncBackend(t, func(path string, _ map[string]any, w http.ResponseWriter) bool {
		if path != "runs/r1/rows" || asked.Add(1) < 3 { // the view, then the first page of the file
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"rows":[{"row":"last","outcome":"failed","faults":[{"code":"key_empty"},{"field":"duedate","code":"not_date"}]}],"next":""}`)
		return true
	})
	run(t, ctx, chromedp.Navigate(b.URL+"/page#/syncs/sa/runs/r1"), until(`document.body.textContent.includes('Save as CSV')`))
	js(t, ctx, `(() => { const make = URL.createObjectURL; URL.createObjectURL = (b) => { b.text().then((t) => { window.text = t; }); return make(b); }; })()`)
	js(t, ctx, `[...document.querySelectorAll('button')].find((e) => e.textContent === 'Save as CSV').click()`)
	run(t, ctx, until(`window.text && saved.join() === 'run-r1.csv'`))
	want := "row,issue,outcome,fields,faults\r\n" +
		`"bxrbvwemu7yrabcd","10160","changed","customfield_10010 summary",""` + "\r\n" +
		`"xl22jj3e4cieabcd","10170","created","summary",""` + "\r\n" +
		`"lgxeh4smbh4rabcd","10162","failed","","duedate:not_date"` + "\r\n" +
		`"last","","failed","","key_empty duedate:not_date"` + "\r\n"
	if d := cmp.Diff(want, js(t, ctx, `window.text`)); d != "" {
		t.Error(d)
	}
	noHarm(t, ctx)
}

func TestBrowserTellsInWhoseName(t *testing.T) {
	ctx := newTab(t)
	raw, err := os.ReadFile(syncAnswers)
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]json.RawMessage
	if err := json.Unmarshal(raw, &answers); err != nil {
		t.Fatal(err)
	}
	var one map[string]any
	if err := json.Unmarshal(answers["syncs/sa"], &one); err != nil {
		t.Fatal(err)
	}
	one["mapping"].(map[string]any)["runAs"] = "712020:rosa"
	b := syncBackend(t, func(path string, _ map[string]any, w http.ResponseWriter) bool {
		switch path {
		case "syncs/sa":
			_ = json.NewEncoder(w).Encode(one)
		case "account":
			_, _ = io.WriteString(w, `{"id":"712020:rosa","name":"Rosa Sync"}`)
		default:
			return false
		}
		return true
	})
	run(t, ctx, chromedp.Navigate(b.URL+"/page#/syncs/sa"), until(`[...document.querySelectorAll('#part-rules ~ .form input[role=combobox]')].some((i) => i.value === 'Rosa Sync')`))
	noHarm(t, ctx)
}
