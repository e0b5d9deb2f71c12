package auth_test

import (
	"context"
	"crypto/rsa"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/proof"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
)

// counted is real tenants, and counts how often they are looked up.
type counted struct {
	*tenant.Tenants
	asked atomic.Int64
	after func(tenant.Tenant) // what happens between a lookup and the answer to it
}

func (c *counted) ByClientKey(ctx context.Context, clientKey string) (tenant.Tenant, error) {
	c.asked.Add(1)
	t, err := c.Tenants.ByClientKey(ctx, clientKey)
	if c.after != nil {
		c.after(t)
	}
	return t, err
}

func (c *counted) Arrived(ctx context.Context, i auth.Invocation) (tenant.Tenant, error) {
	c.asked.Add(1)
	return c.ByInstallation(ctx, i.Installation)
}

// countedKeys counts how often a signature of Atlassian is checked.
type countedKeys struct {
	keys
	asked *atomic.Int64
}

func (c countedKeys) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	c.asked.Add(1)
	return c.keys.Key(ctx, kid)
}

// site that is kept in a store, with a verifier on it and a clock that stands.
type known struct {
	*testing.T
	*counted
	store store.Driver
	keep  *seal.Keeper
	site  tenant.Tenant
	v     *auth.Verifier
	keys  atomic.Int64 // how often a key of Forge was asked for
	now   time.Time
}

func newKnown(t *testing.T) *known {
	t.Helper()
	db, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	k := &known{T: t, store: db, keep: sealtest.Keeper(t, db), now: now}
	k.counted = &counted{Tenants: k.process()}
	k.site, err = k.Install(t.Context(), installation(secret))
	k.check(err)
	k.v = k.verifier()
	return k
}

// process is another process on the same store: its changes are told to nobody here.
func (k *known) process() *tenant.Tenants {
	return tenant.NewTenants(k.store, k.keep, func() time.Time { return k.now })
}

// verifier is one that knows no token yet.
func (k *known) verifier() *auth.Verifier {
	return verifier(k.T, nil, func(c *auth.Config) {
		c.Tenants, c.Clock = k.counted, func() time.Time { return k.now }
		c.Forge.Installations, c.Forge.Keys = k.counted, countedKeys{keys{"forge/key": &forge.PublicKey}, &k.keys}
	})
}

func (k *known) check(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func installation(secret string) tenant.Installation {
	return tenant.Installation{ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), BaseURL: "https://acme.example", InstallationID: install}
}

// shown are requests with a token that fits, for each kind of route.
type shown map[auth.Via]auth.Request

func (k *known) shown() shown {
	bound := "JWT " + hs256(k.T, claims("POST", "/x"))
	return shown{
		auth.ViaPage: {Method: "POST", Target: "/x", Authorization: bound}, auth.ViaWebhook: {Method: "POST", Target: "/x", Authorization: bound},
		auth.ViaEvent: {Method: "POST", Target: "/x", Authorization: bound},
		auth.ViaAPI:   {Method: "POST", Target: "/api", Authorization: "JWT " + hs256(k.T, claims("", "", asContext))},
		auth.ViaForge: {Method: "POST", Target: "/forge", Authorization: "Bearer " + fit(k.T, nil)},
	}
}

// ask shows each token on its route and returns why it was refused.
func (s shown) ask(t *testing.T, v *auth.Verifier) map[auth.Via]auth.Reason {
	t.Helper()
	out := map[auth.Via]auth.Reason{}
	for via, verify := range map[auth.Via]func(context.Context, auth.Request) (auth.Principal, error){
		auth.ViaPage: v.Page, auth.ViaAPI: v.API, auth.ViaWebhook: v.Webhook, auth.ViaEvent: v.Event, auth.ViaForge: v.Forge,
	} {
		_, err := verify(t.Context(), s[via])
		out[via] = reason(t, err)
	}
	return out
}

var allPass = map[auth.Via]auth.Reason{auth.ViaPage: "", auth.ViaAPI: "", auth.ViaWebhook: "", auth.ViaEvent: "", auth.ViaForge: ""}

