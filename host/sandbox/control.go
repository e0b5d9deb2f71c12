package sandbox

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
)

// controlled lets only those in who may change the site, as for installing apps.
func (s *Site) controlled(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := s.operator(w, r); ok {
			serve(w, r)
		}
	}
}

// decodeControl reads a body strictly: a word that is not known would do nothing, and nobody would notice.
func decodeControl(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fail(http.StatusBadRequest, "more than one JSON value")
	}
	return nil
}

func refuseControl(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, object{"message": err.Error()})
}

func (s *Site) limitsAPI(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, object{"settings": s.limits.Settings(), "usage": s.limits.Usage()})
}

// setLimitsAPI changes what the body names and leaves the rest.
func (s *Site) setLimitsAPI(w http.ResponseWriter, r *http.Request) {
	settings := s.limits.Settings()
	err := decodeControl(w, r, &settings)
	if err == nil {
		err = s.limits.Set(settings)
	}
	if err != nil {
		refuseControl(w, err)
		return
	}
	s.limitsAPI(w, r)
}

// resetLimitsAPI takes Atlassian's numbers again and forgets what was counted.
func (s *Site) resetLimitsAPI(w http.ResponseWriter, _ *http.Request) {
	s.resetLimits()
	writeJSON(w, http.StatusNoContent, nil)
}

func (s *Site) resetLimits() {
	_ = s.limits.Set(s.documentedLimits()) // known to be right
	s.limits.Reset()
}

func (s *Site) faultsAPI(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, object{"rules": s.faults.Rules()})
}

func (s *Site) addFaultAPI(w http.ResponseWriter, r *http.Request) {
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
	writeJSON(w, http.StatusCreated, added)
}

func (s *Site) clearFaultsAPI(w http.ResponseWriter, _ *http.Request) {
	s.faults.Clear()
	writeJSON(w, http.StatusNoContent, nil)
}

func (s *Site) removeFaultAPI(w http.ResponseWriter, r *http.Request) {
	if !s.faults.Remove(r.PathValue("rule")) {
		writeJSON(w, http.StatusNotFound, object{"message": "There is no fault with this id."})
		return
	}
	writeJSON(w, http.StatusNoContent, nil)
}

func (s *Site) faultLogAPI(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, object{"entries": s.faults.Log()})
}

func (s *Site) webhooksAPI(w http.ResponseWriter, _ *http.Request) {
	hooks := s.allHooks()
	list := make([]any, 0, len(hooks))
	for _, h := range hooks {
		list = append(list, h)
	}
	writeJSON(w, http.StatusOK, object{"webhooks": list})
}

func (s *Site) webhookLogAPI(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, object{"waiting": s.sender.Waiting(), "attempts": s.sender.Log()})
}
