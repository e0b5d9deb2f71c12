package wasm_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/wasm"
)

func open(t testing.TB) driver.Driver {
	t.Helper()
	return newDriver(t, wasm.Config{CacheDir: cacheDir})
}

func newDriver(t testing.TB, c wasm.Config) *wasm.Driver {
	t.Helper()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	d, err := wasm.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Errorf("close the driver: %v", err)
		}
	})
	return d
}

func TestDriverPassesTheSuite(t *testing.T) {
	drivertest.Run(t, drivertest.Subject{Open: open, Code: drivertest.Guest(t)})
}
