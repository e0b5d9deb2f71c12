package sandbox_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

const forgeAppID = "ari:cloud:ecosystem::app/406d303d-0393-4ec4-ad7c-1435be94583a"

// forgeManifest is that of an app with a bit of everything; REMOTE is filled in.
const forgeManifest = `
app:
  id: ari:cloud:ecosystem::app/406d303d-0393-4ec4-ad7c-1435be94583a
  runtime: {name: nodejs22.x}
remotes:
  - key: backend
    baseUrl: REMOTE
resources:
  - key: main
    path: static/build
modules:
  jira:issuePanel:
    - {key: panel, title: Assets, resource: main, resolver: {endpoint: ui}}
  jira:globalPage:
    - {key: home, title: Asset home, resource: main, resolver: {endpoint: ui}}
  jira:adminPage:
    - {key: setup, title: Asset setup, resource: main, resolver: {endpoint: ui}}
  jira:customField:
    - {key: tag, name: Asset tag, type: string}
  trigger:
    - key: filtered
      endpoint: filtered
      events: [avi:jira:updated:issue]
      filter:
        ignoreSelf: true
        expression: event.issue.fields?.project.key == 'OPS' && ['Laptop', 'Monitor'].includes(event.issue.fields.issuetype.name)
    - key: changes
      endpoint: events
      events: [avi:jira:created:issue, avi:jira:updated:issue, avi:jira:commented:issue, avi:forge:installed:app, avi:forge:upgraded:app]
  scheduledTrigger:
    - {key: hourly, endpoint: hourly, interval: hour}
  preUninstall:
    - {key: bye, endpoint: bye}
  endpoint:
    - {key: ui, remote: backend, auth: {appSystemToken: {enabled: true}, appUserToken: {enabled: true}}}
    - {key: events, remote: backend, route: {path: /forge/events}, auth: {appSystemToken: {enabled: true}}}
    - {key: filtered, remote: backend, route: {path: /forge/filtered}}
    - {key: hourly, remote: backend, route: {path: /forge/hourly}, auth: {appSystemToken: {enabled: true}}}
    - {key: bye, remote: backend, route: {path: /forge/bye}}
permissions:
  scopes: [read:jira-work, write:jira-work, read:jira-user, read:app-system-token, read:app-user-token]
`

// remoteCall is a request that the remote got.
type remoteCall struct {
	method, path string
	header       http.Header
	body         object
}

// claims reads the invocation token without verifying it.
func (c remoteCall) claims(t testing.TB) object {
	t.Helper()
	parts := strings.Split(strings.TrimPrefix(c.header.Get("Authorization"), "Bearer "), ".")
	if len(parts) != 3 {
		t.Fatalf("Authorization is %q", c.header.Get("Authorization"))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// forgeSite is a site with a Forge app whose remote is here.
type forgeSite struct {
	*testSite
	remote string
	key    string

	mu      sync.Mutex
	arrived *sync.Cond
	calls   []remoteCall
	answer  func(c remoteCall, n int) int
	says    string // the body of each answer; "" for one that says little
}

func openForge(t *testing.T, change ...func(*sandbox.Config)) *forgeSite {
	t.Helper()
	f := &forgeSite{key: strings.TrimPrefix(forgeAppID, "ari:cloud:ecosystem::app/"), answer: func(remoteCall, int) int { return http.StatusOK }}
	f.arrived = sync.NewCond(&f.mu)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/build/") {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<!doctype html><html><head><title>Custom UI</title></head><body>"+r.URL.Path+"</body></html>")
			return
		}
		if r.URL.Path == "/manifest.yml" {
			_, _ = io.WriteString(w, strings.ReplaceAll(forgeManifest, "REMOTE", f.remote))
			return
		}
		raw, _ := io.ReadAll(r.Body)
		c := remoteCall{method: r.Method, path: r.URL.Path, header: r.Header.Clone()}
		_ = json.Unmarshal(raw, &c.body) // a GET has none
		f.mu.Lock()
		f.calls = append(f.calls, c)
		status, says := f.answer(c, count(f.calls, c.path)), orElse(f.says, `{"from":"remote"}`)
		f.arrived.Broadcast()
		f.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, says)
	}))
	t.Cleanup(srv.Close)
	f.remote = srv.URL
	f.testSite = openSite(t, append([]func(*sandbox.Config){func(c *sandbox.Config) {
		c.Backoff = func(int) time.Duration { return time.Microsecond }
	}}, change...)...)
	return f
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func (f *forgeSite) source(edit ...string) string {
	return strings.NewReplacer(append(edit, "REMOTE", f.remote)...).Replace(forgeManifest)
}

