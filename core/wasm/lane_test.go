package wasm_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
)

// spinning is a guest that loops for ever.
func spinning() []byte {
	b := guest()
	return b.answering(ops(opLoop, blockVoid, opBr, 0, opEnd), i64Const(packed(0, 3)))
}

func TestCallsThatComputeForLongLeaveACPU(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), spinning(), driver.Limits{Budget: driver.Budget{Concurrency: 8}})
	if err != nil {
		t.Fatal(err)
	}
	_, places := wasm.Lane(d)
	if want := max(1, runtime.GOMAXPROCS(0)-1); places != want {
		t.Errorf("%d places, want %d", places, want)
	}
	used := make([]int64, places+2)
	var wg sync.WaitGroup
	for i := range used {
		wg.Go(func() {
			r, err := m.Call(context.Background(), driver.Call{Tenant: "t", Budget: driver.Budget{Timeout: 300 * time.Millisecond}})
			if sdk.CodeOf(err) != sdk.Deadline {
				t.Errorf("got %v, want the deadline", err)
			}
			used[i] = r.Usage.Fuel
		})
	}
	for held := 0; held < places; held, _ = wasm.Lane(d) { // all are taken
		runtime.Gosched()
	}
	wg.Wait()
	for i, fuel := range used {
		if fuel < 11e6 { // they take turns, so each comes to more than calls may use without a place
			t.Errorf("call %d got no place: it used %d units of fuel", i, fuel)
		}
	}
	if held, _ := wasm.Lane(d); held != 0 {
		t.Errorf("%d places are held by calls that ended", held)
	}
}

func TestLongStartTakesNoPlace(t *testing.T) {
	d := newDriver(t, wasm.Config{StartTimeout: 200 * time.Millisecond})
	_, err := d.Load(context.Background(), spinning(), driver.Limits{}) // its warm-up never ends
	if err != nil {
		t.Fatal(err)
	}
	if held, _ := wasm.Lane(d); held != 0 {
		t.Errorf("Load left %d places taken", held)
	}
}
