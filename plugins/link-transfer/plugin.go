// Package main is the plugin that moves links in bulk: links of Jira's own to a relation, links into a file and out of one, and all of it back.
// It keeps no links itself: it asks advanced links by the service pergola.links/v1. Start with [newPlugin].
//
//	migration.go what an admin wrote, and what a form alone cannot judge    walk.go  through the issues of a migration, a few with each step
//	migrate.go   a step of a migration, and what it would do                native.go links of Jira's own that a run removed
//	undo.go      a run is taken back                                        undo_page.go the runs that can be
//	table.go     a file as text                                             export.go links as a file
//	resolve.go   ids of what a file names                                   import.go links of a file
//	intake.go    a large file, a few lines with each call                   pack.go   what travels through the browser meanwhile
//	plan.go      what a dry run said so far                                 page.go   the page for admins
//	words.go     what becomes of a link, in words
package main

import (
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/job"
)

// plugin holds what the handlers need from outside.
type plugin struct {
	now func() time.Time
}

func newPlugin(now func() time.Time) *sdk.Plugin {
	p := &plugin{now: now}
	return &sdk.Plugin{
		ID: "pergola.linktransfer", Version: "0.1.0",
		Views: map[string]sdk.View{"transfer": sdk.ViewFunc(p.page), "undo": sdk.ViewFunc(p.undoPage)},
		Actions: map[string]sdk.Action{
			"preview": sdk.ActionFunc(p.preview),
			"check":   sdk.ActionFunc(p.startCheck),
			"migrate": sdk.ActionFunc(p.startMigration),
			"undo":    sdk.ActionFunc(p.startUndo),
			"home":    sdk.ActionFunc(p.page),
			"export":  sdk.ActionFunc(p.startExport),
			"gather":  sdk.ActionFunc(p.goOnExport),
			"read":    sdk.ActionFunc(p.read),
			"look":    sdk.ActionFunc(p.goOnReading),
			"import":  sdk.ActionFunc(p.startImport),
		},
		Files:  map[string]sdk.File{"links": sdk.FileFunc(p.export)},
		Guards: map[string]sdk.Guard{migrationType: config.Guard(guard)},
		Jobs: map[string]sdk.JobHandler{
			checkJob: job.Handler(p.checkStep), migrateJob: job.Handler(p.migrateStep), importJob: job.Handler(p.importStep), undoJob: job.Handler(p.undoStep),
		},
	}
}

// The jobs of plugin.json.
const (
	checkJob   = "check"
	migrateJob = "migrate"
	importJob  = "import"
	undoJob    = "undo"
)

func invalid(message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: message}
}

// absent is what follows from advanced links not being there.
func absent() error {
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "Advanced links are switched off, or may not be used here. A Jira admin can change that on the Pergola page."}
}
