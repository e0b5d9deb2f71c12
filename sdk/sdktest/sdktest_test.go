package sdktest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

const manifest = `{
	"id": "example.test", "version": "0.1.0",
	"permissions": [{"name": "jira:read"}, {"name": "store"}],
	"settings": {"type": "object", "properties": {
		"paper": {"type": "string", "default": "A4"}, "size": {"type": "integer", "default": 40},
		"border": {"type": "boolean", "default": true}, "sides": {"type": "array", "default": ["front"]},
		"mail": {"type": "string"},
		"label": {"type": "object", "properties": {"margin": {"type": "number", "default": 2.5}}}}},
	"records": [
		{"type": "code", "id": {"kind": "jira.issue"}, "fields": {
			"issue": {"kind": "jira.issue", "indexed": true}, "state": {"kind": "platform.status", "values": ["active", "revoked"]},
			"token": {"kind": "platform.token"}, "on": {"kind": "platform.status", "values": ["yes"], "indexed": true}}},
		{"type": "visit", "id": {"kind": "platform.token"}, "fields": {"issue": {"kind": "jira.issue"}}}],
	"logs": {"sheet.rendered_twice": "{labels} labels for {issue}, twice.", "a": "What {who} is about, by {issue}."},
	"modules": [{"key": "open", "view": "panel", "link": "q"}]
}`

func host(t *testing.T) (*sdktest.Host, context.Context) {
	t.Helper()
	h := sdktest.New(workshop)
	if err := h.UseManifest([]byte(manifest)); err != nil {
		t.Fatal(err)
	}
	return h, h.With(t.Context())
}

