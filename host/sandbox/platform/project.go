package platform

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) projectOperations() []rest.Operation {
	const project = "/rest/api/3/project/{projectIdOrKey}"
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/project", rest.ScopeRead, s.listProjects),
		rest.Op("GET", "/rest/api/3/project/search", rest.ScopeRead, s.searchProjects),
		rest.Op("GET", project, rest.ScopeRead, s.getProject),
		rest.Op("GET", project+"/properties", rest.ScopeRead, s.listProjectProperties),
		rest.Op("GET", project+"/properties/{propertyKey}", rest.ScopeRead, s.getProjectProperty),
		rest.Op("PUT", project+"/properties/{propertyKey}", rest.ScopeWrite, s.setProjectProperty),
		rest.Op("DELETE", project+"/properties/{propertyKey}", rest.ScopeDelete, s.deleteProjectProperty),
		rest.Op("GET", project+"/role", rest.ScopeRead, s.listProjectRoles),
		rest.Op("GET", project+"/role/{id}", rest.ScopeRead, s.getProjectRole),
	}
}

func (s *API) listProjects(c *rest.Call) (rest.Answer, error) {
	expand, names := rest.SplitNames(c.URL.Query()["expand"]), rest.SplitNames(c.URL.Query()["properties"])
	out := []object{}
	for _, p := range shape.VisibleProjects(c.St, c.Who.Account) {
		row, full := s.ProjectJSON(c.St, p, false), s.ProjectJSON(c.St, p, true)
		for _, name := range []string{"description", "lead", "issueTypes"} {
			if slices.Contains(expand, name) {
				row[name] = full[name]
			}
		}
		properties := object{}
		for _, name := range names {
			if v, ok := p.Properties[name]; ok {
				properties[name] = v
			}
		}
		row["properties"] = properties
		out = append(out, row)
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) listProjectProperties(c *rest.Call) (rest.Answer, error) {
	p, err := c.Project(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: rest.KeysJSON(p.Properties, func(k string) string {
		return s.Link("/rest/api/3/project/%s/properties/%s", p.ID, url.PathEscape(k))
	})}, nil
}

func (s *API) getProjectProperty(c *rest.Call) (rest.Answer, error) {
	p, err := c.Project(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	key := c.PathValue("propertyKey")
	v, ok := p.Properties[key]
	if !ok {
		return rest.Answer{}, rest.NoProperty(key)
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"key": key, "value": v}}, nil
}

// changeProject changes the project of the path, as somebody who administers it; change gets a copy.
func (s *API) changeProject(c *rest.Call, change func(*world.Project) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		p, err := c.Project(tx.State)
		if err != nil {
			return err
		}
		if !c.AdministersProject(tx.State, p) {
			return rest.Fail(http.StatusForbidden, "You do not have permission to administer the project '%s'.", p.Key)
		}
		p = world.Edit(p)
		if err := change(p); err != nil {
			return err
		}
		return tx.Put(p)
	})
}

func (s *API) setProjectProperty(c *rest.Call) (rest.Answer, error) {
	value, err := c.PropertyValue()
	if err != nil {
		return rest.Answer{}, err
	}
	key, status := c.PathValue("propertyKey"), http.StatusOK
	err = s.changeProject(c, func(p *world.Project) error {
		if p.Properties == nil {
			p.Properties = map[string]json.RawMessage{}
		}
		if _, ok := p.Properties[key]; !ok {
			status = http.StatusCreated
		}
		p.Properties[key] = value
		return nil
	})
	return rest.Answer{Status: status}, err
}

func (s *API) deleteProjectProperty(c *rest.Call) (rest.Answer, error) {
	key := c.PathValue("propertyKey")
	err := s.changeProject(c, func(p *world.Project) error {
		if _, ok := p.Properties[key]; !ok {
			return rest.NoProperty(key)
		}
		delete(p.Properties, key)
		return nil
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

// projectForRoles is the project of the path, if the caller administers it: nobody else reads who has which role.
func projectForRoles(c *rest.Call) (*world.Project, error) {
	p, err := c.Project(c.St)
	if err != nil {
		return nil, err
	}
	if !c.AdministersProject(c.St, p) {
		return nil, rest.Fail(http.StatusNotFound, "You do not have permission to administer the project '%s'.", p.Key)
	}
	return p, nil
}

func (s *API) listProjectRoles(c *rest.Call) (rest.Answer, error) {
	p, err := projectForRoles(c)
	if err != nil {
		return rest.Answer{}, err
	}
	out := object{}
	for r := range c.St.Roles.All() {
		out[r.Name] = s.Link("/rest/api/3/project/%s/role/%s", p.ID, r.ID)
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) getProjectRole(c *rest.Call) (rest.Answer, error) {
	p, err := projectForRoles(c)
	if err != nil {
		return rest.Answer{}, err
	}
	r := c.St.Roles.Get(world.RoleID(c.PathValue("id")))
	if r == nil {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "Can not retrieve a role actor for a null project role.")
	}
	actors := []object{}
	for n, h := range p.Actors[r.ID] {
		a := object{"id": 10000 + n, "name": h.Value, "displayName": h.Value}
		switch u, g := c.St.User(world.AccountID(h.Value)), c.St.Groups.Get(world.GroupName(h.Value)); {
		case h.Kind == world.ByUser && u != nil:
			a["type"], a["displayName"], a["actorUser"] = "atlassian-user-role-actor", u.Name, object{"accountId": u.Account}
			delete(a, "name")
		case h.Kind == world.ByGroup && g != nil:
			a["type"], a["actorGroup"] = "atlassian-group-role-actor", object{"name": g.Name, "displayName": g.Name, "groupId": g.ID}
		default:
			continue
		}
		actors = append(actors, a)
	}
	id, err := strconv.ParseInt(string(r.ID), 10, 64)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"self": s.Link("/rest/api/3/project/%s/role/%s", p.ID, r.ID), "id": id, "name": r.Name, "description": r.Description, "actors": actors,
	}}, nil
}

// categoryInput is what creating and changing a project category take.
type categoryInput struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
}

// fill writes what was given into a category, and keeps it.
func (in categoryInput) fill(tx *world.Tx, k *world.Category) error {
	errs := map[string]string{}
	if in.Name != nil {
		k.Name = strings.TrimSpace(*in.Name)
	}
	if in.Description != nil {
		k.Description = *in.Description
	}
	if k.Name == "" || len([]rune(k.Name)) > 255 {
		errs["name"] = "The name must have between 1 and 255 characters."
	}
	if len([]rune(k.Description)) > 1000 {
		errs["description"] = "The description must not have more than 1000 characters."
	}
	if len(errs) > 0 {
		return &rest.Error{Status: http.StatusBadRequest, Fields: errs}
	}
	return tx.Put(k)
}

func noCategory(id string) error {
	return rest.Fail(http.StatusNotFound, "The project category with ID '%s' does not exist.", id)
}

func (s *API) getProject(c *rest.Call) (rest.Answer, error) {
	p := c.St.FindProject(c.PathValue("projectIdOrKey"))
	if !c.St.CanIn(c.Who.Account, world.BrowseProjects, p) {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "No project could be found with key '%s'.", c.PathValue("projectIdOrKey"))
	}
	return rest.Answer{Status: http.StatusOK, Body: s.ProjectJSON(c.St, p, true)}, nil
}
