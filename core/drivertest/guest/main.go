// Command guest is the plugin of drivertest/fixture as a Wasm module; drivertest.Guest builds it.
package main

import (
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk/serve"
)

func init() { serve.Plugin(fixture.New()) }

func main() {}
