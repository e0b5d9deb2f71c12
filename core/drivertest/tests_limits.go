package drivertest

import (
	"context"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func testPanic(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 1})
	for range 3 {
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Panic))
		wantError(t, err, sdk.Internal, sdk.FromPlugin)
		asBefore(t, m)
	}
}

func testRecursion(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Recurse))
	if e, isError := err.(*sdk.Error); !isError || e.Source != sdk.FromPlugin {
		t.Errorf("got %v, want an error of the plugin", err)
	}
	asBefore(t, m)
}

// brief is short enough for a test and long enough for a call to begin.
const brief = 100 * time.Millisecond

func testDeadlineObeyed(t *testing.T, b *bench) { testDeadline(t, b, fixture.Obey) }
func testDeadlineSpin(t *testing.T, b *bench)   { testDeadline(t, b, fixture.Spin) }
func testDeadlineSleep(t *testing.T, b *bench)  { testDeadline(t, b, fixture.Sleep) }

func testDeadline(t *testing.T, b *bench, name string) {
	t.Run("of the module", func(t *testing.T) {
		m := b.load(t, driver.Limits{Budget: driver.Budget{Timeout: brief}})
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(name))
		wantError(t, err, sdk.Deadline, sdk.FromPlugin)
	})
	t.Run("of the caller", func(t *testing.T) {
		m := b.load(t, driver.Limits{Instances: 1})
		ctx, cancel := context.WithTimeout(context.Background(), brief)
		defer cancel()
		_, err := title(ctx, t, m, driver.Call{Tenant: "tenant"}, request(name))
		wantError(t, err, sdk.Deadline, sdk.FromPlugin)
		asBefore(t, m)
	})
}

func testCancel(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// The host call tells that the guest runs; it then answers to a plugin whose caller has gone.
	host := hostcall.HostFunc(func(ctx context.Context, call []byte) []byte {
		cancel()
		<-ctx.Done()
		return mirror(ctx, call)
	})
	_, err := title(ctx, t, m, driver.Call{Tenant: "tenant", Host: host}, request(fixture.AskMany, "op", "x", "times", "1000000"))
	wantError(t, err, sdk.Canceled, sdk.FromHost)
	asBefore(t, m)
}

func testDeadContext(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := title(ctx, t, m, driver.Call{Tenant: "tenant"}, request(fixture.Echo))
	wantError(t, err, sdk.Canceled, sdk.FromHost)
	asBefore(t, m)
}

func testMemoryCap(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Budget: driver.Budget{MemoryBytes: 24 << 20}})
	if got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Allocate, "mib", "4")); err != nil {
		t.Errorf("4 of 24 MiB: got %s, %v", got, err)
	}
	_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Allocate, "mib", "64"))
	wantError(t, err, sdk.Exhausted, sdk.FromPlugin)
	asBefore(t, m)
	// The same works where it is allowed: the limit is the module's own.
	roomy := b.load(t, driver.Limits{Budget: driver.Budget{MemoryBytes: 128 << 20}})
	if got, err := title(context.Background(), t, roomy, driver.Call{Tenant: "tenant"}, request(fixture.Allocate, "mib", "64")); err != nil {
		t.Errorf("64 of 128 MiB: got %s, %v", got, err)
	}
}

func testKill(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	for range 3 {
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Exit))
		wantError(t, err, sdk.Internal, sdk.FromPlugin)
		asBefore(t, m)
	}
}

func testDeep(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	const depth = "20000" // some megabytes of stack
	for range 2 {
		if got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Recurse, "depth", depth)); err != nil || got != depth {
			t.Errorf("got %q, %v; want %s", got, err, depth)
		}
	}
}

func testSpinBeside(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 4, Wait: time.Minute})
	inside := make(chan struct{})
	host := hostcall.HostFunc(func(ctx context.Context, raw []byte) []byte {
		close(inside)
		return mirror(ctx, raw)
	})
	spun := make(chan error, 1)
	go func() {
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "greedy", Host: host, Budget: driver.Budget{Timeout: 5 * brief}},
			request(fixture.Spin, "op", "begin"))
		spun <- err
	}()
	<-inside
	// The others are answered while it spins, while it is stopped, and afterwards.
	during := 0
	for ended := false; !ended; {
		got, err := title(context.Background(), t, m, driver.Call{Tenant: "modest"}, request(fixture.Echo, "text", "hello"))
		if err != nil || got != "hello" {
			t.Errorf("beside code that spins: got %q, %v", got, err)
		}
		select {
		case err := <-spun:
			wantError(t, err, sdk.Deadline, sdk.FromPlugin)
			ended = true
		default:
			during++
		}
	}
	if during == 0 {
		t.Error("nobody was answered while the code span")
	}
	asBefore(t, m)
}

func testSlowHost(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	host := hostcall.HostFunc(func(ctx context.Context, raw []byte) []byte {
		<-ctx.Done() // as every host does that waits for somebody
		return mirror(ctx, raw)
	})
	_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: host, Budget: driver.Budget{Timeout: brief}}, request(fixture.Ask, "op", "slow"))
	wantError(t, err, sdk.Deadline, sdk.FromPlugin)
	wantLimit(t, err, driver.LimitTimeout)
	asBefore(t, m)
}

func testBomb(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Budget: driver.Budget{MemoryBytes: 32 << 20}})
	for range 2 {
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Bomb))
		wantError(t, err, sdk.Exhausted, sdk.FromPlugin)
		wantLimit(t, err, driver.LimitMemory)
		asBefore(t, m)
	}
}

func testChurn(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Budget: driver.Budget{MemoryBytes: 32 << 20}})
	if got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Churn, "mib", "256")); err != nil || got != "256" {
		t.Errorf("256 MiB of garbage under a cap of 32: got %q, %v", got, err)
	}
	asBefore(t, m)
}

func testFuel(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	if how := m.Facts().Metering; how != driver.FuelMetering {
		t.Skipf("there is no fuel: the driver's metering is %q", how)
	}
	_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Budget: driver.Budget{Fuel: 10_000_000}}, request(fixture.Spin))
	wantError(t, err, sdk.Exhausted, sdk.FromPlugin)
	wantLimit(t, err, driver.LimitFuel)
	asBefore(t, m)
}

func testUsage(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	facts := m.Facts()
	if facts.Metering != driver.FuelMetering && facts.Memory == driver.SharedMemory {
		t.Skip("the driver measures neither fuel nor the memory of one call")
	}
	usage := func(r *sdk.Request) driver.Usage {
		got, err := m.Call(context.Background(), driver.Call{Message: Message(t, wire.OpView, r), Tenant: "tenant"})
		if err != nil {
			t.Fatal(err)
		}
		return got.Usage
	}
	little, much := usage(request(fixture.Echo)), usage(request(fixture.Churn, "mib", "8"))
	if facts.Metering == driver.FuelMetering && (little.Fuel <= 0 || much.Fuel <= little.Fuel) {
		t.Errorf("a short call used %d units of fuel and a long one %d", little.Fuel, much.Fuel)
	}
	if facts.Memory != driver.SharedMemory && (little.MemoryBytes == 0 || much.MemoryBytes < little.MemoryBytes) {
		t.Errorf("a short call used %d bytes of memory and a long one %d", little.MemoryBytes, much.MemoryBytes)
	}
}

// wantLimit checks which limit of a request an error names.
func wantLimit(t testing.TB, err error, limit driver.Limit) {
	t.Helper()
	want := driver.Request.String() + "." + string(limit)
	if e, isError := err.(*sdk.Error); isError && e.Limit != want {
		t.Errorf("the error names the limit %q, want %q", e.Limit, want)
	}
}
