package wasm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/bits"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/fuel"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// instance is one running copy of a module, with memory of its own. Only one call at a time uses it.
type instance struct {
	driver *Driver
	code   *compiled
	output *output
	*account
	mapped  *mappedMemory // nil where the memory is on the heap
	trimmed bool          // it idles and has no pages of its own
	used    int64         // how many sweeps there had been when it was used last
	globals []api.MutableGlobal
	tank    tank

	inLane    bool  // it holds a place in the driver's lane
	laneSince int64 // the fuel that it had been given when it took the place

	ctx   context.Context // with which the guest is called: host functions find the instance there
	guest api.Module
	call  api.Function

	// seedPtr is where a guest that is seeded wants its randomness.
	seedPtr uint32
	seeded  bool

	// bufferPtr and bufferLen are what pergola_buffer returned last; a buffer is valid until it is called again.
	bufferPtr, bufferLen uint32

	// Of the call that is running:
	bounds bounds
	class  driver.Class
	host   hostcall.Host
	quota  driver.Quota // nil where nobody counts
	spent  int64        // fuel that the quota knows of
	reply  []byte       // waiting for host_read
	stack  [1]uint64
}

type instanceKey struct{}

// link makes the guest of an instance.
func (d *Driver) link(ctx context.Context, in *instance, memory experimental.LinearMemory) error {
	if d.config.Output != nil {
		in.output = newOutput(d.config.Output.With("module", in.code.name()))
	}
	in.ctx = context.WithValue(ctx, instanceKey{}, in)
	in.tank.budget, in.tank.given = startBudget, startFuel // for a start function
	// Nobody asks wazero for randomness, but by default it makes a source of 5 KiB for each instance.
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithRandSource(d.random)
	guest, err := in.code.runtime.InstantiateModule(experimental.WithMemoryAllocator(in.ctx, experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory {
		return memory
	})), in.code.module, config)
	in.output.flush()
	if err != nil {
		in.hold(0)
		return in.explain(err)
	}
	in.guest = guest
	d.instances.Add(1)
	in.call = guest.ExportedFunction(wire.ExportCall)
	if in.code.metered() {
		in.tank.counter = guest.ExportedGlobal(fuel.ExportFuel).(api.MutableGlobal)
		in.globals = mutableGlobals(guest, in.code.globals)
	}
	return nil
}

// run hands a message to the guest and returns a copy of its answer. After an error the guest may hold a half-written
// heap and must be closed.
func (in *instance) run(turn *driver.Turn, c driver.Call) (driver.Result, error) {
	budget := turn.Budget()
	in.bounds, in.class, in.host, in.reply = turn, turn.Class(), c.Host, nil
	in.limit, in.refused = budget.MemoryBytes, notRefused
	if in.mapped == nil { // it stops with its context, and has nothing else to stop with
		in.ctx = context.WithValue(turn.Context(), instanceKey{}, in)
	}
	in.tank.fill(budget.Fuel)
	in.quota, in.spent = c.Quota, 0
	answer, err := in.exchange(c.Message)
	in.leaveLane()
	usage := driver.Usage{Fuel: in.tank.used(), MemoryBytes: uint64(in.guest.Memory().Size())}
	_ = in.spend() // the call has ended, whatever is left for the next one
	in.bounds, in.host, in.reply, in.quota = idling{}, nil, nil, nil
	return driver.Result{Message: answer, Usage: usage}, err
}

func (in *instance) exchange(message []byte) ([]byte, error) {
	defer in.output.flush()
	if in.seeded {
		if err := in.reseed(); err != nil {
			return nil, err
		}
	}
	n := uint32(len(message))
	if n > in.bufferLen || in.bufferLen == 0 {
		if err := in.makeBuffer(max(4<<10, uint32(1)<<bits.Len32(n))); err != nil {
			return nil, err
		}
	}
	memory := in.guest.Memory()
	if !memory.Write(in.bufferPtr, message) {
		return nil, driver.Defect("it returned a buffer outside of its memory")
	}
	in.stack[0] = uint64(n)
	if err := in.call.CallWithStack(in.ctx, in.stack[:1]); err != nil {
		return nil, in.explain(err)
	}
	ptr, size := uint32(in.stack[0]>>32), uint32(in.stack[0])
	if size > wire.MaxMessage {
		return nil, driver.AnswerTooLong(int(size))
	}
	view, inside := memory.Read(ptr, size)
	if !inside {
		return nil, driver.Defect("it answered with an address outside of its memory")
	}
	return append(make([]byte, 0, size), view...), nil
}

