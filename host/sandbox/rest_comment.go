package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) commentOperations() []operation {
	const all, one = "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/{issueIdOrKey}/comment/{id}"
	return []operation{
		{"GET", all, scopeRead, false, s.listComments},
		{"POST", all, scopeWrite, false, s.postComment},
		{"GET", one, scopeRead, false, s.getComment},
		{"PUT", one, scopeWrite, false, s.putComment},
		{"DELETE", one, scopeDelete, false, s.deleteComment},
	}
}

// maxText is the length of a rich text in characters.
const maxText = 32767

// documentProblem is what Jira says of a text that is no document, or too long; "" if it is good.
func documentProblem(raw json.RawMessage) string {
	var doc adfNode
	if json.Unmarshal(raw, &doc) != nil || doc.Type != "doc" {
		return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
	}
	if utf8.RuneCountInString(world.DocumentText(raw)) > maxText {
		return "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
	}
	return ""
}

// seenComments are those of the issue's comments that somebody may see, oldest first.
func seenComments(st *world.State, who world.AccountID, i *world.Issue) []*world.Comment {
	return slices.DeleteFunc(st.Comments(i), func(k *world.Comment) bool { return !st.SeesPart(who, i, k.Visibility) })
}

func (s *Site) commentJSON(st *world.State, i *world.Issue, k *world.Comment) object {
	out := object{
		"self": s.link("/rest/api/3/issue/%s/comment/%s", i.ID, k.ID), "id": k.ID, "body": k.Body,
		"author": s.userOrNil(st, k.Author), "updateAuthor": s.userOrNil(st, k.Editor),
		"created": k.Created.Format(jiraTime), "updated": k.Updated.Format(jiraTime), "jsdPublic": !k.Internal,
	}
	if k.Visibility != nil {
		out["visibility"] = visibilityJSON(st, k.Visibility)
	}
	return out
}

func visibilityJSON(st *world.State, v *world.Visibility) object {
	if v.Kind == world.ByRole {
		name := v.Value
		if r := st.Roles.Get(world.RoleID(v.Value)); r != nil {
			name = r.Name
		}
		return object{"type": "role", "value": name, "identifier": v.Value}
	}
	id := v.Value
	if g := st.Groups.Get(world.GroupName(v.Value)); g != nil {
		id = g.ID
	}
	return object{"type": "group", "value": v.Value, "identifier": id}
}

// visibilityOf reads to whom a comment or worklog is shown; nobody hides something from himself.
func visibilityOf(st *world.State, who world.AccountID, i *world.Issue, raw json.RawMessage) (*world.Visibility, error) {
	if empty(raw) {
		return nil, nil
	}
	var in struct{ Type, Value, Identifier string }
	if json.Unmarshal(raw, &in) != nil {
		return nil, failField("visibility", "Specify a valid visibility.")
	}
	if in.Type == "" && in.Value == "" && in.Identifier == "" { // clients without a word for nothing send an empty object
		return nil, nil
	}
	var v *world.Visibility
	switch in.Type {
	case "group":
		g := st.Groups.First(func(g *world.Group) bool { return g.ID == in.Identifier || string(g.Name) == in.Value })
		if g == nil {
			return nil, failField("commentLevel", "Group: "+in.Value+" does not exist.")
		}
		v = &world.Visibility{Kind: world.ByGroup, Value: string(g.Name)}
	case "role":
		r := st.Roles.First(func(r *world.Role) bool { return string(r.ID) == in.Identifier || strings.EqualFold(r.Name, in.Value) })
		if r == nil {
			return nil, failField("commentLevel", "Role: "+in.Value+" does not exist.")
		}
		v = &world.Visibility{Kind: world.ByRole, Value: string(r.ID)}
	default:
		return nil, failField("visibility", "Specify a valid visibility.")
	}
	if !st.SeesPart(who, i, v) {
		return nil, failField("commentLevel", "You are currently not a member of the "+in.Type+": "+in.Value+".")
	}
	return v, nil
}

