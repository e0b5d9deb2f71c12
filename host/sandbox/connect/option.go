package connect

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// maxOptions is how many options an app's select field can have.
const maxOptions = 10000

// optionOperations are those on the options of apps' select fields, which no descriptor has.
func (s *Apps) optionOperations() []rest.Operation {
	const path = "/rest/api/3/field/{fieldKey}/option"
	return []rest.Operation{
		rest.Op("GET", path, rest.ScopeNone, s.listOptions),
		rest.Op("POST", path, rest.ScopeNone, s.createOption),
		rest.Op("GET", path+"/suggestions/edit", rest.ScopeNone, s.suggestOptions),
		rest.Op("GET", path+"/suggestions/search", rest.ScopeNone, s.suggestOptions),
		rest.Op("GET", path+"/{optionId}", rest.ScopeNone, s.getOption),
		rest.Op("PUT", path+"/{optionId}", rest.ScopeNone, s.putOption),
		rest.Op("DELETE", path+"/{optionId}", rest.ScopeNone, s.deleteOption),
	}
}

// selectField is the field of the path, if it is an app's with options. missing is the status where it is not.
func selectField(c *rest.Call, st *world.State, missing int) (*world.Field, error) {
	key := c.PathValue("fieldKey")
	for f := range st.Fields.All() {
		if f.App != "" && !f.Trashed && FieldKey(f.App, f.Module) == key && (f.Kind == world.Option || f.Kind == world.Options) {
			return f, nil
		}
	}
	return nil, rest.Fail(missing, "The field %s was not found, or does not support options.", key)
}

// ownOptions refuses everybody but administrators and the app whose field it is.
func ownOptions(c *rest.Call, st *world.State, missing int) (*world.Field, error) {
	f, err := selectField(c, st, missing)
	if err != nil {
		return nil, err
	}
	if own := c.AsApp() && c.Who.App.Key == f.App; !own && !c.Administers(st) {
		return nil, rest.Fail(http.StatusForbidden, "Only the app that provided the field, and administrators, can use its options.")
	}
	return f, nil
}

func optionJSON(o world.FieldOption) object {
	id, _ := strconv.ParseInt(o.ID, 10, 64) // ids of the world are numbers
	out := object{"id": id, "value": o.Value}
	if o.Properties != nil {
		out["properties"] = o.Properties
	}
	if o.Config != nil {
		out["config"] = o.Config
	}
	return out
}

func (s *Apps) listOptions(c *rest.Call) (rest.Answer, error) {
	f, err := ownOptions(c, c.St, http.StatusBadRequest)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Paged(c, rest.DefaultPage, f.Options, optionJSON)
}

// optionConfig is what an option's config says that matters here.
type optionConfig struct {
	Scope struct {
		Global    json.RawMessage `json:"global"`
		Projects  []int64         `json:"projects"`
		Projects2 []struct {
			ID int64 `json:"id"`
		} `json:"projects2"`
	} `json:"scope"`
	Attributes []string `json:"attributes"`
}

// offers says whether an option can be chosen in a project; 0 is anywhere.
func offers(o world.FieldOption, project int64) bool {
	var cfg optionConfig
	if o.Config == nil || json.Unmarshal(o.Config, &cfg) != nil {
		return true
	}
	if slices.Contains(cfg.Attributes, "notSelectable") {
		return false
	}
	ids := cfg.Scope.Projects
	for _, p := range cfg.Scope.Projects2 {
		ids = append(ids, p.ID)
	}
	return project == 0 || cfg.Scope.Global != nil || len(ids) == 0 || slices.Contains(ids, project)
}

func (s *Apps) suggestOptions(c *rest.Call) (rest.Answer, error) {
	f, err := selectField(c, c.St, http.StatusNotFound)
	if err != nil {
		return rest.Answer{}, err
	}
	project, err := rest.QueryInt(c.URL.Query().Get("projectId"), 0)
	if err != nil {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "There is no such project.")
	}
	var list []world.FieldOption
	for _, o := range f.Options {
		if offers(o, int64(project)) {
			list = append(list, o)
		}
	}
	return rest.Paged(c, rest.DefaultPage, list, optionJSON)
}

