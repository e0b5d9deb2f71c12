package app_test

import (
	"strings"
	"testing"
)

const linksFrame = "/connect/module/pergola.links/links"

// TestARelationFromTheAdminToBothIssues is the whole way of a relation: an admin writes it, a user links two issues with a picker and sees
// the link at both ends, and it is gone and back as the admin deletes the relation and takes that back.
func TestARelationFromTheAdminToBothIssues(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	addresses := []string{"--listen", address(t), "--sandbox", address(t)}
	d := startDev(t, data, addresses...)
	b := newTab(t)
	b.allow("422")
	b.allowEnd()
	field := func(name string) string { return `document.querySelector("[name='` + name + `']")` }
	write := func(name, value string) {
		b.do(adminFrame, `((e) => { e.value = "`+value+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+field(name)+`)`, nil)
	}
	list := `document.querySelector("#config-pergola-links-relation")`

	b.open(d.Issue)
	b.wait(linksFrame, `document.body.textContent.includes("No relation shows here")`)

	// The admin.
	b.open(d.Admin)
	b.click(adminFrame, button("Relations"))
	b.wait(adminFrame, list+` && `+list+`.textContent.includes("There are no relations yet")`)
	b.click(adminFrame, button("Add a relation"))
	b.wait(adminFrame, field("outward"))
	b.click(adminFrame, button("Save"))
	b.wait(adminFrame, `document.querySelector("[name=name][aria-invalid=true]")`)
	write("name", "Parts")
	write("outward", "is part of")
	write("inward", "has the parts")
	b.do(adminFrame, `document.querySelector("[name=storage][value=jira]").click()`, nil)
	b.click(adminFrame, button("Save"))
	b.wait(adminFrame, list+`.textContent.includes("Choose the type that Jira’s links have")`) // the plugin's own word
	b.do(adminFrame, `document.querySelector("[name=storage][value=app]").click()`, nil)
	b.click(adminFrame, button("Save"))
	b.wait(adminFrame, list+`.querySelector("tbody th")?.textContent === "Parts"`)

	// The user.
	b.open(d.Issue)
	b.wait(linksFrame, `document.querySelectorAll("details").length >= 2 && document.body.textContent.includes("is part of")`)
	input := `document.querySelector("[data-name=issues] [role=combobox]")`
	b.do(linksFrame, `((e) => { e.focus(); e.click(); })([...document.querySelectorAll("button")].find((e) => e.textContent === "Link an issue"))`, nil)
	b.wait(linksFrame, `document.activeElement !== document.body && document.activeElement === `+input) // whoever uses the keyboard types at once
	b.wait(linksFrame, input+` && !document.querySelector("[data-module]")`)                            // its script is there
	b.do(linksFrame, `((e) => { e.focus(); e.value = "MacBook Pro 14 M"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+input+`)`, nil)
	b.click(linksFrame, `[...document.querySelectorAll("[role=option]")].find((o) => o.textContent.includes("OPS-2"))`)
	b.click(linksFrame, button("Link"))
	b.wait(linksFrame, `document.querySelector(".list, ul")?.textContent.includes("OPS-2") && document.body.textContent.includes("Remove")`)
	b.click(linksFrame, button("Show as a graph"))
	b.wait(linksFrame, `[...document.querySelectorAll("svg")].some((e) => e.textContent.includes("OPS-2"))`)
	b.click(linksFrame, button("Show as a list"))
	b.wait(linksFrame, `document.body.textContent.includes("Link an issue")`)
	other := strings.Replace(d.Issue, "OPS-1", "OPS-2", 1)
	b.open(other)
	b.wait(linksFrame, `document.body.textContent.includes("OPS-1") && document.body.textContent.includes("has the parts")`)

	// Deleting says how much goes, hides it, and can be taken back.
	b.open(d.Admin)
	b.click(adminFrame, button("Relations"))
	b.click(adminFrame, `[...document.querySelectorAll("button")].find((e) => e.textContent.startsWith("Delete"))`)
	b.wait(adminFrame, `document.querySelector("dialog[open]")?.textContent.includes("1 record refers to it")`)
	b.click(adminFrame, `[...document.querySelectorAll("dialog[open] button")].find((e) => e.textContent.startsWith("Delete"))`)
	b.wait(adminFrame, list+`.textContent.includes("Deleted (1)")`)
	b.open(other)
	b.wait(linksFrame, `document.body.textContent.includes("No relation shows here")`)
	b.open(d.Admin)
	b.click(adminFrame, button("Relations"))
	b.wait(adminFrame, list+`.querySelector("details")`)
	b.do(adminFrame, list+`.querySelector("details").open = true`, nil)
	b.click(adminFrame, `[...document.querySelectorAll("button")].find((e) => e.textContent.startsWith("Take back"))`)
	b.wait(adminFrame, list+`.querySelector("tbody th")?.textContent === "Parts"`)

	// It all outlives a crash, and the link is removed from the other end.
	d.kill()
	startDev(t, data, addresses...)
	b.open(other)
	b.wait(linksFrame, `document.body.textContent.includes("OPS-1")`)
	b.click(linksFrame, button("Remove"))
	b.click(linksFrame, `[...document.querySelectorAll("dialog[open] button")].find((e) => e.textContent.startsWith("Remove"))`)
	b.wait(linksFrame, `!document.querySelector("main, .page").textContent.includes("OPS-1")`)
}
