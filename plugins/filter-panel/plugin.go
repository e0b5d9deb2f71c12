// Package main is the plugin of filter panels: issues beside an issue that a query of an admin's finds. Start with [newPlugin].
//
//	config.go  what an admin wrote, and what a form alone cannot judge     query.go    the query for an issue and a user
//	panel.go   the issue panel                                             preview.go  a panel for a chosen issue, for admins
package main

import (
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
)

func newPlugin() *sdk.Plugin {
	return &sdk.Plugin{
		ID: "pergola.filterpanel", Version: "0.1.0",
		Views:      map[string]sdk.View{"panel": sdk.ViewFunc(related), "preview": sdk.ViewFunc(previewPage)},
		Actions:    map[string]sdk.Action{"preview": sdk.ActionFunc(previewForm)},
		Suggesters: map[string]sdk.Suggester{"issues": sdk.SuggesterFunc(suggest)},
		Guards:     map[string]sdk.Guard{panelType: config.Guard(guard)},
	}
}
