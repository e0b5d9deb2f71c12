package web_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/web"
)

// requestKey is that of a request on the customer portal, whose issue is here.
const requestKey = "HELP-1"

const forgeApp = "ari:cloud:ecosystem::app/406d303d-0393-4ec4-ad7c-1435be94583a"

// arriving is the one site of a test, and who of it has left.
type arriving struct {
	tenants *tenant.Tenants
	id      *tenant.Tenant
	left    []string
	visits  []string // tenant, account and token
}

func (a *arriving) Arrived(ctx context.Context, _ auth.Invocation) (tenant.Tenant, error) {
	return a.tenants.ByID(ctx, a.id.ID)
}

func (a *arriving) Left(_ context.Context, i auth.Invocation) error {
	a.left = append(a.left, i.Installation)
	return nil
}

func (a *arriving) Visited(t capability.TenantID, account, token string) {
	a.visits = append(a.visits, string(t)+" "+account+" "+token)
}

// startForge starts a host that serves a Forge app, too. Forge's key is the one of signed installs, so that only the kind of token tells them apart.
func startForge(t *testing.T, options ...option) (*host, *arriving) {
	t.Helper()
	return startForgeWith(t, "", options...)
}

// startForgeWith starts one whose plugin's manifest has more members.
func startForgeWith(t *testing.T, more string, options ...option) (*host, *arriving) {
	t.Helper()
	a := &arriving{id: &tenant.Tenant{}}
	h := startWith(t, more, core.Breaking{}, append(options, func(c *web.Config) {
		a.tenants, _ = c.Tenants.(*tenant.Tenants)
		v, err := auth.New(auth.Config{
			AppKey: appKey, BaseURLs: []string{c.BaseURL}, Keys: keys{}, Tenants: a.tenants,
			Forge: &auth.ForgeConfig{AppID: forgeApp, Keys: keys{}, Installations: a, Environments: []string{"PRODUCTION"}},
		})
		check(t, err)
		c.Verifier, c.Forge, c.Visits = v, a, a
	})...)
	*a.id = h.tenant
	return h, a
}

type object = map[string]any

// invocation is the header of a call by way of Forge, from a module of that type and key.
func (h *host) invocation(account, typ, key string) string {
	h.t.Helper()
	where := object{"issue": object{"id": here}}
	if typ == auth.PortalModule {
		where = object{"request": object{"key": requestKey}}
	}
	return h.invocationAt(account, typ, key, where)
}

