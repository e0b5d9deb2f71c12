package connect

import (
	"github.com/pergola-platform/pergola/host/surface"
)

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

// index has a property indexed: https://developer.atlassian.com/cloud/jira/platform/modules/entity-property/
func (d *descriptor) index(p surface.Property) {
	keys := keyConfiguration{PropertyKey: p.Property}
	for _, v := range p.Values {
		keys.Extractions = append(keys.Extractions, extraction{v.Path, v.Type, v.Alias})
	}
	d.Modules.EntityProperties = append(d.Modules.EntityProperties, entityProperty{p.Key, text{p.Title}, "issue", []keyConfiguration{keys}})
}
