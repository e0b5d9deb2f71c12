package forge_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// fakeJira answers what a site is asked before it is taken in.
type fakeJira struct {
	clientKey, address string
	err                error
	asked              []string // tokens
}

func (f *fakeJira) ConnectClientKey(_ context.Context, _, token string) (string, error) {
	f.asked = append(f.asked, token)
	return f.clientKey, f.err
}

func (f *fakeJira) SiteAddress(_ context.Context, _, token string) (string, error) {
	f.asked = append(f.asked, token)
	return f.address, f.err
}

type fixture struct {
	t       *testing.T
	now     time.Time
	store   store.Driver
	keys    forge.Keys
	tenants *tenant.Tenants
	tokens  *forge.Tokens
	jira    *fakeJira
	sites   *forge.Sites
	log     strings.Builder
	ended   []capability.TenantID // whose last installation has ended
}

func (f *fixture) left(_ context.Context, t capability.TenantID) error {
	f.ended = append(f.ended, t)
	return nil
}

func open(t *testing.T, takeOver bool) *fixture {
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
	f := &fixture{t: t, now: start, store: d, jira: &fakeJira{address: "https://acme.atlassian.net"}}
	keeper := sealtest.Keeper(t, d)
	f.keys = keeper
	f.tenants = tenant.NewTenants(d, keeper, f.clock)
	f.tokens = forge.NewTokens(d, keeper, f.clock)
	if f.sites, err = forge.NewSites(forge.SitesConfig{Tenants: f.tenants, Tokens: f.tokens, Jira: f.jira, Log: slog.New(slog.NewTextHandler(&f.log, nil)), TakeOver: takeOver, Left: f.left}); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) clock() time.Time { return f.now }

// token is one that ends after a while.
func (f *fixture) token(name string, life time.Duration) string {
	claims := fmt.Sprintf(`{"exp":%d,"n":%q}`, f.now.Add(life).Unix(), name)
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func (f *fixture) invocation(installation string) auth.Invocation {
	return auth.Invocation{
		Installation: installation, SiteURL: "https://acme.atlassian.net", APIBaseURL: "https://api.atlassian.com/ex/jira/cloud-1",
		Environment: "ari:cloud:ecosystem::environment/a/b", IssuedAt: f.now, SystemToken: f.token(installation, 4*time.Hour),
	}
}

func (f *fixture) arrive(i auth.Invocation) tenant.Tenant {
	f.t.Helper()
	t, err := f.sites.Arrived(f.t.Context(), i)
	if err != nil {
		f.t.Fatal(err)
	}
	return t
}

func TestFirstInvocationTakesASiteIn(t *testing.T) {
	f := open(t, false)
	i := f.invocation("one")
	first := f.arrive(i)
	if first.State != tenant.Active || !first.OnForge() || first.Forge.CloudID != "cloud-1" {
		t.Errorf("%+v", first)
	}
	if again := f.arrive(i); again.ID != first.ID || again.Rev != first.Rev {
		t.Errorf("the second invocation wrote: %+v", again)
	}
	if got, err := f.tokens.Bearer(t.Context(), first.ID); err != nil || got != i.SystemToken {
		t.Errorf("token %q, %v", got, err)
	}
	if len(f.jira.asked) > 0 {
		t.Error("a site that needed not be asked was")
	}
	renamed := i
	renamed.SiteURL = "https://new-name.atlassian.net"
	if got := f.arrive(renamed); got.ID != first.ID || got.BaseURL != renamed.SiteURL {
		t.Errorf("after the site was renamed: %+v", got)
	}
}

func TestEventThatNamesNoAddressAsksTheSite(t *testing.T) {
	f := open(t, false)
	i := f.invocation("one")
	i.SiteURL = ""
	if got := f.arrive(i); got.BaseURL != "https://acme.atlassian.net" || len(f.jira.asked) != 1 || f.jira.asked[0] != i.SystemToken {
		t.Errorf("%+v, asked %q", got, f.jira.asked)
	}
}

func TestSiteOfConnectKeepsItsTenant(t *testing.T) {
	f := open(t, true)
	before, err := f.tenants.Install(t.Context(), tenant.Installation{ClientKey: "key-1", SharedSecret: seal.NewSecret("s3cret-of-the-site-0123456789"), BaseURL: "https://acme.atlassian.net"})
	if err != nil {
		t.Fatal(err)
	}
	f.jira.clientKey = "key-1"
	if after := f.arrive(f.invocation("one")); after.ID != before.ID || after.Alias != before.Alias || !after.OnForge() {
		t.Errorf("%+v became %+v", before, after)
	}
}

// Connect tells of the installation where the app was on Forge with Connect modules before: then nobody has to be asked.
func TestInstallationThatConnectKnowsIsTheSameSite(t *testing.T) {
	f := open(t, false)
	before, err := f.tenants.Install(t.Context(), tenant.Installation{ClientKey: "key-1", SharedSecret: seal.NewSecret("s3cret-of-the-site-0123456789"), BaseURL: "https://acme.atlassian.net", InstallationID: "one"})
	if err != nil {
		t.Fatal(err)
	}
	if after := f.arrive(f.invocation("one")); after.ID != before.ID || !after.OnForge() || after.ClientKey != "key-1" {
		t.Errorf("%+v became %+v", before, after)
	}
}

// A site that cannot be asked who it is may have data here: it must not get a second tenant.
func TestSiteThatCannotBeAskedIsNotTakenIn(t *testing.T) {
	f := open(t, true)
	f.jira.err = &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "down"}
	if _, err := f.sites.Arrived(t.Context(), f.invocation("one")); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("Jira is down: %v", err)
	}
	without := f.invocation("one")
	without.SystemToken = ""
	if _, err := f.sites.Arrived(t.Context(), without); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("no token: %v", err)
	}
	if all, err := f.tenants.List(t.Context(), "", 10); err != nil || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
	f.jira.err = nil
	f.arrive(f.invocation("one"))
}

