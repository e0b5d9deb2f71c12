package syncing_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	gosync "sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// swapped is a rig whose inbox is a plugin in a real engine, in versions that take each other's place.
type swapped struct {
	*rig
	engine   *core.Engine
	features *feature.Service

	mu      gosync.Mutex
	steps   [][]string // versions that were asked in each step so far, in order
	closed  []string   // versions whose code was closed
	on      func(call string)
	reads   int
	peeking []sdk.Code // what a version that looks for more than it was granted was told
}

func newSwapped(t *testing.T, rollout core.Rollout) *swapped {
	t.Helper()
	s := &swapped{on: func(string) {}}
	s.rig = newRig(t, func(r *rig) {
		s.rig = r
		peek := capability.Row{Op: "peek", Permission: "jira:read", Handle: func(context.Context, *capability.Binding, []byte) ([]byte, error) { return nil, nil }}
		broker, err := capability.NewBroker([]capability.Row{peek}, nil)
		r.must(err)
		s.engine, err = core.New(core.Config{Drivers: map[string]driver.Driver{"wasm": s}, Broker: broker, Rollout: rollout, Breaking: core.Breaking{Stops: 100}})
		r.must(err)
		t.Cleanup(func() { r.must(s.engine.Close(context.Background())) })
		catalog, err := feature.NewCatalog(tenant.NewModules(r.store, time.Now), []string{"*"})
		r.must(err)
		client, err := jira.New(jira.Config{AppKey: "pergola"})
		r.must(err)
		s.features = feature.New(feature.Config{
			Catalog: catalog, Engine: s.engine, Tenants: r, Jira: client, BaseURL: "https://pergola.example", Log: slog.New(slog.DiscardHandler), Now: time.Now,
		})
		r.plugins = stepping{s.features, s}
	})
	s.add("1.0.0", "")
	return s
}

// stepping tells where a step begins.
type stepping struct {
	*feature.Service
	s *swapped
}

// StepSource implements syncing.Features.
func (f stepping) StepSource(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (*sync.Source, feature.Synchronizer, func(), error) {
	f.s.mu.Lock()
	f.s.steps = append(f.s.steps, nil)
	f.s.mu.Unlock()
	return f.Service.StepSource(ctx, t, id, name)
}

const inboxManifest = `{"manifestVersion":1,"id":"test.inbox","name":"Inbox","version":%q,"publisher":{"name":"Test"},"description":"For a test.",
	"compat":{"abi":1},"runtime":{"kind":"wasm","entry":"plugin.wasm"},"permissions":[%s],
	"provides":[{"capability":"sync/v1","name":"inbox","title":"Inbox","secrets":[{"name":"password","title":"Password"}],
	"connection":{"type":"object","required":["server"],"properties":{"server":{"type":"string","title":"Server","maxLength":50},
	"port":{"type":"integer","title":"Port","minimum":1,"maximum":65535,"default":993}}}}]}`

// add takes a version in, as a host does.
func (s *swapped) add(version, permissions string) {
	s.Helper()
	m, err := manifest.Parse("plugin.json", fmt.Appendf(nil, inboxManifest, version, permissions))
	s.must(err)
	s.must(s.features.Catalog.Admit(m))
	s.must(s.engine.Add(s.Context(), m, []byte(version)))
}

// Load implements driver.Driver; the code is the version.
func (s *swapped) Load(ctx context.Context, code []byte, l driver.Limits) (driver.Module, error) {
	version := string(code)
	inner := s.inbox.source()
	p := &sdk.Plugin{ID: "test.inbox", Version: version, Synchronizers: map[string]sdk.Synchronizer{"inbox": &sync.Source{
		Check: inner.Check,
		Discover: sync.DiscoverFunc(func(ctx context.Context, r *sync.Discover) (*sync.Catalog, error) {
			s.asked(version, "discover")
			return inner.Discover.Discover(ctx, r)
		}),
		Read: sync.ReadFunc(func(ctx context.Context, r *sync.Read) (*sync.Page, error) {
			if r.Stream == panics.Stream {
				panic("as asked")
			}
			s.mu.Lock()
			s.reads++
			call := fmt.Sprint("read ", s.reads)
			s.mu.Unlock()
			s.asked(version, call)
			if version == "2.0.0" {
				code := sdk.CodeOf(hostcall.Do(ctx, "peek", nil, nil))
				s.mu.Lock()
				s.peeking = append(s.peeking, code)
				s.mu.Unlock()
			}
			return inner.Read.Read(ctx, r)
		}),
	}}}
	m, err := inproc.New(slog.New(slog.DiscardHandler), p).Load(ctx, []byte("test.inbox"), l)
	return &closing{m, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.closed = append(s.closed, version)
	}}, err
}

