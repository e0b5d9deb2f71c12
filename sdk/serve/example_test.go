package serve_test

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/view"
)

func hello(context.Context, *sdk.Request) (*view.Page, error) {
	return &view.Page{Title: "Hello", Blocks: []view.Block{view.P("Hello!")}}, nil
}

// Call it in an init function of package main: a Wasm module never runs main.
func ExamplePlugin() {
	serve.Plugin(&sdk.Plugin{
		ID: "example.hello", Version: "0.1.0",
		Views: map[string]sdk.View{"panel": sdk.ViewFunc(hello)},
	})
	// Output:
}
