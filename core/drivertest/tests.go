package drivertest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// tests is the suite, in the order of the questions: does it work, what may come in, what may go out, what stops it,
// what does it ask of the host, who shares with whom, how does it end.
var tests = []struct {
	name string
	run  func(t *testing.T, b *bench)
}{
	{"describe says what the plugin offers", testDescribe},
	{"echo", testEcho},
	{"error of a handler crosses as it is", testHandlerError},
	{"unknown operation is unimplemented", testUnknownOperation},
	{"unknown view is not found", testUnknownView},
	{"malformed call is answered with invalid", testMalformedCall},
	{"body of 1 MiB comes back", testLargeBody},
	{"message over the limit is refused", testMessageTooLong},
	{"answer over the limit is refused", testAnswerTooLong},
	{"panic is an error and the next call works", testPanic},
	{"endless recursion is an error and the next call works", testRecursion},
	{"deadline ends code that obeys its context", testDeadlineObeyed},
	{"deadline ends code that spins", testDeadlineSpin},
	{"deadline ends code that sleeps", testDeadlineSleep},
	{"cancellation ends a running call", testCancel},
	{"context that has ended starts nothing", testDeadContext},
	{"memory cap is exhausted", testMemoryCap},
	{"host call goes out and its reply comes back", testHostCall},
	{"denied host call reaches the plugin as an error", testDenied},
	{"host call without a host is unavailable", testNoHost},
	{"panic of the host stays with the host", testHostPanic},
	{"malformed reply of the host is an error", testMalformedReply},
	{"reply over the limit is refused", testReplyTooLong},
	{"host call sees the context of the call", testHostContext},
	{"50 calls at once get their own answers", testConcurrent},
	{"calls over the bound wait and then are exhausted", testBusy},
	{"waiting call gets the place that comes free", testWaitSucceeds},
	{"memory of one tenant is not seen by another", testTenants},
	{"no call sees what another left", testPristine},
	{"no two calls draw the same numbers", testRandomness},
	{"close waits for running calls", testCloseWaits},
	{"impatient close stops running calls", testCloseStops},
	{"closed module is unavailable", testClosed},
	{"two modules of the same code close apart", testTwoModules},
}

func testDescribe(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	var got sdk.Description
	if err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpDescribe, nil)}, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fixture.New().Describe(), &got); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

func testEcho(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	for _, text := range []string{"", "hello", "Grüße, 世界 \x00"} {
		got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Echo, "text", text))
		if err != nil || got != text {
			t.Errorf("got %q, %v; want %q", got, err, text)
		}
	}
}

func testHandlerError(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, err := title(context.Background(), t, m, driver.Call{}, request(fixture.Fail, "code", "exists", "text", "choose another name"))
	want := &sdk.Error{Code: sdk.Exists, Source: sdk.FromPlugin, Message: "choose another name"}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func testUnknownOperation(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	err := answer(context.Background(), t, m, driver.Call{Message: Message(t, "dream", request(fixture.Echo))}, &sdk.Request{})
	wantError(t, err, sdk.Unimplemented, sdk.FromPlugin)
}

func testUnknownView(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, err := title(context.Background(), t, m, driver.Call{}, request("no-such-view"))
	wantError(t, err, sdk.NotFound, sdk.FromPlugin)
}

func testMalformedCall(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	whole := Message(t, wire.OpView, request(fixture.Echo, "text", "hello"))
	for _, raw := range [][]byte{nil, {0xc1}, []byte("GET / HTTP/1.1"), whole[:len(whole)/2], {0xdf, 0xff, 0xff, 0xff, 0xff}} {
		err := answer(context.Background(), t, m, driver.Call{Message: raw, Tenant: "tenant"}, &sdk.Request{})
		wantError(t, err, sdk.Invalid, sdk.FromPlugin)
	}
	asBefore(t, m)
}

func testLargeBody(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	state := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	r := request(fixture.Bytes)
	r.State = state
	for range 2 {
		var got sdk.Attachment
		if err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpFile, r), Tenant: "tenant"}, &got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Body, state) {
			t.Fatalf("got %d bytes back, not the %d that went in", len(got.Body), len(state))
		}
	}
	asBefore(t, m)
}

func testMessageTooLong(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, err := m.Call(context.Background(), driver.Call{Message: make([]byte, wire.MaxMessage+1)})
	wantError(t, err, sdk.Invalid, sdk.FromHost)
	asBefore(t, m)
}

func testAnswerTooLong(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpFile, request(fixture.Big)), Tenant: "tenant"}, &sdk.Attachment{})
	wantError(t, err, sdk.Exhausted, sdk.FromPlugin)
	asBefore(t, m)
}

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

