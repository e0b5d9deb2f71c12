package desk

import (
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// owner is a thing with properties, as its path finds it: where they are read, and a copy of the thing with those that are written.
type owner struct {
	properties world.Properties
	with       func(world.Properties) world.Entity
	mayChange  bool
	path       string
}

type findOwner func(*rest.Call, *world.State) (owner, error)

func (s *API) typePropertyOperations() []rest.Operation {
	return s.propertyOperations(root+"/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/property", func(c *rest.Call, st *world.State) (owner, error) {
		t, err := s.requestType(c, st)
		if err != nil {
			return owner{}, err
		}
		return owner{
			t.Properties, func(p world.Properties) world.Entity { next := world.Edit(t); next.Properties = p; return next },
			c.AdministersProject(st, st.Project(st.Desks.Get(t.Desk).Project)), s.Link(root+"/servicedesk/%s/requesttype/%s/property/", t.Desk, t.ID),
		}, nil
	})
}

func (s *API) organizationPropertyOperations() []rest.Operation {
	return s.propertyOperations(root+"/organization/{organizationId}/property", func(c *rest.Call, st *world.State) (owner, error) {
		o, err := organization(c, st)
		if err != nil {
			return owner{}, err
		}
		return owner{
			o.Properties, func(p world.Properties) world.Entity { next := world.Edit(o); next.Properties = p; return next },
			c.Administers(st) || anyAgent(st, c.Who.Account), s.Link(root+"/organization/%s/property/", o.ID),
		}, nil
	})
}

// propertyOperations are those that each owner of properties has.
func (s *API) propertyOperations(all string, find findOwner) []rest.Operation {
	one := all + "/{propertyKey}"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeInaccessible, func(c *rest.Call) (rest.Answer, error) {
			o, err := find(c, c.St)
			if err != nil {
				return rest.Answer{}, err
			}
			return rest.Answer{Status: http.StatusOK, Body: rest.KeysJSON(o.properties, func(k string) string { return o.path + url.PathEscape(k) })}, nil
		}),
		rest.Op("GET", one, rest.ScopeInaccessible, func(c *rest.Call) (rest.Answer, error) {
			o, err := find(c, c.St)
			if err != nil {
				return rest.Answer{}, err
			}
			key := c.PathValue("propertyKey")
			value, ok := o.properties[key]
			if !ok {
				return rest.Answer{}, rest.NoProperty(key)
			}
			return rest.Answer{Status: http.StatusOK, Body: object{"key": key, "value": value}}, nil
		}),
		rest.Op("PUT", one, rest.ScopeInaccessible, func(c *rest.Call) (rest.Answer, error) {
			value, err := c.PropertyValue()
			if err != nil {
				return rest.Answer{}, err
			}
			key, status := c.PathValue("propertyKey"), http.StatusOK
			err = s.changeProperties(c, find, func(p world.Properties) error {
				if _, was := p[key]; !was {
					status = http.StatusCreated
				}
				p[key] = value
				return nil
			})
			return rest.Answer{Status: status}, err
		}),
		rest.Op("DELETE", one, rest.ScopeInaccessible, func(c *rest.Call) (rest.Answer, error) {
			key := c.PathValue("propertyKey")
			err := s.changeProperties(c, find, func(p world.Properties) error {
				if _, was := p[key]; !was {
					return rest.NoProperty(key)
				}
				delete(p, key)
				return nil
			})
			return rest.Answer{Status: http.StatusNoContent}, err
		}),
	}
}

func (s *API) changeProperties(c *rest.Call, find findOwner, change func(world.Properties) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		o, err := find(c, tx.State)
		if err != nil {
			return err
		}
		if !o.mayChange {
			return forbidden("change these properties")
		}
		next := world.Properties{}
		for k, v := range o.properties {
			next[k] = v
		}
		if err := change(next); err != nil {
			return err
		}
		return tx.Put(o.with(next))
	})
}
