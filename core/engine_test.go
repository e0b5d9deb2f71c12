package core_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// manifestOf returns a manifest for an in-process plugin.
func manifestOf(id, version string, views ...string) *manifest.Manifest {
	m := &manifest.Manifest{
		ManifestVersion: 1, ID: capability.PluginID(id), Name: id, Version: version,
		Compat: manifest.Compat{ABI: wire.ABI}, Runtime: manifest.Runtime{Kind: "inproc"},
	}
	for _, v := range views {
		m.Modules = append(m.Modules, manifest.Module{Type: "issuePanel", Key: v, Name: v, View: v})
	}
	return m
}

// pluginOf returns a plugin whose view "panel" is drawn by f.
func pluginOf(id, version string, f sdk.ViewFunc) *sdk.Plugin {
	return &sdk.Plugin{ID: id, Version: version, Views: map[string]sdk.View{"panel": f}}
}

func says(title string) sdk.ViewFunc {
	return func(context.Context, *sdk.Request) (*view.Page, error) { return &view.Page{Title: title}, nil }
}

func newEngine(t testing.TB, c core.Config) *core.Engine {
	t.Helper()
	e, err := core.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Errorf("close the engine: %v", err)
		}
	})
	return e
}

// versions is a driver that loads one of several plugins by a name, and counts the modules that are open.
type versions struct {
	*inproc.Driver
	byCode map[string]*sdk.Plugin

	mu     sync.Mutex
	open   int
	limits driver.Limits
}

type counted struct {
	driver.Module
	v    *versions
	once sync.Once
}

func (c *counted) Close(ctx context.Context) error {
	err := c.Module.Close(ctx)
	c.once.Do(func() {
		c.v.mu.Lock()
		defer c.v.mu.Unlock()
		c.v.open--
	})
	return err
}

func (v *versions) Load(ctx context.Context, code []byte, l driver.Limits) (driver.Module, error) {
	p, found := v.byCode[string(code)]
	if !found {
		return nil, errors.New("this is not a plugin")
	}
	m, err := inproc.New(nil, p).Load(ctx, []byte(p.ID), l)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open++
	v.limits = l
	return &counted{Module: m, v: v}, nil
}

func (v *versions) modules() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.open
}

func drivers(v *versions) map[string]driver.Driver { return map[string]driver.Driver{"inproc": v} }

func add(t testing.TB, e *core.Engine, m *manifest.Manifest, code string) {
	t.Helper()
	if err := e.Add(context.Background(), m, []byte(code)); err != nil {
		t.Fatal(err)
	}
}

func title(t testing.TB, e *core.Engine, b capability.Binding) string {
	t.Helper()
	page, err := e.View(context.Background(), b, &sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	return page.Title
}

func wantCode(t testing.TB, err error, code sdk.Code, source sdk.Source) {
	t.Helper()
	e, isError := err.(*sdk.Error)
	if !isError || e.Code != code || e.Source != source {
		t.Errorf("got %v, want %s of the %s", err, code, source)
	}
}

var acme = capability.Binding{Tenant: "acme", Plugin: "x.y"}

func TestViewActionAndFileReachThePlugin(t *testing.T) {
	p := &sdk.Plugin{
		ID: "x.y", Version: "1.0.0",
		Views: map[string]sdk.View{"panel": sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: r.Context.IssueID + " " + r.Params["q"]}, nil
		})},
		Actions: map[string]sdk.Action{"save": sdk.ActionFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: strings.Join(r.Form["name"], "+")}, nil
		})},
		Files: map[string]sdk.File{"csv": sdk.FileFunc(func(_ context.Context, r *sdk.Request) (*sdk.Attachment, error) {
			return &sdk.Attachment{Name: "a.csv", ContentType: "text/csv", Body: r.State}, nil
		})},
	}
	e := newEngine(t, core.Config{Drivers: drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}})})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	b := acme
	b.Context = sdk.Context{IssueID: "10007"}
	ctx := context.Background()

	r := &sdk.Request{Name: "panel", Params: map[string]string{"q": "hello"}, Context: sdk.Context{IssueID: "666"}}
	if page, err := e.View(ctx, b, r); err != nil || page.Title != "10007 hello" {
		t.Errorf("view: got %+v, %v; the issue must be the binding's", page, err)
	}
	if r.Context.IssueID != "666" {
		t.Error("the caller's request was changed")
	}
	if page, err := e.Action(ctx, b, &sdk.Request{Name: "save", Form: map[string][]string{"name": {"a", "b"}}}); err != nil || page.Title != "a+b" {
		t.Errorf("action: got %+v, %v", page, err)
	}
	if file, err := e.File(ctx, b, &sdk.Request{Name: "csv", State: []byte("1,2")}); err != nil || string(file.Body) != "1,2" {
		t.Errorf("file: got %+v, %v", file, err)
	}
	_, err := e.View(ctx, b, &sdk.Request{Name: "nothing"})
	wantCode(t, err, sdk.NotFound, sdk.FromPlugin)
	_, err = e.View(ctx, capability.Binding{Plugin: "no.body"}, r)
	wantCode(t, err, sdk.NotFound, sdk.FromHost)
}

