package migration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// maxUpload is the largest body that a developer sends, with files in it.
const maxUpload = 16 << 20

// exported is the status of a transfer of a Forge app of which all data is there: it settles with the last acknowledgement.
const exported = "EXPORTED"

var containerTypes = []string{"JiraProject", "ConfluenceSpace", "Site"}

// container is something that is migrated.
type container struct {
	Type   string `json:"type"`
	Source string `json:"sourceId"`
	Key    string `json:"key,omitempty"`
	Name   string `json:"name,omitempty"`
}

// file is a file that a developer uploads in the role of the app's Data Center half.
type file struct {
	Label   string `json:"label"`
	Content string `json:"content"` // as text
	Bytes   []byte `json:"bytes"`   // or in base64
}

func (f file) bytes() []byte {
	if f.Bytes != nil {
		return f.Bytes
	}
	return []byte(f.Content)
}

// start is what a transfer begins with. With Open, more files may come, and POST …/complete ends them.
type start struct {
	App        world.AppKey                 `json:"app"`
	Name       string                       `json:"name"`
	Mappings   map[string]map[string]string `json:"mappings"` // by namespace, from there to here
	Containers []container                  `json:"containers"`
	Files      []file                       `json:"files"`
	Open       bool                         `json:"open"`
}

func (in start) check(st *world.State) error {
	if st.App(in.App) == nil {
		return fmt.Errorf("no app with the key %q is installed", in.App)
	}
	for n, c := range in.Containers {
		if !slices.Contains(containerTypes, c.Type) || c.Source == "" {
			return fmt.Errorf("containers[%d]: want a sourceId, and a type of %s", n, strings.Join(containerTypes, ", "))
		}
	}
	for n, f := range in.Files {
		if f.Label == "" {
			return fmt.Errorf("files[%d]: label is missing", n)
		}
	}
	return nil
}

// decode reads a body strictly: a word that is not known would do nothing, and nobody would notice.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxUpload))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func refuse(w http.ResponseWriter, status int, err error) {
	rest.WriteJSON(w, status, object{"message": err.Error() + "."})
}

func (s *Migrations) startAPI(w http.ResponseWriter, r *http.Request) {
	var in start
	err := decode(w, r, &in)
	if err == nil {
		err = in.check(s.Store.State())
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf(`%w; want a body such as {"app": "example.app", "mappings": {"jira/classic:customField": {"10000": "10100"}}}`, err))
		return
	}
	t := &world.Transfer{ID: world.NewUUID(), App: in.App, Migration: world.NewUUID(), Name: in.Name, Status: inProgress, At: s.Clock().UTC()}
	err = s.Store.Change(func(tx *world.Tx) error {
		if len(in.Containers) > 0 {
			if t.Containers, err = json.Marshal(in.Containers); err != nil {
				return err
			}
		}
		for namespace, pairs := range in.Mappings {
			for source, target := range pairs {
				id := strings.Join([]string{t.Migration, namespace, source}, " ")
				if err := tx.Put(&world.Mapping{ID: id, Migration: t.Migration, Namespace: namespace, Source: source, Target: target}); err != nil {
					return err
				}
			}
		}
		t.Files = filesOf(in.Files)
		return tx.Put(t)
	})
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	s.tell(t, listenerTriggered, nil)
	for n := range t.Files {
		s.tell(t, dataUploaded, &t.Files[n])
	}
	if !in.Open {
		if t, err = s.complete(t.ID); err != nil {
			rest.WriteError(s.Logger, w, r, err)
			return
		}
	}
	rest.WriteJSON(w, http.StatusCreated, s.transferJSON(t))
}

func filesOf(in []file) (out []world.TransferFile) {
	for _, f := range in {
		out = append(out, world.TransferFile{Key: world.NewUUID(), Label: f.Label, Bytes: f.bytes(), Message: world.NewUUID()})
	}
	return out
}

