package tenant_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

func onForge(installation, cloud, clientKey string) tenant.ForgeInstallation {
	return tenant.ForgeInstallation{
		InstallationID: installation, BaseURL: "https://acme.atlassian.net/", ClientKey: clientKey,
		Forge: tenant.Forge{CloudID: cloud, APIBaseURL: "https://api.atlassian.com/ex/jira/" + cloud, Environment: "ari:cloud:ecosystem::environment/a/b"},
	}
}

func installForge(t *testing.T, r *tenant.Tenants, in tenant.ForgeInstallation) tenant.Tenant {
	t.Helper()
	got, err := r.InstallForge(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A site that installs the app again by Forge is another installation and the same site.
func TestForgeSiteIsKnownByItsCloudID(t *testing.T) {
	r := newTenants(t)
	first := installForge(t, r, onForge("one", "cloud", ""))
	if !first.OnForge() || first.State != tenant.Active || first.BaseURL != "https://acme.atlassian.net" {
		t.Errorf("%+v", first)
	}
	if len(first.SharedSecret.Reveal()) < 32 {
		t.Error("tokens of Connect could be made for it")
	}
	if _, err := r.Uninstall(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	again := installForge(t, r, onForge("two", "cloud", ""))
	if again.ID != first.ID || again.Alias != first.Alias || again.State != tenant.Active || !again.Uninstalled.IsZero() || !again.SharedSecret.Equal(first.SharedSecret) {
		t.Errorf("another tenant: %+v", again)
	}
	found, err := r.ByInstallation(t.Context(), "two")
	if err != nil || cmp.Diff(again, found) != "" {
		t.Errorf("by its installation: %v\n%s", err, cmp.Diff(again, found))
	}
	if _, err := r.ByInstallation(t.Context(), "one"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("by the installation that went: %v", err)
	}
	if other := installForge(t, r, onForge("three", "other cloud", "")); other.ID == first.ID {
		t.Error("two sites are one tenant")
	}
}

// The Connect app of a site becomes a Forge app: nothing that stands under the tenant may be lost.
func TestForgeTakesOverATenantOfConnect(t *testing.T) {
	r := newTenants(t)
	before := install(t, r, site("key-1"))
	after := installForge(t, r, onForge("one", "cloud", "key-1"))
	want := before
	want.InstallationID, want.Forge = "one", onForge("", "cloud", "").Forge
	want.Changed, want.Rev = after.Changed, after.Rev
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Connect's handshake may come once more, and knows of no installation.
	late := site("key-1")
	late.InstallationID, late.SharedSecret = "", seal.NewSecret("another secret of the site")
	again := install(t, r, late)
	if again.ID != before.ID || !again.OnForge() || again.InstallationID != "one" {
		t.Errorf("after a handshake of Connect: %+v", again)
	}
	// A site that first came by Forge alone, and whose client key is told later, stays the same.
	alone := installForge(t, r, onForge("two", "cloud-2", ""))
	if told := installForge(t, r, onForge("two", "cloud-2", "key-nobody-knows")); told.ID != alone.ID {
		t.Error("it became two tenants")
	}
}

func TestForgeInstallationRefusesWhatIsMissing(t *testing.T) {
	r := newTenants(t)
	for name, edit := range map[string]func(*tenant.ForgeInstallation){
		"no installation":     func(in *tenant.ForgeInstallation) { in.InstallationID = "" },
		"no cloud id":         func(in *tenant.ForgeInstallation) { in.Forge.CloudID = "" },
		"no API":              func(in *tenant.ForgeInstallation) { in.Forge.APIBaseURL = "" },
		"no address":          func(in *tenant.ForgeInstallation) { in.BaseURL = "acme" },
		"another site's name": func(in *tenant.ForgeInstallation) { in.ClientKey = "forge:cloud" },
	} {
		in := onForge("one", "cloud", "")
		edit(&in)
		if _, err := r.InstallForge(t.Context(), in); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := site("forge:cloud")
	if _, err := r.Install(t.Context(), in); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a Connect installation under the key of a site on Forge: %v", err)
	}
}

func TestConcurrentInvocationsMakeOneTenant(t *testing.T) {
	r := newTenants(t)
	var wg sync.WaitGroup
	ids := make([]tenant.Tenant, 8)
	for i := range ids {
		wg.Go(func() {
			got, err := r.InstallForge(t.Context(), onForge("one", "cloud", ""))
			if err != nil {
				t.Error(err)
			}
			ids[i] = got
		})
	}
	wg.Wait()
	for _, got := range ids {
		if got.ID != ids[0].ID {
			t.Fatalf("%s and %s", got.ID, ids[0].ID)
		}
	}
}
