package connect

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	maxReported      = 90 // accounts in one report
	defaultCycleDays = 7
	// MaxCycleDays is the longest time between two reports.
	MaxCycleDays = 366
)

// reportAccounts takes an app's report of the accounts that it stores something about, and says which of them were closed,
// or have changed since the app got them:
// https://developer.atlassian.com/cloud/jira/platform/user-privacy-developer-guide/
func (s *Apps) reportAccounts(c *rest.Call) (rest.Answer, error) {
	if c.Who.App == nil {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "Only an app can report accounts.")
	}
	var in struct {
		Accounts []struct {
			AccountID world.AccountID `json:"accountId"`
			UpdatedAt string          `json:"updatedAt"`
		} `json:"accounts"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if n := len(in.Accounts); n == 0 || n > maxReported {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "A report holds 1 to %d accounts, not %d.", maxReported, n)
	}
	reports := map[world.AccountID]world.Report{}
	for n, a := range in.Accounts {
		at, err := time.Parse(time.RFC3339, a.UpdatedAt)
		if err != nil || a.AccountID == "" {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "accounts[%d]: want an accountId, and an updatedAt such as 2027-01-31T12:00:00Z.", n)
		}
		reports[a.AccountID] = world.Report{UpdatedAt: at.UTC(), At: s.now().UTC()}
	}
	todo := []object{}
	err := s.store.ChangeAs(c.Who.Account, func(st *world.Tx) error {
		todo = todo[:0]
		for _, a := range in.Accounts {
			r := reports[a.AccountID]
			if err := st.Report(c.Who.App.Key, a.AccountID, r); err != nil {
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
		return rest.Answer{}, err
	}
	c.Header.Set("Cycle-Period", strconv.Itoa(CycleDays(c.St)))
	if len(todo) == 0 {
		return rest.Answer{Status: http.StatusNoContent}, nil
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"accounts": todo}}, nil
}

// CycleDays is how often in days apps have to report.
func CycleDays(st *world.State) int { return cmp.Or(st.ReportCycle, defaultCycleDays) }