func TestSiteThatLeavesIsLetInByANewInstallationAlone(t *testing.T) {
	f := open(t, false)
	first := f.arrive(f.invocation("one"))
	late := f.invocation("one")
	if err := f.sites.Left(t.Context(), f.invocation("one")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.tokens.Bearer(t.Context(), first.ID); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("its token is still there: %v", err)
	}
	if got := f.arrive(late); got.State != tenant.Uninstalled {
		t.Errorf("a late invocation: %s", got.State)
	}
	if err := f.sites.Left(t.Context(), f.invocation("nobodys")); err != nil {
		t.Errorf("a site that nobody knows: %v", err)
	}
	if again := f.arrive(f.invocation("two")); again.ID != first.ID || again.State != tenant.Active {
		t.Errorf("installed again: %+v", again)
	}
}

func TestTokenOutlivesARestartSealed(t *testing.T) {
	f := open(t, false)
	i := f.invocation("one")
	id := f.arrive(i).ID
	d, err := f.store.Get(t.Context(), store.Key{Tenant: id, Collection: "forge_token", ID: "system"})
	if err != nil || strings.Contains(string(d.Body), i.SystemToken) {
		t.Fatalf("stored as it is: %s, %v", d.Body, err)
	}
	restarted := forge.NewTokens(f.store, f.keys, f.clock)
	if got, err := restarted.Bearer(t.Context(), id); err != nil || got != i.SystemToken {
		t.Errorf("after a restart %q, %v", got, err)
	}
	f.now = f.now.Add(4 * time.Hour)
	if got, err := restarted.Bearer(t.Context(), id); sdk.CodeOf(err) != sdk.Unavailable || got != "" {
		t.Errorf("after its end %q, %v", got, err)
	}
	next := f.token("next", 4*time.Hour)
	if err := f.tokens.Keep(t.Context(), id, next); err != nil { // another host was called
		t.Fatal(err)
	}
	if got, err := restarted.Bearer(t.Context(), id); err != nil || got != next {
		t.Errorf("what another host was given: %q, %v", got, err)
	}
}

func TestTokenIsWrittenWhenItIsMuchYoungerThanTheStoredOne(t *testing.T) {
	f := open(t, false)
	id := capability.TenantID("abcdefghijklmnopqrstuvwxyz")
	rev := func() int64 {
		d, err := f.store.Get(t.Context(), store.Key{Tenant: id, Collection: "forge_token", ID: "system"})
		if err != nil {
			t.Fatal(err)
		}
		return d.Rev
	}
	keep := func(token string) {
		t.Helper()
		if err := f.tokens.Keep(t.Context(), id, token); err != nil {
			t.Fatal(err)
		}
	}
	keep(f.token("a", time.Hour))
	first := rev()
	keep(f.token("b", time.Hour+time.Minute))
	if rev() != first {
		t.Error("each invocation writes")
	}
	latest := f.token("c", 3*time.Hour)
	keep(latest)
	if rev() == first {
		t.Error("a much later token is not kept")
	}
	for _, bad := range []string{"", f.token("ended", -time.Minute), f.token("older", time.Hour), "two words", strings.Repeat("a", 20<<10)} {
		keep(bad)
	}
	if got, err := f.tokens.Bearer(t.Context(), id); err != nil || got != latest {
		t.Errorf("%q, %v", got, err)
	}
}
