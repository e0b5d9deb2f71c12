package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) metaOperations() []operation {
	const create = "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes"
	return []operation{
		{"GET", create, scopeRead, false, s.createMetaTypes},
		{"GET", create + "/{issueTypeId}", scopeRead, false, s.createMetaFields},
		{"GET", "/rest/api/3/issue/{issueIdOrKey}/editmeta", scopeRead, false, s.editMeta},
	}
}

// createProject is the project of the path, if the caller may create issues there. Jira has no 404 here.
func (c *call) createProject() (*world.Project, error) {
	p := c.st.FindProject(c.PathValue("projectIdOrKey"))
	if p == nil || !c.st.CanIn(c.who.account, world.BrowseProjects, p) || !c.st.CanIn(c.who.account, world.CreateIssues, p) {
		return nil, fail(http.StatusBadRequest, "The project does not exist or you do not have permission to create issues in it.")
	}
	return p, nil
}

func (s *Site) createMetaTypes(c *call) (answer, error) {
	p, err := c.createProject()
	if err != nil {
		return answer{}, err
	}
	start, size, err := c.pageBounds(50, 200)
	if err != nil {
		return answer{}, err
	}
	types := []object{}
	for _, id := range window(p.Types, start, size) {
		types = append(types, s.typeJSON(c.st.Type(id)))
	}
	return answer{http.StatusOK, object{"issueTypes": types, "startAt": start, "maxResults": size, "total": len(p.Types)}}, nil
}

func (s *Site) createMetaFields(c *call) (answer, error) {
	p, err := c.createProject()
	if err != nil {
		return answer{}, err
	}
	id := world.TypeID(c.PathValue("issueTypeId"))
	if !slices.Contains(p.Types, id) {
		return answer{}, fail(http.StatusBadRequest, "The issue type does not exist in the project.")
	}
	start, size, err := c.pageBounds(50, 200)
	if err != nil {
		return answer{}, err
	}
	all := []object{}
	for _, m := range s.metaOf(c.st, p, id, world.OnCreate) {
		m["fieldId"] = m["key"]
		all = append(all, m)
	}
	return answer{http.StatusOK, object{"fields": window(all, start, size), "startAt": start, "maxResults": size, "total": len(all)}}, nil
}

func (s *Site) editMeta(c *call) (answer, error) {
	i, err := c.issue(c.st)
	if err != nil {
		return answer{}, err
	}
	out := object{}
	if c.st.CanDo(c.who.account, world.EditIssues, i) { // whoever may not edit is shown no fields
		for _, m := range s.metaOf(c.st, c.st.Project(i.Project), i.Type, world.OnEdit) {
			out[m["key"].(string)] = m
		}
	}
	return answer{http.StatusOK, object{"fields": out}}, nil
}

// writable are the system fields that the REST interface takes, with the operations that Jira names for them.
var writable = map[world.FieldID][]string{
	"summary": {"set"}, "issuetype": {}, "project": {"set"}, "description": {"set"}, "assignee": {"set"},
	"labels": {"add", "set", "remove"}, "parent": {"set"},
}

// always are the fields that every issue needs.
var always = []world.FieldID{"summary", "issuetype", "project"}

// screenOf is what the operation shows for issues of the type: where no screen is in use, all fields that can be written.
func screenOf(st *world.State, p *world.Project, t world.TypeID, op world.Operation) []world.ScreenField {
	screen := st.ScreenFor(p.ID, t, op)
	if screen == nil {
		for _, f := range allFields(st) {
			if f.custom != nil || writable[f.id] != nil {
				screen = append(screen, world.ScreenField{Field: f.id})
			}
		}
	}
	if op != world.OnCreate {
		return slices.DeleteFunc(slices.Clone(screen), func(f world.ScreenField) bool { return f.Field == "project" })
	}
	for _, id := range always {
		if !slices.ContainsFunc(screen, func(f world.ScreenField) bool { return f.Field == id }) {
			screen = append(screen, world.ScreenField{Field: id})
		}
	}
	return screen
}

