package platform

import (
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) accountOperations() []rest.Operation {
	const properties = "/rest/api/3/user/properties"
	return []rest.Operation{
		rest.Op("POST", "/rest/api/3/user", rest.ScopeInaccessible, s.createUser),
		rest.Op("DELETE", "/rest/api/3/user", rest.ScopeInaccessible, s.removeUser),
		rest.Op("GET", "/rest/api/3/users/search", rest.ScopeInaccessible, s.listUsers),
		rest.Op("GET", "/rest/api/3/user/bulk/migration", rest.ScopeRead, s.migratedUsers),
		rest.Op("GET", properties, rest.ScopeRead, s.listUserProperties),
		rest.Op("GET", properties+"/{propertyKey}", rest.ScopeRead, s.getUserProperty),
		rest.Op("PUT", properties+"/{propertyKey}", rest.ScopeWrite, s.setUserProperty),
		rest.Op("DELETE", properties+"/{propertyKey}", rest.ScopeDelete, s.deleteUserProperty),
	}
}

// createUser invites somebody: who has the mail address already is that user.
func (s *API) createUser(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Email    string   `json:"emailAddress"`
		Name     string   `json:"displayName"`
		Products []string `json:"products"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	address, err := mail.ParseAddress(in.Email)
	if err != nil || address.Address != in.Email {
		return rest.Answer{}, rest.FailField("emailAddress", "'"+in.Email+"' is not an email address.")
	}
	if in.Products == nil {
		return rest.Answer{}, rest.FailField("products", "The products that the user gets access to must be given; an empty list is none.")
	}
	var u *world.User
	err = s.asAdmin(c, func(tx *world.Tx) error {
		if u = tx.Users.First(func(u *world.User) bool { return strings.EqualFold(u.Email, in.Email) }); u != nil {
			return nil
		}
		name, _, _ := strings.Cut(in.Email, "@")
		u = &world.User{Account: world.AccountID("712020:" + world.NewUUID()), Name: in.Name, Email: in.Email, Login: freeLogin(tx, name), Groups: []string{}}
		if u.Name == "" {
			u.Name = name
		}
		u.Customer = len(in.Products) > 0 && !slices.ContainsFunc(in.Products, func(p string) bool { return p != "jira-servicedesk-customer" })
		return tx.Put(u)
	})
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusCreated, Body: s.UserJSON(u)}, nil
}

// freeLogin is a name by which nobody logs in yet.
func freeLogin(tx *world.Tx, name string) string {
	for tx.Login(name) != nil {
		name += "-" + world.NewUUID()[:4]
	}
	return name
}

func (s *API) removeUser(c *rest.Call) (rest.Answer, error) {
	err := s.asAdmin(c, func(tx *world.Tx) error {
		u := tx.User(world.AccountID(c.URL.Query().Get("accountId")))
		switch {
		case u == nil || u.App:
			return rest.Fail(http.StatusNotFound, "The user does not exist.")
		case u.Account == c.Who.Account:
			return rest.Fail(http.StatusBadRequest, "You cannot delete yourself.")
		}
		return tx.DeleteUser(u.Account)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) listUsers(c *rest.Call) (rest.Answer, error) {
	if !c.St.Can(c.Who.Account, world.BrowseUsers) {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "You do not have permission to browse users.")
	}
	list := slices.DeleteFunc(c.St.Users.List(), func(u *world.User) bool { return u.Deleted })
	return rest.Cut(c, list, func(u *world.User) map[string]any { return s.UserJSON(u) })
}

// migratedUsers tells the accounts of users by the names that they had before names were taken away, which are their logins here.
func (s *API) migratedUsers(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	names := rest.SplitNames(slices.Concat(q["key"], q["username"]))
	if len(names) == 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "At least one key or username must be given.")
	}
	var found []*world.User
	for _, name := range names {
		if u := c.St.Login(name); u != nil {
			found = append(found, u)
		}
	}
	return rest.Cut(c, found, func(u *world.User) map[string]any {
		return object{"accountId": u.Account, "key": u.Login, "username": u.Login}
	})
}

// propertyOwner is the user of the query, if the caller may read and write what apps keep of that one.
func propertyOwner(c *rest.Call, st *world.State) (*world.User, error) {
	a := world.AccountID(c.URL.Query().Get("accountId"))
	if a == "" {
		a = c.Who.Account
	}
	u := st.User(a)
	switch {
	case u == nil:
		return nil, rest.Fail(http.StatusNotFound, "The user does not exist.")
	case a != c.Who.Account && !c.Administers(st) && c.Who.App == nil:
		return nil, rest.Fail(http.StatusForbidden, "Only administrators, and the users themselves, can use a user's properties.")
	}
	return u, nil
}

func (s *API) listUserProperties(c *rest.Call) (rest.Answer, error) {
	u, err := propertyOwner(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: rest.KeysJSON(u.Properties, func(k string) string {
		return s.Link("/rest/api/3/user/properties/%s?accountId=%s", url.PathEscape(k), url.QueryEscape(string(u.Account)))
	})}, nil
}

func (s *API) getUserProperty(c *rest.Call) (rest.Answer, error) {
	u, err := propertyOwner(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	v, ok := u.Properties[c.PathValue("propertyKey")]
	if !ok {
		return rest.Answer{}, rest.NoProperty(c.PathValue("propertyKey"))
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"key": c.PathValue("propertyKey"), "value": v}}, nil
}

func (s *API) setUserProperty(c *rest.Call) (rest.Answer, error) {
	value, err := c.PropertyValue()
	if err != nil {
		return rest.Answer{}, err
	}
	key, status := c.PathValue("propertyKey"), http.StatusOK
	err = s.changeUserProperties(c, func(p world.Properties) error {
		if _, ok := p[key]; !ok {
			status = http.StatusCreated
		}
		p[key] = value
		return nil
	})
	return rest.Answer{Status: status}, err
}

func (s *API) deleteUserProperty(c *rest.Call) (rest.Answer, error) {
	key := c.PathValue("propertyKey")
	err := s.changeUserProperties(c, func(p world.Properties) error {
		if _, ok := p[key]; !ok {
			return rest.NoProperty(key)
		}
		delete(p, key)
		return nil
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) changeUserProperties(c *rest.Call, change func(world.Properties) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		u, err := propertyOwner(c, tx.State)
		if err != nil {
			return err
		}
		if u = world.Edit(u); u.Properties == nil {
			u.Properties = world.Properties{}
		}
		if err := change(u.Properties); err != nil {
			return err
		}
		return tx.Put(u)
	})
}
