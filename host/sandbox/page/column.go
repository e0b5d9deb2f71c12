package page

import (
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// column is a column of a list of issues beside key and summary.
type column struct {
	ID, Name string
	Clause   string // its name in JQL; "" where nothing sorts by it
	Chosen   bool
	Sort     string // the address of the list sorted by it
	Order    string // "ascending" or "descending" where the list is sorted by it
	value    func(*view, *world.Issue) detail
}

func (c column) cell(v *view, i *world.Issue) detail { return c.value(v, i) }

// usualColumns are those of a list for which nobody has chosen.
const usualColumns = "status,assignee,updated"

// columns are all columns that there are.
func (v *view) columns() []column {
	text := func(f func(*world.Issue) string) func(*view, *world.Issue) detail {
		return func(_ *view, i *world.Issue) detail { return detail{Text: f(i)} }
	}
	day := func(t time.Time) string { return t.Format("2 Jan 2006") }
	out := []column{
		{ID: "status", Name: "Status", Clause: "status", value: func(v *view, i *world.Issue) detail {
			return detail{Text: v.st.Status(i.Status).Name, Color: v.st.Status(i.Status).Category}
		}},
		{ID: "issuetype", Name: "Type", Clause: "issuetype", value: text(func(i *world.Issue) string { return v.st.Type(i.Type).Name })},
		{ID: "project", Name: "Project", Clause: "project", value: text(func(i *world.Issue) string { return v.st.Project(i.Project).Name })},
		{ID: "assignee", Name: "Assignee", Clause: "assignee", value: func(v *view, i *world.Issue) detail { return detail{Person: v.st.User(i.Assignee)} }},
		{ID: "reporter", Name: "Reporter", Clause: "reporter", value: func(v *view, i *world.Issue) detail { return detail{Person: v.st.User(i.Reporter)} }},
		{ID: "priority", Name: "Priority", Clause: "priority", value: text(func(i *world.Issue) string {
			if p := v.st.Priorities.Get(i.Priority); p != nil {
				return p.Name
			}
			return ""
		})},
		{ID: "resolution", Name: "Resolution", Clause: "resolution", value: text(func(i *world.Issue) string {
			if r := v.st.Resolutions.Get(i.Resolution); r != nil {
				return r.Name
			}
			return "Unresolved"
		})},
		{ID: "labels", Name: "Labels", Clause: "labels", value: func(_ *view, i *world.Issue) detail { return detail{Tags: i.Labels} }},
		{ID: "created", Name: "Created", Clause: "created", value: text(func(i *world.Issue) string { return day(i.Created) })},
		{ID: "updated", Name: "Updated", Clause: "updated", value: text(func(i *world.Issue) string { return day(i.Updated) })},
		{ID: "duedate", Name: "Due date", Clause: "duedate", value: text(func(i *world.Issue) string { return i.Due })},
	}
	for f := range v.st.Fields.All() {
		out = append(out, column{
			ID: string(f.ID), Name: f.Name, Clause: syntax.Field{Name: f.Name}.String(),
			value: func(v *view, i *world.Issue) detail { return v.customDetail(f, i.Custom[f.ID]) },
		})
	}
	return out
}

// chosenColumns are those that the names say, in their order.
func chosenColumns(all []column, names string) (out []column) {
	if names == "" {
		names = usualColumns
	}
	for name := range strings.SplitSeq(names, ",") {
		if n := slices.IndexFunc(all, func(c column) bool { return c.ID == name }); n >= 0 {
			out = append(out, all[n])
		}
	}
	return out
}

// sort finds out whether the query is sorted by the column, and the query that is, the other way round if it was already.
func (c *column) sort(jql string, link func(jql string) string) {
	q, err := syntax.Parse(jql)
	if err != nil || c.Clause == "" {
		return
	}
	direction := "ASC"
	if len(q.OrderBy) > 0 && strings.EqualFold(q.OrderBy[0].Field.String(), c.Clause) {
		c.Order = "ascending"
		if q.OrderBy[0].Direction == syntax.Descending {
			c.Order = "descending"
		} else {
			direction = "DESC"
		}
	}
	q.OrderBy = nil
	c.Sort = link(strings.TrimSpace(q.String() + " ORDER BY " + c.Clause + " " + direction))
}

// words are a detail as one text.
func (d detail) words() string {
	switch {
	case d.Person != nil:
		return d.Person.Name
	case len(d.People) > 0:
		var names []string
		for _, u := range d.People {
			names = append(names, u.Name)
		}
		return strings.Join(names, ", ")
	case len(d.Tags) > 0:
		return strings.Join(d.Tags, ", ")
	}
	return d.Text
}
