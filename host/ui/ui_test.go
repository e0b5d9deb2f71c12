package ui_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
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
	for _, name := range []string{"page-panel", "fragment-open", "fragment-card", "fragment-settings", "fragment-settings-wrong", "admin-none", "home", "problem-503"} {
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
				golden(t, name, fragment(t, ui.Shell{SiteURL: "https://acme.atlassian.net"}, &view.Page{Blocks: []view.Block{bl}}))
			})
		}
	}
	if n := reflect.TypeFor[view.Block]().NumField(); len(seen) != n {
		t.Errorf("%d of %d kinds of block have a sample", len(seen), n)
	}
}

// TestNothingOfAPluginIsMarkup puts an attack into every string of every block.
func TestNothingOfAPluginIsMarkup(t *testing.T) {
	for _, attack := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`, "</textarea><script>alert(1)</script>",
		`</title><script>alert(1)</script>`, `data:text/html,<script>alert(1)</script>`, "\x00<svg onload=alert(1)>", `{{.}}`, `https://a.example/"onclick="alert(1)`, "java\nscript:alert(1)",
	} {
		p := everyBlock()
		poison(reflect.ValueOf(p), attack)
		var b bytes.Buffer
		shell := ui.Shell{Title: attack, Kind: attack, Lang: attack, API: attack, SiteURL: attack, IssueKeys: map[string]string{"10001": attack}}
		if err := newRenderer(t).Page(&b, shell, p); err != nil {
			t.Fatalf("%s: %v", attack, err)
		}
		checkRules(t, b.String())

		a := adminPage(t)
		for i := range a.Plugins {
			poison(reflect.ValueOf(a.Plugins[i].Manifest), attack)
			a.Plugins[i].Manifest.ID = "acme.x"
			a.Plugins[i].Health = ui.Health{Tone: view.Tone(attack), Label: attack, Reason: attack}
			a.Plugins[i].Flag = &view.Flag{Title: attack}
			a.Plugins[i].Settings = nil
			b.Reset()
			if err := newRenderer(t).AdminPlugin(&b, ui.Shell{}, a.Plugins[i]); err != nil {
				t.Fatal(err)
			}
			checkRules(t, b.String())
		}
		f := settingsForm(t)
		f.Submitted = map[string][]string{}
		for _, path := range []string{"title", "note", "columns", "projects", "hosts", "serialField", "serviceEmail", "level"} {
			f.Submitted[path] = []string{attack}
			f.Errors = append(f.Errors, schemaform.Error{Path: path, Message: attack})
		}
		f.Choices[schemaform.Projects] = []schemaform.Choice{{ID: attack + "2", Name: attack, Detail: attack}}
		b.Reset()
		if err := newRenderer(t).Settings(&b, ui.Shell{}, f); err != nil {
			t.Fatal(err)
		}
		checkRules(t, b.String())
		b.Reset()
		if err := newRenderer(t).Problem(&b, ui.Shell{}, ui.Problem{Status: 500, Title: attack, Detail: attack, RequestID: attack}); err != nil {
			t.Fatal(err)
		}
		checkRules(t, b.String())
	}
}

// poison overwrites every string and byte slice that v leads to; but words that decide which template is used stay.
func poison(v reflect.Value, with string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), with)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			poison(v.Field(i), with)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if !v.IsNil() {
				v.SetBytes([]byte(with))
			}
			return
		}
		for i := range v.Len() {
			poison(v.Index(i), with)
		}
	case reflect.Map:
		if v.Type() == reflect.TypeFor[map[string]string]() && !v.IsNil() {
			v.Set(reflect.ValueOf(map[string]string{with: with}))
		}
	case reflect.String:
		if v.Type() != reflect.TypeFor[view.FieldKind]() && v.String() != "" {
			v.SetString(with)
		}
	}
}

func TestLinksLeadOnlyToTheWeb(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.com/a?b=c#d":              `href="https://example.com/a?b=c#d"`,
		"http://example.com":                       `href="http://example.com"`,
		"javascript:alert(1)":                      "",
		"data:text/html,x":                         "",
		"//example.com/a":                          "",
		"/relative":                                "",
		"https://":                                 "",
		"https://acme.atlassian.net@evil.example/": "",
		"ftp://example.com/":                       "",
	} {
		got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Text: &view.Text{Spans: []view.Span{{Text: "go", Href: in}}}}}})
		if want == "" && strings.Contains(got, "href") || !strings.Contains(got, want) || !strings.Contains(got, "go") {
			t.Errorf("%s became %s", in, got)
		}
	}
}

