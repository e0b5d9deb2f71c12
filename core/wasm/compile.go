package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/tetratelabs/wazero"
)

// compiled is native code that every module with the same bytes shares. It stays as long as one of them is loaded.
type compiled struct {
	sum   [sha256.Size]byte
	ready chan struct{} // closed when module or err is set

	module wazero.CompiledModule
	err    error

	refs int // guarded by Driver.mu
}

// name is short and tells modules apart in a log.
func (c *compiled) name() string { return hex.EncodeToString(c.sum[:6]) }

// compile returns the native code of a module. However many callers bring the same bytes, they are compiled once. The
// caller must release what it got.
func (d *Driver) compile(ctx context.Context, code []byte) (*compiled, error) {
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
		c.module, c.err = d.compileModule(context.WithoutCancel(ctx), code)
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

func (d *Driver) compileModule(ctx context.Context, code []byte) (m wazero.CompiledModule, err error) {
	defer func() {
		if v := recover(); v != nil {
			m, err = nil, fmt.Errorf("compile module: the compiler failed (%v); report the module to the maintainers", v)
		}
	}()
	if d.config.Output == nil { // only a developer reads function names, in stack traces
		code = withoutCustomSections(code)
	}
	d.compilations.Add(1)
	if m, err = d.runtime.CompileModule(ctx, code); err != nil {
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
}
