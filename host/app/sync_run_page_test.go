package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// longTable is a table of n rows.
func longTable(n int) string {
	var out strings.Builder
	out.WriteString("id\n")
	for i := range n {
		fmt.Fprintf(&out, "R%03d\n", i)
	}
	return out.String()
}

// admin runs pergola admin beside the host.
func (d *dev) admin(data string, args ...string) string {
	d.t.Helper()
	bin, err := program()
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.Command(bin, append(append([]string{"admin"}, args...), "--data", data)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("pergola admin %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// slow has each call of the site with a path take a while; "" has all be fast again.
func (d *dev) slow(path, delay string) {
	d.t.Helper()
	method, body := http.MethodDelete, []byte(nil)
	if path != "" {
		method = http.MethodPost
		body, _ = json.Marshal(map[string]string{"effect": "latency", "path": path, "delay": delay}) // strings always encode
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.Sandbox+"/sandbox/faults", bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode > 299 {
		d.t.Fatalf("faults: status %d", answer.StatusCode)
	}
}

// made is how many issues of the site have a label.
func (b *tab) made(label string) (n int) {
	b.t.Helper()
	b.do("", `fetch("/rest/api/3/search/approximate-count", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ jql: "labels = `+label+`" }) }).then((a) => a.json()).then((a) => a.count)`, &n)
	return n
}

// TestARunIsSteered presses what an admin can do to a run while Jira is slow: pause, cancel, go on from where it ended, resume.
func TestARunIsSteered(t *testing.T) {
	t.Parallel()
	const rows = 330
	data, plugins := t.TempDir(), t.TempDir()
	pastedTable(t, plugins)
	d := startDev(t, data, "--listen", "127.0.0.1:0", "--sandbox", "127.0.0.1:0", "--set", "plugins.dir="+plugins)
	file := filepath.Join(t.TempDir(), "sync.yaml")
	config := `version: 1
connections:
  - name: Table
    plugin: example.synccsv
    synchronizer: csv
    settings: {table: ` + jsText(longTable(rows)) + `}
synchronizations:
  - name: Rows
    connection: Table
    mapping:
      stream: table
      project: OPS
      type: {default: Laptop}
      fields:
        - {field: Summary, column: id}
        - {field: Labels, expr: '["steered"]'}
`
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	d.admin(data, "sync", "import", file)
	d.slow("/rest/api/3/issue/bulk", "1s")
	b := syncTab{newTab(t)}
	b.open(d.Admin) // logs in
	b.open(d.Sandbox + "/plugins/servlet/ac/pergola/syncs")
	is := func(state string) {
		t.Helper()
		b.until(`document.querySelector(".run-line")?.innerText.toLowerCase().startsWith(` + jsText(state) + `)`)
	}

	b.follow("Runs")
	b.press("Run now")
	is("running")
	b.press("Pause")
	is("paused")
	b.says("200 of 330 rows") // a step is a page where Jira is slow
	b.press("Cancel")
	is("canceled")
	if n := b.made("steered"); n != 200 {
		t.Errorf("%d issues are there after the run was canceled, want 200", n)
	}
	b.press("Go on from where it ended")
	is("done")
	b.says("330 created")
	if n := b.made("steered"); n != rows {
		t.Errorf("%d issues are there in the end, want %d", n, rows)
	}

	d.slow("", "")
	d.slow("/rest/api/3/search/jql", "2s")
	b.follow("Runs")
	b.press("Run now")
	is("running")
	b.press("Pause")
	is("paused")
	b.press("Resume")
	is("done")
	b.says("330 nothing to do")
}
