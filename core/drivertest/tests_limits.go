package drivertest

import (
	"context"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
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
