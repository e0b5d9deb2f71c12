package sandbox

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// maxProperty is the length of a property's value in characters.
const maxProperty = 32768

// propertyValue reads the value of a property from the request.
func (c *call) propertyValue() (json.RawMessage, error) {
	raw, err := io.ReadAll(c.Body)
	if err != nil {
		return nil, err
	}
	if !json.Valid(raw) {
		return nil, fail(http.StatusBadRequest, "The property value must be valid, non-empty JSON.")
	}
	if len([]rune(string(raw))) > maxProperty {
		return nil, fail(http.StatusBadRequest, "The property value is longer than %d characters.", maxProperty)
	}
	if len(c.PathValue("propertyKey")) > 255 {
		return nil, fail(http.StatusBadRequest, "The property key is longer than 255 characters.")
	}
	return raw, nil
}

func keysJSON(properties map[string]json.RawMessage, self func(key string) string) object {
	keys := []object{}
	for _, k := range slices.Sorted(maps.Keys(properties)) {
		keys = append(keys, object{"key": k, "self": self(k)})
	}
	return object{"keys": keys}
}

func chosenProperties(i *world.Issue, names []string) object {
	out := object{}
	for _, n := range names {
		if v, ok := i.Properties[n]; ok {
			out[n] = v
		}
	}
	return out
}

func noProperty(key string) error {
	return fail(http.StatusNotFound, "The property with key '%s' does not exist.", key)
}

func (s *Site) listIssueProperties(c *call) (answer, error) {
	i, err := c.issue(c.st)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, keysJSON(i.Properties, func(k string) string {
		return s.link("/rest/api/3/issue/%s/properties/%s", i.ID, url.PathEscape(k))
	})}, nil
}

func (s *Site) getIssueProperty(c *call) (answer, error) {
	i, err := c.issue(c.st)
	if err != nil {
		return answer{}, err
	}
	key := c.PathValue("propertyKey")
	v, ok := i.Properties[key]
	if !ok {
		return answer{}, noProperty(key)
	}
	return answer{http.StatusOK, object{"key": key, "value": v}}, nil
}

func (s *Site) setIssueProperty(c *call) (answer, error) {
	value, err := c.propertyValue()
	if err != nil {
		return answer{}, err
	}
	key, status := c.PathValue("propertyKey"), http.StatusOK
	err = s.changeIssue(c, world.EditIssues, func(tx *world.Tx, id world.IssueID) error {
		was, err := tx.SetIssueProperty(id, key, value)
		if !was {
			status = http.StatusCreated
		}
		return err
	})
	return answer{status: status}, err
}

func (s *Site) deleteIssueProperty(c *call) (answer, error) {
	key := c.PathValue("propertyKey")
	err := s.changeIssue(c, world.EditIssues, func(tx *world.Tx, id world.IssueID) error {
		was, err := tx.SetIssueProperty(id, key, nil)
		if err == nil && !was {
			err = noProperty(key)
		}
		return err
	})
	return answer{status: http.StatusNoContent}, err
}

// ownApp refuses everybody but the app itself: nobody else may read or write its properties.
func (c *call) ownApp(st *world.State) (*world.App, error) {
	if c.who.app == nil || string(c.who.app.Key) != c.PathValue("addonKey") {
		return nil, fail(http.StatusUnauthorized, "Only the app itself can use its properties.")
	}
	a := st.App(c.who.app.Key)
	if a == nil {
		return nil, fail(http.StatusUnauthorized, "The app is not installed.")
	}
	return a, nil
}

func (s *Site) listAppProperties(c *call) (answer, error) {
	a, err := c.ownApp(c.st)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, keysJSON(a.Properties, func(k string) string {
		return s.link("/rest/atlassian-connect/1/addons/%s/properties/%s", a.Key, url.PathEscape(k))
	})}, nil
}

func (s *Site) getAppProperty(c *call) (answer, error) {
	a, err := c.ownApp(c.st)
	if err != nil {
		return answer{}, err
	}
	key := c.PathValue("propertyKey")
	v, ok := a.Properties[key]
	if !ok {
		return answer{}, fail(http.StatusNotFound, "Property with key not found.")
	}
	return answer{http.StatusOK, object{"key": key, "value": v}}, nil
}

func (s *Site) setAppProperty(c *call) (answer, error) {
	value, err := c.propertyValue()
	if err != nil {
		return answer{}, err
	}
	status, message := http.StatusOK, "Property updated."
	err = s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		a, err := c.ownApp(tx.State)
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
	return answer{status, object{"message": message, "statusCode": status}}, err
}

func (s *Site) deleteAppProperty(c *call) (answer, error) {
	err := s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		a, err := c.ownApp(tx.State)
		if err != nil {
			return err
		}
		if _, ok := a.Properties[c.PathValue("propertyKey")]; !ok {
			return fail(http.StatusNotFound, "Property with key not found.")
		}
		a = world.Edit(a)
		delete(a.Properties, c.PathValue("propertyKey"))
		return tx.Put(a)
	})
	return answer{status: http.StatusNoContent}, err
}
