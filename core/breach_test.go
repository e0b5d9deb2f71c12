package core_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// breach is a limit, a value of it, and what the fixture does to reach it.
type breach struct {
	limit  driver.Limit
	key    string // in the operator's configuration
	code   sdk.Code
	source sdk.Source
	// mine is the limit of the class that breaches, in the manifest's unit; others have more, but of what is shared they have less.
	mine, others int64
	value        string // mine, as the error tells it
	does         map[string]string
}

var breaches = []breach{
	{driver.LimitMemory, "memory_mib", sdk.Exhausted, sdk.FromPlugin, 48, 200, "48 MiB", map[string]string{"view": fixture.Bomb}},
	{driver.LimitFuel, "fuel", sdk.Exhausted, sdk.FromPlugin, 10e6, 1e12, "10000000 units", map[string]string{"view": fixture.Spin}},
	{driver.LimitTimeout, "timeout", sdk.Deadline, sdk.FromPlugin, 150, 30_000, "150ms", map[string]string{"view": fixture.Spin}},
	{driver.LimitHostCalls, "host_calls", sdk.Exhausted, sdk.FromPlugin, 5, 900, "5 host calls", map[string]string{"view": fixture.AskMany, "op": "inside", "times": "6"}},
	{driver.LimitEgress, "egress_kib", sdk.Exhausted, sdk.FromPlugin, 1, 900, "1024 bytes", map[string]string{"view": fixture.AskMany, "op": "outside", "times": "2"}},
	{driver.LimitLog, "log_kib", sdk.Exhausted, sdk.FromPlugin, 1, 60, "1024 bytes", map[string]string{"view": fixture.Ask, "op": "log", "text": strings.Repeat("x", 1500)}},
	{driver.LimitConcurrency, "concurrency", sdk.Exhausted, sdk.FromHost, 2, 5, "2 calls of your site are running", map[string]string{"view": fixture.Ask, "op": "wait"}},
}

// everyLimit has every class of a driver's calls reach every limit, once where the manifest sets it and once where the policy does.
func everyLimit(t *testing.T, kind string, d driver.Driver, code []byte) {
	for _, class := range driver.Classes() {
		for _, b := range breaches {
			if kind == "process" && b.limit == driver.LimitMemory { // a process has as much as the class that asks for most
				b.others, b.value, b.mine = 64, "96 MiB", 96
			}
			for place, want := range map[string]string{"manifest": "limits.%s.%s in plugin.json", "policy": "engine.%s.%s"} {
				t.Run(fmt.Sprintf("%s.%s in the %s", class, b.limit, place), func(t *testing.T) {
					if kind == "process" && b.limit == driver.LimitFuel {
						t.Skip("a process is not metered: its deadline is what bounds its computing")
					}
					name := string(b.limit)
					if place == "policy" {
						name = b.key
					}
					u := unbounded(t, kind, d, code, class, b, place == "policy")
					err := u.breach(class, b)
					var e *sdk.Error
					if !errors.As(err, &e) || e.Code != b.code || e.Source != b.source || e.Limit != class.String()+"."+string(b.limit) {
						t.Fatalf("got %#v, want %s of the %s at the limit %s.%s", err, b.code, b.source, class, b.limit)
					}
					for _, part := range []string{b.value, fmt.Sprintf(want, class, name)} {
						if !strings.Contains(e.Message, part) {
							t.Errorf("the error says %q, and not %q", e.Message, part)
						}
					}
				})
			}
		}
	}
}

// under is an engine with the fixture under one tight limit of one class.
type under struct {
	*testing.T
	*core.Engine
	inside  chan struct{} // a value for each call that waits in the host
	release chan struct{} // closed to let them go on
}

