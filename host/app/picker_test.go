package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const seatsFrame = "/connect/module/example.picker/panel"

// TestPickerInAPanelAsksThePlugin is the whole way of a picker: browser, token, route, guest, and back into the list.
func TestPickerInAPanelAsksThePlugin(t *testing.T) {
	t.Parallel()
	const source = "../../examples/picker"
	plugins := t.TempDir()
	to := filepath.Join(plugins, "example.picker")
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
	d := startDev(t, t.TempDir(), "--listen", address(t), "--sandbox", address(t), "--set", "plugins.dir="+plugins)
	b := newTab(t)
	input := func(field string) string {
		return `document.querySelector("[data-name=` + field + `] [role=combobox]")`
	}
	listed := func(field string) string {
		return `[...document.querySelectorAll("[data-name=` + field + `] .option-label")].map((o) => o.textContent).join()`
	}
	types := func(field, text string) {
		b.do(seatsFrame, `((e) => { e.focus(); e.value = "`+text+`"; e.dispatchEvent(new Event("input", { bubbles: true })); })(`+input(field)+`)`, nil)
	}
	held := func(field string) string {
		return `[...document.querySelectorAll("[data-name=` + field + `] .chip > span")].map((c) => c.textContent).join()`
	}
	option := func(field, label string) string {
		return `[...document.querySelectorAll("[data-name=` + field + `] [role=option]")].find((o) => o.textContent === "` + label + `")`
	}

	b.open(d.Issue)
	b.wait(seatsFrame, input("building")+` && !document.querySelector("[data-module]")`)
	b.click(seatsFrame, input("desks"))
	b.wait(seatsFrame, `document.querySelector("[data-name=desks] .pick-note p").textContent === "Choose a building that has such a desk."`)
	types("building", "ha")
	b.wait(seatsFrame, listed("building")+` === "Hamburg,Hanover"`)
	// The frame grows with the list, or its end could not be seen.
	b.wait(seatsFrame, `document.querySelector("[data-name=building] .pick-list").getBoundingClientRect().bottom <= innerHeight`)
	b.click(seatsFrame, option("building", "Hanover"))
	b.wait(seatsFrame, held("building")+` === "Hanover"`)
	b.click(seatsFrame, input("desks"))
	b.wait(seatsFrame, listed("desks")+` === "N1 window,N2 door"`)
	b.click(seatsFrame, option("desks", "N2 door"))
	b.wait(seatsFrame, held("desks")+` === "N2 door"`)
	types("building", "hamb")
	b.click(seatsFrame, option("building", "Hamburg"))
	b.wait(seatsFrame, held("building")+` === "Hamburg" && `+held("desks")+` === ""`)
	types("desks", "c")
	b.click(seatsFrame, option("desks", "H3 corner"))
	b.click(seatsFrame, button("Reserve"))
	b.wait(seatsFrame, `document.querySelector("h2").textContent === "Hamburg" && document.querySelector("h2 + p").textContent === "H3 corner"`)
}
