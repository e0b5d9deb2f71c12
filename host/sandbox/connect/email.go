package connect

import (
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// maxEmails is how many accounts one request may name.
const maxEmails = 90

func (s *Apps) emailOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/user/email", rest.ScopeEmail, s.getEmail),
		rest.Op("GET", "/rest/api/3/user/email/bulk", rest.ScopeEmail, s.getEmails),
	}
}

// getEmail tells an app the address of a user, whatever the user says of its visibility.
func (s *Apps) getEmail(c *rest.Call) (rest.Answer, error) {
	if !c.AsApp() {
		return rest.Answer{}, rest.Fail(http.StatusUnauthorized, "Only apps can read email addresses here.")
	}
	u := c.St.User(world.AccountID(c.URL.Query().Get("accountId")))
	if u == nil || u.Email == "" {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The user does not exist.")
	}
	return rest.Answer{Status: http.StatusOK, Body: emailJSON(u)}, nil
}

// getEmails leaves out accounts that are not there. The document describes one user as the answer and shows no example; Jira
// answers a list.
func (s *Apps) getEmails(c *rest.Call) (rest.Answer, error) {
	if !c.AsApp() {
		return rest.Answer{}, rest.Fail(http.StatusUnauthorized, "Only apps can read email addresses here.")
	}
	asked := rest.SplitNames(c.URL.Query()["accountId"])
	if len(asked) == 0 || len(asked) > maxEmails {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Between 1 and %d values of accountId must be provided.", maxEmails)
	}
	out := []object{}
	for _, a := range asked {
		if u := c.St.User(world.AccountID(a)); u != nil && u.Email != "" {
			out = append(out, emailJSON(u))
		}
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func emailJSON(u *world.User) object { return object{"accountId": u.Account, "email": u.Email} }
