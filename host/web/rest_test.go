package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
	"github.com/pergola-platform/pergola/host/web"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/rest"
)

// active is what the site says of accounts.
func (h *host) active(_ context.Context, _ capability.TenantID, account string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.dead[account], nil
}

// then is the clock of tokens.
func (h *host) then() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(-h.ago)
}

func (h *host) programs() []rest.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.sent)
}

// route keeps what it is asked, and answers with a status and a note.
func (h *host) route(status int) sdk.Route {
	return rest.Handler(func(_ context.Context, r *rest.Request) (int, msgp.Marshaler, error) {
		h.mu.Lock()
		h.sent = append(h.sent, *r)
		h.mu.Unlock()
		switch {
		case status == 204:
			return status, nil, nil
		case r.Params["note"] == "refused":
			return 0, nil, &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromPlugin, Field: "note", Message: "jira is busy", RetryAfter: 7}
		case r.Params["note"] == "broken":
			return 299, nil, nil
		}
		raw, err := msgp.AppendIntf(nil, map[string]any{"text": "for " + r.Context.Account})
		return status, msgp.Raw(raw), err
	})
}

// program is an API token of the admin for some scopes.
func (h *host) program(scopes ...manifest.Scope) string {
	h.t.Helper()
	return h.tokenOf(h.tenant, admin, time.Hour, scopes...)
}

func (h *host) tokenOf(t tenant.Tenant, account string, life time.Duration, scopes ...manifest.Scope) string {
	h.t.Helper()
	w := token.Wish{Name: "Import", Life: life}
	for _, s := range scopes {
		w.Scopes = append(w.Scopes, s.Name)
	}
	_, text, err := h.tokens.Make(h.t.Context(), t, account, w)
	check(h.t, err)
	return text
}

func scopes(names ...string) (out []manifest.Scope) {
	for _, name := range names {
		out = append(out, manifest.Scope{Name: name})
	}
	return out
}

// problemOf checks that an answer is a problem and returns it.
func problemOf(t *testing.T, what string, a answer) map[string]any {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d %s is no problem: %s", what, a.status, a.header.Get("Content-Type"), a.body)
		return nil
	}
	if p["status"] != float64(a.status) || p["type"] != "about:blank" || p["title"] != http.StatusText(a.status) || p["detail"] == "" || p["code"] == "" || p["requestId"] == "" {
		t.Errorf("%s: an incomplete problem: %v", what, p)
	}
	return p
}

// programDoors are routes for programs, each with the scope that opens it.
var programDoors = []struct {
	method, target, scope, body string
	want                        int
}{
	{"GET", "/api/v1/token", "", "", 200},
	{"GET", "/api/v1/acme.notes/notes/7", manifest.LinksRead, "", 200},
	{"POST", "/api/v1/acme.notes/notes", manifest.LinksWrite, `{"text":"hello"}`, 201},
	{"DELETE", "/api/v1/acme.notes/notes/7", manifest.LinksWrite, "", 204},
	{"GET", "/api/v1/configs/acme.notes/none", manifest.ConfigRead, "", 404},
	{"POST", "/api/v1/acme.notes/sheets", manifest.LabelsPrint, `{"text":"hello"}`, 200},
	{"POST", "/api/v1/configs/acme.notes/none", manifest.ConfigWrite, `{"values":{}}`, 404},
}

