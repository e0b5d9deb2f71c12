package drivertest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

// hold starts a call that stays inside the plugin until release is called; done gives its error.
func hold(t *testing.T, m driver.Module) (release func(), done <-chan error) {
	t.Helper()
	inside, free, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	host := hostcall.HostFunc(func(ctx context.Context, raw []byte) []byte {
		close(inside)
		select {
		case <-free:
		case <-ctx.Done():
		}
		return mirror(ctx, raw)
	})
	go func() {
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: host}, request(fixture.Ask, "op", "wait"))
		result <- err
	}()
	select {
	case <-inside:
	case err := <-result:
		t.Fatalf("the call ended before it asked the host: %v", err)
	}
	return sync.OnceFunc(func() { close(free) }), result
}

func testBusy(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 2, Wait: time.Millisecond})
	release1, done1 := hold(t, m)
	release2, done2 := hold(t, m)
	for range 3 {
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Echo))
		wantError(t, err, sdk.Exhausted, sdk.FromHost)
	}
	release1()
	release2()
	if err1, err2 := <-done1, <-done2; err1 != nil || err2 != nil {
		t.Errorf("the calls that were inside: %v, %v", err1, err2)
	}
	asBefore(t, m)
}

func testWaitSucceeds(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 1, Wait: time.Minute})
	release, done := hold(t, m)
	waiting := make(chan error, 1)
	go func() {
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "another"}, request(fixture.Echo, "text", "hello"))
		waiting <- err
	}()
	release()
	if err := <-done; err != nil {
		t.Errorf("the first call: %v", err)
	}
	if err := <-waiting; err != nil {
		t.Errorf("the waiting call: %v", err)
	}
}

func testCloseWaits(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	release, done := hold(t, m)
	closed := make(chan error, 1)
	go func() { closed <- m.Close(context.Background()) }()
	// Once new calls are refused, Close has begun.
	for {
		_, err := title(context.Background(), t, m, driver.Call{}, request(fixture.Echo))
		if sdk.CodeOf(err) == sdk.Unavailable {
			break
		}
	}
	select {
	case err := <-closed:
		t.Fatalf("close returned %v while a call was running", err)
	default:
	}
	release()
	if err := <-done; err != nil {
		t.Errorf("the running call: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
}

func testCloseStops(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, done := hold(t, m)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := m.Close(ctx); err == nil {
		t.Error("close that had to stop a call returned no error")
	}
	wantError(t, <-done, sdk.Unavailable, sdk.FromHost)
}

func testClosed(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	for range 2 {
		if err := m.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		_, err := title(context.Background(), t, m, driver.Call{}, request(fixture.Echo))
		wantError(t, err, sdk.Unavailable, sdk.FromHost)
	}
}

func testTwoModules(t *testing.T, b *bench) {
	first, second := b.load(t, driver.Limits{}), b.load(t, driver.Limits{})
	if err := first.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	asBefore(t, second)
}
