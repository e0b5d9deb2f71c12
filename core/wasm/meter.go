package wasm

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/fuel"
	"github.com/pergola-platform/pergola/sdk"
)

// slice is the fuel between two ticks, in units. It bounds how long a guest's native code runs without a point where Go's
// garbage collector can stop it: well below a millisecond. RATIONALE.md has the figures.
const slice = 1_000_000

// meter puts the fuel counter into a module and notes in c what is known of the code that runs.
func (d *Driver) meter(code []byte, c *compiled) ([]byte, error) {
	metered, err := d.rewrite(code, c.sum)
	switch {
	case errors.Is(err, fuel.ErrUnsupported) && d.config.AllowUnmetered:
		c.facts = driver.Facts{Memory: driver.FreshMemory, Metering: driver.DeadlineMetering, Note: "it runs without a fuel counter, " +
			"several times slower, with a new instance for each call: " + err.Error()}
		return withoutCustomSections(code), nil
	case errors.Is(err, fuel.ErrUnsupported):
		return nil, fmt.Errorf("%w. Build without that feature; or the operator allows code without a fuel counter, see engine.allow_unmetered", err)
	case err != nil:
		return nil, err
	case metered.info.WritesTables:
		return nil, errors.New("its code changes a table (table.set, table.copy, table.init, table.grow or table.fill), which cannot be undone after a call: " +
			"build without that, C and Rust with -mno-reference-types and without dynamic linking")
	case metered.info.DropsSegments:
		return nil, errors.New("its code drops a segment (data.drop or elem.drop), which cannot be undone after a call: build without threads and shared memory")
	}
	for _, g := range metered.info.Globals {
		if g.Type == valueTypeV128 {
			return nil, fmt.Errorf("its global %d is a vector that changes, which cannot be restored after a call: keep it in memory", g.Index)
		}
		c.globals = append(c.globals, g.Name)
	}
	c.facts = driver.Facts{Memory: driver.PristineMemory, Metering: driver.FuelMetering, Digest: hex.EncodeToString(metered.digest[:])}
	return metered.code, nil
}

const valueTypeV128 = 0x7b

// tank is the fuel of one call. The guest counts down what its counter holds and calls tick when that is used up.
type tank struct {
	counter api.MutableGlobal // nil in code without a fuel counter
	budget  int64
	given   int64 // to the guest so far
}

func (t *tank) fill(budget int64) {
	if t.counter == nil {
		return
	}
	t.budget, t.given = budget, min(slice, budget)
	t.counter.Set(uint64(t.given))
}

// used is what the guest has paid.
func (t *tank) used() int64 {
	if t.counter == nil {
		return 0
	}
	return t.given - int64(t.counter.Get())
}

// refill returns what the counter holds next, and whether the budget has something left. left is below zero where something
// that takes long was paid for.
func (t *tank) refill(left int64) (int64, bool) {
	more := min(max(slice, slice-left), t.budget-t.given)
	t.given += more
	return left + more, more > 0 && left+more >= 0
}

// spend tells the quota what the call used since the last time.
func (in *instance) spend() error {
	if in.quota == nil {
		return nil
	}
	used := in.tank.used()
	units := used - in.spent
	in.spent = used
	return in.quota.Spend(units)
}

// stop is the error with which a host function ends a guest that has to stop. It leaves through a panic, which is how a wazero
// host function stops a guest.
type stop struct{ err error }

func (s stop) Error() string { return s.err.Error() }
func (s stop) Unwrap() error { return s.err }

// tick is what a guest calls when its counter is below zero: it ends the call or gives the next slice of the budget.
func tick(_ context.Context, in *instance, _ api.Memory, stack []uint64) {
	if err := in.bounds.Stopped(); err != nil {
		panic(stop{err})
	}
	if err := in.spend(); err != nil {
		panic(stop{err})
	}
	next, ok := in.tank.refill(int64(stack[0]))
	if !ok {
		panic(stop{driver.Exceeded(sdk.Exhausted, sdk.FromPlugin, in.class, driver.LimitFuel, fmt.Sprintf(
			"the plugin computed for more than the %d units of fuel that it may use; ask for less at a time", in.tank.budget))})
	}
	in.standBack()
	stack[0] = uint64(next)
}
