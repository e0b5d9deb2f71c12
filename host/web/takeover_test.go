package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
)

// Mistakes that Atlassian's own frameworks once made with Connect's tokens. Each is tried as it was used: the site stays whose it is.
func TestKnownAttacksOnConnectChangeNothing(t *testing.T) {
	const stolen = "the attacker's own secret, of thirty-two bytes"
	h := start(t)
	forged := strings.Replace(h.installation("installed"), secret, stolen, 1)
	mine := func(c auth.Claims) string {
		token, err := auth.SignHS256(c, stolen)
		check(t, err)
		return "JWT " + token
	}
	claims := h.claims(admin)
	claims.QSH = auth.QSH("POST", "/connect/installed", "")
	for name, a := range map[string]struct{ method, target, token, body string }{
		// Atlassian Connect Express before 6.6: a context token, which any user's browser holds, was taken for a call of Jira's.
		"CVE-2021-26073 context token installs":   {"POST", "/connect/installed", h.contextToken(user, here), forged},
		"CVE-2021-26073 context token uninstalls": {"POST", "/connect/uninstalled", h.contextToken(user, here), h.installation("uninstalled")},
		"CVE-2021-26073 context token disables":   {"POST", "/connect/disabled", h.contextToken(user, here), `{"eventType":"disabled"}`},
		"CVE-2021-26073 context token in address": {"POST", "/connect/installed?jwt=" + strings.TrimPrefix(h.contextToken(user, here), "JWT "), "", forged},
		// Atlassian Connect Spring Boot before 2.1.3: the same.
		"CVE-2021-26074 context token opens a page":     {"GET", "/connect/admin", h.contextToken(admin, here), ""},
		"CVE-2021-26074 context token opens a module":   {"GET", "/connect/module/acme.notes/panel?issue=" + here, h.contextToken(user, here), ""},
		"CVE-2021-26074 context token sends a webhook":  {"POST", "/connect/event/issue.deleted", h.contextToken(user, here), `{"webhookEvent":"jira:issue_deleted"}`},
		"CVE-2021-26074 token without a hash, own call": {"POST", "/api/admin/stored", h.hs256(h.claims(admin)), `{}`},
		// Atlassian Connect Spring Boot 2.1.4 and 2.1.5: a token with the shared secret, and the right hash, was enough to install.
		"CVE-2021-26077 shared secret installs":   {"POST", "/connect/installed", h.bound("POST", "/connect/installed", admin), forged},
		"CVE-2021-26077 shared secret uninstalls": {"POST", "/connect/uninstalled", h.bound("POST", "/connect/uninstalled", admin), h.installation("uninstalled")},
		// Before installs were signed: whoever knew a client key could put a secret of his own into its place.
		"take-over without a token":                  {"POST", "/connect/installed", "", forged},
		"take-over signed with the secret it brings": {"POST", "/connect/installed", mine(claims), forged},
		"take-over with another site's install":      {"POST", "/connect/installed", h.install("POST", "/connect/installed"), strings.Replace(forged, "site-one", "site-two", 1)},
		"take-over with an uninstall's token":        {"POST", "/connect/installed", h.install("POST", "/connect/uninstalled"), forged},
	} {
		t.Run(name, func(t *testing.T) {
			before := h.state()
			if got := h.do(a.method, a.target, a.token, a.body); got.status != http.StatusUnauthorized && got.status != http.StatusNotFound {
				t.Errorf("status %d: %s", got.status, got.body)
			}
			if diff := cmp.Diff(before, h.state()); diff != "" {
				t.Errorf("the refused request has changed something (-before +after):\n%s", diff)
			}
		})
	}
	// The site's own installation goes through, so that the refusals above were for the tokens.
	if got := h.do("POST", "/connect/installed", h.install("POST", "/connect/installed"), h.installation("installed")); got.status != http.StatusNoContent {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}
