package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/operator"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
	"github.com/pergola-platform/pergola/host/web"
)

// kind is which token opens a route.
type kind int

const (
	signed  kind = iota // an install, signed by Atlassian
	event               // bound to the address, in the header
	page                // bound to the address, in the header or the address
	ownCall             // bound to a page of ours
)

type door struct {
	method, target string
	opens          kind
	body           string
	want           int
}

// doors are all routes that take a token, in an order in which each of them can be opened.
func (h *host) doors() []door {
	return []door{
		{"POST", "/connect/installed", signed, h.installation("installed"), 204},
		{"POST", "/connect/enabled", event, `{"eventType":"enabled"}`, 204},
		{"POST", "/connect/jql/acme.notes/noted", event, `{"precomputationId":"1","clause":{"operator":"in","arguments":["x"]}}`, 200},
		{"GET", "/connect/module/acme.notes/panel?issue=" + here, page, "", 200},
		{"GET", "/connect/module/acme.notes/open?code=abc", page, "", 200},
		{"GET", "/connect/admin", page, "", 200},
		{"GET", "/connect/stored", page, "", 200},
		{"GET", "/connect/api", page, "", 200},
		{"GET", "/connect/changes", page, "", 200},
		{"GET", "/connect/project?project=10000", page, "", 200},
		{"POST", "/api/project/10000/view/list", ownCall, `{}`, 200},
		{"POST", "/api/plugin/acme.notes/panel/view/show", ownCall, `{}`, 200},
		{"POST", "/api/plugin/acme.notes/panel/action/keep", ownCall, `{}`, 200},
		{"POST", "/api/plugin/acme.notes/panel/file/save", ownCall, `{}`, 200},
		{"POST", "/api/plugin/acme.notes/panel/suggest/assets", ownCall, `{}`, 200},
		{"POST", "/api/admin/stored", ownCall, `{}`, 200},
		{"GET", "/api/admin/plugins/acme.notes/settings", ownCall, "", 200},
		{"POST", "/api/admin/plugins/acme.notes/settings", ownCall, `{"form":{"size":["20"]}}`, 200},
		{"POST", "/api/admin/plugins/acme.notes/enabled", ownCall, `{"enabled":false}`, 200},
		{"POST", "/api/changes/view/list", ownCall, `{}`, 200},
		{"POST", "/api/changes/file/csv", ownCall, `{}`, 200},
		{"POST", "/api/tokens/action/make", ownCall, `{"form":{"name":["Import"],"links-read":["true"],"expires":["90"]}}`, 200},
		{"POST", "/api/tokens/action/revoke", ownCall, `{"params":{"token":"none"}}`, 200},
		{"POST", "/connect/disabled", event, `{"eventType":"disabled"}`, 204},
		{"POST", "/connect/uninstalled", signed, h.installation("uninstalled"), 204},
	}
}

// state is everything that a request could change.
type state struct {
	Tenant    tenant.State
	Secret    bool
	Chosen    []tenant.Module
	Told      []string
	Asked     int
	Tokens    []token.Token
	Sent      int
	Operators []operator.Credential
	Changes   int
	Signs     []tenant.Config
}

func (h *host) state() state {
	h.t.Helper()
	got, err := h.tenants.ByID(h.t.Context(), h.tenant.ID)
	check(h.t, err)
	chosen, err := h.modules.List(h.t.Context(), h.tenant.ID)
	check(h.t, err)
	tokens, err := h.tokens.List(h.t.Context(), h.tenant.ID)
	check(h.t, err)
	operators, err := h.operators.List(h.t.Context())
	check(h.t, err)
	changes, err := h.trail.List(h.t.Context(), h.tenant.ID, audit.Query{Limit: 1000})
	check(h.t, err)
	signs, err := h.configs.List(h.t.Context(), h.tenant.ID, tenant.ConfigType{Plugin: plugin, Type: "sign"})
	check(h.t, err)
	return state{got.State, got.SharedSecret.Equal(seal.NewSecret(secret)), chosen, h.site.told(), len(h.asked()), tokens, len(h.programs()), operators, len(changes), signs}
}

