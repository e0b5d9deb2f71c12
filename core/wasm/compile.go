package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/driver"
)

// compiled is what every module with the same bytes shares: native code, and the state in which its calls begin. It stays as
// long as one of them is loaded.
type compiled struct {
	sum   [sha256.Size]byte // of the bytes that were given to Load
	ready chan struct{}     // closed when the rest is set

	runtime wazero.Runtime
	module  wazero.CompiledModule
	facts   driver.Facts
	pristine
	err error

	mu      sync.Mutex // one instance is made at a time, see mappedMemory
	scratch []byte

	refs int // guarded by Driver.mu
}

// name is short and tells modules apart in a log.
func (c *compiled) name() string { return hex.EncodeToString(c.sum[:6]) }

// metered says whether the code counts its fuel. Where it does not, it gets a new instance for each call.
func (c *compiled) metered() bool { return c.facts.Metering == driver.FuelMetering }

// compile returns the native code of a module. However many callers bring the same bytes, they are prepared once. The
// caller must release what it got.
func (d *Driver) compile(ctx context.Context, code []byte, s *shape, memoryBytes uint64) (*compiled, error) {
	sum := sha256.Sum256(code)
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, errDriverClosed
	}
	c, found := d.code[sum]
	if !found {
		c = &compiled{sum: sum, ready: make(chan struct{})}
		d.code[sum] = c
	}
	c.refs++
	d.mu.Unlock()

	if !found {
		// Others wait for this: it must not end because the first who asked went away.
		c.err = d.prepare(context.WithoutCancel(ctx), c, code, s, memoryBytes)
		close(c.ready)
	}
	select {
	case <-c.ready:
	case <-ctx.Done():
		go func() { // the one who compiles ends soon
			<-c.ready
			d.release(c)
		}()
		return nil, fmt.Errorf("compile module: %w", ctx.Err())
	}
	if c.err != nil {
		d.release(c)
		return nil, c.err
	}
	return c, nil
}

// prepare does what happens once for each module, and never on a request: it puts the fuel counter in, compiles, runs
// _initialize and the warm-up, and saves the state that they leave.
func (d *Driver) prepare(ctx context.Context, c *compiled, code []byte, s *shape, memoryBytes uint64) error {
	runnable, err := d.meter(code, c)
	if err != nil {
		return err
	}
	if c.runtime, err = d.runtime(ctx, c.metered()); err != nil {
		return err
	}
	if c.module, err = d.compileModule(ctx, c.runtime, runnable); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.config.StartTimeout)
	defer cancel()
	if err := d.start(ctx, c, s, memoryBytes); err != nil {
		return fmt.Errorf("start it: %w", err)
	}
	return nil
}

func (d *Driver) compileModule(ctx context.Context, r wazero.Runtime, code []byte) (m wazero.CompiledModule, err error) {
	defer func() {
		if v := recover(); v != nil {
			m, err = nil, fmt.Errorf("compile module: the compiler failed (%v); report the module to the maintainers", v)
		}
	}()
	d.compilations.Add(1)
	if m, err = r.CompileModule(ctx, code); err != nil {
		return nil, fmt.Errorf("the module is not valid: %w", err)
	}
	return m, nil
}

func (d *Driver) release(c *compiled) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.refs--; c.refs > 0 {
		return
	}
	delete(d.code, c.sum)
	if c.module != nil {
		_ = c.module.Close(context.Background()) // it only drops references and returns nil
	}
	if c.image != nil {
		d.budget.take(-int64(c.image.Size()))
		if err := c.image.Close(); err != nil {
			d.log.Warn("close image", "module", c.name(), "error", err)
		}
	}
}
