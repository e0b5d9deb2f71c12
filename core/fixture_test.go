package core_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
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
