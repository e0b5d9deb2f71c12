// Package main is the QR code plugin: a code on every issue, short links that lead a scanner to the issue, and sheets of
// labels to print. It is for printing and resolving codes, not for reading them: a phone's camera does that.
//
// Start with [newPlugin], which lists every view, action and file. A code's way through the package:
//
//	options.go  what the admin chose        content.go  what the code says
//	token.go    the form of a code's id     codes.go    which code belongs to which issue
//	symbol.go   text to modules             path.go, png.go, svg.go, pdf.go   modules to a drawing
//	panel.go    the issue panel             download.go its PNG and SVG
//	open.go     the page behind a short link
//	form.go     what the user asks for      geometry.go, fit.go   where things stand on a sheet of labels
//	job.go      a sheet in the making       labels.go, collect.go, ready.go   its steps, preview.go its picture
//	rest.go     the same for programs
package main

import (
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/rest"
)

// plugin holds what the handlers need from outside.
type plugin struct {
	now func() time.Time
}

func newPlugin(now func() time.Time) *sdk.Plugin {
	p := &plugin{now: now}
	return &sdk.Plugin{
		ID: "pergola.qrcode", Version: "0.1.0",
		Views: map[string]sdk.View{
			"panel":  sdk.ViewFunc(p.panel),
			"labels": sdk.ViewFunc(p.labels),
			"open":   sdk.ViewFunc(p.open),
		},
		Actions: map[string]sdk.Action{
			"create": sdk.ActionFunc(p.create),
			"revoke": sdk.ActionFunc(p.revoke),
			"start":  sdk.ActionFunc(p.start),
			"step":   sdk.ActionFunc(p.step),
			"cancel": sdk.ActionFunc(p.labels),
		},
		Files: map[string]sdk.File{
			"png":   sdk.FileFunc(p.png),
			"svg":   sdk.FileFunc(p.svg),
			"sheet": sdk.FileFunc(p.sheet),
		},
		Routes: map[string]sdk.Route{"print": rest.Handler(p.printRoute)},
	}
}
