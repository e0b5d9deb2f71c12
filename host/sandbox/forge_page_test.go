package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestCustomUIStandsInASandboxedFrame(t *testing.T) {
	f := openForge(t)
	if a := f.installForge(object{"manifest": f.remote + "/manifest.yml"}); a.status != http.StatusCreated {
		t.Fatalf("install: %d %s", a.status, a.body)
	}
	mia := f.login("mia")
	panel := mia.get("/browse/OPS-1")
	if !strings.Contains(panel.body, "data-forge=") || !strings.Contains(panel.body, "Assets") || strings.Contains(panel.body, "allow-same-origin\" width") {
		t.Error("the issue page has no frame of the panel")
	}
	ui := mia.get("/forge/ui/" + f.key + "/main/")
	if ui.status != http.StatusOK || !strings.Contains(ui.body, `<head><script src="/forge/script/bridge.js">`) || !strings.Contains(ui.body, "/static/build/index.html") {
		t.Errorf("the frame: %d %s", ui.status, ui.body)
	}
	if policy := ui.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox ") || strings.Contains(policy, "allow-same-origin") {
		t.Errorf("the frame's policy is %q", policy)
	}
	if a := mia.get("/forge/ui/" + f.key + "/main/../../../manifest.yml"); strings.Contains(a.body, "ecosystem") {
		t.Error("a path climbs out of the resource")
	}
	for page, want := range map[string]int{"home": 200, "setup": 403, "none": 404} {
		if a := f.login("jonas").get("/forge/apps/" + f.key + "/" + page); a.status != want {
			t.Errorf("%s: %d, want %d", page, a.status, want)
		}
	}
}

func (f *forgeSite) bridge(login, module, method string, payload any, issue string) answer {
	f.t.Helper()
	return f.login(login).do(http.MethodPost, "/sandbox/forge/bridge", compact(f.t, object{
		"app": f.key, "module": module, "method": method, "payload": payload, "issue": issue,
	}))
}

func TestBridgeCallsForWhoeverLooks(t *testing.T) {
	f := openForge(t)
	f.mustInstallForge()
	context := f.bridge("jonas", "panel", "getContext", nil, "OPS-1").json(t)
	extension := context["extension"].(object)
	if context["accountId"] != f.account("jonas") || extension["type"] != "jira:issuePanel" || extension["issue"].(object)["key"] != "OPS-1" {
		t.Errorf("context %v", context)
	}
	got := f.bridge("jonas", "panel", "invoke", object{"path": "/api/assets", "method": "POST", "body": object{"a": 1}, "invokeType": "ui-remote-fetch", "headers": object{"Authorization": "mine"}}, "OPS-1").json(t)
	if got["success"] != true || got["payload"].(object)["body"].(object)["from"] != "remote" {
		t.Errorf("invokeRemote: %v", got)
	}
	call := f.at("/api/assets")[0]
	claims := call.claims(t)
	if claims["principal"] != f.account("jonas") || claims["context"].(object)["extension"].(object)["issue"].(object)["key"] != "OPS-1" || call.body["a"] != 1.0 {
		t.Errorf("the remote read %v, %v", claims, call.body)
	}
	if call.header.Get("X-Forge-Oauth-User") == "" || call.header.Get("X-Forge-Oauth-System") == "" {
		t.Error("tokens are missing")
	}
	product := func(login, path string) float64 {
		out := f.bridge(login, "panel", "fetchProduct", object{"product": "jira", "restPath": path, "fetchRequestInit": object{"headers": [][]string{{"Accept", "application/json"}}}}, "")
		status, _ := out.json(t)["status"].(float64)
		return status
	}
	if s := product("jonas", "/rest/api/3/issue/OPS-1"); s != 200 {
		t.Errorf("requestJira: %v", s)
	}
	if s := product("ada", "/rest/api/3/issue/HR-1"); s != 404 {
		t.Errorf("requestJira for an issue that she may not see: %v", s)
	}
	if a := f.bridge("ada", "panel", "getContext", nil, "HR-1"); a.status != http.StatusNotFound {
		t.Errorf("a frame beside an issue that she may not see: %d", a.status)
	}
	if a := f.bridge("jonas", "setup", "getContext", nil, ""); a.status != http.StatusForbidden {
		t.Errorf("an admin page for a plain user: %d", a.status)
	}
	remote := f.bridge("jonas", "panel", "fetchRemote", object{"remoteKey": "backend"}, "OPS-1").json(t)
	if remote["url"] != f.remote || remote["token"] == "" {
		t.Errorf("requestRemote: %v", remote)
	}
}

