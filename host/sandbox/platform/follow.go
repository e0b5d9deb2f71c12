package platform

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) followOperations() []rest.Operation {
	const watchers, votes = "/rest/api/3/issue/{issueIdOrKey}/watchers", "/rest/api/3/issue/{issueIdOrKey}/votes"
	return []rest.Operation{
		rest.Op("GET", watchers, rest.ScopeRead, s.listWatchers),
		rest.Op("POST", watchers, rest.ScopeWrite, s.addWatcher),
		rest.Op("DELETE", watchers, rest.ScopeDelete, s.removeWatcher),
		rest.Op("GET", votes, rest.ScopeRead, s.listVotes),
		rest.Op("POST", votes, rest.ScopeWrite, s.addVote),
		rest.Op("DELETE", votes, rest.ScopeDelete, s.removeVote),
	}
}

// people are those of the accounts that the caller may see: all with the permission, or else whoever calls.
func (s *API) people(c *rest.Call, i *world.Issue, accounts []world.AccountID) []object {
	out := []object{}
	for _, a := range accounts {
		if u := c.St.User(a); u != nil && (a == c.Who.Account || c.St.CanDo(c.Who.Account, world.ViewVotersWatchers, i)) {
			out = append(out, s.UserJSON(u))
		}
	}
	return out
}

func (s *API) listWatchers(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"self":       s.Link("/rest/api/3/issue/%s/watchers", i.ID),
		"isWatching": slices.Contains(i.Watchers, c.Who.Account),
		"watchCount": len(i.Watchers),
		"watchers":   s.people(c, i, i.Watchers),
	}}, nil
}

// addWatcher has the account of the body follow the issue, which is a text by itself; without one it is the caller's.
func (s *API) addWatcher(c *rest.Call) (rest.Answer, error) {
	who := c.Who.Account
	if c.ContentLength != 0 {
		if err := c.DecodeBody(&who); err != nil {
			return rest.Answer{}, err
		}
	}
	return s.changeWatchers(c, who, (*world.Tx).AddWatcher)
}

func (s *API) removeWatcher(c *rest.Call) (rest.Answer, error) {
	who := world.AccountID(c.URL.Query().Get("accountId"))
	if who == "" {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The accountId of the watcher must be provided.")
	}
	return s.changeWatchers(c, who, (*world.Tx).RemoveWatcher)
}

// changeWatchers lets everybody follow and unfollow an issue, and with the permission have others do so who see it.
func (s *API) changeWatchers(c *rest.Call, who world.AccountID, change func(*world.Tx, world.IssueID, world.AccountID) error) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, err := c.Issue(tx.State)
		if err != nil {
			return err
		}
		if who != c.Who.Account && !tx.CanDo(c.Who.Account, world.ManageWatchers, i) {
			return rest.Fail(http.StatusForbidden, "You do not have permission to manage the watcher list.")
		}
		if tx.User(who) == nil {
			return rest.Fail(http.StatusNotFound, "The user named '%s' does not exist", who)
		}
		if !tx.Sees(who, i) {
			return rest.Fail(http.StatusBadRequest, "The user \"%s\" does not have permission to view this issue. This user will not be added to the watch list.", tx.User(who).Name)
		}
		return change(tx, i.ID, who)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) listVotes(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"self":     s.Link("/rest/api/3/issue/%s/votes", i.ID),
		"votes":    len(i.Voters),
		"hasVoted": slices.Contains(i.Voters, c.Who.Account),
		"voters":   s.people(c, i, i.Voters),
	}}, nil
}

func (s *API) addVote(c *rest.Call) (rest.Answer, error) { return s.vote(c, (*world.Tx).AddVote) }

func (s *API) removeVote(c *rest.Call) (rest.Answer, error) { return s.vote(c, (*world.Tx).RemoveVote) }

func (s *API) vote(c *rest.Call, change func(*world.Tx, world.IssueID, world.AccountID) error) (rest.Answer, error) {
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, err := c.Issue(tx.State)
		switch {
		case err != nil:
			return err
		case i.Reporter == c.Who.Account:
			return rest.Fail(http.StatusNotFound, "You cannot vote for an issue you have reported.")
		case i.Resolution != "":
			return rest.Fail(http.StatusNotFound, "You cannot vote for a resolved issue.")
		}
		return change(tx, i.ID, c.Who.Account)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
