package core_test

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// An engine with one built-in plugin, called for a tenant. With Wasm the driver is one of core/wasm under the name "wasm",
// and manifest and code come from core/registry.
func Example() {
	ctx := context.Background()
	hello := &sdk.Plugin{
		ID: "example.hello", Version: "0.1.0",
		Views: map[string]sdk.View{"panel": sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: "Hello, issue " + r.Context.IssueID}, nil
		})},
	}
	engine, err := core.New(core.Config{Drivers: map[string]driver.Driver{"inproc": inproc.New(nil, hello)}})
	if err != nil {
		panic(err)
	}
	defer func() { _ = engine.Close(ctx) }()

	m := &manifest.Manifest{
		ID: "example.hello", Version: "0.1.0",
		Compat: manifest.Compat{ABI: wire.ABI}, Runtime: manifest.Runtime{Kind: "inproc"},
		Modules: []manifest.Module{{Type: "issuePanel", Key: "panel", Name: "Hello", View: "panel"}},
	}
	if err := engine.Add(ctx, m, []byte("example.hello")); err != nil {
		panic(err)
	}
	page, err := engine.View(ctx, capability.Binding{
		Tenant: "acme", Plugin: "example.hello", Context: sdk.Context{IssueID: "10007"},
	}, &sdk.Request{Name: "panel"})
	if err != nil {
		panic(err)
	}
	fmt.Println(page.Title)
	// Output: Hello, issue 10007
}