func TestBridgeKnowsTargetsAndResources(t *testing.T) {
	f := openForge(t)
	f.mustInstallForge()
	for _, c := range []struct {
		method string
		in     object
		want   string
	}{
		{"getUrl", object{"target": "issue", "issueKey": "OPS 1"}, `"` + f.url + `/browse/OPS%201"`},
		{"getUrl", object{"target": "module", "moduleKey": "home", "path": "a/b?c=d"}, `"` + f.url + "/forge/apps/" + f.key + "/home" + `/a/b?c=d"`},
		{"getUrl", object{"target": "module", "moduleKey": "panel"}, "no page"},
		{"getUrl", object{"target": "userProfile"}, "says not which one"},
		{"getUrl", object{"target": "spaceView", "spaceKey": "X"}, "no target"},
		{"openModal", object{"resource": nil}, "/forge/ui/" + f.key + "/main/"},
		{"openModal", object{"resource": "none"}, "no resource"},
		{"fetchProduct", object{"product": "jira", "restPath": "/rest/api/3/myself", "isMultipartFormData": true}, "the form cannot be read"},
		{"invoke", object{"invokeType": "ui-container-fetch", "path": "/x"}, "invokeService"},
		{"openRovo", nil, "The sandbox's bridge has no openRovo."},
	} {
		if a := f.bridge("jonas", "panel", c.method, c.in, "OPS-1"); !strings.Contains(a.body, c.want) {
			t.Errorf("%s %v: %d %s, want %q", c.method, c.in, a.status, a.body, c.want)
		}
	}
}

func TestPageOfAForgeAppHasAddressesOfItsOwn(t *testing.T) {
	f := openForge(t)
	f.mustInstallForge()
	jonas := f.login("jonas")
	for path, want := range map[string]int{"home/assets/7": 200, "home/": 200, "setup/x": 403, "none/x": 404} {
		if a := jonas.get("/forge/apps/" + f.key + "/" + path); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	if a := jonas.get("/"); !strings.Contains(a.body, `href="/forge/apps/`+f.key+`/home"`) {
		t.Error("the menu does not lead to the page")
	}
	for file, want := range map[string]int{"bridge.js": 200, "page.js": 200, "bridge.go": 404} {
		if a := jonas.get("/forge/script/" + file); a.status != want {
			t.Errorf("%s: %d, want %d", file, a.status, want)
		}
	}
}

func TestForgeAppWritesItsFieldsAndProperties(t *testing.T) {
	f := openForge(t)
	base := strings.TrimPrefix(f.mustInstallForge("read:jira-user,", "read:jira-user, read:app-data:jira, write:app-data:jira,")["apiBaseUrl"].(string), f.url)
	system := f.await("/forge/events", 1)[0].header.Get("X-Forge-Oauth-System")
	issue := f.issueID("OPS-1")
	call := func(method, path, body string) answer { return f.bearer(system, method, base+path, body) }
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"PUT", "/rest/api/3/app/field/tag/value", `{"updates":[{"issueIds":[` + issue + `],"value":"A-17"}]}`, 204},
		{"PUT", "/rest/api/3/app/field/tag/value", `{"updates":[{"issueIds":[` + issue + `],"value":17}]}`, 400},
		{"PUT", "/rest/api/3/app/field/customfield_10001/value", `{"updates":[{"issueIds":[` + issue + `],"value":"x"}]}`, 403},
		{"PUT", "/rest/api/3/app/field/nothing/value", `{"updates":[{"issueIds":[` + issue + `],"value":"x"}]}`, 404},
		{"POST", "/rest/api/3/app/field/value", `{"updates":[{"customField":"tag","issueIds":[` + issue + `],"value":"A-18"}]}`, 204},
		{"PUT", "/rest/forge/1/app/properties/state", `{"a":1}`, 201},
		{"PUT", "/rest/forge/1/app/properties/state", `{"a":2}`, 200},
		{"GET", "/rest/forge/1/app/properties/state", "", 200},
		{"GET", "/rest/forge/1/app/properties", "", 200},
		{"GET", "/rest/forge/1/app/properties/none", "", 404},
		{"DELETE", "/rest/forge/1/app/properties/state", "", 204},
		{"DELETE", "/rest/forge/1/app/properties/state", "", 404},
	} {
		if a := call(c.method, c.path, c.body); a.status != c.want {
			t.Errorf("%s %s %s: %d, want %d: %s", c.method, c.path, c.body, a.status, c.want, a.body)
		}
	}
	if a := f.login("mia").get("/rest/api/3/issue/OPS-1"); !strings.Contains(a.body, "A-18") {
		t.Error("the issue does not have the value")
	}
}

// TestACustomersFrameOnThePortalIsToldOfTheRequest looks at a request as its customer, who may not browse the issue, and as another one.
func TestACustomersFrameOnThePortalIsToldOfTheRequest(t *testing.T) {
	f := openForge(t, fromDesk(t))
	f.mustInstallForge("jira:issuePanel:", "jiraServiceManagement:portalRequestDetailPanel:")
	c := f.login("carl")
	c.post(portal1+"/create/2", url.Values{"summary": {"Question"}})
	has(t, c.get(portal1+"/HELP-1"), 200, "data-forge=", "/forge/script/page.js")
	context := f.bridge("carl", "panel", "getContext", nil, "HELP-1").json(t)
	extension, _ := context["extension"].(object)
	if request, _ := extension["request"].(object); request["key"] != "HELP-1" || extension["issue"] != nil || context["accountId"] != f.account("carl") {
		t.Errorf("context %v", context)
	}
	if a := f.bridge("nora", "panel", "getContext", nil, "HELP-1"); a.status != http.StatusNotFound {
		t.Errorf("another customer: %d", a.status)
	}
}
