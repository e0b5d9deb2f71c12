package wasm

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// hostFunc is a function that guests may import. Its parameters and results are on the stack, as api.GoModuleFunc says.
type hostFunc struct {
	sig string // as in shape
	run func(ctx context.Context, in *instance, mem api.Memory, stack []uint64)
}

// hostFunctions is everything that a guest may import, by module and name. Nothing else exists for it.
var hostFunctions = map[string]map[string]hostFunc{
	wire.Module: {
		wire.ImportCall: {"(i32, i32) i32", hostCall},
		wire.ImportRead: {"(i32, i32)", hostRead},
		wire.ImportTick: {"(i64) i64", tick},
	},
	wasiModule: wasiFunctions,
}

// provide adds the host functions to a runtime.
func provide(ctx context.Context, r wazero.Runtime) error {
	for module, functions := range hostFunctions {
		b := r.NewHostModuleBuilder(module)
		for name, f := range functions {
			params, results := parseSignature(f.sig)
			b.NewFunctionBuilder().WithGoModuleFunction(adapt(f), params, results).Export(name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("provide %s: %w", module, err)
		}
	}
	return nil
}

func adapt(f hostFunc) api.GoModuleFunc {
	return func(ctx context.Context, m api.Module, stack []uint64) {
		// Every guest is called with a context that has this value, see [instance].
		in := ctx.Value(instanceKey{}).(*instance)
		f.run(ctx, in, m.Memory(), stack)
	}
}

func parseSignature(sig string) (params, results []api.ValueType) {
	into := &params
	for i := range len(sig) {
		switch {
		case sig[i] == ')':
			into = &results
		case sig[i] == 'i' && sig[i:i+3] == "i32":
			*into = append(*into, api.ValueTypeI32)
		case sig[i] == 'i' && sig[i:i+3] == "i64":
			*into = append(*into, api.ValueTypeI64)
		}
	}
	return params, results
}

// fault is a guest's misuse of a host function. It leaves through a panic, which is how a wazero host function stops a
// guest; [instance.explain] turns it into the error of the call.
type fault string

func (f fault) Error() string { return string(f) }

// view returns n bytes of guest memory. It is valid until the guest runs again and is never kept.
func view(mem api.Memory, what string, ptr, n uint32) []byte {
	b, ok := mem.Read(ptr, n)
	if !ok {
		panic(fault(what + " was given an address outside of the memory"))
	}
	return b
}

// hostCall asks the host and keeps the answer until hostRead fetches it. An answer that is still waiting is replaced.
func hostCall(_ context.Context, in *instance, mem api.Memory, stack []uint64) {
	ptr, n := uint32(stack[0]), uint32(stack[1])
	if n > wire.MaxMessage {
		in.reply = driver.Refuse(sdk.Invalid, fmt.Sprintf("the host call is %d bytes long, at most %d are allowed; send less at a time", n, wire.MaxMessage))
	} else {
		call := append([]byte(nil), view(mem, wire.ImportCall, ptr, n)...)
		in.leaveLane()
		in.reply = driver.Ask(in.bounds.Context(), in.host, call, in.driver.log)
	}
	stack[0] = uint64(len(in.reply))
}

// hostRead hands over the waiting answer, which the guest can fetch once.
func hostRead(_ context.Context, in *instance, mem api.Memory, stack []uint64) {
	ptr, n := uint32(stack[0]), uint32(stack[1])
	if uint64(n) > uint64(len(in.reply)) {
		panic(fault(wire.ImportRead + " asked for more than the answer that is waiting"))
	}
	copy(view(mem, wire.ImportRead, ptr, n), in.reply)
	in.reply = nil
}
