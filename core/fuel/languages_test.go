package fuel_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/fuel"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// compilers are guests of different compilers, each with habits of its own: what it puts into globals, how it calls through
// tables, which bulk and vector instructions it uses.
var compilers = map[string]func(t *testing.T) []byte{
	"Go":             func(t *testing.T) []byte { return drivertest.Guest(t) },
	"C":              func(t *testing.T) []byte { return drivertest.Build(t, "core/drivertest/guests/c") },
	"AssemblyScript": func(t *testing.T) []byte { return drivertest.Build(t, "core/drivertest/guests/as") },
	"Rust":           func(t *testing.T) []byte { return drivertest.Build(t, "core/drivertest/guests/rust") },
	"Zig": func(t *testing.T) []byte { // built once; its source says with what
		code, err := os.ReadFile("../drivertest/guests/zig/guest.wasm")
		if err != nil {
			t.Fatal(err)
		}
		return code
	},
}

func TestGuestsOfEveryCompilerComputeAsBefore(t *testing.T) {
	messages := [][]byte{
		drivertest.Message(t, wire.OpDescribe, nil),
		echo(t),
		drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Fail, Params: map[string]string{"code": "exists", "text": "choose another name"}}),
		drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Allocate, Params: map[string]string{"mib": "3"}}),
		drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Remember, Params: map[string]string{"text": "something"}}),
		drivertest.Message(t, wire.OpAction, &sdk.Request{Name: fixture.Echo, Params: map[string]string{"text": "Grüße, 世界"}}),
		drivertest.Message(t, wire.OpFile, &sdk.Request{Name: fixture.Bytes, State: bytes.Repeat([]byte("0123456789abcdef"), 1<<8)}),
		[]byte("GET / HTTP/1.1"),
	}
	for name, guest := range compilers {
		t.Run(name, func(t *testing.T) {
			code := guest(t)
			out, info, err := fuel.Rewrite(code, fuel.Config{})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d functions, %d charges, %d bulk, %d → %d bytes (%+.1f %%), %d globals", info.Functions, info.Charges, info.Bulk,
				info.BytesIn, info.BytesOut, 100*float64(info.BytesOut)/float64(info.BytesIn)-100, len(info.Globals))
			c := wazero.NewRuntimeConfig()
			if testing.Short() { // native code takes its time under the race detector
				c = wazero.NewRuntimeConfigInterpreter()
			}
			plain, metered, again := openPlugin(t, code, c), openPlugin(t, out, c), openPlugin(t, out, c)
			answers := map[string]bool{}
			for round := range 3 {
				for i, message := range messages {
					want, got := plain.send(t.Context(), t, message), metered.send(t.Context(), t, message)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("round %d, message %d, -plain +metered:\n%s", round, i, diff)
					}
					again.send(t.Context(), t, message)
					answers[string(want)] = true
				}
			}
			if len(answers) < len(messages) {
				t.Errorf("only %d different answers to %d messages: the guest computes nothing", len(answers), len(messages))
			}
			if !bytes.Equal(memoryOf(plain.mod), memoryOf(metered.mod)) {
				t.Error("the memory differs from that of the original")
			}
			if a, b := metered.meter.paid(metered.mod), again.meter.paid(again.mod); a != b || a <= 0 {
				t.Errorf("the same calls paid %d and %d", a, b)
			}
		})
	}
}
