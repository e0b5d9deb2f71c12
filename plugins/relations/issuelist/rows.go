package issuelist

import (
	"strconv"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// rows draws a row for each issue: key and summary, the status at the end, and the other fields in a second line.
func (d *drawing) rows() view.Block {
	list := &view.List{Label: d.Label}
	for n := range d.shown {
		i := &d.shown[n]
		item := view.Item{Spans: title(i), Buttons: d.buttons(i)}
		for _, c := range d.columns {
			v := i.Fields[c.ID]
			switch {
			case v.Text == "" || c.ID == summary:
			case c.ID == status:
				item.Aside = append(item.Aside, spans(v, longDetail)...)
			default:
				if item.Detail != nil {
					item.Detail = append(item.Detail, view.Span{Text: " · "})
				}
				item.Detail = append(item.Detail, view.Span{Text: c.Name + ": "})
				item.Detail = append(item.Detail, spans(v, longDetail)...)
			}
		}
		list.Items = append(list.Items, item)
	}
	return view.Block{List: list}
}

func title(i *jira.Issue) []view.Span {
	out := []view.Span{{Text: i.Key, IssueID: i.ID}}
	if text := i.Fields[summary].Text; text != "" {
		out = append(out, view.Span{Text: " " + cut(text, longCell)})
	}
	return out
}

// cards draws a section for each issue.
func (d *drawing) cards() []view.Block {
	var out []view.Block
	for n := range d.shown {
		i := &d.shown[n]
		s := &view.Section{Title: i.Key, Name: d.Name + "-" + i.ID}
		text := i.Fields[summary].Text
		if text != "" {
			s.Title += " " + cut(text, longDetail)
		}
		link := []view.Span{{Text: "Open " + i.Key, IssueID: i.ID}}
		if cut(text, longDetail) != text {
			link = title(i)
		}
		s.Blocks = []view.Block{{Text: &view.Text{Spans: link}}}
		t := &view.Table{Caption: i.Key, RowHeads: true, Compact: true, Columns: []view.Column{{Title: "Field"}, {Title: "Value"}}}
		for _, c := range d.columns {
			v := i.Fields[c.ID]
			if v.Text == "" || c.ID == summary {
				continue
			}
			t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{view.T(c.Name), {Spans: spans(v, longCell)}}})
		}
		if len(t.Rows) > 0 {
			s.Blocks = append(s.Blocks, view.Block{Table: t})
		}
		if b := d.buttons(i); len(b) > 0 {
			s.Blocks = append(s.Blocks, view.Actions(b...))
		}
		out = append(out, view.Block{Section: s})
	}
	return out
}

// number says how many there are.
func (d *drawing) number() view.Block {
	text := " issues"
	if d.total == 1 {
		text = " issue"
	}
	return view.Block{Text: &view.Text{Spans: []view.Span{{Text: strconv.Itoa(d.total), Strong: true}, {Text: text}}}}
}