func TestManifestMakesTheHost(t *testing.T) {
	h, ctx := host(t)
	got, err := settings.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := &settings.Values{
		Strings: map[string]string{"paper": "A4"}, Numbers: map[string]float64{"size": 40, "label.margin": 2.5},
		Switches: map[string]bool{"border": true}, Lists: map[string][]string{"sides": {"front"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if h.Context.LinkURL == "" {
		t.Error("a module has a link, but the context has no LinkURL")
	}
}

func TestManifestThatDisagreesWithTheCodeIsRefused(t *testing.T) {
	err := sdktest.New(workshop).UseManifest([]byte(`{"id": "example.other", "version": "2.0.0", "modules": [{"key": "m", "view": "nowhere"}], "records": [{"type": "code"}]}`))
	for _, want := range []string{"example.other", "2.0.0", "nowhere", "what their ids are"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}

func TestHostRefusesWithoutAGrant(t *testing.T) {
	h, ctx := host(t)
	h.Grants = map[string]bool{"store": true}
	if _, err := jira.Get(ctx, "10001"); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("jira: %v", err)
	}
	if _, err := store.List(ctx, store.Query{Type: "code"}); err != nil {
		t.Errorf("store: %v", err)
	}
	h.Grants = map[string]bool{"jira:read": true}
	if _, err := store.Get(ctx, "code", "a"); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("store: %v", err)
	}
	if _, err := settings.Load(ctx); err != nil {
		t.Errorf("settings need no permission: %v", err)
	}
	if diff := cmp.Diff([]string{"jira.issue", "store.list", "store.get", "settings.load"}, h.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestSearchPagesAndMatches(t *testing.T) {
	h, ctx := host(t)
	for n := range 120 {
		h.Issues = append(h.Issues, jira.Issue{ID: strconv.Itoa(10000 + n), Key: fmt.Sprintf("OPS-%d", n)})
	}
	h.Match = func(jql string, i *jira.Issue) bool { return jql == "even" && i.ID[4]%2 == 0 }
	found, err := jira.Find(ctx, jira.Search{JQL: "even"})
	if err != nil || len(found.Issues) != 50 || found.Next == "" {
		t.Fatalf("first page: %d issues, next %q, %v", len(found.Issues), found.Next, err)
	}
	found, err = jira.Find(ctx, jira.Search{JQL: "even", Cursor: found.Next})
	if err != nil || len(found.Issues) != 10 || found.Next != "" {
		t.Fatalf("second page: %d issues, next %q, %v", len(found.Issues), found.Next, err)
	}
	for _, s := range []jira.Search{{}, {JQL: " "}, {JQL: "even", Limit: 101}, {JQL: "even", Cursor: "x"}} {
		if _, err := jira.Find(ctx, s); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if n := len(h.Searches()); n != 6 {
		t.Errorf("%d searches, want 6", n)
	}
}

func TestLogTakesCodesAndIdentifiersOnly(t *testing.T) {
	h, ctx := host(t)
	log.Write(ctx, log.Info, "sheet.rendered_twice", log.Count("labels", 2), log.Issue("10001"))
	for _, bad := range []log.Entry{
		{Level: "loud", Code: "a"}, {Level: log.Info, Code: "Two words"}, {Level: log.Info, Code: ""}, {Level: log.Info, Code: ".a"},
		{Level: log.Info, Code: "a", Attrs: []log.Attr{log.Issue("OPS-7")}},
		{Level: log.Info, Code: "a", Attrs: []log.Attr{{Name: "who", ID: "Jane"}}},
		{Level: log.Info, Code: "a", Attrs: []log.Attr{{Name: "who", Kind: "person", ID: "Jane"}}},
		{Level: log.Info, Code: "a", Attrs: []log.Attr{log.Count("Jane Doe", 1)}},
		{Level: log.Info, Code: "not.declared"}, {Level: log.Info, Code: "a", Attrs: []log.Attr{log.Count("labels", 1)}},
	} {
		log.Write(ctx, bad.Level, bad.Code, bad.Attrs...)
	}
	if len(h.Logs()) != 1 || len(h.Dropped()) != 10 {
		t.Errorf("%d logged, %d dropped, want 1 and 10: %+v", len(h.Logs()), len(h.Dropped()), h.Logs())
	}
}

// reader is a test that notes what fails it.
type reader struct {
	testing.TB
	said []string
}

func (r *reader) Helper() {}

func (r *reader) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func TestLogThatIsNotDeclaredFailsTheTest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plugin.json")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &reader{TB: t}
	ctx := sdktest.Load(r, workshop, file).With(t.Context())
	log.Write(ctx, log.Info, "sheet.rendered_twice", log.Count("labels", 2))
	log.Write(ctx, log.Info, "Two words") // a host drops it, and so does this one
	if len(r.said) != 0 {
		t.Errorf("what is declared fails the test: %q", r.said)
	}
	log.Write(ctx, log.Info, "sheet.printed")
	log.Write(ctx, log.Info, "sheet.rendered_twice", log.Count("pages", 2))
	if len(r.said) != 2 || !strings.Contains(r.said[0], `add "sheet.printed": `) || !strings.Contains(r.said[1], `write {pages} into what "sheet.rendered_twice" means`) {
		t.Errorf("it says %q", r.said)
	}
}

func TestAnswerInjectsFaults(t *testing.T) {
	h, ctx := host(t)
	h.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
		return nil, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira is away"}, op == jira.OpIssue
	}
	if _, err := jira.Get(ctx, "10001"); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("jira: %v", err)
	}
	if _, err := settings.Load(ctx); err != nil {
		t.Errorf("settings: %v", err)
	}
	if err := hostcall.Do(ctx, "moon.walk", nil, nil); sdk.CodeOf(err) != sdk.Unimplemented {
		t.Errorf("unknown operation: %v", err)
	}
}

// workshop is a plugin with one of everything.
var workshop = &sdk.Plugin{
	ID: "example.test", Version: "0.1.0",
	Views: map[string]sdk.View{"panel": sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
		return &view.Page{Title: "Panel", Blocks: []view.Block{
			{Form: &view.Form{Action: "save", Submit: "Save", State: []byte("v1"), Fields: []view.Field{
				{Name: "name", Label: "Name", Kind: view.TextField, Value: "A4"}, {Name: "border", Label: "Border", Kind: view.SwitchField},
			}}},
			view.Actions(
				view.Button{Label: "Count", Action: "count", State: []byte{0}}, view.Button{Label: "Again", View: "panel"},
				view.Button{Label: "Label", File: "label", Params: map[string]string{"issue": r.Context.IssueID}}, view.Button{Label: "Print", Print: true},
			),
		}}, nil
	})},
	Actions: map[string]sdk.Action{
		"save": sdk.ActionFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: fmt.Sprint(r.Form, string(r.State))}, nil
		}),
		"count": sdk.ActionFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			if len(r.State) != 1 || r.State[0] >= 3 {
				return &view.Page{Title: "Counted"}, nil
			}
			n := r.State[0] + 1
			return &view.Page{Title: "Counting", Blocks: []view.Block{{Progress: &view.Progress{
				Label: "Counting", Done: int(n), Total: 3, Next: &view.Next{Action: "count", State: []byte{n}},
			}}}}, nil
		}),
		"endless": sdk.ActionFunc(func(context.Context, *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: "Endless", Blocks: []view.Block{{Progress: &view.Progress{Label: "Endless", Next: &view.Next{Action: "endless"}}}}}, nil
		}),
	},
	Suggesters: relations.Suggesters,
	Files: map[string]sdk.File{"label": sdk.FileFunc(func(_ context.Context, r *sdk.Request) (*sdk.Attachment, error) {
		return &sdk.Attachment{Name: "label-" + r.Params["issue"] + ".svg", ContentType: "image/svg+xml"}, nil
	})},
}

