package fuel_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/pergola-platform/pergola/core/fuel"
)

// A host with wazero that gives a guest ten slices of fuel, and ends it after that.
func Example() {
	guest := endless // (func (export "run") (loop (br 0)))
	code, info, err := fuel.Rewrite(guest, fuel.Config{})
	if errors.Is(err, fuel.ErrUnsupported) {
		fmt.Println("run it with WithCloseOnContextDone instead:", err)
		return
	} else if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.Functions, "function,", info.Charges, "payments")

	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	const slice, slices = 1_000_000, 10
	ticks := 0
	tick := func(_ context.Context, _ api.Module, stack []uint64) {
		if ticks++; ticks == slices {
			panic(errors.New("the call has used up its fuel"))
		}
		stack[0] = api.EncodeI64(int64(stack[0]) + slice)
	}
	_, err = r.NewHostModuleBuilder("pergola").NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(tick), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).
		Export("tick").Instantiate(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := r.Instantiate(ctx, code)
	if err != nil {
		fmt.Println(err)
		return
	}
	m.ExportedGlobal(fuel.ExportFuel).(api.MutableGlobal).Set(slice)
	_, err = m.ExportedFunction("run").Call(ctx)
	fmt.Println(firstLine(err))
	// Output:
	// 1 function, 2 payments
	// the call has used up its fuel (recovered by wazero)
}

var endless = (&module{types: [][]byte{sig(nil, nil)}}).function("run", 0, ops(loop, blockVoid, br, 0, end)).bytes()
