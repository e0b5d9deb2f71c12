package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/pergola-platform/pergola/core/bench/rounds"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// bare is a guest in a wazero runtime of its own with nothing around it: no limit, no isolation, one instance for all calls. It is
// what the engine's own price is measured against.
type bare struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
	instance
}

// instance is one instance of a guest.
type instance struct {
	module api.Module
	call   api.Function
	buffer uint32
	stack  [1]uint64
}

// fuelSlice is what a guest with a fuel counter gets at a time, as in core/wasm.
const fuelSlice = 1_000_000

func openBare(ctx context.Context, code []byte, c wazero.RuntimeConfig) (b *bare, err error) {
	b = &bare{runtime: wazero.NewRuntimeWithConfig(ctx, c)}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.runtime.Close(ctx))
		}
	}()
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, b.runtime); err != nil {
		return nil, err
	}
	none := api.GoFunc(func(_ context.Context, stack []uint64) { stack[0] = 0 })
	tick := api.GoFunc(func(_ context.Context, stack []uint64) { stack[0] = uint64(int64(stack[0]) + fuelSlice) })
	i32, i64 := []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI64}
	_, err = b.runtime.NewHostModuleBuilder(wire.Module).
		NewFunctionBuilder().WithGoFunction(none, slices.Repeat(i32, 2), i32).Export(wire.ImportCall).
		NewFunctionBuilder().WithGoFunction(none, slices.Repeat(i32, 2), nil).Export(wire.ImportRead).
		NewFunctionBuilder().WithGoFunction(tick, i64, i64).Export(wire.ImportTick).
		Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	if b.code, err = b.runtime.CompileModule(ctx, code); err != nil {
		return nil, err
	}
	b.instance, err = b.instantiate(ctx)
	return b, err
}

func (b *bare) close() { _ = b.runtime.Close(context.Background()) } // nothing runs any more

// instantiate makes an instance and runs its _initialize.
func (b *bare) instantiate(ctx context.Context) (instance, error) {
	m, err := b.runtime.InstantiateModule(ctx, b.code, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").
		WithSysWalltime().WithSysNanotime()) // by default clocks are made up, and a Go guest collects garbage by the clock
	if err != nil {
		return instance{}, err
	}
	buffer, err := m.ExportedFunction(wire.ExportBuffer).Call(ctx, 64<<10)
	if err != nil {
		return instance{}, err
	}
	return instance{module: m, call: m.ExportedFunction(wire.ExportCall), buffer: uint32(buffer[0])}, nil
}

// Call hands a message to the guest and returns a copy of its answer.
func (i *instance) Call(ctx context.Context, message []byte) ([]byte, error) {
	memory := i.module.Memory()
	if !memory.Write(i.buffer, message) {
		return nil, errors.New("the buffer is outside of the memory")
	}
	i.stack[0] = uint64(len(message))
	if err := i.call.CallWithStack(ctx, i.stack[:]); err != nil {
		return nil, err
	}
	view, inside := memory.Read(uint32(i.stack[0]>>32), uint32(i.stack[0]))
	if !inside {
		return nil, errors.New("the answer is outside of the memory")
	}
	return slices.Clone(view), nil
}

// kept is a case that calls the one instance.
func (b *bare) kept(name string, message []byte) rounds.Case {
	ctx := context.Background()
	return rounds.Case{Name: name, Run: func(n int) error {
		for range n {
			if _, err := b.Call(ctx, message); err != nil {
				return err
			}
		}
		return nil
	}}
}

// renewed is the case with a new instance in each round. How fast a Go guest is that is called again and again depends on where its
// collector stands, since it goes on in the calls alone: some instances are twice as slow as others, for good.
//
// first is what it is asked before anything else; nil for nothing.
func (b *bare) renewed(c rounds.Case, first, message []byte) rounds.Case {
	ctx := context.Background()
	c.Prepare = func() error {
		err := b.module.Close(ctx)
		if err == nil {
			b.instance, err = b.instantiate(ctx)
		}
		if err == nil && first != nil {
			_, err = b.Call(ctx, first)
		}
		for range 20 {
			if err == nil {
				_, err = b.Call(ctx, message)
			}
		}
		return err
	}
	return c
}

// withDeadline is a case that calls the one instance with a deadline for each call.
func (b *bare) withDeadline(name string, message []byte) rounds.Case {
	return rounds.Case{Name: name, Run: func(n int) error {
		for range n {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			_, err := b.Call(ctx, message)
			cancel()
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

// fresh is a case that makes an instance for each call.
func (b *bare) fresh(name string, message []byte) rounds.Case {
	ctx := context.Background()
	return rounds.Case{Name: name, Run: func(n int) error {
		for range n {
			i, err := b.instantiate(ctx)
			if err != nil {
				return err
			}
			if _, err := i.Call(ctx, message); err != nil {
				return err
			}
			if err := i.module.Close(ctx); err != nil {
				return err
			}
		}
		return nil
	}}
}
