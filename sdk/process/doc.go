// Package process serves a plugin as a child process of its host, for what a Wasm module cannot do: native database drivers,
// heavy computing. Start with [Serve], which is all that goes into main:
//
//	package main
//
//	import (
//		"context"
//
//		"github.com/pergola-platform/pergola/sdk"
//		"github.com/pergola-platform/pergola/sdk/process"
//		"github.com/pergola-platform/pergola/sdk/serve"
//		"github.com/pergola-platform/pergola/sdk/view"
//	)
//
//	func plugin() *sdk.Plugin {
//		return &sdk.Plugin{ID: "acme.hello", Version: "0.1.0", Views: map[string]sdk.View{"panel": sdk.ViewFunc(hello)}}
//	}
//
//	func hello(context.Context, *sdk.Request) (*view.Page, error) {
//		return &view.Page{Title: "Hello"}, nil
//	}
//
//	func init() { serve.Plugin(plugin()) }
//
//	func main() { process.Serve(plugin()) }
//
// The same package is a Wasm module when it is built with GOOS=wasip1 GOARCH=wasm -buildmode=c-shared: there Serve does
// nothing and links nothing. A plugin that is only ever a process leaves out the init function.
//
// # What is different in a process
//
// One process serves all calls of all tenants, many at a time. So handlers run concurrently, what a handler keeps in a
// variable is seen by the calls of every tenant, and a crash ends all calls that run: only a panic of the handler's own
// goroutine is caught. A handler that goes on after its context has ended is ended with the whole process.
//
// The environment is empty, the working directory takes no files, and memory has a bound. Most plugins should be Wasm
// modules: those need nobody's approval, while a process runs only where the host's operator has approved the very executable.
package process
