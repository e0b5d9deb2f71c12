package sdktest

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// Check returns what is wrong with a page by the rules of sdk/view: a block that is none or several, a button that does
// nothing or leads to a handler that p does not have, a row that does not fit its table, a path with letters that the
// host refuses, a drawing without words. [Host.View] and [Host.Action] include it.
//
// Since: v0.1
func Check(p *sdk.Plugin, page *view.Page) []string {
	c := checker{plugin: p}
	if page.Title == "" {
		c.add("the page", "has no title")
	}
	c.blocks("block", page.Blocks, 0)
	return c.wrong
}

type checker struct {
	plugin *sdk.Plugin
	wrong  []string
}

func (c *checker) add(at, format string, args ...any) {
	c.wrong = append(c.wrong, at+" "+fmt.Sprintf(format, args...))
}

func (c *checker) blocks(at string, blocks []view.Block, depth int) {
	for i, b := range blocks {
		c.block(fmt.Sprintf("%s %d", at, i), b, depth)
	}
}

func (c *checker) block(at string, b view.Block, depth int) {
	set, v := 0, reflect.ValueOf(b)
	for i := range v.NumField() {
		if !v.Field(i).IsNil() {
			set++
			at += " (" + strings.ToLower(v.Type().Field(i).Name) + ")"
		}
	}
	if set != 1 {
		c.add(at, "has %d contents; set exactly one pointer", set)
	}
	if b.Heading != nil && b.Heading.Text == "" {
		c.add(at, "has no text")
	}
	if b.Text != nil {
		c.spans(at, b.Text.Spans)
	}
	if b.Notice != nil && b.Notice.Title == "" || b.Empty != nil && b.Empty.Title == "" {
		c.add(at, "has no title")
	}
	if b.Figure != nil {
		c.figure(at, b.Figure)
	}
	if b.Table != nil {
		c.table(at, b.Table)
	}
	if b.Form != nil {
		c.form(at, b.Form)
	}
	if b.Progress != nil {
		c.progress(at, b.Progress)
	}
	if b.Buttons != nil {
		c.buttons(at, b.Buttons.Buttons)
	}
	if b.Section != nil {
		c.section(at, b.Section, depth)
	}
	if b.List != nil {
		c.list(at, b.List)
	}
	if b.Pager != nil {
		c.pager(at, b.Pager)
	}
	if b.Graph != nil {
		c.graph(at, b.Graph)
	}
	if b.Runs != nil {
		if b.Runs.Job == "" {
			c.add(at, "names no job whose runs it shows")
		}
		if then := b.Runs.Then; then != "" && c.plugin.Views[then] == nil {
			c.add(at, "draws the view %q when a run ends, which the plugin does not have", then)
		}
	}
}

func (c *checker) spans(at string, spans []view.Span) {
	for _, s := range spans {
		if s.Href != "" && !strings.HasPrefix(s.Href, "https://") && !strings.HasPrefix(s.Href, "http://") {
			c.add(at, "links to %q; only https: and http: addresses work", s.Href)
		}
		if s.Account != "" && s.Text == "" {
			c.add(at, "names an account and has no text; say what is written where Jira does not tell the name")
		}
	}
}

func (c *checker) figure(at string, f *view.Figure) {
	if f.Alt == "" {
		c.add(at, "has no Alt: say in words what it shows")
	}
	if !(f.Width > 0 && f.Height > 0) {
		c.add(at, "is %g by %g", f.Width, f.Height)
	}
	if strings.Trim(f.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		c.add(at, "has the name %q; use lower-case letters, digits and dashes", f.Name)
	}
	for _, s := range f.Shapes {
		if i := strings.IndexFunc(s.Path, func(r rune) bool { return !strings.ContainsRune("MmLlHhVvZz0123456789 ,.-", r) }); i >= 0 {
			c.add(at, "has %q in a path", s.Path[i:i+1])
		}
		switch s.Fill {
		case "", "white", "muted", "accent":
		default:
			c.add(at, "is filled with %q; use black (empty), white, muted or accent", s.Fill)
		}
	}
}

func (c *checker) table(at string, t *view.Table) {
	if t.Caption == "" {
		c.add(at, "has no caption")
	}
	for _, column := range t.Columns {
		here := fmt.Sprintf("%s column %q", at, column.Title)
		if column.Sort != nil {
			if column.Title == "" {
				c.add(here, "sorts and has no title to press")
			}
			c.call(here, column.Sort)
		}
		if column.Sorted != view.Unsorted && column.Sorted != view.Ascending && column.Sorted != view.Descending {
			c.add(here, "is sorted %q; use ascending or descending", column.Sorted)
		}
	}
	c.rows(at, "row", t, t.Rows)
	c.rows(at, "foot row", t, t.Foot)
}

func (c *checker) rows(at, what string, t *view.Table, rows []view.Row) {
	for i, r := range rows {
		if len(r.Cells) != len(t.Columns) {
			c.add(at, "has %d cells in %s %d and %d columns", len(r.Cells), what, i, len(t.Columns))
		}
		for _, cell := range r.Cells {
			c.spans(at, cell.Spans)
			c.buttons(at, cell.Buttons)
		}
	}
}

func (c *checker) form(at string, f *view.Form) {
	c.action(at, f.Action)
	if f.Submit == "" {
		c.add(at, "has no label on its button")
	}
	names, seen := map[string]bool{}, map[string]bool{}
	for _, field := range f.Fields {
		names[field.Name] = true
	}
	for _, field := range f.Fields {
		if field.Name == "" || field.Label == "" || seen[field.Name] {
			c.add(at, "has a field %q without a name of its own or without a label", field.Name)
		}
		seen[field.Name] = true
		switch field.Kind {
		case view.TextField, view.TextAreaField, view.FileField, view.NumberField, view.SwitchField:
		case view.SelectField:
			if len(field.Options) == 0 {
				c.add(at, "has a select %q without options", field.Name)
			}
		case view.PickerField:
			c.picker(fmt.Sprintf("%s picker %q", at, field.Name), field, names)
		default:
			c.add(at, "has a field %q of the unknown kind %q", field.Name, field.Kind)
		}
	}
}

func (c *checker) progress(at string, p *view.Progress) {
	if p.Label == "" {
		c.add(at, "has no label")
	}
	if p.Done < 0 || p.Total < 0 || p.Total > 0 && p.Done > p.Total {
		c.add(at, "has done %d of %d", p.Done, p.Total)
	}
	if p.Next != nil {
		c.action(at, p.Next.Action)
	}
	if p.Cancel != "" {
		c.action(at, p.Cancel)
	}
}

func (c *checker) buttons(at string, buttons []view.Button) {
	for _, b := range buttons {
		here := fmt.Sprintf("%s button %q", at, b.Label)
		if b.Label == "" {
			c.add(here, "has no label")
		}
		does := 0
		if b.Action != "" {
			does++
			c.action(here, b.Action)
		}
		if b.File != "" {
			does++
			if c.plugin.Files[b.File] == nil {
				c.add(here, "saves the file %q, which the plugin does not have", b.File)
			}
		}
		if b.View != "" {
			does++
			if c.plugin.Views[b.View] == nil {
				c.add(here, "shows the view %q, which the plugin does not have", b.View)
			}
		}
		if b.Print {
			does++
		}
		if does != 1 {
			c.add(here, "does %d things; set exactly one of Action, File, View and Print", does)
		}
	}
}

func (c *checker) action(at, name string) {
	if c.plugin.Actions[name] == nil {
		c.add(at, "calls the action %q, which the plugin does not have", name)
	}
}
