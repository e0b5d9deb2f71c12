package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
)

func alive(e *core.Engine) map[string]bool {
	out := map[string]bool{}
	for _, m := range e.Alive() {
		out[m.Version] = true
	}
	return out
}

func TestHeldVersionAnswersThoughANewerOneTookOver(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": pluginOf("x.y", "1.0.0", says("one")), "v2": pluginOf("x.y", "1.1.0", says("two"))}}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	h, err := e.Hold("x.y", "acme")
	if err != nil {
		t.Fatal(err)
	}
	add(t, e, manifestOf("x.y", "1.1.0", "panel"), "v2")
	page, err := h.View(t.Context(), capability.Binding{Tenant: "somebody else", Plugin: "no.body"}, &sdk.Request{Name: "panel"})
	if err != nil || page.Title != "one" || h.Manifest().Version != "1.0.0" {
		t.Errorf("the held version answers %+v, %v", page, err)
	}
	if got := title(t, e, acme); got != "two" {
		t.Errorf("a new call gets %q", got)
	}
	if diff := cmp.Diff(map[string]bool{"1.0.0": true, "1.1.0": true}, alive(e)); diff != "" {
		t.Errorf("alive (-want +got):\n%s", diff)
	}
	h.Release()
	if err := e.Close(context.Background()); err != nil || v.modules() != 0 {
		t.Errorf("close: %v, %d modules are open", err, v.modules())
	}
	if _, err := e.Hold("x.y", "acme"); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("a closed engine holds: %v", err)
	}
}

func TestEveryVersionOnTrialIsAlive(t *testing.T) {
	e, _, _ := rolling(t, core.Rollout{Share: 50}, says("two"))
	if diff := cmp.Diff(map[string]bool{"1.0.0": true, "1.1.0": true}, alive(e)); diff != "" {
		t.Errorf("alive (-want +got):\n%s", diff)
	}
	if _, err := e.Hold("no.body", "acme"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a plugin that is not there is held: %v", err)
	}
}

// The card of a plugin shows what it asks for beside what it gets.
func TestBoundsAreInTheManifestsUnits(t *testing.T) {
	m := manifestOf("x.y", "1.0.0", "panel")
	m.Limits.Request = manifest.ClassLimits{MemoryMiB: 512, TimeoutMs: 500, EgressKiB: 7}
	p := core.Policy{Request: core.ClassPolicy{MemoryBytes: 128 << 20, Timeout: 3 * time.Second, Fuel: 7e6}}
	got := map[driver.Limit]core.Bound{}
	for _, b := range p.Bounds(m) {
		if b.Class == driver.Request {
			got[b.Limit] = b
		}
	}
	want := map[driver.Limit]core.Bound{
		driver.LimitMemory:      {Limit: driver.LimitMemory, Asked: 512, Gets: 128},
		driver.LimitFuel:        {Limit: driver.LimitFuel, Gets: 7e6},
		driver.LimitTimeout:     {Limit: driver.LimitTimeout, Asked: 500, Gets: 500},
		driver.LimitHostCalls:   {Limit: driver.LimitHostCalls, Gets: 1000},
		driver.LimitEgress:      {Limit: driver.LimitEgress, Asked: 7, Gets: 7},
		driver.LimitLog:         {Limit: driver.LimitLog, Gets: 64},
		driver.LimitConcurrency: {Limit: driver.LimitConcurrency, Gets: 4},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A manifest that changed under the same version must not be taken for the same: what admins read would not be what runs.
func TestChangedManifestOfTheSameVersionIsRefused(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": pluginOf("x.y", "1.0.0", says("one"))}}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	other := manifestOf("x.y", "1.0.0", "panel")
	other.Description = "otherwise"
	if err := e.Add(t.Context(), other, []byte("v1")); err == nil || !strings.Contains(err.Error(), "another plugin.json") {
		t.Errorf("got %v", err)
	}
	if got := title(t, e, acme); got != "one" {
		t.Errorf("then %q serves", got)
	}
}

// A version that is gone counts no more, whatever it did.
func TestQuarantinesAreCountedBySiteAndForWhatRuns(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": pluginOf("x.y", "1.0.0", says("one")), "v2": pluginOf("x.y", "1.1.0", says("two"))}}
	c := newClock()
	quarantine := func(tenant, plugin, version string) core.Quarantine {
		return core.Quarantine{Tenant: capability.TenantID(tenant), Plugin: capability.PluginID(plugin), Version: version, Until: c.Now()}
	}
	e := newEngine(t, core.Config{Drivers: drivers(v), Rollout: core.Rollout{Share: 50, Calls: 1000}, Now: c.Now, Quarantines: &shelf{list: []core.Quarantine{
		quarantine("a", "x.y", "1.0.0"), quarantine("a", "x.y", "1.1.0"), quarantine("b", "x.y", "1.1.0"), quarantine("c", "x.y", "0.9.0"), quarantine("a", "x.z", "1.0.0"),
	}}})
	if err := e.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	add(t, e, manifestOf("x.y", "1.1.0", "panel"), "v2")
	if diff := cmp.Diff(map[capability.PluginID]int{"x.y": 2}, e.Quarantined()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
