// Package main is the plugin of issue views: how linked issues look in the panel of advanced links, as an admin writes it for one end of a
// relation. It has no page of its own; advanced links asks it for the blocks. Start with [newPlugin].
//
//	look.go  what an admin wrote, and what a form alone cannot judge     read.go   the issues of all parts at once
//	draw.go  the parts of a panel                                        graph.go  those that are drawn as graphs
//	fill.go  what a field of a new issue names, linked
package main

import (
	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/service"
)

func newPlugin() *sdk.Plugin {
	return &sdk.Plugin{
		ID: "pergola.issueview", Version: "0.1.0",
		Services: map[string]sdk.Service{"view": service.Mux{relations.OpDraw: service.Handle(draw)}},
		Guards:   map[string]sdk.Guard{viewType: config.Guard(guard)},
		Events:   map[string]sdk.EventHandler{"filled": event.Handler(filled)},
	}
}
