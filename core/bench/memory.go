package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/bench/proc"
	"github.com/pergola-platform/pergola/core/bench/rounds"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

const (
	idleInstances = 100
	tenantCalls   = 20_000 // in all, however many tenants make them
)

// measureMemory measures what an idle instance has for itself, and what more tenants cost.
func measureMemory(ctx context.Context, l *lab) error {
	var total, linear []float64
	var few, many, ratio []float64
	for range max(3, l.rounds/5) { // each takes seconds, and they differ little
		v, err := l.child(ctx, "idle", strconv.Itoa(idleInstances))
		if err != nil {
			return err
		}
		total, linear = append(total, v[0]), append(linear, v[1])
		a, err := l.child(ctx, "tenants", "10")
		if err != nil {
			return err
		}
		b, err := l.child(ctx, "tenants", "1000")
		if err != nil {
			return err
		}
		few, many, ratio = append(few, a[0]), append(many, b[0]), append(ratio, b[0]/a[0])
	}
	fmt.Fprintf(l.out, "\nmemory\n")
	s := rounds.Of(total)
	l.note("%-52s %9.4g KiB            %s KiB", fmt.Sprintf("one of %d idle instances, PSS", idleInstances), s.Median, s)
	l.note("%-52s %9.4g KiB", "of that its linear memory", rounds.Of(linear).Median)
	l.note("%-52s %9.4g MiB", fmt.Sprintf("RSS after %d calls of 10 tenants", tenantCalls), rounds.Of(few).Median/1024)
	l.note("%-52s %9.4g MiB", fmt.Sprintf("RSS after %d calls of 1000 tenants", tenantCalls), rounds.Of(many).Median/1024)
	l.figure("idle_instance_private_kib", s.Median)
	l.figure("memory_1000_vs_10_tenants", rounds.Of(ratio).Median)
	return nil
}

// childIdle makes as many instances as args[0] says and has each of them serve calls. It returns what the process has more than with one
// of them, for each in KiB: in all, and of linear memory.
func childIdle(ctx context.Context, l *lab, args []string) ([]float64, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, err
	}
	code, err := l.guest("page")
	if err != nil {
		return nil, err
	}
	i, err := openIsolated(ctx, code, driver.Limits{Instances: n, Budget: driver.Budget{Concurrency: n}})
	if err != nil {
		return nil, err
	}
	defer i.close()
	r := pageRequest()
	r.Name = "ask"
	in, err := message(r)
	if err != nil {
		return nil, err
	}
	if err := together(ctx, i, in, 1); err != nil {
		return nil, err
	}
	before, err := settled()
	if err != nil {
		return nil, err
	}
	for range 3 {
		if err := together(ctx, i, in, n); err != nil {
			return nil, err
		}
	}
	if got := i.driver.Stats().Instances; got != int64(n) {
		return nil, fmt.Errorf("there are %d instances, not %d", got, n)
	}
	after, err := settled()
	if err != nil {
		return nil, err
	}
	each := func(before, after int) float64 { return float64(after-before) / float64(n-1) }
	return []float64{each(before.All, after.All), each(before.Linear, after.Linear)}, nil
}

// together makes n calls that are all inside the guest at the same moment, so that each needs an instance of its own.
func together(ctx context.Context, m driver.Module, in []byte, n int) error {
	var inside, calls sync.WaitGroup
	inside.Add(n)
	errs := make([]error, n)
	for i := range n {
		calls.Go(func() {
			met := sync.OnceFunc(inside.Done)
			defer met() // one that failed keeps nobody waiting
			_, errs[i] = m.Call(ctx, driver.Call{Message: in, Tenant: "tenant", Host: hostcall.HostFunc(func(context.Context, []byte) []byte {
				met()
				inside.Wait()
				return driver.Refuse(sdk.NotFound, "nothing was asked")
			})})
		})
	}
	calls.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// settled is what the process has when the garbage is gone.
func settled() (proc.Memory, error) {
	for range 2 { // the second one frees what finalizers let go of
		runtime.GC()
		debug.FreeOSMemory()
	}
	return proc.Proportional()
}

// childTenants serves tenantCalls calls of as many tenants as args[0] says, and returns the resident memory of the process in KiB. Nothing
// is collected before: it is what an operator sees.
func childTenants(ctx context.Context, l *lab, args []string) ([]float64, error) {
	tenants, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, err
	}
	code, err := l.guest("page")
	if err != nil {
		return nil, err
	}
	e, end, err := openEngine(ctx, code, core.Policy{}, nil, nil)
	if err != nil {
		return nil, err
	}
	defer end()
	workers := 4 * runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < tenantCalls && errs[w] == nil; i += workers {
				errs[w] = view(ctx, e, fmt.Sprintf("tenant-%d", i%tenants), pageRequest())
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	kib, err := proc.ResidentKiB()
	return []float64{float64(kib)}, err
}
