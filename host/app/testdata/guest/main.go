// Guest is a plugin that does what it is told, for tests of a host that runs: its page says which release it is, breaks off,
// or never ends. It refuses to hear of what is deleted.
package main

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/view"
)

var plugin = &sdk.Plugin{
	ID: "test.guest", Version: "1.0.0", Views: map[string]sdk.View{"page": sdk.ViewFunc(page)}, Events: map[string]sdk.EventHandler{"deleted": event.Handler(deleted)},
}

func init() { serve.Plugin(plugin) }

func page(_ context.Context, r *sdk.Request) (*view.Page, error) {
	switch r.Params["code"] {
	case "panic":
		panic("as asked")
	case "spin":
		for n := 0; ; n++ {
			_ = n
		}
	}
	return &view.Page{Title: "Guest", Blocks: []view.Block{view.P("release one")}}, nil
}

func deleted(context.Context, *event.Event) error {
	return &sdk.Error{Code: sdk.Invalid, Message: "not of this"}
}

func main() {}
