package control

import (
	"encoding/json"
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// moveAPI gives an issue a key in another project; Jira has no simple REST call for that.
func (s *Control) moveAPI(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Project string `json:"project"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody)).Decode(&in) != nil {
		rest.WriteJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"project": "FAC"}.`})
		return
	}
	var moved *world.Issue
	err := s.store.Change(func(tx *world.Tx) error {
		p := tx.FindProject(in.Project)
		if moved = tx.FindIssue(r.PathValue("issue")); moved == nil || p == nil {
			return rest.Fail(http.StatusNotFound, "There is no such issue or project.")
		}
		err := tx.MoveIssue(moved.ID, p.ID)
		moved = tx.Issue(moved.ID)
		return err
	})
	if err != nil {
		rest.WriteError(s.log, w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusOK, object{"id": moved.ID, "key": moved.Key})
}
