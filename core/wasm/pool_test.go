package wasm_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

// counting is a guest that answers how many calls its instance had before, as the length of its answer.
func counting() []byte {
	b := guest()
	b.global()
	return b.answering(
		ops(opGlobalGet, 0, opI64Extend),
		ops(opGlobalGet, 0), i32Const(1), ops(opI32Add, opGlobalSet, 0))
}

func TestInstancesStayWithinTheBoundAndTheLongestIdleMakesWay(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), counting(), driver.Limits{Instances: 2})
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		tenant string
		want   int // calls that the instance had before
	}{
		{"a", 0}, {"a", 1}, {"b", 0}, {"a", 2},
		{"c", 0}, // takes the place of b, idle longer than a
		{"a", 3},
		{"b", 0}, // takes the place of c
		{"a", 4}, {"b", 1}, {"c", 0},
		{"", 0}, {"", 0}, {"c", 1},
	}
	for i, s := range steps {
		got, err := m.Call(context.Background(), driver.Call{Message: []byte{0xc0}, Isolation: s.tenant})
		if err != nil || len(got) != s.want {
			t.Errorf("step %d (%s): the instance had %d calls before, want %d (%v)", i, s.tenant, len(got), s.want, err)
		}
		if n := d.Stats().Instances; n > 2 {
			t.Errorf("step %d: %d instances, at most 2 are allowed", i, n)
		}
	}
	if err := m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := d.Stats().Instances; n != 0 {
		t.Errorf("%d instances outlived their module", n)
	}
}

func TestPoolDiscardsTrappedInstance(t *testing.T) {
	b := guest()
	f := b.hostCallImport()
	b.global()
	// Counts, asks the host, and traps where the host says so with a reply of 8 bytes instead of 7.
	code := b.answering(
		ops(opGlobalGet, 0), i32Const(1), ops(opI32Add, opGlobalSet, 0),
		i32Const(0), i32Const(1), call(f), i32Const(-8), ops(opI32Add, opI32Eqz, opIf, blockVoid, opUnreachable, opEnd),
		ops(opGlobalGet, 0, opI64Extend))
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), code, driver.Limits{Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(reply []byte) (int, error) {
		host := hostcall.HostFunc(func(context.Context, []byte) []byte { return reply })
		got, err := m.Call(context.Background(), driver.Call{Message: []byte{0xc0}, Isolation: "tenant", Host: host})
		return len(got), err
	}
	for i, s := range []struct {
		reply string
		want  int
	}{{"7 bytes", 1}, {"7 bytes", 2}, {"8 bytes.", 0}, {"7 bytes", 1}} {
		got, err := ask([]byte(s.reply))
		if got != s.want || (s.want == 0) != (sdk.CodeOf(err) == sdk.Internal) {
			t.Errorf("step %d: got %d, %v; want %d", i, got, err, s.want)
		}
	}
}

func TestInstanceThatTookMuchMemoryIsNotKept(t *testing.T) {
	b := guest()
	b.global()
	code := b.answering(
		ops(opGlobalGet, 0, opI64Extend),
		ops(opGlobalGet, 0), i32Const(1), ops(opI32Add, opGlobalSet, 0),
		i32Const(4), ops(opMemoryGrow, 0, opDrop)) // 5 pages after the first call, 9 after the second
	m, err := newDriver(t, wasm.Config{}).Load(context.Background(), code, driver.Limits{MemoryBytes: 16 * 64 << 10, Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 0, 1} {
		got, err := m.Call(context.Background(), driver.Call{Message: []byte{0xc0}, Isolation: "tenant"})
		if err != nil || len(got) != want {
			t.Errorf("call %d: the instance had %d calls before, want %d (%v)", i, len(got), want, err)
		}
	}
}

func TestInstancesOfManyTenantsUnderLoad(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), counting(), driver.Limits{Instances: 3, Wait: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 30 {
				if _, err := m.Call(context.Background(), driver.Call{Message: []byte{0xc0}, Isolation: fmt.Sprint("tenant ", (i+j)%7)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := d.Stats().Instances; n < 1 || n > 3 {
		t.Errorf("%d instances, want 1 to 3", n)
	}
}
