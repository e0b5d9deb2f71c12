package platform

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) kindOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/issuetype", rest.ScopeRead, s.listIssueTypes),
		rest.Op("POST", "/rest/api/3/issuetype", rest.ScopeAdmin, s.createIssueType),
		rest.Op("GET", "/rest/api/3/issuetype/{id}", rest.ScopeRead, s.getIssueType),
		rest.Op("GET", "/rest/api/3/status", rest.ScopeRead, s.listStatuses),
		rest.Op("GET", "/rest/api/3/status/{idOrName}", rest.ScopeRead, s.getStatus),
		rest.Op("GET", "/rest/api/3/statuscategory", rest.ScopeRead, s.listStatusCategories),
		rest.Op("GET", "/rest/api/3/priority", rest.ScopeRead, s.listPriorities),
		rest.Op("GET", "/rest/api/3/priority/{id}", rest.ScopeRead, s.getPriority),
		rest.Op("GET", "/rest/api/3/resolution", rest.ScopeRead, s.listResolutions),
		rest.Op("GET", "/rest/api/3/resolution/{id}", rest.ScopeRead, s.getResolution),
		rest.Op("GET", "/rest/api/3/serverInfo", rest.ScopeRead, s.serverInfo).Anonymous(),
	}
}

func (s *API) createIssueType(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Type        string `json:"type"`
		Level       *int   `json:"hierarchyLevel"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	in.Name = strings.TrimSpace(in.Name)
	t := &world.IssueType{Name: in.Name, Description: in.Description, Glyph: "box"}
	switch {
	case in.Name == "":
		return rest.Answer{}, rest.FailField("name", "You must specify a name.")
	case len([]rune(in.Name)) > 60:
		return rest.Answer{}, rest.FailField("name", "The issue type name exceeds 60 characters.")
	case in.Type != "" && in.Type != "standard" && in.Type != "subtask":
		return rest.Answer{}, rest.FailField("type", "The type must be 'standard' or 'subtask'.")
	case in.Level != nil && *in.Level != 0 && *in.Level != -1:
		return rest.Answer{}, rest.FailField("hierarchyLevel", "The hierarchy level must be 0 or -1.")
	case in.Type == "subtask", in.Level != nil && *in.Level == -1:
		t.Level = -1
	}
	err := s.asAdmin(c, func(tx *world.Tx) error {
		if tx.Types.First(func(o *world.IssueType) bool { return strings.EqualFold(o.Name, in.Name) }) != nil {
			return &rest.Error{Status: http.StatusConflict, Fields: map[string]string{"name": "An issue type with this name already exists."}}
		}
		return tx.Put(t)
	})
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusCreated, Body: s.IssueTypeJSON(t)}, nil
}

func (s *API) getIssueType(c *rest.Call) (rest.Answer, error) {
	t := c.St.Type(world.TypeID(c.PathValue("id")))
	if t == nil || !c.Administers(c.St) && !slices.ContainsFunc(shape.VisibleProjects(c.St, c.Who.Account), func(p *world.Project) bool { return slices.Contains(p.Types, t.ID) }) {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The issue type with ID '%s' does not exist.", c.PathValue("id"))
	}
	return rest.Answer{Status: http.StatusOK, Body: s.IssueTypeJSON(t)}, nil
}

// listStatuses lists the statuses that workflows use.
func (s *API) listStatuses(c *rest.Call) (rest.Answer, error) {
	out := []object{}
	for t := range c.St.Statuses.All() {
		if inWorkflow(c.St, t.ID) {
			out = append(out, s.StatusJSON(t))
		}
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func inWorkflow(st *world.State, id world.StatusID) bool {
	return st.Workflows.First(func(w *world.Workflow) bool { return slices.Contains(w.Statuses, id) }) != nil
}

func (s *API) getStatus(c *rest.Call) (rest.Answer, error) {
	name := c.PathValue("idOrName")
	t := cmp.Or(c.St.Status(world.StatusID(name)), c.St.Statuses.First(func(t *world.Status) bool { return strings.EqualFold(t.Name, name) }))
	if t == nil || !inWorkflow(c.St, t.ID) {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The status with the ID or name '%s' does not exist.", name)
	}
	return rest.Answer{Status: http.StatusOK, Body: s.StatusJSON(t)}, nil
}

func (s *API) listStatusCategories(*rest.Call) (rest.Answer, error) {
	out := []object{}
	for _, name := range []string{"new", "done", "indeterminate"} {
		out = append(out, s.StatusJSON(&world.Status{Category: name})["statusCategory"].(object))
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) listPriorities(c *rest.Call) (rest.Answer, error) {
	list, out := c.St.Priorities.List(), []object{}
	slices.SortStableFunc(list, func(a, b *world.Priority) int { return cmp.Compare(a.Order, b.Order) })
	for _, p := range list {
		out = append(out, s.PriorityJSON(p))
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) getPriority(c *rest.Call) (rest.Answer, error) {
	p := c.St.Priorities.Get(world.PriorityID(c.PathValue("id")))
	if p == nil {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The priority with ID '%s' does not exist.", c.PathValue("id"))
	}
	return rest.Answer{Status: http.StatusOK, Body: s.PriorityJSON(p)}, nil
}

func (s *API) listResolutions(c *rest.Call) (rest.Answer, error) {
	out := []object{}
	for r := range c.St.Resolutions.All() {
		out = append(out, s.ResolutionJSON(r))
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) getResolution(c *rest.Call) (rest.Answer, error) {
	r := c.St.Resolutions.Get(world.ResolutionID(c.PathValue("id")))
	if r == nil {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The resolution with ID '%s' does not exist.", c.PathValue("id"))
	}
	return rest.Answer{Status: http.StatusOK, Body: s.ResolutionJSON(r)}, nil
}

func (s *API) listIssueTypes(c *rest.Call) (rest.Answer, error) {
	out := []object{}
	for t := range c.St.Types.All() {
		used := func(p *world.Project) bool {
			return slices.Contains(p.Types, t.ID) && c.St.CanIn(c.Who.Account, world.BrowseProjects, p)
		}
		if c.St.Projects.First(used) != nil {
			out = append(out, s.TypeJSON(t))
		}
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) serverInfo(c *rest.Call) (rest.Answer, error) {
	return rest.Answer{Status: http.StatusOK, Body: object{
		"baseUrl": s.Base, "displayUrl": s.Base, "version": "1001.0.0-SANDBOX", "versionNumbers": []int{1001, 0, 0},
		"deploymentType": "Cloud", "buildNumber": 100300, "buildDate": "2026-11-02T00:00:00.000+0000", "serverTime": s.now().Format(shape.JiraTime),
		"scmInfo": "sandbox", "serverTitle": c.St.Title, "serverTimeZone": "Europe/Berlin",
	}}, nil
}