func TestATokenThatComesAgainIsNotVerifiedAnew(t *testing.T) {
	k := newKnown(t)
	s := k.shown()
	var first, again []auth.Principal
	for _, into := range []*[]auth.Principal{&first, &again, &again} {
		before := k.asked.Load() + k.keys.Load()
		*into = nil
		for _, ask := range []func() (auth.Principal, error){
			func() (auth.Principal, error) { return k.v.Page(t.Context(), s[auth.ViaPage]) },
			func() (auth.Principal, error) { return k.v.API(t.Context(), s[auth.ViaAPI]) },
			func() (auth.Principal, error) { return k.v.Forge(t.Context(), s[auth.ViaForge]) },
		} {
			p, err := ask()
			k.check(err)
			*into = append(*into, p)
		}
		if n := k.asked.Load() + k.keys.Load() - before; into == &again && n != 0 {
			t.Errorf("known tokens were looked up or verified %d times", n)
		}
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("another principal (-first +again):\n%s", diff)
	}
}

// Whatever happens to a site here, its known tokens are judged as new ones are from that moment on.
func TestWhatHappensToASiteHereEndsWhatIsKnownOfIt(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*known) error
		refused []auth.Via
	}{
		{"disabled", func(k *known) error { _, err := k.SetState(k.Context(), k.site.ID, tenant.Disabled); return err }, []auth.Via{auth.ViaPage, auth.ViaAPI, auth.ViaWebhook, auth.ViaForge}},
		{"uninstalled", func(k *known) error { _, err := k.Uninstall(k.Context(), k.site.ID); return err }, []auth.Via{auth.ViaPage, auth.ViaAPI, auth.ViaWebhook, auth.ViaEvent, auth.ViaForge}},
		{"installed again, with another secret", func(k *known) error { _, err := k.Install(k.Context(), installation("another-"+secret)); return err }, []auth.Via{auth.ViaPage, auth.ViaAPI, auth.ViaWebhook, auth.ViaEvent}},
		{"purged", func(k *known) error {
			_, err := k.Uninstall(k.Context(), k.site.ID)
			k.check(err)
			_, err = k.StartPurge(k.Context(), k.site.ID, k.now)
			k.check(err)
			return k.Forget(k.Context(), k.site.ID)
		}, []auth.Via{auth.ViaPage, auth.ViaAPI, auth.ViaWebhook, auth.ViaEvent, auth.ViaForge}},
		{"taken over by another installation of Forge", func(k *known) error {
			_, err := k.InstallForge(k.Context(), tenant.ForgeInstallation{
				InstallationID: install + "-2", BaseURL: "https://acme.example", ClientKey: clientKey,
				Forge: tenant.Forge{CloudID: "c", APIBaseURL: "https://api.atlassian.com/ex/jira/c", Environment: "e"},
			})
			return err
		}, []auth.Via{auth.ViaForge}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newKnown(t)
			s := k.shown()
			for range 2 {
				if diff := cmp.Diff(allPass, s.ask(t, k.v)); diff != "" {
					t.Fatalf("before (-want +got):\n%s", diff)
				}
			}
			k.check(tt.change(k))
			got := s.ask(t, k.v)
			if diff := cmp.Diff(s.ask(t, k.verifier()), got); diff != "" {
				t.Errorf("a verifier that knows no token judges otherwise (-it +this):\n%s", diff)
			}
			for _, via := range tt.refused {
				if got[via] == "" {
					t.Errorf("the %s token still opens", via)
				}
			}
		})
	}
}

// A process learns what another one does to a site within seconds, and believes nothing else meanwhile.
func TestWhatAnotherProcessDoesToASiteIsSeenWithinSeconds(t *testing.T) {
	for name, change := range map[string]func(*known, *tenant.Tenants) error{
		"disabled": func(k *known, other *tenant.Tenants) error {
			_, err := other.SetState(k.Context(), k.site.ID, tenant.Disabled)
			return err
		},
		"another secret": func(k *known, other *tenant.Tenants) error {
			_, err := other.Install(k.Context(), installation("another-"+secret))
			return err
		},
		"purged and new": func(k *known, other *tenant.Tenants) error {
			_, err := other.Uninstall(k.Context(), k.site.ID)
			k.check(err)
			_, err = other.StartPurge(k.Context(), k.site.ID, k.now)
			k.check(err)
			k.check(other.Forget(k.Context(), k.site.ID))
			_, err = other.Install(k.Context(), installation("another-"+secret))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKnown(t)
			s := k.shown()
			s.ask(t, k.v)
			k.check(change(k, k.process()))
			k.now = k.now.Add(proof.Believed)
			if diff := cmp.Diff(s.ask(t, k.verifier()), s.ask(t, k.v)); diff != "" {
				t.Errorf("a verifier that knows no token judges otherwise (-it +this):\n%s", diff)
			}
			if s.ask(t, k.v)[auth.ViaPage] == "" {
				t.Error("the page's token still opens")
			}
		})
	}
}

