package services_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// binding is the call of a user of tenant t under which tests run, with every permission.
func binding(t capability.TenantID) *capability.Binding {
	return &capability.Binding{
		Tenant: t, Plugin: "acme.labels", Version: "1.0.0",
		Context: sdk.Context{Account: "557058:ann", IssueID: "10001"},
		Grants:  capability.Grants{"jira:read": true, "jira:write": true, "jira:projects": true, "store": true},
	}
}

// as returns a context in which the SDK's clients ask a broker of those rows, under b.
func as(t *testing.T, rows []capability.Row, b *capability.Binding) context.Context {
	t.Helper()
	return hostcall.With(t.Context(), broker(t, rows).Host(b, capability.Allowance{}))
}

func broker(t testing.TB, rows []capability.Row) *capability.Broker {
	t.Helper()
	broker, err := capability.NewBroker(rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	return broker
}

// ask sends a body as it is, past the SDK's clients.
func ask(ctx context.Context, t testing.TB, rows []capability.Row, b *capability.Binding, op string, body []byte) (msgp.Raw, error) {
	t.Helper()
	raw := msgp.AppendMapHeader(nil, 2)
	raw = msgp.AppendString(raw, "op")
	raw = msgp.AppendString(raw, op)
	raw = msgp.AppendString(raw, "body")
	raw = append(raw, body...)
	var result wire.Result
	if _, err := result.UnmarshalMsg(broker(t, rows).Host(b, capability.Allowance{}).HostCall(ctx, raw)); err != nil {
		t.Fatalf("%s: the answer is no result: %v", op, err)
	}
	if result.Error != nil {
		return nil, result.Error
	}
	return result.Body, nil
}

// wantError compares all of an error but its message, which must not be empty.
func wantError(t *testing.T, what string, err error, want sdk.Error) {
	t.Helper()
	var got *sdk.Error
	if !errors.As(err, &got) {
		t.Errorf("%s: %v, want an *sdk.Error of code %s", what, err, want.Code)
		return
	}
	if diff := cmp.Diff(want, sdk.Error{Code: got.Code, Source: got.Source, Field: got.Field}); diff != "" {
		t.Errorf("%s: %q (-want +got):\n%s", what, got.Message, diff)
	}
}

// fakeClock stands still until it is moved.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *fakeClock { return &fakeClock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestMissingPartsAreUnimplemented(t *testing.T) {
	for _, row := range services.New(services.Deps{}) {
		if row.Op == "log.write" {
			continue // discards
		}
		_, err := ask(t.Context(), t, services.New(services.Deps{}), binding("t"), row.Op, emptyMap)
		wantError(t, row.Op, err, sdk.Error{Code: sdk.Unimplemented, Source: sdk.FromHost})
	}
}

var emptyMap = msgp.AppendMapHeader(nil, 0)
