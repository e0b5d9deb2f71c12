package platform

import (
	"encoding/json"
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
	list := []object{}
	for _, t := range c.St.TransitionsOf(i, c.Who.Account) {
		if id := q.Get("transitionId"); id != "" && id != t.ID {
			continue
		}
		out := object{
			"id": t.ID, "name": t.Name, "to": s.StatusJSON(c.St.Status(t.To)), "hasScreen": len(t.Screen) > 0, "isGlobal": len(t.From) == 0,
			"isInitial": false, "isAvailable": true, "isConditional": t.Permission != "", "looped": t.To == i.Status,
		}
		if strings.Contains(q.Get("expand"), "transitions.fields") {
			shown := object{}
			for _, m := range s.describe(c.St, c.St.Project(i.Project), i.Type, t.Screen) {
				shown[m["key"].(string)] = m
			}
			out["fields"] = shown
		}
		list = append(list, out)
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"expand": "transitions", "transitions": list}}, nil
}

func (s *API) doTransition(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Transition struct{ ID json.RawMessage }            `json:"transition"`
		Fields     issueFields                             `json:"fields"`
		Update     map[string][]map[string]json.RawMessage `json:"update"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	id := shape.Plain(in.Transition.ID)
	if id == "" {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Missing 'transition' identifier")
	}
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, err := c.Issue(tx.State)
		if err != nil {
			return err
		}
		can := tx.TransitionsOf(i, c.Who.Account)
		n := slices.IndexFunc(can, func(t world.Transition) bool { return t.ID == id })
		if n < 0 {
			return rest.Fail(http.StatusBadRequest, "Transition id '%s' is not valid for this issue.", id)
		}
		next := tx.EditIssue(string(i.ID))
		if err := setOnTransition(tx.State, next, can[n], in.Fields); err != nil {
			return err
		}
		next.Status = can[n].To
		switch r := can[n].Resolution; r {
		case "":
		case "none":
			next.Resolution = ""
		default:
			next.Resolution = r
		}
		if err := tx.PutIssue(next); err != nil {
			return err
		}
		for _, op := range in.Update["comment"] {
			if err := s.addComment(tx, c.Who.Account, next.ID, op["add"], nil); err != nil {
				return err
			}
		}
		return nil
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

// setOnTransition writes the values of a transition's screen; others cannot be given.
func setOnTransition(st *world.State, i *world.Issue, t world.Transition, values issueFields) error {
	errs := map[string]string{}
	for name := range values {
		if !slices.ContainsFunc(t.Screen, func(f world.ScreenField) bool { return string(f.Field) == name }) {
			errs[name] = notOnScreen(name)
		}
	}
	for _, f := range t.Screen {
		if f.Required && empty(values[string(f.Field)]) {
			errs[string(f.Field)] = fieldName(st, f.Field) + " is required."
		}
	}
	if raw, given := values["resolution"]; given && errs["resolution"] == "" {
		var ref struct{ ID, Name string }
		_ = json.Unmarshal(raw, &ref) // a wrong form names no resolution
		r := st.Resolutions.First(func(r *world.Resolution) bool {
			return string(r.ID) == ref.ID || ref.Name != "" && strings.EqualFold(r.Name, ref.Name)
		})
		if r == nil {
			errs["resolution"] = "Specify a valid 'id' or 'name' for Resolution"
		} else {
			i.Resolution = r.ID
		}
	}
	if len(errs) > 0 {
		return &rest.Error{Status: http.StatusBadRequest, Fields: errs}
	}
	rest := issueFields{}
	for name, raw := range values {
		if name != "resolution" {
			rest[name] = raw
		}
	}
	return setFields(st, i, rest)
}