func TestAddRefusesAndSaysWhichSideSaysWhat(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{
		"v1":     pluginOf("x.y", "1.0.0", says("one")),
		"silent": nil,
	}}
	v.byCode["silent"] = &sdk.Plugin{ID: "x.y", Version: "1.0.0"}
	tests := []struct {
		name string
		m    *manifest.Manifest
		code string
		want []string
	}{
		{"id", manifestOf("x.z", "1.0.0", "panel"), "v1", []string{`plugin.json says id "x.z", the code says "x.y"`}},
		{"version", manifestOf("x.y", "2.0.0", "panel"), "v1", []string{`plugin.json says version "2.0.0", the code says "1.0.0"`}},
		{"view", manifestOf("x.y", "1.0.0", "panel", "page"), "v1", []string{`module "page"`, `view "page"`, "only panel"}},
		{"no views", manifestOf("x.y", "1.0.0", "panel"), "silent", []string{"no views"}},
		{"everything at once", manifestOf("a.b", "3.0.0", "page"), "v1", []string{"id", "version", `"page"`}},
		{"code", manifestOf("x.y", "1.0.0"), "rubbish", []string{"this is not a plugin"}},
		{"runtime", func() *manifest.Manifest { m := manifestOf("x.y", "1.0.0"); m.Runtime.Kind = "jvm"; return m }(), "v1", []string{`"jvm"`, "runs inproc"}},
		{"abi", func() *manifest.Manifest { m := manifestOf("x.y", "1.0.0"); m.Compat.ABI = 7; return m }(), "v1", []string{"compat.abi 7", "speaks 1", "SDK"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, core.Config{Drivers: drivers(v)})
			err := e.Add(context.Background(), tt.m, []byte(tt.code))
			if err == nil {
				t.Fatal("added")
			}
			for _, want := range append(tt.want, string(tt.m.ID)+" "+tt.m.Version) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
			want := []core.Status{{Manifest: tt.m, Digest: sha256.Sum256([]byte(tt.code)), Health: core.Failed, Reason: err.Error()}}
			if diff := cmp.Diff(want, e.Plugins()); diff != "" {
				t.Errorf("plugins (-want +got):\n%s", diff)
			}
			_, err = e.View(context.Background(), capability.Binding{Plugin: tt.m.ID}, &sdk.Request{Name: "panel"})
			wantCode(t, err, sdk.Unavailable, sdk.FromHost)
		})
	}
	if n := v.modules(); n != 0 {
		t.Errorf("%d modules of refused plugins are open", n)
	}
}

