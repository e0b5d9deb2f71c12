package sandbox_test

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
)

var frameAttribute = regexp.MustCompile(`data-frame="([^"]*)"`)

// frames are the app frames of a page, as its script gets them.
func frames(t *testing.T, page answer) []object {
	t.Helper()
	var out []object
	for _, m := range frameAttribute.FindAllStringSubmatch(page.body, -1) {
		var f object
		if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &f); err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// checkSigned verifies the token in a frame's address and returns the claims and the other parameters.
func checkSigned(t *testing.T, app *fakeApp, address string) (claims object, query url.Values) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query = u.Query()
	token := query.Get("jwt")
	alg, claims, err := app.verify(token, nil)
	if err != nil || alg != "HS256" {
		t.Fatalf("token of %s: %s, %v", address, alg, err)
	}
	base, _ := url.Parse(app.descriptor["baseUrl"].(string))
	if want := auth.QSH("GET", address, base.Path); claims["qsh"] != want {
		t.Errorf("qsh %v, want %s", claims["qsh"], want)
	}
	if life := claims["exp"].(float64) - claims["iat"].(float64); life != 180 {
		t.Errorf("the token lives %v s, want 180", life)
	}
	query.Del("jwt")
	return claims, query
}

func TestIssuePanelIsSignedForItsIssue(t *testing.T) {
	site, app := installedApp(t)
	all := frames(t, site.login("jonas").get("/browse/OPS-1"))
	if len(all) != 1 {
		t.Fatalf("%d frames, want 1", len(all))
	}
	f := all[0]
	if f["addon_key"] != "example.app" || f["key"] != "panel" || !strings.HasPrefix(f["url"].(string), app.url+"/panel?") {
		t.Fatalf("frame %v", f)
	}
	claims, query := checkSigned(t, app, f["url"].(string))
	client, _ := app.credentials()
	want := object{
		"iss": client, "sub": "712020:8b21d7c4-jonas-user",
		"context": object{"jira": object{"issue": object{"id": "10100", "key": "OPS-1"}, "project": object{"id": "10000", "key": "OPS"}}},
	}
	for _, name := range []string{"iat", "exp", "qsh"} {
		delete(claims, name)
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	wantQuery := url.Values{
		"issue": {"10100"}, "key": {"OPS-1"}, "project": {"10000"}, "xdm_e": {site.url}, "xdm_c": {"channel-example.app__panel"},
		"cp": {""}, "lic": {"active"}, "cv": {"1001.0.0-SANDBOX"},
	}
	if diff := cmp.Diff(wantQuery, query); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	options := f["options"].(object)
	if options["hostOrigin"] != site.url || options["autoresize"] != true || !strings.Contains(options["sandbox"].(string), "allow-scripts") {
		t.Errorf("options %v", options)
	}
}

func TestPageParametersReachTheAppEncoded(t *testing.T) {
	site, app := installedApp(t)
	odd := `a b/c&d=ü+%{x}"<'`
	page := site.login("ada").get("/plugins/servlet/ac/example.app/hidden?ac.code=" + url.QueryEscape(odd) + "&ac.other=1&code=no")
	all := frames(t, page)
	if page.status != http.StatusOK || len(all) != 1 {
		t.Fatalf("status %d with %d frames", page.status, len(all))
	}
	address := all[0]["url"].(string)
	claims, query := checkSigned(t, app, address)
	if got := query.Get("code"); got != odd {
		t.Errorf("code %q, want %q", got, odd)
	}
	if strings.Contains(address, "+") {
		t.Errorf("a space is not %%20 in %s", address)
	}
	if claims["context"] != nil {
		t.Errorf("a page without issue has the context %v", claims["context"])
	}
	if empty := frames(t, site.login("ada").get("/plugins/servlet/ac/example.app/page")); !strings.Contains(empty[0]["url"].(string), "/page?code=&xdm_e=") {
		t.Errorf("a variable without value: %v", empty[0]["url"])
	}
}

func TestFramesBelowAPathOfTheBaseURL(t *testing.T) {
	site := openSite(t)
	app := newApp(t, func(d object) {
		d["baseUrl"] = d["baseUrl"].(string) + "/jira/app"
		d["lifecycle"] = object{}
		d["authentication"] = object{"type": "none"}
	})
	site.mustInstall(app)
	f := frames(t, site.login("mia").get("/plugins/servlet/ac/example.app/page"))[0]
	if address := f["url"].(string); !strings.HasPrefix(address, app.url+"/jira/app/page?") || strings.Contains(address, "jwt=") {
		t.Errorf("address %s: want one below the base URL, without token", address)
	}

	signed := newApp(t, func(d object) { d["baseUrl"] = d["baseUrl"].(string) + "/sub" })
	signed.key, signed.descriptor["key"] = "signed.app", "signed.app"
	signed.descriptor["lifecycle"] = object{"installed": "/installed"}
	a := site.install(signed) // nothing answers below /sub, which is not the point here
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "404") {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
}

func TestConditionsHidePanelsAndPages(t *testing.T) {
	conditions := []object{
		{"condition": "addon_property_equal_to", "params": object{"propertyKey": "module.qr", "objectName": "enabled", "value": "true"}},
		{"or": []object{
			{"condition": "addon_property_equal_to", "params": object{"propertyKey": "module.qr", "objectName": "everywhere", "value": "true"}},
			{"and": []object{
				{"condition": "addon_property_contains_context", "params": object{"propertyKey": "module.qr", "objectName": "projects", "contextParameter": "project.id"}},
				{"condition": "addon_property_contains_context", "params": object{"propertyKey": "module.qr", "objectName": "issueTypes", "contextParameter": "issuetype.id"}},
			}},
		}},
	}
	site, app := installedApp(t, func(d object) {
		m := d["modules"].(object)
		m["jiraIssueContents"].([]object)[0]["conditions"] = conditions
		m["generalPages"].([]object)[0]["conditions"] = conditions[:1]
	})
	mia := site.login("mia")
	const property = "/rest/atlassian-connect/1/addons/example.app/properties/module.qr"
	tests := []struct {
		name, value       string
		laptop, room, nav bool
	}{
		{"no property", "", false, false, false},
		{"disabled", `{"enabled":false,"everywhere":true}`, false, false, false},
		{"everywhere", `{"enabled":true,"everywhere":true}`, true, true, true},
		{"in the project", `{"enabled":true,"everywhere":false,"projects":["10000"],"issueTypes":["10001"]}`, true, false, true},
		{"for another type", `{"enabled":true,"everywhere":false,"projects":["10000","10002"],"issueTypes":["10006"]}`, false, true, true},
		{"nowhere", `{"enabled":true,"everywhere":false,"projects":[],"issueTypes":[]}`, false, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.value != "" {
				if a := site.call(app, "PUT", property, tt.value); a.status >= 300 {
					t.Fatalf("set the property: status %d", a.status)
				}
			}
			shows := func(path string) bool { return len(frames(t, mia.get(path))) == 1 }
			if got := shows("/browse/OPS-1"); got != tt.laptop {
				t.Errorf("panel on a laptop: %v, want %v", got, tt.laptop)
			}
			if got := shows("/browse/FAC-1"); got != tt.room {
				t.Errorf("panel on a room: %v, want %v", got, tt.room)
			}
			if got := strings.Contains(mia.get("/").body, "Example page"); got != tt.nav {
				t.Errorf("page in the menu: %v, want %v", got, tt.nav)
			}
			if got := mia.get("/plugins/servlet/ac/example.app/page").status == http.StatusOK; got != tt.nav {
				t.Errorf("page by its address: %v, want %v", got, tt.nav)
			}
		})
	}
}

