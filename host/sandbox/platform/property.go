package platform

import (
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) propertyOperations() []rest.Operation {
	const all = "/rest/api/3/issue/{issueIdOrKey}/properties"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listIssueProperties),
		rest.Op("GET", all+"/{propertyKey}", rest.ScopeRead, s.getIssueProperty),
		rest.Op("PUT", all+"/{propertyKey}", rest.ScopeWrite, s.setIssueProperty),
		rest.Op("DELETE", all+"/{propertyKey}", rest.ScopeDelete, s.deleteIssueProperty),
	}
}

func (s *API) listIssueProperties(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: rest.KeysJSON(i.Properties, func(k string) string {
		return s.Link("/rest/api/3/issue/%s/properties/%s", i.ID, url.PathEscape(k))
	})}, nil
}

func (s *API) getIssueProperty(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	key := c.PathValue("propertyKey")
	v, ok := i.Properties[key]
	if !ok {
		return rest.Answer{}, rest.NoProperty(key)
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"key": key, "value": v}}, nil
}

func (s *API) setIssueProperty(c *rest.Call) (rest.Answer, error) {
	value, err := c.PropertyValue()
	if err != nil {
		return rest.Answer{}, err
	}
	key, status := c.PathValue("propertyKey"), http.StatusOK
	err = s.changeIssue(c, world.EditIssues, func(tx *world.Tx, id world.IssueID) error {
		was, err := tx.SetIssueProperty(id, key, value)
		if !was {
			status = http.StatusCreated
		}
		return err
	})
	return rest.Answer{Status: status}, err
}

func (s *API) deleteIssueProperty(c *rest.Call) (rest.Answer, error) {
	key := c.PathValue("propertyKey")
	err := s.changeIssue(c, world.EditIssues, func(tx *world.Tx, id world.IssueID) error {
		was, err := tx.SetIssueProperty(id, key, nil)
		if err == nil && !was {
			err = rest.NoProperty(key)
		}
		return err
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
