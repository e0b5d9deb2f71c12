package platform

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) issueOperations() []rest.Operation {
	const issue = "/rest/api/3/issue/{issueIdOrKey}"
	return []rest.Operation{
		rest.Op("POST", "/rest/api/3/issue", rest.ScopeWrite, s.createIssue),
		rest.Op("GET", issue, rest.ScopeRead, s.getIssue),
		rest.Op("PUT", issue, rest.ScopeWrite, s.editIssue),
		rest.Op("DELETE", issue, rest.ScopeDelete, s.deleteIssue),
	}
}

func (s *API) getIssue(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	q := c.URL.Query()
	names := q["fields"]
	if len(rest.SplitNames(names)) == 0 {
		names = []string{"*all"}
	}
	out := s.expanded(c.St, c.Who.Account, i, shape.SelectFields(c.St, names), rest.SplitNames(q["expand"]))
	if names := rest.SplitNames(q["properties"]); len(names) > 0 {
		out["properties"] = shape.ChosenProperties(i, names)
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) createIssue(c *rest.Call) (rest.Answer, error) {
	var in issueInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	made, err := s.makeIssue(c.Who.Account, in)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusCreated, Body: s.createdJSON(made, in)}, nil
}

// createdJSON names an issue that was made, and says how the transition went that came with it.
func (s *API) createdJSON(made *world.Issue, in issueInput) object {
	out := s.MadeJSON(made)
	if !empty(in.Transition.ID) {
		out["transition"] = object{"status": http.StatusNoContent, "errorCollection": object{"errorMessages": []string{}, "errors": object{}}}
	}
	return out
}

// makeIssue makes an issue of the values, if who may.
func (s *API) makeIssue(who world.AccountID, in issueInput) (made *world.Issue, err error) {
	err = s.store.ChangeAs(who, func(tx *world.Tx) error {
		p, err := projectOf(tx.State, who, in.Fields["project"])
		if err != nil {
			return err
		}
		e := &edit{api: s, tx: tx, who: who, op: world.OnCreate, i: &world.Issue{Project: p.ID, Reporter: who, Custom: map[world.FieldID]json.RawMessage{}}}
		if e.i.Type, err = typeOf(tx.State, p, in.Fields["issuetype"]); err != nil {
			return err
		}
		wanted := in.operations(&e.wrong)
		delete(wanted, "project")
		e.preset(wanted)
		e.apply(wanted, e.place().screen(world.OnCreate))
		if e.i.Summary == "" && e.wrong.fields["summary"] == "" {
			e.wrong.field("summary", "You must specify a summary of the issue.")
		}
		if tx.Type(e.i.Type).Subtask() && e.i.Parent == "" && e.wrong.fields["parent"] == "" {
			e.wrong.field("issuetype", "Issue type is a sub-task but parent issue key or id not specified.")
		}
		if err := e.wrong.err(); err != nil {
			return err
		}
		if _, given := wanted["assignee"]; !given {
			e.i.Assignee = automatic(tx.State, e.i)
		}
		if made, err = tx.AddIssue(e.i); err != nil {
			return err
		}
		e.i = made
		if err := e.finish(in.Properties); err != nil {
			return err
		}
		if !empty(in.Transition.ID) {
			if err := s.transition(tx, who, made.ID, issueInput{Transition: in.Transition}); err != nil {
				return err
			}
		}
		made = tx.Issue(made.ID)
		return nil
	})
	return made, err
}

// preset gives a new issue what its fields and its project have for issues of which nobody says anything else.
func (e *edit) preset(wanted map[string][]operation) {
	for _, f := range e.place().screen(world.OnCreate) {
		field := e.tx.Field(f.Field)
		if _, given := wanted[string(f.Field)]; field == nil || given {
			continue
		}
		if x, ok := field.ContextOf(e.i.Project, e.i.Type); ok && !empty(x.Default) {
			e.i.Custom[field.ID] = x.Default
		}
	}
	if scheme := e.tx.SecuritySchemes.Get(e.tx.Project(e.i.Project).Security); scheme != nil {
		e.i.Security = scheme.Default
	}
	if r := e.tx.Priorities.First(func(r *world.Priority) bool { return r.Default }); r != nil {
		e.i.Priority = r.ID
	}
}

func (s *API) editIssue(c *rest.Call) (rest.Answer, error) {
	var in issueInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	q := c.URL.Query()
	override := q.Get("overrideScreenSecurity") == "true" || q.Get("overrideEditableFlag") == "true"
	if override && (c.Who.App == nil || !c.Administers(c.St)) {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "Only apps with the permission to administer Jira can override screen security and the editable flag.")
	}
	err := s.changeIssue(c, world.EditIssues, func(tx *world.Tx, id world.IssueID) error {
		e := &edit{api: s, tx: tx, who: c.Who.Account, op: world.OnEdit, i: tx.EditIssue(string(id))}
		wanted := in.operations(&e.wrong)
		shown := e.place().screen(world.OnEdit)
		if q.Get("overrideScreenSecurity") == "true" {
			shown = e.place().everything()
		}
		e.apply(wanted, shown)
		if err := e.wrong.err(); err != nil {
			return err
		}
		if err := tx.PutIssue(e.i); err != nil {
			return err
		}
		return e.finish(in.Properties)
	})
	if err != nil || q.Get("returnIssue") != "true" {
		return rest.Answer{Status: http.StatusNoContent}, err
	}
	st := s.store.State()
	i, err := c.Issue(st)
	if err != nil { // the change hid it from whoever made it
		return rest.Answer{Status: http.StatusNoContent}, nil //nolint:nilerr // the change was made
	}
	out := s.expanded(st, c.Who.Account, i, shape.Fields(st), rest.SplitNames(q["expand"]))
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

// deleteIssue deletes an issue; one with subtasks only if they are to go with it.
func (s *API) deleteIssue(c *rest.Call) (rest.Answer, error) {
	err := s.changeIssue(c, world.DeleteIssues, func(tx *world.Tx, id world.IssueID) error {
		i := tx.Issue(id)
		subtasks := slices.ContainsFunc(slices.Collect(tx.Children(id).All()), func(n uint32) bool { return tx.Type(tx.IssueAt(n).Type).Subtask() })
		if subtasks && c.URL.Query().Get("deleteSubtasks") != "true" {
			return rest.Fail(http.StatusBadRequest, "The issue '%s' has subtasks.  You must specify the 'deleteSubtasks' parameter to delete this issue and all its subtasks.", i.Key)
		}
		return tx.DeleteIssue(id)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