func TestMenuLeavesOutHiddenPages(t *testing.T) {
	site, _ := installedApp(t)
	body := site.login("ada").get("/").body
	if !strings.Contains(body, "Example page") || strings.Contains(body, "Hidden page") {
		t.Error("want the menu to list the page without a location and not the one with the location none")
	}
}

func TestAppPagesThatAreNotThere(t *testing.T) {
	site, _ := installedApp(t)
	tests := []struct {
		who, path string
		status    int
		want      string
	}{
		{"mia", "/plugins/servlet/ac/no.such.app/page", 404, "installed here"},
		{"mia", "/plugins/servlet/ac/example.app/nope", 404, "has no page"},
		{"mia", "/plugins/servlet/ac/example.app/panel", 404, "has no page"},
		{"mia", "/plugins/servlet/ac/example.app/admin", 200, "data-frame"},
		{"jonas", "/plugins/servlet/ac/example.app/admin", 403, "Only a site admin"},
		{"mia", "/nowhere", 404, "There is no page here."},
		{"mia", "/browse/OPS-999", 404, "does not exist"},
		{"mia", "/projects/NOPE", 404, "There is no project"},
	}
	for _, tt := range tests {
		if a := site.login(tt.who).get(tt.path); a.status != tt.status || !strings.Contains(html.UnescapeString(a.body), tt.want) {
			t.Errorf("%s %s: status %d, want %d with %q", tt.who, tt.path, a.status, tt.status, tt.want)
		}
	}
}

