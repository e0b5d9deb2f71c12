// Package main is the plugin of advanced links: relations between issues with two ends, each with a label, a place where it shows and
// a number of links that it takes. Start with [newPlugin], which lists every view, action and suggester.
//
//	relation.go  what an admin wrote, and the end of it that an issue is at    guard.go  what a form alone cannot judge
//	links.go     links that the plugin keeps itself: read, added, removed      native.go those that are Jira's own
//	panel.go     the issue panel            add.go  what a user does there      suggest.go what can be linked
//	create.go    a new issue, linked        stale.go what a change leaves that no rule allows any more
//	elsewhere.go what the issue view draws
//	recent.go    what a user linked lately
//	edit.go      all sides in one form
//	portal.go    what customers see on their requests    attach.go  what they link there
//	history.go   who linked and removed what and when, and the way back
//	graph.go     what is linked to that, drawn
//	judge.go     what can be linked, as the rules of other plugins have it    serve.go  what other plugins ask
//	index.go     what JQL finds links by    work.go the jobs that write and check it    manage.go the page for admins
//	left.go      what is left on issues without links
//	bulk.go    many links at once, for jobs of other plugins     bulk_write.go what is written then
//	function.go  what users write in JQL
//	background.go links for other plugins where nobody looks on
//	events.go    what happens to links of issues that are deleted
//	rest.go      what programs ask          rest_many.go of many issues at once
package main

import (
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

// plugin holds what the handlers need from outside.
type plugin struct {
	now func() time.Time
}

func newPlugin(now func() time.Time) *sdk.Plugin {
	p := &plugin{now: now}
	out := &sdk.Plugin{
		ID: "pergola.links", Version: "0.1.0",
		Views: map[string]sdk.View{"panel": sdk.ViewFunc(p.panel), "graph": sdk.ViewFunc(p.graph), "edit": sdk.ViewFunc(p.edit), "history": sdk.ViewFunc(p.history), "manage": sdk.ViewFunc(p.manage), portalView: sdk.ViewFunc(p.portal)},
		Actions: map[string]sdk.Action{
			"add":    sdk.ActionFunc(p.add),
			"create": sdk.ActionFunc(p.create),
			"relink": sdk.ActionFunc(p.relink),
			"remove": sdk.ActionFunc(p.remove),
			"save":   sdk.ActionFunc(p.save),
			"index":  sdk.ActionFunc(p.startIndex),

			portalAction: sdk.ActionFunc(p.attach),
		},
		Suggesters: map[string]sdk.Suggester{"issues": sdk.SuggesterFunc(p.issues), portalPicker: sdk.SuggesterFunc(p.attachable)},
		Guards:     map[string]sdk.Guard{"relation": config.Guard(p.guard)},
		Services:   map[string]sdk.Service{"links": p.service()},
		Events:     map[string]sdk.EventHandler{"deleted": event.Handler(p.deleted)},
		Jobs:       map[string]sdk.JobHandler{refreshJob: job.Handler(p.refresh), indexJob: job.Handler(p.index), leftJob: job.Handler(p.leftovers)},
		Functions: map[string]sdk.Function{
			"linked": jqlfunc.Handler(p.linkedTo), "with": jqlfunc.Handler(p.linkedAtAll), "without": jqlfunc.Handler(p.notLinkedAtAll),
		},
		Routes: p.routes(),
	}
	keepApart(out)
	return out
}
