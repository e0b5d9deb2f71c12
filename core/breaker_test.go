package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// shelf keeps quarantines as a store does.
type shelf struct {
	mu   sync.Mutex
	list []core.Quarantine
	down error
}

func (s *shelf) List(context.Context) ([]core.Quarantine, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list), s.down
}

func (s *shelf) Put(_ context.Context, q core.Quarantine) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down == nil {
		s.drop(q.Tenant, q.Plugin, q.Version)
		s.list = append(s.list, q)
	}
	return s.down
}

func (s *shelf) Delete(_ context.Context, t capability.TenantID, p capability.PluginID, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down == nil {
		s.drop(t, p, version)
	}
	return s.down
}

func (s *shelf) drop(t capability.TenantID, p capability.PluginID, version string) {
	s.list = slices.DeleteFunc(s.list, func(q core.Quarantine) bool { return q.Tenant == t && q.Plugin == p && q.Version == version })
}

// moody returns a plugin that panics while bad says so.
func moody(bad func() bool) *sdk.Plugin {
	return pluginOf("x.y", "1.0.0", func(context.Context, *sdk.Request) (*view.Page, error) {
		if bad() {
			panic("as asked")
		}
		return &view.Page{Title: "well"}, nil
	})
}

// broken is an engine with a moody plugin.
type broken struct {
	*core.Engine
	clock  *clock
	shelf  *shelf
	bad    bool
	called int
}

func newBroken(t *testing.T, shelf *shelf, clock *clock, policy manifest.FailurePolicy) *broken {
	t.Helper()
	b := &broken{clock: clock, shelf: shelf}
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": moody(func() bool { b.called++; return b.bad })}}
	b.Engine = newEngine(t, core.Config{Drivers: drivers(v), Now: clock.Now, Quarantines: shelf, Breaking: core.Breaking{Stops: 3, Pause: time.Minute, MaxPause: 3 * time.Minute}})
	if err := b.Resume(context.Background()); err != nil {
		t.Fatal(err)
	}
	m := manifestOf("x.y", "1.0.0", "panel")
	m.FailurePolicy = policy
	add(t, b.Engine, m, "v1")
	return b
}

func (b *broken) call(tenant capability.TenantID) error {
	binding := capability.Binding{Tenant: tenant, Plugin: "x.y", Context: sdk.Context{Module: "panel"}}
	_, err := b.View(context.Background(), binding, &sdk.Request{Name: "panel"})
	return err
}

func TestPluginThatKeepsFailingIsPausedForThatTenantAlone(t *testing.T) {
	b := newBroken(t, &shelf{}, newClock(), manifest.FailurePolicy{})
	b.bad = true
	for range 3 {
		wantCode(t, b.call("acme"), sdk.Internal, sdk.FromPlugin)
	}
	b.bad = false
	calls := b.called
	err := b.call("acme")
	wantCode(t, err, sdk.Unavailable, sdk.FromPlugin)
	if b.called != calls {
		t.Error("the plugin was called all the same")
	}
	if !strings.Contains(err.Error(), "12:01:00 on 4 May") || !strings.Contains(err.Error(), "admin") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	if err := b.call("globex"); err != nil {
		t.Errorf("another tenant: %v", err)
	}
	b.clock.pass(time.Minute)
	if err := b.call("acme"); err != nil {
		t.Errorf("the call that tries it again: %v", err)
	}
	if q := b.Quarantines("acme"); len(q) != 0 || len(b.shelf.list) != 0 {
		t.Errorf("afterwards there is %v, kept %v", q, b.shelf.list)
	}
}

func TestEachFailedTryDoublesThePause(t *testing.T) {
	b := newBroken(t, &shelf{}, newClock(), manifest.FailurePolicy{})
	b.bad = true
	for range 3 {
		_ = b.call("acme")
	}
	for i, pause := range []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 3 * time.Minute} {
		q := b.Quarantines("acme")
		if len(q) != 1 || q[0].Times != i+1 || !q[0].Until.Equal(b.clock.Now().Add(pause)) || q[0].Code != sdk.Internal {
			t.Fatalf("pause %d: %+v at %v", i, q, b.clock.Now())
		}
		if diff := cmp.Diff(q, b.shelf.list); diff != "" {
			t.Errorf("pause %d: kept otherwise (-engine +kept):\n%s", i, diff)
		}
		b.clock.pass(pause - time.Second)
		wantCode(t, b.call("acme"), sdk.Unavailable, sdk.FromPlugin)
		b.clock.pass(time.Second)
		wantCode(t, b.call("acme"), sdk.Internal, sdk.FromPlugin)
	}
}

func TestFailuresFarApartBreakNothing(t *testing.T) {
	b := newBroken(t, &shelf{}, newClock(), manifest.FailurePolicy{})
	b.bad = true
	for range 10 {
		wantCode(t, b.call("acme"), sdk.Internal, sdk.FromPlugin)
		b.clock.pass(31 * time.Second)
	}
}

