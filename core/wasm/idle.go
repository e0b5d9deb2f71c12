package wasm

import (
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
)

// After a rush a module has as many idle instances as calls ran at once, and each costs some 100 KiB though its pages are given
// back. So now and then those are closed that nobody has used for long. One stays, for whoever comes next; another one is made in
// less than a millisecond.
const (
	sweepEvery = time.Minute
	// idleSweeps is how many sweeps an instance idles through; the next one closes it. Sweeps are counted, not time: a call that is over
	// then needs no clock.
	idleSweeps = 5
)

// sweepNowAndThen closes what idles for long, until the driver is closed.
func (d *Driver) sweepNowAndThen() {
	defer close(d.swept)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.sweep()
		case <-d.stopSweeping:
			return
		}
	}
}

func (d *Driver) sweep() {
	now := d.sweeps.Add(1)
	d.mu.Lock()
	modules := make([]*module, 0, len(d.modules))
	for m := range d.modules {
		modules = append(modules, m)
	}
	d.mu.Unlock()
	for _, m := range modules {
		m.sweep(now)
	}
}

func (m *module) sweep(now int64) {
	m.sweeping.Lock() // whoever closes the module waits
	defer m.sweeping.Unlock()
	for _, in := range m.takeStale(now) {
		in.close()
	}
}

// takeStale takes out the instances that idled for long, but for the one that was used last.
func (m *module) takeStale(now int64) []*instance {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.idle) == 0 {
		return nil
	}
	last := len(m.idle) - 1
	var stale []*instance
	m.idle = append(slices.DeleteFunc(m.idle[:last:last], func(in *instance) bool {
		old := now-in.used > idleSweeps
		if old {
			stale = append(stale, in)
		}
		return old
	}), m.idle[last])
	return stale
}

var _ driver.Occupied = (*module)(nil)

// Occupancy implements driver.Occupied.
func (m *module) Occupancy() driver.Occupancy {
	m.mu.Lock()
	idle := len(m.idle)
	m.mu.Unlock()
	busy, waiting := m.gate.Calls()
	return driver.Occupancy{Busy: busy, Idle: idle, Waiting: waiting, MemoryBytes: m.memory.Load()}
}
