package control

import (
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

// searchSettings are how searches behave.
type searchSettings struct {
	Lag limit.Span `json:"lag"` // until they see a change
}

func (s *Control) searchAPI(w http.ResponseWriter, _ *http.Request) {
	rest.WriteJSON(w, http.StatusOK, searchSettings{limit.Span(s.store.Lag())})
}

func (s *Control) setSearchAPI(w http.ResponseWriter, r *http.Request) {
	var in searchSettings
	if err := decodeControl(w, r, &in); err != nil || in.Lag < 0 {
		rest.WriteJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"lag": "2s"}; "0s" is no lag.`})
		return
	}
	s.store.SetLag(time.Duration(in.Lag))
	s.searchAPI(w, r)
}
