package core_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// people is a manifest that provides the synchronizer "people".
func people() *manifest.Manifest {
	m := manifestOf("x.y", "1.0.0")
	m.Provides = []manifest.Provided{{Capability: manifest.SyncV1, Name: "people", Title: "People"}}
	return m
}

// withSource returns an engine in which x.y provides s as "people".
func withSource(t *testing.T, c core.Config, s *sync.Source) *core.Engine {
	t.Helper()
	p := &sdk.Plugin{ID: "x.y", Version: "1.0.0", Synchronizers: map[string]sdk.Synchronizer{"people": s}}
	c.Drivers = drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}})
	e := newEngine(t, c)
	add(t, e, people(), "v1")
	return e
}

func TestSourceOfAPluginConforms(t *testing.T) {
	table := &sdktest.Table{Stream: sync.Stream{Name: "people", Key: []string{"id"}, Columns: []sync.Column{
		{Name: "id", Type: sync.IntegerType, Filterable: true}, {Name: "name", Type: sync.StringType, Filterable: true, Writable: true},
	}}}
	for i := range 20 {
		table.Rows = append(table.Rows, []sync.Value{sync.Int(int64(i)), sync.String(strings.Repeat("x", i))})
	}
	e := withSource(t, core.Config{}, sdktest.NewMemory(table).Source())
	sdktest.ConformSource(t, e.Source(acme, "people"), sdktest.Connection{Write: true})
}

func TestSourceIsToldWhatItsTenantMayReachAndNothingElse(t *testing.T) {
	var got []sync.Check
	s := &sync.Source{Check: sync.CheckFunc(func(_ context.Context, r *sync.Check) (*sync.Health, error) {
		got = append(got, *r)
		return &sync.Health{}, nil
	})}
	e := withSource(t, core.Config{Reach: func(t capability.TenantID) sync.Reach {
		if t == "acme" {
			return sync.Reach{Networks: []string{"10.0.0.0/8"}}
		}
		return sync.Reach{}
	}}, s)
	in := &sync.Check{Name: "another", Config: sync.Config{
		Settings: settings.Values{Strings: map[string]string{"host": "db"}}, Secrets: map[string]sync.Secret{"password": "p"},
		Reach: sync.Reach{Networks: []string{"0.0.0.0/0"}, Folder: "/"},
	}}
	other := acme
	other.Tenant = "other"
	for _, b := range []capability.Binding{acme, other} {
		if _, err := e.Source(b, "people").Check.Check(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	want := []sync.Check{*in, *in}
	for i, reach := range []sync.Reach{{Networks: []string{"10.0.0.0/8"}}, {}} {
		want[i].Name, want[i].Config.Reach = "people", reach
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the source was asked (-want +got):\n%s", diff)
	}
}

func TestSourceThatIsNotProvidedIsNotFound(t *testing.T) {
	e := withSource(t, core.Config{}, &sync.Source{})
	_, err := e.Source(acme, "houses").Check.Check(t.Context(), &sync.Check{})
	wantCode(t, err, sdk.NotFound, sdk.FromHost)
}

func TestPluginThatLacksWhatItProvidesIsRefused(t *testing.T) {
	p := &sdk.Plugin{ID: "x.y", Version: "1.0.0"}
	e := newEngine(t, core.Config{Drivers: drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}})})
	err := e.Add(t.Context(), people(), []byte("v1"))
	if err == nil || !strings.Contains(err.Error(), `provides the synchronizer "people", and the code has no synchronizers`) {
		t.Errorf("got %v", err)
	}
}

