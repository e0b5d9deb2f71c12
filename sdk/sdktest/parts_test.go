package sdktest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

// picking is a form of the workshop with a picker, which is in order but for what f says.
func picking(f view.Field) view.Block {
	f.Name, f.Label, f.Kind = "n", "Name", view.PickerField
	if f.Suggest == "" {
		f.Suggest = "assets"
	}
	return view.Block{Form: &view.Form{Action: "save", Submit: "s", Fields: []view.Field{f}}}
}

// nested is sections in each other, so many.
func nested(n int) view.Block {
	s := &view.Section{Title: "s"}
	if n > 1 {
		s.Blocks = []view.Block{nested(n - 1)}
	}
	return view.Block{Section: s}
}

// relations is a plugin whose page is made of sections, lists, a table that sorts and a form with pickers.
var relations = &sdk.Plugin{
	ID: "example.relations", Version: "0.1.0",
	Views: map[string]sdk.View{"panel": sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
		call := view.Call{View: "panel", Params: map[string]string{"sort": "key"}, State: []byte("s")}
		return &view.Page{Title: fmt.Sprint("Relations ", r.Params, string(r.State)), Blocks: []view.Block{{Section: &view.Section{
			Title: "Runs on", Badge: "2", Color: view.Teal, Collapsed: true, Blocks: []view.Block{
				{List: &view.List{Label: "Servers", Items: []view.Item{
					{
						Icon: view.DeviceIcon, Spans: []view.Span{{Text: "OPS-7", IssueID: "10001"}, {Text: " Mail"}}, Detail: []view.Span{{Text: "Rack 4"}},
						Aside: []view.Span{{Text: "active", Lozenge: true}}, Buttons: []view.Button{{Label: "Remove", Action: "remove", Params: map[string]string{"id": "10001"}}},
					},
				}}},
				{Table: &view.Table{
					Caption: "Costs", RowHeads: true, Columns: []view.Column{{Title: "Key", Sort: &call, Sorted: view.Descending}, {Title: "Costs", Number: true}},
					Rows: []view.Row{{Cells: []view.Cell{view.T("OPS-7"), view.T("3")}}}, Foot: []view.Row{{Cells: []view.Cell{view.T("Sum"), view.T("3")}}},
				}},
				{Pager: &view.Pager{Label: "Costs", Page: 1, Pages: 4, Total: 31, Call: call}},
				{Form: &view.Form{Action: "add", Submit: "Add", State: []byte("f"), Fields: []view.Field{
					{Name: "company", Label: "Company", Kind: view.PickerField, Suggest: "assets", Chosen: []view.Choice{{Value: "1", Label: "Acme"}}},
					{Name: "assets", Label: "Assets", Kind: view.PickerField, Suggest: "assets", Multiple: true, MinChars: 3, Follows: []string{"company"}},
				}}},
			},
		}}}}, nil
	})},
	Actions: map[string]sdk.Action{
		"add": sdk.ActionFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: fmt.Sprint("Added ", r.Form, string(r.State))}, nil
		}),
		"remove": sdk.ActionFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: "Removed " + r.Params["id"]}, nil
		}),
	},
	Suggesters: map[string]sdk.Suggester{"assets": sdk.SuggesterFunc(func(_ context.Context, r *sdk.Request) (*view.Choices, error) {
		switch r.Params["q"] {
		case "broken":
			return &view.Choices{Choices: make([]view.Choice, 1)}, nil
		case "":
			return &view.Choices{Title: "Recently picked", Empty: "Nothing was picked yet"}, nil
		}
		return &view.Choices{More: true, Choices: []view.Choice{
			{Value: "7", Label: fmt.Sprint(r.Params, r.Form, string(r.State)), Description: "Rack 4", Lozenge: "active"},
			{Value: "8", Label: "OPS-8", Disabled: "Linked already"},
		}}, nil
	})},
}

func TestPartsOfAPageAreUsedAsInABrowser(t *testing.T) {
	h := sdktest.New(relations)
	page, err := h.View(sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	title := func(p *view.Page, err error) string {
		if err != nil {
			return err.Error()
		}
		return p.Title
	}
	for _, tt := range []struct{ name, want, got string }{
		{"a button of a list", "Removed 10001", title(h.Press(page, "Remove"))},
		{"a column", "Relations map[sort:key]s", title(h.Sort(page, "Key"))},
		{"a pager", "Relations map[page:3 sort:key]s", title(h.Turn(page, "Costs", 3))},
		{"a picker that holds something", "Added map[company:[1]]f", title(h.Submit(page, "add", nil))},
		{"a picker of several", "Added map[assets:[7 8]]f", title(h.SubmitAll(page, "add", map[string][]string{"assets": {"7", "8"}, "company": nil}))},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	if _, err := h.Sort(page, "Costs"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a column that does not sort: %v", err)
	}
	if _, err := h.Turn(page, "Servers", 1); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a pager that is not there: %v", err)
	}
}

func TestPickerIsTypedIntoAsInABrowser(t *testing.T) {
	h := sdktest.New(relations)
	page, err := h.View(sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":      "Recently picked\nempty: Nothing was picked yet\n",
		" la ":  "empty:\n", // too short to ask
		" lap ": "- map[field:assets q:lap] map[assets:[5] company:[1]]f: Rack 4 [ACTIVE]\n- OPS-8, not to be picked: Linked already\nmore\n",
	} {
		got, err := h.Type(page, "add", "assets", text, map[string][]string{"assets": {"5"}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, sdktest.TextChoices(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if got, err := h.Type(page, "add", "company", "la", nil); err != nil || len(got.Choices) != 2 {
		t.Errorf("two characters where nothing is said: %+v, %v", got, err)
	}
	if _, err := h.Type(page, "add", "assets", "broken", nil); sdk.CodeOf(err) != sdk.Internal {
		t.Errorf("choices that break a rule: %v", err)
	}
	if _, err := h.Type(page, "add", "nothing", "lap", nil); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a picker that is not there: %v", err)
	}
}

func TestTextShowsThePartsOfAPage(t *testing.T) {
	page, err := sdktest.New(relations).View(sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
Relations map[]
section: Runs on [2] teal, folded
  list: Servers
  - OPS-7 <10001> Mail Rack 4 [ACTIVE] (Remove)
  table: Costs
  | Key descending | Costs |
  | OPS-7 | 3 |
  |---|
  | Sum | 3 |
  page 1 of 4, 31 in all: Costs
  form add
    company (picker) = Acme <1>
    assets (picker) =
    (Add)
`, "\n")
	if diff := cmp.Diff(want, sdktest.Text(page)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPluginWithSuggestersConforms(t *testing.T) { sdktest.Conform(t, relations) }
