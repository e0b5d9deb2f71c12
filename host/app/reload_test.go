package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pergola-platform/pergola/host/config"
)

func atOnce(c *config.Config) { c.Engine.RolloutShare = 0 }

// A newer version takes over while users work, and not one of their requests fails.
func TestNewerBundleTakesOverUnderLoad(t *testing.T) {
	dir := t.TempDir()
	putGuest(t, dir, "1.0.0", "release one")
	r := run(t, dir, func(c *config.Config) {
		atOnce(c)
		c.Web.Rates = config.Rates{} // else what comes too often is refused
	})
	r.install("one")
	if status, text := r.page("one", guestPage); status != http.StatusOK || !strings.Contains(text, "release one") {
		t.Fatalf("status %d: %s", status, text)
	}
	var ones, twos atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				status, text := r.page("one", guestPage)
				switch {
				case status == http.StatusOK && strings.Contains(text, "release one"):
					ones.Add(1)
				case status == http.StatusOK && strings.Contains(text, "release two"):
					twos.Add(1)
				default:
					t.Errorf("status %d: %.300s", status, text)
					return
				}
			}
		})
	}
	putGuest(t, dir, "1.1.0", "release two")
	if why := r.reload(); why != "" {
		t.Error(why)
	}
	for range 20 { // it has taken over when Reload returns
		if _, text := r.page("one", guestPage); !strings.Contains(text, "release two") {
			t.Fatalf("after the change: %s", text)
		}
	}
	close(stop)
	wg.Wait()
	t.Logf("%d requests met the first release, %d the second", ones.Load(), twos.Load())
}

func TestReloadChangesNothingForWhatIsBroken(t *testing.T) {
	dir := t.TempDir()
	putGuest(t, dir, "1.0.0", "release one")
	r := run(t, dir, atOnce)
	r.install("one")
	before := r.descriptorHash()
	good := fmt.Sprintf(manifestText, "test.guest", "1.1.0", "", "", "")
	for _, tt := range []struct {
		name, manifest string
		code           []byte
		want           string
	}{
		{"a manifest that is no JSON", "{", release(t, "test.guest", "1.1.0", "release two"), "plugin.json"},
		{"code that is no Wasm", good, []byte("rubbish"), "test.guest 1.1.0"},
		{"code of another version", good, release(t, "test.guest", "1.2.0", "release two"), `the code says "1.2.0"`},
		{"settings that no form can show", fmt.Sprintf(manifestText, "test.guest", "1.1.0", "", `"settings":{"type":"object","$ref":"x"},`, ""), release(t, "test.guest", "1.1.0", "release two"), "settings"},
		{"the same version with other code", fmt.Sprintf(manifestText, "test.guest", "1.0.0", "", "", ""), release(t, "test.guest", "1.0.0", "release two"), "a version never changes"},
		{"the same version with another manifest", fmt.Sprintf(manifestText, "test.guest", "1.0.0", "", "", `,"hidden":true`), release(t, "test.guest", "1.0.0", "release one"), "another plugin.json"},
		{"an older version", fmt.Sprintf(manifestText, "test.guest", "0.9.0", "", "", ""), release(t, "test.guest", "0.9.0", "release two"), "older than 1.0.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			put(t, dir, "guest", tt.manifest, tt.code)
			for range 2 { // it is said each time
				if why := r.reload(); !strings.Contains(why, tt.want) {
					t.Errorf("Reload says %q, want %q", why, tt.want)
				}
			}
			if status, text := r.page("one", guestPage); status != http.StatusOK || !strings.Contains(text, "release one") {
				t.Errorf("status %d: %s", status, text)
			}
			if r.descriptorHash() != before {
				t.Error("the descriptor has changed")
			}
		})
	}
	// The next version stands in a folder of another name, and cannot be read: nobody knows whose it is.
	if err := os.Rename(filepath.Join(dir, "guest"), filepath.Join(dir, "guest-1.1.0")); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "guest-1.1.0", "{", nil)
	if why := r.reload(); !strings.Contains(why, "test.guest is gone, and serves on until guest-1.1.0 can be read") {
		t.Errorf("in another folder: %q", why)
	}
	if status, _ := r.page("one", guestPage); status != http.StatusOK {
		t.Errorf("in another folder: status %d", status)
	}
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	if why := r.reload(); !strings.Contains(why, "nothing was changed") {
		t.Errorf("without the directory: %q", why)
	}
	if status, _ := r.page("one", guestPage); status != http.StatusOK {
		t.Errorf("without the directory: status %d", status)
	}
}

