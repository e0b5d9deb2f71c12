// Package surfacetest has the plugins from which the golden files of both surfaces are made.
package surfacetest

import (
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk/event"
)

// Plugins are two plugins with a place of each kind.
func Plugins() []*manifest.Manifest {
	return []*manifest.Manifest{
		{
			ID: "pergola.qrcode", Name: "QR codes", Version: "0.1.0",
			Permissions: []manifest.Permission{{Name: manifest.JiraRead}, {Name: manifest.Store}},
			Modules: []manifest.Module{
				{Type: manifest.IssuePanel, Key: "panel", Name: "QR code", View: "panel", Contexts: manifest.Contexts{Projects: "projects"}},
				{Type: manifest.GeneralPage, Key: "labels", Name: "QR labels", View: "labels"},
				{Type: manifest.GeneralPage, Key: "open", Name: "Open a code", View: "open", Link: "q", Hidden: true},
			},
		},
		{
			ID: "acme.notes", Name: "Notes", Version: "1.0.0",
			Modules: []manifest.Module{
				{Type: manifest.IssuePanel, Key: "panel", Name: "Notes", View: "panel"},
				{Type: manifest.AdminPage, Key: "manage", Name: "Manage notes", View: "manage"},
			},
			Functions: []manifest.Function{{
				Key: "noted", Name: "withNotes", Arguments: []manifest.Argument{{Name: "word", Required: true}, {Name: "since"}},
				Operators: []string{manifest.OperatorIn, manifest.OperatorNotIn}, Types: []string{manifest.TypeIssue},
			}},
		},
	}
}

// All are Plugins, and one that writes, hears of every event, has a property indexed, synchronizes and shows on the customer portal.
func All() []*manifest.Manifest {
	m := &manifest.Manifest{
		ID: "acme.stock", Name: "Stock", Version: "1.0.0",
		Permissions: []manifest.Permission{{Name: manifest.JiraRead}, {Name: manifest.JiraWrite}},
		Provides:    []manifest.Provided{{Capability: manifest.SyncV1, Name: "rows", Title: "Rows"}},
		Properties: []manifest.Property{{Key: "count", Title: "Stock", Extractions: []manifest.Extraction{
			{Path: "total", Type: "number", Alias: "inStock"}, {Path: "place.name", Type: "string"},
		}}},
	}
	m.Modules = []manifest.Module{{Type: manifest.PortalPanel, Key: "portal", Name: "Stock", View: "portal"}}
	for _, kind := range event.Kinds() {
		m.Events = append(m.Events, manifest.Event{Event: kind, Handler: "heard", Reason: "To keep count."})
	}
	return append(Plugins(), m)
}
