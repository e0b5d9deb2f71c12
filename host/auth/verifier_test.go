package auth_test

import (
	"context"
	"crypto/rsa"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Every kind of token on every kind of route: only the diagonal opens. A token that is bound to an address is bound to
// the very address of the route on which it is shown wherever that can be, so that the kind alone decides.
func TestNoTokenOpensAnotherKindOfRoute(t *testing.T) {
	const (
		lifecycle = "/connect/installed"
		event     = "/connect/enabled"
		webhook   = "/connect/webhook/issue-created"
		page      = "/connect/module/p/m?issue=10001"
		api       = "/api/plugin/p/m/view/v"
		remote    = "/forge/view"
	)
	type route struct {
		via            auth.Via
		method, target string
		verify         func(*auth.Verifier, auth.Request) (auth.Principal, error)
	}
	ctx := context.Background()
	routes := []route{
		{auth.ViaLifecycle, "POST", lifecycle, func(v *auth.Verifier, r auth.Request) (auth.Principal, error) { return v.Lifecycle(ctx, r, clientKey) }},
		{auth.ViaEvent, "POST", event, func(v *auth.Verifier, r auth.Request) (auth.Principal, error) { return v.Event(ctx, r) }},
		{auth.ViaWebhook, "POST", webhook, func(v *auth.Verifier, r auth.Request) (auth.Principal, error) { return v.Webhook(ctx, r) }},
		{auth.ViaPage, "GET", page, func(v *auth.Verifier, r auth.Request) (auth.Principal, error) { return v.Page(ctx, r) }},
		{auth.ViaAPI, "POST", api, func(v *auth.Verifier, r auth.Request) (auth.Principal, error) { return v.API(ctx, r) }},
		{auth.ViaForge, "POST", remote, func(v *auth.Verifier, r auth.Request) (auth.Principal, error) { return v.Forge(ctx, r) }},
	}
	tokens := []struct {
		name  string
		opens auth.Via // "" for none
		make  func(r route) string
	}{
		{"install token of this address", auth.ViaLifecycle, func(r route) string {
			return rs256(t, claims(r.method, r.target, forUs), kid, atlassian)
		}},
		{"install token of another address", "", func(route) string {
			return rs256(t, claims("POST", "/connect/uninstalled", forUs), kid, atlassian)
		}},
		{"event token", auth.ViaEvent, func(route) string { return hs256(t, claims("POST", event)) }},
		{"webhook token", auth.ViaWebhook, func(route) string { return hs256(t, claims("POST", webhook)) }},
		{"page token", auth.ViaPage, func(route) string { return hs256(t, claims("GET", page)) }},
		{"page token of another issue", "", func(route) string {
			return hs256(t, claims("GET", strings.Replace(page, "10001", "10002", 1)))
		}},
		{"token bound to the API's own address", "", func(r route) string {
			if r.via != auth.ViaAPI {
				return hs256(t, claims("GET", api))
			}
			return hs256(t, claims(r.method, r.target))
		}},
		{"context token", auth.ViaAPI, func(route) string { return hs256(t, claims("", "", asContext)) }},
		{"context token with an install key", "", func(route) string {
			return rs256(t, claims("", "", asContext, forUs), kid, atlassian)
		}},
		{"Forge token", auth.ViaForge, func(route) string { return fit(t, nil) }},
		{"our own call to Jira", "", func(r route) string {
			return hs256(t, claims(r.method, r.target, func(c *auth.Claims) { c.Issuer, c.Audience = appKey, []string{clientKey} }))
		}},
		{"no token", "", func(route) string { return "" }},
	}
	show := func(r route, scheme, raw string) auth.Request {
		if raw != "" {
			raw = scheme + " " + raw
		}
		return auth.Request{Method: r.method, Target: r.target, Authorization: raw}
	}
	cold := func(t *testing.T, _ string) *auth.Verifier { return verifier(t, site(tenant.Active)) }
	// warm is one that has let the very token in before, on whatever route it opens.
	warm := func(t *testing.T, raw string) *auth.Verifier {
		v, opened := verifier(t, site(tenant.Active)), 0
		for _, r := range routes {
			scheme := map[bool]string{true: "Bearer", false: "JWT"}[r.via == auth.ViaForge]
			if _, err := r.verify(v, show(r, scheme, raw)); err == nil && r.via != auth.ViaLifecycle {
				opened++
			}
		}
		if entries, _ := v.Known(); entries != opened {
			t.Fatalf("%d tokens are known, want %d", entries, opened)
		}
		return v
	}
	for _, r := range routes {
		for _, tok := range tokens {
			for _, scheme := range []string{"JWT", "Bearer", "JWT again", "Bearer again"} {
				t.Run(string(r.via)+"/"+tok.name+"/"+scheme, func(t *testing.T) {
					scheme, again := strings.CutSuffix(scheme, " again")
					raw, made := tok.make(r), cold
					if again {
						made = warm
					}
					p, err := r.verify(made(t, raw), show(r, scheme, raw))
					opens := tok.opens == r.via && (scheme == "Bearer") == (r.via == auth.ViaForge)
					if (err == nil) != opens {
						t.Fatalf("opens = %v, want %v (%v)", err == nil, opens, err)
					}
					if opens && p.Via != r.via {
						t.Errorf("the principal came via %s", p.Via)
					}
					if !opens && cmp.Diff(auth.Principal{}, p) != "" {
						t.Error("a refusal names a principal")
					}
				})
			}
		}
	}
}

func TestClaimsThatAreRefused(t *testing.T) {
	const target = "/connect/module/p/m"
	for _, tt := range []struct {
		name string
		edit func(*auth.Claims)
		want auth.Reason
	}{
		{"as it should be", func(*auth.Claims) {}, ""},
		{"no expiry", func(c *auth.Claims) { c.Expiry = time.Time{} }, auth.ReasonClaim},
		{"expired within the leeway", func(c *auth.Claims) { c.Expiry = now.Add(-59 * time.Second) }, ""},
		{"expired", func(c *auth.Claims) { c.Expiry = now.Add(-61 * time.Second) }, auth.ReasonExpired},
		{"issued ahead within the leeway", func(c *auth.Claims) { c.IssuedAt = now.Add(59 * time.Second) }, ""},
		{"issued ahead", func(c *auth.Claims) { c.IssuedAt = now.Add(61 * time.Second) }, auth.ReasonEarly},
		{"not before within the leeway", func(c *auth.Claims) { c.NotBefore = now.Add(59 * time.Second) }, ""},
		{"not before", func(c *auth.Claims) { c.NotBefore = now.Add(61 * time.Second) }, auth.ReasonEarly},
		{"no hash", func(c *auth.Claims) { c.QSH = "" }, auth.ReasonQSH},
		{"unknown site", func(c *auth.Claims) { c.Issuer = "nobody" }, auth.ReasonTenant},
		{"no issuer", func(c *auth.Claims) { c.Issuer = "" }, auth.ReasonClaim},
		{"signed by another site", func(c *auth.Claims) { c.Issuer = "client-two" }, auth.ReasonSignature},
		{"site without a secret", func(c *auth.Claims) { c.Issuer = "client-without-secret" }, auth.ReasonTenant},
		{"anonymous", func(c *auth.Claims) { c.Subject = "" }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := hs256(t, claims("GET", target, tt.edit))
			_, err := verifier(t, site(tenant.Active)).Page(context.Background(), auth.Request{Method: "GET", Target: target + "?jwt=" + raw})
			if got := reason(t, err); got != tt.want {
				t.Errorf("reason %q, want %q", got, tt.want)
			}
		})
	}
}

func TestInstallsThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		edit       func(*auth.Claims)
		kid        string
		key        *rsa.PrivateKey
		want       auth.Reason
	}{
		{"as it should be", clientKey, forUs, kid, atlassian, ""},
		{"audience with a slash", clientKey, func(c *auth.Claims) { c.Audience = []string{baseURL + "/"} }, kid, atlassian, ""},
		{"one audience of several", clientKey, func(c *auth.Claims) { c.Audience = []string{"https://other.example", baseURL} }, kid, atlassian, ""},
		{"second configured address", clientKey, func(c *auth.Claims) { c.Audience = []string{"https://old.example/app"} }, kid, atlassian, ""},
		{"no audience", clientKey, func(*auth.Claims) {}, kid, atlassian, auth.ReasonAudience},
		{"another audience", clientKey, func(c *auth.Claims) { c.Audience = []string{baseURL + ".evil.example"} }, kid, atlassian, auth.ReasonAudience},
		{"body of another site", "client-two", forUs, kid, atlassian, auth.ReasonClientKey},
		{"body without a site", "", forUs, kid, atlassian, auth.ReasonClientKey},
		{"no time of issue", clientKey, func(c *auth.Claims) { forUs(c); c.IssuedAt = time.Time{} }, kid, atlassian, auth.ReasonClaim},
		{"signed by a stranger", clientKey, forUs, kid, stranger, auth.ReasonSignature},
		{"unknown key", clientKey, forUs, "b2c17ab7", atlassian, auth.ReasonKey},
		{"no kid", clientKey, forUs, "", atlassian, auth.ReasonKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := rs256(t, claims("POST", "/connect/installed", tt.edit), tt.kid, tt.key)
			v := verifier(t, site(tenant.Active), func(c *auth.Config) { c.BaseURLs = append(c.BaseURLs, "https://old.example/app") })
			p, err := v.Lifecycle(context.Background(), auth.Request{Method: "POST", Target: "/connect/installed", Authorization: "JWT " + raw}, tt.body)
			if got := reason(t, err); got != tt.want {
				t.Fatalf("reason %q, want %q", got, tt.want)
			}
			want := auth.Principal{}
			if tt.want == "" {
				want = auth.Principal{ClientKey: clientKey, Account: account, Via: auth.ViaLifecycle, IssuedAt: now}
			}
			if diff := cmp.Diff(want, p); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever the store says: a token that names us as its issuer is one that we made for Jira.
func TestOurOwnTokensOpenNothing(t *testing.T) {
	ctx, ours := context.Background(), func(c *auth.Claims) { c.Issuer = appKey; forUs(c) }
	v := verifier(t, tenants{{ID: "t1", ClientKey: appKey, SharedSecret: seal.NewSecret(secret), State: tenant.Active}})
	_, page := v.Page(ctx, auth.Request{Method: "GET", Target: "/x?jwt=" + hs256(t, claims("GET", "/x", ours))})
	raw := rs256(t, claims("POST", "/x", ours), kid, atlassian)
	_, lifecycle := v.Lifecycle(ctx, auth.Request{Method: "POST", Target: "/x", Authorization: "JWT " + raw}, appKey)
	if reason(t, page) != auth.ReasonIssuer || reason(t, lifecycle) != auth.ReasonIssuer {
		t.Errorf("page: %v, lifecycle: %v", page, lifecycle)
	}
}

func TestTenantStateDecides(t *testing.T) {
	type refusals struct{ Page, API, Webhook, Event, Forge auth.Reason }
	for _, tt := range []struct {
		state tenant.State
		want  refusals
	}{
		{tenant.Active, refusals{}},
		{tenant.Disabled, refusals{
			Page: auth.ReasonDisabled, API: auth.ReasonDisabled, Webhook: auth.ReasonDisabled, Forge: auth.ReasonDisabled,
			Event: "", // or nobody could switch the app on again
		}},
		{tenant.Uninstalled, refusals{
			auth.ReasonUninstalled, auth.ReasonUninstalled, auth.ReasonUninstalled, auth.ReasonUninstalled, auth.ReasonUninstalled,
		}},
		{"a state of the future", refusals{
			auth.ReasonUninstalled, auth.ReasonUninstalled, auth.ReasonUninstalled, auth.ReasonUninstalled, auth.ReasonUninstalled,
		}},
	} {
		t.Run(string(tt.state), func(t *testing.T) {
			ctx, v := context.Background(), verifier(t, site(tt.state))
			bound := auth.Request{Method: "POST", Target: "/x", Authorization: "JWT " + hs256(t, claims("POST", "/x"))}
			free := auth.Request{Method: "POST", Target: "/x", Authorization: "JWT " + hs256(t, claims("", "", asContext))}
			remote := auth.Request{Method: "POST", Target: "/x", Authorization: "Bearer " + fit(t, nil)}
			_, page := v.Page(ctx, bound)
			_, api := v.API(ctx, free)
			_, webhook := v.Webhook(ctx, bound)
			_, event := v.Event(ctx, bound)
			_, invoked := v.Forge(ctx, remote)
			got := refusals{reason(t, page), reason(t, api), reason(t, webhook), reason(t, event), reason(t, invoked)}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTokenStandsInOnePlace(t *testing.T) {
	good := hs256(t, claims("GET", "/x?a=1"))
	free := hs256(t, claims("", "", asContext))
	ctx, v := context.Background(), verifier(t, site(tenant.Active))
	for _, tt := range []struct {
		name   string
		verify func(context.Context, auth.Request) (auth.Principal, error)
		r      auth.Request
		want   auth.Reason
	}{
		{"page, address", v.Page, auth.Request{Target: "/x?a=1&jwt=" + good}, ""},
		{"page, header", v.Page, auth.Request{Target: "/x?a=1", Authorization: "jwt " + good}, ""},
		{"page, both", v.Page, auth.Request{Target: "/x?a=1&jwt=" + good, Authorization: "JWT " + good}, auth.ReasonTwoTokens},
		{"page, twice", v.Page, auth.Request{Target: "/x?a=1&jwt=" + good + "&j%77t=" + good}, auth.ReasonTwoTokens},
		{"page, neither", v.Page, auth.Request{Target: "/x?a=1"}, auth.ReasonMissing},
		{"page, empty", v.Page, auth.Request{Target: "/x?a=1&jwt="}, auth.ReasonMissing},
		{"page, basic authentication", v.Page, auth.Request{Target: "/x?a=1", Authorization: "Basic " + good}, auth.ReasonMissing},
		{"page, far too long", v.Page, auth.Request{Target: "/x?a=1&jwt=" + strings.Repeat("a", 1<<20)}, auth.ReasonMalformed},
		{"webhook, address", v.Webhook, auth.Request{Target: "/x?a=1&jwt=" + good}, auth.ReasonPlace},
		{"api, address", v.API, auth.Request{Target: "/x?jwt=" + free}, auth.ReasonPlace},
		{"api, both", v.API, auth.Request{Target: "/x?jwt=" + free, Authorization: "JWT " + free}, auth.ReasonTwoTokens},
		{"api, header", v.API, auth.Request{Target: "/x", Authorization: "JWT " + free}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.r.Method = "GET"
			_, err := tt.verify(ctx, tt.r)
			if got := reason(t, err); got != tt.want {
				t.Errorf("reason %q, want %q", got, tt.want)
			}
		})
	}
}

func TestContextTokenSaysWhereThePageStands(t *testing.T) {
	raw := hs256(t, claims("", "", asContext, func(c *auth.Claims) {
		c.Context.Jira = auth.Jira{Issue: auth.Ref{ID: "10001", Key: "OPS-1"}, Project: auth.Ref{ID: "10000", Key: "OPS"}}
	}))
	p, err := verifier(t, site(tenant.Active)).API(context.Background(), auth.Request{Method: "POST", Target: "/api/x?issue=999", Authorization: "JWT " + raw})
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Principal{
		Tenant: "t1", ClientKey: clientKey, Account: account, Via: auth.ViaAPI, IssueID: "10001", ProjectID: "10000", IssuedAt: now,
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
}

func TestPageTokenNamesNoIssue(t *testing.T) {
	raw := hs256(t, claims("GET", "/x", func(c *auth.Claims) { c.Context.Jira.Issue.ID = "10001" }))
	p, err := verifier(t, site(tenant.Active)).Page(context.Background(), auth.Request{Method: "GET", Target: "/x?jwt=" + raw})
	if err != nil {
		t.Fatal(err)
	}
	if p.IssueID != "" {
		t.Error("the issue of a page comes from its address")
	}
}

func TestContextPathMayBeLeftOut(t *testing.T) {
	v := verifier(t, site(tenant.Active), func(c *auth.Config) { c.BaseURLs = []string{"https://app.example/pergola"} })
	for _, target := range []string{"/pergola/x", "/x"} {
		raw := hs256(t, claims("GET", "/x"))
		if _, err := v.Page(context.Background(), auth.Request{Method: "GET", Target: target + "?jwt=" + raw}); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestStoreFaultIsNotTheVisitorsFault(t *testing.T) {
	v := verifier(t, nil, func(c *auth.Config) { c.Tenants = broken{} })
	_, err := v.Page(context.Background(), auth.Request{Method: "GET", Target: "/x?jwt=" + hs256(t, claims("GET", "/x"))})
	if reason(t, err) != auth.ReasonStore || sdk.CodeOf(err) != sdk.Unavailable || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v is not an outage of ours", err)
	}
}

type broken struct{}

func (broken) ByClientKey(context.Context, string) (tenant.Tenant, error) {
	return tenant.Tenant{}, store.ErrUnavailable
}

func TestRefusalsHoldNoToken(t *testing.T) {
	ctx, v := context.Background(), verifier(t, site(tenant.Active))
	good := hs256(t, claims("GET", "/x"))
	parts := strings.Split(good, ".")
	for _, raw := range []string{
		good[:len(good)-4] + "AAAA", good + ".x", parts[0] + "." + parts[1] + ".", "!" + good, "a." + parts[1] + "." + parts[2],
		hs256(t, claims("GET", "/other")), rs256(t, claims("GET", "/x"), kid, atlassian),
		hs256(t, claims("GET", "/x", func(c *auth.Claims) { c.Expiry = now.Add(-time.Hour) })),
	} {
		_, err := v.Page(ctx, auth.Request{Method: "GET", Target: "/x?jwt=" + raw})
		if err == nil {
			t.Fatalf("%s passes", raw)
		}
		var public *sdk.Error
		if !errors.As(err, &public) {
			t.Fatalf("%v has nothing to show", err)
		}
		for _, text := range []string{err.Error(), public.Message} {
			for _, secret := range append(parts, clientKey, account, secret) {
				if strings.Contains(text, secret) {
					t.Errorf("%q quotes the token", text)
				}
			}
		}
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	whole := auth.Config{AppKey: appKey, BaseURLs: []string{baseURL}, Keys: keys{}, Tenants: tenants{}}
	if _, err := auth.New(whole); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*auth.Config){
		"no app key":           func(c *auth.Config) { c.AppKey = "" },
		"no base URL":          func(c *auth.Config) { c.BaseURLs = nil },
		"relative base URL":    func(c *auth.Config) { c.BaseURLs = []string{"/app"} },
		"no keys":              func(c *auth.Config) { c.Keys = nil },
		"no tenants":           func(c *auth.Config) { c.Tenants = nil },
		"Forge without app id": func(c *auth.Config) { c.Forge = &auth.ForgeConfig{Keys: keys{}, Installations: tenants{}} },
	} {
		t.Run(name, func(t *testing.T) {
			c := whole
			edit(&c)
			if _, err := auth.New(c); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestEmptySecretSignsNothing(t *testing.T) {
	if _, err := auth.SignHS256(claims("GET", "/"), ""); err == nil {
		t.Error("signed with an empty secret")
	}
}

func FuzzVerifier(f *testing.F) {
	good, err := auth.SignHS256(claims("GET", "/x"), secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("GET", "/x", "JWT "+good)
	f.Add("GET", "/x?jwt="+good, "")
	f.Add("GET", "/x", "JWT eyJhbGciOiJub25lIn0.bnVsbA.")
	f.Add("GET", "/x", "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uIn0.eyJleHAiOjFlMzAwfQ.AA")
	f.Fuzz(func(t *testing.T, method, target, authorization string) {
		ctx, v := context.Background(), verifier(t, site(tenant.Active))
		r := auth.Request{Method: method, Target: target, Authorization: authorization}
		// Nothing passes but the seeds' own good token for its own request.
		own := strings.Contains(target+authorization, good)
		for _, verify := range []func() (auth.Principal, error){
			func() (auth.Principal, error) { return v.Lifecycle(ctx, r, clientKey) },
			func() (auth.Principal, error) { return v.Event(ctx, r) },
			func() (auth.Principal, error) { return v.Webhook(ctx, r) },
			func() (auth.Principal, error) { return v.Page(ctx, r) },
			func() (auth.Principal, error) { return v.API(ctx, r) },
			func() (auth.Principal, error) { return v.Forge(ctx, r) },
		} {
			if _, err := verify(); err == nil && !own {
				t.Error("an invented token passes")
			}
		}
	})
}
