package page

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// part is a component or version that is made or changed on its page.
type part struct {
	project  *world.Project
	versions bool
	id       string // "" of a new one
	name     string
	form     form
}

// kind is what the REST interface and people call it.
func (p part) kind() string {
	if p.versions {
		return "version"
	}
	return "component"
}

// list is the page with all of them.
func (p part) list() string { return "/projects/" + p.project.Key + "/parts/" + p.kind() + "s" }

// path is where the REST interface has it.
func (p part) path() string {
	if p.id == "" {
		return "/rest/api/3/" + p.kind()
	}
	return "/rest/api/3/" + p.kind() + "/" + pathEscape(p.id)
}

// partOf is the component or version of the address with the form for it. Only administrators of the project get it.
func (v *view) partOf() (part, error) {
	project, err := v.projectOf()
	if err != nil {
		return part{}, err
	}
	if !v.managesParts(project) {
		return part{}, rest.Fail(http.StatusForbidden, "Only who administers the project can change its components and versions.")
	}
	p := part{project: project, versions: v.r.PathValue("part") == "versions", id: v.r.PathValue("id")}
	p.form = form{Title: "Add a " + p.kind(), Submit: "Add", Cancel: p.list(), Action: p.list() + "/add"}
	var values map[string]string
	if p.id != "" {
		if values = v.partValues(p); values == nil {
			return p, rest.Fail(http.StatusNotFound, "There is no such %s. Somebody may have deleted it meanwhile.", p.kind())
		}
		p.name = values["name"]
		p.form.Title, p.form.Submit, p.form.Action = "Edit "+p.name, "Save", p.list()+"/"+p.id+"/edit"
	}
	p.form.Fields = []formField{
		{ID: "name", Name: "Name", Required: true, Widget: textBox, Text: values["name"]},
		{ID: "description", Name: "Description", Widget: textBox, Text: values["description"]},
	}
	if p.versions {
		p.form.Fields = append(p.form.Fields,
			formField{ID: "startDate", Name: "Start", Widget: dateBox, Text: values["startDate"]},
			formField{ID: "releaseDate", Name: "Release", Widget: dateBox, Text: values["releaseDate"]})
		return p, nil
	}
	lead := formField{ID: "leadAccountId", Name: "Lead", Widget: personBox}
	if u := v.st.User(world.AccountID(values["lead"])); u != nil {
		lead.Text, lead.Account = u.Name, string(u.Account)
	}
	p.form.Fields = append(p.form.Fields, lead)
	return p, nil
}

// managesParts says whether the person may change what the project has.
func (v *view) managesParts(p *world.Project) bool {
	return !p.Archived && v.st.CanIn(v.user.Account, world.AdministerProject, p)
}

// partValues are what the fields of a form begin with; nil for one that is not there.
func (v *view) partValues(p part) map[string]string {
	if p.versions {
		x := v.st.Versions.Get(world.VersionID(p.id))
		if x == nil || x.Project != p.project.ID {
			return nil
		}
		return map[string]string{"name": x.Name, "description": x.Description, "startDate": x.Start, "releaseDate": x.Release}
	}
	c := v.st.Components.Get(world.ComponentID(p.id))
	if c == nil || c.Project != p.project.ID {
		return nil
	}
	return map[string]string{"name": c.Name, "description": c.Description, "lead": string(c.Lead)}
}

func (s *Pages) partPage(v *view) error {
	p, err := v.partOf()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, p.form)
}

// partFromPage makes a component or version, or changes the one of the address.
func (s *Pages) partFromPage(v *view) error {
	p, err := v.partOf()
	if err != nil {
		return err
	}
	_ = v.r.ParseForm() // an empty form is refused by the REST interface
	body := map[string]any{}
	for n := range p.form.Fields {
		f := &p.form.Fields[n]
		f.take(v.r.PostForm)
		body[f.ID] = f.Text
		if f.Widget != personBox {
			continue
		}
		value, problem := f.write(v.st, nil)
		if problem != "" {
			return v.refuse(p.form, rest.FailField(f.ID, problem))
		}
		body[f.ID] = ""
		if who, ok := value.(map[string]string); ok {
			body[f.ID] = who["accountId"]
		}
	}
	method := "PUT"
	if p.id == "" {
		method, body["project"] = "POST", p.project.Key
	}
	return v.finishPart(p, p.form, v.ask(method, p.path(), body, nil))
}

// finishPart goes back to the list, or shows a form again with what was wrong.
func (v *view) finishPart(p part, f form, err error) error {
	var e *rest.Error
	switch {
	case errors.As(err, &e):
		return v.refuse(f, e)
	case err != nil:
		return err
	}
	return v.done(p.list(), nil)
}

// replaceForm asks what issues are to have instead of what is deleted.
func (v *view) replaceForm(p part) form {
	to := formField{ID: "to", Name: "Its issues get", Widget: choiceBox}
	if p.versions {
		for _, x := range v.st.VersionsOf(p.project.ID) {
			to.Options = append(to.Options, formOption{ID: string(x.ID), Name: x.Name})
		}
	} else {
		for _, c := range v.st.ComponentsOf(p.project.ID) {
			to.Options = append(to.Options, formOption{ID: string(c.ID), Name: c.Name})
		}
	}
	others := []formOption{}
	for _, o := range to.Options {
		if o.ID != p.id {
			others = append(others, o)
		}
	}
	to.Options = others
	return form{Title: "Delete " + p.name, Submit: "Delete", Cancel: p.list(), Action: p.list() + "/" + p.id + "/delete", Fields: []formField{to}}
}

func (s *Pages) deletePartPage(v *view) error {
	p, err := v.partOf()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, v.replaceForm(p))
}

func (s *Pages) deletePartFromPage(v *view) error {
	p, err := v.partOf()
	if err != nil {
		return err
	}
	f, to := v.replaceForm(p), v.r.PostFormValue("to")
	switch {
	case !p.versions && to == "":
		err = v.ask("DELETE", p.path(), nil, nil)
	case !p.versions:
		err = v.ask("DELETE", p.path()+"?moveIssuesTo="+url.QueryEscape(to), nil, nil)
	default:
		body := map[string]any{}
		if n := shape.Number(to); n != 0 {
			body = map[string]any{"moveFixIssuesTo": n, "moveAffectedIssuesTo": n}
		}
		err = v.ask("POST", p.path()+"/removeAndSwap", body, nil)
	}
	return v.finishPart(p, f, err)
}

// turnVersionFromPage releases a version or takes that back, or archives it or brings it back.
func (s *Pages) turnVersionFromPage(v *view) error {
	p, err := v.partOf()
	if err != nil {
		return err
	}
	x := v.st.Versions.Get(world.VersionID(p.id))
	if x == nil {
		return rest.Fail(http.StatusNotFound, "Only versions are released and archived.")
	}
	body := map[string]any{"released": !x.Released}
	if v.r.PathValue("turn") == "archive" {
		body = map[string]any{"archived": !x.Archived}
	}
	if err := v.ask("PUT", p.path(), body, nil); err != nil {
		return err
	}
	return v.done(p.list(), nil)
}
