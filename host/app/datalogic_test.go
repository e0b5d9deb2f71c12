package app_test

import (
	"net/http"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// TestARuleBoundsWhatIsPickedByTheRightsOfAnother has a guest link what a rule offers by the rights of somebody else: the guest finds it by name
// and nothing else, is told of the link only that it is there, and finds nothing any more once that account is closed.
func TestARuleBoundsWhatIsPickedByTheRightsOfAnother(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir())
	o := newOperator(t, d)
	o.grant("10000", "LINK_ISSUES", map[string]string{"type": "group", "parameter": "guests"})
	relation := o.relate("Who has it", "belongs to", "OPS-1")
	o.write("pergola.datalogic", "rule", map[string][]string{
		"name": {"People"}, "relation": {relation}, "end": {"first"}, "jql": {"project = HR AND key != {{issue.key}}"}, "empty": {"nothing"}, "outOfScope": {"keep"}, "user": {string(world.Jonas)},
	})

	ada, jonas := newTab(t), newTab(t)
	ada.open(d.Sandbox + "/login?dest=/browse/OPS-1&as=ada")
	link := `[...document.querySelectorAll("button")].find((e) => e.textContent === "Link an issue")`
	input := `document.querySelector("[data-name=issues] [role=combobox]")`
	typed := func(text string) string {
		return `((e) => { if (!e) return; e.focus(); e.value = ` + text + `; e.dispatchEvent(new Event("input", { bubbles: true })); })(` + input + `)`
	}
	ada.click(linksFrame, link)
	ada.wait(linksFrame, input+` && !document.querySelector("[data-module]")`)
	ada.do(linksFrame, typed(`"OPS-2"`), nil)
	ada.wait(linksFrame, `document.body.textContent.includes("No issue that can be linked here has these words")`)
	ada.do(linksFrame, typed(`"HR-1"`), nil)
	ada.click(linksFrame, `[...document.querySelectorAll("[role=option]")].find((o) => o.textContent.includes("HR-1 "))`)
	ada.click(linksFrame, button("Link"))
	ada.wait(linksFrame, `document.querySelector("main, .page").textContent.includes("1 more that you may not see")`)
	jonas.open(d.Sandbox + "/login?dest=/browse/OPS-1&as=jonas")
	jonas.wait(linksFrame, `document.querySelector("details").textContent.includes("HR-1")`)

	o.send(http.MethodPost, d.Sandbox+"/sandbox/users/jonas/close", "", nil)
	ada.click(linksFrame, link)
	ada.wait(linksFrame, input+` && !document.querySelector("[data-module]")`)
	// Until the host asks who has an account again; what is typed changes, or the picker would not ask again.
	ada.wait(linksFrame, `(() => { if (document.body.textContent.includes("the account by whose rights the rule searches is closed")) return true;
		window.n = (window.n ?? 0) + 1; if (window.n % 10 === 0) `+typed(`"HR-" + (1 + window.n % 3)`)+`; return false; })()`)
}