func TestNewerVersionTakesOverWhileOldCallsEnd(t *testing.T) {
	inside, free := make(chan struct{}), make(chan struct{})
	v := &versions{byCode: map[string]*sdk.Plugin{
		"v1": pluginOf("x.y", "1.0.0", func(context.Context, *sdk.Request) (*view.Page, error) {
			close(inside)
			<-free
			return &view.Page{Title: "one"}, nil
		}),
		"v2": pluginOf("x.y", "1.10.0", says("two")),
	}}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	old := make(chan string, 1)
	go func() {
		page, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
		if err != nil {
			old <- err.Error()
			return
		}
		old <- page.Title
	}()
	<-inside
	add(t, e, manifestOf("x.y", "1.10.0", "panel"), "v2")
	if got := title(t, e, acme); got != "two" {
		t.Errorf("a new call gets %q", got)
	}
	if n := v.modules(); n != 2 {
		t.Errorf("%d modules are open while a call runs on the old one", n)
	}
	close(free)
	if got := <-old; got != "one" {
		t.Errorf("the old call ended with %q", got)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if n := v.modules(); n != 0 {
		t.Errorf("%d modules are open after Close", n)
	}
}

func TestFailedUpgradeLeavesTheOldVersionServing(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{
		"v1": pluginOf("x.y", "1.0.0", says("one")), "v1b": pluginOf("x.y", "1.0.0", says("one, otherwise")),
		"v2": pluginOf("x.y", "1.0.1", says("two")), "v0": pluginOf("x.y", "0.9.0", says("zero")),
	}}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	for _, tt := range []struct{ version, code, want string }{
		{"2.0.0", "rubbish", "not a plugin"},
		{"2.0.0", "v2", `the code says "1.0.1"`},
		{"1.0.0", "v1b", "raise version in plugin.json"},
		{"0.9.0", "v0", "older than 1.0.0"},
	} {
		err := e.Add(context.Background(), manifestOf("x.y", tt.version, "panel"), []byte(tt.code))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.code, err, tt.want)
		}
		if got := title(t, e, acme); got != "one" {
			t.Errorf("%s: then %q serves", tt.code, got)
		}
		s := e.Plugins()[0]
		if s.Health != core.Healthy || !s.Serves || s.Manifest.Version != "1.0.0" || err == nil || s.Reason != err.Error() {
			t.Errorf("%s: the status is %+v", tt.code, s)
		}
	}
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1") // the same again
	if s := e.Plugins()[0]; s.Reason != "" || s.Calls != 4 {
		t.Errorf("adding the same changed something: %+v", s)
	}
	add(t, e, manifestOf("x.y", "1.0.1", "panel"), "v2")
	if got := title(t, e, acme); got != "two" {
		t.Errorf("then %q serves", got)
	}
}

func TestDevelopmentReplacesAnyVersion(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{"a": pluginOf("x.y", "1.0.0", says("a")), "b": pluginOf("x.y", "1.0.0", says("b"))}}
	e := newEngine(t, core.Config{Drivers: drivers(v), Development: true})
	for _, code := range []string{"a", "b", "a"} {
		add(t, e, manifestOf("x.y", "1.0.0", "panel"), code)
		if got := title(t, e, acme); got != code {
			t.Errorf("after adding %s, %q serves", code, got)
		}
	}
}

func TestCallsAndUpgradesAtTheSameTime(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{}}
	for i := range 20 {
		version := fmt.Sprintf("1.%d.0", i)
		v.byCode[version] = pluginOf("x.y", version, says(version))
	}
	e := newEngine(t, core.Config{Drivers: drivers(v), Policy: core.Policy{Wait: time.Minute}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "1.0.0")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"}); err != nil {
					t.Errorf("a call failed during an upgrade: %v", err)
					return
				}
			}
		})
	}
	for i := 1; i < 20; i++ {
		version := fmt.Sprintf("1.%d.0", i)
		add(t, e, manifestOf("x.y", version, "panel"), version)
	}
	close(stop)
	wg.Wait()
	if got := title(t, e, acme); got != "1.19.0" {
		t.Errorf("at last %s serves", got)
	}
}

