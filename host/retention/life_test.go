package retention_test

import (
	"cmp"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// life is where each cause leads from each state. The states are "-", a site that is not known, and Active, Disabled, Uninstalled and Purging by
// their first letter: a capital where the site has the app by Connect alone, a small one where it has it by Forge. After the state, "=" says that
// nothing is written of the site, "!" that the cause is refused, with nothing written.
const life = `
cause                  -   A   D   U   P   a   d   u   p
install                A   A   A   A   P!  a   a   A   p!
same install           A   A=  A   A   P!  a=  a   A   p!
old install            A   A!  D!  U!  P!  a!  d!  u!  p!
renamed site           A   A   A   A   P!  a   a   A   p!
enabled                -!  A=  A   U!  P!  a=  a   u!  p!
disabled               -!  D   D=  U!  P!  d   d=  u!  p!
uninstalled            -=  U   U   U=  P=  u   u   u=  p=
old uninstalled        -=  A=  U   U=  P=  a=  u   u=  p=
webhook                -!  A=  D!  U!  P!  a=  d!  u!  p!
Forge call             a   a   a   a   P!  a=  a   a   p!
old Forge call         a   a   a   a   P!  a=  d!  u!  p!
renamed Forge site     a   a   a   a   P!  a   a   a   p!
Forge reinstall        a   a   a   a   P!  a   a   a   p!
earlier Forge install  a   a   a   a   P!  a!  d!  u!  p!
Forge farewell         -=  A=  D=  U=  P=  u   u   u=  p=
Forge silence          -=  A=  D=  U=  P=  u   u   u=  p=
sweep                  -=  A=  D=  U=  -   a=  d=  u=  -
grace over             -=  A=  D=  -   -   a=  d=  -   -
purge interrupted      -=  A=  D=  P   P=  a=  d=  p   p=
`

// ways are how a state is reached from "-".
var ways = map[string][]string{
	"-": {}, "A": {"install"}, "D": {"install", "disabled"}, "U": {"install", "uninstalled"}, "P": {"install", "uninstalled", "purge interrupted"},
	"a": {"install", "Forge call"}, "d": {"install", "Forge call", "disabled"}, "u": {"install", "Forge call", "Forge farewell"},
	"p": {"install", "Forge call", "Forge farewell", "purge interrupted"},
}

// cell is what the table says of a cause in a state.
type cell struct {
	state            string
	unwritten, error bool
}

func parseLife(t *testing.T) (causes, states []string, table map[string]map[string]cell) {
	t.Helper()
	table = map[string]map[string]cell{}
	for line := range strings.Lines(strings.TrimSpace(life)) {
		cause, rest := strings.TrimSpace(line[:23]), strings.Fields(line[23:])
		if states == nil {
			states = rest
			continue
		}
		if len(rest) != len(states) {
			t.Fatalf("%s: %d cells for %d states", cause, len(rest), len(states))
		}
		causes, table[cause] = append(causes, cause), map[string]cell{}
		for i, text := range rest {
			table[cause][states[i]] = cell{text[:1], len(text) > 1, strings.HasSuffix(text, "!")}
		}
	}
	return causes, states, table
}

const (
	clientKey = "client-one"
	silence   = 7 * 24 * time.Hour
	ourURL    = "https://pergola.example"
)

// process is a host that a site tells of itself.
type process struct {
	*host
	raw       store.Store
	lifecycle *connect.Lifecycle
	sites     *forge.Sites
	verifier  *auth.Verifier
}

// earth is a site, and the hosts that share a store.
type earth struct {
	*disk
	hosts    []*process
	installs int    // installations so far, each with a secret and an id of its own
	renames  int    // the site's address counts them
	secret   string // the last one of Connect
}

func newEarth(t *testing.T) *earth {
	t.Helper()
	e := &earth{disk: newDisk(t), secret: "a secret that no installation has brought"}
	beside, err := sqlitestore.Open(t.Context(), e.dir, sqlitestore.Config{Beside: true}) // with the files open for itself, as another process has
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = beside.Close() })
	e.hosts = []*process{e.host(e.raw), e.host(beside)}
	return e
}