func (f *forgeSite) installForge(body any) answer {
	f.t.Helper()
	return send(f.t, http.DefaultClient, request(f.t, http.MethodPost, f.url+"/sandbox/forge/apps", compact(f.t, body)))
}

func (f *forgeSite) mustInstallForge(edit ...string) object {
	f.t.Helper()
	a := f.installForge(object{"source": f.source(edit...)})
	if a.status != http.StatusCreated {
		f.t.Fatalf("install: %d %s", a.status, a.body)
	}
	f.Settle()
	return a.json(f.t)
}

// at are the calls of a path, once nothing is on its way.
func (f *forgeSite) at(path string) (out []remoteCall) {
	f.Settle()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if c.path == path {
			out = append(out, c)
		}
	}
	return out
}

// await waits for the nth call of a path: a change is told by another goroutine than the one that answers it.
func (f *forgeSite) await(path string, n int) []remoteCall {
	f.t.Helper()
	f.mu.Lock()
	for count(f.calls, path) < n {
		f.arrived.Wait()
	}
	f.mu.Unlock()
	return f.at(path)
}

func count(calls []remoteCall, path string) (n int) {
	for _, c := range calls {
		if c.path == path {
			n++
		}
	}
	return n
}

func (f *forgeSite) edit(login, issue, summary string) {
	f.t.Helper()
	if a := f.login(login).do(http.MethodPut, "/rest/api/3/issue/"+issue, `{"fields":{"summary":"`+summary+`"}}`); a.status != http.StatusNoContent {
		f.t.Fatalf("edit %s: %d %s", issue, a.status, a.body)
	}
}

// installations knows the one installation.
type installations string

func (i installations) Arrived(_ context.Context, call auth.Invocation) (tenant.Tenant, error) {
	id := call.Installation
	if id != string(i) {
		return tenant.Tenant{}, store.ErrNotFound
	}
	return tenant.Tenant{ID: "t1", InstallationID: id, ClientKey: "c1", SharedSecret: seal.NewSecret("secret-of-tenant-one-0123456789abcdef"), State: tenant.Active}, nil
}

func (i installations) ByClientKey(context.Context, string) (tenant.Tenant, error) {
	return tenant.Tenant{}, store.ErrNotFound
}

