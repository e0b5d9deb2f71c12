//go:build !wasip1

package serve

import "github.com/pergola-platform/pergola/sdk"

// Plugin registers p as what this program serves. Call it once, in init. In a native build there is nobody to serve:
// tests and built-in plugins hand their *sdk.Plugin to sdk/sdktest or to the host directly, and main hands it to sdk/process
// where the plugin is a process of its own.
//
// Since: v0.1
func Plugin(p *sdk.Plugin) { _ = p }