func (s *Apps) getOption(c *rest.Call) (rest.Answer, error) {
	f, err := ownOptions(c, c.St, http.StatusBadRequest)
	if err != nil {
		return rest.Answer{}, err
	}
	o := f.Option(c.PathValue("optionId"))
	if o.ID == "" {
		return rest.Answer{}, noOption(c)
	}
	return rest.Answer{Status: http.StatusOK, Body: optionJSON(o)}, nil
}

func noOption(c *rest.Call) error {
	return rest.Fail(http.StatusNotFound, "The option %s was not found.", c.PathValue("optionId"))
}

// optionInput reads an option. id is the one of the path, "" for a new one.
func optionInput(c *rest.Call, id string) (o world.FieldOption, err error) {
	var in struct {
		ID         *int64          `json:"id"`
		Value      string          `json:"value"`
		Properties json.RawMessage `json:"properties"`
		Config     json.RawMessage `json:"config"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return o, err
	}
	var cfg optionConfig
	switch {
	case in.Value == "" || len([]rune(in.Value)) > 255:
		return o, rest.FailField("value", "The value of the option must have 1 to 255 characters.")
	case in.Config != nil && json.Unmarshal(in.Config, &cfg) != nil:
		return o, rest.FailField("config", "The config of the option is not of the right form.")
	case id != "" && (in.ID == nil || strconv.FormatInt(*in.ID, 10) != id):
		return o, rest.FailField("id", "The id in the body must be that of the path.")
	}
	return world.FieldOption{ID: id, Value: in.Value, Properties: in.Properties, Config: in.Config}, nil
}

// changeOptions changes a field's options; change gets a copy of the field.
func (s *Apps) changeOptions(c *rest.Call, change func(*world.Tx, *world.Field) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		f, err := ownOptions(c, tx.State, http.StatusNotFound)
		if err != nil {
			return err
		}
		f = world.Edit(f)
		if err := change(tx, f); err != nil {
			return err
		}
		return tx.Put(f)
	})
}

func (s *Apps) createOption(c *rest.Call) (rest.Answer, error) {
	o, err := optionInput(c, "")
	if err != nil {
		return rest.Answer{}, err
	}
	err = s.changeOptions(c, func(tx *world.Tx, f *world.Field) error {
		if len(f.Options) >= maxOptions {
			return rest.Fail(http.StatusBadRequest, "The field has %d options, and cannot have more.", maxOptions)
		}
		o.ID = tx.NewOptionID()
		f.Options = append(f.Options, o)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: optionJSON(o)}, err
}

// putOption changes an option, or makes one with the id.
func (s *Apps) putOption(c *rest.Call) (rest.Answer, error) {
	o, err := optionInput(c, c.PathValue("optionId"))
	if err != nil {
		return rest.Answer{}, err
	}
	err = s.changeOptions(c, func(_ *world.Tx, f *world.Field) error {
		if n := slices.IndexFunc(f.Options, func(each world.FieldOption) bool { return each.ID == o.ID }); n >= 0 {
			f.Options[n] = o
			return nil
		}
		f.Options = append(f.Options, o)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: optionJSON(o)}, err
}

// deleteOption removes an option that no issue has.
func (s *Apps) deleteOption(c *rest.Call) (rest.Answer, error) {
	id := c.PathValue("optionId")
	err := s.changeOptions(c, func(tx *world.Tx, f *world.Field) error {
		if f.Option(id).ID == "" {
			return noOption(c)
		}
		if !tx.Index().Equal(string(f.ID), id).Empty() {
			return rest.Fail(http.StatusConflict, "The option %s is selected in issues.", id)
		}
		f.Options = slices.DeleteFunc(f.Options, func(o world.FieldOption) bool { return o.ID == id })
		return nil
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
