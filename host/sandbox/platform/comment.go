package platform

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) commentOperations() []rest.Operation {
	const all, one = "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/{issueIdOrKey}/comment/{id}"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listComments),
		rest.Op("POST", all, rest.ScopeWrite, s.postComment),
		rest.Op("GET", one, rest.ScopeRead, s.getComment),
		rest.Op("PUT", one, rest.ScopeWrite, s.putComment),
		rest.Op("DELETE", one, rest.ScopeDelete, s.deleteComment),
	}
}

// maxText is the length of a rich text in characters.
const maxText = 32767

// documentProblem is what Jira says of a text that is no document, or too long; "" if it is good.
func documentProblem(raw json.RawMessage) string {
	var doc adf.Node
	if json.Unmarshal(raw, &doc) != nil || doc.Type != "doc" {
		return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
	}
	if utf8.RuneCountInString(world.DocumentText(raw)) > maxText {
		return "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
	}
	return ""
}

// visibilityOf reads to whom a comment or worklog is shown; nobody hides something from himself.
func visibilityOf(st *world.State, who world.AccountID, i *world.Issue, raw json.RawMessage) (*world.Visibility, error) {
	if empty(raw) {
		return nil, nil
	}
	var in struct{ Type, Value, Identifier string }
	if json.Unmarshal(raw, &in) != nil {
		return nil, rest.FailField("visibility", "Specify a valid visibility.")
	}
	if in.Type == "" && in.Value == "" && in.Identifier == "" { // clients without a word for nothing send an empty object
		return nil, nil
	}
	var v *world.Visibility
	switch in.Type {
	case "group":
		g := st.Groups.First(func(g *world.Group) bool { return g.ID == in.Identifier || string(g.Name) == in.Value })
		if g == nil {
			return nil, rest.FailField("commentLevel", "Group: "+in.Value+" does not exist.")
		}
		v = &world.Visibility{Kind: world.ByGroup, Value: string(g.Name)}
	case "role":
		r := st.Roles.First(func(r *world.Role) bool { return string(r.ID) == in.Identifier || strings.EqualFold(r.Name, in.Value) })
		if r == nil {
			return nil, rest.FailField("commentLevel", "Role: "+in.Value+" does not exist.")
		}
		v = &world.Visibility{Kind: world.ByRole, Value: string(r.ID)}
	default:
		return nil, rest.FailField("visibility", "Specify a valid visibility.")
	}
	if !st.SeesPart(who, i, v) {
		return nil, rest.FailField("commentLevel", "You are currently not a member of the "+in.Type+": "+in.Value+".")
	}
	return v, nil
}

func (s *API) listComments(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	start, size, err := c.PageBounds(100, 5000)
	if err != nil {
		return rest.Answer{}, err
	}
	all := shape.SeenComments(c.St, c.Who.Account, i)
	switch c.URL.Query().Get("orderBy") {
	case "", "created", "+created":
	case "-created":
		slices.Reverse(all)
	default:
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The value of orderBy is not valid: comments can be ordered by created only.")
	}
	return rest.Answer{Status: http.StatusOK, Body: s.CommentPage(c.St, i, rest.Window(all, start, size), start, size, len(all))}, nil
}

// comment returns the issue and the comment of the path, if the caller may see both.
func comment(c *rest.Call, st *world.State) (*world.Issue, *world.Comment, error) {
	i, err := c.Issue(st)
	if err != nil {
		return nil, nil, err
	}
	id := c.PathValue("id")
	on, k := st.Comment(world.CommentID(id))
	if on == nil || on.ID != i.ID || !st.SeesPart(c.Who.Account, i, k.Visibility) {
		return nil, nil, rest.Fail(http.StatusNotFound, "Can not find a comment for the id: %s.", id)
	}
	return i, k, nil
}

func (s *API) getComment(c *rest.Call) (rest.Answer, error) {
	i, k, err := comment(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.CommentJSON(c.St, i, k)}, nil
}

// commentInput is what comments are made of.
type commentInput struct {
	Body       json.RawMessage `json:"body"`
	Visibility json.RawMessage `json:"visibility"`
	JSDPublic  *bool           `json:"jsdPublic"`
	Properties []struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
}

func (in *commentInput) apply(st *world.State, who world.AccountID, i *world.Issue, k *world.Comment) error {
	if empty(in.Body) || world.DocumentText(in.Body) == "" && !strings.Contains(string(in.Body), `"media`) && documentProblem(in.Body) == "" {
		return rest.FailField("comment", "Comment body can not be empty!")
	}
	if problem := documentProblem(in.Body); problem != "" {
		return rest.FailField("comment", problem)
	}
	k.Body = in.Body
	if in.Visibility != nil {
		v, err := visibilityOf(st, who, i, in.Visibility)
		if err != nil {
			return err
		}
		k.Visibility = v
	}
	if in.JSDPublic != nil {
		k.Internal = !*in.JSDPublic
	}
	for _, p := range in.Properties {
		if k.Properties = maps.Clone(k.Properties); k.Properties == nil {
			k.Properties = world.Properties{}
		}
		k.Properties[p.Key] = p.Value
	}
	return nil
}

// addComment adds a comment of the given JSON to an issue that who may see; made is told which.
func (s *API) addComment(tx *world.Tx, who world.AccountID, on world.IssueID, raw json.RawMessage, made func(*world.Comment)) error {
	i := tx.Issue(on)
	if !tx.CanDo(who, world.AddComments, i) {
		return rest.Fail(http.StatusBadRequest, "%s, you do not have the permission to comment on this issue.", tx.User(who).Name)
	}
	var in commentInput
	if json.Unmarshal(raw, &in) != nil {
		return rest.FailField("comment", "Comment body can not be empty!")
	}
	k := &world.Comment{Author: who}
	if err := in.apply(tx.State, who, i, k); err != nil {
		return err
	}
	if err := tx.AddComment(on, k); err != nil {
		return err
	}
	if made != nil {
		made(k)
	}
	return nil
}

func (s *API) postComment(c *rest.Call) (rest.Answer, error) {
	var raw json.RawMessage
	if err := c.DecodeBody(&raw); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, err := c.Issue(tx.State)
		if err != nil {
			return err
		}
		return s.addComment(tx, c.Who.Account, i.ID, raw, func(k *world.Comment) { out = s.CommentJSON(tx.State, i, k) })
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

func (s *API) putComment(c *rest.Call) (rest.Answer, error) {
	var in commentInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, k, err := comment(c, tx.State)
		if err != nil {
			return err
		}
		if !c.May(tx.State, i, k.Author, world.EditAllComments, world.EditOwnComments) {
			return rest.Fail(http.StatusBadRequest, "%s, you do not have the permission to edit this comment.", tx.User(c.Who.Account).Name)
		}
		next := *k
		if err := in.apply(tx.State, c.Who.Account, i, &next); err != nil {
			return err
		}
		if err := tx.PutComment(&next); err != nil {
			return err
		}
		out = s.CommentJSON(tx.State, i, &next)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

func (s *API) deleteComment(c *rest.Call) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, k, err := comment(c, tx.State)
		if err != nil {
			return err
		}
		if !c.May(tx.State, i, k.Author, world.DeleteAllComments, world.DeleteOwnComments) {
			return rest.Fail(http.StatusBadRequest, "%s, you do not have the permission to delete this comment.", tx.User(c.Who.Account).Name)
		}
		return tx.DeleteComment(k.ID)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