func TestOnlyTheirTokensOpenRoutesOfPrograms(t *testing.T) {
	h := start(t)
	other, err := h.tenants.Install(t.Context(), tenant.Installation{ClientKey: "site-two", SharedSecret: seal.NewSecret(secret), BaseURL: "https://two.example"})
	check(t, err)
	_, err = h.tenants.Uninstall(t.Context(), other.ID)
	check(t, err)
	disabled, err := h.tenants.Install(t.Context(), tenant.Installation{ClientKey: "site-three", SharedSecret: seal.NewSecret(secret), BaseURL: "https://three.example"})
	check(t, err)
	_, err = h.tenants.SetState(t.Context(), disabled.ID, tenant.Disabled)
	check(t, err)
	all := manifest.Scopes()
	good := h.program(all...)
	revoked := h.program(all...)
	kept, err := h.tokens.List(t.Context(), h.tenant.ID)
	check(t, err)
	for _, k := range kept {
		if strings.Contains(revoked, k.ID) {
			check(t, h.tokens.Revoke(t.Context(), h.tenant.ID, k.ID))
		}
	}
	h.ago = 2 * time.Hour
	expired := h.program(all...)
	h.ago = 0
	h.dead = map[string]bool{"557058:closed": true}
	dead := h.tokenOf(h.tenant, "557058:closed", time.Hour, all...)
	gone, off := h.tokenOf(other, admin, time.Hour, all...), h.tokenOf(disabled, admin, time.Hour, all...)
	forge, err := auth.SignRS256(h.claims(admin), "kid", h.key)
	check(t, err)
	raw := func(header string) string { return strings.TrimPrefix(header, "JWT ") }
	ofOperator := h.operator("ci")
	before := h.state()
	for _, d := range programDoors {
		for name, a := range map[string]struct {
			target, header string
			want           int
			challenge      string
		}{
			"no token":                   {d.target, "", 401, `Bearer realm="Pergola"`},
			"an install's":               {d.target, h.install(d.method, d.target), 401, `error="invalid_token"`},
			"bound to the address":       {d.target, h.bound(d.method, d.target, admin), 401, `error="invalid_token"`},
			"bound, as Bearer":           {d.target, "Bearer " + raw(h.bound(d.method, d.target, admin)), 401, `error="invalid_token"`},
			"a page's own calls'":        {d.target, h.contextToken(admin, here), 401, `error="invalid_token"`},
			"own calls', as Bearer":      {d.target, "Bearer " + raw(h.contextToken(admin, here)), 401, `error="invalid_token"`},
			"an operator's":              {d.target, "Bearer " + ofOperator, 401, `error="invalid_token"`},
			"Forge's":                    {d.target, "Bearer " + forge, 401, `error="invalid_token"`},
			"in the address":             {d.target + "?jwt=" + good, "", 401, `Bearer realm`},
			"in both places":             {d.target + "?jwt=" + good, "Bearer " + good, 401, `error="invalid_token"`},
			"with another scheme":        {d.target, "Basic " + good, 401, `error="invalid_token"`},
			"cut":                        {d.target, "Bearer " + good[:len(good)-1], 401, `error="invalid_token"`},
			"revoked":                    {d.target, "Bearer " + revoked, 401, `error="invalid_token"`},
			"expired":                    {d.target, "Bearer " + expired, 401, `error="invalid_token"`},
			"of an account that is gone": {d.target, "Bearer " + dead, 401, `error="invalid_token"`},
			"of a site that left":        {d.target, "Bearer " + gone, 401, `error="invalid_token"`},
			"of a site where it is off":  {d.target, "Bearer " + off, 403, ""},
		} {
			got := h.do(d.method, a.target, a.header, d.body)
			problemOf(t, name, got)
			if got.status != a.want || !strings.Contains(got.header.Get("WWW-Authenticate"), a.challenge) {
				t.Errorf("%s %s with a token that is %s: %d, %q; want %d, %q", d.method, d.target, name, got.status, got.header.Get("WWW-Authenticate"), a.want, a.challenge)
			}
		}
	}
	if diff := cmp.Diff(before, h.state()); diff != "" {
		t.Errorf("refused requests have changed something (-before +after):\n%s", diff)
	}
	for _, d := range programDoors {
		if d.scope == "" {
			continue
		}
		less := h.program(slices.DeleteFunc(manifest.Scopes(), func(s manifest.Scope) bool { return s.Name == d.scope })...)
		sent := len(h.programs())
		got := h.do(d.method, d.target, "Bearer "+less, d.body)
		problemOf(t, "without the scope", got)
		if want := `error="insufficient_scope", scope="` + d.scope + `"`; got.status != 403 || !strings.HasSuffix(got.header.Get("WWW-Authenticate"), want) || len(h.programs()) != sent {
			t.Errorf("%s %s without its scope: %d, %q", d.method, d.target, got.status, got.header.Get("WWW-Authenticate"))
		}
		// And it opens with nothing but its own.
		if got := h.do(d.method, d.target, "Bearer "+h.program(scopes(d.scope)...), d.body); got.status != d.want {
			t.Errorf("%s %s with its scope: %d: %s", d.method, d.target, got.status, got.body)
		}
	}
	if got := h.do("GET", "/api/v1/token", "Bearer "+good, ""); got.status != 200 {
		t.Errorf("the token that was good: %d: %s", got.status, got.body)
	}
	if text := h.log.text(); strings.Contains(text, "pergola_") || strings.Contains(text, good[20:50]) {
		t.Error("the log holds a token")
	}
}

