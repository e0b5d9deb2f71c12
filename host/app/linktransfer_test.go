//go:build linux

package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

const transferFrame = "/connect/module/pergola.linktransfer/transfer"

// natives are how many links of Jira's own of a type the issues have, of which there are at most 100.
func (o *person) natives(typ string, issues []string) (n int) {
	o.t.Helper()
	var got struct {
		Issues []struct {
			Fields struct {
				Links []struct {
					Type    struct{ ID string }
					Outward struct{ ID string } `json:"outwardIssue"`
				} `json:"issuelinks"`
			}
		}
	}
	ask := map[string]any{"issueIdsOrKeys": issues, "fields": []string{"issuelinks"}}
	if err := json.Unmarshal(o.send(http.MethodPost, o.Sandbox+"/rest/api/3/issue/bulkfetch", "", ask), &got); err != nil || len(got.Issues) != len(issues) {
		o.t.Fatalf("%d of %d issues were read: %v", len(got.Issues), len(issues), err)
	}
	for _, i := range got.Issues {
		for _, l := range i.Fields.Links {
			if l.Type.ID == typ && l.Outward.ID != "" {
				n++
			}
		}
	}
	return n
}

// removing waits until a run removes some of so many links, and ends the test where that does not happen.
func (o *person) removing(typ string, issues []string, before int) {
	o.t.Helper()
	for late := time.Now().Add(time.Minute); o.natives(typ, issues) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			o.t.Fatalf("of %d links none is removed", before)
		}
	}
}

// blocked makes links of Jira's own between issues of the site, and returns their type, the issues and how many links there are in all.
func (o *person) blocked(most int) (typ string, issues []string, links int) {
	o.t.Helper()
	var types struct {
		Types []struct{ ID, Name string } `json:"issueLinkTypes"`
	}
	if err := json.Unmarshal(o.send(http.MethodGet, o.Sandbox+"/rest/api/3/issueLinkType", "", nil), &types); err != nil || len(types.Types) == 0 {
		o.t.Fatal("no types of links: ", err)
	}
	typ = types.Types[0].ID
	var found struct{ Issues []struct{ ID string } }
	if err := json.Unmarshal(o.send(http.MethodGet, o.Sandbox+"/rest/api/3/search/jql?maxResults=100&jql=created+%3E%3D+-9999d+order+by+key", "", nil), &found); err != nil {
		o.t.Fatal(err)
	}
	for _, i := range found.Issues {
		issues = append(issues, i.ID)
	}
	for n := range most {
		from, to := n%len(issues), (n%len(issues)+1+n/len(issues))%len(issues)
		o.send(http.MethodPost, o.Sandbox+"/rest/api/3/issueLink", "", map[string]any{
			"type": map[string]string{"id": typ}, "inwardIssue": map[string]string{"id": issues[from]}, "outwardIssue": map[string]string{"id": issues[to]},
		})
	}
	return typ, issues, o.natives(typ, issues)
}

