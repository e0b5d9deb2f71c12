package connect_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// FuzzLifecycle has a site that signs correctly send whatever it likes: it changes itself alone, and only to what can be called and trusted.
func FuzzLifecycle(f *testing.F) {
	for _, body := range []string{
		`{"key":"pergola","clientKey":"one","sharedSecret":"0123456789abcdef","baseUrl":"https://acme.atlassian.net","displayUrl":"https://jira.acme.example","productType":"jira","eventType":"installed"}`,
		`{"clientKey":"one","sharedSecret":"short","baseUrl":"https://acme.atlassian.net"}`, `{"clientKey":"two","sharedSecret":"0123456789abcdef","baseUrl":"https://acme.atlassian.net"}`,
		`{"clientKey":"one","sharedSecret":"0123456789abcdef","baseUrl":"http://127.0.0.1/"}`, `{"clientKey":"one","sharedSecret":"0123456789abcdef","baseUrl":"https://u:p@acme.example"}`,
		`{"clientKey":"one","sharedSecret":"0123456789abcdef","baseUrl":"https://acme.example/?a#b"}`, `{"clientKey":"one","sharedSecret":"0123456789abcdef","baseUrl":"https://acme.example","productType":"confluence"}`,
		`{"clientKey":"one","eventType":"uninstalled"}`, `{}`, `null`, `[]`, `{"clientKey":1}`,
	} {
		f.Add([]byte(body))
	}
	d, err := sqlitestore.Open(f.Context(), f.TempDir(), sqlitestore.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = d.Close() })
	at := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	tenants := tenant.NewTenants(d, sealtest.Keeper(f, d), func() time.Time { return at })
	l, err := connect.NewLifecycle(connect.LifecycleConfig{AppKey: "pergola", Tenants: tenants, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		at = at.Add(time.Minute)
		p := auth.Principal{ClientKey: "one", Via: auth.ViaLifecycle, IssuedAt: at}
		before, there := tenants.ByClientKey(t.Context(), "one")
		if there != nil && !errors.Is(there, store.ErrNotFound) {
			t.Fatal(there)
		}
		err := l.Installed(t.Context(), body, p)
		now, _ := tenants.ByClientKey(t.Context(), "one")
		if err != nil {
			if code := sdk.CodeOf(err); code != sdk.Invalid && code != sdk.Unauthenticated && !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%v", err)
			}
			if now.Rev != before.Rev {
				t.Error("a refusal has changed the site")
			}
		} else {
			var said struct{ ClientKey, SharedSecret string }
			_ = json.Unmarshal(body, &said)
			if now.State != tenant.Active || said.ClientKey != "one" || now.SharedSecret.Reveal() != said.SharedSecret || len(said.SharedSecret) < 16 ||
				!strings.HasPrefix(strings.ToLower(now.BaseURL), "https://") || strings.ContainsAny(now.BaseURL, "?#@") || strings.HasSuffix(now.BaseURL, "/") {
				t.Errorf("%s makes a site at %q", body, now.BaseURL)
			}
		}
		at = at.Add(time.Minute)
		p.IssuedAt = at
		gone := l.Uninstalled(t.Context(), body, p)
		if now, err := tenants.ByClientKey(t.Context(), "one"); err == nil && (now.State == tenant.Uninstalled) != (gone == nil || before.State == tenant.Uninstalled && now.Rev == before.Rev) {
			t.Errorf("after %v the site is %s", gone, now.State)
		}
		if all, err := tenants.List(t.Context(), "", 0); err != nil || len(all) > 1 {
			t.Errorf("%d sites, %v: it has made another one", len(all), err)
		}
	})
}
