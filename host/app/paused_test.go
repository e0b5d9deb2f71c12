package app_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestPausedPluginIsTriedAgain is the way of a plugin that fails, in a browser: users meet what its manifest says, the pause
// holds over a crash, and an admin ends it. Then its author mends it, beside the running host.
func TestPausedPluginIsTriedAgain(t *testing.T) {
	t.Parallel()
	data, dir := t.TempDir(), t.TempDir()
	manifest := func(version string) string {
		text := fmt.Sprintf(manifestText, "test.guest", version, "", `"failurePolicy":{"view":"hide"},`, `,"link":"g"`)
		return strings.Replace(text, `"modules":[`, `"modules":[{"type":"issuePanel","key":"panel","name":"Guest","view":"page"},`, 1)
	}
	put(t, dir, "guest", manifest("1.0.0"), release(t, "test.guest", "1.0.0", "release one"))
	args := []string{"--listen", address(t), "--sandbox", address(t), "--set", "plugins.dir=" + dir, "--set", "engine.breaker_stops=2", "--set", "engine.breaker_pause=1h"}
	d := startDev(t, data, args...)
	b := newTab(t)
	b.allow("the server responded with a status of 500")
	b.allow("the server responded with a status of 503")
	const panel, page, retry = "/connect/module/test.guest/panel", "/connect/module/test.guest/page", "#plugin-test-guest-retry"
	says := func(frame, text string) {
		t.Helper()
		b.wait(frame, `document.body.innerText.includes("`+text+`")`)
	}
	own := d.Sandbox + "/plugins/servlet/ac/pergola/test-guest--page"

	b.open(d.Issue)
	says(panel, "release one")
	for range 2 {
		b.open(own + "?ac.code=panic")
		says(page, "The plugin has a defect")
	}
	b.open(own)
	says(page, "paused on your site")
	says(page, "A Jira admin can have it tried at once")

	b.open(d.Issue)
	b.wait(panel, `document.querySelector("#page.nothing")`)
	b.wait("", `[...document.querySelectorAll("iframe")].find((f) => f.src.includes("`+panel+`")).offsetHeight < 4`)

	b.allowEnd()
	d.kill()
	d = startDev(t, data, args...)
	b.open(d.Admin)
	says(adminFrame, "too many of its calls had to be stopped")
	b.click(adminFrame, `document.querySelector("`+retry+`")`)
	b.wait(adminFrame, `!document.querySelector("`+retry+`")`)
	says(adminFrame, "The next visit to it is let through")
	says("", "Guest is let through")
	b.open(d.Issue)
	says(panel, "release one")

	put(t, dir, "guest", manifest("1.1.0"), release(t, "test.guest", "1.1.0", "release two"))
	d.stderr.await(t, "taken=\"[test.guest 1.1.0]\"") // the directory is watched
	b.open(own)
	says(page, "release two")
}
