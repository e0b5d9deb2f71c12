package fuel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/pergola-platform/pergola/core/fuel"
)

var errSpent = errors.New("the budget is spent")

// meter is the host's side of a counter: it hands out slices of a budget.
type meter struct {
	budget, slice int64
	granted       int64
	ticks         int
}

// tick returns what is left and one more slice, or ends the call.
func (m *meter) tick(_ context.Context, _ api.Module, stack []uint64) {
	left := int64(stack[0])
	m.ticks++
	if m.granted >= m.budget {
		panic(errSpent)
	}
	m.granted += m.slice
	stack[0] = api.EncodeI64(left + m.slice)
}

// paid is what an instance has paid since its counter was 0 and m was new.
func (m *meter) paid(mod api.Module) int64 {
	return m.granted - int64(mod.ExportedGlobal(fuel.ExportFuel).Get())
}

// provideTick makes m the host of a runtime's modules.
func provideTick(t testing.TB, r wazero.Runtime, m *meter) {
	t.Helper()
	_, err := r.NewHostModuleBuilder("pergola").NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(m.tick), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).
		Export("tick").Instantiate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
}

func newRuntime(t testing.TB, c wazero.RuntimeConfig) wazero.Runtime {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(context.Background(), c)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

// anonymous starts no function that a module exports.
var anonymous = wazero.NewModuleConfig().WithName("").WithStartFunctions()

// start rewrites a module and makes an instance of the result.
func start(t testing.TB, code []byte, m *meter) api.Module {
	t.Helper()
	return instantiate(t, rewrite(t, code), m)
}

// instantiate makes an instance of a module that needs no more than tick.
func instantiate(t testing.TB, code []byte, m *meter) api.Module {
	t.Helper()
	r := newRuntime(t, wazero.NewRuntimeConfig())
	provideTick(t, r, m)
	mod, err := r.InstantiateWithConfig(context.Background(), code, anonymous)
	if err != nil {
		t.Fatal(err)
	}
	return mod
}

func rewrite(t testing.TB, code []byte) []byte {
	t.Helper()
	out, _, err := fuel.Rewrite(code, fuel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// validate says what a runtime has against a module. wazero 1.12 panics for some modules that are not valid.
func validate(ctx context.Context, r wazero.Runtime, code []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the validator panicked: %v", v)
		}
	}()
	m, err := r.CompileModule(ctx, code)
	if err == nil {
		_ = m.Close(ctx)
	}
	return err
}
