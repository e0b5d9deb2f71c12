package control

import (
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

func (s *Control) faultsAPI(w http.ResponseWriter, _ *http.Request) {
	rest.WriteJSON(w, http.StatusOK, object{"rules": s.faults.Rules()})
}

func (s *Control) addFaultAPI(w http.ResponseWriter, r *http.Request) {
	var rule fault.Rule
	err := decodeControl(w, r, &rule)
	var added fault.State
	if err == nil {
		added, err = s.faults.Add(rule)
	}
	if err != nil {
		refuseControl(w, err)
		return
	}
	rest.WriteJSON(w, http.StatusCreated, added)
}

func (s *Control) clearFaultsAPI(w http.ResponseWriter, _ *http.Request) {
	s.faults.Clear()
	rest.WriteJSON(w, http.StatusNoContent, nil)
}

func (s *Control) removeFaultAPI(w http.ResponseWriter, r *http.Request) {
	if !s.faults.Remove(r.PathValue("rule")) {
		rest.WriteJSON(w, http.StatusNotFound, object{"message": "There is no fault with this id."})
		return
	}
	rest.WriteJSON(w, http.StatusNoContent, nil)
}

func (s *Control) faultLogAPI(w http.ResponseWriter, _ *http.Request) {
	rest.WriteJSON(w, http.StatusOK, object{"entries": s.faults.Log()})
}