func TestPagesNeedALogin(t *testing.T) {
	site, _ := installedApp(t)
	visitor := &person{site, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	a := visitor.get("/plugins/servlet/ac/example.app/hidden?ac.code=x%20y")
	if want := "/login?dest=" + url.QueryEscape("/plugins/servlet/ac/example.app/hidden?ac.code=x%20y"); a.status != 303 || a.header.Get("Location") != want {
		t.Errorf("status %d to %q, want %q", a.status, a.header.Get("Location"), want)
	}
	if a := visitor.get("/login?dest=%2Fbrowse%2FOPS-1"); !strings.Contains(strings.ToUpper(a.body), "AS=ADA&AMP;DEST=%2FBROWSE%2FOPS-1") {
		t.Error("the login page loses where to go")
	}
	for dest, want := range map[string]string{
		"/browse/OPS-1?a=b": "/browse/OPS-1?a=b", "https://evil.example/": "/", "//evil.example": "/", "///evil.example": "/", `/\evil.example`: "/", "": "/", "browse": "/", "javascript:alert(1)": "/",
	} {
		a := visitor.get("/login?as=mia&dest=" + url.QueryEscape(dest))
		if got := a.header.Get("Location"); got != want {
			t.Errorf("after the login to %q: %q, want %q", dest, got, want)
		}
		if c := a.header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
			t.Errorf("cookie %q", c)
		}
	}
	r := request(t, "GET", site.url+"/rest/api/3/myself", "")
	r.AddCookie(&http.Cookie{Name: "sandbox.session", Value: "mia." + base64.RawURLEncoding.EncodeToString(make([]byte, 32))})
	if a := send(t, http.DefaultClient, r); a.status != http.StatusUnauthorized {
		t.Errorf("a forged session: status %d", a.status)
	}
}

func TestOtherOriginsCannotUseASession(t *testing.T) {
	site, app := installedApp(t)
	mia := site.login("mia")
	for _, path := range []string{"/sandbox/context-token", "/rest/api/3/search/jql", "/admin/apps/example.app/uninstall"} {
		r := request(t, "POST", site.url+path, `{}`)
		r.Header.Set("Origin", app.url)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if a := send(t, mia.client, r); a.status != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", path, a.status)
		}
	}
}

func TestContextTokenSaysWhereThePageStands(t *testing.T) {
	site, app := installedApp(t)
	jonas := site.login("jonas")
	a := jonas.do("POST", "/sandbox/context-token", `{"app":"example.app","module":"panel","issue":"10100","project":"10000"}`)
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	alg, claims, err := app.verify(a.json(t)["token"].(string), nil)
	if err != nil || alg != "HS256" {
		t.Fatalf("token: %s, %v", alg, err)
	}
	if claims["qsh"] != "context-qsh" || claims["sub"] != "712020:8b21d7c4-jonas-user" || claims["exp"].(float64)-claims["iat"].(float64) != 900 {
		t.Errorf("claims %v", claims)
	}
	want := object{"jira": object{"issue": object{"id": "10100", "key": "OPS-1"}, "project": object{"id": "10000", "key": "OPS"}}}
	if diff := cmp.Diff(want, claims["context"]); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
	tests := []struct {
		name   string
		who    *person
		body   string
		status int
	}{
		{"an issue that one may not see", site.login("ada"), `{"app":"example.app","issue":"HR-1"}`, 404},
		{"a project that one may not see", site.login("ada"), `{"app":"example.app","project":"HR"}`, 404},
		{"an app that is not there", jonas, `{"app":"other"}`, 404},
		{"no JSON", jonas, `x`, 400},
		{"nobody", &person{site, http.DefaultClient}, `{"app":"example.app"}`, 401},
	}
	for _, tt := range tests {
		if a := tt.who.do("POST", "/sandbox/context-token", tt.body); a.status != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, a.status, tt.status)
		}
	}
}