// Close implements driver.Driver.
func (*swapped) Close(context.Context) error { return nil }

type closing struct {
	driver.Module
	closed func()
}

func (c *closing) Close(ctx context.Context) error {
	c.closed()
	return c.Module.Close(ctx)
}

// asked notes a call of a version, and lets happen what a test wants at it.
func (s *swapped) asked(version, call string) {
	s.mu.Lock()
	if n := len(s.steps); n > 0 { // what is asked before has no step: somebody looks whether a run can begin
		s.steps[n-1] = append(s.steps[n-1], version)
	} else {
		call = ""
	}
	on := s.on
	s.mu.Unlock()
	on(call)
}

// middle is a call of a step that has others before and behind it.
const middle = "read 2"

// during begins a run, has something happen while a call is answered, and follows it to its end.
func (s *swapped) during(sync, at string, happens func()) (came string) {
	s.Helper()
	s.mu.Lock()
	s.reads, s.steps = 0, nil
	s.on = func(call string) {
		if call == at {
			happens()
		}
	}
	s.mu.Unlock()
	run, err := s.Start(s.Context(), s.tenant, admin, sync, true)
	s.must(err)
	return s.follow(run)
}

// served lists the versions that did the steps, in order and without repetitions. Each step has one.
func (s *swapped) served() (out []string) {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, step := range s.steps {
		step = slices.Compact(step)
		if len(step) > 1 {
			s.Errorf("step %d ran on %v", i, step)
		}
		out = append(out, step...)
	}
	return slices.Compact(out)
}

// whole checks that a run over so many rows made an issue of each, and none of them twice.
func (s *swapped) whole(came string, rows int) {
	s.Helper()
	if want := fmt.Sprintf("done created=%d", rows); came != want {
		s.Errorf("the run came to %q, want %q", came, want)
	}
	if diff := cmp.Diff(wanted(rows), s.names()); diff != "" {
		s.Errorf("issues (-want +got):\n%s", diff)
	}
}

const manyRows = 23

func TestNewerVersionTakesARunOverBetweenTwoSteps(t *testing.T) {
	for _, at := range []string{"discover", "read 1", middle} {
		t.Run("in the middle of "+at, func(t *testing.T) {
			s := newSwapped(t, core.Rollout{})
			s.inbox.fill(manyRows)
			sync := s.synchronize()
			came := s.during(sync.ID, at, func() {
				s.add("1.1.0", "")
				s.mu.Lock()
				defer s.mu.Unlock()
				if len(s.closed) != 0 {
					t.Errorf("%v was closed in the middle of its step", s.closed)
				}
			})
			s.whole(came, manyRows)
			if diff := cmp.Diff([]string{"1.0.0", "1.1.0"}, s.served()); diff != "" {
				t.Errorf("versions that served (-want +got):\n%s", diff)
			}
			s.must(s.engine.Close(context.Background()))
			if diff := cmp.Diff([]string{"1.0.0", "1.1.0"}, s.closed); diff != "" {
				t.Errorf("closed, in order (-want +got):\n%s", diff)
			}
		})
	}
}

// other lets another site meet the plugin, so that it is the one that gets the newer version.
func (s *swapped) other() { _, _ = s.engine.Manifest(s.Context(), "test.inbox", "another site") }

