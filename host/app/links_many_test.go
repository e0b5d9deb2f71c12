package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestTenThousandLinksOfAnIssue has one issue linked to 10,000 others: its panel shows how many there are and turns pages, the graph says
// that it is not all, and an admin hears how many records a deletion takes.
func TestTenThousandLinksOfAnIssue(t *testing.T) {
	if !*figures {
		t.Skip("it links for half a minute; run make bench-relations")
	}
	const many = 10_000
	d := startDev(t, t.TempDir(), "--scale", "14")
	mia := newOperator(t, d)
	hub := mia.find("project = OPS AND statusCategory != Done ORDER BY key")
	relation := mia.relate("Parts", "is part of", hub)
	begin := time.Now()
	mia.link(relation, hub, mia.ids("statusCategory != Done AND level is EMPTY AND key != "+hub+" ORDER BY key", many)...)
	fmt.Printf("figure panel_links_per_s %.0f\n", many/time.Since(begin).Seconds())

	begin = time.Now()
	mia.host(hub, linkPanel+"view/panel", struct{}{})
	fmt.Printf("figure panel_ms_10k_links %.1f\n", float64(time.Since(begin).Microseconds())/1000)
	b := newTab(t)
	b.open(d.Sandbox + "/login?dest=/browse/" + hub + "&as=mia")
	b.wait(linksFrame, `document.querySelector("details .badge")?.textContent === "10000" && document.querySelectorAll("details li").length === 20`)
	first := `document.querySelector("details li").textContent`
	var before string
	b.do(linksFrame, first, &before)
	b.click(linksFrame, button("Next"))
	b.wait(linksFrame, first+` !== `+quoted(t, before)+` && document.querySelectorAll("details li").length === 20`)
	b.click(linksFrame, button("Show as a graph"))
	b.wait(linksFrame, `document.querySelectorAll("svg").length > 0 && document.body.textContent.includes("more")`)

	b.open(d.Sandbox + "/login?dest=/plugins/servlet/ac/pergola/admin&as=mia")
	b.click(adminFrame, button("Relations"))
	b.click(adminFrame, `[...document.querySelectorAll("button")].find((e) => e.textContent.startsWith("Delete"))`)
	b.wait(adminFrame, `/\d records refer|more than/.test(document.querySelector("dialog[open]")?.textContent)`)
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	out, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// ids returns those of the first issues that a query finds, page by page.
func (o *person) ids(jql string, most int) []string {
	o.t.Helper()
	var out []string
	for next := ""; len(out) < most; {
		var found struct {
			Issues        []struct{ ID string }
			NextPageToken string
		}
		in := map[string]any{"jql": jql, "fields": []string{"id"}, "maxResults": 1000}
		if next != "" {
			in["nextPageToken"] = next
		}
		if err := json.Unmarshal(o.send(http.MethodPost, o.Sandbox+"/rest/api/3/search/jql", "", in), &found); err != nil {
			o.t.Fatal(err)
		}
		for _, i := range found.Issues {
			out = append(out, i.ID)
		}
		if next = found.NextPageToken; next == "" {
			break
		}
	}
	if len(out) < most {
		o.t.Fatalf("%d issues, want %d", len(out), most)
	}
	return out[:most]
}