func TestDialogFrame(t *testing.T) {
	site, app := installedApp(t)
	jonas := site.login("jonas")
	a := jonas.do("POST", "/sandbox/frame", `{"app":"example.app","module":"dialog","issue":"10100"}`)
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if _, query := checkSigned(t, app, a.json(t)["url"].(string)); query.Get("key") != "OPS-1" {
		t.Errorf("query %v", query)
	}
	for body, want := range map[string]int{
		`{"app":"example.app","module":"nope"}`:  404,
		`{"app":"example.app","module":"admin"}`: 403,
	} {
		if a := jonas.do("POST", "/sandbox/frame", body); a.status != want {
			t.Errorf("%s: status %d, want %d", body, a.status, want)
		}
	}
}

func TestPagesAreStrict(t *testing.T) {
	site, app := installedApp(t)
	mia := site.login("mia")
	for _, path := range []string{"/", "/projects", "/projects/OPS", "/projects/OPS/issues", "/projects/OPS/parts/versions", "/projects/OPS/settings", "/browse/OPS-1", "/browse/OPS-1/edit", "/create", "/filters", "/issues?jql=x", "/admin/apps", "/admin/users", "/admin/fields", "/admin/calls", "/plugins/servlet/ac/example.app/page", "/nowhere", "/login"} {
		a := mia.get(path)
		policy := a.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "style-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		source := "frame-src 'none'"
		if strings.Contains(a.body, "data-frame") {
			source = "frame-src " + app.url
		}
		if !strings.HasSuffix(policy, source) {
			t.Errorf("%s: policy %q, want %s", path, policy, source)
		}
		for _, inline := range []string{"<script>", "<style", " style=", " onclick=", "javascript:", "https://connect-cdn"} {
			if strings.Contains(a.body, inline) {
				t.Errorf("%s contains %s", path, inline)
			}
		}
	}
}

func TestWhatPeopleWriteIsEscaped(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	evil := `<img src=x onerror=alert(1)>`
	body := object{"fields": object{"summary": evil, "labels": []string{evil[:4] + "label"}, "description": object{"type": "doc", "version": 1, "content": []object{
		{"type": "paragraph", "content": []object{
			{"type": "text", "text": evil, "marks": []object{{"type": "link", "attrs": object{"href": "javascript:alert(1)"}}, {"type": "strong"}}},
			{"type": "text", "text": "a link", "marks": []object{{"type": "link", "attrs": object{"href": "https://example.com/?a=1&b=\"2"}}}},
			{"type": "hardBreak"}, {"type": "unknown", "content": []object{{"type": "text", "text": "inside"}}},
		}},
		{"type": "heading", "attrs": object{"level": 1}, "content": []object{{"type": "text", "text": "Head"}}},
		{"type": "bulletList", "content": []object{{"type": "listItem", "content": []object{{"type": "text", "text": "item"}}}}},
	}}}}
	if a := mia.do("PUT", "/rest/api/3/issue/OPS-1", compact(t, body)); a.status != 204 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	page := mia.get("/browse/OPS-1").body
	if strings.Contains(page, "<img src=x") || strings.Contains(page, "javascript:") {
		t.Error("the page runs what was written")
	}
	want := `<p><strong>&lt;img src=x onerror=alert(1)&gt;</strong><a rel="noreferrer noopener" href="https://example.com/?a=1&amp;b=&#34;2">a link</a><br>inside</p><h3>Head</h3><ul><li>item</li></ul>`
	if !strings.Contains(page, want) {
		t.Errorf("the description is not rendered as %s", want)
	}
	if list := mia.get("/issues?jql=" + url.QueryEscape(evil)).body; strings.Contains(list, "<img src=x") {
		t.Error("the search page runs what was typed")
	}
}