func TestProgramsActAsTheirAccount(t *testing.T) {
	h := start(t)
	bearer := "Bearer " + h.tokenOf(h.tenant, user, time.Hour, scopes(manifest.LinksRead, manifest.LinksWrite, manifest.ConfigRead)...)
	got := h.do("GET", "/api/v1/acme.notes/notes/a%2Fb%20c", bearer, "")
	if got.status != 200 || got.body != `{"text":"for `+user+`"}` || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s %s", got.status, got.header.Get("Content-Type"), got.body)
	}
	want := rest.Request{Name: "note", Params: map[string]string{"note": "a/b c", "limit": "5"}, Context: sdk.Context{Account: user, SiteURL: h.site.URL}}
	sent := h.programs()
	sent[0].Context.LinkURL = ""
	if diff := cmp.Diff([]rest.Request{want}, sent, cmpEmpty); diff != "" {
		t.Errorf("what the plugin was asked (-want +got):\n%s", diff)
	}
	if got := h.do("HEAD", "/api/v1/acme.notes/notes/7", bearer, ""); got.status != 200 || got.body != "" {
		t.Errorf("the head alone: %d: %s", got.status, got.body)
	}
	if got := h.do("DELETE", "/api/v1/acme.notes/notes/7", bearer, ""); got.status != 204 || got.body != "" {
		t.Errorf("%d: %q", got.status, got.body)
	}
	if got := h.do("POST", "/api/v1/acme.notes/notes", bearer, `{"text":"hello"}`); got.status != 201 {
		t.Errorf("%d: %s", got.status, got.body)
	}
	sheet := h.do("POST", "/api/v1/acme.notes/sheets", "Bearer "+h.program(scopes(manifest.LabelsPrint)...), `{"text":"hello"}`)
	if sheet.status != 200 || sheet.body != "%PDF-\x00\xff" || sheet.header.Get("Content-Type") != "application/pdf" || sheet.header.Get("Content-Disposition") != "attachment" {
		t.Errorf("a file: %d %v %q", sheet.status, sheet.header, sheet.body)
	}
	// Whoever is no admin of Jira reads no configuration, whatever the token is for.
	if got := h.do("GET", "/api/v1/configs/acme.notes/none", bearer, ""); got.status != 403 || !strings.Contains(got.body, "Only Jira admins") {
		t.Errorf("configuration for a user: %d: %s", got.status, got.body)
	}
	for _, name := range []string{"Set-Cookie", "Access-Control-Allow-Origin"} {
		if v := got.header.Get(name); v != "" {
			t.Errorf("%s: %s", name, v)
		}
	}
	check(t, h.putEnabled(false))
	if got := h.do("GET", "/api/v1/acme.notes/notes/7", bearer, ""); got.status != 403 || !strings.Contains(got.body, "switched off") {
		t.Errorf("a plugin that is switched off: %d: %s", got.status, got.body)
	}
}