func TestRunStaysOnTheVersionOfItsSiteWhileANewerOneIsOnTrial(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first func(*swapped) // who meets the version on trial first, and so gets it
		then  func(*swapped) // how the trial ends, in the middle of the second run
		want  [3][]string    // versions that served in the run in which the trial begins, in the next, and in that in which it ends
	}{
		{"the site is chosen, and the trial goes well", func(*swapped) {}, func(s *swapped) { s.engine.Promote("test.inbox") },
			[3][]string{{"1.0.0", "1.1.0"}, {"1.1.0"}, {"1.1.0"}}},
		{"the site is chosen, and the version is taken back", func(*swapped) {}, func(s *swapped) { s.engine.RollBack("test.inbox") },
			[3][]string{{"1.0.0", "1.1.0"}, {"1.1.0"}, {"1.1.0", "1.0.0"}}},
		{"the site is not chosen, and the trial goes well", (*swapped).other, func(s *swapped) { s.engine.Promote("test.inbox") },
			[3][]string{{"1.0.0"}, {"1.0.0"}, {"1.0.0", "1.1.0"}}},
		{"the site is not chosen, and the version is taken back", (*swapped).other, func(s *swapped) { s.engine.RollBack("test.inbox") },
			[3][]string{{"1.0.0"}, {"1.0.0"}, {"1.0.0"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSwapped(t, core.Rollout{Share: 10, Calls: 1000, Patience: time.Hour})
			s.inbox.fill(manyRows)
			sync := s.synchronize()
			happens := [3]func(){func() { s.add("1.1.0", ""); tt.first(s) }, func() {}, func() { tt.then(s) }}
			var got [3][]string
			for i := range got {
				if i > 0 { // there is something to do again
					s.inbox.change()
				}
				came := s.during(sync.ID, middle, happens[i])
				if want := fmt.Sprintf("done %s=%d", [3]string{"created", "changed", "changed"}[i], manyRows); came != want {
					t.Errorf("run %d came to %q, want %q", i+1, came, want)
				}
				got[i] = s.served()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("versions that served, by run (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wanted(manyRows), s.names()); diff != "" {
				t.Errorf("issues (-want +got):\n%s", diff)
			}
		})
	}
}

// panics is a read at which every version panics.
var panics = &sync.Read{Stream: "panic", Columns: []string{"id"}}

// change raises the price in every row.
func (b *inbox) change() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, row := range b.rows {
		b.rows[id] = []sync.Value{row[0], row[1], sync.Int(row[2].Int() + 1000)}
	}
}

// A version that is worse elsewhere is taken back by itself, under the run that it had taken over.
func TestRunGoesOnWithTheOldVersionWhenTheNewerOneIsTakenBack(t *testing.T) {
	s := newSwapped(t, core.Rollout{Share: 100, Calls: 1000, Patience: time.Hour})
	s.inbox.fill(manyRows)
	sync := s.synchronize()
	came := s.during(sync.ID, middle, func() { s.add("1.1.0", "") })
	s.whole(came, manyRows)
	s.inbox.change()
	came = s.during(sync.ID, middle, func() {
		for range 3 {
			_, err := s.engine.Source(capability.Binding{Tenant: "another site", Plugin: "test.inbox"}, "inbox").Read.Read(s.Context(), panics)
			if sdk.CodeOf(err) != sdk.Internal {
				t.Errorf("a version that panics answers %v", err)
			}
		}
	})
	if want := fmt.Sprintf("done changed=%d", manyRows); came != want {
		t.Errorf("the run came to %q, want %q", came, want)
	}
	if diff := cmp.Diff([]string{"1.1.0", "1.0.0"}, s.served()); diff != "" {
		t.Errorf("versions that served (-want +got):\n%s", diff)
	}
	if st := s.engine.Plugins()[0]; st.Manifest.Version != "1.0.0" || st.Trial != nil || st.Reason == "" {
		t.Errorf("the plugin stands at %+v", st)
	}
}

// What a run has is what the site's admin granted, whichever version does its next step.
func TestVersionThatAsksForMoreGetsNoMoreInARunThatGoesOn(t *testing.T) {
	s := newSwapped(t, core.Rollout{})
	s.inbox.fill(manyRows)
	sync := s.synchronize()
	came := s.during(sync.ID, middle, func() { s.add("2.0.0", `{"name":"jira:read","reason":"It looks at issues."}`) })
	s.whole(came, manyRows)
	if diff := cmp.Diff([]string{"1.0.0", "2.0.0"}, s.served()); diff != "" {
		t.Errorf("versions that served (-want +got):\n%s", diff)
	}
	if got := slices.Compact(s.peeking); !slices.Equal(got, []sdk.Code{sdk.PermissionDenied}) {
		t.Errorf("before the admin grants it, it was told %q", got)
	}
	s.peeking = nil
	s.must(s.features.SetEnabled(t.Context(), s.tenant, admin, "test.inbox", true))
	s.expect(sync.ID, fmt.Sprintf("done skipped=%d", manyRows))
	if got := slices.Compact(s.peeking); !slices.Equal(got, []sdk.Code{""}) {
		t.Errorf("after that, it was told %q", got)
	}
}
