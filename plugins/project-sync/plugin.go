// Project-sync makes a source of the site's own projects: each is a row, of which the host makes an issue, so that a portfolio has
// boards, filters and reports. It only reads.
//
//	settings.go  what an admin chooses of the projects
//	check.go     what is wrong with that, in words for the admin
//	stream.go    the columns of a row
//	where.go     conditions of a read
//	list.go      all projects that a connection covers
//	read.go      a page of rows
//
// # Order and position
//
// Jira lists projects by position in an order that can change: by key, say, which an admin can change in the middle of a
// run. A project that slips past a position would be missing, and the host would take its issue for one whose row is gone. So
// a page of rows is never a page of Jira's. Rows are in the order of their ids, which never change; the cursor is the last id;
// and each read lists all projects first, in one answer up to 100 of them, and beyond that in answers that overlap, so that it
// sees when something moved, and begins again.
package main

import (
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

var plugin = &sdk.Plugin{
	ID:      "pergola.projects",
	Version: "0.1.0",
	Synchronizers: map[string]sdk.Synchronizer{
		"projects": &sync.Source{Check: sync.CheckFunc(check), Discover: sync.DiscoverFunc(discover), Read: sync.ReadFunc(read), Filters: true},
	},
}
