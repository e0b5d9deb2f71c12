package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
)

// schemeCalls exercise the operations on permission schemes.
var schemeCalls = []restCall{
	{"GET", "/rest/api/3/permissionscheme", "?expand=all", "", 200},
	{"GET", "/rest/api/3/permissionscheme", "", "", 200},
	{"POST", "/rest/api/3/permissionscheme", "", `{"name":"Vehicles","description":"Who drives","permissions":[
		{"permission":"BROWSE_PROJECTS","holder":{"type":"group","parameter":"jira-users"}},{"permission":"EDIT_ISSUES","holder":{"type":"projectRole","value":"10002"}},
		{"permission":"ASSIGN_ISSUES","holder":{"type":"user","value":"712020:8b21d7c4-jonas-user"}},{"permission":"MOVE_ISSUES","holder":{"type":"userCustomField","value":"customfield_10005"}},
		{"permission":"LINK_ISSUES","holder":{"type":"reporter"}}]}`, 201},
	{"POST", "/rest/api/3/permissionscheme", "", `{"name":"vehicles"}`, 400},
	{"POST", "/rest/api/3/permissionscheme", "", `{"name":" "}`, 400},
	{"POST", "/rest/api/3/permissionscheme", "", `{"name":"x","permissions":[{"permission":"FLY","holder":{"type":"anyone"}}]}`, 400},
	{"POST", "/rest/api/3/permissionscheme", "", `{"name":"x","permissions":[{"permission":"EDIT_ISSUES","holder":{"type":"group","value":"nobody"}}]}`, 400},
	{"POST", "/rest/api/3/permissionscheme", "", `{"name":"x","permissions":[{"permission":"EDIT_ISSUES","holder":{"type":"moon"}}]}`, 400},
	{"GET", "/rest/api/3/permissionscheme/{schemeId}", "/rest/api/3/permissionscheme/10002?expand=permissions", "", 200},
	{"GET", "/rest/api/3/permissionscheme/{schemeId}", "/rest/api/3/permissionscheme/77", "", 404},
	{"PUT", "/rest/api/3/permissionscheme/{schemeId}", "/rest/api/3/permissionscheme/10002", `{"name":"Cars"}`, 200},
	{"PUT", "/rest/api/3/permissionscheme/{schemeId}", "/rest/api/3/permissionscheme/77", `{"name":"Cars"}`, 404},
	{"POST", "/rest/api/3/permissionscheme/{schemeId}/permission", "/rest/api/3/permissionscheme/10002/permission", `{"permission":"CREATE_ISSUES","holder":{"type":"anyone"}}`, 201},
	{"POST", "/rest/api/3/permissionscheme/{schemeId}/permission", "/rest/api/3/permissionscheme/10002/permission", `{"permission":"CREATE_ISSUES","holder":{"type":"anyone"}}`, 400},
	{"GET", "/rest/api/3/permissionscheme/{schemeId}/permission", "/rest/api/3/permissionscheme/10002/permission", "", 200},
	{"GET", "/rest/api/3/permissionscheme/{schemeId}/permission/{permissionId}", "/rest/api/3/permissionscheme/10002/permission/GRANT", "", 200},
	{"GET", "/rest/api/3/permissionscheme/{schemeId}/permission/{permissionId}", "/rest/api/3/permissionscheme/10002/permission/1", "", 404},
	{"DELETE", "/rest/api/3/permissionscheme/{schemeId}/permission/{permissionId}", "/rest/api/3/permissionscheme/10002/permission/GRANT", "", 204},
	{"DELETE", "/rest/api/3/permissionscheme/{schemeId}/permission/{permissionId}", "/rest/api/3/permissionscheme/10002/permission/GRANT", "", 400},
	{"GET", "/rest/api/3/project/{projectKeyOrId}/permissionscheme", "/rest/api/3/project/OPS/permissionscheme", "", 200},
	{"GET", "/rest/api/3/project/{projectKeyOrId}/permissionscheme", "/rest/api/3/project/NOPE/permissionscheme", "", 404},
	{"PUT", "/rest/api/3/project/{projectKeyOrId}/permissionscheme", "/rest/api/3/project/OPS/permissionscheme", `{"id":77}`, 404},
	{"PUT", "/rest/api/3/project/{projectKeyOrId}/permissionscheme", "/rest/api/3/project/OPS/permissionscheme", `{"id":10000}`, 200},
	{"DELETE", "/rest/api/3/permissionscheme/{schemeId}", "/rest/api/3/permissionscheme/10000", "", 403},
	{"DELETE", "/rest/api/3/permissionscheme/{schemeId}", "/rest/api/3/permissionscheme/10002", "", 204},
	{"DELETE", "/rest/api/3/permissionscheme/{schemeId}", "/rest/api/3/permissionscheme/10002", "", 404},
}

func TestPermissionSchemeShapes(t *testing.T) {
	mia := openSite(t).login("mia")
	grant := ""
	for _, c := range schemeCalls {
		path := c.path
		if !strings.HasPrefix(path, "/") {
			path = c.template + path
		}
		path = strings.Replace(path, "GRANT", grant, 1)
		a := mia.do(c.method, path, c.body)
		if a.status != c.status {
			t.Errorf("%s %s %.60s: status %d, want %d: %s", c.method, path, c.body, a.status, c.status, a.body)
		}
		if c.method == "POST" && strings.HasSuffix(path, "/permission") && a.status == http.StatusCreated {
			grant = compact(t, a.json(t)["id"])
		}
	}
}

func TestSchemesChangeWhatPeopleMay(t *testing.T) {
	site := openSite(t)
	mia, ada := site.login("mia"), site.login("ada")
	edit := func() int {
		return ada.do("PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"summary":"By a guest"}}`).status
	}
	if got := edit(); got != http.StatusForbidden {
		t.Fatalf("before: status %d", got)
	}
	a := mia.do("POST", "/rest/api/3/permissionscheme/10000/permission", `{"permission":"EDIT_ISSUES","holder":{"type":"user","value":"712020:c09e4a52-ada-guest"}}`)
	if a.status != http.StatusCreated {
		t.Fatal(a.body)
	}
	if got := edit(); got != http.StatusNoContent {
		t.Errorf("with the grant: status %d", got)
	}
	self := strings.TrimPrefix(a.json(t)["self"].(string), site.url)
	if a := mia.do("DELETE", self, ""); a.status != http.StatusNoContent {
		t.Fatal(a.body)
	}
	if got := edit(); got != http.StatusForbidden {
		t.Errorf("without it again: status %d", got)
	}
	if a := mia.do("PUT", "/rest/api/3/project/OPS/permissionscheme", `{"id":10001}`); a.status != http.StatusOK {
		t.Fatal(a.body)
	}
	if a := ada.get("/rest/api/3/issue/OPS-1"); a.status != http.StatusNotFound {
		t.Errorf("a project of staff alone shows a guest its issue: status %d", a.status)
	}
	if a := ada.do("PUT", "/rest/api/3/project/OPS/permissionscheme", `{"id":10000}`); a.status != http.StatusNotFound {
		t.Errorf("a guest takes it back: status %d", a.status)
	}
	jonas := site.login("jonas")
	for path, body := range map[string]string{"/rest/api/3/permissionscheme": `{"name":"Mine"}`, "/rest/api/3/permissionscheme/10000/permission": `{"permission":"EDIT_ISSUES","holder":{"type":"anyone"}}`} {
		if a := jonas.do("POST", path, body); a.status != http.StatusForbidden {
			t.Errorf("staff posts to %s: status %d", path, a.status)
		}
	}
}
