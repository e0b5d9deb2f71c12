package desk

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) commentOperations() []rest.Operation {
	const all = root + "/request/{issueIdOrKey}/comment"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listComments),
		rest.Op("POST", all, rest.ScopeWrite, s.postComment),
		rest.Op("GET", all+"/{commentId}", rest.ScopeRead, s.getComment),
		rest.Op("GET", all+"/{commentId}/attachment", rest.ScopeInaccessible, s.commentAttachments),
	}
}

// Comments lists the comments on a request that somebody may see, oldest first: customers see the public ones.
func Comments(st *world.State, who world.AccountID, i *world.Issue) []*world.Comment {
	agent := Agent(st, who, st.Project(i.Project))
	return slices.DeleteFunc(st.Comments(i), func(k *world.Comment) bool {
		return !agent && (k.Internal || k.Visibility != nil) || !st.SeesPart(who, i, k.Visibility)
	})
}

func (s *API) listComments(c *rest.Call) (rest.Answer, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	q := c.URL.Query()
	list := slices.DeleteFunc(Comments(c.St, c.Who.Account, i), func(k *world.Comment) bool {
		return k.Internal && q.Get("internal") == "false" || !k.Internal && q.Get("public") == "false"
	})
	return paged(s, c, list, s.commentJSONOf(c.St, c.Who.Account, i, expansionOf(c)))
}

func (s *API) commentJSONOf(st *world.State, who world.AccountID, i *world.Issue, want expansion) func(*world.Comment) object {
	return func(k *world.Comment) object { return s.commentJSON(st, who, i, k, want) }
}

func (s *API) commentJSON(st *world.State, who world.AccountID, i *world.Issue, k *world.Comment, want expansion) object {
	self := s.Link(root+"/request/%s/comment/%s", i.ID, k.ID)
	out := object{
		"_expands": want.rest("attachment", "renderedBody"), "id": k.ID, "body": adf.Plain(k.Body), "public": !k.Internal,
		"created": s.date(st, who, k.Created), "_links": object{"self": self},
	}
	if u := st.User(k.Author); u != nil {
		out["author"] = s.userJSON(u)
	}
	if want.has("attachment") {
		out["attachments"] = firstPage(s, root+"/request/"+string(i.ID)+"/comment/"+string(k.ID)+"/attachment", attachedTo(st, i, k), s.attachmentJSONOf(st, who, i))
	}
	if want.has("renderedBody") {
		out["renderedBody"] = object{"html": adf.HTML(k.Body)}
	}
	return out
}

// comment returns the request and the comment of the path, if the caller may see both.
func (s *API) comment(c *rest.Call) (*world.Issue, *world.Comment, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return nil, nil, err
	}
	id := world.CommentID(c.PathValue("commentId"))
	seen := Comments(c.St, c.Who.Account, i)
	n := slices.IndexFunc(seen, func(k *world.Comment) bool { return k.ID == id })
	if n < 0 {
		return nil, nil, rest.Fail(http.StatusNotFound, "The comment '%s' does not exist, or you do not have permission to see it.", id)
	}
	return i, seen[n], nil
}

func (s *API) getComment(c *rest.Call) (rest.Answer, error) {
	i, k, err := s.comment(c)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.commentJSON(c.St, c.Who.Account, i, k, expansionOf(c))}, nil
}

func (s *API) commentAttachments(c *rest.Call) (rest.Answer, error) {
	i, k, err := s.comment(c)
	if err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, attachedTo(c.St, i, k), s.attachmentJSONOf(c.St, c.Who.Account, i))
}

func (s *API) postComment(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Body   string
		Public *bool
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	k, err := s.Comment(c.Who.Account, i.ID, in.Body, in.Public != nil && !*in.Public)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusCreated, Body: s.commentJSON(s.store.State(), c.Who.Account, i, k, nil)}, nil
}

// Comment adds a comment to a request for somebody. Only agents write internal ones.
func (s *API) Comment(who world.AccountID, on world.IssueID, body string, internal bool) (*world.Comment, error) {
	var k *world.Comment
	err := s.store.ChangeAs(who, func(tx *world.Tx) (err error) {
		if i := tx.Issue(on); !Sees(tx.State, who, i) {
			return NoRequest()
		}
		k, err = addComment(tx, who, on, body, internal)
		return err
	})
	return k, err
}

func addComment(tx *world.Tx, who world.AccountID, on world.IssueID, body string, internal bool) (*world.Comment, error) {
	switch i := tx.Issue(on); {
	case strings.TrimSpace(body) == "":
		return nil, rest.Fail(http.StatusBadRequest, "The comment is empty: write something first.")
	case utf8.RuneCountInString(body) > maxText:
		return nil, rest.Fail(http.StatusBadRequest, "The comment is longer than 32,767 characters.")
	case internal && !Agent(tx.State, who, tx.Project(i.Project)):
		return nil, forbidden("write internal comments")
	}
	k := &world.Comment{Author: who, Body: adf.Document(body), Internal: internal}
	return k, tx.AddComment(on, k)
}