func (h *host) putEnabled(on bool) error {
	m, err := h.modules.Get(h.t.Context(), h.tenant.ID, plugin)
	if err != nil {
		return err
	}
	m.Plugin, m.Enabled = plugin, on
	_, err = h.modules.Put(h.t.Context(), h.tenant.ID, m)
	return err
}

func TestProgramsReadWhatIsWrong(t *testing.T) {
	h := start(t)
	bearer := "Bearer " + h.program(manifest.Scopes()...)
	for _, tt := range []struct {
		method, target, body string
		status               int
		code, field, faults  string
	}{
		{"GET", "/api/v1/acme.notes/notes/7?limit=many", "", 400, "invalid", "limit", "limit"},
		{"POST", "/api/v1/acme.notes/notes", `{"text":1,"more":2}`, 400, "invalid", "", "2"},
		{"POST", "/api/v1/acme.notes/notes", `{"text":`, 400, "invalid", "", ""},
		{"POST", "/api/v1/acme.notes/notes", strings.Repeat(" ", maxBody+1), 413, "invalid", "", ""},
		{"PUT", "/api/v1/acme.notes/notes/7", `{}`, 405, "unimplemented", "", ""},
		{"GET", "/api/v1/acme.notes/nothing", "", 404, "not_found", "", ""},
		{"GET", "/api/v1/acme.nobody/notes/7", "", 404, "not_found", "", ""},
		{"GET", "/api/v1/nothing", "", 404, "not_found", "", ""},
		{"GET", "/api/v1/", "", 404, "not_found", "", ""},
		{"GET", "/api/v1/configs/acme.notes/none", "", 404, "not_found", "", ""},
		{"GET", "/api/v1/acme.notes/notes/refused", "", 429, "exhausted", "note", ""},
		{"GET", "/api/v1/acme.notes/notes/broken", "", 500, "internal", "", ""},
	} {
		got := h.do(tt.method, tt.target, bearer, tt.body)
		p := problemOf(t, tt.target, got)
		faults, _ := p["errors"].([]any)
		field, _ := p["field"].(string)
		if got.status != tt.status || p["code"] != tt.code || tt.field != "" && field != tt.field || tt.faults != "" && len(faults) == 0 {
			t.Errorf("%s %s: %d %v", tt.method, tt.target, got.status, p)
		}
		switch {
		case tt.status == 405 && got.header.Get("Allow") != "DELETE, GET":
			t.Errorf("405 allows %q", got.header.Get("Allow"))
		case tt.status == 429 && got.header.Get("Retry-After") != "7":
			t.Errorf("429 says to wait %q", got.header.Get("Retry-After"))
		}
	}
}

func TestProgramsThatAskTooOftenWait(t *testing.T) {
	at := time.Now()
	h := start(t, func(c *web.Config) { c.Now = func() time.Time { return at } }) // a clock that stands
	bearer := "Bearer " + h.program(scopes(manifest.LinksRead)...)
	for i := range api.OfToken.Burst {
		got := h.do("GET", "/api/v1/token", bearer, "")
		if got.status != 200 || got.header.Get("RateLimit-Limit") != fmt.Sprint(api.OfToken.Burst) || got.header.Get("RateLimit-Remaining") != fmt.Sprint(api.OfToken.Burst-1-i) || got.header.Get("RateLimit-Reset") == "" {
			t.Fatalf("request %d: %d %v", i, got.status, got.header)
		}
	}
	sent := len(h.programs())
	got := h.do("GET", "/api/v1/acme.notes/notes/7", bearer, "")
	problemOf(t, "too often", got)
	if got.status != 429 || got.header.Get("Retry-After") != "1" || len(h.programs()) != sent {
		t.Errorf("%d, to wait %q", got.status, got.header.Get("Retry-After"))
	}
	if other := h.do("GET", "/api/v1/token", "Bearer "+h.program(scopes(manifest.LinksRead)...), ""); other.status != 200 {
		t.Errorf("another token waits too: %d", other.status)
	}
}

