//go:build !linux

package process

import (
	"context"
	"errors"
	"runtime"

	"github.com/pergola-platform/pergola/core/driver"
)

// Driver runs executables, on Linux.
type Driver struct{}

var _ driver.Driver = (*Driver)(nil)

var errSystem = errors.New("process plugins need Linux, and this host runs on " + runtime.GOOS + "; a Wasm build of the plugin runs here")

// New returns an error: this system is not Linux.
func New(Config) (*Driver, error) { return nil, errSystem }

// Load implements driver.Driver.
func (*Driver) Load(context.Context, []byte, driver.Limits) (driver.Module, error) {
	return nil, errSystem
}

// Stats returns the driver's counts.
func (*Driver) Stats() Stats { return Stats{} }

// Close implements driver.Driver.
func (*Driver) Close(context.Context) error { return nil }
