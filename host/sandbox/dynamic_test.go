package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const dynamicPath = "/rest/atlassian-connect/1/app/module/dynamic"

const (
	optionPath  = "/rest/api/3/field/{fieldKey}/option"
	sortOptions = "/rest/api/3/field/example.app__sort/option"
)

// appCalls are calls of operations that are an app's own, as TestRESTShapes makes them.
var appCalls = []restCall{
	{"GET", dynamicPath, "", "", 200},
	{"POST", dynamicPath, "", `{"generalPages":[{"key":"later","name":{"value":"Later page"},"url":"/later"}]}`, 200},
	{"POST", dynamicPath, "", `{"generalPages":[{"key":"page","name":{"value":"Again"},"url":"/later"}]}`, 400},
	{"GET", dynamicPath, "", "", 200},
	{"DELETE", dynamicPath, "?moduleKey=later&moduleKey=unknown", "", 204},
	{"POST", dynamicPath, "", fieldsModule("sort", "single_select"), 200},
	{"POST", optionPath, sortOptions, `{"value":"Leased","properties":{"category":"outside"},"config":{"scope":{"projects":[10000]}}}`, 200},
	{"POST", optionPath, sortOptions, `{"value":""}`, 400},
	{"POST", optionPath, "/rest/api/3/field/example.app__none/option", `{"value":"x"}`, 404},
	{"GET", optionPath, sortOptions, "", 200},
	{"PUT", optionPath + "/{optionId}", sortOptions + "/77", `{"id":77,"value":"Bought"}`, 200},
	{"PUT", optionPath + "/{optionId}", sortOptions + "/77", `{"id":78,"value":"Bought"}`, 400},
	{"GET", optionPath + "/{optionId}", sortOptions + "/77", "", 200},
	{"GET", optionPath + "/suggestions/edit", sortOptions + "/suggestions/edit?projectId=10000", "", 200},
	{"GET", optionPath + "/suggestions/search", sortOptions + "/suggestions/search", "", 200},
	{"DELETE", optionPath + "/{optionId}", sortOptions + "/77", "", 204},
	{"GET", optionPath + "/{optionId}", sortOptions + "/77", "", 404},
	{"DELETE", dynamicPath, "", "", 204},
	{"PUT", "/rest/atlassian-connect/1/migration/field", "", `{"updateValueList":[{}]}`, 403},
	{"PUT", "/rest/atlassian-connect/1/migration/properties/{entityType}", "/rest/atlassian-connect/1/migration/properties/IssueProperty", `[{"entityId":1,"key":"a","value":"1"}]`, 403},
	{"POST", "/rest/atlassian-connect/1/migration/workflow/rule/search", "", `{}`, 403},
	{"GET", "/rest/atlassian-connect/1/migration/{connectKey}/{jiraIssueFieldsKey}/task", "/rest/atlassian-connect/1/migration/example.app/tag/task", "", 404},
	{"GET", "/rest/forge/1/app/properties", "", "", 403},
	{"GET", "/rest/forge/1/app/properties/{propertyKey}", "/rest/forge/1/app/properties/a", "", 403},
	{"PUT", "/rest/forge/1/app/properties/{propertyKey}", "/rest/forge/1/app/properties/a", "1", 403},
	{"DELETE", "/rest/forge/1/app/properties/{propertyKey}", "/rest/forge/1/app/properties/a", "", 403},
	{"PUT", "/rest/api/3/app/field/{fieldIdOrKey}/value", "/rest/api/3/app/field/tag/value", "{}", 403},
	{"POST", "/rest/api/3/app/field/value", "", "{}", 403},
	{"GET", computationPath, "", "", 200},
	{"POST", computationPath, "", `{"values":[{"id":"f2ef228b-367f-4c6b-bd9d-0d0e96b5bd7b","value":"key = OPS-1"}]}`, 404},
	{"POST", computationPath, computationPath + "?skipNotFoundPrecomputations=true", `{"values":[{"id":"f2ef228b-367f-4c6b-bd9d-0d0e96b5bd7b","error":"It is gone."}]}`, 200},
	{"POST", computationPath + "/search", "", `{"precomputationIDs":["f2ef228b-367f-4c6b-bd9d-0d0e96b5bd7b"]}`, 200},
	{"GET", "/rest/api/3/user/email", "?accountId=x", "", 403},
	{"GET", "/rest/api/3/user/email/bulk", "?accountId=x", "", 403},
}

func fieldsModule(key, kind string) string {
	return fmt.Sprintf(`{"jiraIssueFields":[{"key":%q,"type":%q,"name":{"value":"Field %s"},"description":{"value":"From an app"}}]}`, key, kind, key)
}

