package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/bench/rounds"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/fuel"
)

// The cases of measureHandler.
const (
	caseEnginePage = "engine: pristine memory, fuel, pool"
	casePlain      = "bare wazero"
	// With the collector of the guest off: in the engine it never comes to run, and it blurs what the code itself costs.
	caseHeld     = "bare wazero, guest's collector off"
	caseMetered  = "the same with the fuel counter"
	caseDeadline = "the same with WithCloseOnContextDone"
)

// handlerProcesses are as many that measure the handler. How fast a Go guest is in bare wazero depends on where its memory came to lie, on
// huge pages or small ones, and that stays so for the life of a process.
const handlerProcesses = 5

// measureHandler does the same with a handler of ordinary size: it decodes a request and encodes a page, with the SDK.
func measureHandler(ctx context.Context, l *lab) error {
	var values []float64
	for range handlerProcesses {
		v, err := l.child(ctx, "handler", strconv.Itoa(max(3, l.rounds/3)))
		if err != nil {
			return err
		}
		values = append(values, v...)
	}
	r, err := rounds.Collect([]string{casePlain, caseEnginePage, caseHeld, caseMetered, caseDeadline}, values)
	if err != nil {
		return err
	}
	l.table(fmt.Sprintf("one call of an SDK handler, one caller, %d processes", handlerProcesses), casePlain, r)
	if t := r.Time(casePlain); t < 10*time.Microsecond {
		l.note("the handler takes %v bare, less than the 10 µs of its goal", t)
	}
	l.figure("isolated_call_vs_bare_10us", r.Ratio(caseEnginePage, casePlain).Median)
	l.figure("fuel_vs_plain_handler", r.Ratio(caseMetered, caseHeld).Median)
	l.figure("fuel_vs_close_on_done", r.Ratio(caseDeadline, caseMetered).Median)
	return nil
}

// childHandler measures the handler for so many rounds.
func childHandler(ctx context.Context, l *lab, args []string) ([]float64, error) {
	var err error
	if l.rounds, err = strconv.Atoi(args[0]); err != nil {
		return nil, err
	}
	code, err := l.guest("page")
	if err != nil {
		return nil, err
	}
	in, err := message(pageRequest())
	if err != nil {
		return nil, err
	}
	r := pageRequest()
	r.Name = "hold"
	hold, err := message(r)
	if err != nil {
		return nil, err
	}
	metered, _, err := fuel.Rewrite(code, fuel.Config{})
	if err != nil {
		return nil, err
	}
	plain, err := openBare(ctx, code, wazero.NewRuntimeConfig())
	if err != nil {
		return nil, err
	}
	defer plain.close()
	held, err := openBare(ctx, code, wazero.NewRuntimeConfig())
	if err != nil {
		return nil, err
	}
	defer held.close()
	counted, err := openBare(ctx, metered, wazero.NewRuntimeConfig())
	if err != nil {
		return nil, err
	}
	defer counted.close()
	stopped, err := openBare(ctx, code, wazero.NewRuntimeConfig().WithCloseOnContextDone(true))
	if err != nil {
		return nil, err
	}
	defer stopped.close()
	i, err := openIsolated(ctx, code, driver.Limits{})
	if err != nil {
		return nil, err
	}
	defer i.close()
	result, err := l.measure([]rounds.Case{
		plain.renewed(plain.kept(casePlain, in), nil, in), i.calls(caseEnginePage, in), held.renewed(held.kept(caseHeld, in), hold, in),
		counted.renewed(counted.kept(caseMetered, in), hold, in), stopped.renewed(stopped.withDeadline(caseDeadline, in), hold, in),
	})
	if err != nil {
		return nil, err
	}
	return result.Values(), nil
}
