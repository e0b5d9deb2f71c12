package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// caller is a program with a token, whose answers are judged by what the routes declare.
type caller struct {
	*related
	token   string
	routes  []*api.Routes
	met     map[string]bool // the routes that were called
	ifMatch string          // of the next call
}

var tokenForm = regexp.MustCompile(`pergola_[a-z2-7]{63}`)

// newToken has mia make a token for everything.
func (r *related) newToken() string {
	r.t.Helper()
	form := map[string][]string{"name": {"Test"}, "expires": {"30"}}
	for _, scope := range manifest.Scopes() {
		form[strings.ReplaceAll(scope.Name, ":", "-")] = []string{"true"}
	}
	text := tokenForm.FindString(r.call("", "/api/tokens/action/make", map[string]any{"form": form}))
	if text == "" {
		r.t.Fatal("no token was made")
	}
	return text
}

func newCaller(t *testing.T, r *related, folders ...string) *caller {
	c := &caller{related: r, token: r.newToken(), routes: []*api.Routes{api.Own()}, met: map[string]bool{}}
	for _, folder := range folders {
		raw, err := os.ReadFile(filepath.Join("..", "..", folder, "plugin.json"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Parse("plugin.json", raw)
		if err != nil {
			t.Fatal(err)
		}
		routes, err := api.Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		c.routes = append(c.routes, routes)
	}
	return c
}

// send calls a route with the token, and in the name of a version where the test says so.
func (c *caller) send(method, path, body string) (int, string) {
	c.t.Helper()
	q, err := http.NewRequestWithContext(c.t.Context(), method, c.h.URL()+api.Root+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+c.token)
	q.Header.Set("Content-Type", "application/json")
	if c.ifMatch != "" {
		q.Header.Set("If-Match", c.ifMatch)
		c.ifMatch = ""
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

// ask calls a route. An answer has to be as the route declares it, and a refusal a problem.
func (c *caller) ask(want int, method, path, body string) map[string]any {
	c.t.Helper()
	status, text := c.send(method, path, body)
	if status != want {
		c.t.Errorf("%s %s %s: %d, want %d: %s", method, path, body, status, want, text)
	}
	var out map[string]any
	if strings.HasPrefix(text, "%PDF-") {
		out = map[string]any{"pdf": text}
	} else if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	if status > 299 {
		if out["status"] != float64(status) || out["detail"] == "" {
			c.t.Errorf("%s %s: no problem: %s", method, path, text)
		}
		return out
	}
	plain, _, _ := strings.Cut(path, "?")
	parts := strings.Split(plain, "/")
	routes := c.routes[0]
	for _, of := range c.routes[1:] {
		if parts[0] == string(of.Plugin) {
			routes, parts = of, parts[1:]
		}
	}
	route, _, err := routes.Find(method, parts)
	if err != nil {
		c.t.Fatalf("%s %s is answered and not declared: %v", method, path, err)
	}
	c.met[method+" "+routes.Address(route)] = true
	if err := route.Conforms(status, []byte(text)); err != nil {
		c.t.Errorf("%s %s answers otherwise than declared: %v\n%s", method, path, err, text)
	}
	return out
}

func listOf(v map[string]any, name string) []any {
	list, _ := v[name].([]any)
	return list
}

// TestProgramsUseTheAPIOfLinks goes the whole way: token, route, module, store, and the site over HTTP. Every route that is documented is called, and
// every answer is as documented.
func TestProgramsUseTheAPIOfLinks(t *testing.T) {
	t.Parallel()
	r := newRelatedWith(t, 110, map[string]string{"pergola.qrcode": "plugins/qrcode"}, func(*world.Tx, []string) error { return nil })
	c := newCaller(t, r, linkFolder, "plugins/qrcode")
	c.ask(200, "GET", "token", "")

	var types struct {
		IssueLinkTypes []struct{ ID, Name string } `json:"issueLinkTypes"`
	}
	r.ask(http.MethodGet, "/rest/api/3/issueLinkType", nil, &types)
	for name, more := range map[string]map[string][]string{
		"Kept": {"storage": {"app"}, "searchable": {"true"}}, "Jira’s own": {"storage": {"jira"}, "linkType": {types.IssueLinkTypes[0].ID}},
	} {
		form := map[string][]string{"name": {name}, "outward": {"uses " + name}, "inward": {"is used by " + name}, "color": {"blue"}, "first.show": {"true"}, "second.show": {"true"}}
		for field, value := range more {
			form[field] = value
		}
		r.call("", "/api/admin/plugins/"+linkPlugin+"/configs/relation/save", map[string]any{"form": form})
	}
	documents := listOf(c.ask(200, "GET", "configs/"+linkPlugin+"/relation", ""), "documents")
	relations := listOf(c.ask(200, "GET", linkPlugin+"/relations", ""), "relations")
	if len(documents) != 2 || len(relations) != 2 {
		t.Fatalf("%d documents, %d relations", len(documents), len(relations))
	}
	hub := r.issues[0]
	for _, one := range relations {
		id, _ := one.(map[string]any)["id"].(string)
		c.ask(200, "GET", "configs/"+linkPlugin+"/relation/"+id, "")
		create := func(want int, other string) map[string]any {
			return c.ask(want, "POST", linkPlugin+"/issues/"+hub+"/links", fmt.Sprintf(`{"relation":%q,"direction":"outward","issue":%q}`, id, other))
		}
		made := create(201, "OPS-2")
		if again := create(200, "OPS-2"); again["id"] != made["id"] {
			t.Errorf("again: %v, %v", made, again)
		}
		for _, other := range r.issues[1:4] {
			create(201, other)
		}
		link, _ := made["id"].(string)
		c.ask(200, "GET", linkPlugin+"/links/"+link, "")
		back := listOf(c.ask(200, "GET", linkPlugin+"/issues/OPS-2/links?relation="+id, ""), "links")
		if len(back) != 1 || back[0].(map[string]any)["direction"] != "inward" {
			t.Errorf("from the other end: %v", back)
		}
		c.ask(204, "DELETE", linkPlugin+"/links/"+link, "")
		c.ask(404, "DELETE", linkPlugin+"/links/"+link, "")
		c.ask(404, "GET", linkPlugin+"/links/"+link, "")
	}
	seen, cursor := 0, ""
	for pages := 0; ; pages++ {
		page := c.ask(200, "GET", linkPlugin+"/issues/"+hub+"/links?limit=2"+cursor, "")
		seen += len(listOf(page, "links"))
		next, more := page["next"].(string)
		if !more || pages > 9 {
			break
		}
		cursor = "&cursor=" + next
	}
	if seen != 6 {
		t.Errorf("%d links on the pages, want 6", seen)
	}
	hundred, err := json.Marshal(map[string]any{"issues": append(r.issues[:99:99], "XX-1")})
	if err != nil {
		t.Fatal(err)
	}
	many := c.ask(200, "POST", linkPlugin+"/links/search", string(hundred))
	if found := listOf(many, "issues"); len(found) != 99 || len(listOf(many, "missing")) != 1 {
		t.Errorf("of a hundred issues %d are found", len(found))
	}
	c.ask(400, "POST", linkPlugin+"/links/search", strings.Replace(string(hundred), `"XX-1"`, `"XX-1","XX-2"`, 1))

	c.writesRelations()
	two, three := c.ask(200, "POST", "pergola.qrcode/labels", `{"issues":["OPS-1","OPS-2"]}`), c.ask(200, "POST", "pergola.qrcode/labels", `{"jql":"key in (OPS-1, OPS-2, OPS-3)","second":true}`)
	if a, b := len(fmt.Sprint(two["pdf"])), len(fmt.Sprint(three["pdf"])); a < 1000 || b <= a {
		t.Errorf("labels of %d and %d bytes", a, b)
	}
	c.ask(400, "POST", "pergola.qrcode/labels", `{"issues":["OPS-1"],"preset":"a3"}`)
	c.ask(400, "POST", "pergola.qrcode/labels", `{"jql":"project = NOPE"}`)

	for _, routes := range c.routes {
		for _, route := range routes.All {
			if route.Scope == manifest.SyncRun { // see TestProgramsRunSynchronizations
				continue
			}
			if at := route.Method + " " + routes.Address(route); !c.met[at] {
				t.Errorf("%s was not called", at)
			}
		}
	}
}

// writesRelations has a program make, change and delete a relation, by the rules of the plugin's guard.
func (c *caller) writesRelations() {
	c.t.Helper()
	at := "configs/" + linkPlugin + "/relation"
	made := c.ask(201, "POST", at, `{"values":{"name":"By a program","outward":"holds","inward":"is held by","storage":"jira","linkType":"`+c.linkType()+`"}}`)
	if p := c.ask(400, "POST", at, `{"values":{"name":"Without a type","outward":"holds","inward":"is held by","storage":"jira"}}`); p["field"] != "values/linkType" {
		c.t.Errorf("the guard: %v", p)
	}
	one := at + "/" + fmt.Sprint(made["id"])
	version := fmt.Sprintf(`"%v"`, made["version"])
	c.ask(428, "PUT", one, `{"values":{"name":"Nameless","outward":"holds","inward":"is held by"}}`)
	c.ifMatch = version
	changed := c.ask(200, "PUT", one, `{"values":{"name":"By another","outward":"holds","inward":"is held by","color":"red"}}`)
	c.ifMatch = version
	c.ask(412, "DELETE", one, "")
	c.ifMatch = fmt.Sprintf(`"%v"`, changed["version"])
	c.ask(204, "DELETE", one, "")
	c.ask(404, "GET", one, "")
}

// linkType is a type of the site's own links that no relation has yet.
func (c *caller) linkType() string {
	c.t.Helper()
	var types struct {
		IssueLinkTypes []struct{ ID string } `json:"issueLinkTypes"`
	}
	c.related.ask(http.MethodGet, "/rest/api/3/issueLinkType", nil, &types)
	return types.IssueLinkTypes[1].ID
}

// TestTokensEndWithInstallationAndAccount uses a token over restarts of the host, a new installation, and the end of its account.
func TestTokensEndWithInstallationAndAccount(t *testing.T) {
	t.Parallel()
	r := newRelated(t, 1)
	c := newCaller(t, r)
	c.ask(200, "GET", "token", "")
	r.stop()
	r.start()
	c.ask(200, "GET", "token", "")
	app := map[string]string{"descriptor": r.h.URL() + "/atlassian-connect.json"}
	r.ask(http.MethodDelete, "/sandbox/apps/pergola", nil, nil)
	c.ask(401, "GET", "token", "")
	r.ask(http.MethodPost, "/sandbox/apps", app, nil)
	c.ask(401, "GET", "token", "")
	c.token = r.newToken()
	c.ask(200, "GET", "token", "")
	r.stop() // and with it what the host remembers of the account
	r.start()
	r.ask(http.MethodPost, "/sandbox/users/mia/close", nil, nil)
	if p := c.ask(401, "GET", "token", ""); !strings.Contains(fmt.Sprint(p["detail"]), "closed or deactivated") {
		t.Errorf("after the account was closed: %v", p["detail"])
	}
	if strings.Contains(r.log.String(), c.token) {
		t.Error("the log holds the token")
	}
}

// TestProgramsRunSynchronizations has a program run one and wait for its end.
func TestProgramsRunSynchronizations(t *testing.T) {
	site := newSyncSite(t)
	h := newSyncHost(t, site)
	h.start()
	site.Install(h.url + "/atlassian-connect.json")
	d := h.devices(3)
	call := func(want int, method, path, authorization, body string) []byte {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, h.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", authorization)
		q.Header.Set("Content-Type", "application/json")
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode != want {
			t.Fatalf("%s %s: %d, %v: %s", method, path, a.StatusCode, err, text)
		}
		plain, _, _ := strings.Cut(strings.TrimPrefix(path, api.Root), "?")
		if route, _, err := api.Own().Find(method, strings.Split(plain, "/")); err == nil && want < 300 {
			if err := route.Conforms(want, text); err != nil {
				t.Errorf("%s %s answers otherwise than declared: %v\n%s", method, path, err, text)
			}
		}
		return text
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	pages := &http.Client{Jar: jar}
	login, err := pages.Get(site.url + "/login?as=mia")
	if err != nil {
		t.Fatal(err)
	}
	_ = login.Body.Close()
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.url+"/sandbox/context-token", strings.NewReader(`{"app":"pergola"}`))
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("Content-Type", "application/json")
	var a struct{ Token string }
	answerJSON(t, pages, ask, &a)
	bearer := func(scope string) string {
		form := `{"form":{"name":["Test"],"expires":["30"],"` + strings.ReplaceAll(scope, ":", "-") + `":["true"]}}`
		return "Bearer " + tokenForm.FindString(string(call(200, "POST", "/api/tokens/action/make", "JWT "+a.Token, form)))
	}
	token := bearer(manifest.SyncRun)
	var all struct {
		Synchronizations []struct{ ID, Name string } `json:"synchronizations"`
	}
	if err := json.Unmarshal(call(200, "GET", "/api/v1/syncs", token, ""), &all); err != nil || len(all.Synchronizations) != 1 || all.Synchronizations[0].ID != d.sync {
		t.Fatalf("synchronizations: %v, %v", all, err)
	}
	call(403, "POST", "/api/v1/syncs/"+d.sync+"/runs", bearer(manifest.ConfigRead), "")
	call(404, "POST", "/api/v1/syncs/cabcdefghijklmno/runs", token, "")
	call(404, "GET", "/api/v1/syncs/runs/nonsense", token, "")
	var run struct{ ID, State string }
	if err := json.Unmarshal(call(202, "POST", "/api/v1/syncs/"+d.sync+"/runs?approved=true", token, ""), &run); err != nil {
		t.Fatal(err)
	}
	h.finish(syncRun{d.tenant, run.ID})
	if err := json.Unmarshal(call(200, "GET", "/api/v1/syncs/runs/"+run.ID, token, ""), &run); err != nil || run.State != "done" {
		t.Errorf("the run: %v, %v", run, err)
	}
	changes := string(call(200, "POST", "/api/changes/file/csv", "JWT "+a.Token, "{}"))
	if n := strings.Count(changes, ",api,sync.started,,,,"+d.sync); n != 1 {
		t.Errorf("the run is noted %d times:\n%s", n, changes)
	}
	site.check(d)
}
