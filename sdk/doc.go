// Package sdk is the contract between a plugin and the host: a [Plugin] with its views, actions, files and suggesters, the [Request]
// they get, and the one [Error] type.
//
// A plugin is three files: main.go, plugin.json and a test. main.go registers the plugin in init, because a Go program
// built as a Wasm module never runs main:
//
//	package main
//
//	import (
//		"context"
//
//		"github.com/pergola-platform/pergola/sdk"
//		"github.com/pergola-platform/pergola/sdk/serve"
//		"github.com/pergola-platform/pergola/sdk/view"
//	)
//
//	func init() {
//		serve.Plugin(&sdk.Plugin{
//			ID: "example.hello", Version: "0.1.0",
//			Views: map[string]sdk.View{"panel": sdk.ViewFunc(panel)},
//		})
//	}
//
//	func panel(ctx context.Context, r *sdk.Request) (*view.Page, error) {
//		return &view.Page{Title: "Hello", Blocks: []view.Block{view.P("Hello, issue " + r.Context.IssueID)}}, nil
//	}
//
//	func main() {}
//
// Build it with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags="-s -w" -o plugin.wasm .
//
// What the host can do for a plugin stands in the packages sdk/jira, sdk/store, sdk/settings and sdk/log; the first two
// need a permission in plugin.json. A plugin that reads an outside source for the host is made with sdk/sync, and what users write in Jira's search is answered with sdk/jqlfunc. sdk/sdktest
// runs a plugin in a plain Go test. examples/hello is a whole one.
package sdk
