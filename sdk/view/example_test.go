package view_test

import (
	"fmt"

	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

func Example() {
	page := &view.Page{
		Title: "Labels",
		Flag:  &view.Flag{Tone: view.Success, Title: "Code revoked"},
		Blocks: []view.Block{
			view.H("Sheet"),
			view.P("Prints a label for every issue of a query."),
			{Text: &view.Text{Spans: []view.Span{{Text: "OPS-7", IssueID: "10001"}, {Text: " is "}, {Text: "active", Lozenge: true, Tone: view.Success}, {Text: " and belongs to "}, {Text: "another user", Account: "712020:5f3c1e0a"}}}},
			{Notice: &view.Notice{Tone: view.Warning, Title: "Two issues have no serial number", Body: "They get no label."}},
			{Form: &view.Form{Action: "preview", Submit: "Preview", Fields: []view.Field{
				{Name: "jql", Label: "Query", Kind: view.TextField, Required: true},
				{Name: "size", Label: "Size", Kind: view.NumberField, Value: "25", Min: "10", Max: "100", Unit: "mm"},
			}}},
			{Table: &view.Table{Caption: "Codes", Columns: []view.Column{{Title: "Issue"}, {Title: "Scans", Number: true}}, Rows: []view.Row{
				{Cells: []view.Cell{view.T("OPS-7"), {Spans: []view.Span{{Text: "3"}}, Buttons: []view.Button{{Label: "Revoke", Action: "revoke", Confirm: "Revoke the code?"}}}}},
			}}},
			{Figure: &view.Figure{Width: 10, Height: 10, Alt: "A black square", Shapes: []view.Shape{{Path: "M1 1h8v8h-8z"}}}},
			{Progress: &view.Progress{Label: "Drawing labels", Done: 12, Total: 40, Next: &view.Next{Action: "draw", State: []byte{12}}}},
			view.Actions(view.Button{Label: "Print", Print: true, Primary: true}, view.Button{Label: "Save", File: "sheet"}),
			view.Muted("Codes keep working when an issue moves."),
		},
	}
	fmt.Print(sdktest.Text(page))
	// Output:
	// Labels
	// flag success: Code revoked
	// ## Sheet
	// Prints a label for every issue of a query.
	// OPS-7 <10001> is [ACTIVE] and belongs to another user <@712020:5f3c1e0a>
	// notice warning: Two issues have no serial number: They get no label.
	// form preview
	//   jql (text) =
	//   size (number) = 25 mm
	//   (Preview)
	// table: Codes
	// | Issue | Scans |
	// | OPS-7 | 3 (Revoke) |
	// figure: A black square
	// progress 12 of 40: Drawing labels
	// (Print) (Save)
	// Codes keep working when an issue moves.
}
