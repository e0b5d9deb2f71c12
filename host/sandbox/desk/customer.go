package desk

import (
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) customerOperations() []rest.Operation {
	const path = root + "/servicedesk/{serviceDeskId}/customer"
	return []rest.Operation{
		rest.Op("POST", root+"/customer", rest.ScopeAdmin, s.createCustomer),
		rest.Op("GET", path, rest.ScopeRead, s.listCustomers),
		rest.Op("POST", path, rest.ScopeWrite, s.addCustomers),
		rest.Op("DELETE", path, rest.ScopeInaccessible, s.removeCustomers),
	}
}

// createCustomer gives somebody an account for portals, who can log in by the mail address.
func (s *API) createCustomer(c *rest.Call) (rest.Answer, error) {
	var in struct{ Email, FullName, DisplayName string }
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	name := strings.TrimSpace(in.DisplayName)
	if name == "" {
		name = strings.TrimSpace(in.FullName)
	}
	if address, err := mail.ParseAddress(in.Email); err != nil || address.Address != in.Email {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The mail address '%s' is not correctly formed.", in.Email)
	}
	if name == "" {
		name = in.Email
	}
	u := &world.User{Login: strings.ToLower(in.Email), Name: name, Email: in.Email, Customer: true, Role: "Customer of service desks", Groups: []string{}}
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		if err := c.NeedAdmin(tx.State); err != nil {
			return err
		}
		if tx.Users.First(func(o *world.User) bool { return strings.EqualFold(o.Email, in.Email) }) != nil {
			status := http.StatusBadRequest
			if c.URL.Query().Get("strictConflictStatusCode") == "true" {
				status = http.StatusConflict
			}
			return rest.Fail(status, "An account already exists for this email.")
		}
		u.Account = world.AccountID("qm:" + world.NewUUID())
		return tx.Put(u)
	})
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusCreated, Body: s.userJSON(u)}, nil
}

// customersOf lists who is a customer of a desk without being asked for by everybody's right: those who were added, those of its
// organizations, and those of the project's role.
func customersOf(st *world.State, d *world.Desk) []*world.User {
	p := st.Project(d.Project)
	var out []*world.User
	for u := range st.Users.All() {
		member := slices.ContainsFunc(OrgsOf(st, u.Account), func(o *world.Organization) bool { return slices.Contains(d.Orgs, o.ID) })
		if !u.Closed && !u.App && (slices.Contains(d.Customers, u.Account) || member || inRole(st, u.Account, customerRole, p)) {
			out = append(out, u)
		}
	}
	return out
}

func (s *API) listCustomers(c *rest.Call) (rest.Answer, error) {
	d, err := s.desk(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	if !agents(c)(c.St, d) {
		return rest.Answer{}, forbidden("see the customers of this service desk")
	}
	words := strings.ToLower(c.URL.Query().Get("query"))
	list := slices.DeleteFunc(customersOf(c.St, d), func(u *world.User) bool {
		return !strings.Contains(strings.ToLower(u.Name+"\n"+u.Email), words)
	})
	return paged(s, c, list, s.userJSON)
}

func (s *API) addCustomers(c *rest.Call) (rest.Answer, error) {
	return s.changeCustomers(c, func(d *world.Desk, list []world.AccountID) error {
		d.Customers = uniqueAccounts(slices.Concat(d.Customers, list))
		return nil
	})
}

func (s *API) removeCustomers(c *rest.Call) (rest.Answer, error) {
	return s.changeCustomers(c, func(d *world.Desk, list []world.AccountID) error {
		if d.Open {
			return rest.Fail(http.StatusBadRequest, "Everybody is a customer of this service desk: nobody can be removed.")
		}
		d.Customers = uniqueAccounts(d.Customers, list...)
		return nil
	})
}

func (s *API) changeCustomers(c *rest.Call, change func(*world.Desk, []world.AccountID) error) (rest.Answer, error) {
	var in named
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	err := s.changeDesk(c, administratorsOrAgents(c), func(tx *world.Tx, d *world.Desk) error {
		list, err := in.accounts(tx.State)
		if err != nil {
			return err
		}
		next := world.Edit(d)
		if err := change(next, list); err != nil {
			return err
		}
		return tx.Put(next)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func administratorsOrAgents(c *rest.Call) func(*world.State, *world.Desk) bool {
	return func(st *world.State, d *world.Desk) bool { return administrators(c)(st, d) || agents(c)(st, d) }
}
