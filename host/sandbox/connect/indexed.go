package connect

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// propertyModules are the modules by which apps have values inside entity properties indexed:
// https://developer.atlassian.com/cloud/jira/platform/modules/entity-property/
const propertyModules = "jiraEntityProperties"

// indexedTypes are the types that Jira has for an extraction.
var indexedTypes = []string{"number", "text", "string", "user", "date"}

// indexedOf reads what a descriptor declares, and refuses what Jira would.
func indexedOf(app string, raw json.RawMessage) (out []*world.IndexedProperty, err error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var modules []struct {
		Key        string
		EntityType string
		Keys       []struct {
			PropertyKey string
			Extractions []struct{ ObjectName, Type, Alias string }
		} `json:"keyConfigurations"`
	}
	if err := json.Unmarshal(raw, &modules); err != nil {
		return nil, fmt.Errorf("modules.%s: %w", propertyModules, err)
	}
	for _, m := range modules {
		entity := m.EntityType
		if entity == "" {
			entity = "issue"
		}
		for _, k := range m.Keys {
			for _, e := range k.Extractions {
				if !moduleKeyForm.MatchString(m.Key) || k.PropertyKey == "" || e.ObjectName == "" || !slices.Contains(indexedTypes, e.Type) {
					return nil, fmt.Errorf("modules.%s %q: want a key, a propertyKey, and extractions with an objectName and a type of %v", propertyModules, m.Key, indexedTypes)
				}
				out = append(out, &world.IndexedProperty{
					ID: app + "/" + entity + "/" + k.PropertyKey + "/" + e.ObjectName, App: world.AppKey(app), Entity: entity,
					Key: k.PropertyKey, Path: e.ObjectName, Type: e.Type, Alias: e.Alias,
				})
			}
		}
	}
	return out, nil
}

// indexProperties has the values indexed that an app declares now, and no longer those that it declared before.
func indexProperties(tx *world.Tx, app world.AppKey, now []*world.IndexedProperty) error {
	for _, p := range tx.IndexedProperties.List() {
		if p.App == app && !slices.ContainsFunc(now, func(n *world.IndexedProperty) bool { return n.ID == p.ID }) {
			if err := tx.Delete(p); err != nil {
				return err
			}
		}
	}
	for _, p := range now {
		if err := tx.Put(p); err != nil {
			return err
		}
	}
	return nil
}
