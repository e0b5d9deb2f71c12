package page

import (
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// kindOfPeople are people who can log in and may do alike; the switcher of users shows some of each kind.
type kindOfPeople struct {
	Name   string
	People []*world.User
	More   int // how many are not listed
}

// shownOfKind is how many of a kind the switcher lists, and examined how many people it looks at.
const (
	shownOfKind = 3
	examined    = 300
)

// kindsOfPeople sorts people by what they may do, from administrators to customers.
func kindsOfPeople(st *world.State) []kindOfPeople {
	out := []kindOfPeople{{Name: "Site admins"}, {Name: "Project admins"}, {Name: "Service desk agents"}, {Name: "Users"}, {Name: "Customers"}}
	looked := 0
	for u := range st.Users.All() {
		if u.Login == "" || u.Closed || u.Inactive {
			continue
		}
		if looked++; looked > examined {
			break
		}
		k := &out[kindOf(st, u)]
		if len(k.People) == shownOfKind {
			k.More++
			continue
		}
		k.People = append(k.People, u)
	}
	return out
}

// kindOf is the place of a user's kind.
func kindOf(st *world.State, u *world.User) int {
	if st.Can(u.Account, world.Administer) {
		return 0
	}
	if u.Customer {
		return 4
	}
	agent := false
	for p := range st.Projects.All() {
		if st.CanIn(u.Account, world.AdministerProject, p) {
			return 1
		}
		agent = agent || p.Kind == "service_desk" && st.CanIn(u.Account, world.ServiceDeskAgent, p)
	}
	if agent {
		return 2
	}
	return 3
}

// here is the page to come back to.
func (v *view) here() string {
	if v.r.Method == http.MethodGet {
		return v.r.URL.RequestURI()
	}
	return "/"
}
