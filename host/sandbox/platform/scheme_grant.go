package platform

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) listGrants(c *rest.Call) (rest.Answer, error) {
	p, err := scheme(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	out := object{"permissions": s.grantsJSON(c.St, p), "expand": "user,group,projectRole,field,all"}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

// grantOf is where the grant of the path stands in the scheme, -1 where it does not.
func grantOf(c *rest.Call, p *world.PermissionScheme) int {
	return slices.IndexFunc(p.Grants, func(g world.Grant) bool { return g.ID == c.PathValue("permissionId") })
}

func (s *API) getGrant(c *rest.Call) (rest.Answer, error) {
	p, err := scheme(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	n := grantOf(c, p)
	if n < 0 {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "There is no permission grant with id '%s' in the scheme.", c.PathValue("permissionId"))
	}
	return rest.Answer{Status: http.StatusOK, Body: s.grantJSON(c.St, p, p.Grants[n])}, nil
}

func (s *API) createGrant(c *rest.Call) (rest.Answer, error) {
	var in grantInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.changeScheme(c, func(tx *world.Tx, p *world.PermissionScheme) error {
		p.Grants = slices.Clone(p.Grants)
		g, err := in.add(tx, p)
		if err != nil {
			return err
		}
		same := func(o world.Grant) bool { return o.ID != g.ID && o.Permission == g.Permission && o.Holder == g.Holder }
		if slices.ContainsFunc(p.Grants, same) {
			return rest.Fail(http.StatusBadRequest, "The scheme has this permission grant already.")
		}
		out = s.grantJSON(tx.State, p, g)
		return nil
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

func (s *API) deleteGrant(c *rest.Call) (rest.Answer, error) {
	err := s.changeScheme(c, func(_ *world.Tx, p *world.PermissionScheme) error {
		n := grantOf(c, p)
		if n < 0 {
			return rest.Fail(http.StatusBadRequest, "There is no permission grant with id '%s' in the scheme.", c.PathValue("permissionId"))
		}
		p.Grants = slices.Delete(slices.Clone(p.Grants), n, n+1)
		return nil
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) getAssignedScheme(c *rest.Call) (rest.Answer, error) {
	p, err := c.ProjectNamed(c.St, c.PathValue("projectKeyOrId"))
	if err != nil {
		return rest.Answer{}, err
	}
	if err := administered(c, c.St, p); err != nil {
		return rest.Answer{}, err
	}
	assigned := c.St.PermissionSchemes.Get(p.Permissions)
	return rest.Answer{Status: http.StatusOK, Body: s.schemeJSON(c.St, assigned, expanded(c))}, nil
}

// assignScheme has a project use another scheme. Everybody's permissions in it are those of the scheme from then on.
func (s *API) assignScheme(c *rest.Call) (rest.Answer, error) {
	var in struct {
		ID int64 `json:"id"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		p, err := c.ProjectNamed(tx.State, c.PathValue("projectKeyOrId"))
		if err != nil {
			return err
		}
		if err := c.NeedAdmin(tx.State); err != nil {
			return err
		}
		to := tx.PermissionSchemes.Get(world.SchemeID(shape.Text(in.ID)))
		if to == nil {
			return rest.Fail(http.StatusNotFound, "There is no permission scheme with id '%d'.", in.ID)
		}
		edited := world.Edit(p)
		edited.Permissions = to.ID
		out = s.schemeJSON(tx.State, to, expanded(c))
		return tx.Put(edited)
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}
