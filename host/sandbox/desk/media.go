package desk

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	// maxUpload is the size of an upload in bytes, all its files together.
	maxUpload = 20 << 20
	// maxTray is how many bytes of temporary files there are at a time; the oldest go first.
	maxTray = 100 << 20
	// maxFiles is how many files one upload has; it is Jira's number.
	maxFiles = 60
	// temporaryLife is how long a file waits to be attached, mediaLife how long an address of one works.
	temporaryLife = time.Hour
	mediaLife     = 10 * time.Minute
)

// file is a file that somebody sent and nothing has yet. Those who sent it can attach it, at the desk that it was sent to.
type file struct {
	id, name, kind string
	content        []byte
	owner          world.AccountID
	at             world.DeskID
	sent           time.Time
}

// tray holds temporary files, oldest first. They live in memory only. The zero value is empty.
type tray struct {
	mu    sync.Mutex
	files []file
}

func (t *tray) put(f file) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.files = append(t.files, f)
	size := 0
	for _, each := range t.files {
		size += len(each.content)
	}
	for size > maxTray || len(t.files) > 0 && f.sent.Sub(t.files[0].sent) > temporaryLife {
		size -= len(t.files[0].content)
		t.files = t.files[1:]
	}
}

func (t *tray) get(now time.Time, who world.AccountID, at world.DeskID, ids []string) ([]file, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []file
	for _, id := range ids {
		n := slices.IndexFunc(t.files, func(f file) bool {
			return f.id == id && f.owner == who && f.at == at && now.Sub(f.sent) <= temporaryLife
		})
		if n < 0 {
			return nil, fmt.Errorf("there is no temporary file %q of yours; send it again", id)
		}
		out = append(out, t.files[n])
	}
	return out, nil
}

func (s *API) attachTemporary(c *rest.Call) (rest.Answer, error) {
	d, err := s.desk(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	if !strings.EqualFold(c.Request.Header.Get("X-Atlassian-Token"), "no-check") {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "XSRF check failed: send the header X-Atlassian-Token: no-check.")
	}
	parts, err := c.MultipartReader()
	if err != nil {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Send the files as multipart/form-data, each in a part with the name file.")
	}
	files, err := s.Receive(c.Who.Account, d, parts)
	if err != nil {
		return rest.Answer{}, err
	}
	list := []object{}
	for _, f := range files {
		list = append(list, object{"temporaryAttachmentId": f.ID, "fileName": f.Name})
	}
	return rest.Answer{Status: http.StatusCreated, Body: object{"temporaryAttachments": list}}, nil
}

// Temporary names a file that waits to be attached.
type Temporary struct{ ID, Name string }

// Receive keeps the files of the parts called "file" for a while.
func (s *API) Receive(who world.AccountID, d *world.Desk, parts *multipart.Reader) (out []Temporary, err error) {
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && part.FormName() == "file" && part.FileName() != "" {
			if len(out) == maxFiles {
				return nil, rest.Fail(http.StatusRequestEntityTooLarge, "Send at most %d files at once.", maxFiles)
			}
			var content []byte
			if content, err = io.ReadAll(part); err == nil {
				out = append(out, s.Keep(who, d, part.FileName(), content))
			}
		}
		if err != nil {
			return nil, unreadable(err)
		}
	}
	if len(out) == 0 {
		return nil, rest.Fail(http.StatusBadRequest, "Send at least one file, in a part with the name file.")
	}
	return out, nil
}

func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return rest.Fail(http.StatusBadRequest, "The files are larger than %d MB together.", maxUpload>>20)
	}
	return rest.Fail(http.StatusBadRequest, "The files could not be read: %v.", err)
}

// Keep keeps a file for a while.
func (s *API) Keep(who world.AccountID, d *world.Desk, name string, content []byte) Temporary {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	kind, _, err := mime.ParseMediaType(mime.TypeByExtension(path.Ext(name)))
	if err != nil {
		kind, _, _ = strings.Cut(http.DetectContentType(content), ";")
	}
	f := file{id: "temp" + rand.Text(), name: name, kind: kind, content: content, owner: who, at: d.ID, sent: s.now()}
	s.files.put(f)
	return Temporary{f.id, f.name}
}

func mediaToken(st *world.State, id world.AttachmentID, until int64) string {
	m := hmac.New(sha256.New, st.SessionKey)
	fmt.Fprintf(m, "media:%s:%d", id, until)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Serve adds the addresses of files to which operations lead.
func (s *API) Serve(mux *http.ServeMux) { mux.HandleFunc("GET /media/{attachment}/{name}", s.media) }

func (s *API) media(w http.ResponseWriter, r *http.Request) {
	st, q := s.store.State(), r.URL.Query()
	id := world.AttachmentID(r.PathValue("attachment"))
	until, err := strconv.ParseInt(q.Get("until"), 10, 64)
	if err != nil || !hmac.Equal([]byte(q.Get("token")), []byte(mediaToken(st, id, until))) || s.now().Unix() > until {
		http.Error(w, "This address does not work, or not any more.", http.StatusForbidden)
		return
	}
	_, a := st.Attachment(id)
	if a == nil {
		http.NotFound(w, r)
		return
	}
	ServeFile(w, r, st, a)
}

// ServeFile answers a file. Only images are shown in the browser; nothing in them runs.
func ServeFile(w http.ResponseWriter, r *http.Request, st *world.State, a *world.Attachment) {
	h := w.Header()
	h.Set("Content-Type", a.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	how := "attachment"
	if image(a) {
		how = "inline"
	}
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": a.Name}))
	http.ServeContent(w, r, "", a.Created, bytes.NewReader(st.Content(a)))
}
