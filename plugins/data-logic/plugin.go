// Package main is the plugin of data logic: what can be linked at a side of a relation, by rules that admins write. Advanced links asks it
// as the service pergola.datalogic/v1, and so can others. Start with [newPlugin].
//
//	rule.go    what an admin wrote, and the query that comes of it    guard.go  what a form alone cannot judge
//	find.go    what can be linked, and what can be created            judge.go  whether it can be, and whether it still could
//	sweep.go   the jobs that go through all links of a rule           page.go   the page for admins that begins them
//	path.go    paths over several relations                           trouble.go what users and admins read of a rule that does not work
package main

import (
	"time"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/service"
)

// plugin holds what the page needs from outside.
type plugin struct {
	now func() time.Time
}

func newPlugin(now func() time.Time) *sdk.Plugin {
	p := &plugin{now: now}
	return &sdk.Plugin{
		ID: "pergola.datalogic", Version: "0.1.0",
		Guards: map[string]sdk.Guard{"rule": config.Guard(guardRule), "path": config.Guard(guardPath)},
		Views:  map[string]sdk.View{"rules": sdk.ViewFunc(p.page), "undo": sdk.ViewFunc(p.undoPage)},
		Actions: map[string]sdk.Action{
			"survey": sdk.ActionFunc(p.startSurvey), "sweep": sdk.ActionFunc(p.startSweep), "restore": sdk.ActionFunc(p.startRestore),
		},
		Jobs: map[string]sdk.JobHandler{surveyJob: job.Handler(p.survey), sweepJob: job.Handler(p.sweep), restoreJob: job.Handler(p.restore)},
		Services: map[string]sdk.Service{"logic": service.Mux{
			relations.OpFind:    service.Handle(find),
			relations.OpJudge:   service.Handle(judge),
			relations.OpStale:   service.Handle(stale),
			relations.OpPresets: service.Handle(presets),
			relations.OpFollow:  service.Handle(follow),
		}},
	}
}
