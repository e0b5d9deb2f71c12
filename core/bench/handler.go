package main

import (
	"context"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/bench/rounds"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/fuel"
)

// The cases of measureHandler.
const (
	casePlain      = "bare wazero"
	caseMetered    = "bare wazero, fuel counter"
	caseDeadline   = "bare wazero, WithCloseOnContextDone"
	caseEnginePage = "engine: pristine memory, fuel, pool"
)

// measureHandler does the same with a handler of ordinary size: it decodes a request and encodes a page, with the SDK.
func measureHandler(ctx context.Context, l *lab) error {
	code, err := l.guest("page")
	if err != nil {
		return err
	}
	in, err := message(pageRequest())
	if err != nil {
		return err
	}
	metered, _, err := fuel.Rewrite(code, fuel.Config{})
	if err != nil {
		return err
	}
	plain, err := openBare(ctx, code, wazero.NewRuntimeConfig())
	if err != nil {
		return err
	}
	defer plain.close()
	counted, err := openBare(ctx, metered, wazero.NewRuntimeConfig())
	if err != nil {
		return err
	}
	defer counted.close()
	stopped, err := openBare(ctx, code, wazero.NewRuntimeConfig().WithCloseOnContextDone(true))
	if err != nil {
		return err
	}
	defer stopped.close()
	i, err := openIsolated(ctx, code, driver.Limits{})
	if err != nil {
		return err
	}
	defer i.close()

	r, err := l.measure([]rounds.Case{
		plain.renewed(plain.kept(casePlain, in), in), counted.renewed(counted.kept(caseMetered, in), in),
		stopped.renewed(stopped.withDeadline(caseDeadline, in), in), i.calls(caseEnginePage, in),
	})
	if err != nil {
		return err
	}
	l.table("one call of an SDK handler, one caller", casePlain, r)
	if t := r.Time(casePlain); t < 10*time.Microsecond {
		l.note("the handler takes %v bare, less than the 10 µs of its goal", t)
	}
	l.figure("isolated_call_vs_bare_10us", r.Ratio(caseEnginePage, casePlain).Median)
	l.figure("fuel_vs_plain_handler", r.Ratio(caseMetered, casePlain).Median)
	l.figure("fuel_vs_close_on_done", r.Ratio(caseDeadline, caseMetered).Median)
	return nil
}
