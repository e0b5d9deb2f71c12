package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// helpSite has a service desk with a customer who browses nothing, and companies with their contacts.
const helpSite = `{
	"format": 1, "title": "Help", "groups": [{ "name": "staff" }, { "name": "admins" }],
	"users": [
		{ "account": "712020:5f3c1e0a-mia-admin", "login": "mia", "name": "Mia Admin", "kind": "admin", "groups": ["staff", "admins"] },
		{ "account": "712020:help-sara", "login": "sara", "name": "Sara Search", "kind": "user", "groups": ["staff"] },
		{ "account": "qm:help-carl", "login": "carl", "name": "Carl Customer", "kind": "customer" },
		{ "account": "qm:help-nora", "login": "nora", "name": "Nora Customer", "kind": "customer" }
	],
	"globalPermissions": { "ADMINISTER": ["group:admins"] },
	"permissionSchemes": [{ "name": "Open", "grants": { "BROWSE_PROJECTS": ["group:staff"], "EDIT_ISSUES": ["group:staff"], "LINK_ISSUES": ["group:staff"], "CREATE_ISSUES": ["group:staff"] } }],
	"issueTypes": [{ "name": "Ticket" }, { "name": "Company" }, { "name": "Contact" }],
	"categories": [{ "name": "Assets" }],
	"statuses": [{ "name": "Open", "category": "new" }],
	"workflows": [{ "name": "Life", "initial": "Open" }],
	"screens": [{ "name": "Ask", "fields": [{ "field": "summary", "required": true }] }],
	"projects": [
		{ "key": "OPS", "name": "Other", "lead": "mia", "category": "Assets", "issueTypes": ["Ticket"], "workflow": "Life", "permissionScheme": "Open" },
		{ "key": "CRM", "name": "Customers", "lead": "mia", "category": "Assets", "issueTypes": ["Company", "Contact"], "workflow": "Life", "permissionScheme": "Open" },
		{ "key": "HELP", "name": "Help", "lead": "mia", "category": "Assets", "issueTypes": ["Ticket"], "workflow": "Life", "permissionScheme": "Open",
			"service": { "portal": "Ask us", "customers": ["carl", "nora"], "requestTypes": [{ "name": "Ask", "issueType": "Ticket", "fields": [{ "field": "summary", "required": true }] }] } }
	],
	"issues": [
		{ "project": "OPS", "key": "OPS-1", "type": "Ticket", "status": "Open", "summary": "No request", "reporter": "mia" },
		{ "project": "CRM", "key": "CRM-1", "type": "Company", "status": "Open", "summary": "Acme", "reporter": "mia" },
		{ "project": "CRM", "key": "CRM-2", "type": "Company", "status": "Open", "summary": "Bolt", "reporter": "mia" },
		{ "project": "CRM", "key": "CRM-3", "type": "Contact", "status": "Open", "summary": "Ann", "reporter": "mia" },
		{ "project": "CRM", "key": "CRM-4", "type": "Contact", "status": "Open", "summary": "Ben", "reporter": "mia" },
		{ "project": "CRM", "key": "CRM-5", "type": "Contact", "status": "Open", "summary": "Cleo", "reporter": "mia" },
		{ "project": "CRM", "key": "CRM-6", "type": "Company", "status": "Open", "summary": "Concealed", "reporter": "mia" },
		{ "project": "HELP", "key": "HELP-1", "type": "Ticket", "status": "Open", "summary": "Printer smokes", "reporter": "carl", "requestType": "Ask" }
	]
}`

const portalFrame = "/connect/module/pergola.links/portal"

