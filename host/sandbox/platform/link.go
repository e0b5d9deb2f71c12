package platform

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) linkOperations() []rest.Operation {
	const kinds, links = "/rest/api/3/issueLinkType", "/rest/api/3/issueLink"
	return []rest.Operation{
		rest.Op("GET", kinds, rest.ScopeRead, s.listLinkTypes),
		rest.Op("POST", kinds, rest.ScopeAdmin, s.createLinkType),
		rest.Op("GET", kinds+"/{issueLinkTypeId}", rest.ScopeRead, s.getLinkType),
		rest.Op("PUT", kinds+"/{issueLinkTypeId}", rest.ScopeAdmin, s.updateLinkType),
		rest.Op("DELETE", kinds+"/{issueLinkTypeId}", rest.ScopeAdmin, s.deleteLinkType),
		rest.Op("POST", links, rest.ScopeWrite, s.linkIssues),
		rest.Op("GET", links+"/{linkId}", rest.ScopeRead, s.getLink),
		rest.Op("DELETE", links+"/{linkId}", rest.ScopeDelete, s.deleteLink),
	}
}

func (s *API) listLinkTypes(c *rest.Call) (rest.Answer, error) {
	out := []object{}
	for t := range c.St.LinkTypes.All() {
		out = append(out, s.LinkTypeJSON(t))
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"issueLinkTypes": out}}, nil
}

func linkType(c *rest.Call, st *world.State) (*world.LinkType, error) {
	id := c.PathValue("issueLinkTypeId")
	if _, err := strconv.ParseInt(id, 10, 64); err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "The issue link type id '%s' is not a number.", id)
	}
	t := st.LinkTypes.Get(world.LinkTypeID(id))
	if t == nil {
		return nil, rest.Fail(http.StatusNotFound, "No issue link type with id '%s' found.", id)
	}
	return t, nil
}

func (s *API) getLinkType(c *rest.Call) (rest.Answer, error) {
	t, err := linkType(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.LinkTypeJSON(t)}, nil
}

// changeLinkTypes runs a change of link types by an administrator; Jira answers others as if there were nothing.
func (s *API) changeLinkTypes(c *rest.Call, change func(*world.Tx) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		if !tx.Can(c.Who.Account, world.Administer) {
			return rest.Fail(http.StatusNotFound, "You must be an administrator to change issue link types.")
		}
		return change(tx)
	})
}

func (s *API) putLinkType(tx *world.Tx, t *world.LinkType) error {
	for field, value := range map[string]string{"name": t.Name, "inward": t.Inward, "outward": t.Outward} {
		if strings.TrimSpace(value) == "" {
			return rest.FailField(field, "The "+field+" of an issue link type must not be empty.")
		}
	}
	if tx.LinkTypes.First(func(o *world.LinkType) bool { return o.ID != t.ID && strings.EqualFold(o.Name, t.Name) }) != nil {
		return rest.Fail(http.StatusNotFound, "An issue link type with the name '%s' exists already.", t.Name)
	}
	return tx.Put(t)
}

func (s *API) createLinkType(c *rest.Call) (rest.Answer, error) {
	var in struct{ Name, Inward, Outward string }
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	t := &world.LinkType{Name: in.Name, Inward: in.Inward, Outward: in.Outward}
	err := s.changeLinkTypes(c, func(tx *world.Tx) error { return s.putLinkType(tx, t) })
	return rest.Answer{Status: http.StatusCreated, Body: s.LinkTypeJSON(t)}, err
}

func (s *API) updateLinkType(c *rest.Call) (rest.Answer, error) {
	var in struct{ Name, Inward, Outward *string }
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var t *world.LinkType
	err := s.changeLinkTypes(c, func(tx *world.Tx) error {
		have, err := linkType(c, tx.State)
		if err != nil {
			return err
		}
		t = world.Edit(have)
		for value, to := range map[*string]*string{in.Name: &t.Name, in.Inward: &t.Inward, in.Outward: &t.Outward} {
			if value != nil {
				*to = *value
			}
		}
		return s.putLinkType(tx, t)
	})
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.LinkTypeJSON(t)}, nil
}

