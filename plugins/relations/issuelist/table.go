package issuelist

import (
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// table draws a column for each field, behind that of the key.
func (d *drawing) table() view.Block {
	t := &view.Table{Caption: d.Label, RowHeads: true, Compact: d.Style == Compact, Columns: []view.Column{d.head("Key", key, false)}}
	for _, c := range d.columns {
		t.Columns = append(t.Columns, d.head(c.Name, c.ID, c.numeric()))
	}
	withButtons := false
	for i := range d.shown {
		row := d.row(&d.shown[i])
		last := d.buttons(&d.shown[i])
		withButtons = withButtons || len(last) > 0
		t.Rows = append(t.Rows, view.Row{Cells: append(row, view.Cell{Buttons: last})})
	}
	foot := d.foot()
	if withButtons {
		t.Columns = append(t.Columns, view.Column{Title: "Actions"})
	} else {
		for i := range t.Rows {
			t.Rows[i].Cells = t.Rows[i].Cells[:len(t.Columns)]
		}
	}
	if foot != nil {
		for len(foot) < len(t.Columns) {
			foot = append(foot, view.Cell{})
		}
		t.Foot = []view.Row{{Cells: foot}}
	}
	return view.Block{Table: t}
}

// head is the title of a column, which sorts by it: first ascending, then the other way.
func (d *drawing) head(title, field string, number bool) view.Column {
	out := view.Column{Title: title, Number: number}
	now := d.order()
	if len(now) == 0 && !d.Ordered {
		now = []Order{{Field: key}}
	}
	next := Order{Field: field}
	if len(now) > 0 && now[0].Field == field {
		out.Sorted = view.Ascending
		if now[0].Descending {
			out.Sorted = view.Descending
		}
		next.Descending = !now[0].Descending
	}
	call := d.call(map[string]string{"sort": next.String()})
	out.Sort = &call
	return out
}

func (d *drawing) row(i *jira.Issue) []view.Cell {
	cells := []view.Cell{{Spans: []view.Span{{Text: i.Key, IssueID: i.ID}}}}
	for _, c := range d.columns {
		cells = append(cells, view.Cell{Spans: spans(i.Fields[c.ID], longCell)})
	}
	return cells
}

// foot holds the sums; nil where there are none.
func (d *drawing) foot() []view.Cell {
	sums := map[string]string{}
	for _, c := range d.sums() {
		sums[c.ID], _ = sum(d.Issues, c.ID)
	}
	if len(sums) == 0 {
		return nil
	}
	cells := []view.Cell{view.T("Sum")}
	for _, c := range d.columns {
		if text := sums[c.ID]; text != "" {
			cells = append(cells, view.Cell{Spans: []view.Span{{Text: text, Strong: true}}})
			continue
		}
		cells = append(cells, view.Cell{})
	}
	return cells
}