// TestLinksAreMovedOverKillsAndTakenBack has an admin move links of Jira's own to a relation, after a dry run, while Jira is slow and the host is
// killed in the middle, and take that back; then a file of links is imported, exported and taken back.
func TestLinksAreMovedOverKillsAndTakenBack(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	addresses := []string{"--listen", address(t), "--sandbox", address(t)}
	d := startDev(t, data, addresses...)
	o := newOperator(t, d)
	relation := o.relate("Blockers", "holds up", "OPS-1")
	typ, issues, links := o.blocked(60)
	o.write("pergola.linktransfer", "migration", map[string][]string{
		"name": {"Blocks of all"}, "linkType": {typ}, "relation": {relation}, "direction": {"same"}, "jql": {"created >= -9999d"}, "remove": {"true"},
	})

	b := newTab(t)
	b.allow("422")
	b.allow("ERR_") // while the host is down
	b.allow("401")  // while it has the site install it anew
	run := func(job int) string { return `document.querySelectorAll(".runs")[` + strconv.Itoa(job) + `].innerText` }
	b.open(d.Sandbox + "/login?dest=/plugins/servlet/ac/pergola/pergola-linktransfer--transfer&as=mia")
	b.click(transferFrame, button("Show the first"))
	b.wait(transferFrame, `document.body.innerText.includes("Will be made") && /[A-Z]+-[0-9]+/.test(document.querySelector("tbody").innerText)`)
	b.click(transferFrame, button("Back"))
	b.click(transferFrame, button("Dry run"))
	b.wait(transferFrame, `/Done/i.test(`+run(0)+`) && `+run(0)+`.includes("`+strconv.Itoa(links)+` Links that would be made")`)
	if n := o.natives(typ, issues); n != links {
		t.Fatalf("a dry run left %d links of %d in Jira", n, links)
	}

	d.slow("/rest/api/3/issueLink", "300ms")
	b.click(transferFrame, button("Move links"))
	b.click(transferFrame, `document.querySelector("#confirm-yes")`)
	b.wait(transferFrame, `/Running/i.test(`+run(1)+`)`)
	for range 2 {
		o.removing(typ, issues, o.natives(typ, issues))
		d.kill()
		d = startDev(t, data, addresses...)
		d.slow("/rest/api/3/issueLink", "100ms")
	}
	o = newOperator(t, d)
	done := fmt.Sprintf(`/Done/i.test(%[1]s) && %[1]s.includes("%[2]d Links made") && %[1]s.includes("%[2]d Links of Jira’s own removed")`, run(1), links)
	b.wait(transferFrame, done) // the page was open all the while
	d.slow("", "")
	if n := o.natives(typ, issues); n != 0 {
		t.Errorf("%d links are left in Jira", n)
	}

	b.do(transferFrame, `document.querySelectorAll("#flags > *").forEach((e) => e.remove())`, nil)
	pictures(t, b, transferFrame, "transfer")
	b.click(transferFrame, button("Show the runs"))
	b.click(transferFrame, button("Take back"))
	b.click(transferFrame, `document.querySelector("#confirm-yes")`)
	b.wait(transferFrame, fmt.Sprintf(`/Done/i.test(%[1]s) && %[1]s.includes("%[2]d Links removed that the run had made") && %[1]s.includes("%[2]d Links of Jira’s own made again")`, run(0), links))
	if n := o.natives(typ, issues); n != links {
		t.Errorf("%d links are in Jira, and were %d", n, links)
	}

	// A file.
	b.click(transferFrame, button("Back"))
	field := func(name string) string { return `document.querySelector("[name='` + name + `']")` }
	b.wait(transferFrame, field("lines"))
	b.do(transferFrame, field("relation")+`.value = "`+relation+`"`, nil)
	b.do(transferFrame, `((e) => {
		const files = new DataTransfer();
		files.items.add(new File(["first;second\nOPS-1;OPS-2\nOPS-1;OPS-3\nOPS-1;NONE-1\n"], "blockers.csv"));
		e.files = files.files;
		e.dispatchEvent(new Event("change"));
	})(document.querySelector("input[type=file]"))`, nil)
	b.wait(transferFrame, field("lines")+`.value.includes("NONE-1") && document.body.innerText.includes("blockers.csv was read")`)
	b.click(transferFrame, button("Check the lines"))
	b.wait(transferFrame, `document.body.innerText.includes("Would be made: 2. Are there already: 0. Cannot be made: 1.") && document.body.innerText.includes("NONE-1 is not there, or you may not see it")`)
	b.click(transferFrame, button("Make 2 links"))
	b.wait(transferFrame, `/Done/i.test(`+run(2)+`) && `+run(2)+`.includes("2 Links made")`)
	b.click(transferFrame, button("Read the links"))
	b.wait(transferFrame, `document.body.innerText.includes("2 links.")`)
	var file string
	b.do(transferFrame, `window.saved = new Promise((yes) => { const make = URL.createObjectURL; URL.createObjectURL = (blob) => { blob.text().then(yes); return make(blob); }; })`, nil)
	b.click(transferFrame, button("Save 2 links"))
	b.do(transferFrame, `window.saved`, &file)
	if want := "relation,first,second\r\nBlockers,OPS-1,OPS-2\r\nBlockers,OPS-1,OPS-3\r\n"; file != want && file != "\ufeff"+want {
		t.Errorf("the file holds %q, want %q", file, want)
	}
	b.click(transferFrame, button("Back"))
	b.click(transferFrame, button("Show the runs"))
	b.click(transferFrame, `[...document.querySelectorAll("tr")].find((r) => r.innerText.includes("Imported"))?.querySelector("button")`)
	b.click(transferFrame, `document.querySelector("#confirm-yes")`)
	b.wait(transferFrame, `/2 Links removed that the run had made/.test(`+run(0)+`)`)
}

