package wasm_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/snapshot"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// eachStrategy runs a test with every way to restore memory that this system offers. In CI all of them have to be there.
func eachStrategy(t *testing.T, test func(t *testing.T, d *wasm.Driver)) {
	for _, s := range []snapshot.Strategy{snapshot.PagemapScan, snapshot.Pagemap, snapshot.Copy} {
		t.Run(string(s), func(t *testing.T) {
			image, err := snapshot.TakeAs(s, make([]byte, snapshot.PageSize))
			if errors.Is(err, errors.ErrUnsupported) && (os.Getenv("CI") != "true" || runtime.GOOS != "linux") {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := image.Close(); err != nil {
				t.Fatal(err)
			}
			test(t, newDriver(t, wasm.Config{CacheDir: cacheDir, Strategy: s}))
		})
	}
}

// TestHostileScribblesAreGoneAfterTheCall has somebody write anywhere into the memory of a Go guest while it makes a host call, and
// compares every byte afterwards.
func TestHostileScribblesAreGoneAfterTheCall(t *testing.T) {
	eachStrategy(t, func(t *testing.T, d *wasm.Driver) {
		m, err := d.Load(context.Background(), drivertest.Guest(t), driver.Limits{Instances: 1})
		if err != nil {
			t.Fatal(err)
		}
		pristine := bytes.Clone(wasm.IdleMemory(m))
		message := drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Ask, Params: map[string]string{"op": "x"}})
		source := rand.New(rand.NewPCG(1, 2))
		kept := 0
		for round := range 200 {
			memory := wasm.IdleMemory(m) // of the instance that the call will have
			host := hostcall.HostFunc(func(context.Context, []byte) []byte {
				for range source.IntN(400) {
					memory[source.IntN(len(memory))] ^= byte(1 + source.IntN(255))
				}
				return driver.Refuse(sdk.NotFound, "no such thing")
			})
			if _, err := ask(m, driver.Call{Message: message, Host: host}); err == nil {
				kept++ // the guest survived, and its instance is used again
			}
			if _, err := ask(m, driver.Call{Message: drivertest.Message(t, wire.OpDescribe, nil)}); err != nil {
				t.Fatalf("round %d: the next call: %v", round, err)
			}
			if at := firstDifference(pristine, wasm.IdleMemory(m)); at >= 0 {
				t.Fatalf("round %d: byte %d of %d is not as it was", round, at, len(pristine))
			}
		}
		if kept == 0 {
			t.Error("no guest survived; the test shows nothing")
		}
	})
}