// reset has nobody know the site any more.
func (e *earth) reset() {
	e.Helper()
	p := e.hosts[0]
	if t, state := e.now(); state != "-" {
		_, err := p.tenants.Uninstall(e.Context(), t.ID)
		p.must(err)
		e.clock.advance(grace)
		p.must(p.Sweep(e.Context()))
	}
}

func (e *earth) host(s store.Store) *process {
	e.Helper()
	p := &process{host: e.startOn(s), raw: s}
	log := slog.New(slog.DiscardHandler)
	var err error
	p.lifecycle, err = connect.NewLifecycle(connect.LifecycleConfig{AppKey: "pergola", Tenants: p.tenants, Log: log})
	p.must(err)
	tokens := forge.NewTokens(p.store, p.keys, e.clock.Now)
	p.sites, err = forge.NewSites(forge.SitesConfig{Tenants: p.tenants, Tokens: tokens, Jira: whoever{}, Log: log, TakeOver: true})
	p.must(err)
	p.verifier, err = auth.New(auth.Config{AppKey: "pergola", BaseURLs: []string{ourURL}, Keys: noKeys{}, Tenants: p.tenants, Clock: e.clock.Now})
	p.must(err)
	return p
}

// whoever is a site that says which one it was by Connect.
type whoever struct{}

func (whoever) ConnectClientKey(context.Context, string, string) (string, error) {
	return clientKey, nil
}
func (whoever) SiteAddress(context.Context, string, string) (string, error) {
	return "https://acme.atlassian.net", nil
}

type noKeys struct{}

func (noKeys) Key(context.Context, string) (*rsa.PublicKey, error) { return nil, auth.ErrUnknownKey }

// now is the one tenant, the zero value where there is none.
func (e *earth) now() (tenant.Tenant, string) {
	e.Helper()
	all, err := e.hosts[0].tenants.List(e.Context(), "", 10)
	e.hosts[0].must(err)
	if len(all) > 1 {
		e.Fatalf("one site is %d tenants", len(all))
	}
	if len(all) == 0 {
		return tenant.Tenant{}, "-"
	}
	t, letter := all[0], strings.ToUpper(string(all[0].State[0]))
	if t.OnForge() {
		letter = strings.ToLower(letter)
	}
	if (t.State == tenant.Uninstalled || t.State == tenant.Purging) == t.Uninstalled.IsZero() {
		e.Errorf("%s with the uninstallation at %v", t.State, t.Uninstalled)
	}
	return t, letter
}

// written is what is stored of the site itself.
func (e *earth) written() map[store.Key]string {
	all := e.kept(store.Platform)
	maps.DeleteFunc(all, func(k store.Key, _ string) bool {
		return k.Collection != "tenant" && !strings.HasPrefix(k.Collection, "tenant.")
	})
	return all
}

// cause has something happen, an hour after what was before. The error is what the site is told.
func (e *earth) cause(p *process, name string) error {
	e.Helper()
	e.clock.advance(time.Hour)
	t, state := e.now()
	at := e.clock.Now()
	before := cmp.Or(t.Changed, at).Add(-2 * time.Minute) // when nothing of what is known had happened
	switch name {
	case "install":
		e.installs++
		e.secret = fmt.Sprintf("secret number %d of the site, which is long enough", e.installs)
		return e.installed(p, e.secret, at)
	case "same install":
		return e.installed(p, e.secret, at)
	case "old install":
		e.installs++
		return e.installed(p, fmt.Sprintf("old secret number %d, which may have leaked since", e.installs), before)
	case "renamed site":
		e.renames++
		return e.installed(p, e.secret, at)
	case "uninstalled":
		return p.lifecycle.Uninstalled(e.Context(), e.told("uninstalled", ""), lifecycleToken(at))
	case "old uninstalled":
		return p.lifecycle.Uninstalled(e.Context(), e.told("uninstalled", ""), lifecycleToken(before))
	case "enabled", "disabled", "webhook":
		return e.signed(p, name)
	case "Forge call":
		return e.called(p, t.InstallationID, at)
	case "old Forge call":
		return e.called(p, t.InstallationID, before)
	case "earlier Forge install":
		e.installs++
		return e.called(p, fmt.Sprint("ari:cloud:ecosystem::installation/past-", e.installs), before)
	case "renamed Forge site":
		e.renames++
		return e.called(p, t.InstallationID, at)
	case "Forge reinstall":
		e.installs++
		return e.called(p, fmt.Sprint("ari:cloud:ecosystem::installation/", e.installs), at)
	case "Forge farewell":
		return p.sites.Left(e.Context(), auth.Invocation{Installation: cmp.Or(t.InstallationID, "none"), IssuedAt: at})
	case "Forge silence":
		e.clock.advance(silence + 4*time.Hour)
		_, err := p.sites.EndSilent(e.Context(), silence)
		return err
	case "sweep":
		return p.Sweep(e.Context())
	case "grace over":
		e.clock.advance(grace)
		return p.Sweep(e.Context())
	case "purge interrupted":
		e.clock.advance(grace)
		last := 0 // what is written before the host ends
		if strings.EqualFold(state, "u") {
			last = 1
		}
		if err := e.startOn(&dying{p.raw, last}).Sweep(e.Context()); !errors.Is(err, store.ErrUnavailable) {
			return err
		}
		return nil
	}
	e.Fatalf("nobody knows how to cause %q", name)
	return nil
}

