package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/oauth"
)

// assertion signs claims as atlassian-oauth2 does.
func assertion(t testing.TB, claims object, secret string) string {
	t.Helper()
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString([]byte(compact(t, v))) }
	text := part(object{"alg": "HS256", "typ": "JWT"}) + "." + part(claims)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// actingAs asks for a token with which the app acts as an account.
func (s *testSite) actingAs(app *fakeApp, account string, change func(claims object, form url.Values)) answer {
	s.t.Helper()
	_, secret := app.credentials()
	now := s.clock.Now().Unix()
	claims := object{
		"iss": "urn:atlassian:connect:clientid:" + app.lifecycle()[0].body["oauthClientId"].(string),
		"sub": "urn:atlassian:connect:useraccountid:" + account, "tnt": s.url, "aud": oauth.DocumentedHost, "iat": now, "exp": now + 60,
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}}
	if change != nil {
		change(claims, form)
	}
	if form.Get("assertion") == "" {
		form.Set("assertion", assertion(s.t, claims, secret))
	}
	r := request(s.t, http.MethodPost, s.url+"/oauth2/token", form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(s.t, http.DefaultClient, r)
}

func (s *testSite) bearer(token, method, path, body string) answer {
	s.t.Helper()
	r := request(s.t, method, s.url+path, body)
	r.Header.Set("Authorization", "Bearer "+token)
	return send(s.t, unredirected, r)
}

func (s *testSite) account(login string) string {
	s.t.Helper()
	return s.login(login).get("/rest/api/3/myself").json(s.t)["accountId"].(string)
}

func impersonator(scopes ...string) func(object) {
	return func(d object) { d["scopes"] = append([]string{"ACT_AS_USER"}, scopes...) }
}

func TestAppActsAsAUser(t *testing.T) {
	site, app := installedApp(t, impersonator("ADMIN"))
	ada := site.account("ada")
	granted := site.actingAs(app, ada, nil)
	if granted.status != http.StatusOK {
		t.Fatalf("%d %s", granted.status, granted.body)
	}
	out := granted.json(t)
	if out["token_type"] != "Bearer" || out["expires_in"] != 900.0 {
		t.Errorf("answer %v", out)
	}
	token := out["access_token"].(string)
	if a := site.bearer(token, http.MethodGet, "/rest/api/3/myself", ""); a.json(t)["accountId"] != ada {
		t.Errorf("myself: %d %s", a.status, a.body)
	}
	// Ada may not see the project HR, though the app may; and she is no administrator, though the app has the scope.
	if a := site.bearer(token, http.MethodGet, "/rest/api/3/issue/HR-1", ""); a.status != http.StatusNotFound {
		t.Errorf("HR-1: %d", a.status)
	}
	if a := site.bearer(token, http.MethodGet, "/rest/api/3/permissions", ""); a.status != http.StatusForbidden {
		t.Errorf("permissions: %d %s", a.status, a.body)
	}
	if a := site.bearer(token, http.MethodGet, "/rest/atlassian-connect/1/addons/example.app/properties", ""); a.status != http.StatusUnauthorized {
		t.Errorf("the app's properties: %d", a.status)
	}
	site.clock.Advance(15 * time.Minute)
	if a := site.bearer(token, http.MethodGet, "/rest/api/3/myself", ""); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "expired") {
		t.Errorf("after its time: %d %s", a.status, a.body)
	}
}

func TestTokenHasTheScopesThatWereAskedFor(t *testing.T) {
	site, app := installedApp(t, impersonator("WRITE"))
	mia := site.account("mia")
	a := site.actingAs(app, mia, func(_ object, f url.Values) { f.Set("scope", "READ") })
	token := a.json(t)["access_token"].(string)
	if a := site.bearer(token, http.MethodPut, "/rest/api/3/issue/OPS-1", `{"fields":{"summary":"x"}}`); a.status != http.StatusForbidden {
		t.Errorf("write with READ: %d %s", a.status, a.body)
	}
	if a := site.bearer(token, http.MethodGet, "/rest/api/3/issue/OPS-1", ""); a.status != http.StatusOK {
		t.Errorf("read: %d %s", a.status, a.body)
	}
}

func TestTokenIsRefused(t *testing.T) {
	site, app := installedApp(t, impersonator("READ"))
	mia := site.account("mia")
	for _, tt := range []struct {
		name, code string
		change     func(claims object, form url.Values)
	}{
		{"another grant", "unsupported_grant_type", func(_ object, f url.Values) { f.Set("grant_type", "password") }},
		{"no JWT", "invalid_request", func(_ object, f url.Values) { f.Set("assertion", "x.y") }},
		{"another client", "invalid_client", func(c object, _ url.Values) { c["iss"] = "urn:atlassian:connect:clientid:x" }},
		{"another secret", "invalid_client", func(c object, f url.Values) { f.Set("assertion", assertion(t, c, "another")) }},
		{"expired", "invalid_grant", func(c object, _ url.Values) { c["exp"] = c["exp"].(int64) - 300 }},
		{"from the future", "invalid_grant", func(c object, _ url.Values) { c["iat"] = c["iat"].(int64) + 300 }},
		{"another site", "invalid_grant", func(c object, _ url.Values) { c["tnt"] = "https://other.example" }},
		{"another server", "invalid_grant", func(c object, _ url.Values) { c["aud"] = "https://other.example" }},
		{"nobody", "invalid_grant", func(c object, _ url.Values) { c["sub"] = "urn:atlassian:connect:useraccountid:nobody" }},
		{"scope that the app lacks", "invalid_scope", func(_ object, f url.Values) { f.Set("scope", "READ WRITE") }},
	} {
		if a := site.actingAs(app, mia, tt.change); a.status < 400 || a.status > 401 || a.json(t)["error"] != tt.code {
			t.Errorf("%s: %d %s, want %s", tt.name, a.status, a.body, tt.code)
		}
	}
	if a := site.bearer("a.b.c", http.MethodGet, "/rest/api/3/myself", ""); a.status != http.StatusUnauthorized {
		t.Errorf("made up: %d", a.status)
	}
	plain, without := installedApp(t)
	if a := plain.actingAs(without, plain.account("mia"), nil); a.json(t)["error"] != "unauthorized_client" {
		t.Errorf("without the scope: %d %s", a.status, a.body)
	}
}

func TestTokenEndsWithTheApp(t *testing.T) {
	site, app := installedApp(t, impersonator("READ"))
	token := site.actingAs(app, site.account("mia"), nil).json(t)["access_token"].(string)
	site.login("mia").post("/admin/apps/example.app/disable", nil)
	if a := site.bearer(token, http.MethodGet, "/rest/api/3/myself", ""); a.status != http.StatusUnauthorized {
		t.Errorf("of a disabled app: %d", a.status)
	}
}
