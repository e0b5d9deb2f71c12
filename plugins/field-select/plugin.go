// Package main is the plugin of field select: what users see of issues while they pick some to link, as an admin writes it for one end of a
// relation. It has no page of its own; advanced links asks it for the look of the choices. Start with [newPlugin].
//
//	picker.go  what an admin wrote, and the answer to whoever asks    guard.go  what a form alone cannot judge
package main

import (
	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/service"
)

func newPlugin() *sdk.Plugin {
	return &sdk.Plugin{
		ID: "pergola.fieldselect", Version: "0.1.0",
		Services: map[string]sdk.Service{"select": service.Mux{relations.OpLook: service.Handle(look)}},
		Guards:   map[string]sdk.Guard{pickerType: config.Guard(guard)},
	}
}
