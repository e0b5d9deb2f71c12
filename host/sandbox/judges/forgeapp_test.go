package judges_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/chromiumtest"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

// forgeManifest is that of an app with pages of all kinds; REMOTE and ID are filled in.
const forgeManifest = `
app: {id: "ari:cloud:ecosystem::app/ID", name: Judge}
remotes:
  - {key: backend, baseUrl: REMOTE}
resources:
  - {key: main, path: static/main}
  - {key: dialog, path: static/dialog}
modules:
  jira:issuePanel:
    - {key: panel, title: Judged panel, resource: main, resolver: {endpoint: ui}}
  jira:issueContext:
    - {key: side, title: Judged context, resource: main, resolver: {endpoint: ui}}
  jira:globalPage:
    - {key: home, title: Judged page, resource: main, resolver: {endpoint: ui}}
  jira:projectPage:
    - {key: board, title: Judged project page, resource: main}
  endpoint:
    - {key: ui, remote: backend, route: {path: /resolve}, auth: {appUserToken: {enabled: true}}}
permissions:
  scopes: [read:jira-work, write:jira-work, read:app-user-token]
`

const (
	judgedApp = "406d303d-0393-4ec4-ad7c-1435be94583a"
	otherApp  = "8d1f3a52-6b1c-4f0e-9a57-0c2b5f3f7d11"
)

// forgeJudge is a browser before a site with two Forge apps, which are Atlassian's package and steps for it to take.
type forgeJudge struct {
	t       *testing.T
	ctx     context.Context
	site    *sandboxtest.Site
	remote  string
	arrived chan *forgeFrame
	pending []*forgeFrame

	checks, failed int
	report         func(format string, args ...any) // of a check that failed

	mu     sync.Mutex
	frames map[string]*forgeFrame
	wrong  []string // exceptions of frames and pages
}

// forgeFrame is a frame of an app on the page: steps go to it, and results come back.
type forgeFrame struct {
	judge   *forgeJudge
	name    string
	steps   chan []byte
	results chan forgeResult
	closing chan struct{}
	n       int
}

type forgeResult struct {
	N       int
	Value   any
	Problem string
}

func startForgeJudge(t *testing.T) *forgeJudge {
	t.Helper()
	dir := workshop(t, "forgebridge")
	bundle := filepath.Join(dir, "out.js")
	cmd := exec.CommandContext(t.Context(), "node", "build.mjs", bundle)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("bundle the app: %v: %s", err, out)
	}
	code, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	j := &forgeJudge{t: t, arrived: make(chan *forgeFrame, 100), frames: map[string]*forgeFrame{}}
	j.report = func(format string, args ...any) {
		j.t.Helper()
		j.t.Errorf(format, args...)
	}
	j.ctx = chromiumtest.Start(t, 1280, 900)
	srv := httptest.NewServer(j.app(code))
	t.Cleanup(srv.Close)
	j.remote = srv.URL
	j.site = sandboxtest.Start(t)
	for _, id := range []string{judgedApp, otherApp} {
		in := map[string]string{"manifest": srv.URL + "/manifest.yml?id=" + id}
		if status, body := j.site.Do("", http.MethodPost, "/sandbox/forge/apps", in); status != http.StatusCreated {
			t.Fatalf("install: status %d: %s", status, body)
		}
	}
	if err := chromedp.Listen(j.ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			j.problem("page: " + e.ExceptionDetails.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return j
}

func (j *forgeJudge) problem(text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wrong = append(j.wrong, text)
}

// app serves what the apps are made of: their files, their remote, and the wire to the test.
func (j *forgeJudge) app(code []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /manifest.yml", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.NewReplacer("REMOTE", j.remote, "ID", r.URL.Query().Get("id")).Replace(forgeManifest))
	})
	mux.HandleFunc("GET /static/{resource}/{file}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("file") {
		case "index.html":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, forgePage, j.remote, r.PathValue("resource"))
		case "app.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(code)
		default:
			http.NotFound(w, r)
		}
	})
	mux.HandleFunc("GET /static/{resource}/__LOCALES__/{file}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, map[string]string{
			"i18n-info.json": `{"config": {"locales": ["en-GB"], "fallback": {"default": "en-GB"}}}`, "en-GB.json": `{"greeting": "Good day"}`,
		}[r.PathValue("file")])
	})
	mux.HandleFunc("POST /resolve", resolve)
	mux.HandleFunc("/api/{what}", j.api)
	mux.HandleFunc("GET /judge/next", j.next)
	mux.HandleFunc("POST /judge/{kind}", j.hear)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/closed" { // which lets no browser in
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Judge")
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT")
			w.Header().Set("Access-Control-Expose-Headers", "X-Judge")
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// hear takes what a frame tells.
func (j *forgeJudge) hear(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	id := r.URL.Query().Get("frame")
	j.mu.Lock()
	f := j.frames[id]
	if f == nil {
		f = &forgeFrame{judge: j, steps: make(chan []byte, 10), results: make(chan forgeResult, 10), closing: make(chan struct{}, 10)}
		j.frames[id] = f
	}
	j.mu.Unlock()
	switch r.PathValue("kind") {
	case "hello":
		f.name = nameOf(raw)
		j.arrived <- f
	case "result":
		var out forgeResult
		if err := json.Unmarshal(raw, &out); err != nil {
			out.Problem = err.Error()
		}
		f.results <- out
	case "closing":
		f.closing <- struct{}{}
	default:
		j.problem(f.name + ": " + string(raw))
	}
}

