package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// installedApp is a site with the fake app on it.
func installedApp(t testing.TB, change ...func(object)) (*testSite, *fakeApp) {
	t.Helper()
	site, app := openSite(t), newApp(t, change...)
	app.keyHost = site.url + "/install-keys"
	site.mustInstall(app)
	return site, app
}

func TestInstallSignsWithTheServedKey(t *testing.T) {
	site, app := installedApp(t)
	if diff := cmp.Diff([]string{"installed RS256", "enabled HS256"}, app.eventNames()); diff != "" {
		t.Fatalf("lifecycle calls (-want +got):\n%s", diff)
	}
	for _, e := range app.lifecycle() {
		if e.problem != nil {
			t.Errorf("%s: %v", e.name, e.problem)
		}
		if e.claims["iss"] != e.body["clientKey"] {
			t.Errorf("%s: iss %v, want the client key %v", e.name, e.claims["iss"], e.body["clientKey"])
		}
	}
	in := app.lifecycle()[0]
	if in.claims["aud"] != app.url {
		t.Errorf("aud %v, want %s", in.claims["aud"], app.url)
	}
	if in.claims["sub"] == "" || in.claims["exp"].(float64)-in.claims["iat"].(float64) != 180 {
		t.Errorf("claims %v: want a subject and a life of three minutes", in.claims)
	}
	delete(in.body, "clientKey")
	delete(in.body, "publicKey")
	delete(in.body, "oauthClientId")
	if secret := in.body["sharedSecret"].(string); len(secret) < 32 {
		t.Errorf("shared secret of %d characters", len(secret))
	}
	delete(in.body, "sharedSecret")
	want := object{
		"key": app.key, "baseUrl": site.url, "displayUrl": site.url, "displayUrlServicedeskHelpCenter": site.url,
		"productType": "jira", "description": "Pergola Sandbox", "eventType": "installed",
	}
	if diff := cmp.Diff(want, in.body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if _, ok := app.lifecycle()[1].body["sharedSecret"]; ok {
		t.Error("enabled carries the shared secret")
	}
}

func TestReinstallKeepsTheClientKeyAndChangesTheSecret(t *testing.T) {
	site, app := installedApp(t)
	client, secret := app.credentials()
	site.call(app, http.MethodPut, "/rest/atlassian-connect/1/addons/example.app/properties/p", `{"a":1}`)
	site.mustInstall(app)
	client2, secret2 := app.credentials()
	if client2 != client || secret2 == secret {
		t.Errorf("client key %q then %q, secret changed: %v", client, client2, secret2 != secret)
	}
	if a := site.call(app, http.MethodGet, "/rest/atlassian-connect/1/addons/example.app/properties/p", ""); a.status != http.StatusOK {
		t.Errorf("the property after a reinstall: status %d", a.status)
	}
}

func TestInstallFailsWhenTheAppRefuses(t *testing.T) {
	site, app := openSite(t), newApp(t)
	app.keyHost, app.refuse = site.url+"/install-keys", http.StatusTeapot
	a := site.install(app)
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "response code 418") {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	if got := site.login("mia").get("/admin/apps"); !strings.Contains(got.body, "No app is installed.") {
		t.Error("the refused app is listed")
	}

	app.refuse = 0
	site.mustInstall(app)
	_, secret := app.credentials()
	app.refuse = http.StatusInternalServerError
	site.install(app)
	app.refuse = 0
	if _, now := app.credentials(); now != secret {
		t.Fatal("the fake app took the secret of a refused install")
	}
	if a := site.call(app, http.MethodGet, "/rest/api/3/myself", ""); a.status != http.StatusOK {
		t.Errorf("a refused reinstall changed the secret: status %d", a.status)
	}
}

func TestDescriptorIsRefused(t *testing.T) {
	set := func(key string, v any) func(object) { return func(d object) { d[key] = v } }
	module := func(kind string, m object) func(object) {
		return func(d object) { d["modules"].(object)[kind] = []object{m} }
	}
	page := func(change object) object {
		m := object{"key": "p", "name": object{"value": "P"}, "url": "/p"}
		for k, v := range change {
			m[k] = v
		}
		return m
	}
	tests := []struct {
		name   string
		change func(object)
		want   string
	}{
		{"no key", set("key", ""), "key"},
		{"key with a slash", set("key", "a/b"), "key"},
		{"base URL without host", set("baseUrl", "/app"), "baseUrl"},
		{"base URL of another scheme", set("baseUrl", "ftp://example.com"), "baseUrl"},
		{"no authentication", set("authentication", object{}), "authentication.type"},
		{"no installed hook", set("lifecycle", object{}), "lifecycle.installed"},
		{"hook elsewhere", set("lifecycle", object{"installed": "http://evil.example/"}), "lifecycle.installed"},
		{"unknown scope", set("scopes", []string{"READ", "ROOT"}), "ROOT"},
		{"unknown module type", set("modules", object{"jiraTeapots": []object{}}), "jiraTeapots"},
		{"modules of the wrong form", set("modules", []int{1}), "right form"},
		{"page elsewhere", module("generalPages", page(object{"url": "https://evil.example/x"})), "url"},
		{"page without URL", module("generalPages", page(object{"url": ""})), "url is missing"},
		{"page without name", module("generalPages", page(object{"name": object{}})), "name.value"},
		{"key used twice", module("dialogs", page(object{"key": "page"})), "used twice"},
		{"unknown condition", module("generalPages", page(object{"conditions": []object{{"condition": "moon_is_full"}}})), "moon_is_full"},
		{"condition without its parameter", module("generalPages", page(object{"conditions": []object{{"condition": "addon_property_exists"}}})), "propertyKey"},
	}
	site := openSite(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app := newApp(t, tt.change)
			a := site.install(app)
			if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, tt.want) {
				t.Errorf("status %d, want 422 with %q: %s", a.status, tt.want, a.body)
			}
			if n := len(app.lifecycle()); n > 0 {
				t.Errorf("%d lifecycle calls for a refused descriptor", n)
			}
		})
	}
}

