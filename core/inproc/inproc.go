// Package inproc runs plugins as plain Go code inside the host: built-in plugins, and tests that want no Wasm. It gives the
// same answers as core/wasm to plugins that behave.
//
// It is not for code that has to be kept apart from the host. A plugin here shares its process, so the driver cannot stop
// code that ignores its context, cannot cap memory, cannot survive an endless recursion or os.Exit, and has one set of
// variables for all tenants.
package inproc

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Driver runs the plugins that it was made with. It is safe for concurrent use; make one with [New].
type Driver struct {
	log     *slog.Logger
	plugins map[string]*sdk.Plugin

	mu      sync.Mutex
	modules []*module
}

var _ driver.Driver = (*Driver)(nil)

// New returns a driver for plugins. The log receives the stacks of panics; nil means slog.Default().
func New(log *slog.Logger, plugins ...*sdk.Plugin) *Driver {
	if log == nil {
		log = slog.Default()
	}
	d := &Driver{log: log, plugins: map[string]*sdk.Plugin{}}
	for _, p := range plugins {
		d.plugins[p.ID] = p
	}
	return d
}

// Load implements driver.Driver. The code is the id of one of the driver's plugins; of the limits those of memory and fuel have
// no effect.
func (d *Driver) Load(_ context.Context, code []byte, limits driver.Limits) (driver.Module, error) {
	p, found := d.plugins[string(code)]
	if !found {
		return nil, fmt.Errorf("load plugin %q: it is not built into this program", code)
	}
	m := &module{plugin: p, log: d.log, gate: driver.NewGate(limits)}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.modules = append(d.modules, m)
	return m, nil
}

// Close implements driver.Driver.
func (d *Driver) Close(ctx context.Context) error {
	d.mu.Lock()
	modules := slices.Clone(d.modules)
	d.mu.Unlock()
	var first error
	for _, m := range modules {
		if err := m.Close(ctx); err != nil && first == nil {
			first = err
		}
	}
	return first
}

type module struct {
	plugin *sdk.Plugin
	log    *slog.Logger
	gate   *driver.Gate
}

var _ driver.Module = (*module)(nil)

// Call implements driver.Module.
func (m *module) Call(ctx context.Context, c driver.Call) (result driver.Result, err error) {
	if len(c.Message) > wire.MaxMessage {
		return driver.Result{}, driver.TooLong(len(c.Message))
	}
	turn, err := m.gate.Enter(ctx, c)
	if err != nil {
		return driver.Result{}, err
	}
	defer turn.Leave()
	ctx = turn.Context()
	defer func() {
		if v := recover(); v != nil {
			m.log.LogAttrs(ctx, slog.LevelError, "plugin panicked", slog.String("plugin", m.plugin.ID),
				slog.String("panic", driver.Panic(v)), slog.String("stack", string(debug.Stack())))
			result, err = driver.Result{}, driver.Defect("it panicked")
		}
	}()
	host := hostcall.HostFunc(func(ctx context.Context, call []byte) []byte { return driver.Ask(ctx, c.Host, call, m.log) })
	// The message is copied because a handler may keep what it decodes, and the caller may use the bytes again.
	answer := serve.Dispatch(hostcall.With(ctx, host), m.plugin, slices.Clone(c.Message))
	if stopped := turn.Stopped(); stopped != nil {
		return driver.Result{}, stopped
	}
	if len(answer) > wire.MaxMessage {
		return driver.Result{}, driver.AnswerTooLong(len(answer))
	}
	return driver.Result{Message: answer}, nil
}

// Facts implements driver.Module.
func (m *module) Facts() driver.Facts {
	return driver.Facts{Memory: driver.SharedMemory, Metering: driver.NoMetering}
}

// Close implements driver.Module.
func (m *module) Close(ctx context.Context) error { return m.gate.Close(ctx) }