func TestPluginsComeAndGoWhileTheHostServes(t *testing.T) {
	dir := t.TempDir()
	putGuest(t, dir, "1.0.0", "release one")
	r := run(t, dir, atOnce)
	r.install("one")
	before := r.descriptorHash()
	linked := fmt.Sprintf(manifestText, "test.other", "1.0.0", "", "", `,"link":"o"`)
	put(t, dir, "other", linked, release(t, "test.other", "1.0.0", "release two"))
	if why := r.reload(); why != "" {
		t.Error(why)
	}
	if status, text := r.page("one", "/connect/module/test.other/page"); status != http.StatusOK || !strings.Contains(text, "release two") {
		t.Errorf("the new plugin: status %d: %s", status, text)
	}
	if r.descriptorHash() == before {
		t.Error("the descriptor does not hold the new plugin")
	}
	told := func(plugin, want string) {
		t.Helper()
		if got, ok := r.jira.await(plugin, want); !ok {
			t.Fatalf("the site was told %q of %s, want %s", got, plugin, want)
		}
	}
	told("module.test-other", `"enabled":true`)
	if status, _ := r.send(http.MethodGet, "/o/x", "", ""); status != http.StatusNotFound {
		t.Errorf("a short link of nobody: status %d", status)
	}
	if got := r.metric(`pergola_http_request_seconds_count{method="GET",route="/o/:code",status="404"}`); got != "1" {
		t.Errorf("the short link was counted %q times under its pattern", got)
	}

	if err := os.RemoveAll(filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	if why := r.reload(); why != "" {
		t.Error(why)
	}
	if status, _ := r.page("one", "/connect/module/test.other/page"); status != http.StatusNotFound {
		t.Errorf("the plugin that was taken out: status %d", status)
	}
	told("module.test-other", `"enabled":false`)
	if r.descriptorHash() != before {
		t.Error("the descriptor is not what it was")
	}
	if status, _ := r.page("one", guestPage); status != http.StatusOK {
		t.Errorf("the plugin that stayed: status %d", status)
	}
}

// What a newer version asks for beyond the one before waits for each site's admin.
func TestUpgradeGainsNothingUntilAnAdminGrantsIt(t *testing.T) {
	dir := t.TempDir()
	putGuest(t, dir, "1.0.0", "release one")
	r := run(t, dir, atOnce)
	r.install("one")
	const asks = `{"name":"jira:read","reason":"To read issues"}`
	put(t, dir, "guest", fmt.Sprintf(manifestText, "test.guest", "1.1.0", asks, "", ""), release(t, "test.guest", "1.1.0", "release two"))
	if why := r.reload(); why != "" {
		t.Fatal(why)
	}
	r.install("two")
	if _, text := r.page("one", guestPage); !strings.Contains(text, "release two") {
		t.Errorf("without the grant: %s", text)
	}
	const waits = "asks for more than you have granted"
	if _, text := r.page("one", "/connect/admin"); !strings.Contains(text, waits) || !strings.Contains(text, "Grant what it asks for") {
		t.Errorf("the card does not say what waits: %s", text)
	}
	if _, text := r.page("two", "/connect/admin"); strings.Contains(text, waits) {
		t.Error("a site that installed it so is asked")
	}
	r.stop() // what counts as granted holds over a restart
	r.start()
	if _, text := r.page("one", "/connect/admin"); !strings.Contains(text, waits) {
		t.Error("after a restart it is granted")
	}
	const enabled = "/api/admin/plugins/test.guest/enabled"
	if status, text := r.press("one", enabled, `{"enabled":true,"version":"1.0.0"}`); status != http.StatusConflict || !strings.Contains(text, "1.1.0") {
		t.Errorf("consent to a version that is gone: status %d: %s", status, text)
	}
	if status, text := r.press("one", enabled, `{"enabled":true,"version":"1.1.0"}`); status != http.StatusOK || strings.Contains(text, "Not granted") {
		t.Errorf("status %d: %s", status, text)
	}
}

// A version that fails on the first sites is taken back, and reading the same directory again does not bring it back.
func TestBadVersionIsTakenBackForGood(t *testing.T) {
	dir := t.TempDir()
	putGuest(t, dir, "1.0.0", "release one")
	r := run(t, dir, func(c *config.Config) { c.Engine.RolloutShare, c.Engine.RolloutCalls = 50, 100 })
	r.install("one")
	r.install("two")
	putGuest(t, dir, "1.1.0", "release two")
	if why := r.reload(); why != "" {
		t.Fatal(why)
	}
	first, _ := "one", "two"
	if _, text := r.page(first, guestPage); !strings.Contains(text, "release two") {
		first = "two"
	}
	if _, text := r.page(first, guestPage); !strings.Contains(text, "release two") {
		t.Fatalf("no site got the newer version: %s", text)
	}
	if _, text := r.page(first, "/connect/admin"); !strings.Contains(text, "Version 1.1.0 is being tried on some sites, and this site is one of them") {
		t.Error("the card does not say that a version is tried here")
	}
	for range 3 {
		r.page(first, guestPage+"?code=panic")
	}
	for range 2 {
		if _, text := r.page(first, guestPage); !strings.Contains(text, "release one") {
			t.Errorf("after it failed: %s", text)
		}
		if why := r.reload(); why != "" {
			t.Error(why)
		}
	}
	if _, text := r.page("one", "/connect/admin"); !strings.Contains(text, "taken back") {
		t.Error("the card does not say that it was taken back")
	}
}

// What a site's plugin did wrong is remembered over a restart, until an admin has it tried again.
func TestQuarantineSurvivesARestart(t *testing.T) {
	for _, how := range []struct{ code, says string }{{"panic", "it broke off with an error of its own"}, {"spin", "it used up its CPU limit"}} {
		t.Run(how.code, func(t *testing.T) {
			dir := t.TempDir()
			putGuest(t, dir, "1.0.0", "release one")
			r := run(t, dir, nil)
			r.install("one")
			r.install("two")
			for range r.cfg.Engine.BreakerStops {
				if status, text := r.page("one", guestPage+"?code="+how.code); status != http.StatusInternalServerError && status != http.StatusTooManyRequests {
					t.Fatalf("status %d: %s", status, text)
				}
			}
			paused := func(when string) {
				t.Helper()
				if status, text := r.page("one", guestPage); status != http.StatusServiceUnavailable || !strings.Contains(text, "paused on your site") || !strings.Contains(text, "A Jira admin can") {
					t.Errorf("%s: status %d: %s", when, status, text)
				}
				_, text := r.page("one", "/connect/admin")
				for _, want := range []string{"Paused", how.says, "It is tried again with the first visit after", "Try again now"} {
					if !strings.Contains(text, want) {
						t.Errorf("%s: the card does not say %q", when, want)
					}
				}
				if got := r.metric(`pergola_plugin_quarantines{plugin="test.guest"}`); got != "1" {
					t.Errorf("%s: %q sites in quarantine are counted", when, got)
				}
			}
			paused("at once")
			if status, _ := r.page("two", guestPage); status != http.StatusOK {
				t.Errorf("another site: status %d", status)
			}
			r.stop()
			r.start()
			paused("after a restart")
			status, text := r.press("one", "/api/admin/plugins/test.guest/retry", "{}")
			if status != http.StatusOK || !strings.Contains(text, "Guest is let through") || strings.Contains(text, "Try again now") {
				t.Errorf("status %d: %s", status, text)
			}
			if status, text := r.page("one", guestPage); status != http.StatusOK || !strings.Contains(text, "release one") {
				t.Errorf("tried again: status %d: %s", status, text)
			}
			if _, text := r.page("one", "/connect/admin"); strings.Contains(text, "Paused") || strings.Contains(text, "Being tried again") {
				t.Error("the card still speaks of the pause")
			}
			r.stop()
			r.start()
			if status, _ := r.page("one", guestPage); status != http.StatusOK {
				t.Errorf("after another restart: status %d", status)
			}
		})
	}
}

func TestReadinessTellsHowMemoryIsRestored(t *testing.T) {
	dir := t.TempDir()
	putGuest(t, dir, "1.0.0", "release one")
	r := run(t, dir, nil)
	status, text := r.send(http.MethodGet, "/readyz", "", "")
	if status != http.StatusOK || !strings.HasPrefix(text, `{"engine":{"snapshot":"`) || !strings.Contains(text, `"parts":{"jobs":"ok","store":"ok"}`) || !strings.Contains(text, `"memoryLimitBytes":1073741824`) || strings.Contains(text, `"memoryUsedBytes":0,`) {
		t.Errorf("status %d: %s", status, text)
	}
	if !strings.Contains(r.log.String(), "memory of plugins is restored") {
		t.Error("the log does not say how memory is restored")
	}
}
