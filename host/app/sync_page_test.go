package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const syncFrame = "/connect/sync"

// pastedTable writes the plugin of examples/sync-csv into a directory of plugins.
func pastedTable(t *testing.T, dir string) {
	t.Helper()
	const source = "../../examples/sync-csv"
	to := filepath.Join(dir, "example.synccsv")
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(source, "plugin.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "plugin.json"), manifest, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(to, "plugin.wasm"), source)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", source, err, out)
	}
}

// syncTab is a tab in whose frame the page of synchronizations is.
type syncTab struct{ *tab }

func jsText(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(raw)
}

func (s syncTab) until(condition string) { s.t.Helper(); s.wait(syncFrame, condition) }

// says waits until the view holds a text.
func (s syncTab) says(text string) {
	s.t.Helper()
	s.until(`document.querySelector("main").innerText.includes(` + jsText(text) + `)`)
}

func (s syncTab) press(label string) { s.t.Helper(); s.click(syncFrame, button(label)) }

func (s syncTab) follow(link string) {
	s.t.Helper()
	s.click(syncFrame, `[...document.querySelectorAll("#sync a, .sync-head a")].find((a) => a.textContent.trim() === `+jsText(link)+`)`)
}

// labelled is the input of a label, in a part of the page where several have it.
func labelled(label string) string {
	return `((l) => l && document.getElementById(l.htmlFor))([...document.querySelectorAll("label")].find((l) => l.textContent.replace("*", "").trim() === ` + jsText(label) + `))`
}

// types types a text in place of what an input has.
func (s syncTab) types(input, text string) {
	s.t.Helper()
	s.until(input)
	s.do(syncFrame, `((e) => { e.focus(); e.value = `+jsText(text)+`; e.dispatchEvent(new Event("input", { bubbles: true })); e.dispatchEvent(new Event("change", { bubbles: true })); })(`+input+`)`, nil)
}