// dying is a store that takes so many writes more.
type dying struct {
	store.Store
	last int
}

func (d *dying) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	if d.last--; d.last < 0 {
		return nil, store.ErrUnavailable
	}
	return d.Store.Write(ctx, ops...)
}

func lifecycleToken(at time.Time) auth.Principal {
	return auth.Principal{ClientKey: clientKey, Via: auth.ViaLifecycle, IssuedAt: at.Truncate(time.Second)}
}

func (e *earth) installed(p *process, secret string, at time.Time) error {
	return p.lifecycle.Installed(e.Context(), e.told("installed", secret), lifecycleToken(at))
}

func (e *earth) address() string { return fmt.Sprintf("https://acme-%d.atlassian.net", e.renames) }

func (e *earth) told(event, secret string) []byte {
	e.Helper()
	body, err := json.Marshal(map[string]string{"key": "pergola", "clientKey": clientKey, "sharedSecret": secret, "baseUrl": e.address(), "eventType": event})
	e.hosts[0].must(err)
	return body
}

// signed has the site send what it signs with the secret that both know.
func (e *earth) signed(p *process, event string) error {
	e.Helper()
	secret := e.secret
	if t, err := p.tenants.ByClientKey(e.Context(), clientKey); err == nil {
		secret = cmp.Or(t.SharedSecret.Reveal(), secret)
	}
	target, at := "/connect/"+event, e.clock.Now()
	token, err := auth.SignHS256(auth.Claims{Issuer: clientKey, IssuedAt: at, Expiry: at.Add(time.Minute), QSH: auth.QSH("POST", target, "")}, secret)
	e.hosts[0].must(err)
	r := auth.Request{Method: "POST", Target: target, Authorization: "JWT " + token}
	if event == "webhook" {
		_, err := p.verifier.Webhook(e.Context(), r)
		return err
	}
	by, err := p.verifier.Event(e.Context(), r)
	if err != nil {
		return err
	}
	if event == "disabled" {
		return p.lifecycle.Disabled(e.Context(), by)
	}
	_, err = p.lifecycle.Enabled(e.Context(), by)
	return err
}

// called has a call of Forge come in an installation.
func (e *earth) called(p *process, installation string, issued time.Time) error {
	t, err := p.sites.Arrived(e.Context(), auth.Invocation{
		Installation: cmp.Or(installation, "ari:cloud:ecosystem::installation/first"), SiteURL: e.address(), APIBaseURL: "https://api.atlassian.com/ex/jira/cloud-1",
		Environment: "production", IssuedAt: issued.Truncate(time.Second), SystemToken: "e30.e30.c2ln",
	})
	if err == nil && t.State != tenant.Active {
		return errors.New("the app is not installed there") // as host/auth has it
	}
	return err
}

