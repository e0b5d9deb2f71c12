package wasm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// instance is one running copy of a module, with memory of its own. Only one call at a time uses it.
type instance struct {
	driver *Driver
	log    *slog.Logger
	guest  api.Module
	memory *linearMemory
	// atStart is the size of the guest's memory before its first call.
	atStart uint64
	buffer  api.Function
	call    api.Function
	output  *output

	// bufferPtr and bufferLen are what pergola_buffer returned last; a buffer is valid until it is called again.
	bufferPtr, bufferLen uint32

	// owner is the isolation key of those who have used the instance; "" for one that nobody has used yet.
	owner string

	// Of the call that is running:
	host  hostcall.Host
	reply []byte // waiting for host_read
	stack [2]uint64
}

type instanceKey struct{}

// enter returns a context with which in's guest can be called: host functions find the instance there.
func (in *instance) enter(ctx context.Context) context.Context {
	return context.WithValue(ctx, instanceKey{}, in)
}

// instantiate makes an instance and runs its _initialize, which wazero does not do by itself.
func (d *Driver) instantiate(ctx context.Context, c *compiled, l driver.Limits, log *slog.Logger) (*instance, error) {
	in := &instance{driver: d, log: log, memory: &linearMemory{limit: l.MemoryBytes}}
	if d.config.Output != nil {
		in.output = newOutput(d.config.Output.With("module", c.name()))
	}
	ctx = experimental.WithMemoryAllocator(in.enter(ctx), experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory {
		return in.memory
	}))
	guest, err := d.runtime.InstantiateModule(ctx, c.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		in.output.flush()
		return nil, in.explain(ctx, err)
	}
	in.guest = guest
	d.instances.Add(1)
	in.buffer, in.call = guest.ExportedFunction(wire.ExportBuffer), guest.ExportedFunction(wire.ExportCall)
	if start := guest.ExportedFunction(exportInitialize); start != nil {
		err := start.CallWithStack(ctx, nil)
		in.output.flush()
		if err != nil {
			err = in.explain(ctx, err)
			in.close(ctx)
			return nil, err
		}
	}
	in.atStart = uint64(guest.Memory().Size())
	return in, nil
}

// run hands a message to the guest and returns a copy of its answer. After an error the guest may hold a half-written
// heap and must be closed.
func (in *instance) run(ctx context.Context, c driver.Call) ([]byte, error) {
	in.host, in.reply, in.memory.refused = c.Host, nil, false
	defer func() {
		in.host, in.reply = nil, nil
		in.output.flush()
	}()
	guestCtx := in.enter(ctx)
	n := uint32(len(c.Message))
	if n > in.bufferLen || in.bufferLen == 0 {
		size := max(4<<10, uint32(1)<<bits.Len32(n))
		in.stack[0] = uint64(size)
		if err := in.buffer.CallWithStack(guestCtx, in.stack[:1]); err != nil {
			return nil, in.explain(ctx, err)
		}
		in.bufferPtr, in.bufferLen = uint32(in.stack[0]), size
	}
	memory := in.guest.Memory()
	if !memory.Write(in.bufferPtr, c.Message) {
		return nil, defect("it returned a buffer outside of its memory")
	}
	in.stack[0] = uint64(n)
	if err := in.call.CallWithStack(guestCtx, in.stack[:1]); err != nil {
		return nil, in.explain(ctx, err)
	}
	ptr, size := uint32(in.stack[0]>>32), uint32(in.stack[0])
	if size > wire.MaxMessage {
		return nil, defect(fmt.Sprintf("it answered with %d bytes, and at most %d are allowed", size, wire.MaxMessage))
	}
	view, inside := memory.Read(ptr, size)
	if !inside {
		return nil, defect("it answered with an address outside of its memory")
	}
	return append(make([]byte, 0, size), view...), nil
}

// grown reports whether the guest took more than half of the memory it may have. Memory never shrinks, so such an
// instance is not worth keeping.
func (in *instance) grown() bool {
	return uint64(in.guest.Memory().Size()) > max(in.atStart, in.memory.limit/2)
}

func (in *instance) close(ctx context.Context) {
	in.driver.instances.Add(-1)
	if err := in.guest.Close(context.WithoutCancel(ctx)); err != nil {
		in.log.LogAttrs(ctx, slog.LevelWarn, "close instance", slog.String("error", err.Error()))
	}
}

// explain turns what stopped a guest into the error of a call. The stack trace, which holds function names and no
// values, goes to the developer's log.
func (in *instance) explain(ctx context.Context, err error) error {
	if in.output != nil {
		in.output.log.LogAttrs(ctx, slog.LevelDebug, "guest stopped", slog.String("trap", err.Error()))
	}
	var exit *sys.ExitError
	if stopped := driver.Stopped(ctx); stopped != nil && errors.As(err, &exit) {
		return stopped
	}
	if in.memory.refused {
		return &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromPlugin, Message: fmt.Sprintf(
			"the plugin needs more than the %s of memory that it may have; ask for less at a time, or raise limits.memoryMiB in plugin.json", mib(in.memory.limit))}
	}
	var misuse fault
	if errors.As(err, &misuse) {
		return defect(string(misuse))
	}
	reason, _, _ := strings.Cut(err.Error(), "\n")
	reason, isTrap := strings.CutPrefix(reason, "wasm error: ")
	if !isTrap && reason != "stack overflow" { // of any other error we do not know what it quotes
		return defect("it trapped")
	}
	return defect("it trapped: " + reason)
}

func defect(what string) error {
	return &sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "the plugin has a defect: " + what + ". Its publisher can help"}
}
