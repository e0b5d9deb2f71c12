package control

import (
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Control) limitsAPI(w http.ResponseWriter, _ *http.Request) {
	rest.WriteJSON(w, http.StatusOK, object{"settings": s.limits.Settings(), "usage": s.limits.Usage()})
}

// setLimitsAPI changes what the body names and leaves the rest.
func (s *Control) setLimitsAPI(w http.ResponseWriter, r *http.Request) {
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
func (s *Control) resetLimitsAPI(w http.ResponseWriter, _ *http.Request) {
	s.ResetLimits()
	rest.WriteJSON(w, http.StatusNoContent, nil)
}

// ResetLimits takes Atlassian's numbers again and forgets what was counted.
func (s *Control) ResetLimits() {
	_ = s.limits.Set(DocumentedLimits(s.store.State())) // known to be right
	s.limits.Reset()
}

// DocumentedLimits are Atlassian's numbers for a site with these people.
func DocumentedLimits(st *world.State) limit.Settings {
	d := limit.Documented()
	for u := range st.Users.All() {
		if !u.App && !u.Closed {
			d.Users++
		}
	}
	return d
}
