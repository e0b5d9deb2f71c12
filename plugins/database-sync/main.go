//go:build !wasip1

// Database-sync reads tables, views and queries of databases so that their rows become issues. It is a process: database drivers need
// sockets.
package main

import "github.com/pergola-platform/pergola/sdk/process"

func main() { process.Serve(plugin()) }