// A site that did not change is looked up every few seconds, and its tokens are not verified for that.
func TestAnUnchangedSiteIsLookedUpAndNoMore(t *testing.T) {
	k := newKnown(t)
	s := k.shown()
	s.ask(t, k.v)
	keys := k.keys.Load()
	for range 5 {
		k.now = k.now.Add(proof.Believed)
		before := k.asked.Load()
		for range 3 {
			if diff := cmp.Diff(allPass, s.ask(t, k.v)); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		}
		if n := k.asked.Load() - before; n != 3 { // the one bound to an address, the context token, Forge's
			t.Errorf("looked up %d times, want once for each token", n)
		}
	}
	if k.keys.Load() != keys {
		t.Error("Forge's token was verified again")
	}
	k.now = k.now.Add(proof.Life)
	s.ask(t, k.v)
	if k.keys.Load() == keys {
		t.Error("Forge's token was not verified again, however old the proof")
	}
}

func TestKnownTokensEndWithTheirTime(t *testing.T) {
	for name, tt := range map[string]struct {
		move time.Duration // by less than what makes anybody look at the site
		edit func(*auth.Claims)
		want auth.Reason
	}{
		"at the end of the leeway": {time.Second, func(c *auth.Claims) { c.Expiry = now.Add(-auth.Leeway + time.Second) }, auth.ReasonExpired},
		"before it":                {time.Second, func(c *auth.Claims) { c.Expiry = now.Add(-auth.Leeway + 2*time.Second) }, ""},
		"clock set back":           {-time.Hour, func(*auth.Claims) {}, auth.ReasonEarly},
		"clock set back, nbf":      {-time.Second, func(c *auth.Claims) { c.IssuedAt = now.Add(-time.Hour); c.NotBefore = now.Add(auth.Leeway) }, auth.ReasonEarly},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKnown(t)
			r := auth.Request{Method: "POST", Target: "/x", Authorization: "JWT " + hs256(t, claims("", "", asContext, tt.edit))}
			_, err := k.v.API(t.Context(), r)
			k.check(err)
			k.now = k.now.Add(tt.move)
			_, err = k.v.API(t.Context(), r)
			if got := reason(t, err); got != tt.want {
				t.Errorf("reason %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("Forge", func(t *testing.T) {
		k := newKnown(t)
		r := auth.Request{Authorization: "Bearer " + fit(t, func(claims, _ map[string]any) { claims["exp"] = now.Add(-auth.Leeway + time.Second).Unix() })}
		_, err := k.v.Forge(t.Context(), r)
		k.check(err)
		k.now = k.now.Add(time.Second)
		if _, err = k.v.Forge(t.Context(), r); reason(t, err) != auth.ReasonExpired {
			t.Errorf("%v, want a refusal", err)
		}
	})
}

func TestAKnownTokenOpensItsOwnAddressOnly(t *testing.T) {
	k := newKnown(t)
	raw := "JWT " + hs256(t, claims("GET", "/x?issue=1"))
	own := auth.Request{Method: "GET", Target: "/x?issue=1", Authorization: raw}
	for range 2 {
		_, err := k.v.Page(t.Context(), own)
		k.check(err)
		for _, other := range []auth.Request{
			{Method: "GET", Target: "/x?issue=2", Authorization: raw}, {Method: "GET", Target: "/x", Authorization: raw},
			{Method: "GET", Target: "/y?issue=1", Authorization: raw}, {Method: "POST", Target: "/x?issue=1", Authorization: raw},
		} {
			if _, err := k.v.Page(t.Context(), other); reason(t, err) != auth.ReasonQSH {
				t.Errorf("%s %s: %v", other.Method, other.Target, err)
			}
		}
		if _, err := k.v.API(t.Context(), own); reason(t, err) != auth.ReasonQSH {
			t.Errorf("as a page's call: %v", err)
		}
	}
}

// An invocation that brings another token of the app is told on, because that token has to be kept.
func TestAnotherTokenOfTheAppIsTakenNoteOf(t *testing.T) {
	k := newKnown(t)
	raw := "Bearer " + fit(t, nil)
	for i, want := range []int64{1, 1, 2, 2, 3} {
		_, err := k.v.Forge(t.Context(), auth.Request{Authorization: raw, ForgeSystem: fmt.Sprint("token ", i/2)})
		k.check(err)
		if k.asked.Load() != want {
			t.Errorf("call %d: told on %d times, want %d", i, k.asked.Load(), want)
		}
	}
}

func TestRefusedTokensAreNotRemembered(t *testing.T) {
	k := newKnown(t)
	bad := []auth.Request{
		{Method: "POST", Target: "/x", Authorization: "JWT " + hs256(t, claims("GET", "/other"))},
		{Method: "POST", Target: "/x", Authorization: "JWT " + hs256(t, claims("POST", "/x", func(c *auth.Claims) { c.Expiry = now.Add(-time.Hour) }))},
		{Method: "POST", Target: "/x", Authorization: "JWT " + rs256(t, claims("POST", "/x"), kid, atlassian)},
	}
	for _, r := range bad {
		if _, err := k.v.Page(t.Context(), r); err == nil {
			t.Error("it passes")
		}
	}
	// Nor is a signed install, which passes.
	_, err := k.v.Lifecycle(t.Context(), auth.Request{Method: "POST", Target: "/i", Authorization: "JWT " + rs256(t, claims("POST", "/i", forUs), kid, atlassian)}, clientKey)
	k.check(err)
	_, err = k.SetState(t.Context(), k.site.ID, tenant.Disabled)
	k.check(err)
	k.shown().ask(t, k.v)
	if n, _ := k.v.Known(); n != 0 {
		t.Errorf("%d tokens are remembered", n)
	}
}

func TestAFloodOfTokensStaysWithinBounds(t *testing.T) {
	v, n := verifier(t, site(tenant.Active)), auth.MaxKnown+auth.MaxKnown/2
	for i := range n {
		raw := hs256(t, claims("", "", asContext, func(c *auth.Claims) { c.Subject = fmt.Sprint("account ", i) }))
		if _, err := v.API(t.Context(), auth.Request{Authorization: "JWT " + raw}); err != nil {
			t.Fatal(err)
		}
	}
	entries, bytes := v.Known()
	if entries > auth.MaxKnown || bytes > auth.MaxKnownBytes || entries < auth.MaxKnown/4 {
		t.Errorf("%d tokens are remembered in %d bytes", entries, bytes)
	}
}

// A site can change between the moment at which a token's verification reads it and the end of that verification.
func TestAVerificationThatAChangeOvertakesIsNotRemembered(t *testing.T) {
	k := newKnown(t)
	k.after = func(found tenant.Tenant) {
		k.after = nil
		_, err := k.SetState(t.Context(), found.ID, tenant.Disabled)
		k.check(err)
	}
	r := k.shown()[auth.ViaAPI]
	_, err := k.v.API(t.Context(), r)
	k.check(err) // it was active as it asked
	if _, err := k.v.API(t.Context(), r); reason(t, err) != auth.ReasonDisabled {
		t.Errorf("%v: what was read before the change is believed after it", err)
	}
}

func TestManyVerifyWhileASiteChanges(t *testing.T) {
	k := newKnown(t)
	s := k.shown()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				for via, why := range s.ask(t, k.v) {
					if why != "" && why != auth.ReasonDisabled {
						t.Errorf("%s: %s", via, why)
					}
				}
			}
		})
	}
	for i := range 40 {
		_, err := k.SetState(t.Context(), k.site.ID, []tenant.State{tenant.Disabled, tenant.Active}[i%2])
		k.check(err)
		if got := s.ask(t, k.v)[auth.ViaAPI]; (got == "") != (i%2 == 1) {
			t.Errorf("after change %d: %q", i, got)
		}
	}
	all.Wait()
}
