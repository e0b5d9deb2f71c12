package wasm_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

// The examples service-shelf and service-stock, as modules in one engine: the panel of one shows what the other tells.
func TestOneModuleAsksAnother(t *testing.T) {
	var engine *core.Engine
	site := capability.Row{Op: jira.OpIssue, Permission: manifest.JiraRead, Handle: func(context.Context, *capability.Binding, []byte) ([]byte, error) {
		return (&jira.Issue{ID: "10001", Fields: map[string]jira.Value{"summary": {Text: "ThinkPad X1"}}}).MarshalMsg(nil)
	}}
	plugins := capability.Row{Op: service.OpCall, Handle: func(ctx context.Context, b *capability.Binding, body []byte) ([]byte, error) {
		var q service.Question
		if _, err := q.UnmarshalMsg(body); err != nil {
			return nil, err
		}
		hold, err := engine.Hold("example.stock", b.Tenant)
		if err != nil {
			return nil, err
		}
		defer hold.Release()
		a, err := hold.Serve(ctx, b, capability.Binding{}, &q)
		if err != nil {
			return nil, err
		}
		return a.MarshalMsg(nil)
	}}
	broker, err := capability.NewBroker([]capability.Row{site, plugins}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := open(t)
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	if engine, err = core.New(core.Config{Drivers: map[string]driver.Driver{"wasm": d}, Broker: broker}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close(context.Background()) })
	for _, folder := range []string{"examples/service-stock", "examples/service-shelf"} {
		raw, err := os.ReadFile(filepath.Join("../..", folder, "plugin.json"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Parse("plugin.json", raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := engine.Add(t.Context(), m, drivertest.Build(t, folder)); err != nil {
			t.Fatal(err)
		}
	}
	b := capability.Binding{Tenant: "tenant", Plugin: "example.shelf", Grants: capability.Grants{manifest.JiraRead: true}, Context: sdk.Context{IssueID: "10001"}}
	page, err := engine.View(t.Context(), b, &sdk.Request{Name: "panel"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sdktest.Text(page), "Shelf\nLeft: 7\n"; got != want {
		t.Errorf("page = %q, want %q", got, want)
	}
}
