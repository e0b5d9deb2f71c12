package ui_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

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
