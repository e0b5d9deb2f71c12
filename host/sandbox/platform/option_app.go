package platform

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// appOptionOperations are those on the options of an app's select fields, which apps keep themselves.
func (s *API) appOptionOperations() []rest.Operation {
	const all, one = "/rest/api/3/field/{fieldKey}/option", "/rest/api/3/field/{fieldKey}/option/{optionId}"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeNone, s.listAppOptions),
		rest.Op("POST", all, rest.ScopeNone, s.createAppOption),
		rest.Op("GET", all+"/suggestions/edit", rest.ScopeNone, s.suggestAppOptions),
		rest.Op("GET", all+"/suggestions/search", rest.ScopeNone, s.suggestAppOptions),
		rest.Op("GET", one, rest.ScopeNone, s.getAppOption),
		rest.Op("PUT", one, rest.ScopeNone, s.putAppOption),
		rest.Op("DELETE", one, rest.ScopeNone, s.deleteAppOption),
	}
}

// maxAppOptions is how many options a field of an app may have, and how many scopes one of them.
const maxAppOptions = 10000

// appField is the path's field, if it is one of an app with options; missing is the status of the refusal.
func appField(c *rest.Call, st *world.State, missing int) (*world.Field, error) {
	f, ok := shape.FieldNamed(st, c.PathValue("fieldKey"))
	if !ok || f.Custom == nil || f.Custom.App == "" || !choosable(f.Custom) {
		return nil, rest.Fail(missing, "The field '%s' was not found or does not support options.", c.PathValue("fieldKey"))
	}
	return f.Custom, nil
}

// keeps refuses everybody but administrators and the field's app.
func keeps(c *rest.Call, st *world.State, f *world.Field) error {
	if c.Who.App != nil && c.Who.App.Key == f.App || st.Can(c.Who.Account, world.Administer) {
		return nil
	}
	return rest.Fail(http.StatusForbidden, "Only administrators and the app that provides the field can do this.")
}

func appOptionJSON(o world.FieldOption) object {
	id, _ := strconv.ParseInt(o.ID, 10, 64) // ids of options are numbers
	out := object{"id": id, "value": o.Value}
	if len(o.Properties) > 0 {
		out["properties"] = o.Properties
	}
	if len(o.Config) > 0 {
		out["config"] = o.Config
	}
	return out
}

func (s *API) listAppOptions(c *rest.Call) (rest.Answer, error) {
	f, err := appField(c, c.St, http.StatusBadRequest)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := keeps(c, c.St, f); err != nil {
		return rest.Answer{}, err
	}
	return rest.Paged(c, rest.DefaultPage, f.Options, appOptionJSON)
}

// suggestAppOptions lists the options that the caller sees in a project, or in any; for an edit only those that can be chosen.
func (s *API) suggestAppOptions(c *rest.Call) (rest.Answer, error) {
	f, err := appField(c, c.St, http.StatusNotFound)
	if err != nil {
		return rest.Answer{}, err
	}
	edit, only := strings.HasSuffix(c.URL.Path, "/edit"), c.URL.Query().Get("projectId")
	projects := slices.DeleteFunc(shape.VisibleProjects(c.St, c.Who.Account), func(p *world.Project) bool { return only != "" && string(p.ID) != only })
	list := slices.DeleteFunc(slices.Clone(f.Options), func(o world.FieldOption) bool {
		scope := shape.ScopeOf(o)
		return !slices.ContainsFunc(projects, func(p *world.Project) bool { return scope.Shown(p.ID) && (!edit || scope.Selectable(p.ID)) })
	})
	return rest.Paged(c, rest.DefaultPage, list, appOptionJSON)
}

func appOption(f *world.Field, id string) int {
	return slices.IndexFunc(f.Options, func(o world.FieldOption) bool { return o.ID == id })
}

func noAppOption(id string) error {
	return rest.Fail(http.StatusNotFound, "The option '%s' was not found.", id)
}

func (s *API) getAppOption(c *rest.Call) (rest.Answer, error) {
	f, err := appField(c, c.St, http.StatusNotFound)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := keeps(c, c.St, f); err != nil {
		return rest.Answer{}, err
	}
	n := appOption(f, c.PathValue("optionId"))
	if n < 0 {
		return rest.Answer{}, noAppOption(c.PathValue("optionId"))
	}
	return rest.Answer{Status: http.StatusOK, Body: appOptionJSON(f.Options[n])}, nil
}

// appOptionInput is what making and changing an option take.
type appOptionInput struct {
	ID         int64           `json:"id"`
	Value      string          `json:"value"`
	Properties json.RawMessage `json:"properties"`
	Config     json.RawMessage `json:"config"`
}

