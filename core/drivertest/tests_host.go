package drivertest

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

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
	for _, want := range []*sdk.Error{
		{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "grant thing:read"},
		{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "Jira is asked too often just now.", RetryAfter: 1800},
	} {
		result := wire.Result{Body: msgp.AppendNil(nil), Error: want}
		raw, err := result.MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = title(context.Background(), t, m, driver.Call{Host: reply(raw)}, request(fixture.Ask, "op", "thing.get"))
		if diff := cmp.Diff(error(want), err); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
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

// named is a host that answers with a request whose name is the host call's operation.
var named = hostcall.HostFunc(func(_ context.Context, raw []byte) []byte {
	var call wire.Call
	if _, err := call.UnmarshalMsg(raw); err != nil {
		return driver.Refuse(sdk.Invalid, err.Error())
	}
	body, err := (&sdk.Request{Name: call.Op}).MarshalMsg(nil)
	if err != nil {
		return driver.Refuse(sdk.Internal, err.Error())
	}
	out, err := (&wire.Result{Body: body}).MarshalMsg(nil)
	if err != nil {
		return driver.Refuse(sdk.Internal, err.Error())
	}
	return out
})

func testHostBoth(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	for range 20 {
		got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: named}, request(fixture.AskBoth, "op", "one", "second", "two"))
		if err != nil || got != "one two" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

func testHostThenPanic(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 4})
	release, pending := hold(t, m)
	_, err := title(context.Background(), t, m, driver.Call{Tenant: "another", Host: named}, request(fixture.AskPanic, "op", "x"))
	wantError(t, err, sdk.Internal, sdk.FromPlugin)
	select {
	case err := <-pending:
		t.Errorf("the call whose host call was pending ended with %v", err)
		return
	default:
	}
	release()
	if err := <-pending; err != nil {
		t.Errorf("the call whose host call was pending: %v", err)
	}
	asBefore(t, m)
}

func testReentrant(t *testing.T, b *bench) {
	for _, places := range []int{1, 4} {
		t.Run(fmt.Sprintf("%d places", places), func(t *testing.T) {
			m := b.load(t, driver.Limits{Instances: places, Wait: brief})
			var inner error
			host := hostcall.HostFunc(func(ctx context.Context, raw []byte) []byte {
				_, inner = title(ctx, t, m, driver.Call{Tenant: "tenant"}, request(fixture.Echo, "text", "inner"))
				return mirror(ctx, raw)
			})
			if _, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: host}, request(fixture.Ask, "op", "again")); err != nil {
				t.Errorf("the outer call: %v", err)
			}
			if places > 1 && inner != nil {
				t.Errorf("the inner call had a place: %v", inner)
			}
			if places == 1 {
				wantError(t, inner, sdk.Exhausted, sdk.FromHost)
			}
			asBefore(t, m)
		})
	}
}

func testExactHostCall(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Budget: driver.Budget{MemoryBytes: 128 << 20}})
	var seen, sent int
	host := hostcall.HostFunc(func(ctx context.Context, raw []byte) []byte {
		out := mirror(ctx, raw)
		seen, sent = len(raw), len(out)
		return out
	})
	// The plugin passes its request on, under another operation: as long as that, its host call is as long as the call.
	r := request(fixture.Ask, "op", wire.OpView)
	r.State = make([]byte, wire.MaxMessage-1000)
	r.State = make([]byte, len(r.State)+wire.MaxMessage-len(Message(t, wire.OpView, r)))
	got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant", Host: host}, r)
	if err != nil || got != fixture.Ask {
		t.Errorf("got %q, %v", got, err)
	}
	if seen != wire.MaxMessage || sent < wire.MaxMessage-20 {
		t.Errorf("the host saw %d bytes and answered %d", seen, sent)
	}
	asBefore(t, m)
}
