package page

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// editForm is the form for an issue, or for one field of it, with the values from which it starts.
func (v *view) editForm() (form, *world.Issue, map[string]json.RawMessage, error) {
	i, err := v.issueOf()
	if err != nil {
		return form{}, nil, nil, err
	}
	f := form{Title: "Edit " + i.Key, Action: "/browse/" + i.Key + "/edit", Submit: "Save", Cancel: "/browse/" + i.Key}
	metas, err := v.editMeta(i)
	if err != nil {
		return f, i, nil, err
	}
	values, err := v.values(i)
	if err != nil {
		return f, i, nil, err
	}
	f.Fields = v.fieldsOf(metas, values)
	if id := v.r.PathValue("field"); id != "" {
		n := slices.IndexFunc(f.Fields, func(f formField) bool { return f.ID == id })
		if n < 0 {
			return f, i, nil, rest.Fail(http.StatusNotFound, "You cannot edit this field of %s.", i.Key)
		}
		f.Fields, f.Single = f.Fields[n:n+1], true
		f.Action += "/" + id
		f.Title = f.Fields[0].Name + " of " + i.Key
	}
	if len(f.Fields) == 0 {
		return f, i, nil, rest.Fail(http.StatusForbidden, "You may not edit %s.", i.Key)
	}
	return f, i, values, nil
}

func (s *Pages) editPage(v *view) error {
	f, _, _, err := v.editForm()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, f)
}

func (s *Pages) editFromPage(v *view) error {
	if err := v.r.ParseForm(); err != nil {
		return rest.Fail(http.StatusBadRequest, "The form cannot be read.")
	}
	f, i, values, err := v.editForm()
	if err != nil {
		return err
	}
	changed, err := v.changes(f.Fields, values, false)
	if err != nil {
		return v.refuse(f, err)
	}
	if len(changed) > 0 {
		if err := v.ask("PUT", "/rest/api/3/issue/"+string(i.ID), map[string]any{"fields": changed}, nil); err != nil {
			return v.refuse(f, err)
		}
	}
	return v.done("/browse/"+i.Key, v.now().Issue(i.ID))
}

// transitionForm is the form of a transition's screen; one without a screen only asks whether to do it.
func (v *view) transitionForm() (form, *world.Issue, map[string]json.RawMessage, error) {
	i, err := v.issueOf()
	if err != nil {
		return form{}, nil, nil, err
	}
	var out struct {
		Transitions []struct {
			ID, Name string
			Fields   map[string]meta
		}
	}
	if err := v.ask("GET", "/rest/api/3/issue/"+string(i.ID)+"/transitions?expand=transitions.fields", nil, &out); err != nil {
		return form{}, i, nil, err
	}
	for _, t := range out.Transitions {
		if t.ID != v.r.PathValue("transition") {
			continue
		}
		values, err := v.values(i)
		f := form{
			Title: t.Name, Action: "/browse/" + i.Key + "/transition/" + t.ID, Submit: t.Name, Cancel: "/browse/" + i.Key,
			Fields: v.fieldsOf(ordered(t.Fields), values), Comment: len(t.Fields) > 0,
		}
		return f, i, values, err
	}
	return form{}, i, nil, rest.Fail(http.StatusConflict, "%s cannot go this way from its status. Somebody may have changed it meanwhile.", i.Key)
}

func (s *Pages) transitionPage(v *view) error {
	f, _, _, err := v.transitionForm()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, f)
}

func (s *Pages) transitionFromPage(v *view) error {
	if err := v.r.ParseForm(); err != nil {
		return rest.Fail(http.StatusBadRequest, "The form cannot be read.")
	}
	f, i, values, err := v.transitionForm()
	if err != nil {
		return err
	}
	given, err := v.changes(f.Fields, values, true)
	if err != nil {
		return v.refuse(f, err)
	}
	body := map[string]any{"transition": map[string]string{"id": v.r.PathValue("transition")}, "fields": given}
	if doc := documentOf(v.r.PostFormValue("comment")); doc != nil {
		body["update"] = map[string]any{"comment": []map[string]any{{"add": map[string]any{"body": doc}}}}
	}
	if err := v.ask("POST", "/rest/api/3/issue/"+string(i.ID)+"/transitions", body, nil); err != nil {
		return v.refuse(f, err)
	}
	return v.done("/browse/"+i.Key, v.now().Issue(i.ID))
}
