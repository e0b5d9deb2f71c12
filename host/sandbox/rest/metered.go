package rest

import (
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// metered answers a REST call under the site's faults and, where an app calls, under its limits; people's sessions have
// none. Faults come first: a refusal that is made up costs no points.
func (s *server) metered(w http.ResponseWriter, r *http.Request, op Operation, st *world.State, who Caller, handle func(http.ResponseWriter, *http.Request) (Answer, error)) {
	t := fault.Target{On: fault.REST, Method: r.Method, Path: r.URL.Path}
	if who.App != nil {
		t.App = string(who.App.Key)
	}
	s.Faults.Serve(w, r, t, func(w http.ResponseWriter, r *http.Request) {
		c := costOf(r, op, st, t.App)
		if who.App != nil {
			if refusal := s.Limits.Admit(c); refusal != nil {
				refusal.Headers(w.Header())
				WriteError(s.Logger, w, r, Fail(http.StatusTooManyRequests, "Rate limit exceeded."))
				return
			}
		}
		a, err := handle(w, r)
		if who.App != nil {
			points := 0
			if err == nil {
				points = limit.Points(op.Path, a.Body)
			}
			s.Limits.Charge(c, points).Headers(w.Header())
		}
		if err != nil {
			WriteError(s.Logger, w, r, err)
			return
		}
		WriteJSON(w, a.Status, a.Body)
	})
}

// costOf says what the limits have to know about a call.
func costOf(r *http.Request, op Operation, st *world.State, app string) limit.Call {
	c := limit.Call{App: app, Method: op.Method, Route: op.Path, Write: op.Method != http.MethodGet && op.Scope != ScopeRead}
	if c.Write && strings.Contains(op.Path, "{issueIdOrKey}") {
		if i := st.FindIssue(r.PathValue("issueIdOrKey")); i != nil {
			c.Issue = string(i.ID) // one issue, whatever it is called
		}
	}
	return c
}
