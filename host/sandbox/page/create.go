package page

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// createForm is the form for a new issue in the project and of the type that the request names, or the first ones.
func (v *view) createForm() (form, error) {
	f := form{Title: "Create issue", Action: "/create", Submit: "Create", Cancel: "/", Projects: v.createProjects()}
	if len(f.Projects) == 0 {
		return f, rest.Fail(http.StatusForbidden, "There is no project in which you may create issues.")
	}
	given := v.r.Form
	if f.Project = v.st.FindProject(given.Get("project")); !slices.Contains(f.Projects, f.Project) {
		f.Project = f.Projects[0]
	}
	for _, id := range f.Project.Types {
		f.Types = append(f.Types, v.st.Type(id))
	}
	if len(f.Types) == 0 {
		return f, rest.Fail(http.StatusConflict, "The project %s has no issue types.", f.Project.Name)
	}
	f.Type = f.Types[0]
	for _, t := range f.Types {
		if string(t.ID) == given.Get("issuetype") {
			f.Type = t
		} else if given.Get("issuetype") == "" && !t.Subtask() && f.Type.Subtask() {
			f.Type = t
		}
	}
	metas, err := v.createMeta(f.Project, f.Type.ID)
	if err != nil {
		return f, err
	}
	byKey := map[string]meta{}
	for _, m := range metas {
		byKey[m.Key] = m
	}
	f.Fields = v.fieldsOf(ordered(byKey), nil)
	return f, nil
}

// createPage asks for a new issue. Parameters with the ids of fields are what they begin with.
func (s *Pages) createPage(v *view) error {
	_ = v.r.ParseForm() // a query that cannot be read presets nothing
	f, err := v.createForm()
	if err != nil {
		return err
	}
	for n := range f.Fields {
		if v.r.Form.Has(f.Fields[n].ID) {
			f.Fields[n].take(v.r.Form)
			if u := v.st.User(world.AccountID(f.Fields[n].Text)); u != nil && f.Fields[n].Widget == personBox {
				f.Fields[n].Text, f.Fields[n].Account = u.Name, string(u.Account)
			}
		}
	}
	return v.showForm(http.StatusOK, f)
}

func (s *Pages) createFromPage(v *view) error {
	if err := v.r.ParseForm(); err != nil {
		return rest.Fail(http.StatusBadRequest, "The form cannot be read.")
	}
	f, err := v.createForm()
	if err != nil {
		return err
	}
	values, err := v.changes(f.Fields, nil, true)
	if err != nil {
		return v.refuse(f, err)
	}
	values["project"] = map[string]string{"id": string(f.Project.ID)}
	values["issuetype"] = map[string]string{"id": string(f.Type.ID)}
	var made struct{ ID, Key string }
	if err := v.ask("POST", "/rest/api/3/issue", map[string]any{"fields": values}, &made); err != nil {
		return v.refuse(f, err)
	}
	return v.done("/browse/"+made.Key, v.now().FindIssue(made.ID))
}