// expect has something happen and compares it with the table.
func (e *earth) expect(p *process, cause, from string, want cell, exact bool) {
	e.Helper()
	before := e.written()
	was, _ := e.now()
	err := e.cause(p, cause)
	if (err != nil) != want.error {
		e.Errorf("%s in state %s: %v", cause, from, err)
	}
	is, got := e.now()
	if got != want.state {
		e.Errorf("%s leads from %s to %s, want %s", cause, from, got, want.state)
	}
	if was.ID != "" && is.ID != "" && (is.ID != was.ID || is.Alias != was.Alias || is.Installed != was.Installed) {
		e.Errorf("%s in state %s makes another tenant of the site: %v is %v", cause, from, was, is)
	}
	if cause == "install" && err == nil {
		if t, err := p.tenants.ByID(e.Context(), is.ID); err != nil || t.SharedSecret.Reveal() != e.secret {
			e.Errorf("the secret of the installation is not kept: %v", err)
		}
	}
	changes := diff.Diff(before, e.written())
	if exact && want.unwritten != (changes == "") {
		e.Errorf("%s in state %s, nothing written: want %v (-before +after):\n%s", cause, from, want.unwritten, changes)
	}
}

func TestEveryCauseLeadsFromEveryStateWhereTheTableSays(t *testing.T) {
	causes, states, table := parseLife(t)
	e := newEarth(t)
	for _, cause := range causes {
		t.Run(cause, func(t *testing.T) {
			e.T = t
			for _, from := range states {
				e.reset()
				for _, way := range ways[from] {
					e.hosts[0].must(e.cause(e.hosts[0], way))
				}
				if _, at := e.now(); at != from {
					t.Fatalf("the way to %s leads to %s", from, at)
				}
				e.expect(e.hosts[1], cause, from, table[cause][from], true)
				again := table[cause][from].state
				e.expect(e.hosts[0], cause, again, table[cause][again], false)
			}
		})
	}
}

// What happens comes in any order, and to any host. A seed that fails is tried again by its number.
func TestCausesInAnyOrderLeadWhereTheTableSays(t *testing.T) {
	causes, _, table := parseLife(t)
	causes = slices.DeleteFunc(causes, func(c string) bool { return c == "sweep" }) // which depends on how long ago the rest was
	e := newEarth(t)
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			e.T = t
			e.reset()
			random, state, went := rand.New(rand.NewPCG(seed, 0)), "-", []string{}
			for range 25 {
				cause := causes[random.IntN(len(causes))]
				want := table[cause][state]
				e.expect(e.hosts[random.IntN(2)], cause, state, want, false)
				went, state = append(went, cause), want.state
				if t.Failed() {
					t.Fatalf("after %q", went)
				}
			}
		})
	}
}

// Several sites and hosts at the same instant: each site is one tenant, whoever takes it in.
func TestSitesThatInstallAtTheSameInstantAreOneTenantEach(t *testing.T) {
	e := newEarth(t)
	var all sync.WaitGroup
	for n := range 4 {
		for _, p := range e.hosts {
			all.Go(func() {
				key := fmt.Sprint("site-", n)
				body, err := json.Marshal(map[string]string{"clientKey": key, "sharedSecret": "a secret that is long enough " + key, "baseUrl": "https://" + key + ".example"})
				if err != nil {
					t.Error(err)
				}
				err = p.lifecycle.Installed(t.Context(), body, auth.Principal{ClientKey: key, Via: auth.ViaLifecycle, IssuedAt: e.clock.Now().Truncate(time.Second)})
				if err != nil && sdk.CodeOf(err) != sdk.Exists { // whoever came second within the second may be told so
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	list, err := e.hosts[0].tenants.List(t.Context(), "", 10)
	e.hosts[0].must(err)
	seen := map[string]capability.TenantID{}
	for _, one := range list {
		if other, twice := seen[one.ClientKey]; twice {
			t.Errorf("%s is the tenants %s and %s", one.ClientKey, one.ID, other)
		}
		seen[one.ClientKey] = one.ID
		if full, err := e.hosts[1].tenants.ByID(t.Context(), one.ID); err != nil || !strings.HasSuffix(full.SharedSecret.Reveal(), one.ClientKey) {
			t.Errorf("%s has another one's secret, %v", one.ClientKey, err)
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d of 4 sites", len(seen))
	}
}