func TestPageIsUsedAsInABrowser(t *testing.T) {
	h, _ := host(t)
	h.OnIssue(jira.Issue{ID: "10001", Key: "OPS-7"})
	page, err := h.View(sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := h.Submit(page, "save", map[string]string{"border": "true"})
	if err != nil || saved.Title != "map[border:[true] name:[A4]]v1" {
		t.Errorf("submitted: %+v, %v", saved, err)
	}
	saved, err = h.Submit(page, "save", map[string]string{"name": "A5"})
	if err != nil || saved.Title != "map[name:[A5]]v1" {
		t.Errorf("submitted without the switch: %+v, %v", saved, err)
	}
	if _, err := h.Submit(page, "save", map[string]string{"colour": "red"}); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a field that is not there: %v", err)
	}
	counting, err := h.Press(page, "Count")
	if err != nil {
		t.Fatal(err)
	}
	if counted, err := h.Finish(counting); err != nil || counted.Title != "Counted" {
		t.Errorf("finished: %+v, %v", counted, err)
	}
	if again, err := h.Press(page, "Again"); err != nil || again.Title != "Panel" {
		t.Errorf("again: %+v, %v", again, err)
	}
	if file, err := h.Save(page, "Label"); err != nil || file.Name != "label-10001.svg" {
		t.Errorf("file: %+v, %v", file, err)
	}
	for label, want := range map[string]sdk.Code{"Label": sdk.Invalid, "Print": sdk.Invalid, "Nowhere": sdk.NotFound} {
		if _, err := h.Press(page, label); sdk.CodeOf(err) != want {
			t.Errorf("press %s: %v, want %s", label, err, want)
		}
	}
	endless, err := h.Action(sdk.Request{Name: "endless"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Finish(endless); sdk.CodeOf(err) != sdk.Exhausted {
		t.Errorf("endless work: %v", err)
	}
}

func TestCheckFindsWhatIsWrongWithAPage(t *testing.T) {
	for want, block := range map[string]view.Block{
		"0 contents":                  {},
		"2 contents":                  {Heading: &view.Heading{Text: "a"}, Text: &view.Text{}},
		"no text":                     {Heading: &view.Heading{}},
		"no title":                    {Notice: &view.Notice{}},
		"links to \"javascript:x\"":   {Text: &view.Text{Spans: []view.Span{{Href: "javascript:x"}}}},
		"names an account and has no": {Text: &view.Text{Spans: []view.Span{{Account: "712020:mia"}}}},
		"no Alt":                      {Figure: &view.Figure{Width: 1, Height: 1}},
		"is 0 by 1":                   {Figure: &view.Figure{Height: 1, Alt: "a"}},
		"in a path":                   {Figure: &view.Figure{Width: 1, Height: 1, Alt: "a", Shapes: []view.Shape{{Path: "M0 0A1 1"}}}},
		"filled with \"red\"":         {Figure: &view.Figure{Width: 1, Height: 1, Alt: "a", Shapes: []view.Shape{{Fill: "red"}}}},
		"the name \"A b\"":            {Figure: &view.Figure{Width: 1, Height: 1, Alt: "a", Name: "A b"}},
		"no caption":                  {Table: &view.Table{}},
		"2 cells in row 0":            {Table: &view.Table{Caption: "c", Columns: []view.Column{{Title: "a"}}, Rows: []view.Row{{Cells: make([]view.Cell, 2)}}}},
		"the action \"nowhere\"":      {Form: &view.Form{Action: "nowhere", Submit: "s"}},
		"sorts and has no title":      {Table: &view.Table{Caption: "c", Columns: []view.Column{{Sort: &view.Call{View: "panel"}}}}},
		"is sorted \"up\"":            {Table: &view.Table{Caption: "c", Columns: []view.Column{{Title: "a", Sorted: "up"}}}},
		"2 cells in foot row 0":       {Table: &view.Table{Caption: "c", Columns: []view.Column{{Title: "a"}}, Foot: []view.Row{{Cells: make([]view.Cell, 2)}}}},
		"the suggester \"nobody\"":    picking(view.Field{Suggest: "nobody"}),
		"neither can be negative":     picking(view.Field{MinChars: -1}),
		"goes into Chosen":            picking(view.Field{Value: "1"}),
		"is not Multiple":             picking(view.Field{Chosen: []view.Choice{{Value: "1", Label: "a"}, {Value: "2", Label: "b"}}}),
		"it needs both":               picking(view.Field{Chosen: []view.Choice{{Value: "1"}}}),
		"value \"1\" of another one":  picking(view.Field{Multiple: true, Chosen: []view.Choice{{Value: "1", Label: "a"}, {Value: "1", Label: "b"}}}),
		"the icon \"skull\"":          picking(view.Field{Chosen: []view.Choice{{Value: "1", Label: "a", Icon: "skull"}}}),
		"follows the field \"n\"":     picking(view.Field{Follows: []string{"n"}}),
		"section) has no title":       {Section: &view.Section{}},
		"the color \"pink\"":          {Section: &view.Section{Title: "s", Color: "pink"}},
		"the name \"A\"":              {Section: &view.Section{Title: "s", Name: "A"}},
		"more than 3 sections deep":   nested(4),
		"block 0 (heading) has no":    {Section: &view.Section{Title: "s", Blocks: []view.Block{{Heading: &view.Heading{}}}}},
		"list) has no label":          {List: &view.List{}},
		"item 0 has no spans":         {List: &view.List{Label: "l", Items: make([]view.Item, 1)}},
		"shows page 3 of 2":           {Pager: &view.Pager{Label: "l", Page: 3, Pages: 2, Call: view.Call{View: "panel"}}},
		"set exactly one":             {Pager: &view.Pager{Label: "l", Page: 1}},
		"no label on its button":      {Form: &view.Form{Action: "save"}},
		"without a name":              {Form: &view.Form{Action: "save", Submit: "s", Fields: []view.Field{{Label: "l", Kind: view.TextField}}}},
		"unknown kind \"date\"":       {Form: &view.Form{Action: "save", Submit: "s", Fields: []view.Field{{Name: "n", Label: "l", Kind: "date"}}}},
		"without options":             {Form: &view.Form{Action: "save", Submit: "s", Fields: []view.Field{{Name: "n", Label: "l", Kind: view.SelectField}}}},
		"has done 3 of 2":             {Progress: &view.Progress{Label: "l", Done: 3, Total: 2}},
		"calls the action \"onward\"": {Progress: &view.Progress{Label: "l", Next: &view.Next{Action: "onward"}}},
		"saves the file \"x\"":        view.Actions(view.Button{Label: "l", File: "x"}),
		"shows the view \"x\"":        view.Actions(view.Button{Label: "l", View: "x"}),
		"does 0 things":               view.Actions(view.Button{Label: "l"}),
		"does 2 things":               view.Actions(view.Button{Label: "l", Print: true, View: "panel"}),
	} {
		got := strings.Join(sdktest.Check(workshop, &view.Page{Title: "t", Blocks: []view.Block{block}}), "; ")
		if !strings.Contains(got, want) {
			t.Errorf("Check says %q, want %q", got, want)
		}
	}
	if got := sdktest.Check(workshop, &view.Page{Title: "t", Blocks: []view.Block{nested(view.MaxNesting)}}); len(got) > 0 {
		t.Errorf("sections as deep as they may lie: %q", got)
	}
	if got := sdktest.Check(workshop, &view.Page{}); len(got) != 1 {
		t.Errorf("a page without title: %q", got)
	}
	broken := &sdk.Plugin{ID: "a.b", Version: "0.1.0", Views: map[string]sdk.View{"v": sdk.ViewFunc(func(context.Context, *sdk.Request) (*view.Page, error) {
		return &view.Page{Title: "t", Blocks: []view.Block{{}}}, nil
	})}}
	if _, err := sdktest.New(broken).View(sdk.Request{Name: "v"}); sdk.CodeOf(err) != sdk.Internal {
		t.Errorf("View lets a broken page pass: %v", err)
	}
}
