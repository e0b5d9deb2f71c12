package process_test

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/process"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/view"
)

func plugin() *sdk.Plugin {
	return &sdk.Plugin{
		ID: "example.hello", Version: "0.1.0",
		Views: map[string]sdk.View{"panel": sdk.ViewFunc(func(context.Context, *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: "Hello"}, nil
		})},
	}
}

// A main.go for both: what init does counts in a Wasm build, what main does in any other.
func ExampleServe() {
	// func init()
	serve.Plugin(plugin())

	// func main()
	process.Serve(plugin())
}
