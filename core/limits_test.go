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
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/view"
)

func TestPolicyClampsWhatAPluginAsksFor(t *testing.T) {
	usual := driver.Budget{MemoryBytes: 64 << 20, Fuel: 50e9, Timeout: 10 * time.Second, Concurrency: 4}
	with := func(change func(b *driver.Budget)) driver.Budget {
		b := usual
		change(&b)
		return b
	}
	for _, tt := range []struct {
		name  string
		asks  manifest.ClassLimits
		allow core.ClassPolicy
		want  driver.Budget
	}{
		{"nothing asked", manifest.ClassLimits{}, core.ClassPolicy{}, usual},
		{"within", manifest.ClassLimits{MemoryMiB: 128, Fuel: 9e9, TimeoutMs: 5000, Concurrency: 2}, core.ClassPolicy{},
			driver.Budget{MemoryBytes: 128 << 20, Fuel: 9e9, Timeout: 5 * time.Second, Concurrency: 2}},
		{"above", manifest.ClassLimits{MemoryMiB: 4096, Fuel: 1e15, TimeoutMs: 3_600_000, Concurrency: 1000}, core.ClassPolicy{},
			driver.Budget{MemoryBytes: 256 << 20, Fuel: 200e9, Timeout: 30 * time.Second, Concurrency: 16}},
		{"policy below what is usual", manifest.ClassLimits{}, core.ClassPolicy{MemoryBytes: 32 << 20, Timeout: time.Second},
			with(func(b *driver.Budget) { b.MemoryBytes, b.Timeout = 32<<20, time.Second })},
		{"policy above what is asked", manifest.ClassLimits{Fuel: 7e9}, core.ClassPolicy{Fuel: 900e9}, with(func(b *driver.Budget) { b.Fuel = 7e9 })},
		{"nonsense", manifest.ClassLimits{MemoryMiB: -1, Fuel: -1, TimeoutMs: -1, Concurrency: -1}, core.ClassPolicy{}, usual},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := answering()
			m := manifestOf("x.y", "1.0.0", "panel")
			m.Limits.Request = tt.asks
			e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": d}, Policy: core.Policy{Request: tt.allow}})
			add(t, e, m, "code")
			title(t, e, acme)
			if diff := cmp.Diff(tt.want, d.call.Budget); diff != "" {
				t.Errorf("budget of the call (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorOfALimitSaysWhereItIsSet(t *testing.T) {
	for _, tt := range []struct {
		name  string
		asks  manifest.ClassLimits
		allow core.ClassPolicy
		want  string
	}{
		{"nobody", manifest.ClassLimits{}, core.ClassPolicy{}, "plugin.json can ask for another as limits.request.fuel"},
		{"manifest", manifest.ClassLimits{Fuel: 1e9}, core.ClassPolicy{}, "limits.request.fuel in plugin.json"},
		{"policy", manifest.ClassLimits{Fuel: 1e9}, core.ClassPolicy{Fuel: 5e8}, "engine.request.fuel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := answering()
			d.err = driver.Exceeded(sdk.Exhausted, sdk.FromPlugin, driver.Request, driver.LimitFuel, "the plugin computed too much")
			m := manifestOf("x.y", "1.0.0", "panel")
			m.Limits.Request = tt.asks
			e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": d}, Policy: core.Policy{Request: tt.allow}})
			add(t, e, m, "code")
			_, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
			got, isError := err.(*sdk.Error)
			if !isError || got.Limit != "request.fuel" || !strings.HasPrefix(got.Message, "the plugin computed too much") || !strings.Contains(got.Message, tt.want) {
				t.Errorf("got %#v, want a message that says %q", err, tt.want)
			}
		})
	}
}

func TestHostCallsAreBoundedByWhatThePluginMayAsk(t *testing.T) {
	echo := func(_ context.Context, _ *capability.Binding, body []byte) ([]byte, error) { return body, nil }
	broker, err := capability.NewBroker([]capability.Row{
		{Op: "inside", Handle: echo}, {Op: "outside", Traffic: capability.Egress, Handle: echo}, {Op: "log", Traffic: capability.Log, Handle: echo},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		op    string
		times int
		limit string
	}{
		{"inside", 5, ""}, {"inside", 6, "request.hostCalls"},
		{"outside", 1, ""}, {"outside", 2, "request.egressKiB"},
		{"log", 1, ""}, {"log", 2, "request.logKiB"},
	} {
		v := &versions{byCode: map[string]*sdk.Plugin{"v1": asking("x.y", "1.0.0", tt.op, tt.times, 700)}}
		m := manifestOf("x.y", "1.0.0", "panel")
		m.Limits.Request = manifest.ClassLimits{HostCalls: 5, EgressKiB: 2, LogKiB: 1}
		var seen core.Observation
		e := newEngine(t, core.Config{Drivers: drivers(v), Broker: broker, Observer: observer(func(o core.Observation) { seen = o })})
		add(t, e, m, "v1")
		_, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
		limit := ""
		if failure, isError := err.(*sdk.Error); isError {
			limit = failure.Limit
			if failure.Code != sdk.Exhausted || !strings.Contains(failure.Message, "plugin.json") {
				t.Errorf("%d × %s: %v", tt.times, tt.op, err)
			}
		}
		if limit != tt.limit || seen.Limit != tt.limit || seen.Asked.HostCalls == 0 {
			t.Errorf("%d × %s: limit %q, observed %+v; want %q", tt.times, tt.op, limit, seen, tt.limit)
		}
	}
}

// asking returns a plugin that makes a host call so many times, with a body of so many bytes.
func asking(id, version, op string, times, size int) *sdk.Plugin {
	return pluginOf(id, version, func(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
		body := sdk.Request{State: make([]byte, size)}
		for range times {
			if err := hostcall.Do(ctx, op, &body, &sdk.Request{}); err != nil {
				return nil, err
			}
		}
		return &view.Page{}, nil
	})
}