// nameOf makes a name such as "panel", "modal of panel" or "other panel" of what a frame says of itself first.
func nameOf(raw []byte) string {
	var hello struct {
		App, Module string
		Modal       bool
	}
	_ = json.Unmarshal(raw, &hello) // then the frame has no name, and the test waits for it in vain
	name := hello.Module
	if hello.Modal {
		name = "modal of " + name
	}
	if strings.Contains(hello.App, otherApp) {
		name = "other " + name
	}
	return name
}

// next gives a frame its next step, when there is one.
func (j *forgeJudge) next(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	f := j.frames[r.URL.Query().Get("frame")]
	j.mu.Unlock()
	select {
	case step := <-f.steps:
		_, _ = w.Write(step)
	case <-r.Context().Done():
	case <-time.After(20 * time.Second):
		w.WriteHeader(http.StatusNoContent)
	}
}

// open shows a page to Mia. Frames of the page before are forgotten.
func (j *forgeJudge) open(path string) {
	j.t.Helper()
	j.pending = nil
	for len(j.arrived) > 0 {
		<-j.arrived
	}
	j.browse(chromedp.Navigate(j.site.URL + "/login?as=mia&dest=" + url.QueryEscape(path)))
}

func (j *forgeJudge) browse(steps ...chromedp.Action[chromedp.Void]) {
	j.t.Helper()
	if err := chromedp.Do(j.ctx, steps...); err != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.t.Fatalf("browser: %v; problems: %v", err, j.wrong)
	}
}

// until waits for an expression of the page to be true.
func (j *forgeJudge) until(expression string) {
	j.t.Helper()
	j.browse(chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(30*time.Second)))
}

// page evaluates an expression of the page.
func (j *forgeJudge) page(expression string) any {
	j.t.Helper()
	v, err := chromedp.Run(j.ctx, chromedp.Evaluate[any](expression))
	if err != nil {
		j.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// frame waits for a frame of that name.
func (j *forgeJudge) frame(name string) *forgeFrame {
	j.t.Helper()
	for {
		if n := slices.IndexFunc(j.pending, func(f *forgeFrame) bool { return f.name == name }); n >= 0 {
			f := j.pending[n]
			j.pending = slices.Delete(j.pending, n, n+1)
			return f
		}
		select {
		case f := <-j.arrived:
			j.pending = append(j.pending, f)
		case <-time.After(30 * time.Second):
			j.mu.Lock()
			defer j.mu.Unlock()
			j.t.Fatalf("no frame %q came; problems: %v", name, j.wrong)
		}
	}
}

// send has a frame take a step, and does not wait for it.
func (f *forgeFrame) send(step string, input any) {
	f.judge.t.Helper()
	f.n++
	f.steps <- []byte(encode(f.judge.t, map[string]any{"n": f.n, "step": step, "input": input}))
}

// try has a frame take a step, and returns what came of it.
func (f *forgeFrame) try(step string, input any) (value any, problem string) {
	f.judge.t.Helper()
	f.send(step, input)
	limit := time.After(40 * time.Second)
	for {
		select {
		case r := <-f.results:
			if r.N == f.n {
				return r.Value, r.Problem
			}
		case <-limit:
			f.judge.t.Fatalf("%s: %s %v: no result; problems: %v", f.name, step, input, f.judge.wrong)
		}
	}
}

// do is try for what must not fail.
func (f *forgeFrame) do(step string, input any) any {
	f.judge.t.Helper()
	value, problem := f.try(step, input)
	if problem != "" {
		f.judge.check(step, problem, "")
	}
	return value
}

// refuses checks that a step fails with a word of why.
func (f *forgeFrame) refuses(step string, input any, why string) {
	f.judge.t.Helper()
	value, problem := f.try(step, input)
	if problem == "" || !strings.Contains(problem, why) {
		problem += fmt.Sprintf(" (value %v)", value)
	} else {
		problem = why
	}
	f.judge.check(fmt.Sprintf("%s %v refused", step, input), problem, why)
}

// check compares what is with what a real site has.
func (j *forgeJudge) check(what string, got, want any) {
	j.t.Helper()
	j.checks++
	if diff := cmp.Diff(want, got); diff != "" {
		j.failed++
		j.report("%s (-want +got):\n%s", what, diff)
	}
}
