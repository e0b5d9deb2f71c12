package fuel_test

import (
	"bytes"
	"context"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/fuel"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// plugin is an instance of a plugin, on a runtime of its own.
type plugin struct {
	mod          api.Module
	buffer, call api.Function
	meter        *meter
}

func openPlugin(t testing.TB, code []byte, c wazero.RuntimeConfig) *plugin {
	t.Helper()
	ctx := context.Background()
	r := newRuntime(t, c)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	p := &plugin{meter: &meter{budget: 1 << 60, slice: 1_000_000}}
	none := func(context.Context, api.Module, []uint64) {}
	i32, i64 := api.ValueTypeI32, api.ValueTypeI64
	_, err := r.NewHostModuleBuilder(wire.Module).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(none), []api.ValueType{i32, i32}, []api.ValueType{i32}).Export(wire.ImportCall).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(none), []api.ValueType{i32, i32}, nil).Export(wire.ImportRead).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(p.meter.tick), []api.ValueType{i64}, []api.ValueType{i64}).Export(wire.ImportTick).
		Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// Randomness and clocks are the same for every instance, so that what two of them compute can be compared.
	config := anonymous.WithStdout(io.Discard).WithRandSource(zeros{}).
		WithWalltime(func() (int64, int32) { return 1, 0 }, 1).WithNanotime(func() int64 { return 1 }, 1)
	if p.mod, err = r.InstantiateWithConfig(ctx, code, config); err != nil {
		t.Fatal(err)
	}
	if initialize := p.mod.ExportedFunction("_initialize"); initialize != nil { // who has nothing to set up has none
		if _, err := initialize.Call(ctx); err != nil {
			t.Fatal(err)
		}
	}
	p.buffer, p.call = p.mod.ExportedFunction(wire.ExportBuffer), p.mod.ExportedFunction(wire.ExportCall)
	return p
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// send makes one call of the plugin.
func (p *plugin) send(ctx context.Context, t testing.TB, message []byte) []byte {
	t.Helper()
	var stack [1]uint64
	stack[0] = uint64(max(4096, len(message)))
	if err := p.buffer.CallWithStack(ctx, stack[:]); err != nil {
		t.Fatal(err)
	}
	if !p.mod.Memory().Write(uint32(stack[0]), message) {
		t.Fatal("the buffer is outside of the memory")
	}
	stack[0] = uint64(len(message))
	if err := p.call.CallWithStack(ctx, stack[:]); err != nil {
		t.Fatal(err)
	}
	out, inside := p.mod.Memory().Read(uint32(stack[0]>>32), uint32(stack[0]))
	if !inside {
		t.Fatal("the answer is outside of the memory")
	}
	return out
}

func echo(t testing.TB) []byte {
	t.Helper()
	return drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Echo, Params: map[string]string{"text": strings.Repeat("x", 1000)}})
}

func TestGoPluginAnswersAsBefore(t *testing.T) {
	code, message := drivertest.Guest(t), echo(t)
	out, info, err := fuel.Rewrite(code, fuel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d functions, %d charges, %d bulk, %d → %d bytes (%.1f %%), globals %v", info.Functions, info.Charges, info.Bulk, info.BytesIn, info.BytesOut,
		100*float64(info.BytesOut)/float64(info.BytesIn)-100, info.Globals)
	c := wazero.NewRuntimeConfig()
	if testing.Short() { // native code takes its time under the race detector
		c = wazero.NewRuntimeConfigInterpreter()
	}
	plain, metered, again := openPlugin(t, code, c), openPlugin(t, out, c), openPlugin(t, out, c)
	for round := range 20 {
		before := metered.meter.paid(metered.mod)
		want, got := plain.send(t.Context(), t, message), metered.send(t.Context(), t, message)
		if !bytes.Contains(want, []byte("xxxx")) {
			t.Fatalf("the plugin does not echo: %q", want)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d, -plain +metered:\n%s", round, diff)
		}
		again.send(t.Context(), t, message)
		if round == 0 {
			t.Logf("one call pays %d", metered.meter.paid(metered.mod)-before)
		}
	}
	if !bytes.Equal(memoryOf(plain.mod), memoryOf(metered.mod)) {
		t.Error("the memory differs from that of the original")
	}
	if a, b := metered.meter.paid(metered.mod), again.meter.paid(again.mod); a != b || a <= 0 {
		t.Errorf("the same calls paid %d and %d", a, b)
	}
	if metered.meter.ticks == 0 {
		t.Error("tick was never called")
	}
}

func memoryOf(m api.Module) []byte {
	if reflect.ValueOf(m.Memory()).IsNil() { // a nil pointer in an interface, where there is none
		return nil
	}
	b, _ := m.Memory().Read(0, m.Memory().Size())
	return b
}
