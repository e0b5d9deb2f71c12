package platform

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) fieldOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/field", rest.ScopeRead, s.listFields),
		rest.Op("GET", "/rest/api/3/field/search", rest.ScopeNone, s.searchFields),
		rest.Op("POST", "/rest/api/3/field", rest.ScopeAdmin, s.createField),
		rest.Op("PUT", "/rest/api/3/field/{fieldId}", rest.ScopeAdmin, s.updateField),
		rest.Op("DELETE", "/rest/api/3/field/{id}", rest.ScopeAdmin, s.deleteField),
	}
}

// searchFields lists fields page by page, by name.
func (s *API) searchFields(c *rest.Call) (rest.Answer, error) {
	q := c.URL.Query()
	kinds, ids, query := rest.SplitNames(q["type"]), rest.SplitNames(q["id"]), strings.ToLower(q.Get("query"))
	for _, k := range kinds {
		if k != "custom" && k != "system" {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The field type '%s' is not valid: want custom or system.", k)
		}
	}
	order := strings.TrimLeft(q.Get("orderBy"), "+-")
	if !slices.Contains([]string{"", "name", "contextsCount", "screensCount", "lastUsed", "projectsCount"}, order) {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The orderBy '%s' is not valid.", order)
	}
	list := slices.DeleteFunc(shape.Fields(c.St), func(f shape.Field) bool {
		kind, description := "system", ""
		if f.Custom != nil {
			kind, description = "custom", f.Custom.Description
		}
		return f.Custom != nil && f.Custom.Trashed || len(kinds) > 0 && !slices.Contains(kinds, kind) ||
			len(ids) > 0 && !slices.Contains(ids, string(f.ID)) ||
			!strings.Contains(strings.ToLower(f.Name), query) && !strings.Contains(strings.ToLower(description), query)
	})
	slices.SortStableFunc(list, func(a, b shape.Field) int {
		n := cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		switch order {
		case "contextsCount":
			n = cmp.Or(cmp.Compare(contextCount(a), contextCount(b)), n)
		case "projectsCount":
			n = cmp.Or(cmp.Compare(projectCount(a), projectCount(b)), n)
		}
		if strings.HasPrefix(q.Get("orderBy"), "-") {
			return -n
		}
		return n
	})
	expand := rest.SplitNames(q["expand"])
	return rest.Paged(c, rest.DefaultPage, list, func(f shape.Field) object {
		out := object{"id": f.ID, "key": f.ID, "name": f.Name, "schema": f.Schema}
		if f.Custom == nil {
			return out
		}
		out["description"] = f.Custom.Description
		if slices.Contains(expand, "isLocked") {
			out["isLocked"] = f.Custom.Locked
		}
		if slices.Contains(expand, "searcherKey") && f.Custom.Searcher != "" {
			out["searcherKey"] = f.Custom.Searcher
		}
		if slices.Contains(expand, "contextsCount") {
			out["contextsCount"] = contextCount(f)
		}
		if slices.Contains(expand, "projectsCount") {
			out["projectsCount"] = projectCount(f)
		}
		return out
	})
}

func contextCount(f shape.Field) int {
	if f.Custom == nil {
		return 0
	}
	return len(contextsOf(f.Custom))
}

// projectCount counts the projects that a field's contexts name.
func projectCount(f shape.Field) int {
	if f.Custom == nil {
		return 0
	}
	named := map[world.ProjectID]bool{}
	for _, x := range f.Custom.Contexts {
		for _, p := range x.Projects {
			named[p] = true
		}
	}
	return len(named)
}

// fieldInput is what creating and changing a custom field take.
type fieldInput struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Type        string  `json:"type"`
	Searcher    string  `json:"searcherKey"`
}

func (in fieldInput) check() error {
	switch {
	case in.Name != nil && strings.TrimSpace(*in.Name) == "":
		return rest.FailField("name", "The name of the custom field must not be empty.")
	case in.Name != nil && len([]rune(*in.Name)) > 255:
		return rest.FailField("name", "The name of the custom field is longer than 255 characters.")
	case in.Description != nil && len([]rune(*in.Description)) > 40000:
		return rest.FailField("description", "The description of the custom field is longer than 40000 characters.")
	}
	return nil
}

