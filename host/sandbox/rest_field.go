package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) fieldOperations() []operation {
	return []operation{
		{"GET", "/rest/api/3/field/search", scopeNone, false, s.searchFields},
		{"POST", "/rest/api/3/field", scopeAdmin, false, s.createField},
		{"PUT", "/rest/api/3/field/{fieldId}", scopeAdmin, false, s.updateField},
		{"DELETE", "/rest/api/3/field/{id}", scopeAdmin, false, s.deleteField},
	}
}

// searchFields lists fields page by page, by name.
func (s *Site) searchFields(c *call) (answer, error) {
	q := c.URL.Query()
	kinds, ids, query := splitNames(q["type"]), splitNames(q["id"]), strings.ToLower(q.Get("query"))
	for _, k := range kinds {
		if k != "custom" && k != "system" {
			return answer{}, fail(http.StatusBadRequest, "The field type '%s' is not valid: want custom or system.", k)
		}
	}
	order := strings.TrimLeft(q.Get("orderBy"), "+-")
	if !slices.Contains([]string{"", "name", "contextsCount", "screensCount", "lastUsed", "projectsCount"}, order) {
		return answer{}, fail(http.StatusBadRequest, "The orderBy '%s' is not valid.", order)
	}
	list := slices.DeleteFunc(fields(c.st), func(f field) bool {
		kind, description := "system", ""
		if f.custom != nil {
			kind, description = "custom", f.custom.Description
		}
		return f.custom != nil && f.custom.Trashed || len(kinds) > 0 && !slices.Contains(kinds, kind) ||
			len(ids) > 0 && !slices.Contains(ids, string(f.id)) ||
			!strings.Contains(strings.ToLower(f.name), query) && !strings.Contains(strings.ToLower(description), query)
	})
	slices.SortStableFunc(list, func(a, b field) int {
		n := cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
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
	expand := splitNames(q["expand"])
	return paged(c, defaultPage, list, func(f field) object {
		out := object{"id": f.id, "key": f.id, "name": f.name, "schema": f.schema}
		if f.custom == nil {
			return out
		}
		out["description"] = f.custom.Description
		if slices.Contains(expand, "isLocked") {
			out["isLocked"] = f.custom.Locked
		}
		if slices.Contains(expand, "searcherKey") && f.custom.Searcher != "" {
			out["searcherKey"] = f.custom.Searcher
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

func contextCount(f field) int {
	if f.custom == nil {
		return 0
	}
	return len(contextsOf(f.custom))
}

// projectCount counts the projects that a field's contexts name.
func projectCount(f field) int {
	if f.custom == nil {
		return 0
	}
	named := map[world.ProjectID]bool{}
	for _, x := range f.custom.Contexts {
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
		return failField("name", "The name of the custom field must not be empty.")
	case in.Name != nil && len([]rune(*in.Name)) > 255:
		return failField("name", "The name of the custom field is longer than 255 characters.")
	case in.Description != nil && len([]rune(*in.Description)) > 40000:
		return failField("description", "The description of the custom field is longer than 40000 characters.")
	}
	return nil
}

func (s *Site) createField(c *call) (answer, error) {
	var in fieldInput
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	if in.Name == nil {
		return answer{}, failField("name", "The name of the custom field must not be empty.")
	}
	if err := in.check(); err != nil {
		return answer{}, err
	}
	kind, ok := kindOfType(in.Type)
	if !ok {
		return answer{}, failField("type", "The custom field type '"+in.Type+"' was not found.")
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
		return answer{}, err
	}
	for _, f := range fields(s.store.State()) {
		if f.id == made.ID {
			return answer{http.StatusCreated, fieldJSON(f)}, nil
		}
	}
	return answer{}, noField()
}

// kindOfType finds what a custom field of Jira's type holds.
func kindOfType(name string) (world.Kind, bool) {
	for kind, t := range customTypes {
		if t.custom == name {
			return kind, true
		}
	}
	return "", false
}

func fieldJSON(f field) object {
	return object{
		"id": f.id, "key": f.id, "name": f.name, "custom": f.custom != nil, "orderable": f.sort, "navigable": true, "searchable": true,
		"clauseNames": f.clauses, "schema": f.schema,
	}
}

func noField() error { return fail(http.StatusNotFound, "The custom field was not found.") }

// changeField changes a custom field, as an administrator; change gets a copy.
func (s *Site) changeField(c *call, id string, change func(*world.Tx, *world.Field) error) error {
	return s.asAdmin(c, func(tx *world.Tx) error {
		f := world.Edit(tx.Field(world.FieldID(id)))
		if f == nil {
			return noField()
		}
		if f.Locked {
			return fail(http.StatusBadRequest, "The custom field is locked and cannot be changed.")
		}
		if err := change(tx, f); err != nil {
			return err
		}
		return tx.Put(f)
	})
}

func (s *Site) updateField(c *call) (answer, error) {
	var in fieldInput
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	if err := in.check(); err != nil {
		return answer{}, err
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
	return answer{http.StatusNoContent, nil}, err
}

// deleteField deletes a custom field with its values; the answer leads to the task that did it.
func (s *Site) deleteField(c *call) (answer, error) {
	var task *world.Task
	err := s.asAdmin(c, func(tx *world.Tx) error {
		f := tx.Field(world.FieldID(c.PathValue("id")))
		if f == nil {
			return noField()
		}
		if f.Locked {
			return fail(http.StatusBadRequest, "The custom field is locked and cannot be deleted.")
		}
		if err := tx.Delete(f); err != nil {
			return err
		}
		var err error
		task, err = finishedTask(tx, "Delete custom field "+f.Name, nil)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	c.header.Set("Location", s.link("/rest/api/3/task/%s", task.ID))
	return answer{http.StatusSeeOther, s.taskJSON(task)}, nil
}
