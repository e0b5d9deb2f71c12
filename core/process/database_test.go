//go:build linux

package process_test

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
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// The database synchronizer as it runs in a host: the executable that the build makes, approved by its digest, within its bounds.
func TestDatabaseSynchronizerConformsAsAProcess(t *testing.T) {
	code := drivertest.Build(t, "plugins/database-sync")
	raw, err := os.ReadFile(filepath.Join("..", "..", "plugins", "database-sync", "plugin.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse("plugin.json", raw)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, process.Config{Allow: []string{digest(code)}})
	e, err := core.New(core.Config{Drivers: map[string]driver.Driver{"process": d}, Reach: func(tenant capability.TenantID) sync.Reach {
		if tenant == "acme" {
			return sync.Reach{Folder: folder}
		}
		return sync.Reach{}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := e.Add(t.Context(), m, code); err != nil {
		t.Fatal(err)
	}
	file := func(name string) sync.Config {
		return sync.Config{Settings: settings.Values{Strings: map[string]string{"engine": "sqlite", "file": name}}}
	}
	server := func(host string) sync.Config {
		return sync.Config{Settings: settings.Values{Strings: map[string]string{"engine": "postgresql", "host": host, "database": "d", "user": "u"}}}
	}
	sdktest.ConformSource(t, e.Source(capability.Binding{Tenant: "acme", Plugin: m.ID}, "database"), sdktest.Connection{
		Config: file("assets.db"),
		Broken: map[string]sync.Config{"no file": file("other.db"), "not public": server("127.0.0.1"), "metadata of a cloud": server("169.254.169.254"), "no name": server("nowhere.invalid")},
	})
	// Another tenant, to whom the operator opens nothing, asks for the same file.
	other := e.Source(capability.Binding{Tenant: "other", Plugin: m.ID}, "database")
	_, err = other.Read.Read(t.Context(), &sync.Read{Config: file("assets.db"), Stream: "assets", Columns: []string{"name"}})
	if sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("another tenant's read: %v", err)
	}
}
