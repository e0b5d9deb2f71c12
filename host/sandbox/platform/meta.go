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
	at := place{st: c.St, who: c.Who.Account, p: p, t: id}
	for _, m := range s.describe(at, world.OnCreate, at.screen(world.OnCreate)) {
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
	return rest.Answer{Status: http.StatusOK, Body: s.editMetaJSON(c.St, c.Who.Account, i)}, nil
}

// editMetaJSON describes the fields that somebody may edit; whoever may not edit is shown none.
func (s *API) editMetaJSON(st *world.State, who world.AccountID, i *world.Issue) object {
	out := object{}
	if st.CanDo(who, world.EditIssues, i) {
		at := placeOf(st, who, i)
		for _, m := range s.describe(at, world.OnEdit, at.screen(world.OnEdit)) {
			out[m["key"].(string)] = m
		}
	}
	return object{"fields": out}
}

// describe says of each field of a screen what it takes.
func (s *API) describe(at place, op world.Operation, screen []world.ScreenField) (out []object) {
	for _, on := range screen {
		f, ok := shape.FieldNamed(at.st, string(on.Field))
		ed, writable := editorOf(at.st, at.p.ID, at.t, on.Field)
		if !ok || !writable && on.Field != "project" {
			continue
		}
		m := object{
			"key": f.Key, "name": f.Name, "schema": f.Schema, "hasDefaultValue": false, "operations": ed.verbs,
			"required": on.Required || f.ID == "parent" && at.st.Type(at.t).Subtask(),
		}
		switch f.ID {
		case "project":
			m["operations"] = []string{"set"}
		case "issuetype":
			m["operations"] = []string{}
		}
		if values, limited := s.allowedValues(at, op, f); limited {
			m["allowedValues"] = values
		}
		if url := s.suggestions(at, f); url != "" {
			m["autoCompleteUrl"] = url
		}
		if v := s.startValue(at, f); v != nil {
			m["hasDefaultValue"], m["defaultValue"] = true, v
		}
		out = append(out, m)
	}
	return out
}

// allowedValues are what a field can have, where that is a list; limited says whether it is.
func (s *API) allowedValues(at place, op world.Operation, f shape.Field) (values []object, limited bool) {
	values = []object{}
	add := func(v object) { values = append(values, v) }
	kind := world.Kind(f.ID)
	if f.Custom != nil {
		kind = f.Custom.Kind
	}
	switch kind {
	case "issuetype":
		types := []world.TypeID{at.t}
		if op == world.OnEdit {
			types = otherTypes(at.st, at.i)
		}
		for _, id := range types {
			add(s.TypeJSON(at.st.Type(id)))
		}
	case "project":
		if f.Custom == nil {
			return []object{s.ProjectRef(at.st, at.p)}, true
		}
		for _, p := range shape.VisibleProjects(at.st, at.who) {
			add(s.ProjectRef(at.st, p))
		}
	case "priority":
		for _, p := range prioritiesInOrder(at.st) {
			add(s.PriorityRef(p))
		}
	case "resolution":
		for r := range at.st.Resolutions.All() {
			add(s.ResolutionJSON(r))
		}
	case "components":
		for _, c := range at.st.ComponentsOf(at.p.ID) {
			add(s.ComponentRef(c))
		}
	case "versions", "fixVersions": // fields of the system, and custom ones
		for _, v := range at.st.VersionsOf(at.p.ID) {
			if !v.Archived {
				add(s.VersionRef(v))
			}
		}
	case "security":
		i := &world.Issue{Project: at.p.ID, Reporter: at.who}
		if at.i != nil {
			i = at.i
		}
		for _, l := range levelsFor(at.st, at.who, at.p, i) {
			add(s.LevelRef(&l))
		}
	case world.Option, world.Options, world.Radio, world.Cascading:
		offered := slices.DeleteFunc(slices.Clone(f.Custom.OptionsOf(at.p.ID, at.t)), func(o world.FieldOption) bool { return !selectable(o, at.p.ID) })
		return s.OptionsJSON(offered), true
	default:
		return nil, false
	}
	return values, true
}

// suggestions is where a page looks for values while somebody types, "" for a field that has no such thing.
func (s *API) suggestions(at place, f shape.Field) string {
	kind, number := world.Kind(f.ID), int64(0)
	if f.Custom != nil {
		kind, number = f.Custom.Kind, f.Custom.Number
	}
	switch kind {
	case "assignee":
		if at.i != nil {
			return s.Link("/rest/api/3/user/assignable/search?issueKey=%s&query=", at.i.Key)
		}
		return s.Link("/rest/api/3/user/assignable/search?project=%s&query=", at.p.Key)
	case "reporter":
		return s.Link("/rest/api/3/user/search?query=")
	case "issuelinks":
		return s.Link("/rest/api/3/issue/picker?currentProjectId=&showSubTaskParent=true&showSubTasks=true&query=")
	case "labels":
		if f.Custom != nil {
			return s.Link("/rest/api/1.0/labels/suggest?customFieldId=%d&query=", number)
		}
		return s.Link("/rest/api/1.0/labels/suggest?query=")
	case world.Person, world.People:
		return s.Link("/rest/api/1.0/users/picker?fieldName=%s&showAvatar=true&query=", f.ID)
	case world.GroupOf, world.GroupsOf:
		return s.Link("/rest/api/3/groups/picker?fieldId=%s&query=", f.ID)
	}
	return ""
}

// startValue is what the field has in an issue of which nobody says anything else, nil for nothing.
func (s *API) startValue(at place, f shape.Field) any {
	if f.Custom != nil {
		x, _ := f.Custom.ContextOf(at.p.ID, at.t)
		return s.CustomValue(at.st, f.Custom, x.Default)
	}
	switch f.ID {
	case "priority":
		if p := at.st.Priorities.First(func(p *world.Priority) bool { return p.Default }); p != nil {
			return s.PriorityRef(p)
		}
	case "security":
		if scheme := at.st.SecuritySchemes.Get(at.p.Security); scheme != nil {
			if _, l := at.st.Level(scheme.Default); l != nil {
				return s.LevelRef(l)
			}
		}
	}
	return nil
}

func notOnScreen(name string) string {
	return "Field '" + name + "' cannot be set. It is not on the appropriate screen, or unknown."
}

func fieldName(st *world.State, id world.FieldID) string {
	if f, ok := shape.FieldNamed(st, string(id)); ok {
		return f.Name
	}
	return string(id)
}

// empty says whether a value of a request is none.
func empty(raw json.RawMessage) bool {
	text := string(raw)
	return text == "" || text == "null" || text == `""` || text == "[]"
}
