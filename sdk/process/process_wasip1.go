//go:build wasip1

package process

import "github.com/pergola-platform/pergola/sdk"

// Serve serves p to the host that started this program, until the host ends it. In a Wasm build it does nothing: there
// serve.Plugin registers the plugin, and main never runs.
//
// Since: v0.1
func Serve(*sdk.Plugin) {}
