package wasm_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/snapshot"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

// counting is a guest that counts its calls in a global and in its memory, and answers the sum of both as the length of its answer.
func counting() []byte {
	b := guest()
	b.global()
	return b.answering(
		ops(opGlobalGet, 0), i32Const(16), ops(opI32Load, 2, 0, opI32Add, opI64Extend),
		ops(opGlobalGet, 0), i32Const(1), ops(opI32Add, opGlobalSet, 0),
		i32Const(16), i32Const(16), ops(opI32Load, 2, 0), i32Const(1), ops(opI32Add, opI32Store, 2, 0))
}

func TestEachCallBeginsInTheStateThatTheWarmUpLeft(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), counting(), driver.Limits{Instances: 2})
	if err != nil {
		t.Fatal(err)
	}
	first, err := ask(m, driver.Call{Tenant: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []string{"a", "b", "", "a", "c"} {
		if got, err := ask(m, driver.Call{Tenant: tenant}); err != nil || len(got) != len(first) {
			t.Errorf("a call of %q found the traces of %d calls, the first one of %d (%v)", tenant, len(got), len(first), err)
		}
	}
	if n := d.Stats().Instances; n != 1 {
		t.Errorf("%d instances for one call at a time", n)
	}
	if err := m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s := d.Stats(); s.Instances != 0 || s.MemoryBytes != 0 || s.Resident != 0 {
		t.Errorf("something outlived its module: %+v", s)
	}
}

func TestPoolDiscardsTrappedInstance(t *testing.T) {
	b := guest()
	f := b.hostCallImport()
	// Asks the host, and traps where the host says so with a reply of 8 bytes instead of 7.
	code := b.answering(
		i32Const(0), i32Const(1), call(f), i32Const(-8), ops(opI32Add, opI32Eqz, opIf, blockVoid, opUnreachable, opEnd),
		i64Const(packed(0, 3)))
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), code, driver.Limits{Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, reply := range []string{"7 bytes", "8 bytes.", "7 bytes", "8 bytes."} {
		host := hostcall.HostFunc(func(context.Context, []byte) []byte { return []byte(reply) })
		_, err := ask(m, driver.Call{Host: host})
		if trapped := len(reply) == 8; trapped != (sdk.CodeOf(err) == sdk.Internal) {
			t.Errorf("step %d: %v", i, err)
		}
		want := int64(1)
		if len(reply) == 8 {
			want = 0
		}
		if n := d.Stats().Instances; n != want {
			t.Errorf("step %d: %d instances are kept, want %d", i, n, want)
		}
	}
}

func TestInstanceThatGrewIsNotKept(t *testing.T) {
	// Grows where the message is longer than a byte, and answers its size in pages as the length of the answer.
	code := guest().answering(
		ops(opLocalGet, 0), i32Const(-1), ops(opI32Add, opMemoryGrow, 0, opDrop, 0x3f, 0, opI64Extend))
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), code, driver.Limits{Budget: driver.Budget{MemoryBytes: 16 * 64 << 10}, Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	pages := func(message string) int {
		t.Helper()
		got, err := ask(m, driver.Call{Message: []byte(message)})
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	small := pages("x")
	if grown := pages("xxxx"); grown != small+3 {
		t.Errorf("%d pages, then %d; want 3 more", small, grown)
	}
	if n := d.Stats().Instances; n != 0 {
		t.Errorf("%d instances are kept", n)
	}
	if again := pages("x"); again != small {
		t.Errorf("the next call has %d pages, the first had %d", again, small)
	}
}

func TestInstancesOfManyTenantsUnderLoad(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), counting(), driver.Limits{Instances: 3, Wait: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	first, err := ask(m, driver.Call{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 30 {
				got, err := ask(m, driver.Call{Tenant: fmt.Sprint("tenant ", (i+j)%7)})
				if err != nil || len(got) != len(first) {
					t.Errorf("traces of %d calls, %v", len(got), err)
				}
			}
		})
	}
	wg.Wait()
	if n := d.Stats().Instances; n < 1 || n > 3 {
		t.Errorf("%d instances, want 1 to 3", n)
	}
}

func TestInstancesThatNobodyNeedsAfterARushAreSmall(t *testing.T) {
	const rush = 24
	b := guest()
	f := b.hostCallImport()
	// Writes to its memory, and asks the host, where all calls of the rush meet.
	code := b.answering(i32Const(128), i32Const(7), ops(opI32Store, 2, 0), i32Const(0), i32Const(1), call(f), ops(opDrop), i64Const(0))
	d := newDriver(t, wasm.Config{})
	m, err := d.Load(context.Background(), code, driver.Limits{Budget: driver.Budget{Concurrency: rush}, Instances: rush})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var all, done sync.WaitGroup
		all.Add(rush)
		host := hostcall.HostFunc(func(context.Context, []byte) []byte { all.Done(); all.Wait(); return emptyResult })
		for range rush {
			done.Go(func() {
				if _, err := ask(m, driver.Call{Host: host}); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if n := d.Stats().Instances; n != rush {
			t.Fatalf("%d instances, want %d", n, rush)
		}
		// What counts is the image, and what the warm ones have for themselves.
		held := d.Stats().MemoryBytes - int64(wasm.Image(m).Size())
		if most := int64(wasm.WarmInstances * 4 * os.Getpagesize()); wasm.Image(m).Strategy() != snapshot.Copy && held > most {
			t.Errorf("idle instances hold %d bytes, want at most %d", held, most)
		}
	}
}

// rushed is a module that had so many calls at once.
func rushed(t *testing.T, d *wasm.Driver, rush int) driver.Module {
	t.Helper()
	b := guest()
	f := b.hostCallImport()
	code := b.answering(i32Const(0), i32Const(1), call(f), ops(opDrop), i64Const(0))
	m, err := d.Load(context.Background(), code, driver.Limits{Budget: driver.Budget{Concurrency: rush}, Instances: rush})
	if err != nil {
		t.Fatal(err)
	}
	var all, done sync.WaitGroup
	all.Add(rush)
	host := hostcall.HostFunc(func(context.Context, []byte) []byte {
		if o := m.(driver.Occupied).Occupancy(); o.Busy == 0 || o.MemoryBytes < int64(wasm.Image(m).Size()) { // this call at least
			t.Errorf("in the middle of the rush it says %+v", o)
		}
		all.Done()
		all.Wait()
		return emptyResult
	})
	for range rush {
		done.Go(func() {
			if _, err := ask(m, driver.Call{Host: host}); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	return m
}

func TestInstancesThatIdleForLongAreClosed(t *testing.T) {
	const rush = 12
	d := newDriver(t, wasm.Config{})
	m := rushed(t, d, rush)
	occupancy := func(idle int) {
		t.Helper()
		if o := m.(driver.Occupied).Occupancy(); o.Busy != 0 || o.Idle != idle || o.Waiting != 0 || d.Stats().Instances != int64(idle) {
			t.Errorf("it says %+v, and the driver %+v; want %d idle instances", o, d.Stats(), idle)
		}
	}
	for range wasm.IdleSweeps {
		wasm.Sweep(d)
	}
	occupancy(rush)
	host := hostcall.HostFunc(func(context.Context, []byte) []byte { return emptyResult })
	if _, err := ask(m, driver.Call{Host: host}); err != nil { // one of them is used again
		t.Fatal(err)
	}
	for range wasm.IdleSweeps {
		wasm.Sweep(d)
	}
	occupancy(1)
	for range 2 * wasm.IdleSweeps { // the last one stays
		wasm.Sweep(d)
	}
	occupancy(1)
	if _, err := ask(m, driver.Call{Host: host}); err != nil {
		t.Error(err)
	}
	if err := m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	wasm.Sweep(d)
	if o, s := m.(driver.Occupied).Occupancy(), d.Stats(); o != (driver.Occupancy{}) || s.Instances != 0 || s.MemoryBytes != 0 {
		t.Errorf("after its end it says %+v, and the driver %+v", o, s)
	}
}

func TestSweepsComeBesideCallsAndCloses(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	m := rushed(t, d, 4)
	stop := make(chan struct{})
	var sweeps, calls sync.WaitGroup
	sweeps.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				wasm.Sweep(d)
			}
		}
	})
	host := hostcall.HostFunc(func(context.Context, []byte) []byte { return emptyResult })
	for range 4 {
		calls.Go(func() {
			for range 200 {
				if _, err := ask(m, driver.Call{Host: host}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	calls.Wait()
	if err := m.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if s := d.Stats(); s.Instances != 0 || s.MemoryBytes != 0 {
		t.Errorf("after the end of the module the driver says %+v", s)
	}
	close(stop)
	sweeps.Wait()
}