func (s *API) createField(c *rest.Call) (rest.Answer, error) {
	var in fieldInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if in.Name == nil {
		return rest.Answer{}, rest.FailField("name", "The name of the custom field must not be empty.")
	}
	if err := in.check(); err != nil {
		return rest.Answer{}, err
	}
	kind, ok := kindOfType(in.Type)
	if !ok {
		return rest.Answer{}, rest.FailField("type", "The custom field type '"+in.Type+"' was not found.")
	}
	var made *world.Field
	err := s.asAdmin(c, func(tx *world.Tx) error {
		made = tx.NewField()
		made.Name, made.Kind, made.Searcher = strings.TrimSpace(*in.Name), kind, in.Searcher
		if in.Description != nil {
			made.Description = *in.Description
		}
		made.Contexts = []world.Context{{ID: tx.NewContextID(), Name: defaultContextName(made)}}
		return tx.Put(made)
	})
	if err != nil {
		return rest.Answer{}, err
	}
	for _, f := range shape.Fields(s.store.State()) {
		if f.ID == made.ID {
			return rest.Answer{Status: http.StatusCreated, Body: fieldJSON(f)}, nil
		}
	}
	return rest.Answer{}, noField()
}

// kindOfType finds what a custom field of Jira's type holds.
func kindOfType(name string) (world.Kind, bool) {
	for kind, t := range shape.CustomTypes {
		if t.Custom == name {
			return kind, true
		}
	}
	return "", false
}

func fieldJSON(f shape.Field) object {
	return object{
		"id": f.ID, "key": f.ID, "name": f.Name, "custom": f.Custom != nil, "orderable": f.Sort, "navigable": true, "searchable": true,
		"clauseNames": f.Clauses, "schema": f.Schema,
	}
}

func noField() error { return rest.Fail(http.StatusNotFound, "The custom field was not found.") }

// changeField changes a custom field, as an administrator; change gets a copy.
func (s *API) changeField(c *rest.Call, id string, change func(*world.Tx, *world.Field) error) error {
	return s.asAdmin(c, func(tx *world.Tx) error {
		f := world.Edit(tx.Field(world.FieldID(id)))
		if f == nil {
			return noField()
		}
		if f.Locked {
			return rest.Fail(http.StatusBadRequest, "The custom field is locked and cannot be changed.")
		}
		if err := change(tx, f); err != nil {
			return err
		}
		return tx.Put(f)
	})
}

func (s *API) updateField(c *rest.Call) (rest.Answer, error) {
	var in fieldInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if err := in.check(); err != nil {
		return rest.Answer{}, err
	}
	err := s.changeField(c, c.PathValue("fieldId"), func(_ *world.Tx, f *world.Field) error {
		if in.Name != nil {
			f.Name = strings.TrimSpace(*in.Name)
		}
		if in.Description != nil {
			f.Description = *in.Description
		}
		f.Searcher = cmp.Or(in.Searcher, f.Searcher)
		return nil
	})
	return rest.Answer{Status: http.StatusNoContent, Body: nil}, err
}

// deleteField deletes a custom field with its values; the answer leads to the task that did it.
func (s *API) deleteField(c *rest.Call) (rest.Answer, error) {
	var task *world.Task
	err := s.asAdmin(c, func(tx *world.Tx) error {
		f := tx.Field(world.FieldID(c.PathValue("id")))
		if f == nil {
			return noField()
		}
		if f.Locked {
			return rest.Fail(http.StatusBadRequest, "The custom field is locked and cannot be deleted.")
		}
		if err := tx.Delete(f); err != nil {
			return err
		}
		var err error
		task, err = finishedTask(tx, "Delete custom field "+f.Name, nil)
		return err
	})
	if err != nil {
		return rest.Answer{}, err
	}
	c.Header.Set("Location", s.Link("/rest/api/3/task/%s", task.ID))
	return rest.Answer{Status: http.StatusSeeOther, Body: s.TaskJSON(task)}, nil
}

func (s *API) listFields(c *rest.Call) (rest.Answer, error) {
	out := []object{{
		"id": "issuekey", "key": "issuekey", "name": "Key", "custom": false, "orderable": false, "navigable": true, "searchable": false,
		"clauseNames": shape.IssueKey.Clauses,
	}}
	for _, f := range shape.AllFields(c.St) {
		out = append(out, object{
			"id": f.ID, "key": f.ID, "name": f.Name, "custom": f.Custom != nil, "orderable": f.Sort, "navigable": true, "searchable": len(f.Clauses) > 0,
			"clauseNames": append([]string{}, f.Clauses...), "schema": f.Schema,
		})
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}
