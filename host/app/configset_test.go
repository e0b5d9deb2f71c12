package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const setFrame = "/connect/configuration"

// otherSite is a site where things have other ids, and some other names: people are staff, and software is no licence.
const otherSite = `{
	"format": 1, "title": "Other site",
	"groups": [{ "name": "staff" }, { "name": "admins" }],
	"users": [
		{ "account": "712020:5f3c1e0a-mia-admin", "login": "mia", "name": "Mia Admin", "kind": "admin", "groups": ["staff", "admins"] },
		{ "account": "712020:other-tom", "login": "tom", "name": "Tom User", "kind": "user", "groups": ["staff"] }
	],
	"globalPermissions": { "ADMINISTER": ["group:admins"] },
	"permissionSchemes": [{ "name": "Open", "grants": { "BROWSE_PROJECTS": ["group:staff"], "EDIT_ISSUES": ["group:staff"], "LINK_ISSUES": ["group:staff"], "CREATE_ISSUES": ["group:staff"] } }],
	"issueTypes": [{ "name": "Robot" }, { "name": "Software" }, { "name": "Person" }, { "name": "Laptop" }],
	"statuses": [{ "name": "In use", "category": "indeterminate" }],
	"workflows": [{ "name": "Life", "initial": "In use" }],
	"projects": [
		{ "key": "CREW", "name": "Crew", "lead": "mia", "issueTypes": ["Person"], "workflow": "Life", "permissionScheme": "Open" },
		{ "key": "IT", "name": "IT assets", "lead": "mia", "issueTypes": ["Robot", "Software", "Laptop"], "workflow": "Life", "permissionScheme": "Open" }
	],
	"issues": [
		{ "project": "IT", "key": "IT-1", "type": "Laptop", "status": "In use", "summary": "ThinkPad of another site", "reporter": "mia" },
		{ "project": "CREW", "key": "CREW-1", "type": "Person", "status": "In use", "summary": "Somebody else", "reporter": "mia" }
	]
}`

