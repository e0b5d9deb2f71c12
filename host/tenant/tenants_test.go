package tenant_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestInstallMakesTenant(t *testing.T) {
	r := newTenants(t)
	in := site("key-1")
	in.BaseURL += "/"
	got := install(t, r, in)

	if !regexp.MustCompile(`^[a-z2-7]{8}$`).MatchString(got.Alias) {
		t.Errorf("alias %q, want 8 lower-case letters of base32", got.Alias)
	}
	if !regexp.MustCompile(`^[a-z2-7]{26}$`).MatchString(string(got.ID)) {
		t.Errorf("id %q, want 26 lower-case letters of base32", got.ID)
	}
	want := tenant.Tenant{
		ID: got.ID, Alias: got.Alias, ClientKey: "key-1", SharedSecret: seal.NewSecret(secret),
		BaseURL: "https://acme.atlassian.net", DisplayURL: "https://jira.acme.example",
		OAuthClientID: "client", InstallationID: "ari:cloud:ecosystem::installation/1",
		State: tenant.Active, Installed: start, Changed: start.Add(time.Second), Rev: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("installed tenant (-want +got):\n%s", diff)
	}
	for name, find := range map[string]func() (tenant.Tenant, error){
		"ByID":        func() (tenant.Tenant, error) { return r.ByID(t.Context(), got.ID) },
		"ByClientKey": func() (tenant.Tenant, error) { return r.ByClientKey(t.Context(), "key-1") },
		"ByAlias": func() (tenant.Tenant, error) {
			t, err := r.ByAlias(t.Context(), got.Alias)
			if t.SharedSecret.Reveal() != "" {
				return t, errors.New("a stranger's question opened the secret")
			}
			t.SharedSecret = want.SharedSecret
			return t, err
		},
	} {
		found, err := find()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReinstallKeepsIdentityAndReplacesSecret(t *testing.T) {
	r := newTenants(t)
	first := install(t, r, site("key-1"))
	other := install(t, r, site("key-2"))
	if _, err := r.Uninstall(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	second := install(t, r, tenant.Installation{
		ClientKey: "key-1", SharedSecret: seal.NewSecret("another secret"), BaseURL: "https://renamed.atlassian.net",
	})
	want := tenant.Tenant{
		ID: first.ID, Alias: first.Alias, ClientKey: "key-1", SharedSecret: seal.NewSecret("another secret"),
		BaseURL: "https://renamed.atlassian.net", State: tenant.Active, Installed: first.Installed, Changed: second.Changed, Rev: 3,
	}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("reinstalled tenant (-want +got):\n%s", diff)
	}
	found, err := r.ByClientKey(t.Context(), "key-1")
	if diff := cmp.Diff(want, found); err != nil || diff != "" {
		t.Errorf("ByClientKey: %v (-want +got):\n%s", err, diff)
	}
	if found, err = r.ByID(t.Context(), other.ID); err != nil || cmp.Diff(other, found) != "" {
		t.Errorf("another tenant changed: %v\n%s", err, cmp.Diff(other, found))
	}
}

func TestInstallRefusesWhatIsMissing(t *testing.T) {
	r := newTenants(t)
	for name, change := range map[string]func(*tenant.Installation){
		"client key":        func(in *tenant.Installation) { in.ClientKey = "" },
		"long client key":   func(in *tenant.Installation) { in.ClientKey = strings.Repeat("x", 257) },
		"secret":            func(in *tenant.Installation) { in.SharedSecret = seal.Secret{} },
		"base URL":          func(in *tenant.Installation) { in.BaseURL = "" },
		"relative base URL": func(in *tenant.Installation) { in.BaseURL = "/jira" },
		"scheme":            func(in *tenant.Installation) { in.BaseURL = "javascript:alert(1)" },
		"password":          func(in *tenant.Installation) { in.BaseURL = "https://a:b@acme.atlassian.net" },
	} {
		in := site("key-1")
		change(&in)
		if _, err := r.Install(t.Context(), in); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if all, err := r.List(t.Context(), "", 0); err != nil || len(all) != 0 {
		t.Errorf("List = %v, %v; want nothing", all, err)
	}
}

func TestUnknownStateIsRefused(t *testing.T) {
	r := newTenants(t)
	if _, err := r.SetState(t.Context(), install(t, r, site("key-1")).ID, "asleep"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("%v, want ErrInvalid", err)
	}
}

func TestConcurrentDisableAndUninstallEndUninstalled(t *testing.T) {
	r := newTenants(t)
	for i := range 10 {
		id := install(t, r, site(fmt.Sprint("key-", i))).ID
		var wg sync.WaitGroup
		for _, s := range []tenant.State{tenant.Disabled, tenant.Uninstalled, tenant.Active, tenant.Disabled} {
			wg.Go(func() {
				if _, err := r.SetState(t.Context(), id, s); err != nil {
					t.Errorf("SetState %s: %v", s, err)
				}
			})
		}
		wg.Wait()
		if got, err := r.ByID(t.Context(), id); err != nil || got.State != tenant.Uninstalled {
			t.Errorf("state %q, %v; want uninstalled", got.State, err)
		}
	}
}

func TestConcurrentInstallsMakeOneTenant(t *testing.T) {
	d := openStore(t)
	keys := sealtest.Keeper(t, d)
	var wg sync.WaitGroup
	installed := make([]tenant.Tenant, 8)
	for i := range installed {
		wg.Go(func() {
			r := tenant.NewTenants(d, keys, clock()) // as several hosts on one store would
			in := site("key-1")
			in.SharedSecret = seal.NewSecret(fmt.Sprint("secret ", i))
			var err error
			if installed[i], err = r.Install(t.Context(), in); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r := tenant.NewTenants(d, keys, clock())
	all, err := r.List(t.Context(), "", 0)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d tenants, %v; want one", len(all), err)
	}
	if all[0].SharedSecret.Reveal() != "" {
		t.Error("a list opened a secret")
	}
	if all[0], err = r.ByID(t.Context(), all[0].ID); err != nil {
		t.Fatal(err)
	}
	for _, got := range installed {
		if got.ID != all[0].ID || got.Alias != all[0].Alias {
			t.Errorf("an installation got tenant %v, want %v", got, all[0])
		}
		if got.Rev == all[0].Rev && !got.SharedSecret.Equal(all[0].SharedSecret) {
			t.Error("the last installation's secret is not the stored one")
		}
	}
	if all[0].Rev != int64(len(installed)) {
		t.Errorf("revision %d after %d installations", all[0].Rev, len(installed))
	}
}

func TestTakenAliasIsDrawnAgain(t *testing.T) {
	r := newTenants(t)
	// Each tenant draws 17 bytes for its id and 5 for its alias. The second draws the first one's alias at first.
	draws := func(id, alias byte) []byte {
		return append(bytes.Repeat([]byte{id}, 17), bytes.Repeat([]byte{alias}, 5)...)
	}
	tenant.SetRandom(r, io.MultiReader(bytes.NewReader(draws(1, 9)), bytes.NewReader(draws(2, 9)), bytes.NewReader(draws(3, 7))))
	first, second := install(t, r, site("key-1")), install(t, r, site("key-2"))
	if first.Alias == second.Alias || first.ID == second.ID {
		t.Fatalf("two tenants share the alias %q or the id %q", first.Alias, first.ID)
	}
	for _, want := range []tenant.Tenant{first, second} {
		if got, err := r.ByAlias(t.Context(), want.Alias); err != nil || got.ClientKey != want.ClientKey {
			t.Errorf("ByAlias %s = %v, %v; want the tenant of %s", want.Alias, got, err, want.ClientKey)
		}
	}
	if _, err := r.Install(t.Context(), site("key-3")); !errors.Is(err, io.EOF) {
		t.Errorf("install without randomness: %v, want its error", err)
	}
}

func TestListPagesThroughTenants(t *testing.T) {
	r := newTenants(t)
	want := map[capability.TenantID]bool{}
	for i := range 7 {
		want[install(t, r, site(fmt.Sprint("key-", i))).ID] = true
	}
	var after capability.TenantID
	seen := map[capability.TenantID]bool{}
	for {
		page, err := r.List(t.Context(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			if p.ID <= after || seen[p.ID] {
				t.Errorf("tenant %s out of order", p.ID)
			}
			seen[p.ID], after = true, p.ID
		}
		if len(page) < 3 {
			break
		}
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
}