func TestCallLogShowsWhatWasRefused(t *testing.T) {
	site, app := installedApp(t)
	mia := site.login("mia")
	site.call(app, "GET", "/rest/api/3/issue/OPS-1", "")
	site.clock.Advance(36 * time.Hour)
	later := site.clock.Now()
	site.call(app, "POST", "/rest/api/3/field", `{"name":"secret words"}`)
	page := html.UnescapeString(mia.get("/admin/calls").body)
	when := `datetime="` + later.Format(time.RFC3339) + `"`
	for _, want := range []string{"/rest/api/3/issue/OPS-1", "it needs the scope ADMIN", ">403<", when} {
		if !strings.Contains(page, want) {
			t.Errorf("the log has no %s", want)
		}
	}
	if strings.Contains(page, "secret words") {
		t.Error("the log keeps a body that nobody asked for")
	}
	if page := mia.get("/admin/calls?status=refused&app=example.app").body; strings.Contains(page, "issue/OPS-1") || !strings.Contains(page, "/rest/api/3/field") {
		t.Error("the filter does not filter")
	}
	mia.post("/admin/calls", url.Values{"do": {"bodies"}})
	site.call(app, "POST", "/rest/api/3/field", `{"name":"wanted words"}`)
	site.call(app, "PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"summary":"wanted words"}}`)
	if page := mia.get("/admin/calls").body; !strings.Contains(page, "wanted words") {
		t.Error("bodies were asked for and are not kept")
	}
	if a := site.login("jonas").get("/admin/calls"); a.status != http.StatusForbidden {
		t.Errorf("the log for a user: status %d", a.status)
	}
}

func TestVisitorsSeeWhatIsPublic(t *testing.T) {
	site := openSite(t)
	visitor := &person{site, unredirected}
	if a := visitor.get("/browse/OPS-1"); a.status != http.StatusSeeOther {
		t.Errorf("a private issue: status %d", a.status)
	}
	if err := site.Publish("10000"); err != nil {
		t.Fatal(err)
	}
	if a := visitor.get("/browse/OPS-1"); a.status != http.StatusOK || !strings.Contains(a.body, "ThinkPad") || strings.Contains(a.body, "/edit") {
		t.Errorf("a public issue: status %d", a.status)
	}
	if a := visitor.get("/browse/HR-1"); a.status != http.StatusSeeOther {
		t.Errorf("an issue of another project: status %d", a.status)
	}
	if body := visitor.get("/issues?jql=").body; !strings.Contains(body, "OPS-1<") || strings.Contains(body, "HR-1<") {
		t.Error("the list of a visitor has not just what is public")
	}
	if body := site.login("ada").get("/browse/OPS-1").body; !strings.Contains(body, `/login?as=mia&amp;dest=%2fbrowse%2fOPS-1`) {
		t.Error("the switcher does not stay on the page")
	}
}

func TestBridgeIsServedToOtherOrigins(t *testing.T) {
	site := openSite(t)
	a := get(t, site.url+"/connect-cdn/atlassian-connect/all.js")
	if a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/javascript") {
		t.Errorf("all.js: status %d, header %v", a.status, a.header)
	}
	if !strings.Contains(a.body, `var CDN_URL = "`+site.url+`/connect-cdn/atlassian-connect";`) {
		t.Error("all.js does not take its styles from this site")
	}
	for name, want := range map[string]int{"themes/atlaskit-tokens_dark.css": 200, "surfaces.css": 200, "iframe.js": 200, "nope.js": 404, "": 404} {
		if a := get(t, site.url+"/connect-cdn/atlassian-connect/"+name); a.status != want {
			t.Errorf("%q: status %d, want %d", name, a.status, want)
		}
	}
	for _, name := range []string{"site.css", "type-laptop.svg"} {
		if a := get(t, site.url+"/static/"+name); a.status != 200 {
			t.Errorf("%s: status %d", name, a.status)
		}
	}
	if a := get(t, site.url+"/static/..%2fsandbox.go"); a.status != 404 {
		t.Errorf("a file beside the static ones: status %d", a.status)
	}
}

func TestOpenRefusesWrongConfig(t *testing.T) {
	for name, base := range map[string]string{"no base URL": "", "no host": "http://", "a path": "http://localhost/jira", "no scheme": "localhost:7201"} {
		if _, err := openWith(t, base, t.TempDir()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPagesShowProjectsOfNoCategory(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	if a := mia.do("PUT", "/rest/api/3/project/OPS", `{"categoryId": -1}`); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, path := range []string{"/", "/projects"} {
		if a := mia.get(path); a.status != http.StatusOK || !strings.Contains(a.body, "IT assets") || !strings.Contains(a.body, "Company") {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}
