package auth_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/tenant"
)

// fit returns a Forge invocation token, after edit has changed its claims.
func fit(t *testing.T, edit func(claims, app map[string]any)) string {
	t.Helper()
	app := map[string]any{
		"id": appID, "installationId": install, "apiBaseUrl": "https://api.atlassian.com/ex/jira/22222222-2222-4222-8222-222222222222",
		"environment": map[string]any{"type": "PRODUCTION", "id": "ari:cloud:ecosystem::environment/1/2"}, "module": map[string]any{"type": "jira:issuePanel", "key": "panel"},
	}
	claims := map[string]any{
		"iss": "forge/invocation-token", "aud": appID, "jti": "d8a49625", "principal": account, "app": app,
		"iat": now.Unix(), "nbf": now.Unix() - 300, "exp": now.Unix() + 300,
		"context": map[string]any{
			"cloudId": "22222222", "siteUrl": "https://acme.atlassian.net", "moduleKey": "panel",
			"extension": map[string]any{"type": "jira:issuePanel", "issue": map[string]any{"id": "10001", "key": "OPS-1"}, "project": map[string]any{"id": 10000}},
		},
	}
	if edit != nil {
		edit(claims, app)
	}
	return sign(t, map[string]any{"alg": "RS256", "typ": "JWT", "kid": "forge/key"}, claims)
}

