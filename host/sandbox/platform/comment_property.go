package platform

import (
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) commentPropertyOperations() []rest.Operation {
	const all = "/rest/api/3/comment/{commentId}/properties"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listCommentProperties),
		rest.Op("GET", all+"/{propertyKey}", rest.ScopeRead, s.getCommentProperty),
		rest.Op("PUT", all+"/{propertyKey}", rest.ScopeWrite, s.setCommentProperty),
		rest.Op("DELETE", all+"/{propertyKey}", rest.ScopeDelete, s.deleteCommentProperty),
	}
}

// commentOfPath is the comment that the path names, if the caller may see it.
func commentOfPath(c *rest.Call, st *world.State) (*world.Issue, *world.Comment, error) {
	id := c.PathValue("commentId")
	i, k := st.Comment(world.CommentID(id))
	if i == nil || !st.Sees(c.Who.Account, i) || !st.SeesPart(c.Who.Account, i, k.Visibility) {
		return nil, nil, rest.Fail(http.StatusNotFound, "Can not find a comment for the id: %s.", id)
	}
	return i, k, nil
}

func (s *API) listCommentProperties(c *rest.Call) (rest.Answer, error) {
	_, k, err := commentOfPath(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: rest.KeysJSON(k.Properties, func(key string) string {
		return s.Link("/rest/api/3/comment/%s/properties/%s", k.ID, url.PathEscape(key))
	})}, nil
}

func (s *API) getCommentProperty(c *rest.Call) (rest.Answer, error) {
	_, k, err := commentOfPath(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	key := c.PathValue("propertyKey")
	v, ok := k.Properties[key]
	if !ok {
		return rest.Answer{}, rest.NoProperty(key)
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"key": key, "value": v}}, nil
}

// changeComment changes the comment of the path, if the caller may edit it.
func (s *API) changeComment(c *rest.Call, change func(*world.Tx, *world.Comment) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, k, err := commentOfPath(c, tx.State)
		if err != nil {
			return err
		}
		if !c.May(tx.State, i, k.Author, world.EditAllComments, world.EditOwnComments) {
			return rest.Fail(http.StatusForbidden, "%s, you do not have the permission to edit this comment.", tx.User(c.Who.Account).Name)
		}
		return change(tx, k)
	})
}

func (s *API) setCommentProperty(c *rest.Call) (rest.Answer, error) {
	value, err := c.PropertyValue()
	if err != nil {
		return rest.Answer{}, err
	}
	key, status := c.PathValue("propertyKey"), http.StatusOK
	err = s.changeComment(c, func(tx *world.Tx, k *world.Comment) error {
		was, err := tx.SetCommentProperty(k.ID, key, value)
		if !was {
			status = http.StatusCreated
		}
		return err
	})
	return rest.Answer{Status: status}, err
}

func (s *API) deleteCommentProperty(c *rest.Call) (rest.Answer, error) {
	key := c.PathValue("propertyKey")
	err := s.changeComment(c, func(tx *world.Tx, k *world.Comment) error {
		was, err := tx.SetCommentProperty(k.ID, key, nil)
		if err == nil && !was {
			err = rest.NoProperty(key)
		}
		return err
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