func TestLinksToIssues(t *testing.T) {
	site := ui.Shell{SiteURL: "https://acme.atlassian.net/"}
	known := site
	known.IssueKeys = map[string]string{"10001": "OPS-9"}
	tests := []struct {
		name  string
		shell ui.Shell
		span  view.Span
		want  string
	}{
		{"key written on the link", site, view.Span{Text: "OPS-7", IssueID: "10001"}, `<a href="https://acme.atlassian.net/browse/OPS-7" target="_top" data-issue="10001" data-key="OPS-7">OPS-7</a>`},
		{"key looked up", known, view.Span{Text: "the laptop", IssueID: "10001"}, `<a href="https://acme.atlassian.net/browse/OPS-9" target="_top" data-issue="10001" data-key="OPS-9">the laptop</a>`},
		{"key not known", site, view.Span{Text: "the laptop", IssueID: "10001"}, `<a href="https://acme.atlassian.net/issues/?jql=id%3D10001" target="_top" data-issue="10001">the laptop</a>`},
		{"site not known", ui.Shell{}, view.Span{Text: "the laptop", IssueID: "10001"}, `<button type="button" class="link" data-issue="10001">the laptop</button>`},
		{"not an id", site, view.Span{Text: "the laptop", IssueID: "1 or 1=1"}, `<p>the laptop</p>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := fragment(t, tt.shell, &view.Page{Blocks: []view.Block{{Text: &view.Text{Spans: []view.Span{tt.span}}}}})
			if !strings.Contains(got, tt.want) {
				t.Errorf("%s is not in %s", tt.want, got)
			}
		})
	}
	p := &view.Page{OpenIssue: "10003", Blocks: []view.Block{{Text: &view.Text{Spans: []view.Span{{Text: "OPS-7", IssueID: "10001"}, {Text: "a", IssueID: "10002"}, {Text: "b", IssueID: "10002"}}}}}}
	if d := cmp.Diff([]string{"10002", "10003"}, ui.IssueIDs(p)); d != "" {
		t.Error(d)
	}
}

func TestFiguresWithBadPathsAreRefusedAsAWhole(t *testing.T) {
	const good = "M0 0h10v10h-10z"
	bad := []string{
		"", "Z", "L0 0", "M0", "M0 0L1", "M0 0 C1 1 2 2 3 3", "M0 0h", "M0 0z1", "M0 0h1e5", "M0 0h1\"/><script>", "M0 0h0x10", "M0 0h--1", "M0 0h.", "M0 0h" + strings.Repeat("9", 40), "M0 0\u00a0h1",
	}
	for _, path := range bad {
		got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 10, Height: 10, Alt: "the code", Shapes: []view.Shape{{Path: good}, {Path: path}}}}}})
		if strings.Contains(got, "<path fill=\"#") || !strings.Contains(got, "the code") {
			t.Errorf("%q was drawn: %s", path, got)
		}
	}
	for _, path := range []string{good, "m0,0 1,1-2.5.5z", "M0 0\nL1 1 2 2 3 3H4 5V-6z", "M.5.5h1zM2 2h1z"} {
		got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 10, Height: 10, Shapes: []view.Shape{{Path: path}}}}}})
		if !strings.Contains(got, "<path") {
			t.Errorf("%q was refused: %s", path, got)
		}
	}
	for _, f := range []view.Figure{{Width: 0, Height: 1}, {Width: math.NaN(), Height: 1}, {Width: math.Inf(1), Height: 1}, {Width: 1, Height: -1}, {Width: 1, Height: 1000}, {Width: 1, Height: 1, Shapes: []view.Shape{{Path: good, Fill: "url(#x)"}}}} {
		if got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &f}}}); strings.Contains(got, "viewBox=\"0 0 1") && strings.Contains(got, "<rect") {
			t.Errorf("%+v was drawn", f)
		}
	}
}

func TestFigureIsAsWideOnPaperAsItMayBeOnTheScreen(t *testing.T) {
	got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 62, Height: 29, MaxPx: 240, Print: true, Shapes: []view.Shape{{Path: "M0 0h1v1z"}}}}}})
	if !strings.Contains(got, `viewBox="0 0 62 29" width="240" height="112"`) || !strings.Contains(got, `<rect width="62" height="29" fill="#FFFFFF"/>`) {
		t.Error(got)
	}
}

func FuzzFigurePath(f *testing.F) {
	for _, s := range []string{"M0 0h10v10h-10z", "m0,0 1,1-2.5.5z", "M.5.5", "M0 0\"><script>", "M1e9 0"} {
		f.Add(s)
	}
	r, err := ui.New(ui.Config{})
	if err != nil {
		f.Fatal(err)
	}
	allowed := regexp.MustCompile(`^[MLHVZmlhvz0-9 ,.+\-\n\t\r]+$`)
	drawn := regexp.MustCompile(`<path fill="#000000" d="([^"]*)"/>`)
	f.Fuzz(func(t *testing.T, path string) {
		var b bytes.Buffer
		if err := r.Fragment(&b, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 1, Height: 1, Shapes: []view.Shape{{Path: path}}}}}}); err != nil {
			t.Fatal(err)
		}
		if m := drawn.FindStringSubmatch(b.String()); m != nil && !allowed.MatchString(path) {
			t.Errorf("%q was drawn as %q", path, m[1])
		}
	})
}