// TestConfigurationFromATemplateToAnotherSite sets one site up by a template, carries that to another site in a file, over a crash, and
// undoes it there.
func TestConfigurationFromATemplateToAnotherSite(t *testing.T) {
	t.Parallel()
	one := startDev(t, t.TempDir())
	b := newTab(t)
	b.allow("422")
	b.allowEnd()
	b.allow("403 (Forbidden)") // of somebody who is no admin
	imported := `document.querySelector("#import")`
	says := func(part string) string { return imported + `.textContent.includes("` + part + `")` }
	choose := func(thing, here string) {
		b.do(setFrame, `((row) => { const s = row.querySelector("select"); s.value = [...s.options].find((o) => o.textContent.startsWith("`+here+`")).value; })([...document.querySelectorAll("#import tr")].find((r) => r.querySelector("th")?.textContent.startsWith("`+thing+`")))`, nil)
	}
	page := func(d *dev) string { return strings.Replace(d.Admin, "/pergola/admin", "/pergola/config", 1) }

	// The first site has no relation, and is offered a template.
	b.open(one.Admin)
	b.wait(adminFrame, `document.querySelector("#bare")?.textContent.includes("There is no relation yet")`)
	b.open(page(one))
	b.click(setFrame, `document.querySelector("#template-cmdb")`)
	b.wait(setFrame, says("There is no type “Contract” (or Agreement")+` && `+says("Laptop of an employee"))
	b.click(setFrame, button("Import"))
	b.click(setFrame, `[...document.querySelectorAll("dialog[open] button")].find((e) => e.textContent === "Import")`)
	b.wait(setFrame, says("IT assets (CMDB): done")+` && document.querySelector("#imports").textContent.includes("Mia Admin")`)
	b.open(one.Issue)
	b.wait(linksFrame, `document.body.textContent.includes("is used by") && document.body.textContent.includes("has installed")`)
	b.open(strings.Replace(one.Issue, "OPS-1", "HR-1", 1))
	b.wait("/connect/module/pergola.filterpanel/related", `document.body.textContent.includes("Software of this employee")`)
	b.open(one.Admin)
	b.wait(adminFrame, `document.querySelector("#plugins") && !document.querySelector("#bare")`)

	// Its configuration is downloaded.
	b.open(page(one))
	b.wait(setFrame, `document.querySelector("#export-save")`)
	b.do(setFrame, `((make) => { URL.createObjectURL = (blob) => { window.saved = blob.text(); return make.call(URL, blob); }; })(URL.createObjectURL)`, nil)
	b.click(setFrame, `document.querySelector("#export-save")`)
	b.wait(setFrame, `window.saved`)
	var file string
	b.do(setFrame, `window.saved`, &file)
	if !strings.Contains(file, `"key": "HR"`) || !strings.Contains(file, "Laptop of an employee") || strings.Contains(file, "Mia") {
		t.Fatalf("the file is\n%s", file)
	}

	// The other site.
	seed := filepath.Join(t.TempDir(), "site.json")
	if err := os.WriteFile(seed, []byte(otherSite), 0o600); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	addresses := []string{"--listen", address(t), "--sandbox", address(t)}
	other := startDev(t, data, append(addresses, "--seed", seed)...)
	upload := func(name, text string) {
		b.wait(setFrame, `document.querySelector("#import-pick") && !document.querySelector("#import [data-module]")`) // its script is there
		b.do(setFrame, `((input) => { const dt = new DataTransfer(); dt.items.add(new File([`+literal(text)+`], "`+name+`")); input.files = dt.files; input.dispatchEvent(new Event("change", { bubbles: true })); })(document.querySelector("#import-pick"))`, nil)
		b.wait(setFrame, `document.querySelector("#import-pick-said").textContent.includes("was read")`)
		b.click(setFrame, button("Check it"))
	}
	b.open(page(other))
	upload("sync.yaml", "connections:\n- name: Inventory\n")
	b.wait(setFrame, says("The file cannot be imported")+` && `+says("begins with {"))
	upload("configuration.json", file)
	b.wait(setFrame, says("From ")+` && `+says("could not be found")+` && `+says("Refused"))
	if present(b, setFrame, button("Import")) {
		t.Error("it can be imported although something is refused")
	}

	// A crash in the middle: what was written before is there, what was only looked at is not, and the page goes on.
	other.kill()
	other = startDev(t, data, addresses...)
	b.open(other.Sandbox + "/login?as=tom&dest=/plugins/servlet/ac/pergola/config")
	b.wait("", `document.body.textContent.length > 0 && !document.querySelector("iframe[src*='/connect/configuration']")`) // tom is no admin
	b.open(page(other))
	upload("configuration.json", file)
	b.wait(setFrame, says("could not be found"))
	choose("HR · People", "CREW")
	choose("Software licence", "Software")
	choose("Server", "Leave out")
	b.click(setFrame, button("Check again"))
	b.wait(setFrame, says("Owner of a server")+` && `+says("nothing chosen here would mean everything"))
	b.do(setFrame, `document.querySelector("[name=lenient]").click()`, nil)
	b.click(setFrame, button("Check again"))
	b.click(setFrame, button("Import"))
	b.click(setFrame, `[...document.querySelectorAll("dialog[open] button")].find((e) => e.textContent === "Import")`)
	b.wait(setFrame, says(": done")+` && `+says("nothing chosen here would mean everything")+` && !`+says("Choose something for it")+` && `+says("What was left out can follow"))
	b.open(other.Sandbox + "/login?as=mia&dest=/browse/IT-1")
	b.wait(linksFrame, `document.body.textContent.includes("is used by") && document.body.textContent.includes("has installed")`)

	// The same file a second time changes nothing.
	b.open(page(other))
	upload("configuration.json", file)
	b.wait(setFrame, says("could not be found"))
	choose("HR · People", "CREW")
	choose("Software licence", "Software")
	choose("Server", "Leave out")
	b.do(setFrame, `document.querySelector("[name=lenient]").click()`, nil)
	b.click(setFrame, button("Check again"))
	b.wait(setFrame, says("There is nothing to do"))

	// Somebody edits one of the relations; undoing keeps it, and says so.
	b.open(other.Admin)
	b.click(adminFrame, button("Relations"))
	b.click(adminFrame, `document.querySelector("#config-pergola-links-relation button[id$=edit]")`)
	b.wait(adminFrame, `document.querySelector("[name=outward]")`)
	b.do(adminFrame, `((e) => { e.value = "is handed to"; e.dispatchEvent(new Event("input", { bubbles: true })); })(document.querySelector("[name=outward]"))`, nil)
	b.click(adminFrame, button("Save"))
	b.wait("", `document.body.textContent.includes("Saved")`)
	b.open(page(other))
	b.click(setFrame, button("Undo …"))
	b.wait(setFrame, `document.querySelector("#imports").textContent.includes("Somebody edited it since.")`)
	b.click(setFrame, button("Undo it"))
	b.wait(setFrame, `document.querySelector("#imports").textContent.includes("What was undone")`)
	b.open(other.Sandbox + "/login?as=mia&dest=/browse/IT-1")
	b.wait(linksFrame, `document.body.textContent.includes("is handed to") && !document.body.textContent.includes("has installed")`)

	// What is at rest names nothing of the site.
	other.interrupt()
	for _, name := range []string{"HR · People", "CREW", "ThinkPad of another site"} {
		if strings.Contains(other.stderr.String(), name) {
			t.Errorf("the log holds %q", name)
		}
	}
}

// present says whether an expression gives an element just now.
func present(b *tab, frame, element string) bool {
	b.t.Helper()
	var is bool
	b.do(frame, "!!("+element+")", &is)
	return is
}

// literal writes a text as a script does.
func literal(s string) string {
	r := strings.NewReplacer(`\`, `\\`, "`", "\\`", "${", "\\${")
	return "`" + r.Replace(s) + "`"
}
