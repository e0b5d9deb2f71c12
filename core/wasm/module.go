package wasm

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// module is a loaded module with its instances. They belong to nobody: whichever is idle serves the next call, whosever it is, for
// each call begins in the same state. There are never more than calls that may run at once.
type module struct {
	driver *Driver
	code   *compiled
	gate   *driver.Gate
	memory atomic.Int64 // of the driver's budget that its instances hold

	sweeping sync.Mutex // held while idle instances are closed; taken before mu

	mu     sync.Mutex
	idle   []*instance // the one used last at the end; all but the last warmInstances are as small as new ones
	closed bool
}

// warmInstances are as many idle instances as keep the pages that they wrote, which the next call most likely writes again. More
// than run at the same time on so many CPUs are there after a rush, and should cost next to nothing until the next.
var warmInstances = 2 * runtime.GOMAXPROCS(0)

var _ driver.Module = (*module)(nil)

// Facts implements driver.Module.
func (m *module) Facts() driver.Facts { return m.code.facts }

// Call implements driver.Module.
func (m *module) Call(ctx context.Context, c driver.Call) (driver.Result, error) {
	if len(c.Message) > wire.MaxMessage {
		return driver.Result{}, driver.TooLong(len(c.Message))
	}
	turn, err := m.gate.Enter(ctx, c)
	if err != nil {
		return driver.Result{}, err
	}
	defer turn.Leave()
	in, err := m.checkout(turn)
	if err != nil {
		return driver.Result{}, err
	}
	result, err := in.run(turn, c)
	m.checkin(in, err == nil)
	if stopped := turn.Stopped(); stopped != nil && err == nil { // an answer that comes too late is none, whatever the driver
		result.Message, err = nil, stopped
	}
	return result, err
}

func (m *module) checkout(turn *driver.Turn) (*instance, error) {
	if !m.code.metered() {
		return m.driver.fresh(turn.Context(), m.code, turn.Budget().MemoryBytes, &m.memory)
	}
	in, err := m.idleInstance(turn)
	if err != nil {
		return nil, err
	}
	if !in.hold(uint64(m.code.image.Size())) {
		in.close()
		return nil, m.driver.overBudget()
	}
	return in, nil
}

func (m *module) idleInstance(turn *driver.Turn) (*instance, error) {
	m.mu.Lock()
	if n := len(m.idle); n > 0 {
		in := m.idle[n-1]
		m.idle = m.idle[:n-1]
		m.mu.Unlock()
		return in, nil
	}
	m.mu.Unlock()
	return m.driver.instantiate(m, m.gate.Limits().MaxMemoryBytes, turn)
}

// checkin puts an instance back, or closes it: a guest that trapped, that was stopped or that grew is never used again.
func (m *module) checkin(in *instance, good bool) {
	if !good || in.mapped == nil || !in.reset() || !m.put(in, false) {
		in.close()
		return
	}
	if cold := m.cooling(); cold != nil && (!cold.trim() || !m.put(cold, true)) {
		cold.close()
	}
}

// put makes an instance an idle one: the first to be used again, or the last. It returns false where the module was closed.
func (m *module) put(in *instance, last bool) bool {
	if !last {
		in.used = m.driver.sweeps.Load()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return false
	case last:
		m.idle = slices.Insert(m.idle, 0, in)
	default:
		m.idle = append(m.idle, in)
	}
	return true
}

// cooling takes out the idle instance that is not among the warm ones any more, if there is one that still has its pages.
func (m *module) cooling() *instance {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := len(m.idle) - warmInstances - 1
	if i < 0 || m.idle[i].trimmed {
		return nil
	}
	in := m.idle[i]
	m.idle = slices.Delete(m.idle, i, i+1)
	return in
}

// Close implements driver.Module.
func (m *module) Close(ctx context.Context) error {
	err := m.gate.Close(ctx)
	m.sweeping.Lock()
	defer m.sweeping.Unlock()
	m.mu.Lock()
	idle, first := m.idle, !m.closed
	m.idle, m.closed = nil, true
	m.mu.Unlock()
	for _, in := range idle {
		in.close()
	}
	if first {
		m.driver.forget(m)
	}
	return err
}