// sign encodes a token by hand, for headers and claims that the package itself does not write.
func sign(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, forge, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestForgeInvocation(t *testing.T) {
	type object = map[string]any
	for _, tt := range []struct {
		name string
		edit func(claims, app object)
		want auth.Reason
	}{
		{"as it should be", func(object, object) {}, ""},
		{"one audience of several", func(c, _ object) { c["aud"] = []string{"other", appID} }, ""},
		{"another app", func(c, _ object) { c["aud"] = appID + "0" }, auth.ReasonAudience},
		{"no audience", func(c, _ object) { delete(c, "aud") }, auth.ReasonAudience},
		{"another issuer", func(c, _ object) { c["iss"] = clientKey }, auth.ReasonIssuer},
		{"no jti", func(c, _ object) { delete(c, "jti") }, auth.ReasonClaim},
		{"no nbf", func(c, _ object) { delete(c, "nbf") }, auth.ReasonClaim},
		{"no iat", func(c, _ object) { delete(c, "iat") }, auth.ReasonClaim},
		{"no exp", func(c, _ object) { delete(c, "exp") }, auth.ReasonClaim},
		{"no installation", func(_, app object) { delete(app, "installationId") }, auth.ReasonClaim},
		{"unknown installation", func(_, app object) { app["installationId"] = install + "0" }, auth.ReasonTenant},
		{"API host that only begins well", func(_, app object) { app["apiBaseUrl"] = "https://api.atlassian.com.evil.example/ex/jira/x" }, auth.ReasonAPIBase},
		{"API host behind a user name", func(_, app object) { app["apiBaseUrl"] = "https://api.atlassian.com@evil.example/ex/jira/x" }, auth.ReasonAPIBase},
		{"API host with a user name", func(_, app object) { app["apiBaseUrl"] = "https://user@api.atlassian.com/ex/jira/x" }, auth.ReasonAPIBase},
		{"API without TLS", func(_, app object) { app["apiBaseUrl"] = "http://api.atlassian.com/ex/jira/x" }, auth.ReasonAPIBase},
		{"API path that climbs", func(_, app object) { app["apiBaseUrl"] = "https://api.atlassian.com/ex/../admin" }, auth.ReasonAPIBase},
		{"API on this machine", func(_, app object) { app["apiBaseUrl"] = "http://127.0.0.1:8090/ex/jira/x" }, auth.ReasonAPIBase},
		{"another environment", func(_, app object) { app["environment"] = object{"type": "DEVELOPMENT"} }, auth.ReasonEnvironment},
		{"no environment", func(_, app object) { delete(app, "environment") }, auth.ReasonEnvironment},
		{"no API host", func(_, app object) { delete(app, "apiBaseUrl") }, auth.ReasonAPIBase},
		{"time out of range", func(c, _ object) { c["exp"] = 1e300 }, auth.ReasonMalformed},
		{"issue id that is a path", func(c, _ object) {
			c["context"] = object{"extension": object{"issue": object{"id": "../10001"}}}
		}, auth.ReasonMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := auth.Request{Method: "POST", Target: "/forge/view", Authorization: "Bearer " + fit(t, tt.edit)}
			production := func(c *auth.Config) { c.Forge.Environments = []string{"PRODUCTION"} }
			p, err := verifier(t, site(tenant.Active), production).Forge(context.Background(), r)
			if got := reason(t, err); got != tt.want {
				t.Fatalf("reason %q, want %q", got, tt.want)
			}
			if tt.want != "" {
				return
			}
			want := auth.Principal{
				Tenant: "t1", ClientKey: clientKey, Account: account, Via: auth.ViaForge, IssueID: "10001", ProjectID: "10000", IssuedAt: now,
				Installation: install, APIBaseURL: "https://api.atlassian.com/ex/jira/22222222-2222-4222-8222-222222222222",
				Module: auth.ForgeModule{Type: "jira:issuePanel", Key: "panel"},
			}
			if diff := cmp.Diff(want, p); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The sandbox's API is on this machine; a site of Atlassian's never is.
func TestForgeAPIOnThisMachineIsForDevelopment(t *testing.T) {
	development := func(c *auth.Config) { c.Forge.Loopback = true }
	for address, want := range map[string]auth.Reason{
		"http://127.0.0.1:8090/ex/jira/x": "", "http://localhost:8090/ex/jira/x": "", "http://192.0.2.1/ex/jira/x": auth.ReasonAPIBase,
		"http://127.0.0.1.evil.example/ex/jira/x": auth.ReasonAPIBase, "http://127.0.0.1:8090/elsewhere": auth.ReasonAPIBase,
	} {
		r := auth.Request{Method: "POST", Target: "/", Authorization: "Bearer " + fit(t, func(_, app map[string]any) { app["apiBaseUrl"] = address })}
		if _, err := verifier(t, site(tenant.Active), development).Forge(context.Background(), r); reason(t, err) != want {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

// On the customer portal Jira names a request by its key, and says nothing of the issue.
func TestInvocationFromThePortalNamesTheRequest(t *testing.T) {
	type object = map[string]any
	r := auth.Request{Method: "POST", Target: "/", Authorization: "Bearer " + fit(t, func(c, app object) {
		app["module"] = object{"type": auth.PortalModule, "key": "portal"}
		c["context"] = object{"extension": object{"type": auth.PortalModule, "portal": object{"id": 1}, "request": object{"key": "HELP-1", "typeId": 7}}}
	})}
	got, err := verifier(t, site(tenant.Active)).Forge(context.Background(), r)
	if err != nil || got.RequestKey != "HELP-1" || got.IssueID != "" || got.Module.Type != auth.PortalModule {
		t.Errorf("%+v %v", got, err)
	}
}

func TestInvocationTellsWhatTheTokenSays(t *testing.T) {
	r := auth.Request{Method: "POST", Target: "/", Authorization: "Bearer " + fit(t, nil), ForgeSystem: "system"}
	got, err := verifier(t, nil).Invocation(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Invocation{
		Installation: install, CloudID: "22222222", SiteURL: "https://acme.atlassian.net", APIBaseURL: "https://api.atlassian.com/ex/jira/22222222-2222-4222-8222-222222222222",
		Environment: "ari:cloud:ecosystem::environment/1/2", Module: auth.ForgeModule{Type: "jira:issuePanel", Key: "panel"}, Account: account,
		IssueID: "10001", ProjectID: "10000", IssuedAt: now, SystemToken: "system",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestForgeIsRefusedWithoutAnApp(t *testing.T) {
	v := verifier(t, site(tenant.Active), func(c *auth.Config) { c.Forge = nil })
	_, err := v.Forge(context.Background(), auth.Request{Method: "POST", Target: "/", Authorization: "Bearer " + fit(t, nil)})
	if got := reason(t, err); got != auth.ReasonSetup {
		t.Errorf("reason %q", got)
	}
}

func TestHeaderThatMustBeUnderstoodIsRefused(t *testing.T) {
	raw := sign(t, map[string]any{"alg": "RS256", "kid": "forge/key", "crit": []string{"b64"}, "b64": true}, map[string]any{"exp": now.Unix() + 60})
	_, err := verifier(t, site(tenant.Active)).Forge(context.Background(), auth.Request{Method: "POST", Target: "/", Authorization: "Bearer " + raw})
	if got := reason(t, err); got != auth.ReasonMalformed {
		t.Errorf("reason %q", got)
	}
}
