package platform

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The bounds of attachments: Jira's own are higher, but here they may lie in memory.
const (
	maxFile   = 10 << 20 // bytes of one
	maxUpload = 60 << 20 // bytes of a request
	maxFiles  = 60       // of a request
)

func (s *API) attachmentOperations() []rest.Operation {
	const one = "/rest/api/3/attachment/{id}"
	return []rest.Operation{
		rest.Op("POST", "/rest/api/3/issue/{issueIdOrKey}/attachments", rest.ScopeWrite, s.addAttachments).Takes(maxUpload),
		rest.Op("GET", "/rest/api/3/attachment/meta", rest.ScopeRead, s.attachmentMeta),
		rest.Op("GET", one, rest.ScopeRead, s.getAttachment),
		rest.Op("DELETE", one, rest.ScopeDelete, s.deleteAttachment),
		rest.Op("GET", "/rest/api/3/attachment/content/{id}", rest.ScopeRead, s.attachmentContent),
		rest.Op("GET", "/rest/api/3/attachment/thumbnail/{id}", rest.ScopeRead, s.attachmentThumbnail),
	}
}

func (s *API) attachmentMeta(*rest.Call) (rest.Answer, error) {
	return rest.Answer{Status: http.StatusOK, Body: object{"enabled": true, "uploadLimit": maxFile}}, nil
}

// upload is a file of a request.
type upload struct {
	name, kind string
	content    []byte
}

// uploads reads the files of a form; the parts of it that are not called "file" are nothing to Jira.
func uploads(c *rest.Call) ([]upload, error) {
	form, err := c.MultipartReader()
	if err != nil {
		return nil, rest.Fail(http.StatusUnsupportedMediaType, "The request is not a multipart/form-data form.")
	}
	var out []upload
	for {
		part, err := form.NextPart()
		var tooLarge *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case errors.As(err, &tooLarge):
			return nil, err
		case err != nil:
			return nil, rest.Fail(http.StatusBadRequest, "The form cannot be read.")
		}
		if part.FormName() != "file" {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(part, maxFile+1))
		switch {
		case err != nil && errors.As(err, &tooLarge):
			return nil, err
		case err != nil:
			return nil, rest.Fail(http.StatusBadRequest, "The form cannot be read.")
		case len(content) > maxFile || len(out) == maxFiles:
			return nil, rest.Fail(http.StatusRequestEntityTooLarge, "The attachments are too large: a file has up to %d bytes, and a request up to %d files.", maxFile, maxFiles)
		}
		name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
		if name == "" || name == "." || name == "/" {
			return nil, rest.Fail(http.StatusBadRequest, "A file of the form has no name.")
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			kind = "application/octet-stream"
		}
		out = append(out, upload{name, kind, content})
	}
}

func (s *API) addAttachments(c *rest.Call) (rest.Answer, error) {
	if t := c.Request.Header.Get("X-Atlassian-Token"); t != "no-check" && t != "nocheck" { // the second is how old clients write it
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "XSRF check failed")
	}
	if _, err := c.Issue(c.St); err != nil { // before all of it is read
		return rest.Answer{}, err
	}
	files, err := uploads(c)
	if err != nil {
		return rest.Answer{}, err
	}
	if len(files) == 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The form has no part with the name file.")
	}
	var out []object
	err = s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		out = []object{}
		i, err := c.Issue(tx.State)
		if err != nil {
			return err
		}
		if !tx.CanDo(c.Who.Account, world.CreateAttachments, i) {
			return rest.Fail(http.StatusForbidden, "You do not have permission to create attachments for this issue.")
		}
		for _, f := range files {
			a := &world.Attachment{Name: f.name, Type: f.kind}
			if err := tx.AddAttachment(i.ID, a, f.content); err != nil {
				return err
			}
			out = append(out, s.AttachmentJSON(tx.State, a))
		}
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

// attachment returns the attachment of the path with its issue, if the caller may see that.
func attachment(c *rest.Call, st *world.State) (*world.Issue, *world.Attachment, error) {
	i, a := st.Attachment(world.AttachmentID(c.PathValue("id")))
	if i == nil || !st.Sees(c.Who.Account, i) {
		return nil, nil, rest.Fail(http.StatusNotFound, "The attachment with id '%s' does not exist", c.PathValue("id"))
	}
	return i, a, nil
}

func (s *API) getAttachment(c *rest.Call) (rest.Answer, error) {
	_, a, err := attachment(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	out := s.AttachmentJSON(c.St, a)
	out["id"] = shape.Number(a.ID) // here it is a number, and with its issue a text
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) deleteAttachment(c *rest.Call) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, a, err := attachment(c, tx.State)
		if err != nil {
			return err
		}
		if !c.May(tx.State, i, a.Author, world.DeleteAllAttachments, world.DeleteOwnAttachments) {
			return rest.Fail(http.StatusForbidden, "You do not have permission to delete attachment with id: %s", a.ID)
		}
		return tx.DeleteAttachment(a.ID)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

// attachmentContent sends the file from here, also where Jira would lead to another server.
func (s *API) attachmentContent(c *rest.Call) (rest.Answer, error) {
	_, a, err := attachment(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: rest.File{Type: a.Type, Name: a.Name, Content: c.St.Content(a), Changed: a.Created}}, nil
}

// attachmentThumbnail sends the picture itself: whoever shows it makes it small.
func (s *API) attachmentThumbnail(c *rest.Call) (rest.Answer, error) {
	_, a, err := attachment(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	if !strings.HasPrefix(a.Type, "image/") {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The attachment with id '%s' has no thumbnail", a.ID)
	}
	return s.attachmentContent(c)
}
