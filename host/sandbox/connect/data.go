package connect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The modules that are no place on a page, but change what the site knows: fields, and properties that JQL finds.
const (
	fieldModules    = "jiraIssueFields"
	propertyModules = "jiraEntityProperties"
)

// Field is a custom field of an app: https://developer.atlassian.com/cloud/jira/platform/modules/issue-field/.
type Field struct {
	Key         string `json:"key"`
	Type        string `json:"type"`
	Name        Text   `json:"name"`
	Description Text   `json:"description"`
	Property    struct {
		Path string `json:"path"`
		Key  string `json:"key"`
		Type string `json:"type"`
	} `json:"property"`
}

// Text is a text of a module.
type Text struct {
	Value string `json:"value"`
}

// fieldKinds are the types of fields of apps.
var fieldKinds = map[string]world.Kind{
	"string": world.Text, "text": world.Text, "rich_text": world.TextArea, "single_select": world.Option, "multi_select": world.Options,
	"number": world.Number, "read_only": world.Text,
}

func (f *Field) check() error {
	switch {
	case !moduleKeyForm.MatchString(f.Key):
		return fmt.Errorf("key: want letters, digits, dashes and underscores")
	case f.Name.Value == "":
		return fmt.Errorf("name.value is missing")
	case fieldKinds[f.Type] == "":
		return fmt.Errorf("type %q: want string, text, rich_text, single_select, multi_select, number or read_only", f.Type)
	case f.Type == "read_only" && (f.Property.Key == "" || f.Property.Path == ""):
		return fmt.Errorf("property.key and property.path are missing: a field of type read_only shows an issue property")
	}
	return nil
}

// EntityProperty makes values inside properties searchable: https://developer.atlassian.com/cloud/jira/platform/modules/entity-property/.
type EntityProperty struct {
	Key    string `json:"key"`
	Entity string `json:"entityType"`
	Keys   []struct {
		Property    string `json:"propertyKey"`
		Extractions []struct {
			Object string `json:"objectName"`
			Type   string `json:"type"`
			Alias  string `json:"alias"`
		} `json:"extractions"`
	} `json:"keyConfigurations"`
}

var (
	propertyTypes    = []string{"number", "text", "string", "user", "date"}
	propertyEntities = []string{"issue", "project", "user", "comment"}
)

func (p *EntityProperty) check() error {
	p.Entity = cmp.Or(p.Entity, "issue")
	if !moduleKeyForm.MatchString(p.Key) {
		return fmt.Errorf("key: want letters, digits, dashes and underscores")
	}
	if !slices.Contains(propertyEntities, p.Entity) {
		return fmt.Errorf("entityType %q: want %s", p.Entity, strings.Join(propertyEntities, ", "))
	}
	for n, k := range p.Keys {
		if k.Property == "" {
			return fmt.Errorf("keyConfigurations[%d].propertyKey is missing", n)
		}
		for i, x := range k.Extractions {
			if x.Object == "" || !slices.Contains(propertyTypes, x.Type) {
				return fmt.Errorf("keyConfigurations[%d].extractions[%d]: want an objectName, and one of the types %s", n, i, strings.Join(propertyTypes, ", "))
			}
		}
	}
	return nil
}

// checked is a module that knows what is wrong with it.
type checked[T any] interface {
	*T
	check() error
}

// parseList reads the modules of a kind, and says everything that is wrong with them.
func parseList[T any, P checked[T]](d *Descriptor, kind string, key func(P) string, seen map[string]bool) (list []P, errs []error) {
	raw, ok := d.Modules[kind]
	if !ok {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, []error{fmt.Errorf("modules.%s: %w", kind, err)}
	}
	for n, m := range list {
		if m == nil {
			return nil, []error{fmt.Errorf("modules.%s[%d] is null", kind, n)}
		}
		if err := m.check(); err != nil {
			errs = append(errs, fmt.Errorf("modules.%s[%d] %q: %w", kind, n, key(m), err))
		}
		if seen[key(m)] {
			errs = append(errs, fmt.Errorf("modules.%s[%d]: key %q is used twice", kind, n, key(m)))
		}
		seen[key(m)] = true
	}
	return list, errs
}

// parseData reads the modules that change what the site knows.
func (d *Descriptor) parseData(seen map[string]bool) (errs []error) {
	var more []error
	d.Fields, errs = parseList(d, fieldModules, func(f *Field) string { return f.Key }, seen)
	d.Properties, more = parseList(d, propertyModules, func(p *EntityProperty) string { return p.Key }, seen)
	errs = append(errs, more...)
	d.Functions, more = parseList(d, functionModules, func(f *Function) string { return f.Key }, seen)
	return append(errs, more...)
}

// FieldKey is the key of a field of an app, under which the REST interface knows it, too.
func FieldKey(app world.AppKey, module string) string { return string(app) + "__" + module }

// settle makes the site know what the app's modules say: its fields and the properties that JQL finds.
func settle(tx *world.Tx, app *world.App, d *Descriptor) error {
	if err := settleProperties(tx, app.Key, d.Properties); err != nil {
		return err
	}
	return settleFields(tx, app.Key, d.Fields)
}

// unsettle takes back what an uninstalled app brought. Fields keep their values for the day when the app comes again.
func unsettle(tx *world.Tx, key world.AppKey) error {
	return settle(tx, &world.App{Key: key}, &Descriptor{})
}

func settleProperties(tx *world.Tx, key world.AppKey, list []*EntityProperty) error {
	wanted := map[string]*world.IndexedProperty{}
	for _, p := range list {
		for _, k := range p.Keys {
			for _, x := range k.Extractions {
				id := strings.Join([]string{string(key), p.Entity, k.Property, x.Object}, "/")
				wanted[id] = &world.IndexedProperty{ID: id, App: key, Entity: p.Entity, Key: k.Property, Path: x.Object, Type: x.Type, Alias: x.Alias}
			}
		}
	}
	for _, old := range tx.IndexedProperties.List() {
		if old.App == key && wanted[old.ID] == nil {
			if err := tx.Delete(old); err != nil {
				return err
			}
		}
	}
	for _, p := range wanted {
		if old := tx.IndexedProperties.Get(p.ID); old != nil && *old == *p {
			continue // putting it would index every issue with the property anew
		}
		if err := tx.Put(p); err != nil {
			return err
		}
	}
	return nil
}

func settleFields(tx *world.Tx, key world.AppKey, list []*Field) error {
	have := map[string]*world.Field{}
	for f := range tx.Fields.All() {
		if f.App == key && strings.HasPrefix(f.Type, fieldTypePrefix) {
			have[f.Module] = f
		}
	}
	for _, m := range list {
		f := world.Edit(have[m.Key])
		delete(have, m.Key)
		if f == nil {
			f = tx.NewField()
			f.Contexts = []world.Context{{ID: tx.NewContextID(), Name: "Default Configuration Scheme for " + m.Name.Value}}
		}
		f.Name, f.Description, f.Kind, f.App, f.Module = m.Name.Value, m.Description.Value, fieldKinds[m.Type], key, m.Key
		f.Type, f.ReadOnly, f.Trashed = fieldTypePrefix+FieldKey(key, m.Key), m.Type == "read_only", false
		if err := tx.Put(f); err != nil {
			return err
		}
	}
	for _, gone := range have {
		f := world.Edit(gone)
		f.Trashed = true
		if err := tx.Put(f); err != nil {
			return err
		}
	}
	return nil
}

// fieldTypePrefix begins the names of the types of apps' fields.
const fieldTypePrefix = "com.atlassian.plugins.atlassian-connect-plugin:"
