package platform

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) transitionOperations() []rest.Operation {
	const path = "/rest/api/3/issue/{issueIdOrKey}/transitions"
	return []rest.Operation{
		rest.Op("GET", path, rest.ScopeRead, s.listTransitions),
		rest.Op("POST", path, rest.ScopeWrite, s.doTransition),
	}
}

func (s *API) listTransitions(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	q := c.URL.Query()
	list := s.transitionsJSON(c.St, c.Who.Account, i, q.Get("transitionId"), strings.Contains(q.Get("expand"), "transitions.fields"))
	return rest.Answer{Status: http.StatusOK, Body: object{"expand": "transitions", "transitions": list}}, nil
}

// transitionsJSON are what somebody can do with the issue's status; only narrows them to one.
func (s *API) transitionsJSON(st *world.State, who world.AccountID, i *world.Issue, only string, fields bool) []object {
	list := []object{}
	for _, t := range st.TransitionsOf(i, who) {
		if only != "" && only != t.ID {
			continue
		}
		out := object{
			"id": t.ID, "name": t.Name, "to": s.StatusJSON(st.Status(t.To)), "hasScreen": len(t.Screen) > 0, "isGlobal": len(t.From) == 0,
			"isInitial": false, "isAvailable": true, "isConditional": t.Permission != "", "looped": t.To == i.Status,
		}
		if fields {
			shown := object{}
			for _, m := range s.describe(placeOf(st, who, i), onTransition, t.Screen) {
				shown[m["key"].(string)] = m
			}
			out["fields"] = shown
		}
		list = append(list, out)
	}
	return list
}

func (s *API) doTransition(c *rest.Call) (rest.Answer, error) {
	var in issueInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if shape.Plain(in.Transition.ID) == "" {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Missing 'transition' identifier")
	}
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, err := c.Issue(tx.State)
		if err != nil {
			return err
		}
		return s.transition(tx, c.Who.Account, i.ID, in)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

// onTransition is the operation of a transition's screen.
const onTransition world.Operation = "transition"

// transition does a transition with the values of its screen; others cannot be given.
func (s *API) transition(tx *world.Tx, who world.AccountID, id world.IssueID, in issueInput) error {
	can := tx.TransitionsOf(tx.Issue(id), who)
	n := slices.IndexFunc(can, func(t world.Transition) bool { return t.ID == shape.Plain(in.Transition.ID) })
	if n < 0 {
		return rest.Fail(http.StatusBadRequest, "Transition id '%s' is not valid for this issue.", shape.Plain(in.Transition.ID))
	}
	e := &edit{api: s, tx: tx, who: who, op: onTransition, i: tx.EditIssue(string(id))}
	wanted := in.operations(&e.wrong)
	e.apply(wanted, can[n].Screen)
	if err := e.wrong.err(); err != nil {
		return err
	}
	e.i.Status = can[n].To
	switch r := can[n].Resolution; r {
	case "":
	case "none":
		e.i.Resolution = ""
	default:
		e.i.Resolution = r
	}
	if err := tx.PutIssue(e.i); err != nil {
		return err
	}
	return e.finish(in.Properties)
}
