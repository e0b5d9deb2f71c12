package platform

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) projectLifeOperations() []rest.Operation {
	const all, one = "/rest/api/3/project", "/rest/api/3/project/{projectIdOrKey}"
	return []rest.Operation{
		rest.Op("POST", all, rest.ScopeProjectAdmin, s.createProject),
		rest.Op("PUT", one, rest.ScopeProjectAdmin, s.updateProject),
		rest.Op("DELETE", one, rest.ScopeProjectAdmin, s.deleteProject),
		rest.Op("POST", one+"/archive", rest.ScopeProjectAdmin, s.archiveProject),
		rest.Op("POST", one+"/restore", rest.ScopeProjectAdmin, s.restoreProject),
	}
}

// projectInput is what projects are made of; nil leaves what there is.
type projectInput struct {
	Key          *string          `json:"key"`
	Name         *string          `json:"name"`
	Description  *string          `json:"description"`
	Lead         *world.AccountID `json:"leadAccountId"`
	URL          *string          `json:"url"`
	AssigneeType *string          `json:"assigneeType"`
	Category     *int64           `json:"categoryId"`
	Permissions  *int64           `json:"permissionScheme"`
	Security     *int64           `json:"issueSecurityScheme"`
	Kind         *string          `json:"projectTypeKey"`
	Template     *string          `json:"projectTemplateKey"`
}

var projectKeyForm = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,9}$`)

func (in *projectInput) apply(st *world.State, p *world.Project) error {
	set(&p.Key, in.Key)
	set(&p.Name, in.Name)
	set(&p.Description, in.Description)
	set(&p.Lead, in.Lead)
	set(&p.URL, in.URL)
	errs := map[string]string{}
	if !projectKeyForm.MatchString(p.Key) {
		errs["projectKey"] = "Project keys must start with an uppercase letter, followed by one or more uppercase alphanumeric characters."
	} else if o := st.FindProject(p.Key); o != nil && o.ID != p.ID {
		errs["projectKey"] = "Project '" + o.Name + "' uses this project key."
	}
	p.Name = strings.TrimSpace(p.Name)
	if p.Name == "" || len([]rune(p.Name)) > 80 {
		errs["projectName"] = "You must specify a valid project name: it has 1 to 80 characters."
	} else if st.Projects.First(func(o *world.Project) bool { return o.ID != p.ID && strings.EqualFold(o.Name, p.Name) }) != nil {
		errs["projectName"] = "A project with that name already exists."
	}
	if u := st.User(p.Lead); u == nil || u.Closed || u.Inactive {
		errs["projectLead"] = "You must specify a valid project lead."
	}
	switch {
	case in.AssigneeType == nil:
	case *in.AssigneeType == world.Unassigned:
		p.Assign = ""
	case *in.AssigneeType == world.ProjectLead:
		p.Assign = world.ProjectLead
	default:
		errs["assigneeType"] = "'" + *in.AssigneeType + "' is no assignee type: choose PROJECT_LEAD or UNASSIGNED."
	}
	in.schemes(st, p, errs)
	if len(errs) > 0 {
		return &rest.Error{Status: http.StatusBadRequest, Fields: errs}
	}
	return nil
}

// schemes sets what a project shares with others; -1 is no category.
func (in *projectInput) schemes(st *world.State, p *world.Project, errs map[string]string) {
	if n := in.Category; n != nil {
		if p.Category = shape.Text(*n); *n == -1 {
			p.Category = ""
		} else if st.Category(p.Category) == nil {
			errs["projectCategory"] = "The project category with id " + p.Category + " does not exist."
		}
	}
	if n := in.Permissions; n != nil {
		if p.Permissions = world.SchemeID(shape.Text(*n)); st.PermissionSchemes.Get(p.Permissions) == nil {
			errs["permissionScheme"] = "The permission scheme with id " + string(p.Permissions) + " does not exist."
		}
	}
	if n := in.Security; n != nil {
		if p.Security = world.SchemeID(shape.Text(*n)); st.SecuritySchemes.Get(p.Security) == nil {
			errs["issueSecurityScheme"] = "The issue security scheme with id " + string(p.Security) + " does not exist."
		}
	}
}

// projectKinds are Jira's types of projects.
var projectKinds = []string{"business", "software", "service_desk"}

func (s *API) createProject(c *rest.Call) (rest.Answer, error) {
	var in projectInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		if !tx.Can(c.Who.Account, world.CreateProjects) {
			if err := c.NeedAdmin(tx.State); err != nil {
				return err
			}
		}
		p := &world.Project{}
		if in.Kind != nil && *in.Kind != "business" {
			p.Kind = *in.Kind
		}
		if in.Kind != nil && !slices.Contains(projectKinds, *in.Kind) {
			return rest.FailField("projectType", "'"+*in.Kind+"' is no type of project: choose business, software or service_desk.")
		}
		if err := in.apply(tx.State, p); err != nil {
			return err
		}
		if err := tx.AddProject(p); err != nil {
			return err
		}
		out = object{"self": s.Link("/rest/api/3/project/%s", p.ID), "id": shape.Number(p.ID), "key": p.Key}
		return nil
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

// changeProjectLife changes the project of the path as its administrator, or with the site's only as that of the site.
func (s *API) changeProjectLife(c *rest.Call, sites bool, change func(*world.Tx, *world.Project) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		p := tx.FindProject(c.PathValue("projectIdOrKey"))
		away := p != nil && (p.Trashed || p.Archived) && c.Administers(tx.State)
		if !away {
			seen, err := c.Project(tx.State)
			if err != nil {
				return err
			}
			p = seen
		}
		if sites {
			if err := c.NeedAdmin(tx.State); err != nil {
				return err
			}
		} else if err := administered(c, tx.State, p); err != nil {
			return err
		}
		return change(tx, world.Edit(p))
	})
}

func (s *API) updateProject(c *rest.Call) (rest.Answer, error) {
	var in projectInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.changeProjectLife(c, false, func(tx *world.Tx, p *world.Project) error {
		if in.Key != nil && *in.Key != p.Key || in.Category != nil || in.Permissions != nil || in.Security != nil {
			if err := c.NeedAdmin(tx.State); err != nil {
				return err
			}
		}
		if err := in.apply(tx.State, p); err != nil {
			return err
		}
		if err := tx.Put(p); err != nil {
			return err
		}
		out = s.ProjectJSON(tx.State, tx.Project(p.ID), true)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

func (s *API) deleteProject(c *rest.Call) (rest.Answer, error) {
	undo := c.URL.Query().Get("enableUndo") != "false"
	err := s.changeProjectLife(c, true, func(tx *world.Tx, p *world.Project) error {
		if undo {
			return tx.TrashProject(p.ID)
		}
		return tx.Delete(p)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) archiveProject(c *rest.Call) (rest.Answer, error) {
	err := s.changeProjectLife(c, true, func(tx *world.Tx, p *world.Project) error { return tx.ArchiveProject(p.ID) })
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) restoreProject(c *rest.Call) (rest.Answer, error) {
	var out object
	err := s.changeProjectLife(c, true, func(tx *world.Tx, p *world.Project) error {
		if err := tx.RestoreProject(p.ID); err != nil {
			return err
		}
		out = s.ProjectJSON(tx.State, tx.Project(p.ID), true)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}
