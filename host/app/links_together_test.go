package app_test

import "testing"

// TestTwoUsersEditTheLinksOfAnIssueAtOnce has both open the form before one saves: neither takes back what the other did. Then a removal is
// undone, and the history tells one of the other by name.
func TestTwoUsersEditTheLinksOfAnIssueAtOnce(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir())
	mia, jonas := newTab(t), newTab(t)
	issue := "/login?dest=/browse/OPS-1&as="

	mia.open(d.Admin)
	mia.click(adminFrame, button("Relations"))
	mia.click(adminFrame, button("Add a relation"))
	mia.wait(adminFrame, `document.querySelector("[name=outward]")`)
	for name, value := range map[string]string{"name": "Parts", "outward": "is part of", "inward": "has the parts"} {
		mia.do(adminFrame, `((e) => { e.value = "`+value+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(document.querySelector("[name=`+name+`]"))`, nil)
	}
	mia.click(adminFrame, button("Save"))
	mia.wait(adminFrame, `document.querySelector("#config-pergola-links-relation tbody th")?.textContent === "Parts"`)

	exact := func(label string) string {
		return `[...document.querySelectorAll("button")].find((e) => e.textContent.trim() === "` + label + `")`
	}
	first := `document.querySelector(".pick")` // the picker of the first side
	choose := func(b *tab, key string) {
		t.Helper()
		input := first + `.querySelector("[role=combobox]")`
		b.wait(linksFrame, input+` && !document.querySelector("[data-module]")`)
		b.do(linksFrame, `((e) => { e.focus(); e.value = "`+key+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+input+`)`, nil)
		b.click(linksFrame, `[...`+first+`.querySelectorAll("[role=option]")].find((o) => o.textContent.includes("`+key+`"))`)
		b.wait(linksFrame, first+`.querySelector(".chips")?.textContent.includes("`+key+`")`)
	}
	for login, b := range map[string]*tab{"mia": mia, "jonas": jonas} {
		b.open(d.Sandbox + issue + login)
		b.click(linksFrame, exact("Edit links"))
		b.wait(linksFrame, first)
	}
	choose(mia, "OPS-2")
	choose(jonas, "OPS-3")
	mia.click(linksFrame, exact("Save"))
	mia.wait(linksFrame, `document.querySelector("details").textContent.includes("OPS-2")`)
	jonas.click(linksFrame, exact("Save"))
	jonas.wait(linksFrame, `["OPS-2", "OPS-3"].every((k) => document.querySelector("details").textContent.includes(k))`)

	// What was picked lately comes before anything is typed, and a screen reader hears how much there is.
	jonas.click(linksFrame, exact("Edit links"))
	jonas.wait(linksFrame, first+` && !document.querySelector("[data-module]")`)
	jonas.click(linksFrame, first+`.querySelector("[role=combobox]")`)
	jonas.wait(linksFrame, first+`.querySelector(".pick-title").textContent.includes("What you linked lately") &&
		`+first+`.querySelector("[role=option]").textContent.includes("OPS-3") && `+first+`.querySelector("[role=option]").getAttribute("aria-selected") === "true" &&
		[...document.querySelectorAll("[aria-live], [role=status]")].some((e) => /results?\./.test(e.textContent))`)
	jonas.click(linksFrame, exact("Cancel"))

	mia.click(linksFrame, exact("History"))
	mia.wait(linksFrame, `["OPS-2 was linked as “is part of” by you", "OPS-3 was linked as “is part of” by Jonas User"].every((s) => document.body.textContent.includes(s))`)
	mia.click(linksFrame, exact("Show as a list"))
	row := `[...document.querySelectorAll("li")].find((e) => e.textContent.includes("OPS-3"))`
	mia.click(linksFrame, `[...`+row+`.querySelectorAll("button")].find((e) => e.textContent.startsWith("Remove"))`)
	mia.click(linksFrame, `[...document.querySelectorAll("dialog[open] button")].find((e) => e.textContent.startsWith("Remove"))`)
	mia.wait(linksFrame, `!`+row+` && `+exact("Undo"))
	mia.click(linksFrame, exact("Undo"))
	mia.wait(linksFrame, row)
}