// TestACustomerPicksOnThePortal has a customer, who browses no issue, see nothing where the admin opened nothing, then pick a company on the portal
// and be offered its contacts alone. What another rule finds stays concealed, and users of Jira see the panel that they saw before.
func TestACustomerPicksOnThePortal(t *testing.T) {
	t.Parallel()
	seed := filepath.Join(t.TempDir(), "site.json")
	if err := os.WriteFile(seed, []byte(helpSite), 0o600); err != nil {
		t.Fatal(err)
	}
	data, args := t.TempDir(), []string{"--listen", address(t), "--sandbox", address(t)}
	d := startDev(t, data, append(args[:len(args):len(args)], "--seed", seed)...)
	o := newOperator(t, d)
	ids := map[string]string{}
	relate := func(name, portal string) {
		t.Helper()
		ids[name] = o.save(linkPlugin, "relation", map[string][]string{
			"name": {name}, "outward": {name + " of it"}, "inward": {name + " the other way"}, "color": {"blue"}, "storage": {"app"},
			"first.show": {"true"}, "first.portal": {portal},
		})
	}
	relate("Belongs", "none")
	relate("Inside", "none")
	for _, l := range [][3]string{{"Belongs", "CRM-1", "CRM-3"}, {"Belongs", "CRM-1", "CRM-4"}, {"Belongs", "CRM-2", "CRM-5"}, {"Inside", "HELP-1", "CRM-6"}} {
		body := map[string]any{"state": []byte(ids[l[0]] + "-first"), "form": map[string][]string{"issues": {o.id(l[2])}}}
		if page := o.host(l[1], linkPanel+"action/add", body); !strings.Contains(page, l[2]+" is linked") {
			t.Fatalf("%v:\n%s", l, page)
		}
	}

	b := newTab(t)
	b.allow("403 (Forbidden)")
	request := d.Sandbox + "/login?as=carl&dest=/servicedesk/customer/portal/1/HELP-1"
	b.open(request)
	b.wait(portalFrame, `document.body.textContent.includes("Nothing is shown for this request.")`)

	for name, types := range map[string]string{"Customer": "Company", "Contact": "Contact"} {
		relate(name, "link")
		o.write("pergola.datalogic", "rule", map[string][]string{
			"name": {name}, "relation": {ids[name]}, "end": {"first"}, "jql": {`type = ` + types + ` AND summary !~ "Concealed"`}, "empty": {"nothing"},
			"outOfScope": {"keep"}, "user": {"712020:help-sara"},
		})
	}
	o.save("pergola.parentfilter", "filter", map[string][]string{
		"name": {"Contacts"}, "child.relation": {ids["Contact"]}, "child.end": {"first"}, "parent.relation": {ids["Customer"]}, "parent.end": {"first"},
		"via.relation": {ids["Belongs"]}, "via.end": {"first"}, "mode": {"any"}, "empty": {"none"}, "hint": {"Choose a customer first."}, "clear": {"true"},
	})

	// The customer.
	side := func(name string) string {
		return `[...document.querySelectorAll(".pick")].find((e) => e.textContent.includes("` + name + ` of it"))`
	}
	offers := func(name, keys string) {
		t.Helper()
		b.do(portalFrame, `document.activeElement.blur()`, nil)
		b.click(portalFrame, side(name)+`.querySelector("[role=combobox]")`)
		b.wait(portalFrame, `[...`+side(name)+`.querySelectorAll("[role=option]")].map((o) => o.textContent.match(/[A-Z]+-\d+/)[0]).sort().join() === "`+keys+`"`)
	}
	pick := func(name, key string) {
		t.Helper()
		b.click(portalFrame, `[...`+side(name)+`.querySelectorAll("[role=option]")].find((o) => o.textContent.includes("`+key+` "))`)
		b.wait(portalFrame, side(name)+`.querySelector(".chips").textContent.includes("`+key+`")`)
	}
	b.open(request)
	b.wait(portalFrame, side("Contact")+` && !document.querySelector("[data-module]")`)
	b.wait(portalFrame, side("Contact")+`.closest(".field").textContent.includes("Choose a customer first.")`)
	offers("Customer", "CRM-1,CRM-2")
	pick("Customer", "CRM-2")
	offers("Contact", "CRM-5")
	pick("Contact", "CRM-5")
	b.click(portalFrame, side("Customer")+`.querySelector(".chip button")`)
	b.wait(portalFrame, side("Contact")+`.querySelectorAll(".chip").length === 0`)
	offers("Customer", "CRM-1,CRM-2")
	pick("Customer", "CRM-1")
	offers("Contact", "CRM-3,CRM-4")
	pick("Contact", "CRM-4")
	b.click(portalFrame, button("Link"))
	linked := `["CRM-1 Acme", "CRM-4 Ben"].every((k) => [...document.querySelectorAll("details")].some((e) => e.textContent.includes(k)))`
	b.wait(portalFrame, linked)
	d.kill() // what is linked outlives a crash
	b.allowEnd()
	startDev(t, data, args...)
	b.open(request)
	b.wait(portalFrame, linked)
	if present(b, portalFrame, `document.body.textContent.includes("CRM-6") || document.body.textContent.includes("Concealed") || document.body.textContent.includes("may not see")`) {
		t.Error("the customer reads of what nobody opened")
	}

	// What the customer sends by hand.
	carl, nora := newPerson(t, d, "carl"), newPerson(t, d, "nora")
	const at = "/api/plugin/" + linkPlugin + "/portal/"
	slot := func(name string) string {
		var out string
		b.do(portalFrame, side(name)+`.closest("[data-name]").dataset.name`, &out)
		return out
	}
	customer, contact := slot("Customer"), slot("Contact")
	for _, tt := range []struct{ name, kind, in string }{
		{"a contact of a company that is not picked", "action/attach", contact},
		{"a company that the rule does not find", "action/attach", customer},
		{"contacts of a company that the rule does not find", "suggest/attachable", customer},
	} {
		body := map[string]any{"params": map[string]string{"field": contact, "q": ""}, "form": map[string][]string{tt.in: {o.id(map[string]string{contact: "CRM-5", customer: "CRM-6"}[tt.in])}}}
		status, page := carl.ask("HELP-1", at+tt.kind, body)
		if status != http.StatusOK || strings.Contains(page, "CRM-6") || strings.Contains(page, "Concealed") || !strings.Contains(page, "cannot be linked") {
			t.Errorf("%s: %d\n%s", tt.name, status, page)
		}
	}
	for _, target := range []string{"view/panel", "view/history", "action/add", "suggest/issues", "action/save"} {
		for who, module := range map[string]string{"on the portal": at, "beside the issue": linkPanel} {
			if status, page := carl.ask("HELP-1", module+target, struct{}{}); status < 400 || strings.Contains(page, "CRM-") {
				t.Errorf("%s %s: %d\n%s", target, who, status, page)
			}
		}
	}
	if status, _ := o.ask("OPS-1", at+"view/portal", struct{}{}); status != http.StatusNotFound {
		t.Errorf("the portal beside an issue that is no request: %d", status)
	}
	if status, _ := carl.try(http.MethodPost, d.Host+at+"view/portal", "", struct{}{}); status != http.StatusUnauthorized {
		t.Errorf("the portal without a token: %d", status)
	}
	if status, _ := nora.try(http.MethodPost, d.Sandbox+"/sandbox/context-token", "", frameOf{App: "pergola", Issue: "HELP-1"}); status != http.StatusNotFound {
		t.Errorf("another customer's token: %d", status)
	}

	// A user of Jira sees all of it beside the issue, as before.
	b.open(d.Sandbox + "/login?as=sara&dest=/browse/HELP-1")
	b.wait(linksFrame, `["CRM-1", "CRM-4", "CRM-6"].every((k) => [...document.querySelectorAll("details")].some((e) => e.textContent.includes(k))) && !document.body.textContent.includes("CRM-5")`)
}
