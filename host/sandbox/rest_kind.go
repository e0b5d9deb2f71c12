package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) kindOperations() []operation {
	return []operation{
		{"POST", "/rest/api/3/issuetype", scopeAdmin, false, s.createIssueType},
		{"GET", "/rest/api/3/issuetype/{id}", scopeRead, false, s.getIssueType},
		{"GET", "/rest/api/3/status", scopeRead, false, s.listStatuses},
		{"GET", "/rest/api/3/status/{idOrName}", scopeRead, false, s.getStatus},
		{"GET", "/rest/api/3/statuscategory", scopeRead, false, s.listStatusCategories},
		{"GET", "/rest/api/3/priority", scopeRead, false, s.listPriorities},
		{"GET", "/rest/api/3/priority/{id}", scopeRead, false, s.getPriority},
		{"GET", "/rest/api/3/resolution", scopeRead, false, s.listResolutions},
		{"GET", "/rest/api/3/resolution/{id}", scopeRead, false, s.getResolution},
	}
}

func (s *Site) createIssueType(c *call) (answer, error) {
	var in struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Type        string `json:"type"`
		Level       *int   `json:"hierarchyLevel"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	in.Name = strings.TrimSpace(in.Name)
	t := &world.IssueType{Name: in.Name, Description: in.Description, Glyph: "box"}
	switch {
	case in.Name == "":
		return answer{}, failField("name", "You must specify a name.")
	case len([]rune(in.Name)) > 60:
		return answer{}, failField("name", "The issue type name exceeds 60 characters.")
	case in.Type != "" && in.Type != "standard" && in.Type != "subtask":
		return answer{}, failField("type", "The type must be 'standard' or 'subtask'.")
	case in.Level != nil && *in.Level != 0 && *in.Level != -1:
		return answer{}, failField("hierarchyLevel", "The hierarchy level must be 0 or -1.")
	case in.Type == "subtask", in.Level != nil && *in.Level == -1:
		t.Level = -1
	}
	err := s.asAdmin(c, func(tx *world.Tx) error {
		if tx.Types.First(func(o *world.IssueType) bool { return strings.EqualFold(o.Name, in.Name) }) != nil {
			return &restError{status: http.StatusConflict, fields: map[string]string{"name": "An issue type with this name already exists."}}
		}
		return tx.Put(t)
	})
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusCreated, s.issueTypeJSON(t)}, nil
}

func (s *Site) issueTypeJSON(t *world.IssueType) object {
	out := s.typeJSON(t)
	out["subtask"], out["hierarchyLevel"] = t.Subtask(), t.Level
	return out
}

func (s *Site) getIssueType(c *call) (answer, error) {
	t := c.st.Type(world.TypeID(c.PathValue("id")))
	if t == nil || !c.administers(c.st) && !slices.ContainsFunc(visibleProjects(c.st, c.who.account), func(p *world.Project) bool { return slices.Contains(p.Types, t.ID) }) {
		return answer{}, fail(http.StatusNotFound, "The issue type with ID '%s' does not exist.", c.PathValue("id"))
	}
	return answer{http.StatusOK, s.issueTypeJSON(t)}, nil
}

// listStatuses lists the statuses that workflows use.
func (s *Site) listStatuses(c *call) (answer, error) {
	out := []object{}
	for t := range c.st.Statuses.All() {
		if inWorkflow(c.st, t.ID) {
			out = append(out, s.statusJSON(t))
		}
	}
	return answer{http.StatusOK, out}, nil
}

func inWorkflow(st *world.State, id world.StatusID) bool {
	return st.Workflows.First(func(w *world.Workflow) bool { return slices.Contains(w.Statuses, id) }) != nil
}

func (s *Site) getStatus(c *call) (answer, error) {
	name := c.PathValue("idOrName")
	t := cmp.Or(c.st.Status(world.StatusID(name)), c.st.Statuses.First(func(t *world.Status) bool { return strings.EqualFold(t.Name, name) }))
	if t == nil || !inWorkflow(c.st, t.ID) {
		return answer{}, fail(http.StatusNotFound, "The status with the ID or name '%s' does not exist.", name)
	}
	return answer{http.StatusOK, s.statusJSON(t)}, nil
}

func (s *Site) listStatusCategories(*call) (answer, error) {
	out := []object{}
	for _, name := range []string{"new", "done", "indeterminate"} {
		out = append(out, s.statusJSON(&world.Status{Category: name})["statusCategory"].(object))
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) priorityJSON(p *world.Priority) object {
	return object{
		"self": s.link("/rest/api/3/priority/%s", p.ID), "id": p.ID, "name": p.Name, "description": p.Description, "statusColor": p.Color,
		"iconUrl": s.link("/static/status.svg"), "isDefault": p.Default,
	}
}

func (s *Site) listPriorities(c *call) (answer, error) {
	list, out := c.st.Priorities.List(), []object{}
	slices.SortStableFunc(list, func(a, b *world.Priority) int { return cmp.Compare(a.Order, b.Order) })
	for _, p := range list {
		out = append(out, s.priorityJSON(p))
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) getPriority(c *call) (answer, error) {
	p := c.st.Priorities.Get(world.PriorityID(c.PathValue("id")))
	if p == nil {
		return answer{}, fail(http.StatusNotFound, "The priority with ID '%s' does not exist.", c.PathValue("id"))
	}
	return answer{http.StatusOK, s.priorityJSON(p)}, nil
}

func (s *Site) resolutionJSON(r *world.Resolution) object {
	return object{"self": s.link("/rest/api/3/resolution/%s", r.ID), "id": r.ID, "name": r.Name, "description": r.Description}
}

func (s *Site) listResolutions(c *call) (answer, error) {
	out := []object{}
	for r := range c.st.Resolutions.All() {
		out = append(out, s.resolutionJSON(r))
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) getResolution(c *call) (answer, error) {
	r := c.st.Resolutions.Get(world.ResolutionID(c.PathValue("id")))
	if r == nil {
		return answer{}, fail(http.StatusNotFound, "The resolution with ID '%s' does not exist.", c.PathValue("id"))
	}
	return answer{http.StatusOK, s.resolutionJSON(r)}, nil
}