func (s *Site) listComments(c *call) (answer, error) {
	i, err := c.issue(c.st)
	if err != nil {
		return answer{}, err
	}
	start, size, err := c.pageBounds(100, 5000)
	if err != nil {
		return answer{}, err
	}
	all := seenComments(c.st, c.who.account, i)
	switch c.URL.Query().Get("orderBy") {
	case "", "created", "+created":
	case "-created":
		slices.Reverse(all)
	default:
		return answer{}, fail(http.StatusBadRequest, "The value of orderBy is not valid: comments can be ordered by created only.")
	}
	return answer{http.StatusOK, s.commentPage(c.st, i, window(all, start, size), start, size, len(all))}, nil
}

func (s *Site) commentPage(st *world.State, i *world.Issue, shown []*world.Comment, start, size, total int) object {
	list := []object{}
	for _, k := range shown {
		list = append(list, s.commentJSON(st, i, k))
	}
	return object{"comments": list, "startAt": start, "maxResults": size, "total": total}
}

// comment returns the issue and the comment of the path, if the caller may see both.
func (c *call) comment(st *world.State) (*world.Issue, *world.Comment, error) {
	i, err := c.issue(st)
	if err != nil {
		return nil, nil, err
	}
	id := c.PathValue("id")
	on, k := st.Comment(world.CommentID(id))
	if on == nil || on.ID != i.ID || !st.SeesPart(c.who.account, i, k.Visibility) {
		return nil, nil, fail(http.StatusNotFound, "Can not find a comment for the id: %s.", id)
	}
	return i, k, nil
}

func (s *Site) getComment(c *call) (answer, error) {
	i, k, err := c.comment(c.st)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, s.commentJSON(c.st, i, k)}, nil
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
		return failField("comment", "Comment body can not be empty!")
	}
	if problem := documentProblem(in.Body); problem != "" {
		return failField("comment", problem)
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
func (s *Site) addComment(tx *world.Tx, who world.AccountID, on world.IssueID, raw json.RawMessage, made func(*world.Comment)) error {
	i := tx.Issue(on)
	if !tx.CanDo(who, world.AddComments, i) {
		return fail(http.StatusBadRequest, "%s, you do not have the permission to comment on this issue.", tx.User(who).Name)
	}
	var in commentInput
	if json.Unmarshal(raw, &in) != nil {
		return failField("comment", "Comment body can not be empty!")
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

func (s *Site) postComment(c *call) (answer, error) {
	var raw json.RawMessage
	if err := c.decodeBody(&raw); err != nil {
		return answer{}, err
	}
	var out object
	err := s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		i, err := c.issue(tx.State)
		if err != nil {
			return err
		}
		return s.addComment(tx, c.who.account, i.ID, raw, func(k *world.Comment) { out = s.commentJSON(tx.State, i, k) })
	})
	return answer{http.StatusCreated, out}, err
}

// may says whether the caller has one of two permissions: that for everything, or that for what is the caller's own.
func (c *call) may(st *world.State, i *world.Issue, author world.AccountID, all, own string) bool {
	return st.CanDo(c.who.account, all, i) || author == c.who.account && st.CanDo(c.who.account, own, i)
}

func (s *Site) putComment(c *call) (answer, error) {
	var in commentInput
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	var out object
	err := s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		i, k, err := c.comment(tx.State)
		if err != nil {
			return err
		}
		if !c.may(tx.State, i, k.Author, world.EditAllComments, world.EditOwnComments) {
			return fail(http.StatusBadRequest, "%s, you do not have the permission to edit this comment.", tx.User(c.who.account).Name)
		}
		next := *k
		if err := in.apply(tx.State, c.who.account, i, &next); err != nil {
			return err
		}
		if err := tx.PutComment(&next); err != nil {
			return err
		}
		out = s.commentJSON(tx.State, i, &next)
		return nil
	})
	return answer{http.StatusOK, out}, err
}

func (s *Site) deleteComment(c *call) (answer, error) {
	err := s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		i, k, err := c.comment(tx.State)
		if err != nil {
			return err
		}
		if !c.may(tx.State, i, k.Author, world.DeleteAllComments, world.DeleteOwnComments) {
			return fail(http.StatusBadRequest, "%s, you do not have the permission to delete this comment.", tx.User(c.who.account).Name)
		}
		return tx.DeleteComment(k.ID)
	})
	return answer{status: http.StatusNoContent}, err
}
