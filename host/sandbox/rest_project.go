package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) projectOperations() []operation {
	const project, category = "/rest/api/3/project/{projectIdOrKey}", "/rest/api/3/projectCategory"
	return []operation{
		{"GET", "/rest/api/3/project", scopeRead, false, s.listProjects},
		{"GET", project + "/properties", scopeRead, false, s.listProjectProperties},
		{"GET", project + "/properties/{propertyKey}", scopeRead, false, s.getProjectProperty},
		{"PUT", project + "/properties/{propertyKey}", scopeWrite, false, s.setProjectProperty},
		{"DELETE", project + "/properties/{propertyKey}", scopeDelete, false, s.deleteProjectProperty},
		{"GET", project + "/role", scopeRead, false, s.listProjectRoles},
		{"GET", project + "/role/{id}", scopeRead, false, s.getProjectRole},
		{"POST", category, scopeAdmin, false, s.createCategory},
		{"GET", category + "/{id}", scopeRead, false, s.getCategory},
		{"PUT", category + "/{id}", scopeAdmin, false, s.updateCategory},
		{"DELETE", category + "/{id}", scopeAdmin, false, s.deleteCategory},
	}
}

// project returns the project of the path, if the caller may see it.
func (c *call) project(st *world.State) (*world.Project, error) {
	name := c.PathValue("projectIdOrKey")
	p := st.FindProject(name)
	switch {
	case st.CanIn(c.who.account, world.BrowseProjects, p):
		return p, nil
	case strings.Trim(name, "0123456789") == "":
		return nil, fail(http.StatusNotFound, "No project could be found with id '%s'.", name)
	}
	return nil, fail(http.StatusNotFound, "No project could be found with key '%s'.", name)
}

// administersProject says whether the caller may change what the project has.
func (c *call) administersProject(st *world.State, p *world.Project) bool {
	return st.CanIn(c.who.account, world.AdministerProject, p) || !p.Archived && !p.Trashed && c.administers(st)
}

func (s *Site) listProjects(c *call) (answer, error) {
	expand, names := splitNames(c.URL.Query()["expand"]), splitNames(c.URL.Query()["properties"])
	out := []object{}
	for _, p := range visibleProjects(c.st, c.who.account) {
		row, full := s.projectJSON(c.st, p, false), s.projectJSON(c.st, p, true)
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
	return answer{http.StatusOK, out}, nil
}

func (s *Site) listProjectProperties(c *call) (answer, error) {
	p, err := c.project(c.st)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, keysJSON(p.Properties, func(k string) string {
		return s.link("/rest/api/3/project/%s/properties/%s", p.ID, url.PathEscape(k))
	})}, nil
}

func (s *Site) getProjectProperty(c *call) (answer, error) {
	p, err := c.project(c.st)
	if err != nil {
		return answer{}, err
	}
	key := c.PathValue("propertyKey")
	v, ok := p.Properties[key]
	if !ok {
		return answer{}, noProperty(key)
	}
	return answer{http.StatusOK, object{"key": key, "value": v}}, nil
}

// changeProject changes the project of the path, as somebody who administers it; change gets a copy.
func (s *Site) changeProject(c *call, change func(*world.Project) error) error {
	return s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		p, err := c.project(tx.State)
		if err != nil {
			return err
		}
		if !c.administersProject(tx.State, p) {
			return fail(http.StatusForbidden, "You do not have permission to administer the project '%s'.", p.Key)
		}
		p = world.Edit(p)
		if err := change(p); err != nil {
			return err
		}
		return tx.Put(p)
	})
}

func (s *Site) setProjectProperty(c *call) (answer, error) {
	value, err := c.propertyValue()
	if err != nil {
		return answer{}, err
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
	return answer{status: status}, err
}

func (s *Site) deleteProjectProperty(c *call) (answer, error) {
	key := c.PathValue("propertyKey")
	err := s.changeProject(c, func(p *world.Project) error {
		if _, ok := p.Properties[key]; !ok {
			return noProperty(key)
		}
		delete(p.Properties, key)
		return nil
	})
	return answer{status: http.StatusNoContent}, err
}

// projectForRoles is the project of the path, if the caller administers it: nobody else reads who has which role.
func (c *call) projectForRoles() (*world.Project, error) {
	p, err := c.project(c.st)
	if err != nil {
		return nil, err
	}
	if !c.administersProject(c.st, p) {
		return nil, fail(http.StatusNotFound, "You do not have permission to administer the project '%s'.", p.Key)
	}
	return p, nil
}

func (s *Site) listProjectRoles(c *call) (answer, error) {
	p, err := c.projectForRoles()
	if err != nil {
		return answer{}, err
	}
	out := object{}
	for r := range c.st.Roles.All() {
		out[r.Name] = s.link("/rest/api/3/project/%s/role/%s", p.ID, r.ID)
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) getProjectRole(c *call) (answer, error) {
	p, err := c.projectForRoles()
	if err != nil {
		return answer{}, err
	}
	r := c.st.Roles.Get(world.RoleID(c.PathValue("id")))
	if r == nil {
		return answer{}, fail(http.StatusNotFound, "Can not retrieve a role actor for a null project role.")
	}
	actors := []object{}
	for n, h := range p.Actors[r.ID] {
		a := object{"id": 10000 + n, "name": h.Value, "displayName": h.Value}
		switch u, g := c.st.User(world.AccountID(h.Value)), c.st.Groups.Get(world.GroupName(h.Value)); {
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
		return answer{}, err
	}
	return answer{http.StatusOK, object{
		"self": s.link("/rest/api/3/project/%s/role/%s", p.ID, r.ID), "id": id, "name": r.Name, "description": r.Description, "actors": actors,
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
		return &restError{status: http.StatusBadRequest, fields: errs}
	}
	return tx.Put(k)
}

func noCategory(id string) error {
	return fail(http.StatusNotFound, "The project category with ID '%s' does not exist.", id)
}

func (s *Site) createCategory(c *call) (answer, error) {
	var in categoryInput
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	k := &world.Category{}
	err := s.asAdmin(c, func(tx *world.Tx) error { return in.fill(tx, k) })
	if errors.Is(err, world.ErrRefused) {
		err = &restError{status: http.StatusConflict, fields: map[string]string{"name": "The project category name is in use."}}
	}
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusCreated, s.categoryJSON(k)}, nil
}

func (s *Site) getCategory(c *call) (answer, error) {
	k := c.st.Category(c.PathValue("id"))
	if k == nil {
		return answer{}, noCategory(c.PathValue("id"))
	}
	return answer{http.StatusOK, s.categoryJSON(k)}, nil
}

func (s *Site) updateCategory(c *call) (answer, error) {
	var in categoryInput
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	var k *world.Category
	err := s.asAdmin(c, func(tx *world.Tx) error {
		if k = world.Edit(tx.Category(c.PathValue("id"))); k == nil {
			return noCategory(c.PathValue("id"))
		}
		return in.fill(tx, k)
	})
	if errors.Is(err, world.ErrRefused) {
		err = failField("name", "The project category name is in use.")
	}
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, s.categoryJSON(k)}, nil
}

func (s *Site) deleteCategory(c *call) (answer, error) {
	err := s.asAdmin(c, func(tx *world.Tx) error {
		k := tx.Category(c.PathValue("id"))
		if k == nil {
			return noCategory(c.PathValue("id"))
		}
		return tx.Delete(k)
	})
	return answer{status: http.StatusNoContent}, err
}
