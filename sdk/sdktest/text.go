package sdktest

import (
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/sdk/view"
)

// Text returns a page as plain text, a line for each thing that a user sees, to compare in a test:
//
//	Labels                          the title
//	flag success: Saved             a message that goes away
//	## Sheet                        a heading
//	Issue OPS-7 <10001> [ACTIVE]    a text with a link to an issue and a lozenge
//	notice warning: Too long        and so on for empty, figure, table, form and progress
//	| Key | Count |
//	form save
//	  size (number) = 40 mm
//	  (Save)
//	(Print) (Revoke)                buttons
//	section: Runs on [2]            a section, what is in it two spaces further in
//	list: Servers
//	- OPS-7 <10001> [ACTIVE] (Remove)
//	page 2 of 5, 93 in all: Servers
//	graph: Relations of OPS-7
//	* OPS-7 <10001> [ACTIVE] (+)    a node; the star marks the focus, (+) one that expands
//	- OPS-8 <10002>
//	  OPS-7 - runs on -> OPS-8      an edge; <- runs on -> goes both ways
//
// Since: v0.1
func Text(p *view.Page) string {
	var w writer
	w.line("%s", p.Title)
	if p.Flag != nil {
		w.message("flag", p.Flag.Tone, p.Flag.Title, p.Flag.Body)
	}
	if p.OpenIssue != "" {
		w.line("opens issue <%s>", p.OpenIssue)
	}
	w.blocks(p.Blocks, "")
	return w.String()
}

type writer struct {
	strings.Builder
	indent string // of blocks in a section
}

func (w *writer) blocks(blocks []view.Block, indent string) {
	outer := w.indent
	w.indent += indent
	for _, b := range blocks {
		w.block(b)
	}
	w.indent = outer
}

// line writes a line without spaces at its end: Go's examples trim them too.
func (w *writer) line(format string, args ...any) {
	w.WriteString(strings.TrimRight(w.indent+fmt.Sprintf(format, args...), " ") + "\n")
}

func (w *writer) message(kind string, tone view.Tone, title, body string) {
	if tone != "" {
		kind += " " + string(tone)
	}
	if body != "" {
		title += ": " + body
	}
	w.line("%s: %s", kind, title)
}

func (w *writer) block(b view.Block) {
	switch {
	case b.Heading != nil:
		level := b.Heading.Level
		if level != 3 {
			level = 2
		}
		w.line("%s %s", strings.Repeat("#", level), b.Heading.Text)
	case b.Text != nil:
		w.line("%s", spans(b.Text.Spans))
	case b.Notice != nil:
		w.message("notice", b.Notice.Tone, b.Notice.Title, b.Notice.Body)
	case b.Empty != nil:
		w.message("empty", "", b.Empty.Title, b.Empty.Body)
	case b.Figure != nil:
		w.message("figure", "", b.Figure.Alt, b.Figure.Caption)
	case b.Table != nil:
		w.table(b.Table)
	case b.Form != nil:
		w.form(b.Form)
	case b.Progress != nil:
		w.progress(b.Progress)
	case b.Buttons != nil:
		w.line("%s", buttons(b.Buttons.Buttons))
	case b.Section != nil:
		w.section(b.Section)
	case b.List != nil:
		w.list(b.List)
	case b.Pager != nil:
		w.line("%s", pages(b.Pager))
	case b.Graph != nil:
		w.graph(b.Graph)
	case b.Runs != nil:
		w.line("runs: %s", b.Runs.Job)
	}
}

func (w *writer) table(t *view.Table) {
	w.line("table: %s", t.Caption)
	var titles []string
	for _, c := range t.Columns {
		titles = append(titles, strings.TrimSpace(c.Title+" "+string(c.Sorted)))
	}
	w.line("| %s |", strings.Join(titles, " | "))
	w.rows(t.Rows)
	if len(t.Foot) > 0 {
		w.line("|---|")
		w.rows(t.Foot)
	}
}

func (w *writer) rows(rows []view.Row) {
	for _, r := range rows {
		var cells []string
		for _, c := range r.Cells {
			cells = append(cells, strings.TrimSpace(spans(c.Spans)+" "+buttons(c.Buttons)))
		}
		w.line("| %s |", strings.Join(cells, " | "))
	}
}

func (w *writer) form(f *view.Form) {
	w.line("form %s", f.Action)
	if f.Error != "" {
		w.line("  error: %s", f.Error)
	}
	for _, field := range f.Fields {
		value := field.Value
		if field.Kind == view.PickerField {
			value = chosen(field.Chosen)
		}
		text := fmt.Sprintf("  %s (%s) = %s", field.Name, field.Kind, value)
		if field.Unit != "" {
			text += " " + field.Unit
		}
		if field.Error != "" {
			text += "  error: " + field.Error
		}
		w.line("%s", text)
	}
	w.line("  (%s)", f.Submit)
}

func (w *writer) progress(p *view.Progress) {
	of := "?"
	if p.Total > 0 {
		of = fmt.Sprint(p.Total)
	}
	text := fmt.Sprintf("progress %d of %s: %s", p.Done, of, p.Label)
	if p.Cancel != "" {
		text += " (Cancel)"
	}
	w.line("%s", text)
}

func spans(all []view.Span) string {
	var b strings.Builder
	for _, s := range all {
		switch {
		case s.Lozenge:
			b.WriteString("[" + strings.ToUpper(s.Text) + "]")
		case s.Account != "":
			b.WriteString(s.Text + " <@" + s.Account + ">")
		case s.Href != "":
			b.WriteString(s.Text + " <" + s.Href + ">")
		case s.IssueID != "":
			b.WriteString(s.Text + " <" + s.IssueID + ">")
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func buttons(all []view.Button) string {
	var labels []string
	for _, b := range all {
		labels = append(labels, "("+b.Label+")")
	}
	return strings.Join(labels, " ")
}
