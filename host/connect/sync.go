package connect

import (
	"slices"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/syncer/identity"
)

// syncKey is the key of the module that has the property of synchronized issues indexed.
const syncKey = "sync"

type entityProperty struct {
	Key        string             `json:"key"`
	Name       text               `json:"name"`
	EntityType string             `json:"entityType"`
	Keys       []keyConfiguration `json:"keyConfigurations"`
}

type keyConfiguration struct {
	PropertyKey string       `json:"propertyKey"`
	Extractions []extraction `json:"extractions"`
}

type extraction struct {
	ObjectName string `json:"objectName"`
	Type       string `json:"type"`
	Alias      string `json:"alias,omitempty"`
}

// indexes adds the properties that a plugin writes and Jira indexes:
// https://developer.atlassian.com/cloud/jira/platform/modules/entity-property/
func (d *descriptor) indexes(p *manifest.Manifest) {
	for _, property := range p.Properties {
		keys := keyConfiguration{PropertyKey: manifest.WholeKey(p.ID, property.Key)}
		for _, e := range property.Extractions {
			keys.Extractions = append(keys.Extractions, extraction{e.Path, e.Type, e.Alias})
		}
		d.Modules.EntityProperties = append(d.Modules.EntityProperties, entityProperty{
			manifest.ConnectModuleKey(p.ID, "property--"+property.Key), text{property.Title}, "issue", []keyConfiguration{keys},
		})
	}
}

type webhook struct {
	Event string `json:"event"`
	URL   string `json:"url"`
}

// EventPath is where Jira tells of events, followed by the event's name.
const EventPath = "/connect/event/"

// ProjectEvents are the names of the events that tell of a project that has come, changed or gone:
// https://developer.atlassian.com/cloud/jira/platform/modules/webhook/
func ProjectEvents() []string {
	return []string{
		"project_created", "project_updated", "project_deleted", "project_soft_deleted", "project_restored_deleted", "project_archived", "project_restored_archived",
	}
}

// synchronizes adds what the engine needs to make issues of rows and to find them again: leave to write, the index of the property
// that ties an issue to its row, and the events on which synchronizations may run. It is asked for only where a plugin provides a synchronizer.
func (d *descriptor) synchronizes() {
	if d.synchronizing {
		return
	}
	d.synchronizing = true
	if !slices.Contains(d.Scopes, "WRITE") {
		d.Scopes = append(d.Scopes, "WRITE")
	}
	keys := keyConfiguration{PropertyKey: identity.Property}
	for _, path := range identity.Indexed() {
		keys.Extractions = append(keys.Extractions, extraction{ObjectName: path, Type: "string"})
	}
	for _, name := range ProjectEvents() {
		d.Modules.Webhooks = append(d.Modules.Webhooks, webhook{name, EventPath + name})
	}
	d.Modules.EntityProperties = append(d.Modules.EntityProperties, entityProperty{syncKey, text{"Synchronization"}, "issue", []keyConfiguration{keys}})
}
