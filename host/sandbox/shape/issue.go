package shape

import (
	"encoding/json"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// CustomValue is what an issue has in a custom field; nil for nothing.
func (s Shape) CustomValue(st *world.State, f *world.Field, raw json.RawMessage) any {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	text := Plain(raw)
	switch f.Kind {
	case world.Option:
		o := f.Option(text)
		return Object{"self": s.Link("/rest/api/3/customFieldOption/%s", o.ID), "id": o.ID, "value": o.Value}
	case world.Person:
		return s.UserOrNil(st, world.AccountID(text))
	}
	return raw
}

// Plain is a stored scalar as text.
func Plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}

// IssueJSON is an issue with those fields; with none it has no "fields" at all, as in a search for ids.
func (s Shape) IssueJSON(st *world.State, i *world.Issue, show []Field) Object {
	out := Object{
		"expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
		"id":     i.ID, "key": i.Key, "self": s.Link("/rest/api/3/issue/%s", i.ID),
	}
	values := Object{}
	for _, f := range show {
		v := f.value(s, st, i)
		if v == nil && f.ID == "parent" { // the one field that Jira leaves out where it is empty
			continue
		}
		values[string(f.ID)] = v
	}
	out["fields"] = values
	return out
}

func everybody(*world.Issue) bool { return true }

// IssueFor is [Shape.IssueJSON] without what who may not see of other issues and of comments.
func (s Shape) IssueFor(st *world.State, who world.AccountID, i *world.Issue, show []Field) Object {
	out := s.IssueJSON(st, i, show)
	values, _ := out["fields"].(Object)
	seen := func(other *world.Issue) bool { return st.Sees(who, other) }
	for name, value := range map[string]func() any{
		"subtasks":   func() any { return s.subtasksJSON(st, i, seen) },
		"issuelinks": func() any { return s.linksJSON(st, i, seen) },
		"comment":    func() any { return s.commentField(st, i, SeenComments(st, who, i)) },
	} {
		if _, asked := values[name]; asked {
			values[name] = value()
		}
	}
	return out
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
		values["priority"] = Object{
			"self": s.Link("/rest/api/3/priority/%s", p.ID), "id": p.ID, "name": p.Name, "iconUrl": s.Link("/static/status.svg"),
		}
	}
	return Object{"id": i.ID, "key": i.Key, "self": s.Link("/rest/api/3/issue/%s", i.ID), "fields": values}
}

// linksJSON are an issue's links to those issues that seen lets through.
func (s Shape) linksJSON(st *world.State, i *world.Issue, seen func(*world.Issue) bool) []Object {
	out := []Object{}
	for _, l := range i.Links {
		other, t := st.Issue(l.Other), st.LinkTypes.Get(l.Type)
		if other == nil || t == nil || !seen(other) {
			continue
		}
		end := "inwardIssue"
		if l.Out {
			end = "outwardIssue"
		}
		out = append(out, Object{
			"id": l.ID, "self": s.Link("/rest/api/3/issueLink/%s", l.ID), "type": s.LinkTypeJSON(t), end: s.RelatedJSON(st, other),
		})
	}
	return out
}

// subtasksJSON are an issue's subtasks, in the order of their keys.
func (s Shape) subtasksJSON(st *world.State, i *world.Issue, seen func(*world.Issue) bool) []Object {
	var subs []*world.Issue
	for n := range st.Children(i.ID).All() {
		if sub := st.IssueAt(n); sub != nil && st.Type(sub.Type).Subtask() && seen(sub) {
			subs = append(subs, sub)
		}
	}
	slices.SortFunc(subs, func(a, b *world.Issue) int { return world.CompareKeys(a.Key, b.Key) })
	out := []Object{}
	for _, sub := range subs {
		out = append(out, s.RelatedJSON(st, sub))
	}
	return out
}

// ChosenProperties are those of an issue's properties that have the names.
func ChosenProperties(i *world.Issue, names []string) Object {
	out := Object{}
	for _, n := range names {
		if v, ok := i.Properties[n]; ok {
			out[n] = v
		}
	}
	return out
}
