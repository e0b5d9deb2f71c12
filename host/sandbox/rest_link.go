package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) linkOperations() []operation {
	const kinds, links = "/rest/api/3/issueLinkType", "/rest/api/3/issueLink"
	return []operation{
		{"GET", kinds, scopeRead, false, s.listLinkTypes},
		{"POST", kinds, scopeAdmin, false, s.createLinkType},
		{"GET", kinds + "/{issueLinkTypeId}", scopeRead, false, s.getLinkType},
		{"PUT", kinds + "/{issueLinkTypeId}", scopeAdmin, false, s.updateLinkType},
		{"DELETE", kinds + "/{issueLinkTypeId}", scopeAdmin, false, s.deleteLinkType},
		{"POST", links, scopeWrite, false, s.linkIssues},
		{"GET", links + "/{linkId}", scopeRead, false, s.getLink},
		{"DELETE", links + "/{linkId}", scopeDelete, false, s.deleteLink},
	}
}

func (s *Site) linkTypeJSON(t *world.LinkType) object {
	return object{
		"self": s.link("/rest/api/3/issueLinkType/%s", t.ID), "id": t.ID, "name": t.Name, "inward": t.Inward, "outward": t.Outward,
	}
}

func (s *Site) listLinkTypes(c *call) (answer, error) {
	out := []object{}
	for t := range c.st.LinkTypes.All() {
		out = append(out, s.linkTypeJSON(t))
	}
	return answer{http.StatusOK, object{"issueLinkTypes": out}}, nil
}

func (c *call) linkType(st *world.State) (*world.LinkType, error) {
	id := c.PathValue("issueLinkTypeId")
	if _, err := strconv.ParseInt(id, 10, 64); err != nil {
		return nil, fail(http.StatusBadRequest, "The issue link type id '%s' is not a number.", id)
	}
	t := st.LinkTypes.Get(world.LinkTypeID(id))
	if t == nil {
		return nil, fail(http.StatusNotFound, "No issue link type with id '%s' found.", id)
	}
	return t, nil
}

func (s *Site) getLinkType(c *call) (answer, error) {
	t, err := c.linkType(c.st)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, s.linkTypeJSON(t)}, nil
}

// changeLinkTypes runs a change of link types by an administrator; Jira answers others as if there were nothing.
func (s *Site) changeLinkTypes(c *call, change func(*world.Tx) error) error {
	return s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		if !tx.Can(c.who.account, world.Administer) {
			return fail(http.StatusNotFound, "You must be an administrator to change issue link types.")
		}
		return change(tx)
	})
}

func (s *Site) putLinkType(tx *world.Tx, t *world.LinkType) error {
	for field, value := range map[string]string{"name": t.Name, "inward": t.Inward, "outward": t.Outward} {
		if strings.TrimSpace(value) == "" {
			return failField(field, "The "+field+" of an issue link type must not be empty.")
		}
	}
	if tx.LinkTypes.First(func(o *world.LinkType) bool { return o.ID != t.ID && strings.EqualFold(o.Name, t.Name) }) != nil {
		return fail(http.StatusNotFound, "An issue link type with the name '%s' exists already.", t.Name)
	}
	return tx.Put(t)
}

func (s *Site) createLinkType(c *call) (answer, error) {
	var in struct{ Name, Inward, Outward string }
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	t := &world.LinkType{Name: in.Name, Inward: in.Inward, Outward: in.Outward}
	err := s.changeLinkTypes(c, func(tx *world.Tx) error { return s.putLinkType(tx, t) })
	return answer{http.StatusCreated, s.linkTypeJSON(t)}, err
}

func (s *Site) updateLinkType(c *call) (answer, error) {
	var in struct{ Name, Inward, Outward *string }
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	var t *world.LinkType
	err := s.changeLinkTypes(c, func(tx *world.Tx) error {
		have, err := c.linkType(tx.State)
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
		return answer{}, err
	}
	return answer{http.StatusOK, s.linkTypeJSON(t)}, nil
}

func (s *Site) deleteLinkType(c *call) (answer, error) {
	err := s.changeLinkTypes(c, func(tx *world.Tx) error {
		t, err := c.linkType(tx.State)
		if err != nil {
			return err
		}
		return tx.Delete(t)
	})
	return answer{status: http.StatusNoContent}, err
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
		name = plain(ref.ID)
	}
	return st.FindIssue(name)
}