func (s *Migrations) transferJSON(t *world.Transfer) object {
	files := []object{}
	for _, f := range t.Files {
		files = append(files, object{"s3Key": f.Key, "label": f.Label, "size": len(f.Bytes), "messageId": f.Message, "state": f.State})
	}
	return object{
		"transferId": t.ID, "migrationId": t.Migration, "app": t.App, "name": t.Name, "status": t.Status, "percent": t.Percent, "message": t.Message,
		"feedback": t.Feedback, "log": t.Log, "files": files, "at": t.At,
	}
}

func (s *Migrations) listAPI(w http.ResponseWriter, _ *http.Request) {
	out := []object{}
	for t := range s.Store.State().Transfers.All() {
		out = append(out, s.transferJSON(t))
	}
	rest.WriteJSON(w, http.StatusOK, object{"transfers": out})
}

func (s *Migrations) logAPI(w http.ResponseWriter, _ *http.Request) {
	rest.WriteJSON(w, http.StatusOK, object{"attempts": s.courier.Log()})
}

func (s *Migrations) showAPI(w http.ResponseWriter, r *http.Request) {
	t := s.Store.State().Transfers.Get(r.PathValue("transfer"))
	if t == nil {
		refuse(w, http.StatusNotFound, fmt.Errorf("there is no transfer %s", r.PathValue("transfer")))
		return
	}
	rest.WriteJSON(w, http.StatusOK, s.transferJSON(t))
}

// change changes a transfer that goes on.
func (s *Migrations) change(id string, change func(*world.Transfer)) (t *world.Transfer, err error) {
	return t, s.Store.Change(func(tx *world.Tx) error {
		if t = world.Edit(tx.Transfers.Get(id)); t == nil || slices.Contains(settled, t.Status) {
			return rest.Fail(http.StatusNotFound, "There is no transfer %s, or it is settled.", id)
		}
		change(t)
		return tx.Put(t)
	})
}

func (s *Migrations) uploadAPI(w http.ResponseWriter, r *http.Request) {
	var in file
	if err := decode(w, r, &in); err != nil || in.Label == "" {
		refuse(w, http.StatusBadRequest, errors.New(`want a body such as {"label": "assets", "content": "…"}, or "bytes" in base64`))
		return
	}
	added := filesOf([]file{in})
	t, err := s.change(r.PathValue("transfer"), func(t *world.Transfer) { t.Files = append(t.Files, added...) })
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	s.tell(t, dataUploaded, &added[0])
	rest.WriteJSON(w, http.StatusCreated, s.transferJSON(t))
}

// complete ends the export.
func (s *Migrations) complete(id string) (*world.Transfer, error) {
	t, err := s.change(id, func(t *world.Transfer) {
		if app := s.Store.State().App(t.App); app != nil && app.Forge != nil && len(t.Files) > 0 {
			t.Status = exported
			t.Status = outcome(t)
		}
	})
	if err != nil {
		return nil, err
	}
	s.tell(t, exportCompleted, nil)
	if slices.Contains(settled, t.Status) {
		s.tell(t, transferSettled, nil)
	}
	return t, nil
}

// outcome is the status of a transfer by what a Forge app said of its files.
func outcome(t *world.Transfer) string {
	out := success
	for _, f := range t.Files {
		switch f.State {
		case "":
			return t.Status
		case failed:
			out = failed
		}
	}
	return out
}

func (s *Migrations) completeAPI(w http.ResponseWriter, r *http.Request) {
	t, err := s.complete(r.PathValue("transfer"))
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusOK, s.transferJSON(t))
}

// cancelAPI asks the app to stop; it settles the transfer then.
func (s *Migrations) cancelAPI(w http.ResponseWriter, r *http.Request) {
	t, err := s.change(r.PathValue("transfer"), func(t *world.Transfer) { t.Status = cancelled })
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	s.tell(t, cancelRequested, nil)
	rest.WriteJSON(w, http.StatusOK, s.transferJSON(t))
}
