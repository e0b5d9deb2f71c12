package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/pergola-platform/pergola/core/driver"
)

// Driver runs executables. It is safe for concurrent use; make one with [New].
type Driver struct {
	config   Config
	log      *slog.Logger
	approved map[string]bool

	// What a host that runs no process needs not have; see prepare.
	prepared sync.Once
	keeper   *keeper
	cgroups  *cgroups // nil where there are none

	processes, starts, ends atomic.Int64

	mu      sync.Mutex
	fences  []fence // the one that worked, once one has
	modules map[*module]struct{}
	closed  bool
}

var _ driver.Driver = (*Driver)(nil)

var errDriverClosed = errors.New("the process driver is closed")

// New returns a driver. The error says which of the configuration's digests is none, or that this system is not Linux.
func New(c Config) (*Driver, error) {
	approved, err := c.approved()
	if err != nil {
		return nil, err
	}
	d := &Driver{config: c.withDefaults(), approved: approved, fences: fences(), modules: map[*module]struct{}{}}
	d.log = d.config.Logger
	if c.Cgroup != "" {
		if d.cgroups, err = openCgroups(c.Cgroup); err != nil {
			return nil, fmt.Errorf("plugins.process.cgroup: %w", err)
		}
	}
	return d, nil
}

// prepare makes what the first process needs, and does nothing for the others.
func (d *Driver) prepare() {
	d.prepared.Do(func() {
		d.keeper = newKeeper()
		if d.cgroups != nil {
			return
		}
		var err error
		if d.cgroups, err = openCgroups(""); err != nil {
			d.log.Debug("process plugins run without cgroups", "error", err)
		}
	})
}

// Load implements driver.Driver. The code is an executable for this system. It runs only where Config.Allow holds its
// digest; the error names the digest. Of the limits, MaxMemoryBytes bounds the process as a whole: the sum of what its calls
// use at the same time. Fuel and MemoryBytes have no effect.
func (d *Driver) Load(ctx context.Context, code []byte, limits driver.Limits) (driver.Module, error) {
	if len(code) > MaxCode {
		return nil, fmt.Errorf("load process plugin: it is %d bytes long, at most %d are allowed", len(code), MaxCode)
	}
	program, err := openExecutable(code)
	if err != nil {
		return nil, fmt.Errorf("load process plugin: %w", err)
	}
	if !d.approved[program.digest] {
		return nil, errors.Join(fmt.Errorf("load process plugin: the executable with SHA-256 %s is not approved; a process can do what this host's "+
			"user can, so whoever operates the host has to know it: add the digest to plugins.process.allow", program.digest), program.close())
	}
	m := newModule(d, program, limits)
	d.mu.Lock()
	closed := d.closed
	if !closed {
		d.prepare()
		d.modules[m] = struct{}{}
	}
	d.mu.Unlock()
	if closed {
		return nil, errors.Join(errDriverClosed, program.close())
	}
	if err := m.first(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("load process plugin: start it: %w", err), m.Close(context.WithoutCancel(ctx)))
	}
	return m, nil
}

// Stats returns the driver's counts.
func (d *Driver) Stats() Stats {
	return Stats{Processes: d.processes.Load(), Starts: d.starts.Load(), Ends: d.ends.Load()}
}

// forget drops a module that was closed.
func (d *Driver) forget(m *module) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.modules, m)
}

// allowed are the fences that may work here.
func (d *Driver) allowed() []fence {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fences
}

// settle remembers the fence that worked for one child: it is the one for all others.
func (d *Driver) settle(f fence) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.fences) > 1 {
		d.fences = []fence{f}
	}
}

// note says what the system lacks to bound a plugin.
func (d *Driver) note(f fence) string {
	missing := ""
	if d.cgroups != nil {
		missing = d.cgroups.missing
	}
	return f.note(missing)
}

// Close implements driver.Driver.
func (d *Driver) Close(ctx context.Context) error {
	d.mu.Lock()
	first := !d.closed
	d.closed = true
	modules := make([]*module, 0, len(d.modules))
	for m := range d.modules {
		modules = append(modules, m)
	}
	d.mu.Unlock()

	errs := make([]error, len(modules))
	var wg sync.WaitGroup
	for i, m := range modules {
		wg.Go(func() { errs[i] = m.Close(ctx) })
	}
	wg.Wait()
	if first {
		if d.keeper != nil {
			d.keeper.close()
		}
		if d.cgroups != nil {
			d.cgroups.close()
		}
	}
	return errors.Join(errs...)
}