func (s *Site) linkIssues(c *call) (answer, error) {
	var in struct {
		Type    struct{ ID, Name string } `json:"type"`
		Inward  json.RawMessage           `json:"inwardIssue"`
		Outward json.RawMessage           `json:"outwardIssue"`
		Comment json.RawMessage           `json:"comment"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	err := s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		t := tx.LinkTypes.First(func(t *world.LinkType) bool {
			return string(t.ID) == in.Type.ID || in.Type.ID == "" && in.Type.Name != "" && strings.EqualFold(t.Name, in.Type.Name)
		})
		if t == nil {
			return fail(http.StatusNotFound, "No issue link type with name '%s' found.", in.Type.Name)
		}
		// Jira's names are those of the other end's view: the inward issue is the one that, say, blocks the outward one.
		from, to := issueRef(tx.State, c.who.account, in.Inward), issueRef(tx.State, c.who.account, in.Outward)
		if from == nil || to == nil {
			return noIssue()
		}
		if from.ID == to.ID {
			return fail(http.StatusBadRequest, "You cannot link an issue to itself.")
		}
		if !tx.CanDo(c.who.account, world.LinkIssues, from) && !tx.CanDo(c.who.account, world.LinkIssues, to) {
			return fail(http.StatusUnauthorized, "No Link Issue Permission for issue '%s'", from.Key)
		}
		if _, err := tx.AddLink(t.ID, from.ID, to.ID); err != nil {
			return err
		}
		if empty(in.Comment) {
			return nil
		}
		return s.addComment(tx, c.who.account, to.ID, in.Comment, nil)
	})
	return answer{status: http.StatusCreated}, err
}

// seenLink is the link of the path with its ends, if the caller may see both.
func (c *call) seenLink(st *world.State) (from, to *world.Issue, l world.Link, err error) {
	id := c.PathValue("linkId")
	if _, err := strconv.ParseInt(id, 10, 64); err != nil {
		return nil, nil, l, fail(http.StatusBadRequest, "The issue link id '%s' is not a number.", id)
	}
	if from, l = st.Link(world.LinkID(id)); from != nil {
		to = st.Issue(l.Other)
	}
	if !st.Sees(c.who.account, from) || !st.Sees(c.who.account, to) {
		return nil, nil, l, fail(http.StatusNotFound, "No issue link with id '%s' exists.", id)
	}
	return from, to, l, nil
}

func (s *Site) getLink(c *call) (answer, error) {
	from, to, l, err := c.seenLink(c.st)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, object{
		"id": l.ID, "self": s.link("/rest/api/3/issueLink/%s", l.ID), "type": s.linkTypeJSON(c.st.LinkTypes.Get(l.Type)),
		"inwardIssue": s.relatedJSON(c.st, from), "outwardIssue": s.relatedJSON(c.st, to),
	}}, nil
}

func (s *Site) deleteLink(c *call) (answer, error) {
	err := s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		from, to, l, err := c.seenLink(tx.State)
		if err != nil {
			return err
		}
		if !tx.CanDo(c.who.account, world.LinkIssues, from) && !tx.CanDo(c.who.account, world.LinkIssues, to) {
			return fail(http.StatusUnauthorized, "No Link Issue Permission for issue '%s'", from.Key)
		}
		return tx.DeleteLink(l.ID)
	})
	return answer{status: http.StatusNoContent}, err
}

// relatedJSON is an issue as others name it: parents, subtasks and ends of links.
func (s *Site) relatedJSON(st *world.State, i *world.Issue) object {
	values := object{"summary": i.Summary, "status": s.statusJSON(st.Status(i.Status)), "issuetype": s.typeJSON(st.Type(i.Type))}
	if p := st.Priorities.Get(i.Priority); p != nil {
		values["priority"] = object{
			"self": s.link("/rest/api/3/priority/%s", p.ID), "id": p.ID, "name": p.Name, "iconUrl": s.link("/static/status.svg"),
		}
	}
	return object{"id": i.ID, "key": i.Key, "self": s.link("/rest/api/3/issue/%s", i.ID), "fields": values}
}

// linksJSON are an issue's links to those issues that seen lets through.
func (s *Site) linksJSON(st *world.State, i *world.Issue, seen func(*world.Issue) bool) []object {
	out := []object{}
	for _, l := range i.Links {
		other, t := st.Issue(l.Other), st.LinkTypes.Get(l.Type)
		if other == nil || t == nil || !seen(other) {
			continue
		}
		end := "inwardIssue"
		if l.Out {
			end = "outwardIssue"
		}
		out = append(out, object{
			"id": l.ID, "self": s.link("/rest/api/3/issueLink/%s", l.ID), "type": s.linkTypeJSON(t), end: s.relatedJSON(st, other),
		})
	}
	return out
}

// subtasksJSON are an issue's subtasks, in the order of their keys.
func (s *Site) subtasksJSON(st *world.State, i *world.Issue, seen func(*world.Issue) bool) []object {
	var subs []*world.Issue
	for n := range st.Children(i.ID).All() {
		if sub := st.IssueAt(n); sub != nil && st.Type(sub.Type).Subtask() && seen(sub) {
			subs = append(subs, sub)
		}
	}
	slices.SortFunc(subs, func(a, b *world.Issue) int { return world.CompareKeys(a.Key, b.Key) })
	out := []object{}
	for _, sub := range subs {
		out = append(out, s.relatedJSON(st, sub))
	}
	return out
}
