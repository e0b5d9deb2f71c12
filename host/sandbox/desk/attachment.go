package desk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) attachmentOperations() []rest.Operation {
	const all = root + "/request/{issueIdOrKey}/attachment"
	return []rest.Operation{
		rest.Op("POST", root+"/servicedesk/{serviceDeskId}/attachTemporaryFile", rest.ScopeWrite, s.attachTemporary).Takes(maxUpload),
		rest.Op("GET", all, rest.ScopeRead, s.listAttachments),
		rest.Op("POST", all, rest.ScopeWrite, s.postAttachments),
		rest.Op("GET", all+"/{attachmentId}", rest.ScopeRead, s.redirectToContent),
		rest.Op("GET", all+"/{attachmentId}/thumbnail", rest.ScopeRead, s.redirectToThumbnail),
	}
}

// attachedProperty is where a comment notes the files that came with it. Jira names them in the comment's document.
const attachedProperty = "sandbox.attachments"

// attachedTo lists the files that came with a comment.
func attachedTo(st *world.State, i *world.Issue, k *world.Comment) []*world.Attachment {
	var ids []world.AttachmentID
	_ = json.Unmarshal(k.Properties[attachedProperty], &ids) // nothing, or what this package wrote
	return slices.DeleteFunc(st.Attachments(i), func(a *world.Attachment) bool { return !slices.Contains(ids, a.ID) })
}

// SeenAttachments lists the files at a request that somebody may see: customers see none that came with internal comments.
func SeenAttachments(st *world.State, who world.AccountID, i *world.Issue) []*world.Attachment {
	seen := Comments(st, who, i)
	hidden := map[world.AttachmentID]bool{}
	for _, k := range st.Comments(i) {
		if slices.ContainsFunc(seen, func(s *world.Comment) bool { return s.ID == k.ID }) {
			continue
		}
		for _, a := range attachedTo(st, i, k) {
			hidden[a.ID] = true
		}
	}
	return slices.DeleteFunc(st.Attachments(i), func(a *world.Attachment) bool { return hidden[a.ID] })
}

func (s *API) attachmentJSONOf(st *world.State, who world.AccountID, i *world.Issue) func(*world.Attachment) object {
	return func(a *world.Attachment) object {
		self := s.Link(root+"/request/%s/attachment/%s", i.ID, a.ID)
		links := object{"self": self, "jiraRest": s.Link("/rest/api/2/attachment/%s", a.ID), "content": self}
		if image(a) {
			links["thumbnail"] = self + "/thumbnail"
		}
		out := object{"filename": a.Name, "size": a.Size, "mimeType": a.Type, "created": s.date(st, who, a.Created), "_links": links}
		if u := st.User(a.Author); u != nil {
			out["author"] = s.userJSON(u)
		}
		return out
	}
}

func (s *API) listAttachments(c *rest.Call) (rest.Answer, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, SeenAttachments(c.St, c.Who.Account, i), s.attachmentJSONOf(c.St, c.Who.Account, i))
}

func (s *API) postAttachments(c *rest.Call) (rest.Answer, error) {
	var in struct {
		TemporaryAttachmentIDs []string `json:"temporaryAttachmentIds"`
		Public                 *bool
		AdditionalComment      struct{ Body string }
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	_, d := TypeOf(c.St, i)
	files, err := s.files.get(s.now(), c.Who.Account, d.ID, in.TemporaryAttachmentIDs)
	if err != nil || len(files) == 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Name files in temporaryAttachmentIds: %v.", orElse(err, "there are none"))
	}
	k, made, err := s.attach(c.Who.Account, i.ID, files, in.AdditionalComment.Body, in.Public != nil && !*in.Public)
	if err != nil {
		return rest.Answer{}, err
	}
	st := s.store.State()
	path := root + "/request/" + string(i.ID) + "/attachment"
	return rest.Answer{Status: http.StatusCreated, Body: object{
		"comment":     s.commentJSON(st, c.Who.Account, i, k, nil),
		"attachments": firstPage(s, path, made, s.attachmentJSONOf(st, c.Who.Account, i)),
	}}, nil
}