func TestDynamicModulesAreShownAndComeBackWithTheApp(t *testing.T) {
	site, app := installedApp(t)
	const page = `{"generalPages":[{"key":"later","name":{"value":"Later page"},"url":"/later"}]}`
	if a := site.call(app, http.MethodPost, dynamicPath, page); a.status != http.StatusOK {
		t.Fatalf("register: %d %s", a.status, a.body)
	}
	mia := site.login("mia")
	if a := mia.get("/"); !strings.Contains(a.body, "Later page") {
		t.Error("the menu does not show the page")
	}
	if a := mia.get("/plugins/servlet/ac/example.app/later"); a.status != http.StatusOK || !strings.Contains(a.body, "/later?") {
		t.Errorf("the page: %d", a.status)
	}
	mia.do(http.MethodDelete, "/sandbox/apps/example.app", "")
	site.mustInstall(app)
	if a := site.call(app, http.MethodGet, dynamicPath, ""); !strings.Contains(a.body, "later") {
		t.Errorf("after a new installation: %s", a.body)
	}

	// A static module with the key of a dynamic one ends all dynamic ones.
	app.descriptor["modules"].(object)["dialogs"] = []object{{"key": "later", "url": "/dialog"}}
	site.mustInstall(app)
	if a := site.call(app, http.MethodGet, dynamicPath, ""); strings.Contains(a.body, "later") {
		t.Errorf("after a collision: %s", a.body)
	}
}

func TestDynamicModulesAreRefused(t *testing.T) {
	site, app := installedApp(t)
	many := make([]string, 101)
	for n := range many {
		many[n] = fmt.Sprintf(`{"key":"m%d","url":"/d"}`, n)
	}
	for _, tt := range []struct{ name, body, want string }{
		{"key of a static module", `{"dialogs":[{"key":"page","url":"/d"}]}`, "duplicate module keys: [page]"},
		{"one key twice", `{"dialogs":[{"key":"a","url":"/d"},{"key":"a","url":"/e"}]}`, "duplicate module keys: [a]"},
		{"too many", `{"dialogs":[` + strings.Join(many, ",") + `]}`, "at most 100"},
		{"unknown kind", `{"jiraTeapots":[{"key":"a"}]}`, "jiraTeapots"},
		{"no key", `{"dialogs":[{"url":"/d"}]}`, "needs a key"},
		{"broken module", `{"generalPages":[{"key":"a","url":"/d"}]}`, "name.value"},
		{"unknown type of field", fieldsModule("f", "colour"), "colour"},
		{"nothing", `{}`, "no modules"},
	} {
		if a := site.call(app, http.MethodPost, dynamicPath, tt.body); a.status != http.StatusBadRequest || !strings.Contains(a.body, tt.want) {
			t.Errorf("%s: %d, want 400 with %q: %.300s", tt.name, a.status, tt.want, a.body)
		}
	}
	if a := site.call(app, http.MethodGet, dynamicPath, ""); a.body != `{"modules":[]}`+"\n" {
		t.Errorf("after refusals: %s", a.body)
	}
	if a := site.login("mia").get(dynamicPath); a.status != http.StatusUnauthorized {
		t.Errorf("a person: %d", a.status)
	}
}

func TestFieldsOfAnAppComeAndGoWithIt(t *testing.T) {
	site, app := installedApp(t, func(d object) {
		d["modules"].(object)["jiraIssueFields"] = []object{{"key": "tag", "type": "string", "name": object{"value": "Asset tag"}}}
	})
	field := func() (id string) {
		for _, f := range decodeList(t, site.call(app, http.MethodGet, "/rest/api/3/field", "")) {
			schema, _ := f["schema"].(object)
			if schema["custom"] == "com.atlassian.plugins.atlassian-connect-plugin:example.app__tag" {
				if f["key"] != "example.app__tag" || f["name"] != "Asset tag" {
					t.Errorf("the field is %v", f)
				}
				id = f["id"].(string)
			}
		}
		return id
	}
	id := field()
	if id == "" {
		t.Fatal("the field is not there")
	}
	if a := site.call(app, http.MethodPut, "/rest/api/3/issue/OPS-1", `{"fields":{"`+id+`":"A-17"}}`); a.status != http.StatusNoContent {
		t.Fatalf("set: %d %s", a.status, a.body)
	}
	mia := site.login("mia")
	mia.do(http.MethodDelete, "/sandbox/apps/example.app", "")
	if a := mia.get("/rest/api/3/field"); strings.Contains(a.body, id) {
		t.Error("the field outlives its app")
	}
	site.mustInstall(app)
	if again := field(); again != id {
		t.Errorf("the field is %s after a new installation, was %s", again, id)
	}
	if a := mia.get("/rest/api/3/issue/OPS-1?fields=" + id); !strings.Contains(a.body, "A-17") {
		t.Errorf("the value is gone: %s", a.body)
	}
}