// A plugin in another language need not keep the rules that the SDK for Go keeps by itself.
func TestAnswersThatBreakARuleAreDefects(t *testing.T) {
	page := &sync.Page{Rows: [][]sync.Value{{sync.Int(1)}, {sync.Int(2), sync.Int(3)}}}
	for name, answer := range map[string]struct {
		op   string
		body func([]byte) ([]byte, error)
	}{
		"page":    {sync.OpRead, page.MarshalMsg},
		"catalog": {sync.OpDiscover, (&sync.Catalog{Streams: []sync.Stream{{}}}).MarshalMsg},
		"written": {sync.OpWrite, (&sync.Written{Outcomes: []sync.Outcome{{}, {}}}).MarshalMsg},
	} {
		r := answering()
		r.describe = sdk.Description{ID: "x.y", Version: "1.0.0", Synchronizers: []string{"people"}}
		r.answer = result(t, answer.body)
		e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": r}})
		add(t, e, people(), "v1")
		s := e.Source(acme, "people")
		var err error
		switch answer.op {
		case sync.OpRead:
			_, err = s.Read.Read(t.Context(), &sync.Read{Columns: []string{"a"}})
		case sync.OpDiscover:
			_, err = s.Discover.Discover(t.Context(), &sync.Discover{})
		case sync.OpWrite:
			_, err = s.Write.Write(t.Context(), &sync.Write{Columns: []string{"a"}, Changes: []sync.Change{{}}})
		}
		wantCode(t, err, sdk.Internal, sdk.FromPlugin)
		if err == nil || !strings.Contains(err.Error(), "breaks a rule") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// result encodes an answer.
func result(t *testing.T, body func([]byte) ([]byte, error)) []byte {
	t.Helper()
	raw, err := body(nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := (&wire.Result{Body: raw}).MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A step of a job checks and discovers as a step too; an admin who waits for the same has the limits of a request.
func TestReadingIsAStepAndLookingIsWhateverItIsFor(t *testing.T) {
	for _, tt := range []struct {
		op           string
		page, inStep driver.Class
	}{
		{sync.OpCheck, driver.Request, driver.Step},
		{sync.OpDiscover, driver.Request, driver.Step},
		{sync.OpRead, driver.Step, driver.Step},
		{sync.OpWrite, driver.Step, driver.Step},
	} {
		r := answering()
		r.describe = sdk.Description{ID: "x.y", Version: "1.0.0", Synchronizers: []string{"people"}}
		r.answer = result(t, (&sync.Page{Rows: [][]sync.Value{}}).MarshalMsg)
		e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": r}})
		m := people()
		m.Limits.Step.TimeoutMs = 42_000
		add(t, e, m, "v1")
		h, err := e.Hold("x.y", "acme")
		if err != nil {
			t.Fatal(err)
		}
		defer h.Release()
		for s, want := range map[*sync.Source]driver.Class{e.Source(acme, "people"): tt.page, h.StepSource(acme, "people"): tt.inStep} {
			err := look(t.Context(), s, tt.op, sync.Config{})
			if err != nil || r.call.Class != want || (r.call.Budget.Timeout.Milliseconds() == 42_000) != (want == driver.Step) {
				t.Errorf("%s: class %s, %v, %v; want %s", tt.op, r.call.Class, r.call.Budget.Timeout, err, want)
			}
		}
	}
}

// What a step has discovered is read by the version that told it, though a newer one takes over in between.
func TestStepStaysOnTheVersionOnWhichItBegan(t *testing.T) {
	var asked []string
	of := func(version string) *sdk.Plugin {
		return &sdk.Plugin{ID: "x.y", Version: version, Synchronizers: map[string]sdk.Synchronizer{"people": &sync.Source{
			Discover: sync.DiscoverFunc(func(context.Context, *sync.Discover) (*sync.Catalog, error) {
				asked = append(asked, "discover "+version)
				return &sync.Catalog{}, nil
			}),
			Read: sync.ReadFunc(func(context.Context, *sync.Read) (*sync.Page, error) {
				asked = append(asked, "read "+version)
				return &sync.Page{}, nil
			}),
		}}}
	}
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": of("1.0.0"), "v2": of("1.1.0")}}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	add(t, e, people(), "v1")
	newer := people()
	newer.Version = "1.1.0"
	for range 2 {
		h, err := e.Hold("x.y", "acme")
		if err != nil {
			t.Fatal(err)
		}
		s := h.StepSource(capability.Binding{Tenant: "somebody else", Plugin: "no.body"}, "people")
		if err := look(t.Context(), s, sync.OpDiscover, sync.Config{}); err != nil {
			t.Fatal(err)
		}
		add(t, e, newer, "v2")
		if err := look(t.Context(), s, sync.OpRead, sync.Config{}); err != nil {
			t.Fatal(err)
		}
		h.Release()
	}
	if diff := cmp.Diff([]string{"discover 1.0.0", "read 1.0.0", "discover 1.1.0", "read 1.1.0"}, asked); diff != "" {
		t.Errorf("what was asked (-want +got):\n%s", diff)
	}
}

// look asks a source for an operation with as little as it takes.
func look(ctx context.Context, s *sync.Source, op string, c sync.Config) (err error) {
	switch op {
	case sync.OpCheck:
		_, err = s.Check.Check(ctx, &sync.Check{Config: c})
	case sync.OpDiscover:
		_, err = s.Discover.Discover(ctx, &sync.Discover{Config: c})
	case sync.OpRead:
		_, err = s.Read.Read(ctx, &sync.Read{Config: c, Stream: "rows", Columns: []string{"id"}})
	case sync.OpWrite:
		_, err = s.Write.Write(ctx, &sync.Write{Config: c, Columns: []string{"name"}})
	}
	return err
}

// Some host calls are for synchronizers alone, so nobody but the engine says what a call is.
func TestHostCallsKnowTheSynchronizerThatAsks(t *testing.T) {
	var seen []string
	broker, err := capability.NewBroker([]capability.Row{{Op: "peek", Handle: func(_ context.Context, b *capability.Binding, _ []byte) ([]byte, error) {
		seen = append(seen, b.Synchronizer)
		return nil, nil
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := pluginOf("x.y", "1.0.0", func(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
		return &view.Page{}, hostcall.Do(ctx, "peek", nil, nil)
	})
	p.Synchronizers = map[string]sdk.Synchronizer{"people": &sync.Source{
		Check: sync.CheckFunc(func(ctx context.Context, _ *sync.Check) (*sync.Health, error) {
			return &sync.Health{}, hostcall.Do(ctx, "peek", nil, nil)
		}),
	}}
	e := newEngine(t, core.Config{Drivers: drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}}), Broker: broker})
	m := people()
	m.Modules = manifestOf("x.y", "1.0.0", "panel").Modules
	add(t, e, m, "v1")
	pretending := acme
	pretending.Synchronizer = "houses"
	title(t, e, pretending)
	if _, err := e.Source(pretending, "people").Check.Check(t.Context(), &sync.Check{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", "people"}, seen); diff != "" {
		t.Errorf("synchronizer of the page's and the check's host call (-want +got):\n%s", diff)
	}
}
