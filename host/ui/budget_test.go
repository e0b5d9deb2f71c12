package ui_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

// deep is sections in each other.
func deep(n int) []view.Block {
	blocks := []view.Block{view.P("the innermost")}
	for range n {
		blocks = []view.Block{{Section: &view.Section{Title: "deeper", Blocks: blocks}}}
	}
	return blocks
}

// wide is sections in each other, many in each.
func wide(depth, each int) []view.Block {
	if depth == 0 {
		return []view.Block{view.P("the innermost")}
	}
	return slices.Repeat([]view.Block{{Section: &view.Section{Title: "wider", Blocks: wide(depth-1, each)}}}, each)
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
		"many choices":   {{Form: &view.Form{Action: "a", Fields: []view.Field{{Name: "n", Kind: view.PickerField, Suggest: "s", Multiple: true, Chosen: slices.Repeat([]view.Choice{{Value: "v", Description: long}}, 100_000)}}}}},
		"many sections":  many(1_000_000, view.Block{Section: &view.Section{Title: "a", Badge: "b", Color: view.Red, Blocks: []view.Block{view.P("a")}}}),
		"deep sections":  deep(10),
		"wide sections":  wide(3, 40),
		"many items":     {{List: &view.List{Items: slices.Repeat([]view.Item{{Icon: view.BugIcon, Spans: spans[:2], Buttons: []view.Button{{Label: "b", Action: "c"}}}}, 100_000)}}},
		"many pagers":    many(1_000_000, view.Block{Pager: &view.Pager{Page: 5, Pages: 1 << 62, Call: view.Call{View: "v", Params: map[string]string{"a": "b"}}}}),
		"huge pagers":    many(100, view.Block{Pager: &view.Pager{Page: 5, Pages: 9, Call: view.Call{View: "v", State: make([]byte, 256<<10)}}}),
		"many sorts":     many(10_000, view.Block{Table: &view.Table{Columns: slices.Repeat([]view.Column{{Title: "a", Sort: &view.Call{View: "v", Params: map[string]string{"a": "b"}}}}, 30)}}),
		"many graphs":    many(1000, view.Block{Graph: hub(499)}),
		"huge graph":     {{Graph: &view.Graph{Nodes: slices.Repeat([]view.Node{{ID: "a", Label: long, Detail: long}}, 100_000), Edges: slices.Repeat([]view.Edge{{From: "a", To: "a", Label: long, Both: true}}, 100_000)}}},
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
