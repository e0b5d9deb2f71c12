package forge

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// clientKeyProperty is a property that every app with a Connect half has: its client key, for those who come from Connect.
const clientKeyProperty = "connect_client_key_019cdff3-8bfb-71fe-9628-875b700aebb8"

const maxPropertyKey = 127

// ownApp is the calling Forge app, in st; nobody else, and no user for whom it acts, sees its properties.
func ownApp(c *rest.Call, st *world.State) (*world.App, error) {
	if !c.AsApp() || !c.Who.Forge {
		return nil, rest.Fail(http.StatusForbidden, "The request is not made directly by a Forge app.")
	}
	app := st.App(c.Who.App.Key)
	if app == nil || app.Forge == nil {
		return nil, rest.Fail(http.StatusForbidden, "The app is not installed.")
	}
	return app, nil
}

func (s *Forge) listProperties(c *rest.Call) (rest.Answer, error) {
	app, err := ownApp(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: rest.KeysJSON(app.Forge.Properties, func(k string) string {
		return s.Base + "/rest/forge/1/app/properties/" + k
	})}, nil
}

// said is an answer to a request for a property, in the form that these operations have.
func said(status int, message string) rest.Answer {
	return rest.Answer{Status: status, Body: object{"message": message, "statusCode": status}}
}

func (s *Forge) getProperty(c *rest.Call) (rest.Answer, error) {
	app, err := ownApp(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	key := c.PathValue("propertyKey")
	if len(key) > maxPropertyKey {
		return said(http.StatusBadRequest, "The property key is longer than 127 characters."), nil
	}
	v, ok := app.Forge.Properties[key]
	if m, err := manifest(app); err == nil && key == clientKeyProperty && m.App.Connect.Key != "" {
		v, ok = json.RawMessage(fmt.Sprintf("%q", app.ClientKey)), true
	}
	if !ok {
		return said(http.StatusNotFound, "Property with key not found."), nil
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"key": key, "value": v}}, nil
}

// changeProperties changes the properties of the calling app.
func (s *Forge) changeProperties(c *rest.Call, change func(world.Properties) error) error {
	return s.Store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		app, err := ownApp(c, tx.State)
		if err != nil {
			return err
		}
		if app = world.Edit(app); app.Forge.Properties == nil {
			app.Forge.Properties = world.Properties{}
		}
		if err := change(app.Forge.Properties); err != nil {
			return err
		}
		return tx.Put(app)
	})
}

func (s *Forge) setProperty(c *rest.Call) (rest.Answer, error) {
	if _, err := ownApp(c, c.St); err != nil {
		return rest.Answer{}, err
	}
	key := c.PathValue("propertyKey")
	if len(key) > maxPropertyKey || key == clientKeyProperty {
		return said(http.StatusBadRequest, "The property key is longer than 127 characters, or reserved."), nil
	}
	value, err := c.PropertyValue()
	var bad *rest.Error
	if errors.As(err, &bad) {
		return said(bad.Status, bad.Messages[0]), nil
	}
	if err != nil {
		return rest.Answer{}, err
	}
	out := said(http.StatusOK, "Property updated.")
	err = s.changeProperties(c, func(p world.Properties) error {
		if _, ok := p[key]; !ok {
			out = said(http.StatusCreated, "Property created.")
		}
		p[key] = value
		return nil
	})
	return out, err
}

func (s *Forge) deleteProperty(c *rest.Call) (rest.Answer, error) {
	key, there := c.PathValue("propertyKey"), true
	err := s.changeProperties(c, func(p world.Properties) error {
		_, there = p[key]
		delete(p, key)
		return nil
	})
	if err == nil && !there {
		return said(http.StatusNotFound, "Property with key not found."), nil
	}
	return rest.Answer{Status: http.StatusNoContent}, err
}

// fieldKinds are what fields of the types hold, one value or a list.
var fieldKinds = map[string]struct{ one, list world.Kind }{
	"string": {world.Text, world.Labels}, "number": {world.Number, ""}, "user": {world.Person, world.People}, "group": {world.GroupOf, world.GroupsOf},
	"date": {world.Date, ""}, "datetime": {world.DateTime, ""}, "object": {world.Object, ""},
}

// fieldKey is the key of a field's module, which is its type's name, too.
func fieldKey(f *world.Forge, module string) string {
	return "ari:cloud:ecosystem::extension/" + lastOf(f.ID) + "/" + lastOf(f.Environment) + "/static/" + module
}

// lastOf is the last part of an ARI; "" for what has one part only.
func lastOf(ari string) string {
	n := strings.LastIndexByte(ari, '/')
	if n < 0 {
		return ""
	}
	return ari[n+1:]
}

