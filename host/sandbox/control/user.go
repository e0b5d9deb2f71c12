package control

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// reportsAPI says what apps have reported, for tests and for whoever develops one.
func (s *Control) reportsAPI(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.operator(w, r); !ok {
		return
	}
	st := s.store.State()
	rest.WriteJSON(w, http.StatusOK, object{"cycleDays": connect.CycleDays(st), "apps": st.Reports()})
}

func (s *Control) reportCycleAPI(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.operator(w, r); !ok {
		return
	}
	var in struct {
		CycleDays int `json:"cycleDays"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody)).Decode(&in) != nil || in.CycleDays < 1 || in.CycleDays > connect.MaxCycleDays {
		rest.WriteJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"cycleDays": 3}, with 1 to 366 days.`})
		return
	}
	err := s.store.Change(func(tx *world.Tx) error {
		site := tx.EditSite()
		site.ReportCycle = in.CycleDays
		return tx.Put(site)
	})
	if err != nil {
		rest.WriteError(s.log, w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusNoContent, nil)
}

func (s *Control) renameUserAPI(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody)).Decode(&in) != nil || strings.TrimSpace(in.Name) == "" {
		rest.WriteJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"name": "Jo Weber"}.`})
		return
	}
	s.changeUser(w, r, func(tx *world.Tx, a world.AccountID) error { return tx.RenameUser(a, strings.TrimSpace(in.Name)) })
}

func (s *Control) closeUserAPI(w http.ResponseWriter, r *http.Request) {
	s.changeUser(w, r, (*world.Tx).CloseUser)
}

// changeUser changes the person whom the address names by account or login. An app's account goes with its app.
func (s *Control) changeUser(w http.ResponseWriter, r *http.Request, change func(*world.Tx, world.AccountID) error) {
	if _, ok := s.operator(w, r); !ok {
		return
	}
	var u *world.User
	err := s.store.Change(func(st *world.Tx) error {
		name := r.PathValue("user")
		if u = cmp.Or(st.User(world.AccountID(name)), st.Login(name)); u == nil || u.App || u.Closed {
			return rest.Fail(http.StatusNotFound, "There is no person with the account or login %q whose account is open.", name)
		}
		if err := change(st, u.Account); err != nil {
			return err
		}
		u = st.User(u.Account)
		return nil
	})
	if err != nil {
		rest.WriteError(s.log, w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusOK, s.shape.UserJSON(u))
}
