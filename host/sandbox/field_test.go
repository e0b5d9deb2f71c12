package sandbox_test

import (
	"strings"
	"testing"
)

// fieldCalls exercise the operations on custom fields, their contexts, and tasks.
var fieldCalls = []restCall{
	{"GET", "/rest/api/3/field/search", "?maxResults=2", "", 200},
	{"GET", "/rest/api/3/field/search", "?type=custom&query=serial&orderBy=-name&expand=isLocked,searcherKey,contextsCount,projectsCount", "", 200},
	{"GET", "/rest/api/3/field/search", "?type=odd", "", 400},
	{"GET", "/rest/api/3/field/search", "?orderBy=odd", "", 400},
	{"POST", "/rest/api/3/field", "", `{"name":"Rack","description":"Where it stands","type":"com.atlassian.jira.plugin.system.customfieldtypes:select","searcherKey":"com.atlassian.jira.plugin.system.customfieldtypes:multiselectsearcher"}`, 201},
	{"POST", "/rest/api/3/field", "", `{"name":"Rack","type":"odd"}`, 400},
	{"POST", "/rest/api/3/field", "", `{"type":"com.atlassian.jira.plugin.system.customfieldtypes:select"}`, 400},
	{"PUT", "/rest/api/3/field/{fieldId}", "/rest/api/3/field/customfield_10006", `{"name":"Rack unit","description":"d"}`, 204},
	{"PUT", "/rest/api/3/field/{fieldId}", "/rest/api/3/field/customfield_10006", `{"name":" "}`, 400},
	{"PUT", "/rest/api/3/field/{fieldId}", "/rest/api/3/field/customfield_99999", `{"name":"x"}`, 404},
	{"GET", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_10002/context", "", 200},
	{"GET", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_99999/context", "", 404},
	{"POST", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_10006/context", `{"name":"Rooms","description":"d","projectIds":["10002"],"issueTypeIds":["10006"]}`, 201},
	{"POST", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_10006/context", `{"name":"Rooms again","projectIds":["10002"]}`, 400},
	{"POST", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_10006/context", `{"name":"Another global one"}`, 400},
	{"POST", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_10006/context", `{"name":"x","projectIds":["77"]}`, 404},
	{"POST", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_10006/context", `{"name":"x","projectIds":["10000"],"issueTypeIds":["77"]}`, 404},
	{"GET", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_10006/context?isGlobalContext=false&isAnyIssueType=false", "", 200},
	{"GET", "/rest/api/3/field/{fieldId}/context/projectmapping", "/rest/api/3/field/customfield_10006/context/projectmapping", "", 200},
	{"GET", "/rest/api/3/field/{fieldId}/context/issuetypemapping", "/rest/api/3/field/customfield_10006/context/issuetypemapping?contextId=10101", "", 200},
	{"PUT", "/rest/api/3/field/{fieldId}/context/{contextId}", "/rest/api/3/field/customfield_10006/context/10101", `{"name":"Rooms only","description":""}`, 204},
	{"PUT", "/rest/api/3/field/{fieldId}/context/{contextId}", "/rest/api/3/field/customfield_10006/context/10101", `{"name":""}`, 400},
	{"PUT", "/rest/api/3/field/{fieldId}/context/{contextId}", "/rest/api/3/field/customfield_10006/context/77", `{"name":"x"}`, 404},
	{"POST", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10006/context/10101/option", `{"options":[{"value":"A1"},{"value":"A2","disabled":true}]}`, 200},
	{"POST", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10006/context/10101/option", `{"options":[{"value":"A1"}]}`, 400},
	{"POST", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10006/context/10101/option", `{"options":[]}`, 400},
	{"POST", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10001/context/10001/option", `{"options":[{"value":"x"}]}`, 400},
	{"PUT", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10006/context/10101/option", `{"options":[{"id":"10100","value":"B1","disabled":true}]}`, 200},
	{"PUT", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10006/context/10101/option", `{"options":[{"id":"77","value":"B1"}]}`, 404},
	{"GET", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10006/context/10101/option", "", 200},
	{"GET", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10002/context/10002/option?optionId=10010", "", 200},
	{"GET", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10002/context/77/option", "", 404},
	{"GET", "/rest/api/3/field/{fieldId}/context/{contextId}/option", "/rest/api/3/field/customfield_10001/context/10001/option", "", 400},
	{"DELETE", "/rest/api/3/field/{fieldId}/context/{contextId}/option/{optionId}", "/rest/api/3/field/customfield_10006/context/10101/option/10101", "", 204},
	{"DELETE", "/rest/api/3/field/{fieldId}/context/{contextId}/option/{optionId}", "/rest/api/3/field/customfield_10006/context/10101/option/10101", "", 404},
	{"DELETE", "/rest/api/3/field/{fieldId}/context/{contextId}/option/{optionId}", "/rest/api/3/field/customfield_10002/context/10002/option/10010", "", 400},
	{"DELETE", "/rest/api/3/field/{fieldId}/context/{contextId}", "/rest/api/3/field/customfield_10006/context/10101", "", 204},
	{"DELETE", "/rest/api/3/field/{fieldId}/context/{contextId}", "/rest/api/3/field/customfield_10006/context/10100", "", 400},
	{"DELETE", "/rest/api/3/field/{id}", "/rest/api/3/field/customfield_10006", "", 303},
	{"DELETE", "/rest/api/3/field/{id}", "/rest/api/3/field/customfield_10006", "", 404},
	{"POST", "/rest/api/3/issue/properties", "", `{"entitiesIds":[10100,10102],"properties":{"a":{"n":1},"b":2}}`, 303},
	{"POST", "/rest/api/3/issue/properties", "", `{"entitiesIds":[99999],"properties":{"a":1}}`, 400},
	{"POST", "/rest/api/3/issue/properties", "", `{"entitiesIds":[],"properties":{"a":1}}`, 400},
	{"POST", "/rest/api/3/issue/properties/multi", "", `{"issues":[{"issueID":10100,"properties":{"c":1}},{"issueID":10102,"properties":{"c":2}}]}`, 303},
	{"POST", "/rest/api/3/issue/properties/multi", "", `{"issues":[{"issueID":10100,"properties":{}}]}`, 400},
	{"GET", "/rest/api/3/task/{taskId}", "/rest/api/3/task/10001", "", 200},
	{"GET", "/rest/api/3/task/{taskId}", "/rest/api/3/task/77", "", 404},
}

func TestContextsAreForAdministrators(t *testing.T) {
	site := openSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/rest/api/3/field/customfield_10002/context", ""},
		{"POST", "/rest/api/3/field/customfield_10002/context", `{"name":"x","projectIds":["10000"]}`},
	} {
		if a := jonas.do(c.method, c.path, c.body); a.status != 403 {
			t.Errorf("%s %s: staff gets %d, want 403", c.method, c.path, a.status)
		}
		if a := mia.do(c.method, c.path, c.body); a.status >= 300 {
			t.Errorf("%s %s: an admin gets %d: %s", c.method, c.path, a.status, a.body)
		}
	}
	// The context that every field seems to have is its own as soon as there is another; both have options of their own.
	if a := mia.get("/rest/api/3/field/customfield_10002/context/10002/option"); !strings.Contains(a.body, "Berlin HQ") {
		t.Errorf("the global context lost its options: %s", a.body)
	}
	if a := mia.get("/rest/api/3/field/customfield_10002/context/10100/option"); strings.Contains(a.body, "Berlin HQ") {
		t.Errorf("a new context has the options of another: %s", a.body)
	}
}

func TestBulkPropertiesAreAllOrNothing(t *testing.T) {
	site := openSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	if a := jonas.do("POST", "/rest/api/3/issue/properties", `{"entitiesIds":[10100,99999],"properties":{"a":1}}`); a.status != 400 {
		t.Fatalf("an unknown issue: status %d, want 400", a.status)
	}
	if a := mia.get("/rest/api/3/issue/10100/properties/a"); a.status != 404 {
		t.Errorf("half of a refused request was done: status %d", a.status)
	}
	a := mia.do("POST", "/rest/api/3/issue/properties", `{"entitiesIds":[10100],"properties":{"a":1}}`)
	task := strings.TrimPrefix(a.header.Get("Location"), site.url)
	if got := mia.get(task); got.status != 200 || got.json(t)["status"] != "COMPLETE" {
		t.Errorf("the task at %q: status %d: %s", task, got.status, got.body)
	}
	if got := jonas.get(task); got.status != 403 {
		t.Errorf("somebody else sees the task: status %d", got.status)
	}
	if got := jonas.get("/rest/api/3/issue/10100/properties/a"); got.status != 200 {
		t.Errorf("the property: status %d", got.status)
	}
}