func testHostCall(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	var ops []string
	host := hostcall.HostFunc(func(ctx context.Context, raw []byte) []byte {
		var call wire.Call
		if _, err := call.UnmarshalMsg(raw); err != nil {
			t.Errorf("the host call is no wire.Call: %v", err)
		}
		ops = append(ops, call.Op)
		return mirror(ctx, raw)
	})
	got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: host}, request(fixture.Ask, "op", "thing.get"))
	if err != nil || got != fixture.Ask {
		t.Errorf("got %q, %v; want the request's name back", got, err)
	}
	if diff := cmp.Diff([]string{"thing.get"}, ops); diff != "" {
		t.Errorf("host calls (-want +got):\n%s", diff)
	}
}

func testDenied(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	host := reply(driver.Refuse(sdk.PermissionDenied, "grant thing:read"))
	_, err := title(context.Background(), t, m, driver.Call{Host: host}, request(fixture.Ask, "op", "thing.get"))
	want := &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "grant thing:read"}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func testNoHost(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, err := title(context.Background(), t, m, driver.Call{}, request(fixture.Ask, "op", "thing.get"))
	wantError(t, err, sdk.Unavailable, sdk.FromHost)
}

func testHostPanic(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	host := hostcall.HostFunc(func(context.Context, []byte) []byte { panic("in the host") })
	_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: host}, request(fixture.Ask, "op", "thing.get"))
	wantError(t, err, sdk.Internal, sdk.FromHost)
	asBefore(t, m)
}

func testMalformedReply(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	for _, raw := range [][]byte{nil, {}, {0xc1}, []byte("HTTP/1.1 200 OK"), {0xdf, 0xff, 0xff, 0xff, 0xff}, {0x82, 0xa4, 'b', 'o', 'd', 'y', 0xc0}} {
		_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: reply(raw)}, request(fixture.Ask, "op", "thing.get"))
		wantError(t, err, sdk.Internal, sdk.FromHost)
	}
	asBefore(t, m)
}

func testReplyTooLong(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	host := reply(make([]byte, wire.MaxMessage+1))
	_, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: host}, request(fixture.Ask, "op", "thing.get"))
	wantError(t, err, sdk.Exhausted, sdk.FromHost)
	asBefore(t, m)
}

func testHostContext(t *testing.T, b *bench) {
	type key struct{}
	m := b.load(t, driver.Limits{})
	var value any
	var bounded bool
	host := hostcall.HostFunc(func(ctx context.Context, raw []byte) []byte {
		value = ctx.Value(key{})
		_, bounded = ctx.Deadline()
		return mirror(ctx, raw)
	})
	ctx := context.WithValue(context.Background(), key{}, "trace")
	if _, err := title(ctx, t, m, driver.Call{Host: host}, request(fixture.Ask, "op", "thing.get")); err != nil {
		t.Fatal(err)
	}
	if value != "trace" || !bounded {
		t.Errorf("the host call's context has the caller's value: %v, a deadline: %t", value, bounded)
	}
}

func testConcurrent(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 4, Wait: time.Minute})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			tenant := fmt.Sprintf("tenant %d", i%3)
			for j := range 2 {
				text := fmt.Sprintf("%s call %d.%d", tenant, i, j)
				got, err := title(context.Background(), t, m, driver.Call{Tenant: tenant}, request(fixture.Echo, "text", text))
				if err != nil || got != text {
					t.Errorf("got %q, %v; want %q", got, err, text)
				}
			}
		})
	}
	wg.Wait()
}

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

func testTenants(t *testing.T, b *bench) {
	// Fewer instances than tenants, so that they have to be taken over.
	m := b.load(t, driver.Limits{Instances: 2})
	tenants := []string{"acme", "globex", "initech"}
	for round := range 4 {
		for _, tenant := range tenants {
			got, err := title(context.Background(), t, m, driver.Call{Tenant: tenant},
				request(fixture.Remember, "text", fmt.Sprintf("secret of %s", tenant)))
			if err != nil {
				t.Fatal(err)
			}
			if got != "" && got != "secret of "+tenant {
				t.Errorf("round %d: %s sees %q", round, tenant, got)
			}
		}
	}
}

func testPristine(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 2})
	for _, tenant := range []string{"acme", "acme", "", "globex", "acme", ""} {
		got, err := title(context.Background(), t, m, driver.Call{Tenant: tenant}, request(fixture.Remember, "text", "secret"))
		if err != nil {
			t.Fatal(err)
		}
		if got != "" {
			t.Errorf("a call of %q sees %q", tenant, got)
		}
	}
}

func testRandomness(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	seen := map[string]bool{}
	for range 20 {
		got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Draw))
		if err != nil {
			t.Fatal(err)
		}
		for i, number := range strings.Fields(got) {
			if seen[number] {
				t.Errorf("source %d draws %s a second time", i, number)
			}
			seen[number] = true
		}
	}
	if len(seen) != 80 {
		t.Errorf("%d different numbers, want 80", len(seen))
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
