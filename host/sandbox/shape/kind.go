package shape

import (
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// TypeJSON is an issue type as the value of a field.
func (s Shape) TypeJSON(t *world.IssueType) Object {
	return Object{
		"self": s.Link("/rest/api/3/issuetype/%s", t.ID), "id": t.ID, "name": t.Name, "description": t.Description,
		"iconUrl": s.Link("/static/type-%s.svg", t.Glyph), "subtask": t.Subtask(), "hierarchyLevel": t.Level,
	}
}

// StatusCategories are Jira's three, by key.
var StatusCategories = map[string]Object{
	"new":           {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
	"indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
	"done":          {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}

// StatusJSON is a status with its category.
func (s Shape) StatusJSON(t *world.Status) Object {
	category := Object{"self": s.Link("/rest/api/3/statuscategory/%v", StatusCategories[t.Category]["id"])}
	for k, v := range StatusCategories[t.Category] {
		category[k] = v
	}
	return Object{
		"self": s.Link("/rest/api/3/status/%s", t.ID), "id": t.ID, "name": t.Name, "description": "",
		"iconUrl": s.Link("/static/status.svg"), "statusCategory": category,
	}
}

// IssueTypeJSON is an issue type with its place in the hierarchy.
func (s Shape) IssueTypeJSON(t *world.IssueType) Object {
	out := s.TypeJSON(t)
	out["subtask"], out["hierarchyLevel"] = t.Subtask(), t.Level
	return out
}

// PriorityJSON is a priority.
func (s Shape) PriorityJSON(p *world.Priority) Object {
	return Object{
		"self": s.Link("/rest/api/3/priority/%s", p.ID), "id": p.ID, "name": p.Name, "description": p.Description, "statusColor": p.Color,
		"iconUrl": s.Link("/static/status.svg"), "isDefault": p.Default,
	}
}

// ResolutionJSON is a resolution.
func (s Shape) ResolutionJSON(r *world.Resolution) Object {
	return Object{"self": s.Link("/rest/api/3/resolution/%s", r.ID), "id": r.ID, "name": r.Name, "description": r.Description}
}

// LinkTypeJSON is a type of links.
func (s Shape) LinkTypeJSON(t *world.LinkType) Object {
	return Object{
		"self": s.Link("/rest/api/3/issueLinkType/%s", t.ID), "id": t.ID, "name": t.Name, "inward": t.Inward, "outward": t.Outward,
	}
}

// OptionsJSON are the options of a field that can be chosen.
func (s Shape) OptionsJSON(options []world.FieldOption) []Object {
	out := []Object{}
	for _, o := range options {
		if !o.Disabled && o.Parent == "" {
			out = append(out, Object{"self": s.Link("/rest/api/3/customFieldOption/%s", o.ID), "id": o.ID, "value": o.Value})
		}
	}
	return out
}
