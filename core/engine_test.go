package core_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

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
		if _, err := e.Manifest(context.Background(), "x.y", "acme"); sdk.CodeOf(err) == sdk.Unavailable {
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