// reseed gives the guest randomness for one call. What it had in its memory went back to what all its instances share.
func (in *instance) reseed() error {
	at, inside := in.guest.Memory().Read(in.seedPtr, wire.SeedBytes)
	if !inside {
		return driver.Defect("it returned a place for its seed outside of its memory")
	}
	if _, err := io.ReadFull(in.driver.random, at); err != nil {
		return &sdk.Error{Code: sdk.Internal, Source: sdk.FromHost, Message: "the host has no randomness; its operator finds the reason in the log"}
	}
	return nil
}

// findSeed asks the guest where it wants its randomness, if it wants any.
func (in *instance) findSeed() error {
	f := in.guest.ExportedFunction(wire.ExportSeed)
	if f == nil {
		return nil
	}
	if err := f.CallWithStack(in.ctx, in.stack[:]); err != nil {
		return in.explain(err)
	}
	in.seedPtr, in.seeded = uint32(in.stack[0]), true
	return nil
}

func (in *instance) makeBuffer(size uint32) error {
	in.stack[0] = uint64(size)
	// Few calls need it, and each function that is kept has a stack of its own.
	if err := in.guest.ExportedFunction(wire.ExportBuffer).CallWithStack(in.ctx, in.stack[:1]); err != nil {
		return in.explain(err)
	}
	in.bufferPtr, in.bufferLen = uint32(in.stack[0]), size
	return nil
}

// reset makes the instance as it was before its first call, and says whether that was possible.
func (in *instance) reset() bool {
	pages, err := in.mapped.memory.Reset()
	if err != nil { // it grew
		return false
	}
	in.trimmed = false
	in.restoreGlobals()
	if pages > trimPages {
		return in.trim()
	}
	in.hold(uint64(pages) * uint64(hostPage))
	return true
}

// trim makes the memory of an idle instance as small as that of a new one, and says whether that was possible.
func (in *instance) trim() bool {
	if in.mapped.memory.Trim() != nil {
		return false
	}
	in.hold(0)
	in.trimmed = true
	return true
}

// trimPages is how many private pages an idle instance may keep; each costs a call less than to fault it in again.
const trimPages = 512

func (in *instance) restoreGlobals() {
	for i, g := range in.globals {
		g.Set(in.code.values[i])
	}
	in.bufferPtr, in.bufferLen = in.code.buffer, in.code.bufferLen
	in.seedPtr, in.seeded = in.code.seed, in.code.seeded
}

func (in *instance) close() {
	in.driver.instances.Add(-1)
	if err := in.guest.Close(context.Background()); err != nil {
		in.driver.log.LogAttrs(context.Background(), slog.LevelWarn, "close instance", slog.String("module", in.code.name()), slog.String("error", err.Error()))
	}
}

// explain turns what stopped a guest into the error of a call. The stack trace, which holds function names and no
// values, goes to the developer's log.
func (in *instance) explain(err error) error {
	if in.output != nil {
		in.output.log.LogAttrs(context.Background(), slog.LevelDebug, "guest stopped", slog.String("trap", err.Error()))
	}
	var stopped stop
	if errors.As(err, &stopped) {
		return stopped.err
	}
	if in.mapped == nil { // code without a fuel counter is stopped by its context
		if stopped := in.bounds.Stopped(); stopped != nil {
			return stopped
		}
	}
	switch in.refused {
	case overLimit:
		return driver.Exceeded(sdk.Exhausted, sdk.FromPlugin, in.class, driver.LimitMemory, fmt.Sprintf(
			"the plugin needs more than the %s of memory that it may have; ask for less at a time", mib(in.limit)))
	case overBudget:
		return in.driver.overBudget()
	case outOfMemory:
		return &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Message: "the host has no more memory for the plugin; try again in a moment"}
	}
	var misuse fault
	if errors.As(err, &misuse) {
		return driver.Defect(string(misuse))
	}
	reason, _, _ := strings.Cut(err.Error(), "\n")
	reason, isTrap := strings.CutPrefix(reason, "wasm error: ")
	if !isTrap && reason != "stack overflow" { // of any other error we do not know what it quotes
		return driver.Defect("it trapped")
	}
	return driver.Defect("it trapped: " + reason)
}