func (s *API) deleteLinkType(c *rest.Call) (rest.Answer, error) {
	err := s.changeLinkTypes(c, func(tx *world.Tx) error {
		t, err := linkType(c, tx.State)
		if err != nil {
			return err
		}
		return tx.Delete(t)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

// issueRef reads an issue that a body names, if who may see it.
func issueRef(st *world.State, who world.AccountID, raw json.RawMessage) *world.Issue {
	if i := issueNamed(st, raw); st.Sees(who, i) {
		return i
	}
	return nil
}

// issueNamed reads an issue that a body names by id or key.
func issueNamed(st *world.State, raw json.RawMessage) *world.Issue {
	var ref struct {
		ID  json.RawMessage `json:"id"`
		Key string          `json:"key"`
	}
	_ = json.Unmarshal(raw, &ref) // a wrong form names no issue
	name := ref.Key
	if len(ref.ID) > 0 && string(ref.ID) != "null" {
		name = shape.Plain(ref.ID)
	}
	return st.FindIssue(name)
}

func (s *API) linkIssues(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Type    struct{ ID, Name string } `json:"type"`
		Inward  json.RawMessage           `json:"inwardIssue"`
		Outward json.RawMessage           `json:"outwardIssue"`
		Comment json.RawMessage           `json:"comment"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		t := tx.LinkTypes.First(func(t *world.LinkType) bool {
			return string(t.ID) == in.Type.ID || in.Type.ID == "" && in.Type.Name != "" && strings.EqualFold(t.Name, in.Type.Name)
		})
		if t == nil {
			return rest.Fail(http.StatusNotFound, "No issue link type with name '%s' found.", in.Type.Name)
		}
		// Jira's names are those of the other end's view: the inward issue is the one that, say, blocks the outward one.
		from, to := issueRef(tx.State, c.Who.Account, in.Inward), issueRef(tx.State, c.Who.Account, in.Outward)
		if from == nil || to == nil {
			return rest.NoIssue()
		}
		if from.ID == to.ID {
			return rest.Fail(http.StatusBadRequest, "You cannot link an issue to itself.")
		}
		if !tx.CanDo(c.Who.Account, world.LinkIssues, from) && !tx.CanDo(c.Who.Account, world.LinkIssues, to) {
			return rest.Fail(http.StatusUnauthorized, "No Link Issue Permission for issue '%s'", from.Key)
		}
		if from.Archived || to.Archived {
			return rest.Fail(http.StatusBadRequest, "You cannot link an issue that is archived. Restore it first.")
		}
		if _, err := tx.AddLink(t.ID, from.ID, to.ID); err != nil {
			return err
		}
		if empty(in.Comment) {
			return nil
		}
		return s.addComment(tx, c.Who.Account, to.ID, in.Comment, nil)
	})
	return rest.Answer{Status: http.StatusCreated}, err
}

// seenLink is the link of the path with its ends, if the caller may see both.
func seenLink(c *rest.Call, st *world.State) (from, to *world.Issue, l world.Link, err error) {
	id := c.PathValue("linkId")
	if _, err := strconv.ParseInt(id, 10, 64); err != nil {
		return nil, nil, l, rest.Fail(http.StatusBadRequest, "The issue link id '%s' is not a number.", id)
	}
	if from, l = st.Link(world.LinkID(id)); from != nil {
		to = st.Issue(l.Other)
	}
	if !st.Sees(c.Who.Account, from) || !st.Sees(c.Who.Account, to) {
		return nil, nil, l, rest.Fail(http.StatusNotFound, "No issue link with id '%s' exists.", id)
	}
	return from, to, l, nil
}

func (s *API) getLink(c *rest.Call) (rest.Answer, error) {
	from, to, l, err := seenLink(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"id": l.ID, "self": s.Link("/rest/api/3/issueLink/%s", l.ID), "type": s.LinkTypeJSON(c.St.LinkTypes.Get(l.Type)),
		"inwardIssue": s.RelatedJSON(c.St, from), "outwardIssue": s.RelatedJSON(c.St, to),
	}}, nil
}

func (s *API) deleteLink(c *rest.Call) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		from, to, l, err := seenLink(c, tx.State)
		if err != nil {
			return err
		}
		if !tx.CanDo(c.Who.Account, world.LinkIssues, from) && !tx.CanDo(c.Who.Account, world.LinkIssues, to) {
			return rest.Fail(http.StatusUnauthorized, "No Link Issue Permission for issue '%s'", from.Key)
		}
		return tx.DeleteLink(l.ID)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
