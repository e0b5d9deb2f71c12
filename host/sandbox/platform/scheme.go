package platform

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) schemeOperations() []rest.Operation {
	const (
		all, one = "/rest/api/3/permissionscheme", "/rest/api/3/permissionscheme/{schemeId}"
		grants   = one + "/permission"
		assigned = "/rest/api/3/project/{projectKeyOrId}/permissionscheme"
	)
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listSchemes),
		rest.Op("POST", all, rest.ScopeAdmin, s.createScheme),
		rest.Op("GET", one, rest.ScopeRead, s.getScheme),
		rest.Op("PUT", one, rest.ScopeAdmin, s.updateScheme),
		rest.Op("DELETE", one, rest.ScopeAdmin, s.deleteScheme),
		rest.Op("GET", grants, rest.ScopeRead, s.listGrants),
		rest.Op("POST", grants, rest.ScopeAdmin, s.createGrant),
		rest.Op("GET", grants+"/{permissionId}", rest.ScopeRead, s.getGrant),
		rest.Op("DELETE", grants+"/{permissionId}", rest.ScopeAdmin, s.deleteGrant),
		rest.Op("GET", assigned, rest.ScopeRead, s.getAssignedScheme),
		rest.Op("PUT", assigned, rest.ScopeProjectAdmin, s.assignScheme),
	}
}

// schemeJSON is a permission scheme. Jira leaves its grants out unless something is to be expanded.
func (s *API) schemeJSON(st *world.State, p *world.PermissionScheme, full bool) object {
	out := object{
		"expand": "permissions,user,group,projectRole,field,all", "id": shape.Number(p.ID), "self": s.Link("/rest/api/3/permissionscheme/%s", p.ID),
		"name": p.Name, "description": p.Description,
	}
	if full {
		out["permissions"] = s.grantsJSON(st, p)
	}
	return out
}

func (s *API) grantsJSON(st *world.State, p *world.PermissionScheme) []object {
	out := []object{}
	for _, g := range p.Grants {
		out = append(out, s.grantJSON(st, p, g))
	}
	return out
}

func (s *API) grantJSON(st *world.State, p *world.PermissionScheme, g world.Grant) object {
	return object{
		"id": shape.Number(g.ID), "self": s.Link("/rest/api/3/permissionscheme/%s/permission/%s", p.ID, g.ID), "permission": g.Permission,
		"holder": holderJSON(st, g.Holder),
	}
}

// expands are what can be known more of, by kind of holder.
var expands = map[world.HolderKind]string{
	world.ByGroup: "group", world.ByUser: "user", world.ByRole: "projectRole", world.ByUserField: "field",
}

func holderJSON(st *world.State, h world.Holder) object {
	out := object{"type": string(h.Kind)}
	if h.Value == "" {
		return out
	}
	out["parameter"], out["value"] = h.Value, h.Value
	if g := st.Groups.Get(world.GroupName(h.Value)); h.Kind == world.ByGroup && g != nil {
		out["value"] = g.ID
	}
	if e := expands[h.Kind]; e != "" {
		out["expand"] = e
	}
	return out
}

// grantInput is a permission that somebody is to have.
type grantInput struct {
	Permission string `json:"permission"`
	Holder     struct {
		Type      string `json:"type"`
		Parameter string `json:"parameter"`
		Value     string `json:"value"`
	} `json:"holder"`
}

// grant checks a permission and who is to have it.
func (in grantInput) grant(st *world.State) (world.Grant, error) {
	g := world.Grant{Permission: in.Permission, Holder: world.Holder{Kind: world.HolderKind(in.Holder.Type)}}
	if !slices.Contains(world.ProjectPermissions, in.Permission) {
		return g, rest.FailField("permission", "'"+in.Permission+"' is no permission of projects.")
	}
	named := in.Holder.Value
	if named == "" {
		named = in.Holder.Parameter
	}
	found := false
	switch g.Holder.Kind {
	case world.ByLead, world.ByReporter, world.ByAssignee, world.ByAnyone, world.ByMembership, world.ByPortal:
		return g, nil
	case world.ByGroup:
		group := st.Groups.First(func(x *world.Group) bool { return x.ID == named || string(x.Name) == named })
		if found = group != nil; found {
			named = string(group.Name)
		}
	case world.ByUser:
		u := st.User(world.AccountID(named))
		found = u != nil && !u.Closed
	case world.ByRole:
		found = st.Roles.Get(world.RoleID(named)) != nil
	case world.ByUserField:
		f := st.Field(world.FieldID(named))
		found = f != nil && (f.Kind == world.Person || f.Kind == world.People)
	default:
		return g, rest.FailField("holder", "'"+in.Holder.Type+"' is no type of holder that the sandbox knows.")
	}
	if !found {
		return g, rest.FailField("holder", "There is no "+in.Holder.Type+" '"+named+"'.")
	}
	g.Holder.Value = named
	return g, nil
}

