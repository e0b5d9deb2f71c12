package connect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

const (
	first  = "first-secret-0123456789"
	second = "second-secret-0123456789"
)

// world is a lifecycle over real tenants, with a clock that the test moves.
type world struct {
	*testing.T
	*connect.Lifecycle
	tenants *tenant.Tenants
	log     bytes.Buffer
	at      time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, at: time.Date(2027, 1, 1, 12, 0, 0, 300e6, time.UTC)}
	d, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	w.tenants = tenant.NewTenants(d, sealtest.Keeper(t, d), func() time.Time { return w.at })
	w.Lifecycle, err = connect.NewLifecycle(connect.LifecycleConfig{
		AppKey: "pergola", Tenants: w.tenants, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// body is that of an event, with Atlassian's fields that nobody needs and changes over them.
func body(t *testing.T, change map[string]any) []byte {
	t.Helper()
	b := map[string]any{
		"key": "pergola", "clientKey": "client-one", "sharedSecret": first, "baseUrl": "https://acme.atlassian.net/", "displayUrl": "https://jira.acme.example",
		"productType": "jira", "description": "Atlassian Jira at https://acme.atlassian.net", "oauthClientId": "oauth", "eventType": "installed",
		"publicKey": "MIGf", "serverVersion": "100", "somethingNew": map[string]any{"a": 1},
	}
	for k, v := range change {
		if v == nil {
			delete(b, k)
			continue
		}
		b[k] = v
	}
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// issued is a lifecycle principal of a token issued at t; iat has whole seconds.
func issued(at time.Time) auth.Principal {
	return auth.Principal{ClientKey: "client-one", Account: "a1", Via: auth.ViaLifecycle, IssuedAt: at.Truncate(time.Second)}
}

// install sends an installation that is issued now.
func (w *world) install(secret string) error {
	return w.Installed(w.Context(), body(w.T, map[string]any{"sharedSecret": secret}), issued(w.at))
}

func (w *world) uninstall() error {
	return w.Uninstalled(w.Context(), body(w.T, map[string]any{"eventType": "uninstalled", "sharedSecret": nil}), issued(w.at))
}

func (w *world) expect(state tenant.State, secret string) tenant.Tenant {
	w.Helper()
	t, err := w.tenants.ByClientKey(w.Context(), "client-one")
	if err != nil {
		w.Fatal(err)
	}
	if t.State != state || t.SharedSecret.Reveal() != secret {
		w.Errorf("the tenant is %s with secret %s, want %s with %s", t.State, t.SharedSecret.Reveal(), state, secret)
	}
	return t
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func TestInstalledMakesATenant(t *testing.T) {
	w := newWorld(t)
	w.must(w.install(first))
	got := w.expect(tenant.Active, first)
	if got.BaseURL != "https://acme.atlassian.net" || got.DisplayURL != "https://jira.acme.example" || got.OAuthClientID != "oauth" {
		t.Errorf("tenant %+v", got)
	}
}

func TestOldInstallationCannotBringBackItsSecret(t *testing.T) {
	w := newWorld(t)
	old, oldToken := body(t, nil), issued(w.at)
	w.must(w.install(first))
	w.at = w.at.Add(2 * time.Second)
	w.must(w.install(second))
	for name, p := range map[string]auth.Principal{"older": oldToken, "of the same second": issued(w.at)} {
		err := w.Installed(t.Context(), old, p)
		if sdk.CodeOf(err) != sdk.Exists {
			t.Errorf("%s: %v", name, err)
		}
		w.expect(tenant.Active, second)
	}
}

func TestOldInstallationCannotBringBackATenant(t *testing.T) {
	for _, after := range []time.Duration{0, 2 * time.Second} {
		w := newWorld(t)
		old, token := body(t, nil), issued(w.at)
		w.must(w.install(first))
		w.at = w.at.Add(after)
		w.must(w.uninstall())
		if err := w.Installed(t.Context(), old, token); sdk.CodeOf(err) != sdk.Exists {
			t.Errorf("after %v: %v", after, err)
		}
		w.expect(tenant.Uninstalled, first)
	}
}

func TestUninstallAndInstallWithinASecond(t *testing.T) {
	w := newWorld(t)
	w.must(w.install(first))
	w.at = w.at.Add(100 * time.Millisecond)
	w.must(w.uninstall())
	w.at = w.at.Add(100 * time.Millisecond)
	w.must(w.install(second))
	w.expect(tenant.Active, second)
}

func TestUninstallThatDisabledOvertook(t *testing.T) {
	w := newWorld(t)
	w.must(w.install(first))
	id := w.expect(tenant.Active, first).ID
	token := issued(w.at.Add(time.Minute))
	w.at = w.at.Add(3 * time.Minute)
	w.must(w.Disabled(t.Context(), auth.Principal{Tenant: id, Via: auth.ViaEvent}))
	w.must(w.Uninstalled(t.Context(), body(t, map[string]any{"eventType": "uninstalled"}), token))
	w.expect(tenant.Uninstalled, first)
	w.must(w.Disabled(t.Context(), auth.Principal{Tenant: id, Via: auth.ViaEvent}))
	w.expect(tenant.Uninstalled, first)
}

func TestOtherTokensMoveNothing(t *testing.T) {
	w := newWorld(t)
	w.must(w.install(first))
	id := w.expect(tenant.Active, first).ID
	w.at = w.at.Add(time.Minute)
	for _, via := range []auth.Via{auth.ViaEvent, auth.ViaWebhook, auth.ViaPage, auth.ViaAPI, auth.ViaForge, ""} {
		p := issued(w.at)
		p.Via = via
		if w.Installed(t.Context(), body(t, map[string]any{"sharedSecret": second}), p) == nil {
			t.Errorf("a %q token installs", via)
		}
		if w.Uninstalled(t.Context(), body(t, map[string]any{"eventType": "uninstalled"}), p) == nil {
			t.Errorf("a %q token uninstalls", via)
		}
		if via != auth.ViaEvent && w.Disabled(t.Context(), auth.Principal{Tenant: id, Via: via}) == nil {
			t.Errorf("a %q token disables", via)
		}
	}
	w.expect(tenant.Active, first)
}

func TestBodiesThatAreRefused(t *testing.T) {
	type object = map[string]any
	for _, tt := range []struct {
		name   string
		change object
		want   sdk.Code
	}{
		{"as it should be", object{}, ""},
		{"without what Atlassian dropped", object{"publicKey": nil, "serverVersion": nil, "displayUrl": nil, "eventType": nil, "key": nil}, ""},
		{"another site", object{"clientKey": "client-two"}, sdk.Unauthenticated},
		{"no site", object{"clientKey": nil}, sdk.Unauthenticated},
		{"another app", object{"key": "other"}, sdk.Invalid},
		{"another event", object{"eventType": "uninstalled"}, sdk.Invalid},
		{"another product", object{"productType": "confluence"}, sdk.Invalid},
		{"no secret", object{"sharedSecret": nil}, sdk.Invalid},
		{"short secret", object{"sharedSecret": "0123456789"}, sdk.Invalid},
		{"secret of another type", object{"sharedSecret": 17}, sdk.Invalid},
		{"no address", object{"baseUrl": nil}, sdk.Invalid},
		{"http", object{"baseUrl": "http://acme.atlassian.net"}, sdk.Invalid},
		{"http on this machine", object{"baseUrl": "http://127.0.0.1:8090"}, sdk.Invalid},
		{"user in the address", object{"baseUrl": "https://a:b@acme.atlassian.net"}, sdk.Invalid},
		{"query in the address", object{"baseUrl": "https://acme.atlassian.net?x"}, sdk.Invalid},
		{"no host", object{"baseUrl": "https:///jira"}, sdk.Invalid},
		{"script", object{"baseUrl": "javascript:alert(1)"}, sdk.Invalid},
		{"endless address", object{"baseUrl": "https://acme.atlassian.net/" + strings.Repeat("a", 1000)}, sdk.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if got := sdk.CodeOf(w.Installed(t.Context(), body(t, tt.change), issued(w.at))); got != tt.want {
				t.Errorf("code %q, want %q", got, tt.want)
			}
			_, err := w.tenants.ByClientKey(t.Context(), "client-one")
			if stored := !errors.Is(err, store.ErrNotFound); stored != (tt.want == "") {
				t.Errorf("stored: %v (%v)", stored, err)
			}
		})
	}
}

func TestBodyThatIsNoJSON(t *testing.T) {
	w := newWorld(t)
	for _, raw := range []string{"", "null", "[]", "{", `"x"`} {
		if w.Installed(t.Context(), []byte(raw), issued(w.at)) == nil {
			t.Errorf("%q installs", raw)
		}
	}
}

func TestSitesOnThisMachineInDevelopment(t *testing.T) {
	w := newWorld(t)
	w.LoopbackSites = true
	for address, want := range map[string]sdk.Code{
		"http://127.0.0.1:8090": "", "http://localhost:8090": "", "http://[::1]:8090": "",
		"http://10.0.0.1": sdk.Invalid, "http://localhost.evil.example": sdk.Invalid, "http://127.0.0.1.evil.example": sdk.Invalid,
	} {
		w.at = w.at.Add(time.Minute)
		err := w.Installed(t.Context(), body(t, map[string]any{"baseUrl": address}), issued(w.at))
		if got := sdk.CodeOf(err); got != want {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	w := newWorld(t)
	w.must(w.install(first))
	w.at = w.at.Add(time.Minute)
	w.must(w.install(second))
	if err := w.Installed(t.Context(), body(t, nil), issued(w.at.Add(-time.Hour))); err == nil {
		t.Error("an old installation passes")
	}
	w.must(w.uninstall())
	if w.log.Len() == 0 || strings.Contains(w.log.String(), first) || strings.Contains(w.log.String(), second) || strings.Contains(w.log.String(), "client-one") {
		t.Errorf("log:\n%s", w.log.String())
	}
}

func TestWhatWasGoodForOneInstallationEndsWithIt(t *testing.T) {
	w := newWorld(t)
	left, down := 0, false
	w.Left = func(_ context.Context, id capability.TenantID) error {
		if down {
			return errors.New("the store does not answer")
		}
		if id != w.expectAny().ID {
			t.Errorf("tenant %s left", id)
		}
		left++
		return nil
	}
	w.must(w.install(first))
	w.at = w.at.Add(time.Second)
	w.must(w.install(second)) // a new secret of the same installation
	if left != 0 {
		t.Errorf("an installation that nobody ended ended %d times", left)
	}
	w.at = w.at.Add(time.Second)
	w.must(w.uninstall())
	if left != 1 {
		t.Errorf("the end was told %d times", left)
	}
	// Where it failed, the site does not come back before it is done.
	w.at = w.at.Add(time.Second)
	down = true
	if w.install(first) == nil {
		t.Error("the site came back with what was good before")
	}
	w.expect(tenant.Uninstalled, second)
	down = false
	w.must(w.install(first))
	if w.expect(tenant.Active, first); left != 2 {
		t.Errorf("the end was told %d times", left)
	}
	w.at, down = w.at.Add(time.Second), true
	if w.uninstall() == nil {
		t.Error("an end that failed is told as a success")
	}
}

func (w *world) expectAny() tenant.Tenant {
	w.Helper()
	t, err := w.tenants.ByClientKey(w.Context(), "client-one")
	w.must(err)
	return t
}
