package wasm_test

import (
	"context"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestSynchronizersOfTheExamplesConformAsModules(t *testing.T) {
	table := sync.Config{Settings: settings.Values{Strings: map[string]string{"table": "serial,model\nA-7,ThinkPad\nB-1,MacBook\nC-3,\n"}}}
	for folder, of := range map[string]struct {
		name       string
		connection sdktest.Connection
	}{
		"examples/sync-memory": {"planets", sdktest.Connection{}},
		"examples/sync-csv":    {"csv", sdktest.Connection{Config: table, Broken: map[string]sync.Config{"nothing": {}}}},
	} {
		t.Run(folder, func(t *testing.T) {
			d := open(t)
			m, err := d.Load(t.Context(), drivertest.Build(t, folder), driver.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = m.Close(context.Background()); _ = d.Close(context.Background()) })
			source := sdktest.Remote(of.name, func(ctx context.Context, call []byte) ([]byte, error) {
				result, err := m.Call(ctx, driver.Call{Message: call, Tenant: "tenant", Class: driver.Step})
				return result.Message, err
			})
			sdktest.ConformSource(t, source, of.connection)
		})
	}
}
