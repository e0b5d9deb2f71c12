package ui_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s has changed; look at it and run the test with -update.\n%s", path, d)
	}
}

func fragment(t testing.TB, s ui.Shell, p *view.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := newRenderer(t).Fragment(&b, s, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGoldens holds one file for each kind of block and for each kind of page.
func TestGoldens(t *testing.T) {
	version := regexp.MustCompile(`\?v=[A-Za-z0-9_-]+`) // changes with each file
	samples := pages(t)
	for _, name := range []string{"page-panel", "page-nothing", "fragment-open", "fragment-choices", "fragment-choices-none", "fragment-card", "fragment-card-paused", "fragment-card-asking", "fragment-settings", "fragment-settings-wrong", "admin-none", "stored", "stored-nothing", "stored-no-types", "home", "problem-503"} {
		t.Run(name, func(t *testing.T) { golden(t, name, version.ReplaceAllString(samples[name], "")) })
	}
	seen := map[string]int{}
	for _, bl := range everyBlock().Blocks {
		v := reflect.ValueOf(bl)
		for i := range v.NumField() {
			if v.Field(i).IsNil() {
				continue
			}
			kind := strings.ToLower(v.Type().Field(i).Name)
			if seen[kind]++; seen[kind] > 2 {
				continue
			}
			name := fmt.Sprintf("block-%s-%d", kind, seen[kind])
			t.Run(name, func(t *testing.T) {
				golden(t, name, fragment(t, ui.Shell{SiteURL: "https://acme.atlassian.net", Runs: true}, &view.Page{Blocks: []view.Block{bl}}))
			})
		}
	}
	if n := reflect.TypeFor[view.Block]().NumField(); len(seen) != n {
		t.Errorf("%d of %d kinds of block have a sample", len(seen), n)
	}
}

func TestBlocksThatSayNothingAreLeftOut(t *testing.T) {
	got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{
		{}, {Section: nil}, {List: &view.List{Items: make([]view.Item, 2)}}, {Pager: &view.Pager{Page: 1, Pages: 1}}, {Heading: &view.Heading{}}, {Text: &view.Text{}}, {Notice: &view.Notice{}}, {Empty: &view.Empty{}}, {Table: &view.Table{}}, {Form: &view.Form{}}, {Buttons: &view.Buttons{}},
		{Runs: &view.Runs{Job: "index"}}, // where nobody answers for it
		view.Actions(view.Button{Label: "does nothing"}, view.Button{Action: "has no label"}),
	}})
	if want := `<div id="page" class="page" tabindex="-1" data-scope>` + "\n</div>"; got != want {
		t.Errorf("%s", got)
	}
	// And no page at all is an empty one.
	if got := fragment(t, ui.Shell{}, nil); !strings.Contains(got, `id="page"`) {
		t.Error(got)
	}
}

func TestTablesHaveTheSameLengthInEveryRow(t *testing.T) {
	got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Table: &view.Table{Columns: []view.Column{{Title: "A"}, {Title: "B"}},
		Rows: []view.Row{{}, {Cells: []view.Cell{view.T("1"), view.T("2"), view.T("three too many")}}}}}}})
	if strings.Count(got, "<td") != 4 || strings.Contains(got, "three") {
		t.Error(got)
	}
}

func TestStaticFiles(t *testing.T) {
	r := newRenderer(t)
	body, contentType, etag, ok := r.Static("app.js")
	if !ok || contentType != "text/javascript; charset=utf-8" || len(etag) < 10 || !strings.HasPrefix(etag, `"`) {
		t.Error(contentType, etag, ok)
	}
	if len(body) > 8<<10 {
		t.Errorf("app.js has grown to %d bytes", len(body))
	}
	for _, name := range []string{"", "..", "../ui.go", "app.js/", "nothing.css"} {
		if _, _, _, ok := r.Static(name); ok {
			t.Errorf("%q is served", name)
		}
	}
	for _, name := range []string{"app.js", "bridge.js"} {
		body, _, _, _ := r.Static(name)
		if regexp.MustCompile(`\beval\(|new Function|\.setAttribute\('style'|innerHTML \+=|document\.write`).Match(body) {
			t.Errorf("%s does what the policy forbids", name)
		}
		if name == "app.js" && regexp.MustCompile(`\bAP\b`).Match(body) {
			t.Error("app.js knows about Connect")
		}
	}
}
