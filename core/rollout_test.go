package core_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// rolling is an engine with version 1.0.0 of a plugin, to which 1.1.0 is added as v2.
func rolling(t *testing.T, r core.Rollout, v2 sdk.ViewFunc) (*core.Engine, *versions, *clock) {
	t.Helper()
	v := &versions{byCode: map[string]*sdk.Plugin{
		"v1": pluginOf("x.y", "1.0.0", says("one")), "v2": pluginOf("x.y", "1.1.0", v2), "v3": pluginOf("x.y", "1.2.0", says("three")),
	}}
	c := newClock()
	e := newEngine(t, core.Config{Drivers: drivers(v), Rollout: r, Now: c.Now, Breaking: core.Breaking{Stops: 1000}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	add(t, e, manifestOf("x.y", "1.1.0", "panel"), "v2")
	return e, v, c
}

func see(e *core.Engine, tenant string) string {
	page, err := e.View(context.Background(), capability.Binding{Tenant: capability.TenantID(tenant), Plugin: "x.y"}, &sdk.Request{Name: "panel"})
	if err != nil {
		return err.Error()
	}
	return page.Title
}

func TestTrialServesAShareOfTheTenantsAndAlwaysTheSame(t *testing.T) {
	e, _, _ := rolling(t, core.Rollout{Share: 20, Calls: 1000}, says("two"))
	first := map[string]string{}
	count := 0
	for i := range 20 {
		tenant := fmt.Sprint("tenant ", i)
		first[tenant] = see(e, tenant)
		if first[tenant] == "two" {
			count++
		}
	}
	if count != 4 {
		t.Errorf("%d of 20 tenants get the newer version, want 4", count)
	}
	for tenant, want := range first {
		if got := see(e, tenant); got != want {
			t.Errorf("%s saw %s first and then %s", tenant, want, got)
		}
	}
	if s := e.Plugins()[0]; s.Trial == nil || s.Trial.Version != "1.1.0" || s.Manifest.Version != "1.0.0" {
		t.Errorf("status: %+v", s)
	}
}

func TestGoodTrialTakesOver(t *testing.T) {
	e, v, _ := rolling(t, core.Rollout{Share: 50, Calls: 10}, says("two"))
	for i := range 40 {
		see(e, fmt.Sprint(i%4))
	}
	for i := range 4 {
		if got := see(e, fmt.Sprint(i)); got != "two" {
			t.Errorf("tenant %d sees %s", i, got)
		}
	}
	if s := e.Plugins()[0]; s.Trial != nil || s.Manifest.Version != "1.1.0" || s.Reason != "" {
		t.Errorf("status: %+v", s)
	}
	closeAndCount(t, e, v)
}

func TestBadTrialIsTakenBackByItself(t *testing.T) {
	e, v, _ := rolling(t, core.Rollout{Share: 50, Calls: 100}, func(context.Context, *sdk.Request) (*view.Page, error) { panic("as asked") })
	for i := range 20 {
		see(e, fmt.Sprint(i%4))
	}
	for i := range 4 {
		if got := see(e, fmt.Sprint(i)); got != "one" {
			t.Errorf("tenant %d sees %s", i, got)
		}
	}
	s := e.Plugins()[0]
	if s.Trial != nil || s.Manifest.Version != "1.0.0" || !strings.Contains(s.Reason, "1.1.0") || !strings.Contains(s.Reason, "taken back: 3 of its 3 calls") {
		t.Errorf("status: %+v", s)
	}
	// The next version gets its own chance.
	add(t, e, manifestOf("x.y", "1.2.0", "panel"), "v3")
	if s := e.Plugins()[0]; s.Trial == nil || s.Trial.Version != "1.2.0" {
		t.Errorf("status: %+v", s)
	}
	closeAndCount(t, e, v)
}

func TestTrialWithFewCallsTakesOverInTheEnd(t *testing.T) {
	e, _, c := rolling(t, core.Rollout{Share: 10, Patience: time.Hour}, says("two"))
	if got := see(e, "a"); got != "two" { // at least one tenant gets it
		t.Errorf("the first tenant sees %s", got)
	}
	if got := see(e, "b"); got != "one" {
		t.Errorf("the second tenant sees %s", got)
	}
	c.pass(time.Hour)
	see(e, "a")
	if got := see(e, "b"); got != "two" {
		t.Errorf("after an hour the second tenant sees %s", got)
	}
}

func TestOperatorEndsATrial(t *testing.T) {
	for _, takesOver := range []bool{true, false} {
		e, v, _ := rolling(t, core.Rollout{Share: 10}, says("two"))
		end, want := e.Promote, "two"
		if !takesOver {
			end, want = e.RollBack, "one"
		}
		if !end("x.y") || end("x.y") {
			t.Error("the trial did not end once")
		}
		if a, b := see(e, "a"), see(e, "b"); a != want || b != want {
			t.Errorf("tenants see %s and %s, want %s", a, b, want)
		}
		closeAndCount(t, e, v)
	}
}

func TestEvenNewerVersionTakesThePlaceOfTheOneOnTrial(t *testing.T) {
	e, v, _ := rolling(t, core.Rollout{Share: 10}, says("two"))
	add(t, e, manifestOf("x.y", "1.2.0", "panel"), "v3")
	if got := see(e, "a"); got != "three" {
		t.Errorf("the tenant of the trial sees %s", got)
	}
	if got := see(e, "b"); got != "one" {
		t.Errorf("others see %s", got)
	}
	closeAndCount(t, e, v)
}

func closeAndCount(t *testing.T, e *core.Engine, v *versions) {
	t.Helper()
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if n := v.modules(); n != 0 {
		t.Errorf("%d modules are open after Close", n)
	}
}

// TestNoCallIsLostUnderLoadWhileVersionsChange hammers the engine while a hundred versions come and go.
func TestNoCallIsLostUnderLoadWhileVersionsChange(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{}}
	for i := range 101 {
		v.byCode[fmt.Sprint(i)] = pluginOf("x.y", fmt.Sprintf("1.%d.0", i), says(fmt.Sprint(i)))
	}
	e := newEngine(t, core.Config{Drivers: drivers(v), Rollout: core.Rollout{Share: 30, Calls: 20}, Policy: core.Policy{Instances: 64, Wait: time.Minute}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "0")
	var done atomic.Bool
	var calls atomic.Int64
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; !done.Load(); n++ {
				b := capability.Binding{Tenant: capability.TenantID(fmt.Sprint((i + n) % 10)), Plugin: "x.y"}
				if _, err := e.View(context.Background(), b, &sdk.Request{Name: "panel"}); err != nil {
					t.Error(err)
				}
				calls.Add(1)
			}
		})
	}
	for i := range 100 {
		for seen := calls.Load(); calls.Load() < seen+30; { // some calls on each
			runtime.Gosched()
		}
		add(t, e, manifestOf("x.y", fmt.Sprintf("1.%d.0", i+1), "panel"), fmt.Sprint(i+1))
		if i%10 == 9 {
			e.RollBack("x.y")
		}
	}
	done.Store(true)
	wg.Wait()
	closeAndCount(t, e, v)
}