// picks types into a picker and chooses what is found.
func (s syncTab) picks(input, name string) {
	s.t.Helper()
	s.until(input)
	s.do(syncFrame, `((e) => { e.focus(); e.click(); })(`+input+`)`, nil)
	s.do(syncFrame, `((e) => { e.value = `+jsText(name)+`; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+input+`)`, nil)
	option := `[...document.querySelectorAll("[role=option]")].find((o) => o.checkVisibility() && o.firstChild.textContent === ` + jsText(name) + `)`
	s.until(option)
	s.do(syncFrame, `(`+option+`).dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }))`, nil)
}

func (s syncTab) text(script string) (out string) {
	s.t.Helper()
	s.do(syncFrame, script, &out)
	return out
}

// maps adds a field that a column fills.
func (s syncTab) maps(column, field string) {
	s.t.Helper()
	s.press("Add a field")
	const last = `[...document.querySelectorAll(".map")].at(-1)`
	s.types(last+`.querySelectorAll("select")[1]`, column)
	s.picks(last+`.querySelector(".map-to input")`, field)
}

// TestFromPastedTableToIssues is the whole way of an admin who synchronizes, in a browser, on a real host, plugin and site.
func TestFromPastedTableToIssues(t *testing.T) {
	t.Parallel()
	data, plugins := t.TempDir(), t.TempDir()
	pastedTable(t, plugins)
	args := []string{"--listen", address(t), "--sandbox", address(t), "--set", "plugins.dir=" + plugins}
	d := startDev(t, data, args...)
	b := syncTab{newTab(t)}
	page := d.Sandbox + "/plugins/servlet/ac/pergola/syncs"
	step := func(what string, walk func()) {
		t.Log(what)
		walk()
	}
	const plugin = `document.querySelector("#plugin-example-synccsv-switch[aria-checked=%t]")`
	table := labelled("Table")

	step("without a plugin that is on, the page says which one to switch on", func() {
		b.open(d.Admin)
		b.click(adminFrame, fmt.Sprintf(plugin, true))
		b.wait(adminFrame, fmt.Sprintf(plugin, false))
		b.open(page)
		b.says("No plugin that connects to a source is switched on")
		b.says("Pasted table (Pasted table)")
		b.open(d.Admin)
		b.click(adminFrame, fmt.Sprintf(plugin, false))
		b.wait(adminFrame, fmt.Sprintf(plugin, true))
	})

	step("wrong input is told beside its field, and nothing typed is lost", func() {
		b.allow("400")
		b.open(page)
		b.follow("Connect a source")
		b.types(labelled("Name"), "Inventory")
		b.press("Save")
		b.until(table + `.getAttribute("aria-invalid") === "true" && document.getElementById(` + table + `.id + "-error").textContent !== ""`)
		b.types(table, `"open`)
		b.press("Test")
		b.says("It does not work yet")
		b.says("write a line of names")
		if got := b.text(labelled("Name") + `.value + " " + ` + table + `.value`); got != `Inventory "open` {
			t.Errorf("what was typed is now %q", got)
		}
	})

	step("a connection that works leads on to the synchronization", func() {
		b.types(table, "serial,model,bought\nPF-001,ThinkPad X1,2026-01-02\nPF-002,MacBook Air,soon\n")
		b.press("Test")
		b.says("It works")
		b.press("Save")
		b.says("What is read")
		b.says("MacBook Air") // the first rows, before anything is mapped
	})

	step("the preview follows what is mapped, with faults in words", func() {
		b.types(labelled("Name"), "Laptops")
		b.picks(labelled("Project"), "IT assets")
		b.types(labelled("Which one"), b.text(`new Promise((yes) => { const look = () => { const o = [...(`+labelled("Which one")+`)?.options || []].find((o) => o.text === "Laptop"); o ? yes(o.value) : setTimeout(look, 40); }; look(); })`))
		b.until(`!document.querySelector("main").innerText.includes("Choose a project and an issue type first")`)
		b.maps("model", "Summary")
		b.maps("bought", "Due date")
		b.says("The value is no date.")
	})

	step("an expression that is none is told beside it", func() {
		const kind = `document.querySelector(".map select")`
		b.types(kind, "expr")
		const expr = `document.querySelector(".map textarea")`
		b.types(expr, `row.model + `)
		b.press("Save")
		b.until(expr + `.getAttribute("aria-invalid") === "true" && document.getElementById(` + expr + `.id + "-error").textContent.includes("orrect the expression")`)
		b.types(expr, `row.model + " " + row.serial`)
		b.says("ThinkPad X1 PF-001")
	})

	step("the plan shows what would happen, and a run does it", func() {
		b.press("Save and look at the plan")
		b.says("1 created")
		b.says("1 failed")
		b.says("not_date")
		b.press("Run")
		b.until(`document.querySelector(".run-line")?.innerText.toLowerCase().includes("done, with failures")`)
		b.says("Due date")
	})

	var issue string
	step("the issue is in Jira", func() {
		issue = b.text(`document.querySelector("#sync table a").href`)
		b.open(issue)
		b.wait("", `document.body.innerText.includes("ThinkPad X1 PF-001") || document.body.innerText.includes("MacBook Air PF-002")`)
	})

	step("when the table has changed, the plan shows before and after of what is new, and asks where the brake wants it", func() {
		b.open(page)
		b.follow("Inventory")
		b.types(table, "serial,model,bought\nPF-001,ThinkPad X2,2026-01-02\nPF-002,MacBook Air,2026-03-04\n")
		b.press("Save")
		b.wait("", `document.body.innerText.includes("Inventory is saved")`)
		b.follow("Synchronizations")
		b.follow("Laptops")
		b.click(syncFrame, labelled("Ask before every run that would write"))
		b.press("Save")
		b.wait("", `document.body.innerText.includes("Laptops is saved")`)
		b.follow("Runs")
		b.press("Run now")
		b.says("The brake stopped it: it would have changed more than you allow")
		b.follow("Look at the plan")
		b.says("2 changed")
		b.until(`[...document.querySelectorAll(".changes del")].some((e) => e.textContent.includes("ThinkPad X1 PF-001")) && [...document.querySelectorAll(".changes ins")].some((e) => e.textContent.includes("ThinkPad X2 PF-001"))`)
		b.press("Approve and run")
		b.until(`document.querySelector(".run-line")?.innerText.toLowerCase().startsWith("done")`)
		b.says("2 changed")
	})

	step("a host that ends in the middle loses nothing of what is typed", func() {
		b.allow("net::ERR_") // of whatever the page asks while nobody answers
		// The page looks again by itself, maybe when the host listens and the site of this program does not have the app yet.
		b.allow("503 (Service Unavailable) (" + d.Host + "/api/admin/sync/syncs/preview")
		b.follow("Settings")
		b.says("ThinkPad X2 PF-001")
		b.types(labelled("Name"), "Laptops and more")
		b.click(syncFrame, labelled("At an interval"))
		b.types(`[...document.querySelectorAll("input")].find((i) => i.getAttribute("aria-label") === "How many")`, "1")
		b.types(`[...document.querySelectorAll("select")].find((i) => i.getAttribute("aria-label") === "Unit")`, "m")
		b.click(syncFrame, labelled("Ask before every run that would write"))
		d.kill()
		b.press("Save")
		b.until(button("Save") + `.getAttribute("aria-disabled") !== "true"`)
		d = startDev(t, data, args...)
		if got := b.text(labelled("Name") + `.value`); got != "Laptops and more" {
			t.Errorf("what was typed is now %q", got)
		}
		b.press("Save")
		b.wait("", `document.body.innerText.includes("Laptops and more is saved")`)
	})

	step("the schedule begins a run by itself", func() {
		b.follow("Synchronizations")
		b.says("Every minute, next ")
		b.follow("Runs")
		const scheduled = `[...document.querySelectorAll("#sync tbody tr")].some((r) => r.cells[2].textContent === "Schedule")`
		// It is due within a minute, and the page looks again by itself; wait looks for 25 seconds at most.
		there := false
		for range 4 {
			b.do(syncFrame, `new Promise((yes) => { const end = Date.now() + 20000; const look = () => { const ok = `+scheduled+`; if (ok || Date.now() > end) yes(ok); else setTimeout(look, 200); }; look(); })`, &there)
			if there {
				return
			}
		}
		t.Errorf("no run of the schedule: %s", b.text(`document.querySelector("main").innerText`))
	})

	step("nothing of a row is in the log", func() {
		for _, what := range []string{"ThinkPad", "PF-001", "MacBook"} {
			if strings.Contains(d.stderr.String(), what) {
				t.Errorf("the log holds %q", what)
			}
		}
	})
}