func orElse(err error, words string) string {
	if err == nil {
		return words
	}
	return err.Error()
}

// attach adds files to a request with a comment that says so.
func (s *API) attach(who world.AccountID, on world.IssueID, files []file, text string, internal bool) (k *world.Comment, made []*world.Attachment, err error) {
	err = s.store.ChangeAs(who, func(tx *world.Tx) error {
		var ids []world.AttachmentID
		var names []string
		for _, f := range files {
			a := &world.Attachment{Name: f.name, Type: f.kind, Author: who}
			if err := tx.AddAttachment(on, a, f.content); err != nil {
				return err
			}
			made, ids, names = append(made, a), append(ids, a.ID), append(names, f.name)
		}
		if strings.TrimSpace(text) == "" {
			text = strings.Join(names, "\n")
		}
		k, err = addComment(tx, who, on, text, internal)
		if err != nil {
			return err
		}
		next := *k
		next.Properties = world.Properties{attachedProperty: encoded(ids)}
		k = &next
		return tx.PutComment(&next)
	})
	return k, made, err
}

// Attach adds temporary files to a request for somebody, with a comment.
func (s *API) Attach(who world.AccountID, on world.IssueID, ids []string, text string, internal bool) error {
	st := s.store.State()
	i := st.Issue(on)
	if !Sees(st, who, i) {
		return NoRequest()
	}
	_, d := TypeOf(st, i)
	files, err := s.files.get(s.now(), who, d.ID, ids)
	if err != nil {
		return rest.Fail(http.StatusBadRequest, "%v.", err)
	}
	_, _, err = s.attach(who, on, files, text, internal)
	return err
}

// Attachment finds a file at a request that somebody may see, nil where there is none.
func Attachment(st *world.State, who world.AccountID, i *world.Issue, id world.AttachmentID) *world.Attachment {
	if !Sees(st, who, i) {
		return nil
	}
	seen := SeenAttachments(st, who, i)
	if n := slices.IndexFunc(seen, func(a *world.Attachment) bool { return a.ID == id }); n >= 0 {
		return seen[n]
	}
	return nil
}

// attachment returns the file of the path, if the caller may see it.
func (s *API) attachment(c *rest.Call) (*world.Attachment, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return nil, err
	}
	a := Attachment(c.St, c.Who.Account, i, world.AttachmentID(c.PathValue("attachmentId")))
	if a == nil {
		return nil, rest.Fail(http.StatusNotFound, "The request has no attachment '%s'.", c.PathValue("attachmentId"))
	}
	return a, nil
}

func (s *API) redirectToContent(c *rest.Call) (rest.Answer, error) {
	a, err := s.attachment(c)
	if err != nil {
		return rest.Answer{}, err
	}
	c.Header.Set("Location", s.MediaLink(c.St, a))
	return rest.Answer{Status: http.StatusSeeOther}, nil
}

// redirectToThumbnail leads to the image itself: the site makes none smaller.
func (s *API) redirectToThumbnail(c *rest.Call) (rest.Answer, error) {
	a, err := s.attachment(c)
	if err == nil && !image(a) {
		err = rest.Fail(http.StatusNotFound, "The attachment '%s' is no image.", a.ID)
	}
	if err != nil {
		return rest.Answer{}, err
	}
	return s.redirectToContent(c)
}

// image says whether a file is of a kind that browsers show in a page.
func image(a *world.Attachment) bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, a.Type)
}

// MediaLink is an address at which anybody gets the file for a while, as from Atlassian's media service.
func (s *API) MediaLink(st *world.State, a *world.Attachment) string {
	until := s.now().Add(mediaLife).Unix()
	return s.Link("/media/%s/%s?%s", a.ID, url.PathEscape(a.Name), url.Values{"until": {fmt.Sprint(until)}, "token": {mediaToken(st, a.ID, until)}}.Encode())
}