func TestNoTokenOpensARouteOfAnotherKind(t *testing.T) {
	var verifier *auth.Verifier
	h := start(t, func(c *web.Config) { verifier = c.Verifier })
	h.setFile("text/csv", "a.csv")
	program, operators := h.program(manifest.Scopes()...), h.operator("ci")
	before := h.state()
	foreign := func(d door, change func(*auth.Claims)) string {
		c := h.claims(admin)
		c.QSH, c.Context.Jira.Issue.ID = auth.QSH(d.method, d.target, ""), here
		if d.opens == ownCall {
			c.QSH = auth.ContextQSH
		}
		change(&c)
		return h.hs256(c)
	}
	raw := func(header string) string { return strings.TrimPrefix(header, "JWT ") }
	inAddress := func(d door, token string) string {
		if strings.Contains(d.target, "?") {
			return d.target + "&jwt=" + raw(token)
		}
		return d.target + "?jwt=" + raw(token)
	}
	for i, d := range slices.Concat(h.doors(), h.doors()) {
		own := map[kind]string{
			signed: h.install(d.method, d.target), event: h.bound(d.method, d.target, admin),
			page: h.bound(d.method, d.target, admin), ownCall: h.contextToken(admin, here),
		}
		if i >= len(h.doors()) { // now with tokens that were verified a moment ago
			_, err := verifier.Page(t.Context(), auth.Request{Method: d.method, Target: d.target, Authorization: own[page]})
			check(t, err)
			_, err = verifier.API(t.Context(), auth.Request{Method: d.method, Target: d.target, Authorization: own[ownCall]})
			check(t, err)
		}
		attempts := map[string]struct{ target, header string }{
			"no token":              {d.target, ""},
			"no JWT":                {d.target, "JWT nonsense"},
			"another scheme":        {d.target, "Bearer " + raw(own[d.opens])},
			"another address":       {d.target, h.bound("GET", "/connect/module/acme.notes/elsewhere", admin)},
			"another method":        {d.target, h.bound("PUT", d.target, admin)},
			"ours to Jira":          {d.target, foreign(d, func(c *auth.Claims) { c.Issuer = appKey })},
			"unknown site":          {d.target, foreign(d, func(c *auth.Claims) { c.Issuer = "site-two" })},
			"expired":               {d.target, foreign(d, func(c *auth.Claims) { c.Expiry = time.Now().Add(-time.Hour) })},
			"in both places":        {inAddress(d, own[d.opens]), own[d.opens]},
			"a program's":           {d.target, "Bearer " + program},
			"a program's JWT":       {d.target, "JWT " + program},
			"an operator's":         {d.target, "Bearer " + operators},
			"an operator's, as JWT": {d.target, "JWT " + operators},
		}
		for k, name := range map[kind]string{signed: "a signed install's", event: "bound to this address", ownCall: "a page's own calls'"} {
			if k != d.opens && !(k == event && d.opens == page) {
				attempts[name] = struct{ target, header string }{d.target, own[k]}
			}
		}
		if d.opens != page {
			attempts["in the address"] = struct{ target, header string }{inAddress(d, own[d.opens]), ""}
		}
		for name, a := range attempts {
			got := h.do(d.method, a.target, a.header, d.body)
			if got.status != http.StatusUnauthorized {
				t.Errorf("%s %s with a token that is %s: status %d, want 401", d.method, d.target, name, got.status)
			}
		}
	}
	if diff := cmp.Diff(before, h.state()); diff != "" {
		t.Errorf("refused requests have changed something (-before +after):\n%s", diff)
	}

	// The same routes open with their own kind; otherwise what was proven above would be worth nothing.
	for _, d := range h.doors() {
		header := map[kind]string{
			signed: h.install(d.method, d.target), event: h.bound(d.method, d.target, admin),
			page: h.bound(d.method, d.target, admin), ownCall: h.contextToken(admin, here),
		}[d.opens]
		if d.target == "/api/admin/plugins/acme.notes/enabled" {
			if got := h.state().Asked; got != before.Asked+5 {
				t.Errorf("the plugin was asked %d times, want 5", got-before.Asked)
			}
		}
		if got := h.do(d.method, d.target, header, d.body); got.status != d.want {
			t.Errorf("%s %s with its own kind of token: status %d, want %d: %s", d.method, d.target, got.status, d.want, got.body)
		}
	}
	if got := h.state(); got.Tenant != tenant.Uninstalled {
		t.Errorf("after its uninstallation the tenant is %s", got.Tenant)
	}
}

func TestAPageMayCarryItsTokenInTheAddress(t *testing.T) {
	h := start(t)
	target := "/connect/module/acme.notes/panel?issue=" + here
	token := strings.TrimPrefix(h.bound("GET", target, user), "JWT ")
	if got := h.do("GET", target+"&jwt="+token, "", ""); got.status != 200 || !strings.Contains(got.body, "issue "+here) {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	// What the hash covers cannot be changed afterwards.
	changed := strings.Replace(target, here, there, 1)
	if got := h.do("GET", changed+"&jwt="+token, "", ""); got.status != 401 {
		t.Errorf("another issue under the same token: status %d, want 401", got.status)
	}
}

func TestAdminRoutesAreForAdmins(t *testing.T) {
	h := start(t)
	before := h.state()
	for _, account := range []string{user, ""} {
		for _, got := range []answer{
			h.page("/connect/admin", account),
			h.do("GET", "/api/admin/plugins/acme.notes/settings", h.contextToken(account, ""), ""),
			h.call("/api/admin/plugins/acme.notes/settings", account, "", `{"form":{"size":["20"]}}`),
			h.call("/api/admin/plugins/acme.notes/enabled", account, "", `{"enabled":false}`),
		} {
			if got.status != 403 || !strings.Contains(got.body, "Only Jira admins") {
				t.Errorf("account %q: status %d: %s", account, got.status, got.body)
			}
		}
	}
	if diff := cmp.Diff(before, h.state()); diff != "" {
		t.Errorf("refused requests have changed something (-before +after):\n%s", diff)
	}
}
