package platform

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) sharesJSON(st *world.State, shares []world.Share) []object {
	out := []object{}
	for _, share := range shares {
		out = append(out, s.shareJSON(st, share))
	}
	return out
}

func (s *API) shareJSON(st *world.State, share world.Share) object {
	kind := share.Kind
	out := object{"id": shape.Number(share.ID)}
	if p := st.Project(share.Project); p != nil {
		out["project"] = s.ProjectJSON(st, p, false)
	}
	switch kind {
	case world.ToUser:
		if u := st.User(world.AccountID(share.Value)); u != nil {
			user := s.UserJSON(u) // here Jira says less of people than elsewhere
			for _, more := range []string{"accountType", "timeZone", "emailAddress"} {
				delete(user, more)
			}
			out["user"] = user
		}
	case world.ToGroup:
		if g := st.Groups.Get(world.GroupName(share.Value)); g != nil {
			out["group"] = s.GroupRef(g)
		}
	case world.ToRole:
		kind = world.ToProject // with a role
		if r := st.Roles.Get(world.RoleID(share.Value)); r != nil {
			out["role"] = object{"self": s.Link("/rest/api/3/project/%s/role/%s", share.Project, r.ID), "id": shape.Number(r.ID), "name": r.Name}
		}
	case world.ToEverybody:
		kind = "loggedin"
	}
	out["type"] = kind
	return out
}

// shareInput is what shares are made of, in a filter and on their own.
type shareInput struct {
	Type      string          `json:"type"`
	AccountID world.AccountID `json:"accountId"`
	GroupID   string          `json:"groupId"`
	GroupName string          `json:"groupname"`
	ProjectID string          `json:"projectId"`
	RoleID    string          `json:"projectRoleId"`
	User      struct {
		AccountID world.AccountID `json:"accountId"`
	} `json:"user"`
	Group struct {
		ID   string `json:"groupId"`
		Name string `json:"name"`
	} `json:"group"`
	Project struct {
		ID string `json:"id"`
	} `json:"project"`
	Role struct {
		ID int64 `json:"id"`
	} `json:"role"`
}

func (in shareInput) share(c *rest.Call, st *world.State) (world.Share, error) {
	wrong := func(what string) (world.Share, error) {
		return world.Share{}, rest.Fail(http.StatusBadRequest, "The share permission names no %s that you can share with.", what)
	}
	kind := in.Type
	if kind == "group" || kind == "user" || kind == "project" || kind == "projectRole" || kind == "global" || kind == "loggedin" || kind == "authenticated" {
		if !st.Can(c.Who.Account, world.CreateShared) {
			return world.Share{}, rest.Fail(http.StatusBadRequest, "You do not have permission to share filters.")
		}
	}
	switch kind {
	case "global":
		return world.Share{Kind: world.ToWorld}, nil
	case "loggedin", "authenticated":
		return world.Share{Kind: world.ToEverybody}, nil
	case "user":
		a := cmp.Or(in.AccountID, in.User.AccountID)
		if st.User(a) == nil {
			return wrong("user")
		}
		return world.Share{Kind: world.ToUser, Value: string(a)}, nil
	case "group":
		id, name := cmp.Or(in.GroupID, in.Group.ID), cmp.Or(in.GroupName, in.Group.Name)
		g := st.Groups.First(func(g *world.Group) bool { return id != "" && g.ID == id || id == "" && string(g.Name) == name })
		if g == nil {
			return wrong("group")
		}
		return world.Share{Kind: world.ToGroup, Value: string(g.Name)}, nil
	case "project", "projectRole":
		p := st.FindProject(cmp.Or(in.ProjectID, in.Project.ID))
		if p == nil || !st.CanIn(c.Who.Account, world.BrowseProjects, p) {
			return wrong("project")
		}
		role := world.RoleID(in.RoleID)
		if in.Role.ID != 0 {
			role = world.RoleID(shape.Text(in.Role.ID))
		}
		if role == "" {
			return world.Share{Kind: world.ToProject, Project: p.ID}, nil
		}
		if st.Roles.Get(role) == nil {
			return wrong("role")
		}
		return world.Share{Kind: world.ToRole, Project: p.ID, Value: string(role)}, nil
	}
	return world.Share{}, rest.Fail(http.StatusBadRequest, "'%s' is no type of share permission.", in.Type)
}

func (s *API) listShares(c *rest.Call) (rest.Answer, error) {
	f, err := filter(c, c.St, http.StatusNotFound)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.sharesJSON(c.St, f.Shares)}, nil
}

func (s *API) addShare(c *rest.Call) (rest.Answer, error) {
	var in shareInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out []object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := editedFilter(c, tx, http.StatusNotFound)
		if err != nil {
			return err
		}
		share, err := in.share(c, tx.State)
		if err != nil {
			return err
		}
		if share.Kind == world.ToWorld || share.Kind == world.ToEverybody { // such a one stands alone
			f.Shares = nil
		}
		f.Shares = append(f.Shares, share)
		if err := tx.Put(f); err != nil {
			return err
		}
		out = s.sharesJSON(tx.State, f.Shares)
		return nil
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

// shareOf is where the share of the path stands in the filter.
func shareOf(c *rest.Call, f *world.Filter) (int, error) {
	n := slices.IndexFunc(f.Shares, func(s world.Share) bool { return s.ID == c.PathValue("permissionId") })
	if n < 0 {
		return 0, rest.Fail(http.StatusNotFound, "The share permission '%s' was not found.", c.PathValue("permissionId"))
	}
	return n, nil
}

func (s *API) getShare(c *rest.Call) (rest.Answer, error) {
	f, err := filter(c, c.St, http.StatusNotFound)
	if err != nil {
		return rest.Answer{}, err
	}
	n, err := shareOf(c, f)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.shareJSON(c.St, f.Shares[n])}, nil
}

func (s *API) deleteShare(c *rest.Call) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := editedFilter(c, tx, http.StatusNotFound)
		if err != nil {
			return err
		}
		n, err := shareOf(c, f)
		if err != nil {
			return err
		}
		f.Shares = slices.Delete(f.Shares, n, n+1)
		return tx.Put(f)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
