package page

import (
	"encoding/json"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// detail is a field of an issue as its page shows it, in one of these forms. One with nothing is empty.
type detail struct {
	ID, Name string
	Text     string
	Person   *world.User
	People   []*world.User
	Tags     []string
	Link     string
	Document template.HTML
	Color    string // class of a dot before the text
}

// Empty says whether there is nothing to show.
func (d detail) Empty() bool {
	return d.Text == "" && d.Person == nil && len(d.People) == 0 && len(d.Tags) == 0 && d.Document == ""
}

// details are an issue's fields: those that stand open, and those that one looks at now and then.
func (v *view) details(i *world.Issue) (open, more []detail) {
	st := v.st
	person := func(id, name string, a world.AccountID) detail { return detail{ID: id, Name: name, Person: st.User(a)} }
	open = append(open, person("assignee", "Assignee", i.Assignee), person("reporter", "Reporter", i.Reporter))
	if p := st.Priorities.Get(i.Priority); p != nil {
		open = append(open, detail{ID: "priority", Name: "Priority", Text: p.Name})
	}
	if r := st.Resolutions.Get(i.Resolution); r != nil {
		open = append(open, detail{ID: "resolution", Name: "Resolution", Text: r.Name})
	}
	open = append(open, detail{ID: "labels", Name: "Labels", Tags: i.Labels})
	open = append(open, v.parts(i)...)
	if i.Due != "" {
		open = append(open, detail{ID: "duedate", Name: "Due date", Text: i.Due})
	}
	for f := range st.Fields.All() {
		if _, ok := f.ContextOf(i.Project, i.Type); ok || len(i.Custom[f.ID]) > 0 {
			open = append(open, v.customDetail(f, i.Custom[f.ID]))
		}
	}
	if _, level := st.Level(i.Security); level != nil {
		more = append(more, detail{ID: "security", Name: "Security level", Text: level.Name})
	}
	if doc := adf.HTML(i.Environment); doc != "" {
		more = append(more, detail{ID: "environment", Name: "Environment", Document: doc})
	}
	if i.Estimate+i.Remaining+i.Spent > 0 {
		more = append(more, detail{ID: "timetracking", Name: "Time", Text: shape.Duration(i.Spent) + " logged, " + shape.Duration(i.Remaining) + " remaining"})
	}
	if i.Creator != i.Reporter {
		more = append(more, person("creator", "Creator", i.Creator))
	}
	return open, more
}

// parts are the components and versions of an issue.
func (v *view) parts(i *world.Issue) []detail {
	var components, fixes, affects []string
	for _, id := range i.Components {
		if c := v.st.Components.Get(id); c != nil {
			components = append(components, c.Name)
		}
	}
	version := func(ids []world.VersionID) (names []string) {
		for _, id := range ids {
			if x := v.st.Versions.Get(id); x != nil {
				names = append(names, x.Name)
			}
		}
		return names
	}
	fixes, affects = version(i.Fixes), version(i.Affects)
	var out []detail
	if components != nil || len(v.st.ComponentsOf(i.Project)) > 0 {
		out = append(out, detail{ID: "components", Name: "Components", Tags: components})
	}
	if fixes != nil || affects != nil || len(v.st.VersionsOf(i.Project)) > 0 {
		out = append(out, detail{ID: "fixVersions", Name: "Fix versions", Tags: fixes}, detail{ID: "versions", Name: "Affects versions", Tags: affects})
	}
	return out
}

// customDetail is the value of a custom field.
func (v *view) customDetail(f *world.Field, raw json.RawMessage) detail {
	d := detail{ID: string(f.ID), Name: f.Name}
	if len(raw) == 0 {
		return d
	}
	var list []string
	_ = json.Unmarshal(raw, &list) // what is no list is one value
	one := shape.Plain(raw)
	switch f.Kind {
	case world.TextArea:
		d.Document = adf.HTML(raw)
	case world.Option, world.Radio:
		d.Text = f.Option(one).Value
	case world.Options:
		for _, id := range list {
			d.Tags = append(d.Tags, f.Option(id).Value)
		}
	case world.Cascading:
		var names []string
		for _, id := range list {
			names = append(names, f.Option(id).Value)
		}
		d.Text = strings.Join(names, " / ")
	case world.Person:
		if d.Person = v.st.User(world.AccountID(one)); d.Person == nil {
			d.Text = one
		}
	case world.People:
		for _, a := range list {
			if u := v.st.User(world.AccountID(a)); u != nil {
				d.People = append(d.People, u)
			}
		}
	case world.Number:
		d.Text = one
		if n, err := strconv.ParseFloat(one, 64); err == nil {
			d.Text = strconv.FormatFloat(n, 'f', -1, 64)
		}
	case world.URL:
		d.Text = one
		if u, err := url.Parse(one); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			d.Link = one
		}
	case world.DateTime:
		d.Text = one
		if t, err := time.Parse(time.RFC3339, one); err == nil {
			d.Text = t.Format("2 Jan 2006, 15:04")
		}
	case world.Labels, world.GroupsOf:
		d.Tags = list
	case world.VersionOf:
		for _, id := range list {
			if x := v.st.Versions.Get(world.VersionID(id)); x != nil {
				d.Tags = append(d.Tags, x.Name)
			}
		}
	case world.ProjectOf:
		if p := v.st.Project(world.ProjectID(one)); p != nil {
			d.Text = p.Name
		}
	default:
		d.Text = one
	}
	return d
}

func pathEscape(text string) string { return strings.ReplaceAll(url.PathEscape(text), "'", "%27") }