// option is the option that the input describes, or what is wrong with it.
func (in appOptionInput) option(st *world.State) (o world.FieldOption, err error) {
	var properties map[string]json.RawMessage
	var scope shape.Scope
	strict := json.NewDecoder(bytes.NewReader(in.Config))
	strict.DisallowUnknownFields()
	switch {
	case strings.TrimSpace(in.Value) == "":
		return o, rest.FailField("value", "The value of the option must not be empty.")
	case !empty(in.Properties) && json.Unmarshal(in.Properties, &properties) != nil:
		return o, rest.FailField("properties", "The properties of the option must be an object.")
	case !empty(in.Config) && strict.Decode(&scope) != nil:
		return o, rest.FailField("config", "The config of the option must be an object with scope and attributes.")
	}
	if err := checkScope(st, scope); err != nil {
		return o, err
	}
	o = world.FieldOption{Value: in.Value}
	if !empty(in.Properties) {
		o.Properties = in.Properties
	}
	if !empty(in.Config) {
		o.Config = in.Config
	}
	return o, nil
}

func checkScope(st *world.State, scope shape.Scope) error {
	ids, attributes := scope.Parts()
	if len(ids) > maxAppOptions {
		return rest.FailField("config", "The option has more than 10000 scopes.")
	}
	for _, id := range ids {
		if st.Project(world.ProjectID(strconv.FormatInt(id, 10))) == nil {
			return rest.FailField("config", "The project "+strconv.FormatInt(id, 10)+" was not found.")
		}
	}
	for _, a := range attributes {
		if a != "notSelectable" && a != "defaultValue" {
			return rest.FailField("config", "The attribute '"+a+"' is none of notSelectable and defaultValue.")
		}
	}
	return nil
}

// changeAppOptions changes the options of the path's field.
func (s *API) changeAppOptions(c *rest.Call, change func(*world.Tx, *world.Field) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		have, err := appField(c, tx.State, http.StatusNotFound)
		if err != nil {
			return err
		}
		if err := keeps(c, tx.State, have); err != nil {
			return err
		}
		f := world.Edit(have)
		if err := change(tx, f); err != nil {
			return err
		}
		return tx.Put(f)
	})
}

func (s *API) createAppOption(c *rest.Call) (rest.Answer, error) {
	var in appOptionInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var made world.FieldOption
	err := s.changeAppOptions(c, func(tx *world.Tx, f *world.Field) (err error) {
		if made, err = in.option(tx.State); err != nil {
			return err
		}
		if len(f.Options) >= maxAppOptions {
			return rest.Fail(http.StatusBadRequest, "The field has %d options already.", maxAppOptions)
		}
		last := int64(0)
		for _, o := range f.Options {
			id, _ := strconv.ParseInt(o.ID, 10, 64) // ids of options are numbers
			last = max(last, id)
		}
		made.ID = strconv.FormatInt(last+1, 10) // each field counts its own
		f.Options = append(slices.Clip(f.Options), made)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: appOptionJSON(made)}, err
}

// putAppOption changes the option of the path, or makes it.
func (s *API) putAppOption(c *rest.Call) (rest.Answer, error) {
	var in appOptionInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	id := c.PathValue("optionId")
	if number := strconv.FormatInt(in.ID, 10); number != id || in.ID <= 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The id %s in the body is not the id '%s' in the path.", number, id)
	}
	var put world.FieldOption
	err := s.changeAppOptions(c, func(tx *world.Tx, f *world.Field) (err error) {
		if put, err = in.option(tx.State); err != nil {
			return err
		}
		put.ID = id
		f.Options = slices.Clone(f.Options)
		if n := appOption(f, id); n >= 0 {
			f.Options[n] = put
		} else {
			f.Options = append(f.Options, put)
		}
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: appOptionJSON(put)}, err
}

// deleteAppOption deletes an option that no issue has.
func (s *API) deleteAppOption(c *rest.Call) (rest.Answer, error) {
	err := s.changeAppOptions(c, func(tx *world.Tx, f *world.Field) error {
		n := appOption(f, c.PathValue("optionId"))
		if n < 0 {
			return noAppOption(c.PathValue("optionId"))
		}
		if !tx.Index().Equal(string(f.ID), f.Options[n].ID).Empty() {
			return rest.Fail(http.StatusConflict, "The option '%s' is selected in an issue: replace it there first.", f.Options[n].ID)
		}
		f.Options = slices.Delete(slices.Clone(f.Options), n, n+1)
		return nil
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
