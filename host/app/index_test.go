//go:build linux

package app_test

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

const manageFrame = "/connect/module/pergola.links/manage"

// tenantOf is the one tenant of a host, and id that of its one configuration document of the type of relations.
func tenantOf(t *testing.T, s store.Store) (of capability.TenantID, id string) {
	t.Helper()
	for tenant, err := range store.EachTenant(t.Context(), s) {
		if err != nil {
			t.Fatal(err)
		}
		for d, err := range store.Each(t.Context(), s, store.Query{Tenant: tenant, Collection: "config"}) {
			if err != nil {
				t.Fatal(err)
			}
			of, id = tenant, d.Key.ID
		}
	}
	if id == "" {
		t.Fatal("the store holds no relation")
	}
	return of, id
}

// TestAnIndexRunSurvivesKills has an admin make a relation searchable and index what was linked before, while Jira is slow and the host is
// killed in the middle: the run goes on from the last step, the page shows it, and JQL finds every issue in the end.
func TestAnIndexRunSurvivesKills(t *testing.T) {
	t.Parallel()
	const links = 300
	data := t.TempDir()
	addresses := []string{"--listen", address(t), "--sandbox", address(t)}
	d := startDev(t, data, addresses...)
	b := newTab(t)
	b.allow("422")
	b.allow("ERR_") // while the host is down
	b.allow("401")  // while it has the site install it anew
	field := func(name string) string { return `document.querySelector("[name='` + name + `']")` }
	write := func(name, value string) {
		b.do(adminFrame, `((e) => { e.value = "`+value+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+field(name)+`)`, nil)
	}
	b.open(d.Admin)
	b.click(adminFrame, button("Relations"))
	b.click(adminFrame, button("Add a relation"))
	b.wait(adminFrame, field("outward"))
	write("name", "Parts")
	write("outward", "is part of")
	write("inward", "has the parts")
	b.do(adminFrame, field("searchable")+`.click()`, nil)
	b.click(adminFrame, button("Save"))
	b.wait(adminFrame, `document.querySelector("#config-pergola-links-relation tbody th")?.textContent === "Parts"`)

	// Links that were there before.
	var ids []string
	b.do("", `fetch("/rest/api/3/search/jql?maxResults=100&jql=created+%3E%3D+-9999d+order+by+created").then((a) => a.json()).then((a) => a.issues.map((i) => i.id))`, &ids)
	beside, err := sqlitestore.Open(t.Context(), data, sqlitestore.Config{Beside: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = beside.Close() }()
	tenant, relation := tenantOf(t, beside)
	linked := map[string]bool{}
	for n := range links {
		from, to := ids[n%20], ids[20+(n/20+n)%(len(ids)-20)]
		linked[from], linked[to] = true, true
		key := store.Key{Tenant: tenant, Collection: privacy.RecordCollection("pergola.links", "link"), ID: sdkstore.JoinID(relation, from, to)}
		body := fmt.Sprintf(`{"fields":{"inward":%q,"outward":%q,"relation":%q}}`, to, from, relation)
		_, err := beside.Write(t.Context(), store.Op{IfRev: store.Any, Doc: store.Doc{
			Key: key, Body: []byte(body), Index: map[string]string{"relation": relation, "outward": from, "inward": to},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}

	// The run.
	found := func(side string) (n int) {
		b.do("", `fetch("/rest/api/3/search/approximate-count", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ jql: "assetLink = \"`+relation+`:`+side+`\"" }) }).then((a) => a.json()).then((a) => a.count)`, &n)
		return n
	}
	d.slow("/rest/api/3/issue/properties/multi", "1s")
	b.open(d.Sandbox + "/plugins/servlet/ac/pergola/pergola-links--manage")
	b.wait(manageFrame, `document.body.textContent.includes("Nothing was indexed or checked yet")`)
	b.click(manageFrame, button("Index all links"))
	b.wait(manageFrame, `/^Running/i.test(document.querySelector(".run-line")?.innerText) && /[1-9][0-9]* of 300 links/.test(document.body.innerText)`)
	for range 2 {
		d.kill()
		d = startDev(t, data, addresses...)
		d.slow("/rest/api/3/issue/properties/multi", "1s")
	}
	b.wait(manageFrame, `/^Done/i.test(document.querySelector(".run-line")?.innerText) && document.body.innerText.includes("300 of 300 links")`) // the page was open all the while
	if first, second := found("first"), found("second"); first != 20 || first+second != len(linked) {
		t.Errorf("JQL finds %d issues at the first end and %d at the second, of %d", first, second, len(linked))
	}
	b.wait(manageFrame, `/20[0-9-]{8} [0-9:]{5} UTC/.test(document.querySelector("tbody").innerText)`) // drawn anew by itself
	pictures(t, b, manageFrame, "index")

	// What can be done to a run.
	b.click(manageFrame, button("Index"))
	b.wait(manageFrame, `/^Running Parts began/i.test(document.querySelector(".run-line")?.innerText)`) // of which relation it is
	b.click(manageFrame, button("Pause"))
	b.wait(manageFrame, `/^Paused/i.test(document.querySelector(".run-line")?.innerText)`)
	b.click(manageFrame, button("Resume"))
	b.wait(manageFrame, `/^Running/i.test(document.querySelector(".run-line")?.innerText)`)
	b.click(manageFrame, button("Cancel"))
	b.wait(manageFrame, `/^Canceled/i.test(document.querySelector(".run-line")?.innerText)`)
	d.slow("", "")
	b.do(manageFrame, `document.querySelector("#page").dataset.before = ""`, nil)
	b.click(manageFrame, button("Go on from where it ended"))
	b.wait(manageFrame, `!("before" in document.querySelector("#page").dataset) && /^Done/i.test(document.querySelector(".run-line")?.innerText)`)
	b.click(manageFrame, button("Check"))
	b.wait(manageFrame, `/^Done/i.test(document.querySelector(".run-line")?.innerText) && document.body.innerText.includes("`+strconv.Itoa(len(linked))+` Issues as they should be")`)
	b.wait(manageFrame, `document.body.innerText.includes("`+strconv.Itoa(len(linked))+` Issues that have links")`) // the search for what is left met each
}

// pictures are taken of the whole page, in light and dark, where PICTURES names a folder for them.
func pictures(t *testing.T, b *tab, frame, name string) {
	t.Helper()
	dir := environment("PICTURES")
	if dir == "" {
		return
	}
	for _, mode := range []string{"dark", "light"} {
		b.do(frame, `document.documentElement.dataset.colorMode = "`+mode+`"`, nil)
		var out bytes.Buffer
		if err := png.Encode(&out, b.picture(frame, `document.querySelector("#page")`, 16)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-"+mode+".png"), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
