package control

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// installAPI and uninstallAPI install and uninstall apps for the command line and for tests. A request without a session
// is the developer at the keyboard; one with a session needs an admin's.
func (s *Control) installAPI(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Descriptor string `json:"descriptor"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody)).Decode(&in) != nil || in.Descriptor == "" {
		rest.WriteJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"descriptor": "http://localhost:8080/atlassian-connect.json"}.`})
		return
	}
	by, ok := s.operator(w, r)
	if !ok {
		return
	}
	app, err := s.apps.Install(r.Context(), in.Descriptor, by)
	if err != nil {
		s.writeInstallError(w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusCreated, object{"key": app.Key, "clientKey": app.ClientKey, "state": app.State, "account": app.Account})
}

func (s *Control) uninstallAPI(w http.ResponseWriter, r *http.Request) {
	by, ok := s.operator(w, r)
	if !ok {
		return
	}
	if err := s.apps.Change(r.Context(), world.AppKey(r.PathValue("appKey")), world.AppUninstalled, by); err != nil {
		s.writeInstallError(w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusNoContent, nil)
}

func (s *Control) writeInstallError(w http.ResponseWriter, r *http.Request, err error) {
	var e *connect.InstallError
	if errors.As(err, &e) {
		rest.WriteJSON(w, http.StatusUnprocessableEntity, object{"message": e.Message})
		return
	}
	s.log.ErrorContext(r.Context(), "install", "error", err)
	rest.WriteJSON(w, http.StatusInternalServerError, object{"message": "Internal server error"})
}
