package tenant_test

import (
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock ticks a second each time it is read.
func clock() func() time.Time {
	ticks := make(chan time.Time, 1)
	ticks <- start
	return func() time.Time {
		now := <-ticks
		ticks <- now.Add(time.Second)
		return now
	}
}

func openStore(t *testing.T) store.Driver {
	t.Helper()
	d, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// newTenants returns tenants in a store of their own.
func newTenants(t *testing.T) *tenant.Tenants {
	t.Helper()
	d := openStore(t)
	return tenant.NewTenants(d, sealtest.Keeper(t, d), clock())
}

const secret = "s3cret-of-the-site-0123456789"

func site(clientKey string) tenant.Installation {
	return tenant.Installation{
		ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), BaseURL: "https://acme.atlassian.net",
		DisplayURL: "https://jira.acme.example", OAuthClientID: "client", InstallationID: "ari:cloud:ecosystem::installation/1",
	}
}

func install(t *testing.T, r *tenant.Tenants, in tenant.Installation) tenant.Tenant {
	t.Helper()
	got, err := r.Install(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func tenantID(s string) capability.TenantID { return capability.TenantID(s) }
func pluginID(s string) capability.PluginID { return capability.PluginID(s) }