// add gives a scheme one more grant.
func (in grantInput) add(tx *world.Tx, p *world.PermissionScheme) (world.Grant, error) {
	g, err := in.grant(tx.State)
	if err != nil {
		return g, err
	}
	g.ID = tx.NewGrantID()
	p.Grants = append(p.Grants, g)
	return g, nil
}

// schemeInput is what permission schemes are made of; nil leaves what there is.
type schemeInput struct {
	Name        *string       `json:"name"`
	Description *string       `json:"description"`
	Permissions *[]grantInput `json:"permissions"`
}

func (in schemeInput) apply(tx *world.Tx, p *world.PermissionScheme) error {
	set(&p.Name, in.Name)
	set(&p.Description, in.Description)
	p.Name = strings.TrimSpace(p.Name)
	if p.Name == "" || len([]rune(p.Name)) > 255 {
		return rest.FailField("name", "The name of a permission scheme has 1 to 255 characters.")
	}
	if tx.PermissionSchemes.First(func(o *world.PermissionScheme) bool { return o.ID != p.ID && strings.EqualFold(o.Name, p.Name) }) != nil {
		return rest.FailField("name", "A permission scheme with that name already exists.")
	}
	if in.Permissions == nil {
		return nil
	}
	p.Grants = []world.Grant{}
	for _, each := range *in.Permissions {
		if _, err := each.add(tx, p); err != nil {
			return err
		}
	}
	return nil
}

// scheme is the permission scheme of the path.
func scheme(c *rest.Call, st *world.State) (*world.PermissionScheme, error) {
	p := st.PermissionSchemes.Get(world.SchemeID(c.PathValue("schemeId")))
	if p == nil {
		return nil, rest.Fail(http.StatusNotFound, "There is no permission scheme with id '%s'.", c.PathValue("schemeId"))
	}
	return p, nil
}

func expanded(c *rest.Call) bool { return c.URL.Query().Get("expand") != "" }

func (s *API) listSchemes(c *rest.Call) (rest.Answer, error) {
	out := []object{}
	for p := range c.St.PermissionSchemes.All() {
		out = append(out, s.schemeJSON(c.St, p, expanded(c)))
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"permissionSchemes": out}}, nil
}

func (s *API) getScheme(c *rest.Call) (rest.Answer, error) {
	p, err := scheme(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.schemeJSON(c.St, p, expanded(c))}, nil
}

func (s *API) createScheme(c *rest.Call) (rest.Answer, error) {
	var in schemeInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.asAdmin(c, func(tx *world.Tx) error {
		p := &world.PermissionScheme{Grants: []world.Grant{}}
		if err := in.apply(tx, p); err != nil {
			return err
		}
		err := tx.Put(p)
		out = s.schemeJSON(tx.State, p, true)
		return err
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

// changeScheme changes the scheme of the path, by an administrator.
func (s *API) changeScheme(c *rest.Call, change func(*world.Tx, *world.PermissionScheme) error) error {
	return s.asAdmin(c, func(tx *world.Tx) error {
		p, err := scheme(c, tx.State)
		if err != nil {
			return err
		}
		edited := world.Edit(p)
		if err := change(tx, edited); err != nil {
			return err
		}
		return tx.Put(edited)
	})
}

func (s *API) updateScheme(c *rest.Call) (rest.Answer, error) {
	var in schemeInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.changeScheme(c, func(tx *world.Tx, p *world.PermissionScheme) error {
		if err := in.apply(tx, p); err != nil {
			return err
		}
		out = s.schemeJSON(tx.State, p, true)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

// deleteScheme deletes a scheme that no project uses.
func (s *API) deleteScheme(c *rest.Call) (rest.Answer, error) {
	err := s.asAdmin(c, func(tx *world.Tx) error {
		p, err := scheme(c, tx.State)
		if err != nil {
			return err
		}
		if user := tx.Projects.First(func(o *world.Project) bool { return o.Permissions == p.ID }); user != nil {
			return rest.Fail(http.StatusForbidden, "The permission scheme cannot be deleted: the project %s uses it.", user.Key)
		}
		return tx.Delete(p)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
