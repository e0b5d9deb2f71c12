// Package issuelist makes blocks of issues: a list, a table, cards or a number, sorted, summed and paged as an admin wants it and the
// user asks. It draws what it is given and asks Jira nothing; whoever uses it reads the issues with the user's rights, and says how
// many of them the user may not see. Start with [List].
//
//	issuelist.go  what is drawn       table.go, rows.go  how        value.go  a field's value as a cell
//	sort.go       the order           sum.go             the sums              look.go   what an admin wrote
package issuelist

import (
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// The styles. Anything else counts as Rows.
const (
	Rows    = "list"    // a row for each issue, with what is known of it in a second line
	Table   = "table"   // a column for each field, to be sorted by
	Compact = "compact" // the same in lower rows
	Cards   = "cards"   // the fields of an issue below each other, to be folded away
	Count   = "count"   // how many there are, and the sums
)

// The bounds of a page.
const (
	DefaultPageSize = 20
	MaxPageSize     = 100
)

// Look is how issues are shown. The zero value is a list with the status of each, by key.
type Look struct {
	Style    string
	Columns  []string // ids of fields, in their order; none means summary and status
	Sums     []string // ids of fields whose numbers are added up
	Sort     []Order  // unless the user asks for another order
	PageSize int      // 0 means DefaultPageSize; no more than MaxPageSize
}

// Fields returns the ids of the fields that must be read to show issues so, and to sort them by a column that the user clicked.
func (l Look) Fields() []string {
	out := []string{summary, status}
	add := func(id string) {
		if id != "" && id != key && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, id := range l.Columns {
		add(id)
	}
	for _, id := range l.Sums {
		add(id)
	}
	for _, o := range l.Sort {
		add(o.Field)
	}
	return out
}

// Fields that are drawn in a place of their own, and the key, which is none of Jira's fields.
const (
	summary = "summary"
	status  = "status"
	key     = "issuekey"
)

// List is what is drawn.
type List struct {
	Look
	// Name tells the list from others on its page, in lower-case letters, digits and dashes. Label says what is listed.
	Name, Label string
	// Issues are all that the user may see, with the fields that [Look.Fields] asks for. Ordered says that they stand in an order that
	// counts where neither the look nor the user asks for one, as that of a query does.
	Issues  []jira.Issue
	Ordered bool
	// Known are the site's fields. A column of one that is not there any more is left out.
	Known []jira.Field
	// Hidden is how many more there are that the user may not see. More says that there are yet others, which nobody has read.
	Hidden int
	More   bool
	// Empty is said where there is nothing to show.
	Empty string
	// Page, from 1, and Sorted, a field with a minus before it for descending, are what the user asked for. What cannot be counts as
	// the first page and the order of the look.
	Page   int
	Sorted string
	// Call draws the page anew, with the params page and sort.
	Call view.Call
	// Buttons stand behind an issue; nil for none.
	Buttons func(i *jira.Issue) []view.Button
}

// Blocks draws the list.
func (l List) Blocks() []view.Block {
	d := l.prepare()
	var out []view.Block
	switch {
	case len(l.Issues) == 0:
		if l.Hidden == 0 && l.Empty != "" {
			out = append(out, view.Muted(l.Empty))
		}
	case l.Style == Count:
		out = append(out, d.number())
	case l.Style == Table || l.Style == Compact:
		out = append(out, d.table())
	case l.Style == Cards:
		out = append(out, d.cards()...)
	default:
		out = append(out, d.rows())
	}
	if text := d.sumLine(); text != nil {
		out = append(out, *text)
	}
	if text := d.hidden(); text != "" {
		out = append(out, view.Muted(text))
	}
	if d.pages > 1 && l.Style != Count {
		out = append(out, d.pager())
	}
	return out
}

// drawing is a list with everything worked out that its parts need.
type drawing struct {
	List
	columns []column
	shown   []jira.Issue // of the page
	total   int
	pages   int
}

func (l List) prepare() *drawing {
	d := &drawing{List: l, total: len(l.Issues)}
	d.columns = d.chooseColumns()
	order := d.order()
	all := l.Issues
	if len(order) > 0 || !l.Ordered {
		all = sorted(l.Issues, order)
	}
	size := l.PageSize
	if size <= 0 {
		size = DefaultPageSize
	}
	size = min(size, MaxPageSize)
	d.pages = (d.total + size - 1) / size
	d.Page = min(max(d.Page, 1), max(d.pages, 1))
	d.shown = all[(d.Page-1)*size : min(d.Page*size, d.total)]
	return d
}

// order is what the user asked for, or what the look says.
func (d *drawing) order() []Order {
	if o, ok := parseOrder(d.Sorted); ok && (o.Field == key || slices.ContainsFunc(d.columns, func(c column) bool { return c.ID == o.Field })) {
		return []Order{o}
	}
	d.Sorted = ""
	return d.Sort
}

func (d *drawing) call(params map[string]string) view.Call {
	c := d.Call
	c.Params = map[string]string{}
	for k, v := range d.Call.Params {
		c.Params[k] = v
	}
	for k, v := range params {
		c.Params[k] = v
	}
	return c
}

func (d *drawing) pager() view.Block {
	p := &view.Pager{Label: d.Label, Page: d.Page, Pages: d.pages, Total: d.total}
	if d.Sorted != "" {
		p.Call = d.call(map[string]string{"sort": d.Sorted})
	} else {
		p.Call = d.call(nil)
	}
	return view.Block{Pager: p}
}

func (d *drawing) buttons(i *jira.Issue) []view.Button {
	if d.Buttons == nil {
		return nil
	}
	return d.Buttons(i)
}

// hidden says that there are issues which the user does not see, and never which.
func (d *drawing) hidden() string {
	text := ""
	if d.Hidden > 0 {
		text = strconv.Itoa(d.Hidden) + " more that you may not see"
		if len(d.sums()) > 0 {
			text += ", and that the sums leave out"
		}
		text += "."
	}
	if d.More {
		if text != "" {
			text += " "
		}
		text += "There are yet others, which are not shown here"
		if len(d.sums()) > 0 {
			text += " and not summed"
		}
		text += "."
	}
	return text
}
