package sandbox

import (
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// metered answers a REST call under the site's faults and, where an app calls, under its limits; people's sessions have
// none. Faults come first: a refusal that is made up costs no points.
func (s *Site) metered(w http.ResponseWriter, r *http.Request, op operation, st *world.State, who caller, handle func(http.ResponseWriter, *http.Request) (answer, error)) {
	t := fault.Target{On: fault.REST, Method: r.Method, Path: r.URL.Path}
	if who.app != nil {
		t.App = string(who.app.Key)
	}
	s.faults.Serve(w, r, t, func(w http.ResponseWriter, r *http.Request) {
		c := costOf(r, op, st, t.App)
		if who.app != nil {
			if refusal := s.limits.Admit(c); refusal != nil {
				refusal.Headers(w.Header())
				writeError(s.log, w, r, fail(http.StatusTooManyRequests, "Rate limit exceeded."))
				return
			}
		}
		a, err := handle(w, r)
		if who.app != nil {
			points := 0
			if err == nil {
				points = limit.Points(op.path, a.body)
			}
			s.limits.Charge(c, points).Headers(w.Header())
		}
		if err != nil {
			writeError(s.log, w, r, err)
			return
		}
		writeJSON(w, a.status, a.body)
	})
}

// costOf says what the limits have to know about a call.
func costOf(r *http.Request, op operation, st *world.State, app string) limit.Call {
	c := limit.Call{App: app, Method: op.method, Route: op.path, Write: op.method != http.MethodGet && op.scope != scopeRead}
	if c.Write && strings.Contains(op.path, "{issueIdOrKey}") {
		if i := st.FindIssue(r.PathValue("issueIdOrKey")); i != nil {
			c.Issue = string(i.ID) // one issue, whatever it is called
		}
	}
	return c
}
