package desk

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Step is a status that a request got, and when.
type Step struct {
	Status *world.Status
	Name   string // in the history; a status may have gone since
	At     time.Time
}

// Statuses lists the statuses that a request has had, the present one first.
func Statuses(st *world.State, i *world.Issue) []Step {
	var out []Step
	first := ""
	for _, h := range st.Histories(i) {
		for _, item := range h.Items {
			if item.FieldID != "status" {
				continue
			}
			if len(out) == 0 {
				first = item.From
				out = append(out, stepTo(st, item.From, item.FromString, i.Created))
			}
			out = append(out, stepTo(st, item.To, item.ToString, h.Created))
		}
	}
	if first == "" && len(out) == 0 {
		out = append(out, stepTo(st, string(i.Status), "", i.Created))
	}
	if last := out[len(out)-1]; last.Status == nil || last.Status.ID != i.Status {
		out = append(out, stepTo(st, string(i.Status), "", i.StatusSince))
	}
	slices.Reverse(out)
	return out
}

func stepTo(st *world.State, id, name string, at time.Time) Step {
	s := Step{Status: st.Status(world.StatusID(id)), Name: name, At: at}
	if s.Status != nil {
		s.Name = s.Status.Name
	}
	return s
}

func (s *API) statusJSON(st *world.State, who world.AccountID, step Step) object {
	category := "UNDEFINED"
	if step.Status != nil {
		category = strings.ToUpper(step.Status.Category)
	}
	return object{"status": step.Name, "statusCategory": category, "statusDate": s.date(st, who, step.At)}
}

func (s *API) statusJSONOf(st *world.State, who world.AccountID) func(Step) object {
	return func(step Step) object { return s.statusJSON(st, who, step) }
}

func (s *API) listStatuses(c *rest.Call) (rest.Answer, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, Statuses(c.St, i), s.statusJSONOf(c.St, c.Who.Account))
}

// CustomerTransition is the property by which a workflow shows a transition on the portal; its value is "true".
const CustomerTransition = "servicedesk.customer.transition.active"

// Transitions lists what somebody, who sees the request, can do with its status on the portal.
func Transitions(st *world.State, i *world.Issue) []world.Transition {
	w := st.WorkflowOf(st.Project(i.Project), i.Type)
	if w == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(w.Transitions), func(t world.Transition) bool {
		on := strings.Trim(string(t.Properties[CustomerTransition]), `"`) == "true"
		return !on || t.To == i.Status || len(t.From) > 0 && !slices.Contains(t.From, i.Status)
	})
}

func (s *API) listTransitions(c *rest.Call) (rest.Answer, error) {
	i, err := s.request(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, Transitions(c.St, i), func(t world.Transition) object { return object{"id": t.ID, "name": t.Name} })
}

func (s *API) postTransition(c *rest.Call) (rest.Answer, error) {
	var in struct {
		ID                string
		AdditionalComment struct{ Body string }
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	i, err := s.request(c, c.St)
	if err == nil {
		err = s.Transition(c.Who.Account, i.ID, in.ID, in.AdditionalComment.Body)
	}
	return rest.Answer{Status: http.StatusNoContent}, err
}

// Transition does a transition of the portal for somebody, with a public comment where there is a text.
func (s *API) Transition(who world.AccountID, on world.IssueID, id, comment string) error {
	return s.store.ChangeAs(who, func(tx *world.Tx) error {
		i := tx.EditIssue(string(on))
		if !Sees(tx.State, who, i) {
			return NoRequest()
		}
		can := Transitions(tx.State, i)
		n := slices.IndexFunc(can, func(t world.Transition) bool { return t.ID == id })
		if n < 0 {
			return rest.Fail(http.StatusBadRequest, "The transition '%s' is not one that customers can do now.", id)
		}
		i.Status = can[n].To
		switch r := can[n].Resolution; r {
		case "":
		case "none":
			i.Resolution = ""
		default:
			i.Resolution = r
		}
		if err := tx.PutIssue(i); err != nil {
			return err
		}
		if strings.TrimSpace(comment) == "" {
			return nil
		}
		return tx.AddComment(on, &world.Comment{Author: who, Body: adf.Document(comment)})
	})
}
