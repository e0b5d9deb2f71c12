package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/bench/rounds"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
)

// measureSpin measures what a guest does to others that loops for ever.
func measureSpin(ctx context.Context, l *lab) error {
	code, err := l.guest("page")
	if err != nil {
		return err
	}
	fmt.Fprintf(l.out, "\na guest that spins\n")
	if err := measureOverrun(ctx, l, code); err != nil {
		return err
	}
	var spent spinnerFuel
	e, end, err := openEngine(ctx, code, core.Policy{}, nil, &spent)
	if err != nil {
		return err
	}
	defer end()
	start := time.Now()
	if err := measureNeighbours(ctx, l, e); err != nil {
		return err
	}
	measureCollector(ctx, l, e)
	// A spinner that does not get to compute disturbs nobody, and says nothing of those who do.
	if each := float64(spent.Load()) / time.Since(start).Seconds(); each < 100e6 {
		return fmt.Errorf("the tenant that was to spin used %.3g units of fuel a second: it hardly ran", each)
	}
	return nil
}

// spinnerFuel is an observer that adds up what the tenant used that spins.
type spinnerFuel struct{ atomic.Int64 }

// PluginCall implements core.Observer.
func (s *spinnerFuel) PluginCall(_ context.Context, o core.Observation) {
	if o.Tenant == spinner {
		s.Add(o.Usage.Fuel)
	}
}

// spinner is the tenant that spins.
const spinner = "spinner"

// measureOverrun measures how long after its deadline a spinning call returns.
func measureOverrun(ctx context.Context, l *lab, code []byte) error {
	const timeout = 50 * time.Millisecond
	i, err := openIsolated(ctx, code, driver.Limits{Budget: driver.Budget{Timeout: timeout, Fuel: math.MaxInt64}})
	if err != nil {
		return err
	}
	defer i.close()
	in, err := message(&sdk.Request{Name: "spin"})
	if err != nil {
		return err
	}
	var late []float64
	for range 3 * l.rounds {
		start := time.Now()
		_, err := i.Call(ctx, driver.Call{Message: in, Tenant: spinner})
		took := time.Since(start)
		var stopped *sdk.Error
		if !errors.As(err, &stopped) || stopped.Code != sdk.Deadline {
			return fmt.Errorf("a guest that spins was to be stopped at its deadline, and ended with %w", err)
		}
		late = append(late, ms(took-timeout))
	}
	s, most := rounds.Of(late), rounds.Quantile(late, 1)
	l.note("%-52s %9.3g ms             %s ms, at most %.3g ms", "returns after its deadline by", s.Median, s, most)
	l.figure("spin_stop_overrun_ms", s.Median)
	l.figure("spin_stop_overrun_max_ms", most)
	return nil
}

// spinning has one tenant spin in so many calls at a time until what it returns is called.
func spinning(ctx context.Context, e *core.Engine, calls int) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			for ctx.Err() == nil { // each is stopped when its fuel is used up
				_ = view(ctx, e, spinner, &sdk.Request{Name: "spin"}) // it always fails
			}
		})
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// tenantSpins is how many calls a tenant may have at the same time that asks for nothing more.
const tenantSpins = 4

// measureNeighbours measures the same paced load of other tenants with and without a tenant that spins. The load comes from a
// process of its own, over a socket: as requests do, and so that its clock is not the one that is disturbed.
func measureNeighbours(ctx context.Context, l *lab, e *core.Engine) error {
	dir, err := os.MkdirTemp("", "pergola-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what stays there is in the system's folder for that
	socket := filepath.Join(dir, "load")
	end, err := serveLoad(ctx, socket, e)
	if err != nil {
		return err
	}
	defer end()

	beside := []struct {
		name  string
		start func() (stop func(), err error)
	}{
		{"nothing", func() (func(), error) { return func() {}, nil }},
		{"a process that takes a CPU, for comparison", func() (func(), error) { return l.burn(ctx) }},
		{"1 spinning call", func() (func(), error) { return spinning(ctx, e, 1), nil }},
		{fmt.Sprintf("%d spinning calls of one tenant", tenantSpins), func() (func(), error) { return spinning(ctx, e, tenantSpins), nil }},
	}
	p50, p99 := make([][]float64, len(beside)), make([][]float64, len(beside))
	for range l.rounds {
		for i, b := range beside {
			stop, err := b.start()
			if err != nil {
				return err
			}
			v, err := l.child(ctx, "load", socket)
			stop()
			if err != nil {
				return err
			}
			p50[i], p99[i] = append(p50[i], v[0]), append(p99[i], v[1])
		}
	}
	for i, b := range beside {
		ratios := make([]float64, l.rounds)
		for round := range ratios {
			ratios[round] = p99[i][round] / p99[0][round]
		}
		s := rounds.Of(ratios)
		l.note("p99 beside %-41s %9.3g ms %9.3g   %s   (p50 %.3g ms)", b.name, rounds.Of(p99[i]).Median, s.Median, s, rounds.Of(p50[i]).Median)
		if i == besideOne {
			l.figure("p99_beside_spinner_ratio", s.Median)
		}
	}
	return nil
}

// besideOne is the case of measureNeighbours that the figure is about.
const besideOne = 2

// measureCollector measures how long Go's garbage collector waits for all goroutines to stop, beside a tenant that spins.
func measureCollector(ctx context.Context, l *lab, e *core.Engine) {
	for _, n := range []int{0, 1} {
		stop := spinning(ctx, e, n)
		before := stoppingTimes()
		for range 10 * l.rounds {
			runtime.GC()
		}
		after := stoppingTimes()
		stop()
		p50, p99 := quantile(before, after, 0.5), quantile(before, after, 0.99)
		l.note("%-52s %9.3g ms             p99 %.3g ms", fmt.Sprintf("the collector waits for all to stop, beside %d", n), p50*1e3, p99*1e3)
		if n == 1 {
			l.figure("gc_stop_p50_ms_beside_spinner", p50*1e3)
		}
	}
}

// stoppingTimes is the histogram of how long the world took to stop for the collector, so far.
func stoppingTimes() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64Histogram()
}

// quantile is that of what came between two readings of a histogram: the upper end of its bucket.
func quantile(before, after *metrics.Float64Histogram, q float64) float64 {
	var total, sum uint64
	counts := make([]uint64, len(after.Counts))
	for i := range counts {
		counts[i] = after.Counts[i] - before.Counts[i]
		total += counts[i]
	}
	for i, n := range counts {
		if sum += n; n > 0 && float64(sum) >= q*float64(total) {
			return after.Buckets[i+1]
		}
	}
	return 0
}
