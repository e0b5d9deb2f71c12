package rest

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/openapi"
)

// unserved answers what no row of the table serves: 501 with the operation's name for what Jira has, and what Jira answers
// for everything else.
func (s *server) unserved(w http.ResponseWriter, r *http.Request) {
	known := openapi.At(r.URL.EscapedPath())
	if len(known) == 0 {
		WriteJSON(w, http.StatusNotFound, object{"message": "null for uri: " + s.Base + r.URL.EscapedPath(), "status-code": http.StatusNotFound})
		return
	}
	var allow []string
	for _, op := range known {
		if op.Method == r.Method {
			message := fmt.Sprintf("The sandbox does not serve %s: %s %s.", op.ID, op.Method, op.Path)
			WriteJSON(w, http.StatusNotImplemented, object{"message": message, "errorMessages": []string{message}, "errors": object{}})
			return
		}
		allow = append(allow, op.Method)
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	WriteJSON(w, http.StatusMethodNotAllowed, object{"message": "HTTP 405 Method Not Allowed", "status-code": http.StatusMethodNotAllowed})
}

// CrossOrigin refuses what another origin's page made a browser send, in Jira's words.
func CrossOrigin(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, "XSRF check failed")
}
