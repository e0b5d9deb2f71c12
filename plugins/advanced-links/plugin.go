// Package main is the plugin of advanced links: relations between issues with two ends, each with a label, a place where it shows and
// a number of links that it takes. Start with [newPlugin], which lists every view, action and suggester.
//
//	relation.go  what an admin wrote, and the end of it that an issue is at    guard.go  what a form alone cannot judge
//	links.go     links that the plugin keeps itself: read, added, removed      native.go those that are Jira's own
//	panel.go     the issue panel            add.go  what a user does there      suggest.go what can be linked
//	create.go    a new issue, linked        stale.go what a change leaves that no rule allows any more
//	elsewhere.go what the issue view draws
//	graph.go     what is linked to that, drawn
//	judge.go     what can be linked, as the rules of other plugins have it    serve.go  what other plugins ask
//	events.go    what happens to links of issues that are deleted
package main

import (
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/event"
)

// plugin holds what the handlers need from outside.
type plugin struct {
	now func() time.Time
}

func newPlugin(now func() time.Time) *sdk.Plugin {
	p := &plugin{now: now}
	return &sdk.Plugin{
		ID: "pergola.links", Version: "0.1.0",
		Views: map[string]sdk.View{"panel": sdk.ViewFunc(p.panel), "graph": sdk.ViewFunc(p.graph)},
		Actions: map[string]sdk.Action{
			"add":    sdk.ActionFunc(p.add),
			"create": sdk.ActionFunc(p.create),
			"remove": sdk.ActionFunc(p.remove),
		},
		Suggesters: map[string]sdk.Suggester{"issues": sdk.SuggesterFunc(p.issues)},
		Guards:     map[string]sdk.Guard{"relation": config.Guard(p.guard)},
		Services:   map[string]sdk.Service{"links": p.service()},
		Events:     map[string]sdk.EventHandler{"deleted": event.Handler(p.deleted)},
	}
}
