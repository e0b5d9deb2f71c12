package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/pergola-platform/pergola/host/chromiumtest"
)

// TestAnAdminHasUndeliveredEventsToldAgain works by the keyboard alone: a plugin refuses to hear of two deletions, of one of which it is
// told again in vain, and both are discarded.
func TestAnAdminHasUndeliveredEventsToldAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const listens = `"events":[{"event":"issue.deleted","handler":"deleted","reason":"Forget them"}],`
	put(t, dir, "guest", fmt.Sprintf(manifestText, "test.guest", "1.0.0", "", listens, ""), release(t, "test.guest", "1.0.0", "release one"))
	data := t.TempDir()
	d := startDev(t, data, "--set", "plugins.dir="+dir)
	o := newOperator(t, d)
	gone := []string{o.id("OPS-2"), o.id("OPS-4")}
	for _, id := range gone {
		o.send(http.MethodDelete, d.Sandbox+"/rest/api/3/issue/"+id, "", nil)
	}
	given := func() int { return strings.Count(d.admin(data, "events", "dead", "--json"), `"code":"invalid"`) }
	for late := time.Now().Add(30 * time.Second); given() < 2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("the operator's command does not list both")
		}
	}
	b := newTab(t)
	const frame = "/connect/changes"
	named := func(label string) string {
		return `[...document.querySelectorAll("button")].find((e) => e.textContent.trim() === "` + label + `" && e.offsetParent)`
	}
	enter := func(label string) {
		t.Helper()
		b.wait(frame, named(label))
		b.do(frame, named(label)+`.focus()`, nil)
		b.run("press Enter", chromiumtest.Press(kb.Enter))
	}
	confirm := func(says string) {
		t.Helper()
		yes := `document.querySelector("dialog[open] #confirm-yes")`
		b.wait(frame, yes+` && document.querySelector("dialog[open]").textContent.includes("`+says+`")`)
		b.do(frame, yes+`.focus()`, nil)
		b.run("press Enter", chromiumtest.Press(kb.Enter))
	}
	rows := func(n int, more string) {
		t.Helper()
		b.wait(frame, fmt.Sprintf(`document.querySelectorAll("tbody tr").length === %d && %s`, n, more))
	}
	says := func(text string) string { return `document.body.innerText.includes("` + text + `")` }

	b.open(d.Sandbox + "/login?as=mia&dest=/plugins/servlet/ac/pergola/changes")
	b.wait(frame, says("could not be told"))
	enter("Undelivered events")
	rows(2, says(gone[0])+" && "+says(gone[1])+" && "+says("An issue was deleted")+" && "+says("The feature refused it"))
	pictures(t, b, frame, "undelivered")
	enter("Tell again")
	b.wait("", says("What fails once more comes back to this list"))
	// It may be back before the page is drawn, so that the page shows one or both; the log has all three failures in the end.
	late := time.Now().Add(30 * time.Second)
	for strings.Count(d.stderr.String(), "an event was given up") < 3 || given() < 2 {
		if time.Now().After(late) {
			t.Fatal("the event that was told again did not come back to the list")
		}
		time.Sleep(100 * time.Millisecond)
	}
	enter("Back to changes")
	enter("Undelivered events")
	rows(2, "true")
	enter("Discard")
	b.wait(frame, `document.querySelector("dialog[open]")?.textContent.includes("will not hear of this event")`)
	b.run("press Escape", chromiumtest.Press(kb.Escape))
	b.wait(frame, `!document.querySelector("dialog[open]")`)
	rows(2, "true")
	enter("Discard")
	confirm("Guest will not hear of this event")
	rows(1, "true")
	b.wait("", says("The event is discarded"))
	enter("Discard all")
	confirm("any of these events")
	b.wait(frame, says("There is none"))
	enter("Back to changes")
	b.wait(frame, says("Discarded an event")+" && "+says("Discarded all undelivered events")+" && "+says("Had an event told again")+" && "+says("Connect page")+" && !"+says("could not be told"))
	pictures(t, b, frame, "changes")
}
