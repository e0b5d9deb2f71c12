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
	e, end, err := openEngine(ctx, code, core.Policy{}, nil)
	if err != nil {
		return err
	}
	defer end()
	if err := measureNeighbours(ctx, l, e); err != nil {
		return err
	}
	return measureCollector(ctx, l, e)
}

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
		_, err := i.Call(ctx, driver.Call{Message: in, Tenant: "spinner"})
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
				_ = view(ctx, e, "spinner", &sdk.Request{Name: "spin"}) // it always fails
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

	spins := []int{0, 1, tenantSpins}
	p50, p99 := map[int][]float64{}, map[int][]float64{}
	for range l.rounds {
		for _, n := range spins {
			stop := spinning(ctx, e, n)
			v, err := l.child(ctx, "load", socket)
			stop()
			if err != nil {
				return err
			}
			p50[n], p99[n] = append(p50[n], v[0]), append(p99[n], v[1])
		}
	}
	for _, n := range spins {
		ratios := make([]float64, l.rounds)
		for i := range ratios {
			ratios[i] = p99[n][i] / p99[0][i]
		}
		s := rounds.Of(ratios)
		l.note("%-52s %9.3g ms %9.3g   %s   (p50 %.3g ms)", fmt.Sprintf("p99 of other tenants beside %d spinning calls", n),
			rounds.Of(p99[n]).Median, s.Median, s, rounds.Of(p50[n]).Median)
		if n == 1 {
			l.figure("p99_beside_spinner_ratio", s.Median)
		}
	}
	return nil
}

// measureCollector measures how long Go's garbage collector waits for all goroutines to stop, beside a tenant that spins.
func measureCollector(ctx context.Context, l *lab, e *core.Engine) error {
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
	return nil
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
