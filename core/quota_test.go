package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
)

func TestTenantComputesNoMoreThanItsQuotaAndOthersGoOn(t *testing.T) {
	c := newClock()
	d := answering()
	d.spend = 400
	e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": d}, Policy: core.Policy{TenantFuel: 1000}, Now: c.Now, Breaking: core.Breaking{Stops: 1}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "code")
	call := func(tenant capability.TenantID) error {
		_, err := e.View(context.Background(), capability.Binding{Tenant: tenant, Plugin: "x.y"}, &sdk.Request{Name: "panel"})
		return err
	}
	for i, want := range []sdk.Code{"", "", sdk.Exhausted, sdk.Exhausted} { // 400, 800, stopped in mid-call at 1200, not begun
		err := call("acme")
		if sdk.CodeOf(err) != want {
			t.Errorf("call %d: %v, want %q", i, err, want)
		}
		if failure, isError := err.(*sdk.Error); isError && (failure.Limit != "tenant.fuel" || failure.Source != sdk.FromHost || !strings.Contains(failure.Message, "engine.tenant_fuel")) {
			t.Errorf("call %d: %#v", i, failure)
		}
	}
	if err := call("globex"); err != nil {
		t.Errorf("another tenant: %v", err)
	}
	if q := e.Quarantines("acme"); len(q) > 0 {
		t.Errorf("a quota is no failure of the plugin, but there is %+v", q)
	}
	c.pass(10 * time.Second) // of 200 too much, 167 came back
	if err := call("acme"); sdk.CodeOf(err) != sdk.Exhausted {
		t.Errorf("after 10 s: %v", err)
	}
	c.pass(time.Minute)
	if err := call("acme"); err != nil {
		t.Errorf("after another minute: %v", err)
	}
}

func TestNoQuotaBoundsNothing(t *testing.T) {
	d := answering()
	d.spend = 1 << 60
	e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": d}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "code")
	for range 3 {
		title(t, e, acme)
	}
}