// invocationAt is the same from a module that stands elsewhere.
func (h *host) invocationAt(account, typ, key string, where object) string {
	h.t.Helper()
	now := time.Now().Unix()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		check(h.t, err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(object{"alg": "RS256", "typ": "JWT", "kid": "kid"}) + "." + part(object{
		"iss": "forge/invocation-token", "aud": forgeApp, "jti": "1", "iat": now, "nbf": now, "exp": now + 25, "principal": account,
		"app": object{
			"id": forgeApp, "installationId": "ari:cloud:ecosystem::installation/1", "apiBaseUrl": "https://api.atlassian.com/ex/jira/cloud",
			"environment": object{"type": "PRODUCTION"}, "module": object{"type": typ, "key": key},
		},
		"context": object{"extension": where},
	})
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, h.key, crypto.SHA256, sum[:])
	check(h.t, err)
	return "Bearer " + text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestForgeTokenOpensForgesRoutesAndNoOthers(t *testing.T) {
	h, _ := startForge(t)
	h.setFile("text/csv", "a.csv")
	byForge := h.invocation(admin, "jira:issuePanel", "acme-notes--panel")
	before := h.state()
	for _, d := range h.doors() {
		if got := h.do(d.method, d.target, byForge, d.body); got.status != http.StatusUnauthorized {
			t.Errorf("%s %s with a token of Forge: status %d, want 401", d.method, d.target, got.status)
		}
	}
	routes := []door{
		{"POST", "/forge/page", ownCall, `{}`, 200}, {"POST", "/forge/event", ownCall, `{"eventType":"avi:jira:viewed:issue"}`, 204},
		{"POST", "/forge/uninstalled", ownCall, `{}`, 204},
		{"POST", "/forge/jql/acme.notes/noted", ownCall, `{"clause":{"operator":"in","arguments":["a"]}}`, 200},
	}
	for _, d := range h.doors() {
		if d.opens == ownCall {
			d.target = "/forge" + d.target
			routes = append(routes, d)
		}
	}
	for _, d := range routes {
		for name, header := range map[string]string{
			"none": "", "a page's own calls'": h.contextToken(admin, here), "bound to the address": h.bound(d.method, d.target, admin), "a signed install's": h.install(d.method, d.target),
			"Connect's, as Forge's": "Bearer " + strings.TrimPrefix(h.contextToken(admin, here), "JWT "), "Forge's, as Connect's": "JWT " + strings.TrimPrefix(byForge, "Bearer "),
		} {
			if got := h.do(d.method, d.target, header, d.body); got.status != http.StatusUnauthorized {
				t.Errorf("%s %s with a token that is %s: status %d, want 401", d.method, d.target, name, got.status)
			}
		}
	}
	if diff := cmp.Diff(before, h.state()); diff != "" {
		t.Errorf("refused requests have changed something (-before +after):\n%s", diff)
	}
	for _, d := range routes {
		if got := h.do(d.method, d.target, byForge, d.body); got.status != d.want {
			t.Errorf("%s %s with a token of Forge: status %d, want %d: %s", d.method, d.target, got.status, d.want, got.body)
		}
	}
}

func TestForgeFrameShowsWhatItsModuleMay(t *testing.T) {
	h, a := startForge(t)
	for _, tt := range []struct {
		name, account, typ, key, body string
		status                        int
		want                          string
	}{
		{"a panel beside its issue", user, "jira:issuePanel", "acme-notes--panel", `{}`, 200, "issue " + here + ", code"},
		{"a panel that asks for another page", user, "jira:issuePanel", "acme-notes--panel", `{"place":"admin"}`, 200, "issue " + here},
		{"a panel on a request of the portal", user, auth.PortalModule, "acme-notes--portal", `{}`, 200, "issue " + here + ", code"},
		{"a panel of the portal for nobody", "", auth.PortalModule, "acme-notes--portal", `{}`, 401, "logged in"},
		{"a panel of the portal that is another", user, auth.PortalModule, "acme-notes--panel", `{}`, 404, "no such page"},
		{"a page with a code", user, "jira:globalPage", "pages", `{"place":"acme-notes--open","code":"abc"}`, 200, "code abc"},
		{"a page that is a panel", user, "jira:globalPage", "pages", `{"place":"acme-notes--panel"}`, 404, "no such page"},
		{"a page for admins on the page for everybody", admin, "jira:globalPage", "pages", `{"place":"stored"}`, 404, "no such page"},
		{"no page that is in the menu", user, "jira:globalPage", "pages", `{}`, 404, "switched on"},
		{"the page for admins", admin, "jira:adminPage", "admin", `{}`, 200, "acme-notes"},
		{"what is stored", admin, "jira:adminPage", "admin", `{"place":"stored"}`, 200, "Frankfurt"},
		{"the page for admins, for somebody else", user, "jira:adminPage", "admin", `{}`, 403, "Only Jira admins"},
		{"an event's token", admin, "core:endpoint", "event", `{}`, 404, "no such page"},
		{"nonsense", user, "jira:issuePanel", "acme-notes--panel", `{"place":1}`, 400, "invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := h.do("POST", "/forge/page", h.invocation(tt.account, tt.typ, tt.key), tt.body)
			var e struct{ Type, Text string }
			if err := json.Unmarshal([]byte(got.body), &e); err != nil || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
				t.Fatalf("no envelope: %v %s", err, got.body)
			}
			if got.status != tt.status || !strings.Contains(e.Text, tt.want) {
				t.Errorf("status %d, want %d with %q: %s", got.status, tt.status, tt.want, e.Text)
			}
		})
	}
	if got := h.do("POST", "/forge/uninstalled", h.invocation("", "core:endpoint", "uninstalled"), `{}`); got.status != 204 || len(a.left) != 1 {
		t.Errorf("uninstall: %d, %q", got.status, a.left)
	}
}

func TestTokenOfAPersonIsKeptForWhoTheInvocationNames(t *testing.T) {
	h, a := startForge(t)
	ask := func(target, authorization, token string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+target, strings.NewReader("{}"))
		check(t, err)
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Forge-Oauth-User", token)
		r.Header.Set("Content-Type", "application/json")
		h.send(r)
	}
	ask("/forge/page", h.invocation(user, "jira:issuePanel", "acme-notes--panel"), "first")
	ask("/forge/api/plugin/acme.notes/panel/file/save", h.invocation(admin, "jira:issuePanel", "acme-notes--panel"), "second")
	ask("/forge/page", "Bearer a.b.c", "of nobody")
	ask("/api/plugin/acme.notes/panel/file/save", h.contextToken(user, here), "by Connect")
	want := []string{string(h.tenant.ID) + " " + user + " first", string(h.tenant.ID) + " " + admin + " second"}
	if diff := cmp.Diff(want, a.visits); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestFilesComeThroughForgeWhole(t *testing.T) {
	h, _ := startForge(t)
	h.setFile("application/pdf", "Etikett ä.pdf")
	want := h.do("POST", "/api/plugin/acme.notes/panel/file/save", h.contextToken(user, here), `{}`)
	got := h.do("POST", "/forge/api/plugin/acme.notes/panel/file/save", h.invocation(user, "jira:issuePanel", "acme-notes--panel"), `{}`)
	var e struct{ Type, Base64, Disposition string }
	if err := json.Unmarshal([]byte(got.body), &e); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(e.Base64)
	if err != nil || want.status != 200 || got.status != 200 || string(raw) != want.body || e.Type != "application/pdf" || e.Disposition != want.header.Get("Content-Disposition") {
		t.Errorf("%d %+v, %v; by Connect %d %v", got.status, e, err, want.status, want.header)
	}
}
