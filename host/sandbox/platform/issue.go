package platform

import (
	"encoding/json"
	"net/http"
	"strings"

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
	show := shape.SelectFields(c.St, names)
	out := s.IssueFor(c.St, c.Who.Account, i, show)
	if names := rest.SplitNames(q["properties"]); len(names) > 0 {
		out["properties"] = shape.ChosenProperties(i, names)
	}
	if strings.Contains(q.Get("expand"), "names") {
		labels := object{}
		for _, f := range show {
			labels[string(f.ID)] = f.Name
		}
		out["names"] = labels
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
	return rest.Answer{Status: http.StatusCreated, Body: s.MadeJSON(made)}, nil
}

// issueInput is what an issue is made of, or changed by.
type issueInput struct {
	Fields     issueFields `json:"fields"`
	Properties []struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
}

// setProperties sets the properties that came with an issue's fields, with the change of these or not at all.
func (in issueInput) setProperties(tx *world.Tx, id world.IssueID) error {
	for _, p := range in.Properties {
		if p.Key == "" || len(p.Key) > 255 || len(p.Value) == 0 || len([]rune(string(p.Value))) > rest.MaxProperty {
			return rest.Fail(http.StatusBadRequest, "A property has a key of up to 255 characters and a value of up to %d characters.", rest.MaxProperty)
		}
		if _, err := tx.SetIssueProperty(id, p.Key, p.Value); err != nil {
			return err
		}
	}
	return nil
}

// makeIssue makes an issue of the values, if who may.
func (s *API) makeIssue(who world.AccountID, in issueInput) (made *world.Issue, err error) {
	values := in.Fields
	err = s.store.ChangeAs(who, func(tx *world.Tx) error {
		st := tx.State
		p, err := projectOf(st, who, values["project"])
		if err != nil {
			return err
		}
		i := &world.Issue{Project: p.ID, Reporter: who, Custom: map[world.FieldID]json.RawMessage{}}
		if i.Type, err = typeOf(st, p, values["issuetype"]); err != nil {
			return err
		}
		if _, ok := values["summary"]; !ok {
			return rest.FailField("summary", "You must specify a summary of the issue.")
		}
		if st.Type(i.Type).Subtask() && empty(values["parent"]) {
			return rest.FailField("issuetype", "Issue type is a sub-task but parent issue key or id not specified.")
		}
		if err := checkScreen(st, who, i, values, world.OnCreate); err != nil {
			return err
		}
		delete(values, "project")
		delete(values, "issuetype")
		if err := setFields(st, i, values); err != nil {
			return err
		}
		if made, err = tx.AddIssue(i); err != nil {
			return err
		}
		return in.setProperties(tx, made.ID)
	})
	return made, err
}

func (s *API) editIssue(c *rest.Call) (rest.Answer, error) {
	var in issueInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	err := s.changeIssue(c, world.EditIssues, func(tx *world.Tx, id world.IssueID) error {
		i := tx.EditIssue(string(id))
		if err := checkScreen(tx.State, c.Who.Account, i, in.Fields, world.OnEdit); err != nil {
			return err
		}
		if err := setFields(tx.State, i, in.Fields); err != nil {
			return err
		}
		if err := tx.PutIssue(i); err != nil {
			return err
		}
		return in.setProperties(tx, id)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) deleteIssue(c *rest.Call) (rest.Answer, error) {
	err := s.changeIssue(c, world.DeleteIssues, (*world.Tx).DeleteIssue)
	return rest.Answer{Status: http.StatusNoContent}, err
}
