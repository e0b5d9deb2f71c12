package desk

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) followOperations() []rest.Operation {
	const participant, notification = root + "/request/{issueIdOrKey}/participant", root + "/request/{issueIdOrKey}/notification"
	return []rest.Operation{
		rest.Op("GET", participant, rest.ScopeRead, s.listParticipants),
		rest.Op("POST", participant, rest.ScopeWrite, s.changeParticipants((*API).AddParticipants)),
		rest.Op("DELETE", participant, rest.ScopeDelete, s.changeParticipants((*API).RemoveParticipants)),
		rest.Op("GET", notification, rest.ScopeRead, s.getSubscription),
		rest.Op("PUT", notification, rest.ScopeWrite, s.setSubscription(true)),
		rest.Op("DELETE", notification, rest.ScopeWrite, s.setSubscription(false)),
	}
}

func (s *API) listParticipants(c *rest.Call) (rest.Answer, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, people(c.St, Participants(c.St, i)), s.userJSON)
}

// named are people as requests name them.
type named struct {
	AccountIDs []string `json:"accountIds"`
	Usernames  []string `json:"usernames"`
}

// accounts finds everybody who is named, and refuses a name that nobody has.
func (n named) accounts(st *world.State) ([]world.AccountID, error) {
	var out []world.AccountID
	for _, name := range slices.Concat(n.AccountIDs, n.Usernames) {
		a, err := accountOf(st, name)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		return nil, rest.Fail(http.StatusBadRequest, "Name at least one account in accountIds.")
	}
	return out, nil
}

func (s *API) changeParticipants(change func(*API, world.AccountID, world.IssueID, []world.AccountID) error) rest.Handler {
	return func(c *rest.Call) (rest.Answer, error) {
		var in named
		if err := c.DecodeBody(&in); err != nil {
			return rest.Answer{}, err
		}
		i, err := s.request(c, c.St)
		if err != nil {
			return rest.Answer{}, err
		}
		list, err := in.accounts(c.St)
		if err != nil {
			return rest.Answer{}, err
		}
		if err := change(s, c.Who.Account, i.ID, list); err != nil {
			return rest.Answer{}, err
		}
		st := s.store.State()
		return paged(s, c, people(st, Participants(st, st.Issue(i.ID))), s.userJSON)
	}
}

// AddParticipants lets others take part in a request.
func (s *API) AddParticipants(who world.AccountID, on world.IssueID, list []world.AccountID) error {
	return s.reshare(who, on, func(i *world.Issue, now []world.AccountID) []world.AccountID {
		return uniqueAccounts(slices.Concat(now, list), i.Reporter)
	})
}

// RemoveParticipants ends that others take part in a request.
func (s *API) RemoveParticipants(who world.AccountID, on world.IssueID, list []world.AccountID) error {
	return s.reshare(who, on, func(_ *world.Issue, now []world.AccountID) []world.AccountID { return uniqueAccounts(now, list...) })
}

func (s *API) reshare(who world.AccountID, on world.IssueID, change func(*world.Issue, []world.AccountID) []world.AccountID) error {
	return s.store.ChangeAs(who, func(tx *world.Tx) error {
		i := tx.EditIssue(string(on))
		if !Sees(tx.State, who, i) {
			return NoRequest()
		}
		if !MayShare(tx.State, who, i) {
			return forbidden("change who takes part in this request")
		}
		if err := setParticipants(tx, i, change(i, Participants(tx.State, i))); err != nil {
			return err
		}
		return tx.PutIssue(i)
	})
}

// subscriptionProperty is where an issue notes who wants to hear of it, or no more: true and false by account. Whoever asked or
// takes part hears of it without a word.
const subscriptionProperty = "sandbox.subscriptions"

func subscriptions(i *world.Issue) map[world.AccountID]bool {
	out := map[world.AccountID]bool{}
	_ = json.Unmarshal(i.Properties[subscriptionProperty], &out) // nothing, or what this package wrote
	return out
}

// Subscribed says whether somebody hears of what happens to a request.
func Subscribed(st *world.State, who world.AccountID, i *world.Issue) bool {
	if chosen, ok := subscriptions(i)[who]; ok {
		return chosen
	}
	return Own(st, who, i)
}

func (s *API) getSubscription(c *rest.Call) (rest.Answer, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"subscribed": Subscribed(c.St, c.Who.Account, i)}}, nil
}

func (s *API) setSubscription(on bool) rest.Handler {
	return func(c *rest.Call) (rest.Answer, error) {
		i, err := s.request(c, c.St)
		if err == nil {
			err = s.Subscribe(c.Who.Account, i.ID, on)
		}
		return rest.Answer{Status: http.StatusNoContent}, err
	}
}

// Subscribe lets somebody hear of what happens to a request, or not.
func (s *API) Subscribe(who world.AccountID, to world.IssueID, on bool) error {
	return s.store.ChangeAs(who, func(tx *world.Tx) error {
		i := tx.Issue(to)
		if !Sees(tx.State, who, i) {
			return NoRequest()
		}
		chosen := subscriptions(i)
		chosen[who] = on
		_, err := tx.SetIssueProperty(to, subscriptionProperty, encoded(chosen))
		return err
	})
}
