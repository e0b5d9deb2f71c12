package page

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// form is a form with fields, which stands on a page of its own or, where a script asks for it, in a dialog or in the place of
// a value.
type form struct {
	Title, Action, Submit, Cancel string

	Fields   []formField
	Problems []string // that belong to no field
	Note     string

	Projects []*world.Project // to choose from, on creation
	Types    []*world.IssueType
	Project  *world.Project
	Type     *world.IssueType
	Comment  bool // asks for one, too
	Upload   bool // takes a file
	Danger   bool
	Single   bool // stands in the place of a value
}

// fragmentHeader is how a script asks for a form alone.
const fragmentHeader = "Sandbox-Fragment"

func (v *view) fragment() bool { return v.r.Header.Get(fragmentHeader) != "" }

// showForm writes a form, as a page or alone.
func (v *view) showForm(status int, f form) error {
	if !v.fragment() {
		return v.render(status, "form.html", f.Title, "projects", f)
	}
	return v.site.writeFragment(v.w, status, "form-body", f)
}

// refuse shows a form again with what was wrong: words beside the fields that they are about, and the others above.
func (v *view) refuse(f form, err error) error {
	var e *rest.Error
	if !errors.As(err, &e) {
		return err
	}
	f.Problems = append(f.Problems, e.Messages...)
	for _, id := range slices.Sorted(maps.Keys(e.Fields)) {
		n := slices.IndexFunc(f.Fields, func(f formField) bool { return f.ID == id })
		if n < 0 {
			f.Problems = append(f.Problems, e.Fields[id])
			continue
		}
		f.Fields[n].Error = e.Fields[id]
	}
	return v.showForm(e.Status, f)
}

// done answers a form that was filled in well: a browser goes on, a script learns where it would go and which issue it was.
func (v *view) done(path string, i *world.Issue) error {
	if !v.fragment() {
		http.Redirect(v.w, v.r, path, http.StatusSeeOther)
		return nil
	}
	answer := map[string]any{"location": path}
	if i != nil {
		answer["issue"] = map[string]string{"id": string(i.ID), "key": i.Key, "summary": i.Summary}
	}
	rest.WriteJSON(v.w, http.StatusOK, answer)
	return nil
}

// fieldsOf makes a form's fields with the values that an issue has.
func (v *view) fieldsOf(metas []meta, values map[string]json.RawMessage) []formField {
	var out []formField
	for _, m := range metas {
		switch m.Key {
		case "project", "issuetype", "timetracking", "attachment", "issuelinks", "comment", "worklog": // they have forms of their own, or none
			continue
		}
		value, ok := values[m.Key]
		if !ok {
			value = m.Default
		}
		out = append(out, fieldOf(m, value))
	}
	return out
}

// changes reads the fields of a form and returns what differs from the values, for the REST interface. A refusal names fields.
func (v *view) changes(fields []formField, values map[string]json.RawMessage, all bool) (map[string]any, error) {
	out, wrong := map[string]any{}, map[string]string{}
	for n := range fields {
		f := &fields[n]
		if f.Widget != checkBoxes && !all && !v.r.PostForm.Has(f.ID) {
			continue // boxes that are not ticked are not sent, but everything else is
		}
		was := *f
		was.Options = slices.Clone(f.Options)
		f.take(v.r.PostForm)
		if f.same(was) && !all {
			continue
		}
		value, problem := f.write(v.st, values[f.ID])
		switch {
		case problem != "":
			wrong[f.ID] = problem
		case all && empty(value) && !f.Required:
		default:
			out[f.ID] = value
		}
	}
	if len(wrong) > 0 {
		return nil, &rest.Error{Status: http.StatusBadRequest, Fields: wrong}
	}
	return out, nil
}

// empty says whether a value is none.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case []map[string]string:
		return len(v) == 0
	}
	return false
}

// issueOf is the issue of the address, if the person may see it.
func (v *view) issueOf() (*world.Issue, error) {
	key := v.r.PathValue("issue")
	i := v.st.FindIssue(key)
	if !v.st.Sees(v.user.Account, i) {
		return nil, rest.Fail(http.StatusNotFound, "The issue %s does not exist, or you may not see it.", key)
	}
	return i, nil
}

// now reads the state anew, after a change.
func (v *view) now() *world.State { return v.site.store.State() }
