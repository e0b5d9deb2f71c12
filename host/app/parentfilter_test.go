package app_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// documented finds the id of a document in the list that saving it answers with: of the last one.
var documented = regexp.MustCompile(`id="config-[a-z-]+-(\w+)-delete"`)

// save writes a document as an admin and returns its id.
func (o *person) save(plugin, typ string, form map[string][]string) string {
	o.t.Helper()
	all := documented.FindAllStringSubmatch(o.host("", "/api/admin/plugins/"+plugin+"/configs/"+typ+"/save", map[string]any{"form": form}), -1)
	if len(all) == 0 {
		o.t.Fatal("the list has no document")
	}
	return all[len(all)-1][1]
}

// TestAParentFilterFromTheAdminToTheUser has an admin let the customer of an issue bound its contacts, and a user pick both in one form: what
// is not saved counts, what is picked goes when the customer changes, and a link that the filter does not leave is refused.
func TestAParentFilterFromTheAdminToTheUser(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir())
	o := newOperator(t, d)
	ids := map[string]string{}
	for _, name := range []string{"Customer", "Contact", "Belongs"} {
		ids[name] = o.save(linkPlugin, "relation", map[string][]string{
			"name": {name}, "outward": {name + " of it"}, "inward": {name + " the other way"}, "color": {"blue"}, "storage": {"app"}, "first.show": {"true"}, "searchable": {"true"},
		})
	}
	o.link(ids["Belongs"], "OPS-2", o.id("HR-1"), o.id("HR-2"))
	o.link(ids["Belongs"], "OPS-3", o.id("HR-2"), o.id("HR-3"))

	// The admin writes the filter, and is told of a circle and by which filter it goes.
	b := newTab(t)
	b.allow("422")
	field := func(name string) string { return `document.querySelector("[name='` + name + `']")` }
	write := func(name, value string) {
		b.do(adminFrame, `((e) => { e.value = [...e.options ?? []].find((o) => o.textContent.trim() === "`+value+`")?.value ?? "`+value+`"; e.dispatchEvent(new Event("change", { bubbles: true })); })(`+field(name)+`)`, nil)
	}
	list := `document.querySelector("#config-pergola-parentfilter-filter")`
	b.open(d.Admin)
	b.click(adminFrame, button("Parent filters"))
	fill := func(name, child, parent string) {
		b.click(adminFrame, button("Add a parent filter"))
		b.wait(adminFrame, field("via.relation")+`?.options?.length === 4`)
		write("name", name)
		write("child.relation", child)
		write("parent.relation", parent)
		write("via.relation", "Belongs")
		write("hint", "Choose a customer first.")
		b.click(adminFrame, button("Save"))
	}
	fill("Contacts of the customer", "Contact", "Customer")
	b.wait(adminFrame, list+`.querySelector("tbody th")?.textContent === "Contacts of the customer"`)
	fill("Back", "Customer", "Contact")
	b.wait(adminFrame, list+`.textContent.includes("This would go in a circle: by “Contacts of the customer”")`)

	// The user.
	side := func(name string) string {
		return `[...document.querySelectorAll(".pick")].find((e) => e.textContent.includes("` + name + ` of it"))`
	}
	ask := func(name string) {
		b.do(linksFrame, `document.activeElement.blur()`, nil)
		b.click(linksFrame, side(name)+`.querySelector("[role=combobox]")`)
	}
	offers := func(name string, keys ...string) {
		t.Helper()
		ask(name)
		b.wait(linksFrame, `[...`+side(name)+`.querySelectorAll("[role=option]")].map((o) => o.textContent.match(/[A-Z]+-\d+/)[0]).sort().join() === "`+strings.Join(keys, ",")+`"`)
	}
	pick := func(name, key string) {
		t.Helper()
		ask(name)
		b.do(linksFrame, `((e) => { e.value = "`+key+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+side(name)+`.querySelector("[role=combobox]"))`, nil)
		b.click(linksFrame, `[...`+side(name)+`.querySelectorAll("[role=option]")].find((o) => o.textContent.includes("`+key+` "))`)
		b.wait(linksFrame, side(name)+`.querySelector(".chips").textContent.includes("`+key+`")`)
	}
	drop := func(name string) {
		t.Helper()
		b.click(linksFrame, side(name)+`.querySelector(".chip button")`)
	}
	edit := func() {
		b.open(d.Issue)
		b.click(linksFrame, button("Edit links"))
		b.wait(linksFrame, side("Contact")+` && !document.querySelector("[data-module]")`)
	}
	edit()
	b.wait(linksFrame, side("Contact")+`.closest(".field").textContent.includes("Choose a customer first.")`)
	ask("Contact")
	b.wait(linksFrame, side("Contact")+`.querySelector(".pick-note").textContent.includes("Choose a customer first.")`)
	pick("Customer", "OPS-2")
	offers("Contact", "HR-1", "HR-2")
	pick("Customer", "OPS-3")
	offers("Contact", "HR-1", "HR-2", "HR-3")
	pick("Contact", "HR-1")
	drop("Customer") // OPS-2
	b.wait(linksFrame, side("Contact")+`.querySelectorAll(".chip").length === 0`)
	offers("Contact", "HR-2", "HR-3")
	pick("Contact", "HR-3")
	b.click(linksFrame, button("Save"))
	b.wait(linksFrame, `["OPS-3", "HR-3"].every((k) => [...document.querySelectorAll("details")].some((e) => e.textContent.includes(k)))`)
	if page := o.host("OPS-1", linkPanel+"action/add", map[string]any{"state": []byte(ids["Contact"] + "-first"), "form": map[string][]string{"issues": {o.id("HR-1")}}}); !strings.Contains(page, "HR-1 cannot be linked here") {
		t.Errorf("HR-1 was linked, which does not belong to OPS-3:\n%s", page)
	}

	// Each of several, and everything where there is none.
	o.save("pergola.parentfilter", "filter", map[string][]string{
		"name": {"Also by each"}, "child.relation": {ids["Contact"]}, "child.end": {"first"}, "parent.relation": {ids["Customer"]}, "parent.end": {"first"},
		"via.relation": {ids["Belongs"]}, "via.end": {"first"}, "mode": {"all"}, "empty": {"all"},
	})
	edit()
	pick("Customer", "OPS-2")
	offers("Contact", "HR-2")

	// What the filter is about cannot be deleted under it.
	status, page := o.ask("", "/api/admin/plugins/"+linkPlugin+"/configs/relation/"+ids["Belongs"]+"/delete", map[string]any{"params": map[string]string{"rev": "1"}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, "Contacts of the customer") {
		t.Errorf("a relation that filters go by is deleted: %d\n%s", status, page)
	}
}