func firstDifference(a, b []byte) int {
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

func TestSuiteWithEachStrategy(t *testing.T) {
	if testing.Short() {
		t.Skip("the suite runs three times")
	}
	for _, s := range []snapshot.Strategy{snapshot.Pagemap, snapshot.Copy} { // the best one runs in TestDriverPassesTheSuite
		t.Run(string(s), func(t *testing.T) {
			open := func(t testing.TB) driver.Driver { return newDriver(t, wasm.Config{CacheDir: cacheDir, Strategy: s}) }
			drivertest.Run(t, drivertest.Subject{Open: open, Code: drivertest.Guest(t)})
		})
	}
}

func TestNothingLeaksInManyCallsAndReloads(t *testing.T) {
	d := newDriver(t, wasm.Config{})
	code := counting()
	keep, err := d.Load(context.Background(), code, driver.Limits{Instances: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(keep, driver.Call{}); err != nil {
		t.Fatal(err)
	}
	before := resources(t)
	for range 100_000 {
		if _, err := ask(keep, driver.Call{Tenant: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		b := guest()
		b.put(64, []byte{byte(i), byte(i >> 8)}) // each is another module
		m, err := d.Load(context.Background(), b.answering(ops(opLocalGet, 0, opI64Extend)), driver.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ask(m, driver.Call{}); err != nil {
			t.Fatal(err)
		}
		if err := m.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	after := resources(t)
	for what, n := range after {
		if n > before[what]+8 {
			t.Errorf("%s: %d before, %d after", what, before[what], n)
		}
	}
	if s := d.Stats(); s.Resident != 1 || s.Instances != 1 {
		t.Errorf("what is left: %+v", s)
	}
}

// resources counts what the garbage collector does not free.
func resources(t *testing.T) map[string]int {
	runtime.GC()
	out := map[string]int{"goroutines": runtime.NumGoroutine()}
	if runtime.GOOS != "linux" {
		return out
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	out["mappings of images"] = strings.Count(string(maps), "pergola-snapshot")
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	out["descriptors"] = len(files)
	return out
}

func TestGuestComputesNoMoreThanItsFuel(t *testing.T) {
	spinning := guest().answering(onlyIn(1, ops(opLoop, blockVoid, opBr, 0, opEnd)), i64Const(0))
	m := load(t, spinning, driver.Limits{})
	result, err := m.Call(context.Background(), driver.Call{Message: []byte{0xc0}, Class: driver.Step, Budget: driver.Budget{Fuel: 3_000_000}})
	e, isError := err.(*sdk.Error)
	if !isError || e.Code != sdk.Exhausted || e.Source != sdk.FromPlugin || e.Limit != "step.fuel" || !strings.Contains(e.Message, "3000000") {
		t.Errorf("got %v", err)
	}
	// What was paid is at most the budget and the payment that it could not meet.
	if used := result.Usage.Fuel; used < 3_000_000 || used > 3_000_000+1024 {
		t.Errorf("used %d of 3000000 units", used)
	}
	for range 2 {
		result, err = m.Call(context.Background(), driver.Call{Message: []byte("two")})
		if err != nil || result.Usage.Fuel <= 0 || result.Usage.Fuel > 100 || result.Usage.MemoryBytes != 64<<10 {
			t.Errorf("a short call: used %+v, %v", result.Usage, err)
		}
	}
}

func TestFillingMemoryCostsFuel(t *testing.T) {
	// memory.fill of a page, a thousand times.
	body := cat(i32Const(0), i32Const(1), i32Const(64<<10), ops(0xfc, 11, 0))
	m := load(t, guest().answering(onlyIn(1, bytes.Repeat(body, 1000)), i64Const(0)), driver.Limits{})
	result, err := m.Call(context.Background(), driver.Call{Message: []byte{0xc0}})
	if err != nil || result.Usage.Fuel < 1000*1024 {
		t.Errorf("used %d units, %v; want one for each 64 bytes", result.Usage.Fuel, err)
	}
}

func TestMemoryBudgetHoldsForAllModulesTogether(t *testing.T) {
	growing := guest().answering(onlyIn(1, i32Const(100), ops(opMemoryGrow, 0, opDrop), i32Const(-8), ops(opI32Load, 2, 0, opDrop)), i64Const(0))
	d := newDriver(t, wasm.Config{MemoryBudget: 4 << 20})
	m, err := d.Load(context.Background(), growing, driver.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ask(m, driver.Call{})
	e, isError := err.(*sdk.Error)
	if !isError || e.Code != sdk.Exhausted || e.Source != sdk.FromHost || e.Limit != "host.memory" || !strings.Contains(e.Message, "4 MiB") || !strings.Contains(e.Message, "engine.memory_budget_mib") {
		t.Errorf("got %v", err)
	}
	if _, err := ask(m, driver.Call{Message: []byte("two")}); err != nil {
		t.Errorf("a call that needs little: %v", err)
	}
	if _, err := d.Load(context.Background(), drivertest.Guest(t), driver.Limits{}); err == nil || !strings.Contains(err.Error(), "engine.memory_budget_mib") {
		t.Errorf("a module that needs more than is left: %v", err)
	}
	if err := m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := d.Stats().MemoryBytes; n != 0 {
		t.Errorf("%d bytes of the budget are still held", n)
	}
}

func TestCodeWithoutFuelCounterRunsOnlyWhereTheOperatorAllowsIt(t *testing.T) {
	throwing := func() *moduleBuilder { // a tag is of exception handling, which the fuel counter does not know
		b := guest()
		b.tags = append(b.tags, cat(ops(0), b.typeIndex(nil, nil)))
		b.global()
		return b
	}
	spin := onlyIn(2, ops(opLoop, blockVoid, opBr, 0, opEnd))
	count := cat(ops(opGlobalGet, 0, opI64Extend), ops(opGlobalGet, 0), i32Const(1), ops(opI32Add, opGlobalSet, 0))
	code := throwing().answering(spin, count)
	_, err := newDriver(t, wasm.Config{}).Load(context.Background(), code, driver.Limits{})
	if err == nil || !strings.Contains(err.Error(), "exception handling") || !strings.Contains(err.Error(), "engine.allow_unmetered") {
		t.Fatalf("got %v", err)
	}

	d := newDriver(t, wasm.Config{AllowUnmetered: true})
	m, err := d.Load(context.Background(), code, driver.Limits{Budget: driver.Budget{Timeout: 500 * time.Millisecond}}) // a machine that does much else begins a call late
	if err != nil {
		t.Fatal(err)
	}
	facts := m.Facts()
	if facts.Metering != driver.DeadlineMetering || facts.Memory != driver.FreshMemory || !strings.Contains(facts.Note, "without a fuel counter") {
		t.Errorf("facts: %+v", facts)
	}
	for range 3 { // each call has an instance of its own
		if got, err := ask(m, driver.Call{}); err != nil || len(got) != 0 {
			t.Errorf("a call found the traces of %d others, %v", len(got), err)
		}
	}
	if _, err := ask(m, driver.Call{Message: []byte("22")}); sdk.CodeOf(err) != sdk.Deadline {
		t.Errorf("a call that spins: %v", err)
	}
	if s := d.Stats(); s.Instances != 0 || s.MemoryBytes != 0 {
		t.Errorf("left: %+v", s)
	}
}

func TestRestartTakesTheMeteredModuleFromTheCache(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	code := counting()
	start := func() (facts driver.Facts) {
		d, err := wasm.New(wasm.Config{CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close(context.Background()) }()
		m, err := d.Load(context.Background(), code, driver.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ask(m, driver.Call{}); err != nil {
			t.Fatal(err)
		}
		return m.Facts()
	}
	first := start()
	files, err := filepath.Glob(filepath.Join(dir, "metered-*", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files in the cache: %v, %v", files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if second := start(); second != first {
		t.Errorf("facts became %+v", second)
	}
	if again, err := os.Stat(files[0]); err != nil || !again.ModTime().Equal(info.ModTime()) {
		t.Errorf("the file was written again: %v", err)
	}
	// A damaged file is made anew.
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(files[0], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if third := start(); third != first {
		t.Errorf("after damage the facts are %+v", third)
	}
	if mended, err := os.ReadFile(files[0]); err != nil || mended[len(mended)-1] == raw[len(raw)-1] {
		t.Errorf("the damaged file is still there: %v", err)
	}
}

// purse is a quota of so many units.
type purse struct{ left int64 }

func (p *purse) Spend(units int64) error {
	if p.left -= units; p.left > 0 {
		return nil
	}
	return &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Limit: "tenant.fuel", Message: "nothing is left"}
}

func TestQuotaStopsACallInItsMiddleAndKnowsAllThatWasUsed(t *testing.T) {
	m := load(t, guest().answering(onlyIn(1, ops(opLoop, blockVoid, opBr, 0, opEnd)), i64Const(0)), driver.Limits{})
	p := &purse{left: 10_000_000}
	result, err := m.Call(context.Background(), driver.Call{Message: []byte{0xc0}, Quota: p})
	if e, isError := err.(*sdk.Error); !isError || e.Limit != "tenant.fuel" || e.Source != sdk.FromHost {
		t.Errorf("got %v", err)
	}
	if spent := 10_000_000 - p.left; spent != result.Usage.Fuel || spent < 10_000_000 || spent > 12_000_000 {
		t.Errorf("the quota knows of %d units, and the call used %d", spent, result.Usage.Fuel)
	}
	p.left = 1000
	result, err = m.Call(context.Background(), driver.Call{Message: []byte("two"), Quota: p})
	if err != nil || 1000-p.left != result.Usage.Fuel {
		t.Errorf("a short call: %v, the quota has %d left of 1000, and %d were used", err, p.left, result.Usage.Fuel)
	}
}
