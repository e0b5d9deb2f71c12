package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/pergola-platform/pergola/host/chromiumtest"
)

// tab is one browser tab of a Chromium without a window, with what went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	contexts map[cdp.FrameID]runtime.ExecutionContextID
	urls     map[cdp.FrameID]string
	trouble  []string // console errors, policy violations, requests to elsewhere
	allowed  []string // parts of messages that this test provokes
}

// newTab starts a Chromium of its own with an empty profile. Where there is none the test is skipped, in CI it fails.
func newTab(t *testing.T) *tab {
	t.Helper()
	ctx := chromiumtest.Start(t, 1280, 1000)
	b := &tab{t: t, ctx: ctx, contexts: map[cdp.FrameID]runtime.ExecutionContextID{}, urls: map[cdp.FrameID]string{}}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("follow the tab: %v", err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatalf("watch the network: %v", err)
	}
	if _, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{}); err != nil {
		t.Fatalf("watch the log: %v", err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, s := range b.trouble {
			if !slices.ContainsFunc(b.allowed, func(a string) bool { return strings.Contains(s, a) }) {
				t.Errorf("browser: %s", s)
			}
		}
	})
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExecutionContextCreated:
		var aux struct{ FrameID, Type string }
		if err := json.Unmarshal(e.Context.AuxData, &aux); err == nil && aux.Type == "default" {
			b.contexts[cdp.FrameID(aux.FrameID)] = e.Context.ID
		}
	case *runtime.EventExecutionContextsCleared:
		clear(b.contexts)
	case *page.EventFrameNavigated:
		b.urls[e.Frame.ID] = e.Frame.URL
	case *page.EventFrameDetached:
		delete(b.urls, e.FrameID)
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "127.0.0.1" {
			b.trouble = append(b.trouble, "request to elsewhere: "+e.Request.URL)
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError {
			b.trouble = append(b.trouble, fmt.Sprintf("%s (%s)", e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, "exception: "+e.ExceptionDetails.Text)
	}
}

// allow names a part of a console message that the test provokes on purpose.
func (b *tab) allow(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, part)
}

// allowEnd says that the program ends while a page is open: all.js loads styles later than the page, by itself, and a browser the page's icon.
func (b *tab) allowEnd() {
	b.allow("/connect-cdn/atlassian-connect/")
	b.allow("/static/mark.svg")
}

func (b *tab) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 45*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// open goes to an address and waits until it has loaded.
func (b *tab) open(address string) {
	b.t.Helper()
	b.run("open "+address, chromedp.Navigate(address))
}

// frame returns a script context: that of the frame whose address contains part, or of the page itself for "".
func (b *tab) frame(part string) (runtime.ExecutionContextID, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if part == "" {
		return 0, true
	}
	for id, u := range b.urls {
		if strings.Contains(u, part) && b.contexts[id] != 0 {
			return b.contexts[id], true
		}
	}
	return 0, false
}

// eval runs a script expression in a frame, awaits it where it is a promise, and decodes its value into out, unless that is
// nil. A frame that is not there yet is waited for.
func (b *tab) eval(frame, script string, out any) error {
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	id, ok := b.frame(frame)
	for look := time.NewTicker(30 * time.Millisecond); !ok; id, ok = b.frame(frame) {
		select {
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			b.mu.Lock()
			defer b.mu.Unlock()
			return fmt.Errorf("there is no frame %q among %q", frame, slices.Collect(maps.Values(b.urls)))
		}
	}
	if out == nil {
		script = "void (" + script + ")"
	}
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](script, chromedp.EvalAwaitPromise, func(p *runtime.EvaluateParams) {
		gesture := true
		p.UserGesture, p.ContextID = &gesture, id
	}))
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// wait waits until a script expression is true in a frame. A frame that is exchanged meanwhile is looked up again.
func (b *tab) wait(frame, condition string) {
	b.t.Helper()
	script := `new Promise((yes) => { const end = Date.now() + 5000; const look = () => { let ok = false;
		try { ok = !!(` + condition + `); } catch (e) {} if (ok || Date.now() > end) yes(ok); else setTimeout(look, 40); }; look(); })`
	var err error
	for range 5 {
		var ok bool
		if err = b.eval(frame, script, &ok); err == nil && ok {
			return
		}
	}
	var text string
	_ = b.eval(frame, "document.body.innerText", &text)
	b.t.Fatalf("in frame %q, this never became true: %s (last error: %v)\nthe page says:\n%s", frame, condition, err, text)
}

// do runs a script expression in a frame.
func (b *tab) do(frame, script string, out any) {
	b.t.Helper()
	if err := b.eval(frame, script, out); err != nil {
		b.t.Fatalf("in frame %q, %s: %v", frame, script, err)
	}
}

// click clicks the element that a script expression gives.
func (b *tab) click(frame, element string) {
	b.t.Helper()
	b.wait(frame, element)
	b.do(frame, "("+element+").click()", nil)
}

// picture returns what the screen shows of an element in a frame, with what is around it as far as margin.
func (b *tab) picture(frame, element string, margin float64) image.Image {
	b.t.Helper()
	type box struct{ X, Y, Width, Height float64 }
	const rect = `(() => { const r = (%s).getBoundingClientRect(); return { X: r.x + scrollX, Y: r.y + scrollY, Width: r.width, Height: r.height }; })()`
	// The frame grows with its content, a moment later.
	b.wait(frame, fmt.Sprintf("(%s).getBoundingClientRect().bottom <= innerHeight", element))
	type place struct{ outer, inner box }
	measure := func() (p place) {
		b.do("", fmt.Sprintf(rect, `[...document.querySelectorAll("iframe")].find((f) => f.src.includes("`+frame+`"))`), &p.outer)
		b.do(frame, fmt.Sprintf(rect, element), &p.inner)
		return p
	}
	// Other panels of the page grow at times of their own, and move this one: only a picture during which it stood still shows it.
	at := measure()
	var raw []byte
	for range 20 {
		var err error
		if raw, err = chromedp.Run(b.ctx, chromedp.FullScreenshot(100)); err != nil {
			b.t.Fatalf("screenshot: %v", err)
		}
		before := at
		if at = measure(); at == before {
			break
		}
	}
	outer, inner := at.outer, at.inner
	whole, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		b.t.Fatalf("screenshot: %v", err)
	}
	x, y := outer.X+inner.X, outer.Y+inner.Y
	cut := image.Rect(int(x-margin), int(y-margin), int(x+inner.Width+margin), int(y+inner.Height+margin)).Intersect(whole.Bounds())
	part := image.NewRGBA(cut.Sub(cut.Min))
	draw.Draw(part, part.Bounds(), whole, cut.Min, draw.Src)
	return part
}