func TestPluginsAreListedInOrderWithTheirCounts(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{}}
	for _, id := range []string{"c.c", "a.a", "b.b"} {
		v.byCode[id] = pluginOf(id, "1.0.0", func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			switch r.Params["do"] {
			case "fail":
				return nil, sdk.Errorf(sdk.Invalid, "no")
			case "panic":
				panic("as asked")
			}
			return &view.Page{}, nil
		})
	}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	for _, id := range []string{"c.c", "a.a", "b.b"} {
		add(t, e, manifestOf(id, "1.0.0", "panel"), id)
	}
	do := func(what string) {
		_, _ = e.View(context.Background(), capability.Binding{Tenant: "acme", Plugin: "b.b"}, &sdk.Request{Name: "panel", Params: map[string]string{"do": what}})
	}
	var ids []capability.PluginID
	for _, s := range e.Plugins() {
		ids = append(ids, s.Manifest.ID)
	}
	if diff := cmp.Diff([]capability.PluginID{"a.a", "b.b", "c.c"}, ids); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	for _, step := range []struct {
		do                   string
		calls, errors, traps int64
		health               core.Health
	}{
		{"", 1, 0, 0, core.Healthy}, {"panic", 2, 1, 1, core.Healthy}, {"panic", 3, 2, 2, core.Healthy}, {"fail", 4, 3, 0, core.Healthy},
		{"panic", 5, 4, 1, core.Healthy}, {"panic", 6, 5, 2, core.Healthy}, {"panic", 7, 6, 3, core.Failed}, {"", 8, 6, 0, core.Healthy},
	} {
		do(step.do)
		s := e.Plugins()[1]
		if s.Calls != step.calls || s.Errors != step.errors || s.Traps != step.traps || s.Health != step.health || (s.Reason != "") != (step.health == core.Failed) {
			t.Errorf("after call %d (%s): %+v", step.calls, step.do, s)
		}
	}
}

