package app_test

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
)

const (
	relatedFrame = "/connect/module/pergola.filterpanel/related"
	previewFrame = "/connect/module/pergola.filterpanel/preview"
)

// TestAFilterPanelFromTheAdminToTheIssue is the whole way of a panel: an admin writes it, sees it beside an issue before users do, and a
// user sorts what it finds.
func TestAFilterPanelFromTheAdminToTheIssue(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--listen", address(t), "--sandbox", address(t))
	b := newTab(t)
	b.allow("422")
	field := func(name string) string { return `document.querySelector("[name='` + name + `']")` }
	write := func(name, value string) {
		b.do(adminFrame, `((e) => { e.value = "`+value+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+field(name)+`)`, nil)
	}
	list := `document.querySelector("#config-pergola-filterpanel-panel")`

	b.open(d.Issue)
	b.wait(relatedFrame, `document.body.textContent.includes("No panel shows here")`)

	// The admin.
	b.open(d.Admin)
	b.click(adminFrame, button("Filter panels"))
	b.click(adminFrame, button("Add a filter panel"))
	b.wait(adminFrame, field("jql"))
	write("name", "Others of this project")
	write("jql", "ORDER BY created")
	b.click(adminFrame, button("Save"))
	b.wait(adminFrame, list+`.textContent.includes("Write at least one condition")`)
	write("jql", "project = {{issue.project}} ORDER BY key ASC")
	b.click(adminFrame, button("Save"))
	b.wait(adminFrame, list+`.querySelector("tbody th")?.textContent === "Others of this project"`)

	// The user.
	b.open(d.Issue)
	keys := `[...document.querySelectorAll("tbody th")].map((e) => e.textContent.trim()).join()`
	b.wait(relatedFrame, keys+`.startsWith("OPS-2,OPS-3") && !`+keys+`.split(",").includes("OPS-1")`)
	b.wait(relatedFrame, `decodeURIComponent(document.querySelector("a[href*='/issues/?jql=']").href.replace(/\+/g, " ")).includes("NOT id in (")`)
	sort := `[...document.querySelectorAll("thead button")].find((e) => e.textContent.trim().startsWith("Key"))`
	b.click(relatedFrame, sort)
	b.wait(relatedFrame, `document.querySelector("thead th").getAttribute("aria-sort") === "ascending"`)
	b.click(relatedFrame, sort)
	b.wait(relatedFrame, `document.querySelector("thead th").getAttribute("aria-sort") === "descending" && !`+keys+`.startsWith("OPS-2,")`)

	// The preview, beside another issue.
	b.open(d.Sandbox + "/plugins/servlet/ac/pergola/" + manifest.ConnectModuleKey("pergola.filterpanel", "preview"))
	input := `document.querySelector("[data-name=issue] [role=combobox]")`
	b.wait(previewFrame, input+` && !document.querySelector("[data-module]")`)
	b.do(previewFrame, `((e) => { e.focus(); e.value = "OPS-2"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+input+`)`, nil)
	b.click(previewFrame, `[...document.querySelectorAll("[role=option]")].find((o) => o.textContent.includes("OPS-2 "))`)
	b.click(previewFrame, button("Preview"))
	b.wait(previewFrame, `document.body.textContent.includes("Users see this panel beside OPS-2.") && document.querySelector("code").textContent.includes("NOT id in (")`)
	b.wait(previewFrame, keys+`.startsWith("OPS-1,OPS-3")`)

	projectAdminPlacesAPanel(t, d, b)
}

const projectFrame = "/connect/project"

// projectAdminPlacesAPanel has jonas, who administers Facilities and no other project, have a panel show in his rooms.
func projectAdminPlacesAPanel(t *testing.T, d *dev, b *tab) {
	t.Helper()
	mia, jonas := newOperator(t, d), newPerson(t, d, "jonas")
	mia.write("pergola.filterpanel", "panel", map[string][]string{
		"name": {"Rooms nearby"}, "shown": {"true"}, "jql": {"project = FAC AND issuetype = Room"}, "contexts": {"0"}, "contexts.0.projects": {"10001"},
	})
	room := mia.find("project = FAC AND issuetype = Room ORDER BY key")
	b.open(d.Sandbox + "/login?as=jonas&dest=/browse/" + room)
	b.wait(relatedFrame, `document.body.textContent.includes("Others of this project") && !document.body.textContent.includes("Rooms nearby")`)

	b.open(d.Sandbox + "/projects/FAC/settings")
	b.click("", `[...document.querySelectorAll("a")].find((e) => e.href.includes("/pergola/project"))`)
	row := func(name string) string {
		return `[...document.querySelectorAll("tbody tr")].find((e) => e.textContent.includes("` + name + `"))`
	}
	b.wait(projectFrame, row("Others of this project")+`.textContent.includes("All projects") && !`+row("Others of this project")+`.querySelector("button")`)
	b.wait(projectFrame, row("Rooms nearby")+`.textContent.includes("None") && !document.body.textContent.includes("People")`)
	b.click(projectFrame, row("Rooms nearby")+`.querySelector("button")`)
	b.click(projectFrame, `document.querySelector("[name='type-10006']")`)
	b.click(projectFrame, button("Save"))
	b.wait(projectFrame, row("Rooms nearby")+`?.textContent.includes("Room") && !`+row("Rooms nearby")+`.textContent.includes("Equipment")`)
	b.open(d.Sandbox + "/browse/" + room)
	b.wait(relatedFrame, `document.body.textContent.includes("Rooms nearby")`)

	// His page is that of his project, whatever he asks for, and what he changed an admin of the site reads.
	for project, want := range map[string]int{"10000": 403, "10001": 403, "10002": 200} {
		if status, text := jonas.ask("", "/api/project/"+project+"/view/list", struct{}{}); status != want {
			t.Errorf("jonas asks for the project %s: status %d, want %d: %.200s", project, status, want, text)
		}
	}
	if changes := mia.host("", "/api/changes/view/list", struct{}{}); !strings.Contains(changes, "Changed where it shows in a project: filter panel") || !strings.Contains(changes, "Jonas User") {
		t.Errorf("the page Changes:\n%s", changes)
	}
}
