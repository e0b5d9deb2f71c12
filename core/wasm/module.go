package wasm

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// module is loaded code with the instances that run it. There are never more instances than calls may run at once. An
// idle instance belongs to the isolation key that used it first; a call takes an idle one of its own key, else one that
// nobody has used, else it makes one, and where the bound is reached the one that was idle longest makes way.
type module struct {
	driver *Driver
	code   *compiled
	limits driver.Limits
	log    *slog.Logger
	gate   *driver.Gate

	mu     sync.Mutex
	idle   []*instance // the longest idle one first
	busy   int
	closed bool
}

var _ driver.Module = (*module)(nil)

// Call implements driver.Module.
func (m *module) Call(ctx context.Context, c driver.Call) ([]byte, error) {
	if len(c.Message) > wire.MaxMessage {
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: fmt.Sprintf(
			"the request is %d bytes long, at most %d are allowed; send less at a time", len(c.Message), wire.MaxMessage)}
	}
	ctx, leave, err := m.gate.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	in, err := m.checkout(ctx, c.Isolation)
	if err != nil {
		return nil, err
	}
	result, err := in.run(ctx, c)
	if stopped := driver.Stopped(ctx); stopped != nil { // an answer that comes too late is none, whatever the driver
		result, err = nil, stopped
	}
	m.checkin(ctx, in, err == nil && c.Isolation != "")
	return result, err
}

func (m *module) checkout(ctx context.Context, key string) (*instance, error) {
	m.mu.Lock()
	m.busy++
	in, evicted := m.pick(key)
	m.mu.Unlock()
	if evicted != nil {
		evicted.close(ctx)
	}
	if in == nil {
		var err error
		if in, err = m.driver.instantiate(ctx, m.code, m.limits, m.log); err != nil {
			m.mu.Lock()
			m.busy--
			m.mu.Unlock()
			return nil, err
		}
	}
	in.owner = key
	return in, nil
}

// pick takes an idle instance that key may use, or else says which one has to go, if any, so that a new one can be made.
func (m *module) pick(key string) (in, evicted *instance) {
	take := func(i int) *instance {
		in := m.idle[i]
		m.idle = slices.Delete(m.idle, i, i+1)
		return in
	}
	if key != "" {
		for i := len(m.idle) - 1; i >= 0; i-- {
			if m.idle[i].owner == key {
				return take(i), nil
			}
		}
	}
	for i, in := range m.idle {
		if in.owner == "" {
			return take(i), nil
		}
	}
	if m.busy+len(m.idle) > m.limits.Instances {
		return nil, take(0)
	}
	return nil, nil
}

// checkin puts an instance back, or closes it: a guest that trapped, or that was stopped, is never used again.
func (m *module) checkin(ctx context.Context, in *instance, keep bool) {
	// A deadline may have closed the guest just after it answered.
	keep = keep && !in.guest.IsClosed() && !in.grown()
	m.mu.Lock()
	m.busy--
	keep = keep && !m.closed
	if keep {
		m.idle = append(m.idle, in)
	}
	m.mu.Unlock()
	if !keep {
		in.close(ctx)
	}
}

// Close implements driver.Module.
func (m *module) Close(ctx context.Context) error {
	err := m.gate.Close(ctx)
	m.mu.Lock()
	idle, first := m.idle, !m.closed
	m.idle, m.closed = nil, true
	m.mu.Unlock()
	for _, in := range idle {
		in.close(ctx)
	}
	if first {
		m.driver.forget(m)
	}
	return err
}
