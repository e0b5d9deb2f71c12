package platform

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// issueFields are the values of a create or an edit, by field id.
type issueFields map[string]json.RawMessage

func projectOf(st *world.State, who world.AccountID, raw json.RawMessage) (*world.Project, error) {
	var ref struct{ ID, Key string }
	_ = json.Unmarshal(raw, &ref) // a wrong form names no project
	p := st.FindProject(ref.ID)
	if p == nil {
		p = st.FindProject(ref.Key)
	}
	if p == nil || !st.CanIn(who, world.BrowseProjects, p) {
		return nil, rest.FailField("project", "Specify a valid project ID or key")
	}
	if !st.CanIn(who, world.CreateIssues, p) {
		return nil, rest.FailField("project", "You cannot create issues in this project.")
	}
	return p, nil
}

func typeOf(st *world.State, p *world.Project, raw json.RawMessage) (world.TypeID, error) {
	var ref struct {
		ID   world.TypeID `json:"id"`
		Name string       `json:"name"`
	}
	_ = json.Unmarshal(raw, &ref) // a wrong form names no type
	for _, id := range p.Types {
		if id == ref.ID || ref.Name != "" && strings.EqualFold(st.Type(id).Name, ref.Name) {
			return id, nil
		}
	}
	return "", rest.FailField("issuetype", "Specify a valid issue type")
}

// setFields writes values into the issue, and refuses what Jira would refuse, each field in its own words.
func setFields(st *world.State, i *world.Issue, values issueFields) error {
	errs := map[string]string{}
	for name, raw := range values {
		if problem := setField(st, i, name, raw); problem != "" {
			errs[name] = problem
		}
	}
	if len(errs) > 0 {
		return &rest.Error{Status: http.StatusBadRequest, Fields: errs}
	}
	return nil
}

// setField writes one value; it returns what is wrong with it.
func setField(st *world.State, i *world.Issue, name string, raw json.RawMessage) string {
	null := string(raw) == "null"
	switch name {
	case "summary":
		var text string
		if json.Unmarshal(raw, &text) != nil || strings.TrimSpace(text) == "" {
			return "You must specify a summary of the issue."
		}
		if len(text) > 255 || strings.ContainsAny(text, "\r\n") {
			return "The summary is invalid because it contains newline characters or is longer than 255 characters."
		}
		i.Summary = text
	case "description":
		var doc adf.Node
		if null {
			i.Description = nil
			return ""
		}
		if json.Unmarshal(raw, &doc) != nil || doc.Type != "doc" {
			return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
		}
		i.Description = raw
	case "labels":
		var labels []string
		if json.Unmarshal(raw, &labels) != nil || slices.ContainsFunc(labels, func(l string) bool { return strings.ContainsAny(l, " \t\n") }) {
			return "The label can't contain spaces."
		}
		i.Labels = labels
	case "parent":
		return setParent(st, i, raw)
	case "assignee":
		u := userRef(st, raw)
		if u == nil && !null {
			return "Specify a valid value for assignee"
		}
		i.Assignee = ""
		if u != nil {
			i.Assignee = u.Account
		}
	default:
		f := st.Field(world.FieldID(name))
		if f == nil {
			return "Field '" + name + "' cannot be set. It is not on the appropriate screen, or unknown."
		}
		stored, problem := customInput(st, f, raw)
		if problem != "" {
			return problem
		}
		if i.Custom == nil {
			i.Custom = map[world.FieldID]json.RawMessage{}
		}
		if stored == nil {
			delete(i.Custom, f.ID)
		} else {
			i.Custom[f.ID] = stored
		}
	}
	return ""
}

func userRef(st *world.State, raw json.RawMessage) *world.User {
	var ref struct {
		AccountID world.AccountID `json:"accountId"`
		ID        world.AccountID `json:"id"`
	}
	if json.Unmarshal(raw, &ref) != nil {
		return nil
	}
	if u := st.User(ref.AccountID); u != nil {
		return u
	}
	return st.User(ref.ID)
}

// customInput turns what REST takes for a custom field into what an issue keeps; nil empties the field.
func customInput(st *world.State, f *world.Field, raw json.RawMessage) (stored json.RawMessage, problem string) {
	if string(raw) == "null" {
		return nil, ""
	}
	encode := func(v any) json.RawMessage { b, _ := json.Marshal(v); return b }
	var text string
	switch f.Kind {
	case world.Text:
		if json.Unmarshal(raw, &text) != nil {
			return nil, "Operation value must be a string"
		}
		return encode(text), ""
	case world.Number:
		if _, err := strconv.ParseFloat(string(raw), 64); err != nil {
			return nil, "'" + shape.Plain(raw) + "' is an invalid number"
		}
		return raw, ""
	case world.Date:
		if json.Unmarshal(raw, &text) == nil {
			if _, err := time.Parse(time.DateOnly, text); err == nil {
				return encode(text), ""
			}
		}
		return nil, "Error parsing date string: " + shape.Plain(raw)
	case world.Person:
		if u := userRef(st, raw); u != nil {
			return encode(u.Account), ""
		}
		return nil, "Specify a valid user"
	}
	var ref struct{ ID, Value string }
	if json.Unmarshal(raw, &ref) == nil {
		for _, o := range f.AllOptions() {
			if o.ID == ref.ID || ref.ID == "" && o.Value == ref.Value {
				return encode(o.ID), ""
			}
		}
	}
	return nil, "Specify a valid 'id' or 'name' for " + f.Name
}
