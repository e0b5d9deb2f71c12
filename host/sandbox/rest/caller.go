package rest

import (
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// apiToken is the API token of everybody: the sandbox knows people, and no secrets of theirs.
const apiToken = "sandbox"

// caller finds out who sent a REST request: an app by its token, a person by mail address and API token or by the session
// cookie.
func (s *server) caller(r *http.Request, st *world.State) (Caller, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		scheme = strings.ToLower(scheme)
		if verify := s.Verify[scheme]; verify != nil {
			return verify(r, st, strings.TrimSpace(token))
		}
		if scheme == "basic" {
			return verifyPerson(r, st)
		}
		return Caller{}, Fail(http.StatusUnauthorized, "The sandbox knows no authorization scheme %q.", scheme)
	}
	if u := session.User(r, st); u != nil {
		return Caller{Account: u.Account}, nil
	}
	return Caller{}, nil
}

// verifyPerson takes a mail address with an API token, as scripts send them to Jira Cloud.
func verifyPerson(r *http.Request, st *world.State) (Caller, error) {
	email, token, ok := r.BasicAuth()
	if ok && token == apiToken && email != "" {
		for u := range st.Users.All() {
			if u.Login != "" && strings.EqualFold(u.Email, email) {
				return Caller{Account: u.Account}, nil
			}
		}
	}
	return Caller{}, Fail(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
}