func TestDescriptorCannotBeFetched(t *testing.T) {
	site, app := openSite(t), newApp(t)
	tests := []struct{ name, address, want string }{
		{"no address", "nonsense", "not the http or https address"},
		{"a file", "file:///etc/passwd", "not the http or https address"},
		{"not found", app.url + "/nope.json", "response code 404"},
		{"nobody there", "http://127.0.0.1:1/x.json", "could not be fetched"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := site.login("mia").post("/admin/apps", url.Values{"descriptor": {tt.address}})
			if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, tt.want) {
				t.Errorf("status %d, want 422 with %q", a.status, tt.want)
			}
		})
	}
}

func TestOnlyAdminsChangeApps(t *testing.T) {
	site, app := installedApp(t)
	for _, name := range []string{"jonas", "ada"} {
		p := site.login(name)
		for what, a := range map[string]answer{
			"open the admin area":  p.get("/admin/apps"),
			"install":              p.post("/admin/apps", url.Values{"descriptor": {app.url + "/atlassian-connect.json"}}),
			"uninstall":            p.post("/admin/apps/example.app/uninstall", nil),
			"install by the API":   p.do(http.MethodPost, "/sandbox/apps", `{"descriptor":"`+app.url+`/atlassian-connect.json"}`),
			"uninstall by the API": p.do(http.MethodDelete, "/sandbox/apps/example.app", ""),
		} {
			if a.status != http.StatusForbidden {
				t.Errorf("%s: %s: status %d, want 403", name, what, a.status)
			}
		}
	}
	if n := len(app.lifecycle()); n != 2 {
		t.Errorf("%d lifecycle calls, want the 2 of the installation", n)
	}
}

func TestDisableAndUninstall(t *testing.T) {
	site, app := installedApp(t)
	mia := site.login("mia")
	page := "/plugins/servlet/ac/example.app/page"
	if a := mia.get(page); a.status != http.StatusOK {
		t.Fatalf("page of the enabled app: status %d", a.status)
	}
	mia.post("/admin/apps/example.app/disable", nil)
	if a := mia.get(page); a.status != http.StatusNotFound || !strings.Contains(a.body, "is disabled") {
		t.Errorf("page of the disabled app: status %d", a.status)
	}
	if a := site.call(app, http.MethodGet, "/rest/api/3/myself", ""); a.status != http.StatusUnauthorized {
		t.Errorf("REST call of the disabled app: status %d", a.status)
	}
	mia.post("/admin/apps/example.app/enable", nil)
	if a := mia.do(http.MethodDelete, "/sandbox/apps/example.app", ""); a.status != http.StatusNoContent {
		t.Fatalf("uninstall: status %d: %s", a.status, a.body)
	}
	want := []string{"installed RS256", "enabled HS256", "disabled HS256", "enabled HS256", "disabled HS256", "uninstalled RS256"}
	if diff := cmp.Diff(want, app.eventNames()); diff != "" {
		t.Errorf("lifecycle calls (-want +got):\n%s", diff)
	}
	for _, e := range app.lifecycle() {
		if e.problem != nil {
			t.Errorf("%s: %v", e.name, e.problem)
		}
	}
	if a := mia.get(page); a.status != http.StatusNotFound || !strings.Contains(a.body, "installed here") {
		t.Errorf("page of the uninstalled app: status %d", a.status)
	}
	if a := mia.do(http.MethodDelete, "/sandbox/apps/example.app", ""); a.status != http.StatusUnprocessableEntity {
		t.Errorf("second uninstall: status %d", a.status)
	}
	client, _ := app.credentials()
	site.mustInstall(app)
	if again, _ := app.credentials(); again != client {
		t.Errorf("client key %q after a new installation, want %q", again, client)
	}
}

func TestInstallKeyIsServedUnderItsIDOnly(t *testing.T) {
	site := openSite(t)
	if a := get(t, site.url+"/install-keys/unknown"); a.status != http.StatusNotFound {
		t.Errorf("status %d, want 404", a.status)
	}
}
