package wasm

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/tetratelabs/wazero/api"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/snapshot"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// pristine is the state of a module in which each of its calls begins: what _initialize and the warm-up left.
type pristine struct {
	image   *snapshot.Image // nil for code without a fuel counter
	globals []string        // names of the mutable globals
	values  []uint64        // of them

	// buffer and bufferLen are what pergola_buffer returned, seed what pergola_seed did, where it is there.
	buffer, bufferLen uint32
	seed              uint32
	seeded            bool

	scratchLen  int  // of the memory before anything runs
	ownsScratch bool // the memory can be filled anywhere, and the image taken afterwards; see mappedMemory
}

const (
	// warmBuffer is the buffer that a guest has made before its calls, in bytes. A call with a longer message has it made anew.
	warmBuffer = 64 << 10
	// warmCalls are as many that a Go guest's heap is as large afterwards as most calls want it.
	warmCalls = 3
	// warmFuel bounds each of them. A guest that does not answer `describe` within it is found out later, and pays by itself.
	warmFuel = 1_000_000_000
)

// start makes a module's first instance and saves what it leaves.
func (d *Driver) start(ctx context.Context, c *compiled, s *shape, memoryBytes uint64) error {
	if !c.metered() { // there is nothing to save; but find out whether it starts
		in, err := d.fresh(ctx, c, memoryBytes, nil)
		if err != nil {
			return err
		}
		in.close()
		return nil
	}
	in, err := d.fresh(ctx, c, memoryBytes, nil)
	if err != nil {
		return err
	}
	if err := in.warm(); err != nil {
		// Whoever cannot answer yet begins each call where _initialize ended.
		in.close()
		if in, err = d.fresh(ctx, c, memoryBytes, nil); err != nil {
			return err
		}
		in.tank.fill(warmFuel)
		if err := in.findSeed(); err != nil {
			in.close()
			return err
		}
	}
	defer in.close()
	memory, inside := in.guest.Memory().Read(0, in.guest.Memory().Size())
	if !inside || len(memory) == 0 {
		return fmt.Errorf("it has no memory")
	}
	if !d.budget.take(int64(len(memory))) {
		return d.overBudget()
	}
	if c.image, err = snapshot.TakeAs(d.config.Strategy, memory); err != nil {
		d.budget.take(-int64(len(memory)))
		return err
	}
	for _, g := range in.globals {
		c.values = append(c.values, g.Get())
	}
	c.buffer, c.bufferLen = in.bufferPtr, in.bufferLen
	c.seed, c.seeded = in.seedPtr, in.seeded
	c.scratchLen = int(s.memories[0].min * pageSize)
	// wazero takes a memory anew when it grows; and a start function must see the memory that it works on.
	c.ownsScratch = !s.starts && (!s.memories[0].bounded || s.memories[0].max > s.memories[0].min)
	return nil
}

// warm makes the buffer and some calls, so that what is saved is a guest that has done both before.
func (in *instance) warm() error {
	in.output = nil // a developer did not ask for these calls
	in.tank.fill(warmFuel)
	if err := in.makeBuffer(warmBuffer); err != nil {
		return err
	}
	if err := in.findSeed(); err != nil {
		return err
	}
	call := wire.Call{Op: wire.OpDescribe}
	message, err := call.MarshalMsg(nil)
	if err != nil {
		return err
	}
	for range warmCalls {
		in.tank.fill(warmFuel)
		if _, err := in.exchange(message); err != nil {
			return err
		}
	}
	return nil
}

// instantiate makes an instance whose memory is the image. b bounds a start function, the only code that runs.
func (d *Driver) instantiate(m *module, maxMemory uint64, b bounds) (*instance, error) {
	c := m.code
	memory, err := c.image.Map(max(maxMemory, uint64(c.image.Size())))
	if err != nil {
		d.log.Error("map image", "module", c.name(), "error", err)
		return nil, &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Message: "the host has no memory for the plugin; try again in a moment"}
	}
	mapped := &mappedMemory{account: account{budget: &d.budget, module: &m.memory, limit: max(maxMemory, uint64(c.image.Size()))}, memory: memory}
	in := &instance{driver: d, code: c, account: &mapped.account, mapped: mapped, bounds: b}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ownsScratch {
		if c.scratch == nil {
			c.scratch = make([]byte, c.scratchLen)
		}
		mapped.scratch = c.scratch
	}
	if err := d.link(context.Background(), in, mapped); err != nil {
		memory.Free()
		return nil, err
	}
	if c.ownsScratch {
		mapped.scratch, mapped.swap = nil, true
		_, grew := in.guest.Memory().Grow(1)
		mapped.swap = false
		if !grew {
			in.close()
			return nil, driver.Defect("its memory cannot be replaced")
		}
	} else if err := memory.Trim(); err != nil {
		in.close()
		return nil, err
	}
	in.bounds = idling{}
	in.restoreGlobals()
	return in, nil
}

// fresh makes an instance on the heap and runs its _initialize, which wazero does not do by itself. held, where there is one, counts its
// memory.
func (d *Driver) fresh(ctx context.Context, c *compiled, memoryBytes uint64, held *atomic.Int64) (*instance, error) {
	heap := &heapMemory{account: account{budget: &d.budget, module: held, limit: memoryBytes}}
	in := &instance{driver: d, code: c, account: &heap.account, bounds: starting{ctx}}
	if err := d.link(ctx, in, heap); err != nil {
		return nil, err
	}
	if start := in.guest.ExportedFunction(exportInitialize); start != nil {
		in.tank.fill(startBudget)
		err := start.CallWithStack(in.ctx, nil)
		in.output.flush()
		if err != nil {
			err = in.explain(err)
			in.close()
			return nil, err
		}
	}
	return in, nil
}

// startBudget bounds what a module may compute before its first call; the time for it is bounded as well.
const startBudget = 1e12

// bounds say when a guest has to stop; a driver.Turn is one.
type bounds interface {
	Stopped() error
	Context() context.Context
}

// starting bounds the start of a module by a context.
type starting struct{ ctx context.Context }

func (s starting) Context() context.Context { return s.ctx }

func (s starting) Stopped() error {
	if s.ctx.Err() == nil {
		return nil
	}
	return &sdk.Error{Code: sdk.Deadline, Source: sdk.FromPlugin, Message: "the plugin takes longer to start than it may: it has to do less in init functions and _initialize"}
}

// idling is for instances that run nothing.
type idling struct{}

func (idling) Context() context.Context { return context.Background() }
func (idling) Stopped() error           { return nil }

func mutableGlobals(guest api.Module, names []string) []api.MutableGlobal {
	out := make([]api.MutableGlobal, len(names))
	for i, name := range names {
		out[i] = guest.ExportedGlobal(name).(api.MutableGlobal) // the fuel pass exports them as such
	}
	return out
}