func TestPropertiesOfDescriptorsAreSearchable(t *testing.T) {
	site, app := installedApp(t, func(d object) {
		d["modules"].(object)["jiraEntityProperties"] = []object{{
			"key": "assets", "entityType": "issue", "name": object{"value": "Assets"},
			"keyConfigurations": []object{{"propertyKey": "asset", "extractions": []object{{"objectName": "tag", "type": "string", "alias": "assetTag"}}}},
		}}
	})
	site.call(app, http.MethodPut, "/rest/api/3/issue/OPS-1/properties/asset", `{"tag":"A-17"}`)
	search := func(jql string) answer {
		return site.call(app, http.MethodGet, "/rest/api/3/search/jql?fields=key&jql="+strings.ReplaceAll(url.QueryEscape(jql), "+", "%20"), "")
	}
	for _, jql := range []string{`assetTag = "A-17"`, `issue.property[asset].tag = "A-17"`} {
		if a := search(jql); a.status != http.StatusOK || !strings.Contains(a.body, `"OPS-1"`) {
			t.Errorf("%s: %d %s", jql, a.status, a.body)
		}
	}
	site.login("mia").do(http.MethodDelete, "/sandbox/apps/example.app", "")
	delete(app.descriptor["modules"].(object), "jiraEntityProperties")
	site.mustInstall(app)
	if a := search(`assetTag = "A-17"`); a.status != http.StatusBadRequest {
		t.Errorf("without the module: %d %s", a.status, a.body)
	}
}

func TestScopeAdminMakesTheAppAnAdministrator(t *testing.T) {
	for scope, want := range map[string]bool{"ADMIN": true, "WRITE": false} {
		site, app := installedApp(t, func(d object) { d["scopes"] = []string{scope} })
		a := site.call(app, http.MethodPost, "/rest/api/3/permissions/check", `{"globalPermissions":["ADMINISTER"]}`)
		if got := strings.Contains(a.body, "ADMINISTER"); a.status != http.StatusOK || got != want {
			t.Errorf("%s: %d %s", scope, a.status, a.body)
		}
	}
}

func TestEmailAddressesNeedTheirScope(t *testing.T) {
	site, app := installedApp(t, func(d object) { d["scopes"] = []string{"READ", "ACCESS_EMAIL_ADDRESSES"} })
	jonas := site.login("jonas").get("/rest/api/3/myself").json(t)["accountId"].(string)
	one := site.call(app, http.MethodGet, "/rest/api/3/user/email?accountId="+jonas, "")
	if one.status != http.StatusOK || one.json(t)["email"] != "jonas@pergola.example" {
		t.Errorf("one: %d %s", one.status, one.body)
	}
	if a := site.call(app, http.MethodGet, "/rest/api/3/user/email?accountId=nobody", ""); a.status != http.StatusNotFound {
		t.Errorf("nobody: %d", a.status)
	}
	if a := site.login("mia").get("/rest/api/3/user/email?accountId=" + jonas); a.status != http.StatusUnauthorized {
		t.Errorf("a person: %d", a.status)
	}
	other, without := installedApp(t, func(d object) { d["scopes"] = []string{"ADMIN"} })
	if a := other.call(without, http.MethodGet, "/rest/api/3/user/email?accountId="+jonas, ""); a.status != http.StatusForbidden {
		t.Errorf("without the scope: %d", a.status)
	}
}

func TestOptionsOfAnAppsFieldAreForTheirProjects(t *testing.T) {
	site, app := installedApp(t, func(d object) {
		d["modules"].(object)["jiraIssueFields"] = []object{{"key": "sort", "type": "single_select", "name": object{"value": "Sort"}}}
	})
	for _, body := range []string{
		`{"value":"Leased","config":{"scope":{"projects":[10000]}}}`, `{"value":"Bought","config":{"scope":{"global":{}}}}`,
		`{"value":"Lost","config":{"attributes":["notSelectable"]}}`,
	} {
		if a := site.call(app, http.MethodPost, sortOptions, body); a.status != http.StatusOK {
			t.Fatalf("create: %d %s", a.status, a.body)
		}
	}
	for project, want := range map[string][]string{"10000": {"Leased", "Bought"}, "10001": {"Bought"}} {
		a := site.call(app, http.MethodGet, sortOptions+"/suggestions/edit?projectId="+project, "")
		for _, name := range []string{"Leased", "Bought", "Lost"} {
			if got := strings.Contains(a.body, name); got != slices.Contains(want, name) {
				t.Errorf("project %s offers %s: %v", project, name, got)
			}
		}
	}
	if a := site.login("jonas").get(sortOptions); a.status != http.StatusForbidden {
		t.Errorf("a plain user: %d", a.status)
	}
}