// TestAPageOfAnySizeStaysSmall holds pages that a broken or hostile plugin could return within the 4 MiB of a message.
func TestAPageOfAnySizeStaysSmall(t *testing.T) {
	long := strings.Repeat(`"`, 4<<20) // each becomes five bytes
	many := func(n int, b view.Block) (out []view.Block) { return slices.Repeat([]view.Block{b}, n) }
	spans := slices.Repeat([]view.Span{{Text: `"`, Lozenge: true, Strong: true, Href: "https://a.example/"}}, 100_000)
	table := &view.Table{Columns: slices.Repeat([]view.Column{{Title: "a"}}, 1000)}
	for range 10_000 {
		table.Rows = append(table.Rows, view.Row{Cells: []view.Cell{{Spans: spans[:4], Buttons: []view.Button{{Label: "b", Action: "c"}}}}})
	}
	var paths []view.Shape
	for range 100 {
		paths = append(paths, view.Shape{Path: "M0 0" + strings.Repeat("h1", 20_000) + "z"})
	}
	tests := map[string][]view.Block{
		"long text":      many(3, view.P(long)),
		"many blocks":    many(1_000_000, view.P("a")),
		"empty blocks":   many(1_000_000, view.Block{}),
		"many spans":     many(1000, view.Block{Text: &view.Text{Spans: spans}}),
		"huge table":     {{Table: table}},
		"wide empty row": {{Table: &view.Table{Columns: slices.Repeat([]view.Column{{Title: "a"}}, 30), Rows: make([]view.Row, 1_000_000)}}},
		"huge state":     {{Form: &view.Form{Action: "a", State: make([]byte, 4<<20)}}, view.Actions(slices.Repeat([]view.Button{{Label: "b", Action: "c", State: make([]byte, 64<<10)}}, 100)...)},
		"huge drawing":   {{Figure: &view.Figure{Width: 1, Height: 1, Shapes: paths}}},
		"many options":   {{Form: &view.Form{Action: "a", Fields: []view.Field{{Name: "n", Kind: view.SelectField, Options: make([]view.Option, 1_000_000)}}}}},
		"many fields":    {{Form: &view.Form{Action: "a", Fields: slices.Repeat([]view.Field{{Name: "n", Label: "l", Help: "h", Unit: "u", Error: "e"}}, 100_000)}}},
		"params":         {view.Actions(view.Button{Label: "b", Action: "c", Params: map[string]string{long: long}})},
	}
	for name, blocks := range tests {
		t.Run(name, func(t *testing.T) {
			got := fragment(t, ui.Shell{}, &view.Page{Title: long, Blocks: blocks})
			t.Logf("%.1f MiB", float64(len(got))/(1<<20))
			if len(got) > 12<<20 {
				t.Errorf("%d MiB", len(got)>>20)
			}
			if name != "empty blocks" && name != "huge drawing" && !strings.Contains(got, "cut short") {
				t.Errorf("the page does not say that it is cut: %.300s", got)
			}
		})
	}
}

