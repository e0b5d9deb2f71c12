// Package chromiumtest starts the browser in which a package's tests look at pages.
package chromiumtest

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// lifetime is how long a test may have its tab.
const lifetime = 5 * time.Minute

// browser is the Chromium of a package's tests: nil before the first test that wants one.
var (
	mu      sync.Mutex
	ends    bool // there is a Main that ends it
	browser *chromium
)

type chromium struct {
	tab  context.Context // its own, which nobody uses
	stop func()
}

// Main runs a package's tests, as its TestMain, and ends their browser afterwards. It returns the code to exit with.
func Main(m *testing.M) int {
	ends = true
	code := m.Run()
	if browser != nil {
		browser.stop()
	}
	return code
}

// Start gives a tab without a window and with a page of that many pixels, in a profile that is empty and the test's own; both end with the test. The
// browser around it is that of the package, whose TestMain is [Main]. More tabs of the profile come of [chromedp.NewContext] on the first. Where there
// is no Chromium the test is skipped, in CI it fails.
func Start(t testing.TB, width, height int64) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	if !ends {
		t.Fatal("no browser: the package's TestMain has to be chromiumtest.Main, which ends it")
	}
	path := find()
	if path == "" {
		const how = "no Chromium: install it with apt-get install chromium (Debian), dnf install chromium (Fedora) or brew install chromium (macOS)"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	ctx, err := running(path)
	if err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	ctx, stop := context.WithTimeout(ctx, lifetime)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stopTab)
	if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1}); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatalf("focus a tab: %v", err) // the tabs of other tests have it too
	}
	return ctx
}

// running gives the browser's own tab. A browser that crashed is replaced.
func running(path string) (context.Context, error) {
	mu.Lock()
	defer mu.Unlock()
	if browser != nil {
		select {
		case <-chromedp.FromContext(browser.tab).Browser.LostConnection:
			browser.stop()
			browser = nil
		default:
			return browser.tab, nil
		}
	}
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		return nil, err
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile),
		// The frames of a page have to be where the page is: a frame in a process of its own is not among those that a tab lists.
		chromedp.Flag("disable-site-isolation-trials", true),
		chromedp.Flag("disable-features", "site-per-process,IsolateOrigins,OriginKeyedProcessesByDefault,Translate,BlinkGenPropertyTrees"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	ctx, stopBrowser := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopTab := chromedp.NewContext(ctx)
	stop := func() {
		stopTab()
		stopBrowser()
		_ = os.RemoveAll(profile)
	}
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, err
	}
	browser = &chromium{ctx, stop}
	return ctx, nil
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Press presses the keys of a text, or of the names in package kb, one after the other. Unlike [chromedp.KeyEvent] it sends a key and
// its character as one event, as a keyboard does: where the page moves the focus on a key, the character does not arrive somewhere else.
func Press(keys string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		for _, key := range keys {
			events := kb.Encode(key)
			down, up := events[0], events[len(events)-1]
			if len(events) > 2 {
				down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
			}
			for _, event := range []*input.DispatchKeyEventParams{down, up} {
				if _, err := cdp.Call(ctx, tab, input.DispatchKeyEvent, *event); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