func unbounded(t *testing.T, kind string, d driver.Driver, code []byte, class driver.Class, b breach, byPolicy bool) *under {
	t.Helper()
	u := &under{T: t, inside: make(chan struct{}, 10), release: make(chan struct{})}
	broker, err := capability.NewBroker([]capability.Row{
		{Op: "inside", Handle: func(context.Context, *capability.Binding, []byte) ([]byte, error) { return nil, nil }},
		{Op: "outside", Traffic: capability.Egress, Handle: func(context.Context, *capability.Binding, []byte) ([]byte, error) {
			return (&sdk.Request{State: make([]byte, 700)}).MarshalMsg(nil)
		}},
		{Op: "log", Traffic: capability.Log, Handle: func(context.Context, *capability.Binding, []byte) ([]byte, error) { return nil, nil }},
		{Op: "wait", Handle: func(ctx context.Context, _ *capability.Binding, _ []byte) ([]byte, error) {
			u.inside <- struct{}{}
			select {
			case <-u.release:
			case <-ctx.Done():
			}
			return (&sdk.Request{}).MarshalMsg(nil)
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := manifestOf(fixture.ID, fixture.Version, "panel")
	m.Modules[0].View, m.Runtime.Kind = fixture.Echo, kind
	m.Provides = []manifest.Provided{{Capability: manifest.SyncV1, Name: fixture.Rows, Title: "Rows"}}
	policy := core.Policy{Wait: 100 * time.Millisecond, Instances: 12}
	for c, at := range map[driver.Class]struct {
		asked *manifest.ClassLimits
		most  *core.ClassPolicy
	}{
		driver.Request: {&m.Limits.Request, &policy.Request}, driver.Event: {&m.Limits.Event, &policy.Event}, driver.Step: {&m.Limits.Step, &policy.Step},
	} {
		asked, most := b.others, b.others
		switch {
		case c == class && byPolicy:
			asked, most = 2*b.mine, b.mine
		case c == class:
			asked, most = b.mine, 2*b.mine
		}
		ask(at.asked, b.limit, asked)
		allow(at.most, b.limit, most)
	}
	u.Engine = newEngine(t, core.Config{Drivers: map[string]driver.Driver{kind: d}, Broker: broker, Policy: policy, Breaking: core.Breaking{Stops: 1000}})
	if err := u.Add(t.Context(), m, code); err != nil {
		t.Fatal(err)
	}
	return u
}

// ask sets one limit of a class in a manifest, and allow in a policy, both in the manifest's unit.
func ask(l *manifest.ClassLimits, limit driver.Limit, n int64) {
	switch limit {
	case driver.LimitMemory:
		l.MemoryMiB = int(n)
	case driver.LimitFuel:
		l.Fuel = n
	case driver.LimitTimeout:
		l.TimeoutMs = int(n)
	case driver.LimitHostCalls:
		l.HostCalls = int(n)
	case driver.LimitEgress:
		l.EgressKiB = int(n)
	case driver.LimitLog:
		l.LogKiB = int(n)
	case driver.LimitConcurrency:
		l.Concurrency = int(n)
	}
}

func allow(p *core.ClassPolicy, limit driver.Limit, n int64) {
	switch limit {
	case driver.LimitMemory:
		p.MemoryBytes = uint64(n) << 20
	case driver.LimitFuel:
		p.Fuel = n
	case driver.LimitTimeout:
		p.Timeout = time.Duration(n) * time.Millisecond
	case driver.LimitHostCalls:
		p.HostCalls = n
	case driver.LimitEgress:
		p.EgressBytes = n << 10
	case driver.LimitLog:
		p.LogBytes = n << 10
	case driver.LimitConcurrency:
		p.Concurrency = int(n)
	}
}

// breach has a call of a class do what reaches the limit.
func (u *under) breach(class driver.Class, b breach) error {
	if b.limit != driver.LimitConcurrency {
		return u.call(class, "acme", b.does)
	}
	ended := make(chan error, 10)
	occupy := func(class driver.Class, tenant capability.TenantID) {
		go func() { ended <- u.call(class, tenant, b.does) }()
		select {
		case <-u.inside:
		case err := <-ended:
			u.Fatalf("a call of class %s of %s is kept out: %v", class, tenant, err)
		}
	}
	for range b.mine {
		occupy(class, "acme")
	}
	err := u.call(class, "acme", b.does)
	// It is the class of this site that is busy, and nobody else.
	occupy(class, "other")
	for _, c := range driver.Classes() {
		if c != class {
			occupy(c, "acme")
		}
	}
	close(u.release)
	for range b.mine + int64(len(driver.Classes())) {
		if err := <-ended; err != nil {
			u.Errorf("a call that was inside: %v", err)
		}
	}
	return err
}

// call makes a call of a class in the way in which the engine makes those.
func (u *under) call(class driver.Class, tenant capability.TenantID, does map[string]string) error {
	b := capability.Binding{Tenant: tenant, Plugin: fixture.ID}
	if class == driver.Step {
		h, err := u.Hold(b.Plugin, b.Tenant)
		if err != nil {
			return err
		}
		defer h.Release()
		return look(u.Context(), h.StepSource(b, fixture.Rows), sync.OpRead, sync.Config{Settings: settings.Values{Strings: does}})
	}
	r := &sdk.Request{Name: does["view"], Params: does}
	var err error
	if class == driver.Event {
		_, err = u.ViewAs(u.Context(), class, b, r)
	} else {
		_, err = u.View(u.Context(), b, r)
	}
	return err
}

func TestEachLimitOfEachClassIsToldWithValueAndPlace(t *testing.T) {
	d, err := wasm.New(wasm.Config{CacheDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	code := drivertest.Guest(t)
	keep, err := d.Load(t.Context(), code, driver.Limits{}) // so that the others share what it prepared
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(keep.Close(context.Background()), d.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	everyLimit(t, "wasm", d, code)
	t.Run("and how much of it is there", func(t *testing.T) {
		u := unbounded(t, "wasm", d, code, driver.Request, breaches[len(breaches)-1], false)
		var ended gosync.WaitGroup
		for range 2 {
			ended.Go(func() {
				if err := u.call(driver.Request, "acme", map[string]string{"view": fixture.Ask, "op": "wait"}); err != nil {
					t.Error(err)
				}
			})
			<-u.inside
		}
		if o := u.Occupancy(); len(o) != 1 || o[fixture.ID].Busy != 2 || o[fixture.ID].Idle != 0 || o[fixture.ID].MemoryBytes == 0 {
			t.Errorf("with two calls inside: %+v", o)
		}
		close(u.release)
		ended.Wait()
		if o := u.Occupancy(); o[fixture.ID].Busy != 0 || o[fixture.ID].Idle != 2 {
			t.Errorf("after them: %+v", o)
		}
	})
}

func TestEachLimitOfEachClassIsToldByProcessesToo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("plugins run as processes on Linux only")
	}
	code := drivertest.Program(t)
	d, err := process.New(process.Config{Allow: []string{fmt.Sprintf("%x", sha256.Sum256(code))}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	everyLimit(t, "process", d, code)
}

// What a process has is of all its calls. A call of a class with less is told of the limit that would have to be raised.
func TestMemoryOfAProcessIsThatOfTheClassWithMost(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("plugins run as processes on Linux only")
	}
	code := drivertest.Program(t)
	d, err := process.New(process.Config{Allow: []string{fmt.Sprintf("%x", sha256.Sum256(code))}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	b := breaches[0]
	b.mine, b.others = 96, 64
	err = unbounded(t, "process", d, code, driver.Step, b, false).call(driver.Request, "acme", b.does)
	var e *sdk.Error
	if !errors.As(err, &e) || e.Limit != "step.memoryMiB" || !strings.Contains(e.Message, "96 MiB") || !strings.Contains(e.Message, "limits.step.memoryMiB in plugin.json") {
		t.Errorf("got %#v", err)
	}
}
