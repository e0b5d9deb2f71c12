package shape

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// IssueExpand are the names of what can be had with an issue besides its fields.
const IssueExpand = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"

// IssueJSON is an issue with those fields, and with everything in them.
func (s Shape) IssueJSON(st *world.State, i *world.Issue, show []Field) Object {
	return s.issue(view{Shape: s, st: st, all: true}, i, show)
}

// IssueFor is [Shape.IssueJSON] without what who may not see of other issues, comments and worklogs.
func (s Shape) IssueFor(st *world.State, who world.AccountID, i *world.Issue, show []Field) Object {
	return s.issue(view{Shape: s, st: st, who: who}, i, show)
}

func (s Shape) issue(v view, i *world.Issue, show []Field) Object {
	values := Object{}
	for _, f := range v.present(i, show) {
		values[string(f.ID)] = f.value(v, i)
	}
	return Object{"expand": IssueExpand, "id": i.ID, "key": i.Key, "self": s.Link("/rest/api/3/issue/%s", i.ID), "fields": values}
}

// present leaves out the fields that Jira leaves out of an issue: a parent that there is not, images, and custom fields that are not
// for issues such as this one.
func (v view) present(i *world.Issue, show []Field) []Field {
	return slices.DeleteFunc(slices.Clone(show), func(f Field) bool {
		if f.Custom != nil {
			_, has := f.Custom.ContextOf(i.Project, i.Type)
			return !has
		}
		return f.ID == "thumbnail" || f.ID == "parent" && v.st.Issue(i.Parent) == nil
	})
}

// NamesAndSchema are the names of fields, and what their values are made of.
func NamesAndSchema(show []Field) (names, schema Object) {
	names, schema = Object{}, Object{}
	for _, f := range show {
		if f.Schema != nil {
			names[string(f.ID)], schema[string(f.ID)] = f.Name, f.Schema
		}
	}
	return names, schema
}

// HistoryJSON is an entry of a changelog.
func (s Shape) HistoryJSON(st *world.State, h *world.History) Object {
	orNil := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	items := []Object{}
	for _, item := range h.Items {
		out := Object{
			"field": item.Field, "fieldtype": item.FieldType, "from": orNil(item.From), "fromString": orNil(item.FromString),
			"to": orNil(item.To), "toString": orNil(item.ToString),
		}
		if item.FieldID != "" {
			out["fieldId"] = item.FieldID
		}
		items = append(items, out)
	}
	out := Object{"id": h.ID, "created": h.Created.Format(JiraTime), "items": items}
	if u := s.UserOrNil(st, h.Author); u != nil {
		out["author"] = u
	}
	return out
}

// MadeJSON is what names an issue that was made.
func (s Shape) MadeJSON(i *world.Issue) Object {
	return Object{"id": i.ID, "key": i.Key, "self": s.Link("/rest/api/3/issue/%s", i.ID)}
}

// RelatedJSON is an issue as others name it: parents, subtasks and ends of links.
func (s Shape) RelatedJSON(st *world.State, i *world.Issue) Object {
	values := Object{"summary": i.Summary, "status": s.StatusJSON(st.Status(i.Status)), "issuetype": s.TypeJSON(st.Type(i.Type))}
	if p := st.Priorities.Get(i.Priority); p != nil {
		values["priority"] = s.PriorityRef(p)
	}
	return Object{"id": i.ID, "key": i.Key, "self": s.Link("/rest/api/3/issue/%s", i.ID), "fields": values}
}

// ChosenProperties are those of an issue's properties that have the names; "*all" names all, and a dash leaves one out.
func ChosenProperties(i *world.Issue, names []string) Object {
	out := Object{}
	for n, name := range names {
		without, less := strings.CutPrefix(name, "-")
		switch v, ok := i.Properties[name]; {
		case name == "*all" || less && n == 0:
			for key, v := range i.Properties {
				out[key] = v
			}
			delete(out, without)
		case less:
			delete(out, without)
		case ok:
			out[name] = v
		}
	}
	return out
}