// metaOf describes the fields of a screen.
func (s *Site) metaOf(st *world.State, p *world.Project, t world.TypeID, op world.Operation) []object {
	return s.describe(st, p, t, screenOf(st, p, t, op))
}

func (s *Site) describe(st *world.State, p *world.Project, t world.TypeID, screen []world.ScreenField) (out []object) {
	all := allFields(st)
	for _, on := range screen {
		n := slices.IndexFunc(all, func(f field) bool { return f.id == on.Field })
		if n < 0 {
			continue
		}
		f := all[n]
		if f.id == "parent" && !st.Type(t).Subtask() && !on.Required && st.Type(t).Level > 0 {
			continue
		}
		m := object{
			"key": string(f.id), "name": f.name, "schema": f.schema, "hasDefaultValue": false, "operations": []string{"set"},
			"required": on.Required || slices.Contains(always, f.id) || f.id == "parent" && st.Type(t).Subtask(),
		}
		if ops := writable[f.id]; ops != nil {
			m["operations"] = ops
		}
		switch {
		case f.id == "issuetype":
			m["allowedValues"] = []object{s.typeJSON(st.Type(t))}
		case f.id == "project":
			m["allowedValues"] = []object{s.projectRef(st, p)}
		case f.id == "assignee":
			m["autoCompleteUrl"] = s.link("/rest/api/3/user/assignable/search?project=%s&query=", p.Key)
		case f.id == "labels":
			m["autoCompleteUrl"] = s.link("/rest/api/1.0/labels/suggest?query=")
		case f.custom != nil:
			context, ok := f.custom.ContextOf(p.ID, t)
			if !ok {
				continue
			}
			if options := f.custom.OptionsOf(p.ID, t); len(options) > 0 {
				m["allowedValues"] = s.optionsJSON(options)
			}
			if v := s.customValue(st, f.custom, context.Default); v != nil {
				m["hasDefaultValue"], m["defaultValue"] = true, v
			}
		}
		out = append(out, m)
	}
	return out
}

func (s *Site) optionsJSON(options []world.FieldOption) []object {
	out := []object{}
	for _, o := range options {
		if !o.Disabled && o.Parent == "" {
			out = append(out, object{"self": s.link("/rest/api/3/customFieldOption/%s", o.ID), "id": o.ID, "value": o.Value})
		}
	}
	return out
}

// checkScreen refuses values of fields that the operation does not show, and required ones that stay empty: on creation all of them,
// on an edit those that are given.
func checkScreen(st *world.State, who world.AccountID, i *world.Issue, values issueFields, op world.Operation) error {
	errs := map[string]string{}
	if raw := values["parent"]; !empty(raw) && issueRef(st, who, raw) == nil {
		errs["parent"] = "Could not find issue by id or key."
	}
	screen := st.ScreenFor(i.Project, i.Type, op)
	if screen != nil {
		for name := range values {
			shown := slices.ContainsFunc(screen, func(f world.ScreenField) bool { return string(f.Field) == name })
			if !shown && !(op == world.OnCreate && (slices.Contains(always, world.FieldID(name)) || name == "parent")) {
				errs[name] = notOnScreen(name)
			}
		}
	}
	for _, f := range screen {
		if raw, given := values[string(f.Field)]; f.Required && (given && empty(raw) || !given && op == world.OnCreate) && !slices.Contains(always, f.Field) {
			errs[string(f.Field)] = fieldName(st, f.Field) + " is required."
		}
	}
	if len(errs) > 0 {
		return &restError{status: http.StatusBadRequest, fields: errs}
	}
	return nil
}

func notOnScreen(name string) string {
	return "Field '" + name + "' cannot be set. It is not on the appropriate screen, or unknown."
}

func fieldName(st *world.State, id world.FieldID) string {
	for _, f := range allFields(st) {
		if f.id == id {
			return f.name
		}
	}
	return string(id)
}

// empty says whether a value of a request is none.
func empty(raw json.RawMessage) bool {
	text := string(raw)
	return text == "" || text == "null" || text == `""` || text == "[]"
}
