package app_test

import "testing"

// TestAnIssueViewTakesThePlaceOfTheList is the whole way of an issue view: an admin makes a relation and says how it looks at one end, a user
// links two issues and finds them in a table, which sorts and from which links are removed.
func TestAnIssueViewTakesThePlaceOfTheList(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--listen", address(t), "--sandbox", address(t))
	b := newTab(t)
	field := func(name string) string { return `document.querySelector("[name='` + name + `']")` }
	write := func(name, value string) {
		b.do(adminFrame, `((e) => { e.value = "`+value+`"; e.dispatchEvent(new Event("input", { bubbles: true })); e.dispatchEvent(new Event("change", { bubbles: true })); })(`+field(name)+`)`, nil)
	}

	b.open(d.Admin)
	b.click(adminFrame, button("Relations"))
	b.click(adminFrame, button("Add a relation"))
	b.wait(adminFrame, field("outward"))
	write("name", "Parts")
	write("outward", "is part of")
	write("inward", "has the parts")
	b.click(adminFrame, button("Save"))
	b.wait(adminFrame, `document.querySelector("#config-pergola-links-relation tbody th")?.textContent === "Parts"`)
	b.click(adminFrame, button("Issue views"))
	b.click(adminFrame, button("Add an issue view"))
	b.wait(adminFrame, field("relation")+`?.options?.length > 1`)
	write("name", "Where it belongs")
	b.do(adminFrame, `((e) => { e.value = [...e.options].find((o) => o.textContent.trim() === "Parts").value; e.dispatchEvent(new Event("change", { bubbles: true })); })(`+field("relation")+`)`, nil)
	b.click(adminFrame, button("Save"))
	b.wait(adminFrame, `document.querySelector("#config-pergola-issueview-view tbody th")?.textContent === "Where it belongs"`)

	b.open(d.Issue)
	link := `[...document.querySelectorAll("button")].find((e) => e.textContent === "Link an issue")`
	b.click(linksFrame, link)
	input := `document.querySelector("[data-name=issues] [role=combobox]")`
	b.wait(linksFrame, input+` && !document.querySelector("[data-module]")`)
	for _, key := range []string{"OPS-2", "OPS-3"} {
		b.do(linksFrame, `((e) => { e.focus(); e.value = "`+key+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+input+`)`, nil)
		b.click(linksFrame, `[...document.querySelectorAll("[role=option]")].find((o) => o.textContent.includes("`+key+` "))`)
	}
	b.click(linksFrame, button("Link"))
	keys := `[...document.querySelectorAll("tbody th")].map((e) => e.textContent.trim()).join()`
	b.wait(linksFrame, keys+` === "OPS-2,OPS-3"`)
	sort := `[...document.querySelectorAll("thead button")].find((e) => e.textContent.trim().startsWith("Key"))`
	b.click(linksFrame, sort)
	b.wait(linksFrame, keys+` === "OPS-3,OPS-2"`)
	b.click(linksFrame, button("Remove"))
	b.click(linksFrame, `[...document.querySelectorAll("dialog[open] button")].find((e) => e.textContent.startsWith("Remove"))`)
	b.wait(linksFrame, keys+` === "OPS-2"`)

	// The other end, of which nobody wrote, is a list as before; and so are both when the feature is off.
	b.open(d.Sandbox + "/browse/OPS-2")
	b.wait(linksFrame, `document.body.textContent.includes("has the parts") && document.body.textContent.includes("OPS-1") && !document.querySelector("table")`)
}
