package connect

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// ownApp refuses everybody but the app itself: nobody else may read or write its properties.
func ownApp(c *rest.Call, st *world.State) (*world.App, error) {
	if c.Who.App == nil || string(c.Who.App.Key) != c.PathValue("addonKey") {
		return nil, rest.Fail(http.StatusUnauthorized, "Only the app itself can use its properties.")
	}
	a := st.App(c.Who.App.Key)
	if a == nil {
		return nil, rest.Fail(http.StatusUnauthorized, "The app is not installed.")
	}
	return a, nil
}

func (s *Apps) listAppProperties(c *rest.Call) (rest.Answer, error) {
	a, err := ownApp(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: rest.KeysJSON(a.Properties, func(k string) string {
		return s.link("/rest/atlassian-connect/1/addons/%s/properties/%s", a.Key, url.PathEscape(k))
	})}, nil
}

func (s *Apps) getAppProperty(c *rest.Call) (rest.Answer, error) {
	a, err := ownApp(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	key := c.PathValue("propertyKey")
	v, ok := a.Properties[key]
	if !ok {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "Property with key not found.")
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"key": key, "value": v}}, nil
}

func (s *Apps) setAppProperty(c *rest.Call) (rest.Answer, error) {
	value, err := c.PropertyValue()
	if err != nil {
		return rest.Answer{}, err
	}
	status, message := http.StatusOK, "Property updated."
	err = s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		a, err := ownApp(c, tx.State)
		if err != nil {
			return err
		}
		if a = world.Edit(a); a.Properties == nil {
			a.Properties = map[string]json.RawMessage{}
		}
		if _, ok := a.Properties[c.PathValue("propertyKey")]; !ok {
			status, message = http.StatusCreated, "Property created."
		}
		a.Properties[c.PathValue("propertyKey")] = value
		return tx.Put(a)
	})
	return rest.Answer{Status: status, Body: object{"message": message, "statusCode": status}}, err
}

func (s *Apps) deleteAppProperty(c *rest.Call) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		a, err := ownApp(c, tx.State)
		if err != nil {
			return err
		}
		if _, ok := a.Properties[c.PathValue("propertyKey")]; !ok {
			return rest.Fail(http.StatusNotFound, "Property with key not found.")
		}
		a = world.Edit(a)
		delete(a.Properties, c.PathValue("propertyKey"))
		return tx.Put(a)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