// settleFields makes the site have the fields of the manifest. Those of modules that are gone keep their values, hidden.
func settleFields(tx *world.Tx, app *world.App, m *Manifest) error {
	have := map[string]*world.Field{}
	for f := range tx.Fields.All() {
		if f.App == app.Key && f.Type == fieldKey(app.Forge, f.Module) {
			have[f.Module] = f
		}
	}
	for _, each := range m.of(customField) {
		f := world.Edit(have[each.Key])
		delete(have, each.Key)
		if f == nil {
			f = tx.NewField()
			f.Contexts = []world.Context{{ID: tx.NewContextID(), Name: "Default Configuration Scheme for " + each.Label()}}
		}
		kind := fieldKinds[each.Type]
		f.Kind = kind.one
		if each.Collection == "list" {
			f.Kind = cmp.Or(kind.list, kind.one)
		}
		f.Name, f.Description, f.App, f.Module = string(each.Name), string(each.Description), app.Key, each.Key
		f.Type, f.ReadOnly, f.Trashed = fieldKey(app.Forge, each.Key), each.ReadOnly, false
		if err := tx.Put(f); err != nil {
			return err
		}
	}
	for _, gone := range have {
		if gone.Trashed {
			continue
		}
		f := world.Edit(gone)
		f.Trashed = true
		if err := tx.Put(f); err != nil {
			return err
		}
	}
	return nil
}

// fieldUpdate is a value for a field on some issues; null empties it.
type fieldUpdate struct {
	Field  string          `json:"customField"`
	Issues []int64         `json:"issueIds"`
	Value  json.RawMessage `json:"value"`
}

// maxFieldUpdates is how many values on issues one request may write.
const maxFieldUpdates = 200

func (s *Forge) setFieldValue(c *rest.Call) (rest.Answer, error) {
	return s.updateFields(c, c.PathValue("fieldIdOrKey"))
}

func (s *Forge) setFieldValues(c *rest.Call) (rest.Answer, error) { return s.updateFields(c, "") }

// updateFields writes values of the app's own fields, whoever may edit the issues: all of them or none. field is the one of
// the path, "" where each update names its own.
func (s *Forge) updateFields(c *rest.Call, field string) (rest.Answer, error) {
	if !c.AsApp() || !c.Who.Forge {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "Only the app that provided the field can change its values here.")
	}
	var in struct {
		Updates []fieldUpdate `json:"updates"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	count := 0
	for _, u := range in.Updates {
		count += len(u.Issues)
	}
	if count == 0 || count > maxFieldUpdates {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Between 1 and %d values can be updated in one request.", maxFieldUpdates)
	}
	err := s.Store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		for _, u := range in.Updates {
			f, err := ownField(c, tx.State, cmp.Or(field, u.Field))
			if err != nil {
				return err
			}
			for _, id := range u.Issues {
				i := tx.EditIssue(fmt.Sprint(id))
				if i == nil {
					return rest.Fail(http.StatusBadRequest, "Issue %d does not exist.", id)
				}
				if err := setValue(tx, f, i, u.Value); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func ownField(c *rest.Call, st *world.State, idOrKey string) (*world.Field, error) {
	for f := range st.Fields.All() {
		if string(f.ID) != idOrKey && f.Type != idOrKey && (f.App != c.Who.App.Key || f.Module != idOrKey) || f.Trashed {
			continue
		}
		if f.App != c.Who.App.Key {
			return nil, rest.Fail(http.StatusForbidden, "The field %s was not provided by the app.", idOrKey)
		}
		return f, nil
	}
	return nil, rest.Fail(http.StatusNotFound, "The field %s was not found.", idOrKey)
}

// setValue writes a value if it is of the field's kind.
func setValue(tx *world.Tx, f *world.Field, i *world.Issue, value json.RawMessage) error {
	if len(value) == 0 {
		return rest.Fail(http.StatusBadRequest, "A value is missing.")
	}
	if string(value) == "null" {
		delete(i.Custom, f.ID)
		return tx.PutIssue(i)
	}
	var text string
	var number float64
	var list []string
	var ref struct {
		Account string `json:"accountId"`
		Name    string `json:"name"`
	}
	fits := json.Valid(value)
	switch f.Kind {
	case world.Text, world.Date, world.DateTime, world.Person, world.GroupOf:
		if fits = json.Unmarshal(value, &text) == nil; !fits && slices.Contains([]world.Kind{world.Person, world.GroupOf}, f.Kind) {
			if fits = json.Unmarshal(value, &ref) == nil; fits {
				value = json.RawMessage(fmt.Sprintf("%q", cmp.Or(ref.Account, ref.Name)))
			}
		}
	case world.Number:
		fits = json.Unmarshal(value, &number) == nil
	case world.Labels, world.People, world.GroupsOf:
		fits = json.Unmarshal(value, &list) == nil
	}
	if !fits {
		return rest.Fail(http.StatusBadRequest, "The value does not fit the field %s.", f.ID)
	}
	if i.Custom == nil {
		i.Custom = map[world.FieldID]json.RawMessage{}
	}
	i.Custom[f.ID] = value
	return tx.PutIssue(i)
}
