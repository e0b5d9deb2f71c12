package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	maxReported      = 90 // accounts in one report
	defaultCycleDays = 7
	maxCycleDays     = 366
)

// reportAccounts takes an app's report of the accounts that it stores something about, and says which of them were closed,
// or have changed since the app got them:
// https://developer.atlassian.com/cloud/jira/platform/user-privacy-developer-guide/
func (s *Site) reportAccounts(c *call) (answer, error) {
	if c.who.app == nil {
		return answer{}, fail(http.StatusForbidden, "Only an app can report accounts.")
	}
	var in struct {
		Accounts []struct {
			AccountID world.AccountID `json:"accountId"`
			UpdatedAt string          `json:"updatedAt"`
		} `json:"accounts"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	if n := len(in.Accounts); n == 0 || n > maxReported {
		return answer{}, fail(http.StatusBadRequest, "A report holds 1 to %d accounts, not %d.", maxReported, n)
	}
	reports := map[world.AccountID]world.Report{}
	for n, a := range in.Accounts {
		at, err := time.Parse(time.RFC3339, a.UpdatedAt)
		if err != nil || a.AccountID == "" {
			return answer{}, fail(http.StatusBadRequest, "accounts[%d]: want an accountId, and an updatedAt such as 2027-01-31T12:00:00Z.", n)
		}
		reports[a.AccountID] = world.Report{UpdatedAt: at.UTC(), At: s.now().UTC()}
	}
	todo := []object{}
	err := s.store.ChangeAs(c.who.account, func(st *world.Tx) error {
		todo = todo[:0]
		for _, a := range in.Accounts {
			r := reports[a.AccountID]
			if err := st.Report(c.who.app.Key, a.AccountID, r); err != nil {
				return err
			}
			switch u := st.User(a.AccountID); {
			case u == nil: // Jira says nothing of accounts that it does not know
			case u.Closed:
				todo = append(todo, object{"accountId": a.AccountID, "status": "closed"})
			case r.UpdatedAt.Before(u.Changed):
				todo = append(todo, object{"accountId": a.AccountID, "status": "updated"})
			}
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	c.header.Set("Cycle-Period", strconv.Itoa(cycleDays(c.st)))
	if len(todo) == 0 {
		return answer{status: http.StatusNoContent}, nil
	}
	return answer{http.StatusOK, object{"accounts": todo}}, nil
}

func cycleDays(st *world.State) int { return cmp.Or(st.ReportCycle, defaultCycleDays) }

// reportsAPI says what apps have reported, for tests and for whoever develops one.
func (s *Site) reportsAPI(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.operator(w, r); !ok {
		return
	}
	st := s.store.State()
	writeJSON(w, http.StatusOK, object{"cycleDays": cycleDays(st), "apps": st.Reports()})
}

func (s *Site) reportCycleAPI(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.operator(w, r); !ok {
		return
	}
	var in struct {
		CycleDays int `json:"cycleDays"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in) != nil || in.CycleDays < 1 || in.CycleDays > maxCycleDays {
		writeJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"cycleDays": 3}, with 1 to 366 days.`})
		return
	}
	err := s.store.Change(func(tx *world.Tx) error {
		site := tx.EditSite()
		site.ReportCycle = in.CycleDays
		return tx.Put(site)
	})
	if err != nil {
		writeError(s.log, w, r, err)
		return
	}
	writeJSON(w, http.StatusNoContent, nil)
}

func (s *Site) renameUserAPI(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in) != nil || strings.TrimSpace(in.Name) == "" {
		writeJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"name": "Jo Weber"}.`})
		return
	}
	s.changeUser(w, r, func(tx *world.Tx, a world.AccountID) error { return tx.RenameUser(a, strings.TrimSpace(in.Name)) })
}

func (s *Site) closeUserAPI(w http.ResponseWriter, r *http.Request) {
	s.changeUser(w, r, (*world.Tx).CloseUser)
}

// changeUser changes the person whom the address names by account or login. An app's account goes with its app.
func (s *Site) changeUser(w http.ResponseWriter, r *http.Request, change func(*world.Tx, world.AccountID) error) {
	if _, ok := s.operator(w, r); !ok {
		return
	}
	var u *world.User
	err := s.store.Change(func(st *world.Tx) error {
		name := r.PathValue("user")
		if u = cmp.Or(st.User(world.AccountID(name)), st.Login(name)); u == nil || u.App || u.Closed {
			return fail(http.StatusNotFound, "There is no person with the account or login %q whose account is open.", name)
		}
		if err := change(st, u.Account); err != nil {
			return err
		}
		u = st.User(u.Account)
		return nil
	})
	if err != nil {
		writeError(s.log, w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, s.userJSON(u))
}
