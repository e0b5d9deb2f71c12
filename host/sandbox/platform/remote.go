package platform

import (
	"cmp"
	"encoding/json"
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) remoteLinkOperations() []rest.Operation {
	const all, one = "/rest/api/3/issue/{issueIdOrKey}/remotelink", "/rest/api/3/issue/{issueIdOrKey}/remotelink/{linkId}"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listRemoteLinks),
		rest.Op("POST", all, rest.ScopeWrite, s.putRemoteLink),
		rest.Op("DELETE", all, rest.ScopeDelete, s.deleteRemoteLinkTo),
		rest.Op("GET", one, rest.ScopeRead, s.getRemoteLink),
		rest.Op("PUT", one, rest.ScopeWrite, s.updateRemoteLink),
		rest.Op("DELETE", one, rest.ScopeDelete, s.deleteRemoteLink),
	}
}

func (s *API) remoteJSON(i *world.Issue, l world.RemoteLink) object {
	out := object{"id": shape.Number(l.ID), "self": s.Link("/rest/api/3/issue/%s/remotelink/%s", i.ID, l.ID), "object": l.Object}
	if l.GlobalID != "" {
		out["globalId"] = l.GlobalID
	}
	out["application"] = object{}
	if len(l.Application) > 0 {
		out["application"] = l.Application
	}
	if l.Relationship != "" {
		out["relationship"] = l.Relationship
	}
	return out
}

func (s *API) listRemoteLinks(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	if global := c.URL.Query().Get("globalId"); global != "" {
		l := i.RemoteLinkTo(global)
		if l == nil {
			return rest.Answer{}, rest.Fail(http.StatusNotFound, "No remote link with the global id '%s' found.", global)
		}
		return rest.Answer{Status: http.StatusOK, Body: s.remoteJSON(i, *l)}, nil
	}
	out := []object{}
	for _, l := range i.Remote {
		out = append(out, s.remoteJSON(i, l))
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

// remoteInput is what a remote link is made of.
type remoteInput struct {
	GlobalID     string          `json:"globalId"`
	Application  json.RawMessage `json:"application"`
	Relationship string          `json:"relationship"`
	Object       json.RawMessage `json:"object"`
}

func (in remoteInput) link() (world.RemoteLink, error) {
	var object struct{ URL, Title string }
	errs := map[string]string{}
	switch {
	case empty(in.Object) || json.Unmarshal(in.Object, &object) != nil:
		errs["object"] = "'object' is required."
	case object.Title == "":
		errs["title"] = "'title' is required."
	case object.URL == "":
		errs["url"] = "'url' is required."
	}
	if len(in.GlobalID) > 255 {
		errs["globalId"] = "'globalId' must not be longer than 255 characters."
	}
	if len(errs) > 0 {
		return world.RemoteLink{}, &rest.Error{Status: http.StatusBadRequest, Fields: errs}
	}
	return world.RemoteLink{GlobalID: in.GlobalID, Application: in.Application, Relationship: in.Relationship, Object: in.Object}, nil
}

// changeRemoteLinks changes the remote links of the issue of the path, if the caller may link it.
func (s *API) changeRemoteLinks(c *rest.Call, change func(*world.Tx, *world.Issue) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, err := c.Issue(tx.State)
		if err != nil {
			return err
		}
		if !tx.CanDo(c.Who.Account, world.LinkIssues, i) {
			return rest.Fail(http.StatusForbidden, "No Link Issue Permission for issue '%s'", i.Key)
		}
		return change(tx, i)
	})
}

// putRemoteLink makes a link, or changes the one with its global id.
func (s *API) putRemoteLink(c *rest.Call) (rest.Answer, error) {
	var in remoteInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	status, out := http.StatusOK, object{}
	err := s.changeRemoteLinks(c, func(tx *world.Tx, i *world.Issue) error {
		l, err := in.link()
		if err != nil {
			return err
		}
		kept, made, err := tx.PutRemoteLink(i.ID, l)
		if made {
			status = http.StatusCreated
		}
		out = object{"id": shape.Number(kept.ID), "self": s.Link("/rest/api/3/issue/%s/remotelink/%s", i.ID, kept.ID)}
		return err
	})
	return rest.Answer{Status: status, Body: out}, err
}

// remoteLink returns the remote link of the path.
func remoteLink(c *rest.Call, i *world.Issue) (*world.RemoteLink, error) {
	l := i.RemoteLink(c.PathValue("linkId"))
	if l == nil {
		return nil, rest.Fail(http.StatusNotFound, "No remote link with the id '%s' found.", c.PathValue("linkId"))
	}
	return l, nil
}

func (s *API) getRemoteLink(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	l, err := remoteLink(c, i)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.remoteJSON(i, *l)}, nil
}

func (s *API) updateRemoteLink(c *rest.Call) (rest.Answer, error) {
	var in remoteInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	err := s.changeRemoteLinks(c, func(tx *world.Tx, i *world.Issue) error {
		old, err := remoteLink(c, i)
		if err != nil {
			return err
		}
		l, err := in.link()
		if err != nil {
			return err
		}
		l.ID, l.GlobalID = old.ID, cmp.Or(l.GlobalID, old.GlobalID)
		_, _, err = tx.PutRemoteLink(i.ID, l)
		return err
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) deleteRemoteLink(c *rest.Call) (rest.Answer, error) {
	err := s.changeRemoteLinks(c, func(tx *world.Tx, i *world.Issue) error {
		l, err := remoteLink(c, i)
		if err != nil {
			return err
		}
		return tx.DeleteRemoteLink(i.ID, l.ID)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) deleteRemoteLinkTo(c *rest.Call) (rest.Answer, error) {
	global := c.URL.Query().Get("globalId")
	if global == "" {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The globalId of the remote link must be provided.")
	}
	err := s.changeRemoteLinks(c, func(tx *world.Tx, i *world.Issue) error {
		l := i.RemoteLinkTo(global)
		if l == nil {
			return rest.Fail(http.StatusNotFound, "No remote link with the global id '%s' found.", global)
		}
		return tx.DeleteRemoteLink(i.ID, l.ID)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
