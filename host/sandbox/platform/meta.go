package platform

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) metaOperations() []rest.Operation {
	const create = "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes"
	return []rest.Operation{
		rest.Op("GET", create, rest.ScopeRead, s.createMetaTypes),
		rest.Op("GET", create+"/{issueTypeId}", rest.ScopeRead, s.createMetaFields),
		rest.Op("GET", "/rest/api/3/issue/{issueIdOrKey}/editmeta", rest.ScopeRead, s.editMeta),
	}
}

// createProject is the project of the path, if the caller may create issues there. Jira has no 404 here.
func createProject(c *rest.Call) (*world.Project, error) {
	p := c.St.FindProject(c.PathValue("projectIdOrKey"))
	if p == nil || !c.St.CanIn(c.Who.Account, world.BrowseProjects, p) || !c.St.CanIn(c.Who.Account, world.CreateIssues, p) {
		return nil, rest.Fail(http.StatusBadRequest, "The project does not exist or you do not have permission to create issues in it.")
	}
	return p, nil
}

func (s *API) createMetaTypes(c *rest.Call) (rest.Answer, error) {
	p, err := createProject(c)
	if err != nil {
		return rest.Answer{}, err
	}
	start, size, err := c.PageBounds(50, 200)
	if err != nil {
		return rest.Answer{}, err
	}
	types := []object{}
	for _, id := range rest.Window(p.Types, start, size) {
		types = append(types, s.TypeJSON(c.St.Type(id)))
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"issueTypes": types, "startAt": start, "maxResults": size, "total": len(p.Types)}}, nil
}

func (s *API) createMetaFields(c *rest.Call) (rest.Answer, error) {
	p, err := createProject(c)
	if err != nil {
		return rest.Answer{}, err
	}
	id := world.TypeID(c.PathValue("issueTypeId"))
	if !slices.Contains(p.Types, id) {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The issue type does not exist in the project.")
	}
	start, size, err := c.PageBounds(50, 200)
	if err != nil {
		return rest.Answer{}, err
	}
	all := []object{}
	for _, m := range s.metaOf(c.St, p, id, world.OnCreate) {
		m["fieldId"] = m["key"]
		all = append(all, m)
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"fields": rest.Window(all, start, size), "startAt": start, "maxResults": size, "total": len(all)}}, nil
}

func (s *API) editMeta(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	out := object{}
	if c.St.CanDo(c.Who.Account, world.EditIssues, i) { // whoever may not edit is shown no fields
		for _, m := range s.metaOf(c.St, c.St.Project(i.Project), i.Type, world.OnEdit) {
			out[m["key"].(string)] = m
		}
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"fields": out}}, nil
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
		for _, f := range shape.AllFields(st) {
			if f.Custom != nil || writable[f.ID] != nil {
				screen = append(screen, world.ScreenField{Field: f.ID})
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
func (s *API) metaOf(st *world.State, p *world.Project, t world.TypeID, op world.Operation) []object {
	return s.describe(st, p, t, screenOf(st, p, t, op))
}

func (s *API) describe(st *world.State, p *world.Project, t world.TypeID, screen []world.ScreenField) (out []object) {
	all := shape.AllFields(st)
	for _, on := range screen {
		n := slices.IndexFunc(all, func(f shape.Field) bool { return f.ID == on.Field })
		if n < 0 {
			continue
		}
		f := all[n]
		if f.ID == "parent" && !st.Type(t).Subtask() && !on.Required && st.Type(t).Level > 0 {
			continue
		}
		m := object{
			"key": string(f.ID), "name": f.Name, "schema": f.Schema, "hasDefaultValue": false, "operations": []string{"set"},
			"required": on.Required || slices.Contains(always, f.ID) || f.ID == "parent" && st.Type(t).Subtask(),
		}
		if ops := writable[f.ID]; ops != nil {
			m["operations"] = ops
		}
		switch {
		case f.ID == "issuetype":
			m["allowedValues"] = []object{s.TypeJSON(st.Type(t))}
		case f.ID == "project":
			m["allowedValues"] = []object{s.ProjectRef(st, p)}
		case f.ID == "assignee":
			m["autoCompleteUrl"] = s.Link("/rest/api/3/user/assignable/search?project=%s&query=", p.Key)
		case f.ID == "labels":
			m["autoCompleteUrl"] = s.Link("/rest/api/1.0/labels/suggest?query=")
		case f.Custom != nil:
			context, ok := f.Custom.ContextOf(p.ID, t)
			if !ok {
				continue
			}
			if options := f.Custom.OptionsOf(p.ID, t); len(options) > 0 {
				m["allowedValues"] = s.OptionsJSON(options)
			}
			if v := s.CustomValue(st, f.Custom, context.Default); v != nil {
				m["hasDefaultValue"], m["defaultValue"] = true, v
			}
		}
		out = append(out, m)
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
		return &rest.Error{Status: http.StatusBadRequest, Fields: errs}
	}
	return nil
}

func notOnScreen(name string) string {
	return "Field '" + name + "' cannot be set. It is not on the appropriate screen, or unknown."
}

func fieldName(st *world.State, id world.FieldID) string {
	for _, f := range shape.AllFields(st) {
		if f.ID == id {
			return f.Name
		}
	}
	return string(id)
}

// empty says whether a value of a request is none.
func empty(raw json.RawMessage) bool {
	text := string(raw)
	return text == "" || text == "null" || text == `""` || text == "[]"
}