func TestAnybodyReadsTheOpenAPIDocument(t *testing.T) {
	h := start(t)
	got := h.do("GET", "/api/v1/openapi.json", "", "")
	var doc struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil || got.status != 200 || doc.OpenAPI != "3.1.0" {
		t.Fatalf("%d: %v", got.status, err)
	}
	for _, d := range programDoors {
		_, path, _ := strings.Cut(d.target, "/api/v1/")
		path = "/api/v1/" + strings.NewReplacer("notes/7", "notes/{note}", "acme.notes/none", "{plugin}/{type}").Replace(path)
		if doc.Paths[path][strings.ToLower(d.method)] == nil {
			t.Errorf("%s %s is not in the document", d.method, path)
		}
	}
	if strings.Contains(got.body, h.site.URL) || !bytes.Contains([]byte(got.body), []byte("acme.notes.Note")) {
		t.Error("the document speaks of a site, or not of the plugin")
	}
}

func TestAdminsMakeAndRevokeTokensOnThePage(t *testing.T) {
	h := start(t)
	if got := h.page("/connect/api", user); got.status != 403 {
		t.Errorf("the page for a user: %d", got.status)
	}
	if got := h.page("/connect/api", admin); got.status != 200 || !strings.Contains(got.body, "No program has a token") || !strings.Contains(got.body, h.url+"/api/v1/openapi.json") {
		t.Errorf("the page: %d: %s", got.status, got.body)
	}
	form := `{"form":{"name":["Nightly <import>"],"links-read":["true"],"sync-run":["true"],"expires":["30"]}}`
	if got := h.call("/api/tokens/action/make", user, "", form); got.status != 403 {
		t.Errorf("a user makes one: %d", got.status)
	}
	if got := h.call("/api/tokens/action/make", admin, "", `{"form":{"name":["Import"],"expires":["30"]}}`); got.status != 200 || !strings.Contains(got.body, "Choose at least one thing") || !strings.Contains(got.body, `value="Import"`) {
		t.Errorf("for nothing: %d: %s", got.status, got.body)
	}
	got := h.call("/api/tokens/action/make", admin, "", form)
	at := strings.Index(got.body, token.Prefix)
	if got.status != 200 || at < 0 || !strings.Contains(got.body, "Nightly &lt;import&gt;") {
		t.Fatalf("%d: %s", got.status, got.body)
	}
	text := got.body[at : at+len(token.Prefix)+63]
	if got := h.page("/connect/api", admin); strings.Contains(got.body, text) || !strings.Contains(got.body, "links:read, sync:run") {
		t.Error("the page shows the token again, or not that it is there")
	}
	whose := h.do("GET", "/api/v1/token", "Bearer "+text, "")
	if !strings.Contains(whose.body, `"accountId":"`+admin+`"`) {
		t.Errorf("%d: %s", whose.status, whose.body)
	}
	all, err := h.tokens.List(t.Context(), h.tenant.ID)
	check(t, err)
	revoke := `{"params":{"token":"` + all[0].ID + `"}}`
	if got := h.call("/api/tokens/action/revoke", user, "", revoke); got.status != 403 {
		t.Errorf("a user revokes it: %d", got.status)
	}
	if got := h.call("/api/tokens/action/revoke", admin, "", revoke); got.status != 200 || !strings.Contains(got.body, "No program has a token") {
		t.Errorf("%d: %s", got.status, got.body)
	}
	if got := h.do("GET", "/api/v1/token", "Bearer "+text, ""); got.status != 401 {
		t.Errorf("a revoked one: %d", got.status)
	}
	if got := h.call("/api/tokens/action/revoke", admin, "", `{"params":{"token":"`+strings.Repeat("x", 300)+`"}}`); got.status != 404 {
		t.Errorf("an id that is none: %d", got.status)
	}
}
