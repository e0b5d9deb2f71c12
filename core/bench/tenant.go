package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/bench/rounds"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

// measureTenant measures the first response for tenants that the engine has never seen: from an instance that idles, and where all
// are busy and one has to be made.
func measureTenant(ctx context.Context, l *lab) error {
	code, err := l.guest("page")
	if err != nil {
		return err
	}
	entered, release := make(chan struct{}), make(chan struct{})
	e, end, err := openEngine(ctx, code, core.Policy{Instances: 2 * l.rounds}, func(ctx context.Context) {
		entered <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
	}, nil)
	if err != nil {
		return err
	}
	defer end()
	first := func(tenant string) (float64, error) {
		r := pageRequest()
		start := time.Now()
		err := view(ctx, e, tenant, r)
		return ms(time.Since(start)), err
	}
	var pooled, made []float64
	for i := range l.rounds {
		took, err := first(fmt.Sprintf("pooled-%d", i))
		if err != nil {
			return err
		}
		pooled = append(pooled, took)
	}
	var busy sync.WaitGroup
	defer busy.Wait()
	defer close(release)
	for i := range l.rounds { // each takes the instance that was made for the one before
		hold := pageRequest()
		hold.Name = "ask"
		busy.Go(func() { _ = view(ctx, e, fmt.Sprintf("busy-%d", i), hold) }) // one that fails does not enter
		select {
		case <-entered:
		case <-time.After(10 * time.Second):
			return fmt.Errorf("the call that keeps an instance busy did not begin")
		}
		took, err := first(fmt.Sprintf("made-%d", i))
		if err != nil {
			return err
		}
		made = append(made, took)
	}
	fmt.Fprintf(l.out, "\nfirst response for a new tenant, through core.Engine\n")
	for _, row := range []struct {
		name   string
		values []float64
		figure string
	}{
		{"an instance idles", pooled, "new_tenant_first_response_ms"},
		{"all are busy, one more is made", made, "new_tenant_new_instance_ms"},
	} {
		s := rounds.Of(row.values)
		l.note("%-52s %9.3f ms             %s ms", row.name, s.Median, s)
		l.figure(row.figure, s.Median)
	}
	return nil
}

// measureRestart measures what a plugin's first caller waits for after a restart: in a new process, on a cache that an earlier one has
// filled.
func measureRestart(ctx context.Context, l *lab) error {
	cache, err := os.MkdirTemp("", "pergola-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache) //nolint:errcheck // what stays there is in the system's folder for that
	cold, err := l.child(ctx, "restart", cache)
	if err != nil {
		return err
	}
	var warm, load []float64
	for range l.rounds {
		v, err := l.child(ctx, "restart", cache)
		if err != nil {
			return err
		}
		load, warm = append(load, v[0]), append(warm, v[1])
	}
	fmt.Fprintf(l.out, "\nfirst response of examples/hello in a new process\n")
	l.note("%-52s %9.3g ms", "nothing cached", cold[1])
	s := rounds.Of(warm)
	l.note("%-52s %9.3g ms             %s ms", "code cached on disk", s.Median, s)
	l.note("%-52s %9.3g ms", "of that until it is loaded", rounds.Of(load).Median)
	l.figure("restart_first_response_ms", s.Median)
	return nil
}

// childRestart loads a plugin and calls it once, on the cache in args[0]. It returns the milliseconds until it was loaded, and until
// it had answered.
func childRestart(ctx context.Context, l *lab, args []string) ([]float64, error) {
	r := pageRequest()
	r.Name = "panel"
	in, err := message(r)
	if err != nil {
		return nil, err
	}
	nobody := hostcall.HostFunc(func(context.Context, []byte) []byte { return driver.Refuse(sdk.NotFound, "there is no such issue") })

	start := time.Now()
	code, err := os.ReadFile(filepath.Join(l.guests, "hello.wasm"))
	if err != nil {
		return nil, err
	}
	d, err := wasm.New(wasm.Config{CacheDir: args[0], Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	m, err := d.Load(ctx, code, driver.Limits{})
	if err != nil {
		return nil, err
	}
	loaded := time.Since(start)
	if _, err := m.Call(ctx, driver.Call{Message: in, Tenant: "tenant", Host: nobody}); err != nil {
		return nil, err
	}
	return []float64{ms(loaded), ms(time.Since(start))}, d.Close(ctx)
}