func TestPolicyClampsWhatAPluginAsksFor(t *testing.T) {
	for _, tt := range []struct {
		name  string
		asks  manifest.Limits
		allow core.Policy
		want  driver.Limits
	}{
		{"nothing asked", manifest.Limits{}, core.Policy{Instances: 3}, driver.Limits{MemoryBytes: 64 << 20, Timeout: 10 * time.Second, Instances: 3, Wait: 2 * time.Second}},
		{"within", manifest.Limits{MemoryMiB: 128, TimeoutMs: 5000}, core.Policy{Instances: 1}, driver.Limits{MemoryBytes: 128 << 20, Timeout: 5 * time.Second, Instances: 1, Wait: 2 * time.Second}},
		{"above", manifest.Limits{MemoryMiB: 4096, TimeoutMs: 3_600_000}, core.Policy{Instances: 1}, driver.Limits{MemoryBytes: 256 << 20, Timeout: 30 * time.Second, Instances: 1, Wait: 2 * time.Second}},
		{"policy below the default", manifest.Limits{}, core.Policy{MaxMemoryBytes: 32 << 20, MaxTimeout: time.Second, Instances: 1, Wait: time.Millisecond},
			driver.Limits{MemoryBytes: 32 << 20, Timeout: time.Second, Instances: 1, Wait: time.Millisecond}},
		{"nonsense", manifest.Limits{MemoryMiB: -1, TimeoutMs: -1}, core.Policy{Instances: 1}, driver.Limits{MemoryBytes: 64 << 20, Timeout: 10 * time.Second, Instances: 1, Wait: 2 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := &versions{byCode: map[string]*sdk.Plugin{"v1": pluginOf("x.y", "1.0.0", says("one"))}}
			m := manifestOf("x.y", "1.0.0", "panel")
			m.Limits = tt.asks
			add(t, newEngine(t, core.Config{Drivers: drivers(v), Policy: tt.allow}), m, "v1")
			if diff := cmp.Diff(tt.want, v.limits); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGrantsCountOnlyWhereTheManifestAsks(t *testing.T) {
	var seen capability.Binding
	broker, err := capability.NewBroker([]capability.Row{{Op: "peek", Handle: func(_ context.Context, b *capability.Binding, _ []byte) ([]byte, error) {
		seen = *b
		return nil, nil
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := pluginOf("x.y", "1.0.0", func(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
		return &view.Page{}, hostcall.Do(ctx, "peek", nil, nil)
	})
	m := manifestOf("x.y", "1.0.0", "panel")
	m.Permissions = []manifest.Permission{{Name: "jira:read", Reason: "to show"}, {Name: "store", Reason: "to keep"}}
	e := newEngine(t, core.Config{Drivers: drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}}), Broker: broker})
	add(t, e, m, "v1")
	b := capability.Binding{Tenant: "acme", Plugin: "x.y", Version: "0.0.1", SettingsRev: 4, GrantRev: 5,
		Grants: capability.Grants{"jira:read": true, "store": false, "jira:write": true}}
	title(t, e, b)
	want := b
	want.Version, want.Grants = "1.0.0", capability.Grants{"jira:read": true}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("binding of the host call (-want +got):\n%s", diff)
	}
}

// raw is a driver whose plugins answer with fixed bytes once they are loaded.
type raw struct {
	describe sdk.Description
	answer   []byte
	err      error
	message  []byte
	key      string
}

func (r *raw) Load(context.Context, []byte, driver.Limits) (driver.Module, error) { return r, nil }
func (r *raw) Close(context.Context) error                                        { return nil }

func (r *raw) Call(_ context.Context, c driver.Call) ([]byte, error) {
	var call wire.Call
	if _, err := call.UnmarshalMsg(c.Message); err != nil {
		return nil, err
	}
	if call.Op == wire.OpDescribe {
		body, _ := r.describe.MarshalMsg(nil)
		return (&wire.Result{Body: body}).MarshalMsg(nil)
	}
	r.message, r.key = c.Message, c.Isolation
	return r.answer, r.err
}

func TestAnswersOfAPluginAreNotTrusted(t *testing.T) {
	failing := func(e sdk.Error) []byte {
		out, _ := (&wire.Result{Error: &e, Body: msgp.AppendNil(nil)}).MarshalMsg(nil)
		return out
	}
	with := func(body []byte) []byte {
		out, _ := (&wire.Result{Body: body}).MarshalMsg(nil)
		return out
	}
	long := strings.Repeat("é", 2000)
	tests := []struct {
		name   string
		answer []byte
		want   sdk.Error // Message only has to be contained
		most   int
	}{
		{"nothing", nil, sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "cannot be decoded"}, 200},
		{"rubbish", []byte("HTTP/1.1 200 OK"), sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "cannot be decoded"}, 200},
		{"body of another kind", with(msgp.AppendInt(nil, 7)), sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "not of the kind"}, 200},
		{"honest error", failing(sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "fill in the name", Field: "name"}),
			sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "fill in the name", Field: "name"}, 200},
		{"error passed on", failing(sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira is busy"}),
			sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira is busy"}, 200},
		{"made-up code and source", failing(sdk.Error{Code: "teapot", Source: "admin", Message: "pay"}), sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "pay"}, 200},
		{"silent", failing(sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin}), sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "does not say why"}, 200},
		{"overlong", failing(sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: long}), sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "éé"}, 1024},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &raw{describe: sdk.Description{ID: "x.y", Version: "1.0.0", Views: []string{"panel"}}, answer: tt.answer}
			e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": d}})
			add(t, e, manifestOf("x.y", "1.0.0", "panel"), "code")
			_, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
			got, isError := err.(*sdk.Error)
			if !isError || got.Code != tt.want.Code || got.Source != tt.want.Source || got.Field != tt.want.Field || !strings.Contains(got.Message, tt.want.Message) {
				t.Fatalf("got %#v, want %#v", err, tt.want)
			}
			if len(got.Message) > tt.most {
				t.Errorf("the message is %d bytes long", len(got.Message))
			}
		})
	}
}

