package desk

import (
	"encoding/json"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Value is what a request has in a field of its form.
type Value struct {
	Field  Field
	Text   string        // in words
	HTML   template.HTML // of rich texts only
	stored json.RawMessage
}

// Values lists what a request has in the fields that customers see of its form, as the form has them.
func Values(st *world.State, who world.AccountID, i *world.Issue) []Value {
	t, _ := TypeOf(st, i)
	var out []Value
	for _, f := range Fields(st, who, t) {
		if f.Hidden || f.Kind == Attachments {
			continue
		}
		v := Value{Field: f, stored: stored(i, f)}
		if nothing(v.stored) {
			continue
		}
		if f.Kind == world.TextArea {
			v.HTML = adf.HTML(v.stored)
		}
		v.Text = inWords(st, who, v)
		out = append(out, v)
	}
	return out
}

// stored is a field's value as an issue keeps custom fields.
func stored(i *world.Issue, f Field) json.RawMessage {
	if f.Custom != nil {
		return i.Custom[f.Field]
	}
	switch f.Field {
	case "summary":
		return encoded(i.Summary)
	case "description":
		return i.Description
	case "environment":
		return i.Environment
	case "priority":
		return encoded(i.Priority)
	case "duedate":
		return encoded(i.Due)
	case "labels":
		return encoded(i.Labels)
	case "components":
		return encoded(i.Components)
	case "versions":
		return encoded(i.Affects)
	case "fixVersions":
		return encoded(i.Fixes)
	case "assignee":
		return encoded(i.Assignee)
	}
	return nil
}

// words are the strings of a value: itself, or its items.
func words(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		list = []string{shape.Plain(raw)}
	}
	return list
}

func inWords(st *world.State, who world.AccountID, v Value) string {
	list := words(v.stored)
	switch v.Field.Kind {
	case world.TextArea:
		return adf.Plain(v.stored)
	case world.Date:
		if t, err := time.Parse(time.DateOnly, list[0]); err == nil {
			return t.Format("2 Jan 2006")
		}
	case world.DateTime:
		if t, err := time.Parse(time.RFC3339, list[0]); err == nil {
			return t.In(zoneOf(st, who)).Format("2 Jan 2006, 15:04")
		}
	}
	for n := range list {
		list[n] = label(st, v.Field, list[n])
	}
	if v.Field.Kind == world.Cascading {
		return strings.Join(list, " › ")
	}
	return strings.Join(list, ", ")
}

// label is what people call a value that is kept by its id. Things that are not offered any more have their names still.
func label(st *world.State, f Field, id string) string {
	switch f.Kind {
	case world.Option, world.Options, world.Radio, world.Cascading:
		if f.Custom != nil {
			return f.Custom.Option(id).Value
		}
	case world.Person, world.People:
		if u := st.User(world.AccountID(id)); u != nil {
			return u.Name
		}
	case world.ProjectOf:
		if p := st.Project(world.ProjectID(id)); p != nil {
			return p.Name
		}
	case world.VersionOf:
		if v := st.Versions.Get(world.VersionID(id)); v != nil {
			return v.Name
		}
	}
	if n := slices.IndexFunc(f.Choices, func(c Choice) bool { return c.Value == id }); n >= 0 {
		return f.Choices[n].Label
	}
	return id
}

// valueJSON is a value as REST shows it to customers.
func (s *API) valueJSON(st *world.State, who world.AccountID, v Value) any {
	list := words(v.stored)
	one := func(id string) any { return s.thingJSON(st, v.Field, id) }
	switch v.Field.Kind {
	case world.Text, world.URL, world.TextArea:
		return v.Text
	case world.Number, world.Object:
		return v.stored
	case world.Labels:
		return list
	case world.Date:
		if t, err := time.Parse(time.DateOnly, list[0]); err == nil {
			return object{"iso8601": list[0], "jira": list[0], "friendly": t.Format("02/Jan/06"), "epochMillis": t.UnixMilli()}
		}
	case world.DateTime:
		if t, err := time.Parse(time.RFC3339, list[0]); err == nil {
			return s.date(st, who, t)
		}
	case world.Cascading:
		out, _ := one(list[0]).(object)
		if len(list) > 1 {
			out["child"] = one(list[1])
		}
		return out
	case world.Options, world.People, world.GroupsOf, world.VersionOf:
		out := []any{}
		for _, id := range list {
			out = append(out, one(id))
		}
		return out
	}
	return one(list[0])
}

func (s *API) thingJSON(st *world.State, f Field, id string) any {
	name := label(st, f, id)
	switch {
	case f.Kind == world.Person || f.Kind == world.People:
		return s.UserOrNil(st, world.AccountID(id))
	case f.Kind == world.GroupOf || f.Kind == world.GroupsOf:
		return object{"name": id}
	case f.Kind == world.ProjectOf:
		if p := st.Project(world.ProjectID(id)); p != nil {
			return s.ProjectRef(st, p)
		}
		return nil
	case f.Kind == world.VersionOf:
		return object{"self": s.Link("/rest/api/2/version/%s", id), "id": id, "name": name}
	case f.Field == "priority":
		return object{"self": s.Link("/rest/api/2/priority/%s", id), "id": id, "name": name}
	case f.Field == "components":
		return object{"self": s.Link("/rest/api/2/component/%s", id), "id": id, "name": name}
	}
	return object{"self": s.Link("/rest/api/2/customFieldOption/%s", id), "id": id, "value": name}
}
