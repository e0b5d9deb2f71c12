package ui_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/view"
)

// The samples are shared by the goldens, the rules that every output must keep, and the gallery.

func newRenderer(t testing.TB) *ui.Renderer {
	t.Helper()
	r, err := ui.New(ui.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// code is a drawing that looks like a code, small enough for a golden file.
func code(name string) *view.Figure {
	const pattern = "1111111010010111111110000010110101000001101110100110010111011011101011010101110110111010001001011101100000101101010000011111111010101011111110000000001101000000001011011101101101101101001100101110010010111010110110101001110001011010011100101100000000110100110101111111010110110010010000010011011010111011101010010010111101110100110110010011011101011010110101000001000101101011011111110110110010110"
	var path strings.Builder
	for i, c := range pattern {
		if c == '1' {
			fmt.Fprintf(&path, "M%d %dh1v1h-1z", 4+i%20, 4+i/20)
		}
	}
	return &view.Figure{Name: name, Width: 28, Height: 28, MaxPx: 240, Alt: "QR code of OPS-7", Caption: "OPS-7", Print: true,
		Shapes: []view.Shape{{Path: path.String()}}}
}

func qrPanel() *view.Page {
	return &view.Page{Title: "QR code", Blocks: []view.Block{
		{Figure: code("code")},
		view.Actions(
			view.Button{Label: "PNG", File: "png"}, view.Button{Label: "SVG", File: "svg"}, view.Button{Label: "Print", Print: true},
			view.Button{Label: "Label sheet", View: "labels", Params: map[string]string{"issue": "OPS-7"}},
			view.Button{Label: "Revoke", Action: "revoke", Params: map[string]string{"code": "ab12"}, Confirm: "Revoke this code? Every label that carries it will lead nowhere. This cannot be taken back."},
		),
		view.Muted("The code opens this issue for people who may see it, and can be revoked."),
		{Notice: &view.Notice{Tone: view.Warning, Title: "Very fine print", Body: "Printed 20 mm wide, the smallest part of this code is 0.30 mm; scanners want 0.33 mm or more."}},
	}}
}

// everyBlock shows each kind of block, in each variant that looks different.
func everyBlock() *view.Page {
	fields := []view.Field{
		{Name: "jql", Label: "Issues", Kind: view.TextAreaField, Value: "project = OPS AND type = Laptop", Help: "A JQL query.", Required: true},
		{Name: "name", Label: "Sheet name", Kind: view.TextField, Error: "Enter a value.", Required: true},
		{Name: "width", Label: "Label width", Kind: view.NumberField, Value: "63.5", Min: "10", Max: "420", Step: "0.5", Unit: "mm"},
		{Name: "paper", Label: "Paper", Kind: view.SelectField, Value: "a4", Options: []view.Option{{Value: "a4", Label: "A4"}, {Value: "letter", Label: "Letter"}}, Error: "Choose one that your printer has."},
		{Name: "lines", Label: "Lines", Kind: view.FileField, Help: "A text file with a line for each label."},
		{Name: "guides", Label: "Print cutting guides", Kind: view.SwitchField, Value: "true", Help: "Thin grey lines between the labels."},
	}
	return &view.Page{Title: "Labels", OpenIssue: "", Flag: &view.Flag{Tone: view.Success, Title: "Code revoked", Body: "Labels that carry it lead nowhere now."}, Blocks: []view.Block{
		view.H("Heading of level two"),
		{Text: &view.Text{Spans: []view.Span{
			{Text: "Plain text, "}, {Text: "strong text", Strong: true}, {Text: ", some "}, {Text: "code()", Code: true}, {Text: ", a "},
			{Text: "link", Href: "https://example.com/a?b=c&d=e"}, {Text: " and the issue "}, {Text: "OPS-7", IssueID: "10001"}, {Text: ". "},
			{Text: "neutral", Lozenge: true}, {Text: " "}, {Text: "info", Lozenge: true, Tone: view.Info}, {Text: " "}, {Text: "success", Lozenge: true, Tone: view.Success}, {Text: " "},
			{Text: "warning", Lozenge: true, Tone: view.Warning}, {Text: " "}, {Text: "danger", Lozenge: true, Tone: view.Danger},
		}}},
		view.Muted("Said in passing, small and muted."),
		{Heading: &view.Heading{Level: 3, Text: "Notices"}},
		{Notice: &view.Notice{Title: "Neutral", Body: "Something to know."}},
		{Notice: &view.Notice{Tone: view.Info, Title: "Info", Body: "Something to know."}},
		{Notice: &view.Notice{Tone: view.Success, Title: "Success", Body: "It worked."}},
		{Notice: &view.Notice{Tone: view.Warning, Title: "Warning", Body: "It may go wrong, so look here."}},
		{Notice: &view.Notice{Tone: view.Danger, Title: "Danger", Body: "It went wrong. Do this about it."}},
		{Heading: &view.Heading{Level: 3, Text: "A table"}},
		{Table: &view.Table{Caption: "Codes of the project", Columns: []view.Column{{Title: "Issue"}, {Title: "State"}, {Title: "Scans", Number: true}, {}}, Rows: []view.Row{
			{Cells: []view.Cell{{Spans: []view.Span{{Text: "OPS-7", IssueID: "10001"}}}, {Spans: []view.Span{{Text: "active", Lozenge: true, Tone: view.Success}}}, view.T("1,204"), {Buttons: []view.Button{{Label: "Revoke", Action: "revoke", Params: map[string]string{"code": "ab12"}, Confirm: "Revoke this code?"}}}}},
			{Cells: []view.Cell{{Spans: []view.Span{{Text: "OPS-12", IssueID: "10006"}}}, {Spans: []view.Span{{Text: "revoked", Lozenge: true}}}, view.T("3")}},
		}}},
		{Heading: &view.Heading{Level: 3, Text: "A form"}},
		{Form: &view.Form{Action: "sheet", Submit: "Make the sheet", Fields: fields, State: []byte("state"), Error: "The sheet cannot be made like this"}},
		{Heading: &view.Heading{Level: 3, Text: "Progress"}},
		{Progress: &view.Progress{Label: "Making labels", Done: 120, Total: 500, Next: &view.Next{Action: "more", State: []byte("120")}, Cancel: "stop"}},
		{Progress: &view.Progress{Label: "Counting"}},
		{Heading: &view.Heading{Level: 3, Text: "A figure"}},
		{Figure: code("code")},
		view.Actions(view.Button{Label: "Save", Action: "save", Primary: true}, view.Button{Label: "Preview", View: "preview"}),
		{Empty: &view.Empty{Title: "No codes yet", Body: "Create one on an issue, and it appears here."}},
		{Heading: &view.Heading{Level: 3, Text: "Sections"}},
		{Section: &view.Section{Title: "Runs on", Name: "runs-on", Badge: "2", Color: view.Teal, Blocks: []view.Block{
			{List: serverList()}, {Section: &view.Section{Title: "Archived", Blocks: []view.Block{view.P("Nothing.")}}},
		}}},
		{Section: &view.Section{Title: "Backed up by", Badge: "0", Color: view.Purple, Collapsed: true, Blocks: []view.Block{view.Muted("Nothing is linked.")}}},
		{List: serverList()},
		{Table: costs()},
		{Pager: &view.Pager{Label: "Costs", Page: 5, Pages: 12, Total: 233, Call: view.Call{View: "costs", Params: map[string]string{"sort": "key"}, State: []byte("s")}}},
		{Pager: &view.Pager{Label: "Search", Page: 2, More: true, Call: view.Call{Action: "search", State: []byte("token")}}},
		{Heading: &view.Heading{Level: 3, Text: "Pickers"}},
		{Form: linking()},
		{Heading: &view.Heading{Level: 3, Text: "A graph"}},
		{Graph: assets(5)},
		{Heading: &view.Heading{Level: 3, Text: "Runs of a job"}},
		{Runs: &view.Runs{Job: "index", Unit: "issues", None: "Nothing was indexed yet.", Then: "manage"}},
	}}
}

func serverList() *view.List {
	lozenge := func(text string, tone view.Tone) []view.Span {
		return []view.Span{{Text: text, Lozenge: true, Tone: tone}}
	}
	remove := func(id string) []view.Button {
		return []view.Button{{Label: "Remove", Action: "unlink", Params: map[string]string{"issue": id}, Confirm: "Remove this link?"}}
	}
	return &view.List{Label: "Servers", Items: []view.Item{
		{
			Icon: view.DeviceIcon, Spans: []view.Span{{Text: "OPS-7", IssueID: "10001"}, {Text: " Mail server in Hamburg"}}, Detail: []view.Span{{Text: "Serial number 4711, rack 4"}},
			Aside: lozenge("in use", view.Success), Buttons: remove("10001"),
		},
		{
			Icon: view.BugIcon, Spans: []view.Span{{Text: "OPS-12", IssueID: "10006"}, {Text: " A server with a summary that is so long that it does not fit into one line of a panel beside an issue"}},
			Aside: lozenge("to be replaced", view.Warning), Buttons: remove("10006"),
		},
		{Spans: []view.Span{{Text: "OPS-13", IssueID: "10007"}}},
	}}
}

func costs() *view.Table {
	sort := func(by string) *view.Call { return &view.Call{View: "costs", Params: map[string]string{"sort": by}} }
	row := func(key, id, name, costs string) view.Row {
		return view.Row{Cells: []view.Cell{{Spans: []view.Span{{Text: key, IssueID: id}}}, view.T(name), view.T(costs)}}
	}
	return &view.Table{
		Caption: "Costs of the servers", RowHeads: true, Compact: true,
		Columns: []view.Column{{Title: "Key", Sort: sort("-key"), Sorted: view.Ascending}, {Title: "Name", Sort: sort("name")}, {Title: "Costs", Number: true, Sort: sort("costs")}},
		Rows:    []view.Row{row("OPS-7", "10001", "Mail server", "1,200"), row("OPS-12", "10006", "Build server", "980")},
		Foot:    []view.Row{{Cells: []view.Cell{view.T("Sum"), {}, view.T("2,180")}}, {Cells: []view.Cell{view.T("1 more is hidden from you"), {}, {}}}},
	}
}

// linking is a form with a picker of each kind.
func linking() *view.Form {
	return &view.Form{Action: "link", Submit: "Link", State: []byte("relation 3"), Fields: []view.Field{
		{Name: "company", Label: "Company", Kind: view.PickerField, Suggest: "companies", Required: true, Error: "Choose one.", Help: "Whose contract it is."},
		{
			Name: "servers", Label: "Servers", Kind: view.PickerField, Suggest: "servers", Multiple: true, MaxChosen: 3, MinChars: 1, Follows: []string{"company"},
			Chosen: []view.Choice{{Value: "10001", Label: "OPS-7 Mail server in Hamburg", Icon: view.DeviceIcon}, {Value: "10006", Label: "OPS-12 Build server"}},
		},
	}}
}

func someChoices() *view.Choices {
	return &view.Choices{Title: "Recently picked", More: true, Choices: []view.Choice{
		{Value: "10001", Label: "OPS-7 Mail server in Hamburg", Description: "Serial number 4711, rack 4", Icon: view.DeviceIcon, Lozenge: "in use", Tone: view.Success},
		{Value: "10006", Label: "OPS-12 Build server", Icon: view.TaskIcon, Disabled: "Linked already"},
		{Value: "10007", Label: "OPS-13"},
	}}
}

func everyWidget(t testing.TB) *schemaform.Form {
	t.Helper()
	b, err := os.ReadFile("schemaform/testdata/every-widget.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := schemaform.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func choices() map[schemaform.Source][]schemaform.Choice {
	out := map[schemaform.Source][]schemaform.Choice{schemaform.JiraFields: {{ID: "customfield_10010", Name: "Serial number"}, {ID: "customfield_10011", Name: "Inventory number"}}}
	for i, name := range []string{"Operations", "Office", "Data centre", "Facilities", "Fleet", "Laboratory", "Marketing", "Warehouse", "Workshop", "Archive with a very long name that does not fit into one line"} {
		out[schemaform.Projects] = append(out[schemaform.Projects], schemaform.Choice{ID: fmt.Sprint(10000 + i), Name: name, Detail: strings.ToUpper(name[:3])})
	}
	return out
}

func settingsForm(t testing.TB) ui.SettingsForm {
	f := everyWidget(t)
	return ui.SettingsForm{Plugin: "pergola.qrcode", Form: f, Choices: choices(),
		Values: f.Defaults(json.RawMessage(`{"title":"Property of ACME","projects":["10002","10042"],"hosts":["a.example","b.example"],"summary":true}`))}
}

func wrongSettingsForm(t testing.TB) ui.SettingsForm {
	out := settingsForm(t)
	out.Submitted = map[string][]string{"title": {""}, "columns": {"99"}, "projects": {"10002", "moon"}, "serviceEmail": {"nobody"}, "sheet.width": {"1"}, "target": {"moon"}, "parts": {"moon"}}
	_, out.Errors = out.Form.Decode(out.Submitted)
	out.Choices = nil
	return out
}

func qrManifest() *manifest.Manifest {
	return &manifest.Manifest{
		ID: "pergola.qrcode", Name: "QR codes and labels", Version: "0.1.0", License: "Apache-2.0",
		Publisher: manifest.Publisher{Name: "Pergola", URL: "https://pergola.example"}, Runtime: manifest.Runtime{Kind: "wasm"},
		Description: "Shows a code on each issue, prints sheets of labels, and lets whoever scans one open the issue behind it.",
		Links:       manifest.Links{Docs: "https://pergola.example/docs", Support: "https://pergola.example/support"},
		Permissions: []manifest.Permission{
			{Name: "jira:read", Reason: "Reads the key of the issue, and the field that you choose, to put it into the code."},
			{Name: "store", Reason: "Keeps which code belongs to which issue, so that a code can be revoked."},
			{Name: "vendor:moon", Reason: "A permission that this host has no words for."},
		},
		Records:  []manifest.Record{{Type: "code", Purpose: "To find the issue of a code that was scanned", Fields: map[string]manifest.Field{"issue": {Kind: "jira.issue"}, "state": {Kind: "platform.status"}, "made": {Kind: "platform.time"}}}},
		Modules:  []manifest.Module{{Type: "issuePanel", Key: "panel", Name: "QR code"}, {Type: "generalPage", Key: "labels", Name: "Label sheets"}, {Type: "generalPage", Key: "open", Name: "Open", Hidden: true}},
		Settings: json.RawMessage(`{"type":"object"}`),
	}
}

// pausedPlugin is in quarantine, runs with less than the best, and has a newer version on trial.
func pausedPlugin() ui.AdminPlugin {
	return ui.AdminPlugin{
		Manifest: &manifest.Manifest{ID: "acme.paused", Name: "Stock levels", Version: "1.0.0", Publisher: manifest.Publisher{Name: "ACME"}, Runtime: manifest.Runtime{Kind: "wasm"}, Description: "Shows what is in stock."},
		Enabled:  true, Retry: true,
		Health:  ui.Health{Tone: view.Danger, Label: "Paused", Reason: "Paused on this site: too many of its calls had to be stopped, the last because it used up its CPU time. It is tried again with the first visit after 14:05 UTC on 4 May."},
		Trial:   "Version 1.1.0 is being tried on some sites. This site has version 1.0.0.",
		Caution: "Its code was not made for the CPU limit: it is stopped at its deadline by other means.",
		Runs:    []string{"Each call starts on fresh memory: nothing is left of another call or site.", "Each call is stopped at its time limit."},
		Limits:  []ui.Limit{{Name: "Memory", Asked: "512 MiB", Gets: "128 MiB", Less: true}, {Name: "Time", Asked: "5 s", Gets: "5 s"}, {Name: "Host calls", Gets: "1,000"}},
	}
}

// askingPlugin is a newer version that asks for more than was granted.
func askingPlugin() ui.AdminPlugin {
	return ui.AdminPlugin{
		Manifest: &manifest.Manifest{ID: "acme.asking", Name: "Handover", Version: "2.0.0", Publisher: manifest.Publisher{Name: "ACME"}, Runtime: manifest.Runtime{Kind: "wasm"},
			Permissions: []manifest.Permission{{Name: "store", Reason: "Keeps who has what."}}},
		Enabled: true, Missing: []string{"store"}, Grant: true,
		Health: ui.Health{Tone: view.Warning, Label: "Working", Reason: "This version asks for more than you have granted, and runs without it: keep identifiers. Look below at what it may do; to grant it, use the button here."},
	}
}

func adminPage(t testing.TB) ui.Admin {
	quiet := &manifest.Manifest{ID: "acme.greeter", Name: "Greeter", Version: "2.1.0", Publisher: manifest.Publisher{Name: "ACME"}, Description: "Says hello on each issue.", Runtime: manifest.Runtime{Kind: "process"}}
	broken := &manifest.Manifest{ID: "acme.sync", Name: "Database synchronizer for inventories with a very long name that needs more than one line in a narrow window",
		Version: "1.4.0-rc.1", Publisher: manifest.Publisher{Name: "ACME"}, Description: "Brings rows of a database into issues.", Runtime: manifest.Runtime{Kind: "wasm"}, Settings: json.RawMessage(`{"type":"object"}`)}
	open := settingsForm(t)
	return ui.Admin{StoredURL: storedURL, SyncURL: syncURL, Plugins: []ui.AdminPlugin{
		{Manifest: qrManifest(), Enabled: true, Health: ui.Health{Tone: view.Success, Label: "Working"}, Missing: []string{"vendor:moon"}, Settings: &open},
		{Manifest: broken, Enabled: true, Health: ui.Health{Tone: view.Danger, Label: "Failed", Reason: "It stopped three times in a row and is paused until 14:05. Its publisher has to mend it; switch it off until then."}},
		{Manifest: quiet},
		pausedPlugin(), askingPlugin(),
	}}
}

// pages draws every sample, by name: full pages and fragments.
func pages(t testing.TB) map[string]string {
	t.Helper()
	r := newRenderer(t)
	out := map[string]string{}
	draw := func(name string, f func(b *bytes.Buffer) error) {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = b.String()
	}
	alone := ui.Shell{Kind: ui.KindPage, API: "/api/plugin/pergola.qrcode/panel", SiteURL: "https://acme.atlassian.net"}
	panel := ui.Shell{Kind: ui.KindPanel, API: "/api/plugin/pergola.qrcode/panel", BridgeURL: "https://connect-cdn.atl-paas.net/all.js", Title: "QR code"}
	admin := ui.Shell{Title: "Pergola"}
	draw("page-blocks", func(b *bytes.Buffer) error { return r.Page(b, alone, everyBlock()) })
	draw("page-panel", func(b *bytes.Buffer) error { return r.Page(b, panel, qrPanel()) })
	draw("page-empty", func(b *bytes.Buffer) error {
		return r.Page(b, panel, &view.Page{Title: "QR code", Blocks: []view.Block{
			{Empty: &view.Empty{Title: "No code yet", Body: "Create one to print on a label. It leads to this issue, and you can revoke it at any time."}},
			view.Actions(view.Button{Label: "Create code", Action: "create", Primary: true}),
		}})
	})
	draw("page-nothing", func(b *bytes.Buffer) error { return r.Page(b, panel, &view.Page{}) })
	draw("fragment-open", func(b *bytes.Buffer) error {
		return r.Fragment(b, ui.Shell{}, &view.Page{Title: "Opening OPS-7", OpenIssue: "10001", Blocks: []view.Block{
			{Text: &view.Text{Spans: []view.Span{{Text: "Opening "}, {Text: "OPS-7", IssueID: "10001"}, {Text: " …"}}}},
		}})
	})
	draw("fragment-choices", func(b *bytes.Buffer) error { return r.Choices(b, someChoices()) })
	draw("fragment-choices-none", func(b *bytes.Buffer) error { return r.Choices(b, &view.Choices{}) })
	draw("page-relations", func(b *bytes.Buffer) error { return r.Page(b, panel, relationsPanel()) })
	for name, g := range map[string]*view.Graph{"5": assets(5), "40": assets(40), "200": assets(200), "hub": hub(199)} {
		draw("graph-"+name, func(b *bytes.Buffer) error { return r.Page(b, alone, graphPage(g)) })
	}
	draw("page-colors", func(b *bytes.Buffer) error { return r.Page(b, alone, everyColor()) })
	draw("admin", func(b *bytes.Buffer) error { return r.Admin(b, admin, adminPage(t)) })
	draw("admin-none", func(b *bytes.Buffer) error { return r.Admin(b, admin, ui.Admin{StoredURL: storedURL}) })
	draw("sync", func(b *bytes.Buffer) error { return r.Sync(b, syncShell(), ui.Sync{AdminURL: storedURL}) })
	draw("fragment-connection", func(b *bytes.Buffer) error { return r.ConnectionForm(b, connectionForm(t)) })
	draw("stored", func(b *bytes.Buffer) error { return r.Stored(b, admin, storedPage()) })
	draw("stored-nothing", func(b *bytes.Buffer) error { return r.Stored(b, admin, storedNothing()) })
	draw("stored-no-types", func(b *bytes.Buffer) error { return r.Stored(b, ui.Shell{}, ui.Stored{At: countedAt}) })
	draw("fragment-card", func(b *bytes.Buffer) error { return r.AdminPlugin(b, admin, adminPage(t).Plugins[1]) })
	draw("fragment-settings", func(b *bytes.Buffer) error { return r.Settings(b, admin, settingsForm(t)) })
	draw("fragment-settings-wrong", func(b *bytes.Buffer) error { return r.Settings(b, admin, wrongSettingsForm(t)) })
	wrong := wrongSettingsForm(t)
	draw("fragment-card-paused", func(b *bytes.Buffer) error { return r.AdminPlugin(b, admin, pausedPlugin()) })
	draw("fragment-card-asking", func(b *bytes.Buffer) error { return r.AdminPlugin(b, admin, askingPlugin()) })
	draw("admin-wrong", func(b *bytes.Buffer) error {
		return r.Admin(b, admin, ui.Admin{Plugins: []ui.AdminPlugin{{Manifest: qrManifest(), Enabled: true, Settings: &wrong}}})
	})
	draw("home", func(b *bytes.Buffer) error {
		return r.Home(b, ui.Shell{}, ui.Home{AppName: "Pergola", DescriptorURL: "https://pergola.example/atlassian-connect.json"})
	})
	for _, status := range []int{400, 401, 404, 503} {
		draw(fmt.Sprint("problem-", status), func(b *bytes.Buffer) error {
			return r.Problem(b, ui.Shell{Kind: "problem"}, ui.Problem{Status: status, RequestID: "01JD3W8XYZ"})
		})
	}
	return out
}

// relationsPanel is what a panel of linked issues looks like.
func relationsPanel() *view.Page {
	return &view.Page{Title: "Relations", Blocks: []view.Block{
		{Section: &view.Section{Title: "Runs on", Name: "runs-on", Badge: "3", Color: view.Teal, Blocks: []view.Block{
			{List: serverList()}, {Pager: &view.Pager{Label: "Servers", Page: 1, Pages: 7, Total: 133, Call: view.Call{View: "panel"}}}, {Form: linking()},
		}}},
		{Section: &view.Section{Title: "Contracts", Name: "contracts", Badge: "2", Color: view.Orange, Blocks: []view.Block{{Table: costs()}}}},
		{Section: &view.Section{Title: "Backed up by", Name: "backed-up", Badge: "0", Color: view.Purple, Collapsed: true, Blocks: []view.Block{view.Muted("Nothing is linked.")}}},
	}}
}

// everyColor shows each colour and each icon.
func everyColor() *view.Page {
	p := &view.Page{Title: "Colours and icons"}
	for _, c := range []view.Color{"", view.Gray, view.Red, view.Orange, view.Yellow, view.Lime, view.Green, view.Teal, view.Blue, view.Purple, view.Magenta} {
		p.Blocks = append(p.Blocks, view.Block{Section: &view.Section{Title: "Color " + string(c), Badge: "1", Color: c, Collapsed: true}})
	}
	l := &view.List{Label: "Icons"}
	for _, i := range []view.Icon{
		"", view.IssueIcon, view.TaskIcon, view.BugIcon, view.StoryIcon, view.SubtaskIcon, view.ProjectIcon, view.PersonIcon, view.CompanyIcon, view.DeviceIcon, view.DocumentIcon,
	} {
		l.Items = append(l.Items, view.Item{Icon: i, Spans: []view.Span{{Text: "Icon " + string(i)}}})
	}
	p.Blocks = append(p.Blocks, view.Block{List: l})
	return p
}