const rulesFrame = "/connect/module/pergola.datalogic/rules"

// TestLinksThatARuleDoesNotAllowAreSweptAndTakenBack has an admin import links into a relation that is kept as Jira's own, write a rule against them,
// count these, remove them while the host is killed in the middle, and take that back.
func TestLinksThatARuleDoesNotAllowAreSweptAndTakenBack(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	addresses := []string{"--listen", address(t), "--sandbox", address(t)}
	d := startDev(t, data, addresses...)
	o := newOperator(t, d)
	typ, issues, before := o.blocked(0)
	relation := o.relateNatively("Spare parts", "is replaced by", "OPS-1", typ)
	b := newTab(t)
	b.allow("ERR_") // while the host is down
	b.allow("401")  // while it has the site install it anew
	b.open(d.Sandbox + "/login?dest=/plugins/servlet/ac/pergola/pergola-linktransfer--transfer&as=mia")
	field := func(name string) string { return `document.querySelector("[name='` + name + `']")` }
	b.wait(transferFrame, field("lines"))
	b.do(transferFrame, field("relation")+`.value = "`+relation+`"`, nil)
	lines := ""
	for n := range 8 {
		lines += fmt.Sprintf(`OPS-%d,OPS-3\nOPS-%d,OPS-2\n`, n+10, n+10)
	}
	b.do(transferFrame, `((e) => { e.value = "`+lines+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+field("lines")+`)`, nil)
	b.click(transferFrame, button("Check the lines"))
	b.click(transferFrame, button("Make 16 links"))
	b.wait(transferFrame, `document.body.innerText.includes("16 Links made")`)
	if n := o.natives(typ, issues); n != before+16 {
		t.Fatalf("%d links are in Jira, and were %d", n, before)
	}
	o.write("pergola.datalogic", "rule", map[string][]string{
		"name": {"Not the third"}, "relation": {relation}, "end": {"first"}, "jql": {"key != OPS-3 AND project = {{issue.project}}"}, "empty": {"nothing"}, "outOfScope": {"drop"},
	})

	b.open(d.Sandbox + "/plugins/servlet/ac/pergola/pergola-datalogic--rules")
	run := func(job int) string { return `document.querySelectorAll(".runs")[` + strconv.Itoa(job) + `].innerText` }
	b.click(rulesFrame, button("Count"))
	b.wait(rulesFrame, `/Done/i.test(`+run(0)+`) && `+run(0)+`.includes("8 Links that it does not allow")`)
	d.slow("/rest/api/3/issueLink", "200ms")
	b.click(rulesFrame, button("Remove all"))
	b.click(rulesFrame, `document.querySelector("#confirm-yes")`)
	o.removing(typ, issues, before+16)
	d.kill()
	d = startDev(t, data, addresses...)
	o = newOperator(t, d)
	b.wait(rulesFrame, `/Done/i.test(`+run(1)+`) && `+run(1)+`.includes("8 Links removed")`)
	if n := o.natives(typ, issues); n != before+8 {
		t.Errorf("%d links are in Jira after the sweep, and were %d", n, before+16)
	}
	pictures(t, b, rulesFrame, "sweep")
	b.click(rulesFrame, button("Show the sweeps"))
	b.click(rulesFrame, button("Take back"))
	b.click(rulesFrame, `document.querySelector("#confirm-yes")`)
	b.wait(rulesFrame, `/Done/i.test(`+run(0)+`) && `+run(0)+`.includes("8 Links made again")`)
	if n := o.natives(typ, issues); n != before+16 {
		t.Errorf("%d links are in Jira, and were %d", n, before+16)
	}
	b.click(rulesFrame, button("Back"))
	b.click(rulesFrame, button("Count"))
	b.wait(rulesFrame, `/Done/i.test(`+run(0)+`) && `+run(0)+`.includes("8 Links that it does not allow") && `+run(0)+`.includes("Earlier runs")`)
}
