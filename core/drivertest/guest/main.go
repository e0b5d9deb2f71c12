// Command guest is the plugin of drivertest/fixture, as a Wasm module or as a process, whichever it is built for;
// drivertest.Guest and drivertest.Program build it.
package main

import (
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk/process"
	"github.com/pergola-platform/pergola/sdk/serve"
)

func init() { serve.Plugin(fixture.New()) }

func main() { process.Serve(fixture.New()) }
