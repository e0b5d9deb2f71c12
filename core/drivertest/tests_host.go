package drivertest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

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
