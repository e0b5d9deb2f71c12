package desk

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) organizationOperations() []rest.Operation {
	const all, one, at = root + "/organization", root + "/organization/{organizationId}", root + "/servicedesk/{serviceDeskId}/organization"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listOrganizations),
		rest.Op("POST", all, rest.ScopeAdmin, s.createOrganization),
		rest.Op("GET", one, rest.ScopeRead, s.getOrganization),
		rest.Op("DELETE", one, rest.ScopeDelete, s.deleteOrganization),
		rest.Op("GET", one+"/user", rest.ScopeRead, s.listMembers),
		rest.Op("POST", one+"/user", rest.ScopeAdmin, s.addMembers),
		rest.Op("DELETE", one+"/user", rest.ScopeDelete, s.removeMembers),
		rest.Op("GET", at, rest.ScopeRead, s.listOrganizations),
		rest.Op("POST", at, rest.ScopeWrite, s.changeOrganizations(func(list []world.OrgID, id world.OrgID) []world.OrgID { return append(list, id) })),
		rest.Op("DELETE", at, rest.ScopeDelete, s.changeOrganizations(func(list []world.OrgID, _ world.OrgID) []world.OrgID { return list })),
	}
}

// organization returns the organization of the path, if the caller may see it: agents see all, customers their own.
func organization(c *rest.Call, st *world.State) (*world.Organization, error) {
	o := st.Organizations.Get(world.OrgID(c.PathValue("organizationId")))
	if o == nil || !slices.Contains(o.Members, c.Who.Account) && !looksAfterCustomers(c, st) {
		return nil, rest.Fail(http.StatusNotFound, "The organization '%s' does not exist, or you do not have permission to see it.", c.PathValue("organizationId"))
	}
	return o, nil
}

// looksAfterCustomers says whether the caller works with the customers of all desks.
func looksAfterCustomers(c *rest.Call, st *world.State) bool {
	return c.Administers(st) || anyAgent(st, c.Who.Account)
}

func (s *API) organizationJSON(o *world.Organization) object {
	return object{"id": o.ID, "uuid": o.UUID, "name": o.Name, "scimManaged": false, "_links": object{"self": s.Link(root+"/organization/%s", o.ID)}}
}

func (s *API) listOrganizations(c *rest.Call) (rest.Answer, error) {
	list := OrgsOf(c.St, c.Who.Account)
	all := looksAfterCustomers(c, c.St)
	if all {
		list = c.St.Organizations.List()
	}
	if a := c.URL.Query().Get("accountId"); a != "" {
		if !all {
			return rest.Answer{}, forbidden("ask for the organizations of others")
		}
		list = OrgsOf(c.St, world.AccountID(a))
	}
	if c.PathValue("serviceDeskId") != "" {
		d, err := s.desk(c, c.St)
		if err != nil {
			return rest.Answer{}, err
		}
		list = slices.DeleteFunc(list, func(o *world.Organization) bool { return !slices.Contains(d.Orgs, o.ID) })
	}
	return paged(s, c, list, s.organizationJSON)
}

func (s *API) getOrganization(c *rest.Call) (rest.Answer, error) {
	o, err := organization(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.organizationJSON(o)}, nil
}

func (s *API) createOrganization(c *rest.Call) (rest.Answer, error) {
	var in struct{ Name string }
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	o := &world.Organization{UUID: world.NewUUID(), Name: strings.TrimSpace(in.Name)}
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		switch {
		case !looksAfterCustomers(c, tx.State):
			return forbidden("create organizations")
		case o.Name == "" || len(o.Name) > 200:
			return rest.Fail(http.StatusBadRequest, "The name of an organization has 1 to 200 characters.")
		case tx.Organizations.First(func(other *world.Organization) bool { return strings.EqualFold(other.Name, o.Name) }) != nil:
			return rest.Fail(http.StatusBadRequest, "There is an organization with the name '%s' already.", o.Name)
		}
		return tx.Put(o)
	})
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusCreated, Body: s.organizationJSON(o)}, nil
}

// changeOrganization changes the organization of the path.
func (s *API) changeOrganization(c *rest.Call, change func(*world.Tx, *world.Organization) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		o, err := organization(c, tx.State)
		if err != nil {
			return err
		}
		if !looksAfterCustomers(c, tx.State) {
			return forbidden("change organizations")
		}
		return change(tx, world.Edit(o))
	})
}

func (s *API) deleteOrganization(c *rest.Call) (rest.Answer, error) {
	err := s.changeOrganization(c, func(tx *world.Tx, o *world.Organization) error {
		for _, d := range tx.Desks.List() {
			if slices.Contains(d.Orgs, o.ID) {
				next := world.Edit(d)
				next.Orgs = slices.DeleteFunc(next.Orgs, func(id world.OrgID) bool { return id == o.ID })
				if err := tx.Put(next); err != nil {
					return err
				}
			}
		}
		for n := range tx.Index().Equal("organization", string(o.ID)).All() {
			i := tx.EditIssue(string(tx.IssueAt(n).ID))
			i.Orgs = slices.DeleteFunc(i.Orgs, func(id world.OrgID) bool { return id == o.ID })
			if err := tx.PutIssue(i); err != nil {
				return err
			}
		}
		return tx.Delete(o)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) listMembers(c *rest.Call) (rest.Answer, error) {
	o, err := organization(c, c.St)
	if err == nil && !looksAfterCustomers(c, c.St) {
		err = forbidden("see who belongs to an organization")
	}
	if err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, people(c.St, o.Members), s.userJSON)
}

func (s *API) addMembers(c *rest.Call) (rest.Answer, error) {
	return s.changeMembers(c, func(now, list []world.AccountID) []world.AccountID { return uniqueAccounts(slices.Concat(now, list)) })
}

func (s *API) removeMembers(c *rest.Call) (rest.Answer, error) {
	return s.changeMembers(c, func(now, list []world.AccountID) []world.AccountID { return uniqueAccounts(now, list...) })
}

func (s *API) changeMembers(c *rest.Call, change func(now, list []world.AccountID) []world.AccountID) (rest.Answer, error) {
	var in named
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	err := s.changeOrganization(c, func(tx *world.Tx, o *world.Organization) error {
		list, err := in.accounts(tx.State)
		if err != nil {
			return err
		}
		o.Members = change(o.Members, list)
		return tx.Put(o)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

// changeOrganizations changes which organizations a desk has: change is told those besides the one that the request names.
func (s *API) changeOrganizations(change func([]world.OrgID, world.OrgID) []world.OrgID) rest.Handler {
	return func(c *rest.Call) (rest.Answer, error) {
		var in struct{ OrganizationID int }
		if err := c.DecodeBody(&in); err != nil {
			return rest.Answer{}, err
		}
		err := s.changeDesk(c, agents(c), func(tx *world.Tx, d *world.Desk) error {
			id := world.OrgID(strconv.Itoa(in.OrganizationID))
			if tx.Organizations.Get(id) == nil {
				return rest.Fail(http.StatusNotFound, "The organization '%s' does not exist.", id)
			}
			next := world.Edit(d)
			next.Orgs = change(slices.DeleteFunc(next.Orgs, func(o world.OrgID) bool { return o == id }), id)
			return tx.Put(next)
		})
		return rest.Answer{Status: http.StatusNoContent}, err
	}
}
