package page

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// meta describes a field as create and edit metadata do.
type meta struct {
	Key      string `json:"key"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Schema   struct {
		Type, Items, System, Custom string
	} `json:"schema"`
	Allowed []choice        `json:"allowedValues"`
	Default json.RawMessage `json:"defaultValue"`
}

// choice is one of the allowed values of a field.
type choice struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Value    string   `json:"value"`
	Children []choice `json:"children"`
}

func (c choice) label() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Value
}

// createTypes are the projects in which one may create issues.
func (v *view) createProjects() []*world.Project {
	var out []*world.Project
	for p := range v.st.Projects.All() {
		if v.st.CanIn(v.user.Account, world.CreateIssues, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *world.Project) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (v *view) createMeta(p *world.Project, t world.TypeID) ([]meta, error) {
	var out struct {
		Fields []meta `json:"fields"`
	}
	err := v.ask("GET", "/rest/api/3/issue/createmeta/"+string(p.ID)+"/issuetypes/"+url.PathEscape(string(t))+"?maxResults=200", nil, &out)
	return out.Fields, err
}

// editMeta describes what of an issue the person may edit, in the order of the screen as far as the names of fields say it.
func (v *view) editMeta(i *world.Issue) ([]meta, error) {
	var out struct {
		Fields map[string]meta `json:"fields"`
	}
	if err := v.ask("GET", "/rest/api/3/issue/"+string(i.ID)+"/editmeta", nil, &out); err != nil {
		return nil, err
	}
	return ordered(out.Fields), nil
}

// firstFields are the fields that stand first in a form; the others follow by name.
var firstFields = []string{"project", "issuetype", "parent", "summary", "description", "assignee", "reporter", "priority", "resolution", "labels", "components", "fixVersions", "versions", "duedate"}

func ordered(fields map[string]meta) []meta {
	var out []meta
	for key, m := range fields {
		m.Key = key
		out = append(out, m)
	}
	place := func(m meta) int {
		if n := slices.Index(firstFields, m.Key); n >= 0 {
			return n
		}
		return len(firstFields)
	}
	slices.SortFunc(out, func(a, b meta) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// values are the fields of an issue as the REST interface shows them.
func (v *view) values(i *world.Issue) (map[string]json.RawMessage, error) {
	var out struct {
		Fields map[string]json.RawMessage `json:"fields"`
	}
	err := v.ask("GET", "/rest/api/3/issue/"+string(i.ID), nil, &out)
	return out.Fields, err
}
