package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/web"
)

func TestShortLinks(t *testing.T) {
	h := start(t)
	alias := h.tenant.Alias
	target := h.site.URL + "/plugins/servlet/ac/pergola/acme-notes--open?ac.code="
	for _, tt := range []struct{ path, want string }{
		{"/q/" + alias + ".AbC_-9", target + "AbC_-9"},
		{"/q/" + alias + "." + strings.Repeat("a", 64), target + strings.Repeat("a", 64)},
		{"/q/" + alias + "." + strings.Repeat("a", 65), ""},
		{"/q/" + alias, ""},
		{"/q/" + alias + ".", ""},
		{"/q/." + "code", ""},
		{"/q/nobody00.code", ""},
		{"/q/" + strings.ToUpper(alias) + "x.code", ""},
		{"/q/" + alias + ".a.b", ""},
		{"/q/" + alias + ".a%26b", ""},
		{"/q/" + alias + ".a%0d%0aX-A:b", ""},
		{"/q/" + alias + ".caf%C3%A9", ""},
		{"/q/" + alias + ".a/", ""},
		{"/q/" + alias + ".a/b", ""},
		{"/q//" + alias + ".a", ""},
		{"/Q/" + alias + ".a", ""},
		{"/r/" + alias + ".a", ""},
		{"/static/" + alias + ".a", ""},
		{"/connect/" + alias + ".a", ""},
	} {
		got := h.do("GET", tt.path, "", "")
		if tt.want == "" && (got.status != 404 || got.header.Get("Location") != "" || !strings.Contains(got.body, "There is no such page.")) {
			t.Errorf("%s: status %d to %q, want 404", tt.path, got.status, got.header.Get("Location"))
		}
		if tt.want != "" && (got.status != 302 || got.header.Get("Location") != tt.want) {
			t.Errorf("%s: status %d to %q, want %q", tt.path, got.status, got.header.Get("Location"), tt.want)
		}
	}
	if got := h.do("GET", "/q/"+alias+".a?to=https://evil.example", "", ""); got.header.Get("Location") != target+"a" {
		t.Errorf("a query changes the target to %q", got.header.Get("Location"))
	}
	if len(h.site.told())+len(h.asked()) != 0 {
		t.Error("a short link asked the site or the plugin")
	}

	_, err := h.tenants.Uninstall(t.Context(), h.tenant.ID)
	check(t, err)
	if got := h.do("GET", "/q/"+alias+".a", "", ""); got.status != 404 {
		t.Errorf("link of a site that has left: status %d, want 404", got.status)
	}
}

// noTenants is a store that does not answer.
type noTenants struct{}

func (noTenants) ByAlias(context.Context, string) (tenant.Tenant, error) {
	return tenant.Tenant{}, fmt.Errorf("read /var/lib/x: %w", store.ErrUnavailable)
}

func TestAPrintedCodeDoesNotLookDeadWhenTheStoreIs(t *testing.T) {
	h := start(t, func(c *web.Config) { c.Tenants = noTenants{} })
	got := h.do("GET", "/q/"+h.tenant.Alias+".a", "", "")
	if got.status != 503 || strings.Contains(got.body, "/var/lib") || !strings.Contains(got.body, "Try again in a minute") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}