func TestInvocationTokenIsWhatTheHostVerifies(t *testing.T) {
	f := openForge(t, func(c *sandbox.Config) { c.BaseURL = "https://api.site.example" })
	installed := f.mustInstallForge()
	call := f.await("/forge/events", 1)[0]
	if call.body["eventType"] != "avi:forge:installed:app" || call.body["app"].(object)["version"] != "1.0.0" {
		t.Errorf("installed: %v", call.body)
	}
	id := installations(installed["installationId"].(string))
	keys := auth.NewJWKS(f.url+"/.well-known/jwks.json", nil, f.clock.Now)
	v, err := auth.New(auth.Config{
		AppKey: "pergola", BaseURLs: []string{f.remote}, Keys: keys, Tenants: id, Clock: f.clock.Now,
		Forge: &auth.ForgeConfig{AppID: forgeAppID, Keys: keys, Installations: id, APIHosts: []string{"api.site.example"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := auth.Request{Method: call.method, Target: call.path, Authorization: call.header.Get("Authorization")}
	p, err := v.Forge(context.Background(), r)
	if err != nil {
		t.Fatalf("the host refuses the token: %v", err)
	}
	if p.Installation != string(id) || p.APIBaseURL != installed["apiBaseUrl"] || p.Account != "" {
		t.Errorf("principal %+v", p)
	}
	c := call.claims(t)
	if c["exp"].(float64)-c["iat"].(float64) != 25 || c["nbf"] != c["iat"] || c["jti"] == "" || c["aud"] != forgeAppID {
		t.Errorf("claims %v", c)
	}
	// The same claims as in the vector of a good token, and no others.
	want := []string{"apiBaseUrl", "appVersion", "environment", "id", "installation", "installationId", "module", "version"}
	if diff := cmp.Diff(want, sortedKeys(c["app"].(object))); diff != "" {
		t.Errorf("app (-vector +got):\n%s", diff)
	}
	for _, name := range []string{"X-B3-Traceid", "X-B3-Spanid", "X-Forge-Oauth-System"} {
		if call.header.Get(name) == "" {
			t.Errorf("there is no header %s", name)
		}
	}
	if call.header.Get("X-Forge-Oauth-User") != "" {
		t.Error("an event carries a user's token")
	}
	f.clock.Advance(2 * time.Minute)
	if _, err := v.Forge(context.Background(), r); err == nil {
		t.Error("the token does not expire")
	}
}

func sortedKeys(o object) []string {
	var out []string
	for _, k := range []string{"apiBaseUrl", "appVersion", "environment", "id", "installation", "installationId", "license", "module", "version"} {
		if _, ok := o[k]; ok {
			out = append(out, k)
		}
	}
	return append(out, make([]string, len(o)-len(out))...)
}

func TestForgeTokensWorkAtTheAPIBaseOnly(t *testing.T) {
	f := openForge(t)
	base := strings.TrimPrefix(f.mustInstallForge()["apiBaseUrl"].(string), f.url)
	token := f.await("/forge/events", 1)[0].header.Get("X-Forge-Oauth-System")
	if a := f.bearer(token, http.MethodGet, base+"/rest/api/3/issue/OPS-1", ""); a.status != http.StatusOK {
		t.Errorf("at the API base: %d %s", a.status, a.body)
	}
	if a := f.bearer(token, http.MethodGet, "/rest/api/3/issue/OPS-1", ""); a.status != http.StatusUnauthorized {
		t.Errorf("at the site's address: %d", a.status)
	}
	if a := f.bearer(token, http.MethodGet, "/ex/jira/another/rest/api/3/issue/OPS-1", ""); a.status != http.StatusNotFound {
		t.Errorf("of another site: %d", a.status)
	}
	if a := f.bearer(token, http.MethodPost, base+"/rest/api/3/field", `{"name":"x","type":"com.atlassian.jira.plugin.system.customfieldtypes:textfield"}`); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "scope does not match") {
		t.Errorf("without the scope: %d %s", a.status, a.body)
	}
	if a := f.bearer(token, http.MethodGet, base+dynamicPath, ""); a.status != http.StatusForbidden {
		t.Errorf("what only Connect apps may: %d", a.status)
	}
	f.clock.Advance(4 * time.Hour)
	if a := f.bearer(token, http.MethodGet, base+"/rest/api/3/issue/OPS-1", ""); a.status != http.StatusUnauthorized {
		t.Errorf("after four hours: %d", a.status)
	}
}

func TestProductEventsReachTheRemoteWithRetries(t *testing.T) {
	f := openForge(t)
	f.mustInstallForge()
	f.answer = func(c remoteCall, n int) int {
		if c.path == "/forge/events" && n < 4 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	f.edit("mia", "OPS-1", "Renamed")
	calls := f.await("/forge/events", 4)[1:] // after that of the installation
	for n, c := range calls {
		if c.body["eventType"] != "avi:jira:updated:issue" || c.body["issue"].(object)["key"] != "OPS-1" || c.body["atlassianId"] != f.account("mia") {
			t.Errorf("event: %v", c.body)
		}
		retry, _ := c.body["retryContext"].(object)
		if n == 0 && retry != nil || n > 0 && (retry["retryCount"] != float64(n) || retry["retryReason"] != "INVALID_REMOTE_INVOCATION_ERROR") {
			t.Errorf("retry %d says %v", n, retry)
		}
	}
	items := calls[0].body["changelog"].(object)["items"].([]any)
	if len(items) != 1 || items[0].(object)["fieldId"] != "summary" {
		t.Errorf("changelog %v", items)
	}
}

func TestFiltersOfTriggers(t *testing.T) {
	f := openForge(t)
	base := strings.TrimPrefix(f.mustInstallForge()["apiBaseUrl"].(string), f.url)
	system := f.await("/forge/events", 1)[0].header.Get("X-Forge-Oauth-System")
	if a := f.bearer(system, http.MethodPut, base+"/rest/api/3/issue/OPS-1", `{"fields":{"summary":"By the app"}}`); a.status != http.StatusNoContent {
		t.Fatalf("edit as the app: %d %s", a.status, a.body)
	}
	f.edit("mia", "HR-1", "In another project")
	f.edit("mia", "OPS-1", "In the project")
	f.await("/forge/events", 4)
	got := f.at("/forge/filtered")
	for _, c := range got {
		if summary := c.body["issue"].(object)["fields"].(object)["summary"]; summary != "In the project" {
			t.Errorf("told of %v", summary)
		}
	}
	kind := f.login("mia").get("/rest/api/3/issue/OPS-1").json(t)["fields"].(object)["issuetype"].(object)["name"]
	if want := map[bool]int{true: 1}[kind == "Laptop" || kind == "Monitor"]; len(got) != want {
		t.Errorf("told %d times, want %d for the type %v", len(got), want, kind)
	}
}

func TestScheduledTriggersRunAtTheirInterval(t *testing.T) {
	f := openForge(t)
	f.mustInstallForge()
	f.Tick()
	for n, step := range []struct {
		after time.Duration
		want  int
	}{{4 * time.Minute, 0}, {time.Minute, 1}, {59 * time.Minute, 1}, {time.Minute, 2}, {3 * time.Hour, 3}, {time.Minute, 3}} {
		f.clock.Advance(step.after)
		f.Tick()
		if got := len(f.at("/forge/hourly")); got != step.want {
			t.Errorf("step %d: %d runs, want %d", n, got, step.want)
		}
	}
	if a := send(t, http.DefaultClient, request(t, http.MethodPost, f.url+"/sandbox/forge/apps/"+f.key+"/triggers/hourly", "")); a.status != http.StatusAccepted {
		t.Errorf("by hand: %d %s", a.status, a.body)
	}
	if c := f.await("/forge/hourly", 4)[3]; c.body["context"].(object)["moduleKey"] != "hourly" || c.header.Get("X-Forge-Oauth-System") == "" {
		t.Errorf("the call: %v", c.body)
	}
}

func TestUpgradeIsToldOfMajorVersionsOnly(t *testing.T) {
	f := openForge(t)
	first := f.mustInstallForge()
	minor := f.mustInstallForge("Asset home", "Home of assets")
	if minor["version"] != "1.1.0" || minor["installationId"] != first["installationId"] {
		t.Errorf("after a small change: %v", minor)
	}
	major := f.mustInstallForge("read:jira-user,", "read:jira-user, manage:jira-project,")
	if major["version"] != "2.0.0" {
		t.Errorf("after a change of scopes: %v", major)
	}
	var events []any
	for _, c := range f.await("/forge/events", 2) {
		events = append(events, c.body["eventType"])
	}
	if diff := cmp.Diff([]any{"avi:forge:installed:app", "avi:forge:upgraded:app"}, events); diff != "" {
		t.Error(diff)
	}
	send(t, http.DefaultClient, request(t, http.MethodDelete, f.url+"/sandbox/forge/apps/"+f.key, ""))
	if len(f.at("/forge/bye")) != 1 {
		t.Error("the app was not told before it was uninstalled")
	}
	if again := f.mustInstallForge(); again["installationId"] == first["installationId"] {
		t.Error("a reinstalled app is the same installation")
	}
}

func TestConnectOnForgeSharesTheInstallation(t *testing.T) {
	f := openForge(t)
	app := newApp(t)
	app.keyHost = f.url + "/install-keys"
	edit := []string{
		"  runtime: {name: nodejs22.x}", "  connect: {key: example.app, remote: connect, authentication: jwt}",
		"remotes:\n", "connectModules:\n  jira:lifecycle:\n    - {key: life, installed: /installed, uninstalled: /uninstalled}\n  jira:generalPages:\n" +
			"    - {key: page, name: {value: Connect page}, url: /page}\nremotes:\n  - {key: connect, baseUrl: '" + app.url + "'}\n",
		"read:jira-user,", "read:jira-user, read:connect-jira,",
	}
	installed := f.mustInstallForge(edit...)
	if diff := cmp.Diff([]string{"installed RS256"}, app.eventNames()); diff != "" {
		t.Fatalf("lifecycle calls (-want +got):\n%s", diff)
	}
	in := app.lifecycle()[0]
	if in.problem != nil || in.body["installationId"] != installed["installationId"] || in.body["clientKey"] != installed["clientKey"] {
		t.Errorf("installed: %v %v", in.problem, in.body)
	}
	if a := f.call(app, http.MethodGet, "/rest/api/3/issue/OPS-1", ""); a.status != http.StatusOK {
		t.Errorf("as a Connect app: %d %s", a.status, a.body)
	}
	if a := f.call(app, http.MethodPut, "/rest/api/3/issue/OPS-1", `{"fields":{"summary":"x"}}`); a.status != http.StatusForbidden {
		t.Errorf("beyond read:connect-jira: %d", a.status)
	}
	if a := f.login("mia").get("/plugins/servlet/ac/example.app/page"); a.status != http.StatusOK {
		t.Errorf("the Connect page: %d", a.status)
	}
	send(t, http.DefaultClient, request(t, http.MethodDelete, f.url+"/sandbox/forge/apps/example.app", ""))
	if diff := cmp.Diff([]string{"installed RS256", "uninstalled RS256"}, app.eventNames()); diff != "" {
		t.Errorf("lifecycle calls (-want +got):\n%s", diff)
	}
}

func TestManifestIsRefused(t *testing.T) {
	f := openForge(t)
	for _, tt := range []struct{ name, from, to, want string }{
		{"no YAML", "app:", "app: [", "not YAML"},
		{"app id", "  id: ari:cloud:ecosystem::app/", "  id: ", "app.id"},
		{"remote that is not there", "{key: bye, remote: backend", "{key: bye, remote: nowhere", `no remote "nowhere"`},
		{"endpoint that is not there", "endpoint: hourly, interval", "endpoint: nowhere, interval", `no endpoint "nowhere"`},
		{"resource that is not there", "title: Assets, resource: main", "title: Assets, resource: other", `no resource "other"`},
		{"interval", "interval: hour", "interval: minute", `interval "minute"`},
		{"scope for events", "read:jira-work, write:jira-work, read:jira-user,", "", "needs a scope"},
		{"expression", "event.issue.fields?.project.key == 'OPS'", "issue.map(i => i)", "filter.expression"},
		{"module type", "  preUninstall:", "  teapot:", `"teapot" is not known`},
		{"variable", "REMOTE", "${SERVER}", "${SERVER}"},
		{"one key twice", "key: setup", "key: home", "used twice"},
		{"type of field", "type: string", "type: colour", `type "colour"`},
		{"function in JQL without an endpoint", "  preUninstall:", "  jira:jqlFunction:\n    - {key: risky, name: risky, arguments: [], types: [issue], operators: [in]}\n  preUninstall:", `"risky": endpoint is missing`},
		{"function in JQL with another operator", "  preUninstall:", "  jira:jqlFunction:\n    - {key: risky, name: risky, endpoint: ui, arguments: [], types: [issue], operators: [not_in]}\n  preUninstall:", `operator "not_in"`},
	} {
		a := f.installForge(object{"source": f.source(tt.from, tt.to)})
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.json(t)["message"].(string), tt.want) {
			t.Errorf("%s: %d %s, want 422 with %q", tt.name, a.status, a.body, tt.want)
		}
	}
	if a := f.installForge(object{}); a.status != http.StatusBadRequest {
		t.Errorf("nothing: %d", a.status)
	}
}

func TestForgeMigrationSettlesWithTheLastMessage(t *testing.T) {
	f := openForge(t)
	base := strings.TrimPrefix(f.mustInstallForge("avi:forge:installed:app,", "avi:forge:installed:app, 'avi:ecosystem.migration:uploaded:app_data', 'avi:ecosystem.migration:settled:transfer',")["apiBaseUrl"].(string), f.url)
	system := f.await("/forge/events", 1)[0].header.Get("X-Forge-Oauth-System")
	a := send(t, http.DefaultClient, request(t, http.MethodPost, f.url+"/sandbox/migrations", `{"app":"`+f.key+`","files":[{"label":"assets","content":"rows"}],"mappings":{"n":{"1":"2"}}}`))
	id := a.json(t)["transferId"].(string)
	told := f.await("/forge/events", 2)[1].body
	if told["eventType"] != "app-data-uploaded" || told["transferId"] != id || told["label"] != "assets" {
		t.Fatalf("told %v", told)
	}
	v1 := base + "/app/migration/forge/v1"
	if a := f.bearer(system, http.MethodGet, v1+"/data/"+told["key"].(string), ""); a.status != http.StatusOK || get(t, a.json(t)["url"].(string)).body != "rows" {
		t.Errorf("data: %d %s", a.status, a.body)
	}
	if a := f.bearer(system, http.MethodPost, v1+"/mapping/"+id+"/find?namespace=n", `["1"]`); a.body != `{"1":"2"}`+"\n" {
		t.Errorf("find: %d %s", a.status, a.body)
	}
	if a := f.bearer(system, http.MethodPost, v1+"/message/"+id+"/status", `{"status":"SUCCESS","messageIds":["`+told["messageId"].(string)+`"]}`); a.status != http.StatusOK {
		t.Errorf("status: %d %s", a.status, a.body)
	}
	if last := f.await("/forge/events", 3)[2].body; last["eventType"] != "transfer-settled" || last["status"] != "SUCCESS" {
		t.Errorf("told %v", last)
	}
}