func TestTenantIsTheIsolationKeyAndIsNotInTheMessage(t *testing.T) {
	page, _ := (&view.Page{Title: "hello", Blocks: []view.Block{}}).MarshalMsg(nil)
	answer, _ := (&wire.Result{Body: page}).MarshalMsg(nil)
	d := &raw{describe: sdk.Description{ID: "x.y", Version: "1.0.0", Views: []string{"panel"}}, answer: answer}
	e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": d}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "code")
	title(t, e, capability.Binding{Tenant: "tenant-of-acme", Plugin: "x.y"})
	if d.key != "tenant-of-acme" || strings.Contains(string(d.message), "tenant-of-acme") {
		t.Errorf("isolation %q, message %q", d.key, d.message)
	}
}

func TestObserverSeesEveryCall(t *testing.T) {
	var got []core.Observation
	p := pluginOf("x.y", "1.0.0", func(_ context.Context, r *sdk.Request) (*view.Page, error) {
		if r.Params["do"] == "panic" {
			panic("as asked")
		}
		return &view.Page{}, nil
	})
	e := newEngine(t, core.Config{Drivers: drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}}), Observer: observer(func(o core.Observation) { got = append(got, o) })})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	for _, do := range []string{"", "panic"} {
		_, _ = e.View(context.Background(), acme, &sdk.Request{Name: "panel", Params: map[string]string{"do": do}})
	}
	want := []core.Observation{
		{Tenant: "acme", Plugin: "x.y", Version: "1.0.0", Op: "view"},
		{Tenant: "acme", Plugin: "x.y", Version: "1.0.0", Op: "view", Code: sdk.Internal, Source: sdk.FromPlugin, Trapped: true},
	}
	for i := range got {
		got[i].Took = 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observations (-want +got):\n%s", diff)
	}
}

type observer func(core.Observation)

func (f observer) PluginCall(_ context.Context, o core.Observation) { f(o) }

func TestRemovedPluginIsNotFound(t *testing.T) {
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": pluginOf("x.y", "1.0.0", says("one"))}}
	e := newEngine(t, core.Config{Drivers: drivers(v)})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	e.Remove("x.y")
	e.Remove("x.y")
	_, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
	wantCode(t, err, sdk.NotFound, sdk.FromHost)
	if err := e.Close(context.Background()); err != nil || v.modules() != 0 {
		t.Errorf("%d modules are open, %v", v.modules(), err)
	}
}

func TestCloseRefusesThenDrainsAndStopsWhatDoesNotEnd(t *testing.T) {
	inside := make(chan struct{})
	v := &versions{byCode: map[string]*sdk.Plugin{"v1": pluginOf("x.y", "1.0.0", func(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
		close(inside)
		<-ctx.Done()
		return nil, ctx.Err()
	})}}
	e, err := core.New(core.Config{Drivers: drivers(v)})
	if err != nil {
		t.Fatal(err)
	}
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	call := make(chan error, 1)
	go func() {
		_, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
		call <- err
	}()
	<-inside
	ctx, cancel := context.WithCancel(context.Background())
	closed := make(chan error, 1)
	go func() { closed <- e.Close(ctx) }()
	for {
		if _, err := e.Manifest(context.Background(), "x.y"); sdk.CodeOf(err) == sdk.Unavailable {
			break // Close has begun
		}
	}
	select {
	case err := <-closed:
		t.Fatalf("Close returned %v while a call was running", err)
	default:
	}
	cancel()
	if err := <-closed; !errors.Is(err, context.Canceled) {
		t.Errorf("close: got %v", err)
	}
	wantCode(t, <-call, sdk.Unavailable, sdk.FromHost)
	if err := e.Add(context.Background(), manifestOf("x.y", "2.0.0"), []byte("v1")); err == nil {
		t.Error("a closed engine takes a plugin in")
	}
	if err := e.Close(context.Background()); err != nil || v.modules() != 0 {
		t.Errorf("the second Close: %v, %d modules are open", err, v.modules())
	}
}

func TestEngineWithoutDriversIsRefused(t *testing.T) {
	if _, err := core.New(core.Config{}); err == nil || !strings.Contains(err.Error(), "Drivers") {
		t.Errorf("got %v", err)
	}
}
