package driver_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
)

func wantCode(t *testing.T, err error, code sdk.Code, source sdk.Source) {
	t.Helper()
	e, isError := err.(*sdk.Error)
	if !isError || e.Code != code || e.Source != source {
		t.Errorf("got %v, want %s of the %s", err, code, source)
	}
}

func TestZeroLimitsMeanTheDefaults(t *testing.T) {
	l := driver.Limits{}.WithDefaults()
	if l.MemoryBytes != 64<<20 || l.Instances < 8 || l.Fuel != 1e12 || l.Concurrency < 2 || l.Queue != 64 || l.Timeout != 10*time.Second || l.Wait != 2*time.Second {
		t.Errorf("got %+v", l)
	}
	if again := l.WithDefaults(); again != l {
		t.Errorf("limits that are set were changed to %+v", again)
	}
}

func enter(t *testing.T, g *driver.Gate, tenant string) *driver.Turn {
	t.Helper()
	turn, err := g.Enter(context.Background(), driver.Call{Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

// queued waits until so many calls wait at a gate.
func queued(g *driver.Gate, n int) {
	for _, waiting := g.Calls(); waiting != n; _, waiting = g.Calls() {
		runtime.Gosched()
	}
}

func TestBudgetIsFilledAndNeverAboveTheModule(t *testing.T) {
	l := driver.Limits{Budget: driver.Budget{MemoryBytes: 1 << 20, Fuel: 7}, MaxMemoryBytes: 2 << 20}.WithDefaults()
	got := l.Bound(driver.Budget{MemoryBytes: 9 << 20, Timeout: time.Second})
	if got.MemoryBytes != 2<<20 || got.Fuel != 7 || got.Timeout != time.Second || got.Concurrency != l.Concurrency {
		t.Errorf("got %+v", got)
	}
}

func TestCallHasTheDeadlineOfItsBudget(t *testing.T) {
	g := driver.NewGate(driver.Limits{Budget: driver.Budget{Timeout: time.Hour}})
	turn, err := g.Enter(context.Background(), driver.Call{Class: driver.Step, Budget: driver.Budget{Timeout: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	defer turn.Leave()
	<-turn.Context().Done()
	stopped := turn.Stopped()
	wantCode(t, stopped, sdk.Deadline, sdk.FromPlugin)
	if limit := stopped.(*sdk.Error).Limit; limit != "step.timeoutMs" {
		t.Errorf("the error names the limit %q", limit)
	}
}

func TestCallersDeadlineIsNoLimitOfThePlugin(t *testing.T) {
	g := driver.NewGate(driver.Limits{})
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	turn, err := g.Enter(ctx, driver.Call{})
	if err != nil {
		t.Fatal(err)
	}
	defer turn.Leave()
	<-turn.Context().Done()
	stopped := turn.Stopped()
	wantCode(t, stopped, sdk.Deadline, sdk.FromPlugin)
	if limit := stopped.(*sdk.Error).Limit; limit != "" {
		t.Errorf("the error names the limit %q", limit)
	}
}

func TestLeavingEndsTheContextAndFreesThePlace(t *testing.T) {
	g := driver.NewGate(driver.Limits{Instances: 1, Wait: time.Millisecond})
	for range 3 {
		turn := enter(t, g, "a")
		if err := turn.Stopped(); err != nil {
			t.Errorf("inside: %v", err)
		}
		ctx := turn.Context()
		turn.Leave()
		if ctx.Err() == nil {
			t.Error("the call's context outlives the call")
		}
	}
}

func TestTenantHasNoMoreThanItsConcurrency(t *testing.T) {
	g := driver.NewGate(driver.Limits{Budget: driver.Budget{Concurrency: 2}, Instances: 8, Wait: time.Millisecond})
	first, second := enter(t, g, "a"), enter(t, g, "a")
	_, err := g.Enter(context.Background(), driver.Call{Tenant: "a"})
	wantCode(t, err, sdk.Exhausted, sdk.FromHost)
	if limit := err.(*sdk.Error).Limit; limit != "request.concurrency" {
		t.Errorf("the error names the limit %q", limit)
	}
	enter(t, g, "b").Leave() // another tenant has places of its own
	step, err := g.Enter(context.Background(), driver.Call{Tenant: "a", Class: driver.Step})
	if err != nil {
		t.Errorf("another class: %v", err)
	} else {
		step.Leave()
	}
	first.Leave()
	second.Leave()
	enter(t, g, "a").Leave()
}

func TestFullQueueRefusesAtOnce(t *testing.T) {
	g := driver.NewGate(driver.Limits{Instances: 1, Queue: 1, Wait: time.Hour})
	inside := enter(t, g, "a")
	waited := make(chan error, 1)
	go func() {
		turn, err := g.Enter(context.Background(), driver.Call{Tenant: "a"})
		if err == nil {
			turn.Leave()
		}
		waited <- err
	}()
	queued(g, 1)
	_, err := g.Enter(context.Background(), driver.Call{Tenant: "a"})
	wantCode(t, err, sdk.Exhausted, sdk.FromHost)
	inside.Leave()
	if err := <-waited; err != nil {
		t.Errorf("the call that waited: %v", err)
	}
}

func TestFloodOfOneTenantLetsOthersThrough(t *testing.T) {
	g := driver.NewGate(driver.Limits{Budget: driver.Budget{Concurrency: 100}, Instances: 1, Queue: 100, Wait: time.Hour})
	inside := enter(t, g, "flood")
	var mu sync.Mutex
	var order []string
	var wg sync.WaitGroup
	call := func(tenant string) {
		wg.Go(func() {
			turn, err := g.Enter(context.Background(), driver.Call{Tenant: tenant})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, tenant)
			mu.Unlock()
			turn.Leave()
		})
	}
	for i := range 50 {
		call("flood")
		queued(g, i+1)
	}
	for i := range 5 {
		call(fmt.Sprintf("small %d", i))
		queued(g, 51+i)
	}
	inside.Leave()
	wg.Wait()
	for i, tenant := range order {
		if tenant != "flood" && i > 6 {
			t.Errorf("%s came in at place %d, behind the flood: %v", tenant, i, order)
		}
	}
}

func TestWaitingEndsWithTheContextOrWithClose(t *testing.T) {
	g := driver.NewGate(driver.Limits{Instances: 1, Wait: time.Hour})
	inside := enter(t, g, "a")
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := g.Enter(ctx, driver.Call{})
	wantCode(t, err, sdk.Canceled, sdk.FromHost)

	waiting := make(chan error, 1)
	go func() {
		_, err := g.Enter(context.Background(), driver.Call{})
		waiting <- err
	}()
	queued(g, 1)
	closed := make(chan error, 1)
	go func() { closed <- g.Close(context.Background()) }()
	wantCode(t, <-waiting, sdk.Unavailable, sdk.FromHost)
	inside.Leave()
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestCloseGivesUpOnACallThatDoesNotEnd(t *testing.T) {
	g := driver.NewGate(driver.Limits{})
	inside := enter(t, g, "a")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	wantCode(t, inside.Stopped(), sdk.Unavailable, sdk.FromHost)
	<-inside.Context().Done()
	inside.Leave()
	if err := g.Close(context.Background()); err != nil {
		t.Errorf("the second close: %v", err)
	}
}

func TestGateUnderManyTenantsAtOnceKeepsItsBounds(t *testing.T) {
	const places, each = 3, 2
	g := driver.NewGate(driver.Limits{Budget: driver.Budget{Concurrency: each}, Instances: places, Queue: 1000, Wait: time.Hour})
	var mu sync.Mutex
	inside := map[string]int{}
	var wg sync.WaitGroup
	for i := range 200 {
		tenant := fmt.Sprint(i % 5)
		wg.Go(func() {
			turn, err := g.Enter(context.Background(), driver.Call{Tenant: tenant})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			inside[tenant]++
			inside["all"]++
			if inside[tenant] > each || inside["all"] > places {
				t.Errorf("%d of one tenant and %d in all are inside", inside[tenant], inside["all"])
			}
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			inside[tenant]--
			inside["all"]--
			mu.Unlock()
			turn.Leave()
		})
	}
	wg.Wait()
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func BenchmarkGate(b *testing.B) {
	g := driver.NewGate(driver.Limits{})
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		turn, err := g.Enter(ctx, driver.Call{Tenant: "a"})
		if err != nil {
			b.Fatal(err)
		}
		turn.Leave()
	}
}
