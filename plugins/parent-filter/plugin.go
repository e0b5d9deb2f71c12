// Package main is the plugin of the parent filter: what is linked at one side of an issue bounds what can be linked at another, such as
// contacts to those of the customer. Advanced links asks it as the service pergola.parentfilter/v1. Start with [newPlugin].
//
//	filter.go  what an admin wrote    scope.go  what it leaves    guard.go  what a form alone cannot judge
package main

import (
	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/service"
)

func newPlugin() *sdk.Plugin {
	return &sdk.Plugin{
		ID: "pergola.parentfilter", Version: "0.1.0",
		Guards:   map[string]sdk.Guard{"filter": config.Guard(guard)},
		Services: map[string]sdk.Service{"filter": service.Mux{relations.OpScope: service.Handle(scope)}},
	}
}