func TestQuarantineOutlivesARestart(t *testing.T) {
	kept, clock := &shelf{}, newClock()
	b := newBroken(t, kept, clock, manifest.FailurePolicy{})
	b.bad = true
	for range 3 {
		_ = b.call("acme")
	}
	clock.pass(30 * time.Second)
	again := newBroken(t, kept, clock, manifest.FailurePolicy{})
	wantCode(t, again.call("acme"), sdk.Unavailable, sdk.FromPlugin)
	if again.called != 0 {
		t.Error("the plugin was called")
	}
	clock.pass(30 * time.Second)
	if err := again.call("acme"); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestOldQuarantinesAreForgotten(t *testing.T) {
	kept, clock := &shelf{}, newClock()
	kept.list = []core.Quarantine{{Tenant: "acme", Plugin: "x.y", Version: "0.9.0", Until: clock.Now().Add(-25 * time.Hour), Times: 1}}
	b := newBroken(t, kept, clock, manifest.FailurePolicy{})
	if q := b.Quarantines("acme"); len(q) != 0 || len(kept.list) != 0 {
		t.Errorf("there is %v, kept %v", q, kept.list)
	}
}

func TestAdminCanHaveItTriedAtOnce(t *testing.T) {
	b := newBroken(t, &shelf{}, newClock(), manifest.FailurePolicy{})
	b.bad = true
	for range 3 {
		_ = b.call("acme")
	}
	if b.Retry(t.Context(), "globex", "x.y") {
		t.Error("there is nothing to try for another tenant")
	}
	b.bad = false
	if !b.Retry(t.Context(), "acme", "x.y") {
		t.Error("there was no quarantine")
	}
	if err := b.call("acme"); err != nil {
		t.Error(err)
	}
}

// Whoever asked for a try gets one, though the host starts anew before anybody has called.
func TestTryThatWasAskedForSurvivesARestart(t *testing.T) {
	kept, clock := &shelf{}, newClock()
	b := newBroken(t, kept, clock, manifest.FailurePolicy{})
	b.bad = true
	for range 3 {
		_ = b.call("acme")
		_ = b.call("globex")
	}
	b.Retry(t.Context(), "acme", "x.y")
	again := newBroken(t, kept, clock, manifest.FailurePolicy{})
	if err := again.call("acme"); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	wantCode(t, again.call("globex"), sdk.Unavailable, sdk.FromPlugin) // nobody asked there
	if len(kept.list) != 1 || kept.list[0].Tenant != "globex" {
		t.Errorf("kept %+v", kept.list)
	}
	kept.down = errors.New("the disk is full")
	if !again.Retry(t.Context(), "globex", "x.y") || again.call("globex") != nil {
		t.Error("without a store nothing is tried")
	}
}

func TestOnlyOneCallTriesAtATime(t *testing.T) {
	clock := newClock()
	inside, free := make(chan struct{}), make(chan struct{})
	bad := true
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": moody(func() bool {
		if bad {
			return true
		}
		close(inside)
		<-free
		return false
	})}}
	e := newEngine(t, core.Config{Drivers: drivers(v), Now: clock.Now, Breaking: core.Breaking{Stops: 1}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	call := func() error {
		_, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
		return err
	}
	_ = call()
	bad = false
	clock.pass(time.Minute)
	first := make(chan error, 1)
	go func() { first <- call() }()
	<-inside
	wantCode(t, call(), sdk.Unavailable, sdk.FromPlugin)
	close(free)
	if err := <-first; err != nil {
		t.Errorf("the call that tried: %v", err)
	}
}

func TestStoreThatFailsDoesNotFailTheCall(t *testing.T) {
	kept := &shelf{}
	b := newBroken(t, kept, newClock(), manifest.FailurePolicy{})
	kept.down = errors.New("no disk")
	b.bad = true
	for range 3 {
		wantCode(t, b.call("acme"), sdk.Internal, sdk.FromPlugin)
	}
	wantCode(t, b.call("acme"), sdk.Unavailable, sdk.FromPlugin)
}

func TestFailurePolicyDecidesWhatTheUserMeets(t *testing.T) {
	for _, tt := range []struct {
		policy string
		want   sdk.Code // of the first failure
		calls  int
		paused sdk.Code // once it is in quarantine
	}{
		{"", sdk.Internal, 1, sdk.Unavailable},
		{manifest.Closed, sdk.Internal, 1, sdk.Unavailable},
		{manifest.Retry, sdk.Internal, 2, sdk.Unavailable},
		{manifest.Hide, "", 1, ""},
	} {
		t.Run(tt.policy, func(t *testing.T) {
			b := newBroken(t, &shelf{}, newClock(), manifest.FailurePolicy{View: tt.policy})
			b.bad = true
			if err := b.call("acme"); sdk.CodeOf(err) != tt.want || b.called != tt.calls {
				t.Errorf("got %v after %d calls, want %q after %d", err, b.called, tt.want, tt.calls)
			}
			for range 3 {
				_ = b.call("acme")
			}
			if err := b.call("acme"); sdk.CodeOf(err) != tt.paused {
				t.Errorf("in quarantine: %v, want %q", err, tt.paused)
			}
		})
	}
}

func TestRetryHelpsWhereTheFailureWasNotThePlugins(t *testing.T) {
	b := newBroken(t, &shelf{}, newClock(), manifest.FailurePolicy{View: manifest.Retry})
	failures := 1
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": moody(func() bool { failures--; return failures >= 0 })}}
	b.Engine = newEngine(t, core.Config{Drivers: drivers(v)})
	m := manifestOf("x.y", "1.0.0", "panel")
	m.FailurePolicy.View = manifest.Retry
	add(t, b.Engine, m, "v1")
	if err := b.call("acme"); err != nil {
		t.Error(err)
	}
}

func TestHiddenFailureHidesNoPageOfItsOwn(t *testing.T) {
	b := newBroken(t, &shelf{}, newClock(), manifest.FailurePolicy{View: manifest.Hide})
	b.bad = true
	binding := capability.Binding{Tenant: "acme", Plugin: "x.y", Context: sdk.Context{Module: "elsewhere"}}
	_, err := b.View(context.Background(), binding, &sdk.Request{Name: "panel"})
	wantCode(t, err, sdk.Internal, sdk.FromPlugin)
}