func TestBlocksThatSayNothingAreLeftOut(t *testing.T) {
	got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{
		{}, {Heading: &view.Heading{}}, {Text: &view.Text{}}, {Notice: &view.Notice{}}, {Empty: &view.Empty{}}, {Table: &view.Table{}}, {Form: &view.Form{}}, {Buttons: &view.Buttons{}},
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

func TestSettingsKeepWhatTheSiteDoesNotListAnyMore(t *testing.T) {
	draw := func(f ui.SettingsForm) string {
		var b bytes.Buffer
		if err := newRenderer(t).Settings(&b, ui.Shell{}, f); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	f := settingsForm(t)
	got := draw(f)
	for _, want := range []string{`value="10042" checked><span>Unknown (10042)`, `value="10002" checked><span>Data centre <span class="muted">DAT`, `value="10001"><span>Office`, "Filter projects"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Index(got, "Unknown (10042)") > strings.Index(got, "Operations") {
		t.Error("what is chosen does not stand first")
	}
	f.Choices = nil // Jira did not answer
	got = draw(f)
	for _, want := range []string{`value="10042" checked><span>10042`, "What was chosen before is kept"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// TestADrawnFormSendsBackWhatItShows reads the drawn form like a browser would submit it.
func TestADrawnFormSendsBackWhatItShows(t *testing.T) {
	f := settingsForm(t)
	f.Values = f.Form.Defaults(json.RawMessage(`{"title":"\nProperty of \"ACME\" <b>","note":"\none\ntwo","columns":5,"level":"Q","projects":["10002","10042"],"parts":["key","assignee"],"hosts":["a","b"],"serialField":"customfield_99","sheet":{"width":20.5,"guides":false},"summary":true,"target":"link","serviceEmail":"a@b.example"}`))
	var b bytes.Buffer
	if err := newRenderer(t).Settings(&b, ui.Shell{}, f); err != nil {
		t.Fatal(err)
	}
	sent := map[string][]string{}
	for _, n := range parseHTML(t, b.String()) {
		name, checked := n.attrs["name"], false
		_, checked = n.attrs["checked"]
		switch typ := n.attrs["type"]; {
		case n.name == "textarea":
			sent[name] = append(sent[name], strings.TrimPrefix(n.text, "\n")) // HTML drops the first line feed
		case n.name == "option":
			if _, ok := n.attrs["selected"]; ok {
				name := n.around[len(n.around)-1].attrs["name"]
				sent[name] = append(sent[name], n.attrs["value"])
			}
		case n.name == "input" && name != "" && (typ != "checkbox" && typ != "radio" || checked):
			sent[name] = append(sent[name], n.attrs["value"])
		}
	}
	got, errs := f.Form.Decode(sent)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want, _ := f.Form.Decode(f.Form.Values(f.Values))
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Error(d)
	}
}

func TestCardWordsForWhatIsAskedAndStored(t *testing.T) {
	got := pages(t)["admin"]
	for _, want := range []string{
		"Read issues the user can see", "Nothing that is read is kept.", "Reads the key of the issue", "Keep identifiers", "vendor:moon", "Not granted", "To find the issue of a code that was scanned", "issue: the id of an issue", "state: a status word",
		"Issue panel “QR code”", "Runs in a WebAssembly sandbox", "Runs as a process of its own", `aria-checked="true"`, `aria-checked="false"`, "paused until 14:05",
		`data-body="{&#34;enabled&#34;:false}"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(got, "Page “Open”") {
		t.Error("a hidden page is shown as a place")
	}
	if err := newRenderer(t).AdminPlugin(new(bytes.Buffer), ui.Shell{}, ui.AdminPlugin{}); err == nil {
		t.Error("a card without a manifest was drawn")
	}
}

// TestKindsOfTheManifestHaveWords fails when core/manifest learns a kind that the admin page cannot name.
func TestKindsOfTheManifestHaveWords(t *testing.T) {
	for _, kind := range manifest.Kinds() {
		m := &manifest.Manifest{ID: "a.b", Records: []manifest.Record{{Type: "t", Fields: map[string]manifest.Field{"f": {Kind: kind}}}}}
		var b bytes.Buffer
		if err := newRenderer(t).AdminPlugin(&b, ui.Shell{}, ui.AdminPlugin{Manifest: m}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), strings.ReplaceAll(kind, ".", " ")) {
			t.Errorf("%s has no words", kind)
		}
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

func BenchmarkPageOf50Rows(b *testing.B) {
	r := newRenderer(b)
	table := &view.Table{Caption: "Codes", Columns: []view.Column{{Title: "Issue"}, {Title: "State"}, {Title: "Scans", Number: true}, {}}}
	for i := range 50 {
		id := strconv.Itoa(10000 + i)
		table.Rows = append(table.Rows, view.Row{Cells: []view.Cell{
			{Spans: []view.Span{{Text: "OPS-" + strconv.Itoa(i+1), IssueID: id}}}, {Spans: []view.Span{{Text: "active", Lozenge: true, Tone: view.Success}}}, view.T("12"),
			{Buttons: []view.Button{{Label: "Revoke", Action: "revoke", Params: map[string]string{"code": id}, Confirm: "Revoke this code?"}}},
		}})
	}
	p := &view.Page{Title: "Codes", Blocks: []view.Block{view.H("Codes"), {Table: table}}}
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := r.Page(&out, ui.Shell{SiteURL: "https://acme.atlassian.net"}, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPanelFragment(b *testing.B) {
	r := newRenderer(b)
	p := qrPanel()
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := r.Fragment(&out, ui.Shell{}, p); err != nil {
			b.Fatal(err)
		}
	}
}
