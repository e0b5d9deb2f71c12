package platform

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) componentOperations() []rest.Operation {
	const all, one = "/rest/api/3/component", "/rest/api/3/component/{id}"
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/project/{projectIdOrKey}/component", rest.ScopeRead, s.pageComponents),
		rest.Op("GET", "/rest/api/3/project/{projectIdOrKey}/components", rest.ScopeRead, s.listComponents),
		rest.Op("POST", all, rest.ScopeProjectAdmin, s.createComponent),
		rest.Op("GET", one, rest.ScopeRead, s.getComponent),
		rest.Op("PUT", one, rest.ScopeProjectAdmin, s.updateComponent),
		rest.Op("DELETE", one, rest.ScopeProjectAdmin, s.deleteComponent),
		rest.Op("GET", one+"/relatedIssueCounts", rest.ScopeRead, s.countComponentIssues),
	}
}

func (s *API) listComponents(c *rest.Call) (rest.Answer, error) {
	p, err := c.Project(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	out := []object{}
	for _, component := range c.St.ComponentsOf(p.ID) {
		out = append(out, s.ComponentJSON(c.St, component))
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) pageComponents(c *rest.Call) (rest.Answer, error) {
	p, err := c.Project(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	q := c.URL.Query()
	list := slices.DeleteFunc(slices.Clone(c.St.ComponentsOf(p.ID)), func(x *world.Component) bool {
		return !containsFold(x.Name, q.Get("query")) && !containsFold(x.Description, q.Get("query"))
	})
	if err := order(list, q.Get("orderBy"), map[string]func(a, b *world.Component) int{
		"name":        func(a, b *world.Component) int { return compareFold(a.Name, b.Name) },
		"description": func(a, b *world.Component) int { return compareFold(a.Description, b.Description) },
		"lead":        func(a, b *world.Component) int { return cmp.Compare(a.Lead, b.Lead) },
		"issueCount": func(a, b *world.Component) int {
			return cmp.Compare(c.St.Index().Equal("component", string(a.ID)).Len(), c.St.Index().Equal("component", string(b.ID)).Len())
		},
	}); err != nil {
		return rest.Answer{}, err
	}
	return rest.Paged(c, 50, list, func(x *world.Component) map[string]any {
		out := s.ComponentJSON(c.St, x)
		out["issueCount"] = c.St.Index().Equal("component", string(x.ID)).Len()
		return out
	})
}

// component returns the component of the path, if the caller sees its project.
func component(c *rest.Call, st *world.State) (*world.Component, *world.Project, error) {
	x := st.Components.Get(world.ComponentID(c.PathValue("id")))
	if x == nil || !st.CanIn(c.Who.Account, world.BrowseProjects, st.Project(x.Project)) {
		return nil, nil, rest.Fail(http.StatusNotFound, "The component with id %s does not exist.", c.PathValue("id"))
	}
	return x, st.Project(x.Project), nil
}

func (s *API) getComponent(c *rest.Call) (rest.Answer, error) {
	x, _, err := component(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.ComponentJSON(c.St, x)}, nil
}

func (s *API) countComponentIssues(c *rest.Call) (rest.Answer, error) {
	x, _, err := component(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"self": s.Link("/rest/api/3/component/%s", x.ID), "issueCount": c.St.Index().Equal("component", string(x.ID)).Len(),
	}}, nil
}

// componentInput is what components are made of; nil leaves what there is.
type componentInput struct {
	Name         *string          `json:"name"`
	Description  *string          `json:"description"`
	Lead         *world.AccountID `json:"leadAccountId"`
	AssigneeType *string          `json:"assigneeType"`
	Project      string           `json:"project"`
	ProjectID    int64            `json:"projectId"`
}

func (in *componentInput) apply(st *world.State, x *world.Component) error {
	set(&x.Name, in.Name)
	set(&x.Description, in.Description)
	set(&x.Lead, in.Lead)
	set(&x.AssigneeType, in.AssigneeType)
	x.Name = strings.TrimSpace(x.Name)
	switch {
	case x.Name == "":
		return rest.FailField("name", "The component name specified is invalid - cannot be an empty string.")
	case len([]rune(x.Name)) > 255:
		return rest.FailField("name", "The component name is too long: it may have 255 characters.")
	case slices.ContainsFunc(st.ComponentsOf(x.Project), func(o *world.Component) bool { return o.ID != x.ID && strings.EqualFold(o.Name, x.Name) }):
		return rest.FailField("name", "A component with the name "+x.Name+" already exists in this project.")
	case x.Lead != "" && st.User(x.Lead) == nil:
		return rest.FailField("leadAccountId", "The user "+string(x.Lead)+" does not exist.")
	}
	switch x.AssigneeType {
	case "", world.ProjectDefault, world.ComponentLead, world.ProjectLead, world.Unassigned:
		return nil
	}
	return rest.FailField("assigneeType", "'"+x.AssigneeType+"' is no assignee type: choose PROJECT_DEFAULT, COMPONENT_LEAD, PROJECT_LEAD or UNASSIGNED.")
}

// projectNamed is the project that a body names by key, or else by id, if the caller may administer it.
func projectNamed(c *rest.Call, st *world.State, key string, id int64) (*world.Project, error) {
	if key == "" && id != 0 {
		key = strconv.FormatInt(id, 10)
	}
	p := st.FindProject(key)
	if key == "" {
		return nil, rest.FailField("project", "The project has to be named.")
	}
	if p == nil || !st.CanIn(c.Who.Account, world.BrowseProjects, p) {
		return nil, rest.Fail(http.StatusNotFound, "No project could be found with key '%s'.", key)
	}
	return p, administered(c, st, p)
}

// administered refuses those who may not change what the project has.
func administered(c *rest.Call, st *world.State, p *world.Project) error {
	if !c.AdministersProject(st, p) {
		return rest.Fail(http.StatusForbidden, "You do not have permission to administer the project %s.", p.Key)
	}
	return nil
}

func (s *API) createComponent(c *rest.Call) (rest.Answer, error) {
	var in componentInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		p, err := projectNamed(c, tx.State, in.Project, in.ProjectID)
		if err != nil {
			return err
		}
		x := &world.Component{Project: p.ID}
		if err := in.apply(tx.State, x); err != nil {
			return err
		}
		if err := tx.Put(x); err != nil {
			return err
		}
		out = s.ComponentJSON(tx.State, x)
		return nil
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

// changeComponent changes the component of the path, if the caller may administer its project.
func (s *API) changeComponent(c *rest.Call, change func(*world.Tx, *world.Component) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		x, p, err := component(c, tx.State)
		if err != nil {
			return err
		}
		if err := administered(c, tx.State, p); err != nil {
			return err
		}
		return change(tx, world.Edit(x))
	})
}

func (s *API) updateComponent(c *rest.Call) (rest.Answer, error) {
	var in componentInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.changeComponent(c, func(tx *world.Tx, x *world.Component) error {
		if err := in.apply(tx.State, x); err != nil {
			return err
		}
		if err := tx.Put(x); err != nil {
			return err
		}
		out = s.ComponentJSON(tx.State, x)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

func (s *API) deleteComponent(c *rest.Call) (rest.Answer, error) {
	other := world.ComponentID(c.URL.Query().Get("moveIssuesTo"))
	err := s.changeComponent(c, func(tx *world.Tx, x *world.Component) error {
		if other != "" && (tx.Components.Get(other) == nil || tx.Components.Get(other).Project != x.Project) {
			return rest.Fail(http.StatusNotFound, "The component with id %s does not exist in the project.", other)
		}
		return tx.DeleteComponent(x.ID, other)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
