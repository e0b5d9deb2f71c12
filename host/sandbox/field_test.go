package sandbox_test

import (
	"strings"
	"testing"
	"time"
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
	{"DELETE", "/rest/api/3/field/{fieldId}/context/{contextId}", "/rest/api/3/field/customfield_10006/context/10100", "", 204},
	{"GET", "/rest/api/3/field/{fieldId}/context", "/rest/api/3/field/customfield_10006/context", "", 200},
	{"GET", "/rest/api/3/customFieldOption/{id}", "/rest/api/3/customFieldOption/10010", "", 200},
	{"GET", "/rest/api/3/customFieldOption/{id}", "/rest/api/3/customFieldOption/77", "", 404},
	{"GET", "/rest/api/3/field/{fieldKey}/option", "/rest/api/3/field/customfield_10002/option", "", 400},
	{"POST", "/rest/api/3/field/{fieldKey}/option", "/rest/api/3/field/customfield_10002/option", `{"value":"x"}`, 404},
	{"GET", "/rest/api/3/field/{fieldKey}/option/suggestions/edit", "/rest/api/3/field/customfield_10002/option/suggestions/edit", "", 404},
	{"GET", "/rest/api/3/field/{fieldKey}/option/suggestions/search", "/rest/api/3/field/customfield_10002/option/suggestions/search", "", 404},
	{"GET", "/rest/api/3/field/{fieldKey}/option/{optionId}", "/rest/api/3/field/customfield_10002/option/1", "", 404},
	{"PUT", "/rest/api/3/field/{fieldKey}/option/{optionId}", "/rest/api/3/field/customfield_10002/option/1", `{"id":1,"value":"x"}`, 404},
	{"PUT", "/rest/api/3/field/{fieldKey}/option/{optionId}", "/rest/api/3/field/customfield_10002/option/1", `{"id":2,"value":"x"}`, 400},
	{"DELETE", "/rest/api/3/field/{fieldKey}/option/{optionId}", "/rest/api/3/field/customfield_10002/option/1", "", 404},
	{"GET", "/rest/api/3/app/field/{fieldIdOrKey}/context/configuration", "/rest/api/3/app/field/customfield_10002/context/configuration", "", 404},
	{"PUT", "/rest/api/3/app/field/{fieldIdOrKey}/context/configuration", "/rest/api/3/app/field/customfield_10002/context/configuration", `{"configurations":[]}`, 400},
	{"PUT", "/rest/api/3/app/field/{fieldIdOrKey}/value", "/rest/api/3/app/field/customfield_10002/value", `{"updates":[]}`, 403},
	{"POST", "/rest/api/3/app/field/value", "", `{"updates":[]}`, 403},
	{"DELETE", "/rest/api/3/field/{id}", "/rest/api/3/field/customfield_10006", "", 303},
	{"DELETE", "/rest/api/3/field/{id}", "/rest/api/3/field/customfield_10006", "", 404},
	{"POST", "/rest/api/3/issue/properties", "", `{"entitiesIds":[10100,10102],"properties":{"a":{"n":1},"b":2}}`, 303},
	{"POST", "/rest/api/3/issue/properties", "", `{"entitiesIds":[99999],"properties":{"a":1}}`, 400},
	{"POST", "/rest/api/3/issue/properties", "", `{"entitiesIds":[],"properties":{"a":1}}`, 400},
	{"POST", "/rest/api/3/issue/properties/multi", "", `{"issues":[{"issueID":10100,"properties":{"c":1}},{"issueID":10102,"properties":{"c":2}}]}`, 303},
	{"POST", "/rest/api/3/issue/properties/multi", "", `{"issues":[{"issueID":10100,"properties":{}}]}`, 400},
	{"PUT", "/rest/api/3/issue/properties/{propertyKey}", "/rest/api/3/issue/properties/d", `{"value":{"n":1},"filter":{"entityIds":[10100,10102],"hasProperty":false}}`, 303},
	{"PUT", "/rest/api/3/issue/properties/{propertyKey}", "/rest/api/3/issue/properties/d", `{"value":1,"filter":{"currentValue":1,"hasProperty":false}}`, 400},
	{"PUT", "/rest/api/3/issue/properties/{propertyKey}", "/rest/api/3/issue/properties/d", `{"expression":"issue.id"}`, 400},
	{"PUT", "/rest/api/3/issue/properties/{propertyKey}", "/rest/api/3/issue/properties/d", `{}`, 400},
	{"DELETE", "/rest/api/3/issue/properties/{propertyKey}", "/rest/api/3/issue/properties/d", `{"entityIds":[10100],"currentValue":{"n":1}}`, 303},
	{"DELETE", "/rest/api/3/issue/properties/{propertyKey}", "/rest/api/3/issue/properties/d", `{`, 400},
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

func TestEligibleIssuesGetAProperty(t *testing.T) {
	mia := openSite(t).login("mia")
	has := func(key string) string {
		a := mia.get("/rest/api/3/issue/" + key + "/properties/p")
		if a.status != 200 {
			return "none"
		}
		return compact(t, a.json(t)["value"])
	}
	for _, tt := range []struct{ method, body, want string }{
		{"PUT", `{"value":{"n":1},"filter":{"entityIds":[10100,10101]}}`, `{"n":1} {"n":1} none`},
		{"PUT", `{"value":2,"filter":{"hasProperty":false,"entityIds":[10101,10102]}}`, `{"n":1} {"n":1} 2`},
		{"PUT", `{"value":3,"filter":{"currentValue":{ "n": 1 },"entityIds":[10101,10102]}}`, `{"n":1} 3 2`},
		{"DELETE", `{"currentValue":3}`, `{"n":1} none 2`},
		{"PUT", `{"value":4,"filter":{"hasProperty":true}}`, `4 none 4`},
		{"DELETE", ``, `none none none`},
	} {
		if a := mia.do(tt.method, "/rest/api/3/issue/properties/p", tt.body); a.status != 303 {
			t.Fatalf("%s %s: status %d: %s", tt.method, tt.body, a.status, a.body)
		}
		if got := has("10100") + " " + has("10101") + " " + has("10102"); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.method, tt.body, got, tt.want)
		}
	}
}

func TestCommentPropertiesChangeNothingElse(t *testing.T) {
	site := openSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	made := mia.do("POST", "/rest/api/3/issue/OPS-1/comment", `{"body":`+document+`}`).json(t)
	path := "/rest/api/3/comment/" + made["id"].(string) + "/properties/p"
	site.clock.Advance(time.Hour)
	for _, want := range []int{201, 200} {
		if a := mia.do("PUT", path, `{"n":1}`); a.status != want {
			t.Errorf("status %d, want %d: %s", a.status, want, a.body)
		}
	}
	if a := jonas.do("PUT", path, `1`); a.status != 403 {
		t.Errorf("another's comment: status %d, want 403", a.status)
	}
	if got := jonas.get(path).json(t)["value"].(object)["n"]; got != 1.0 {
		t.Errorf("the value is %v", got)
	}
	if got := mia.get("/rest/api/3/issue/OPS-1/comment/" + made["id"].(string)).json(t)["updated"]; got != made["updated"] {
		t.Errorf("the comment counts as changed: %v", got)
	}
	if a := mia.do("DELETE", path, ""); a.status != 204 || mia.get(path).status != 404 {
		t.Errorf("deleted with status %d", a.status)
	}
}

func TestAFieldWithoutContextsIsNowhere(t *testing.T) {
	mia := openSite(t).login("mia")
	if a := mia.do("DELETE", "/rest/api/3/field/customfield_10001/context/10001", ""); a.status != 204 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if _, has := mia.fields(t, "OPS-1")["customfield_10001"]; has {
		t.Error("an issue still has the field")
	}
	if a := mia.do("PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"customfield_10001":"x"}}`); a.status != 400 {
		t.Errorf("a value is taken: status %d", a.status)
	}
	mia.do("POST", "/rest/api/3/field/customfield_10001/context", `{"name":"IT","projectIds":["10000"]}`)
	if got := mia.fields(t, "OPS-1")["customfield_10001"]; got != "PF4X7K00A" {
		t.Errorf("with a context again the value is %v", got)
	}
}

func TestAppsKeepTheOptionsOfTheirFields(t *testing.T) {
	site := fieldSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	const options = "/rest/api/3/field/example.app__team/option"
	made := mia.do("POST", options, `{"value":"Blue","properties":{"n":1},"config":{"scope":{"projects2":[{"id":10000},{"id":10002,"attributes":["notSelectable"]}]}}}`)
	if made.status != 200 || made.json(t)["id"] != 2.0 {
		t.Fatalf("status %d: %s", made.status, made.body)
	}
	for _, tt := range []struct {
		who          *person
		method, path string
		body         string
		status       int
		total        any
	}{
		{mia, "GET", options, "", 200, 2.0},
		{jonas, "GET", options, "", 403, nil},
		{jonas, "GET", options + "/suggestions/search?projectId=10002", "", 200, 2.0},
		{jonas, "GET", options + "/suggestions/edit?projectId=10002", "", 200, 1.0},
		{jonas, "GET", options + "/suggestions/search?projectId=10001", "", 200, 1.0},
		{mia, "POST", options, `{"value":" "}`, 400, nil},
		{mia, "POST", options, `{"value":"x","config":{"scope":{"projects":[77]}}}`, 400, nil},
		{mia, "POST", options, `{"value":"x","config":{"attributes":["odd"]}}`, 400, nil},
		{mia, "PUT", options + "/9", `{"id":9,"value":"Nine"}`, 200, nil},
		{mia, "GET", options + "/9", "", 200, nil},
		{jonas, "PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"customfield_20014":{"id":"2"}}}`, 204, nil},
		{jonas, "PUT", "/rest/api/3/issue/FAC-1", `{"fields":{"customfield_20014":{"id":"2"}}}`, 400, nil},
		{mia, "DELETE", options + "/2", "", 409, nil},
		{mia, "DELETE", options + "/9", "", 204, nil},
	} {
		a := tt.who.do(tt.method, tt.path, tt.body)
		if a.status != tt.status || tt.total != nil && a.json(t)["total"] != tt.total {
			t.Errorf("%s %s %s: status %d, want %d with %v: %s", tt.method, tt.path, tt.body, a.status, tt.status, tt.total, a.body)
		}
	}
}

func TestForgeFieldsAreConfiguredAndWrittenByTheirAppOnly(t *testing.T) {
	site := fieldSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	const path = "/rest/api/3/app/field/customfield_20015/context/configuration"
	if a := jonas.get(path); a.status != 403 {
		t.Errorf("staff sees configurations: status %d", a.status)
	}
	id := part(mia.get(path).json(t), "values.0.id").(string)
	if a := mia.do("PUT", path, `{"configurations":[{"id":"`+id+`","configuration":{"max":5},"schema":{"type":"object"}}]}`); a.status != 200 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	for query, want := range map[string]string{
		"": "5", "?fieldContextId=" + id: "5", "?issueId=10100": "5", "?projectKeyOrId=OPS&issueTypeId=10001": "5", "?id=77": "<nil>",
	} {
		parts(t, mia.get(path+query).json(t), map[string]string{"values.0.configuration.max": want})
	}
	for _, query := range []string{"?id=1&issueId=1", "?projectKeyOrId=OPS"} {
		if a := mia.get(path + query); a.status != 400 {
			t.Errorf("%s: status %d, want 400", query, a.status)
		}
	}
	if a := mia.do("PUT", "/rest/api/3/app/field/customfield_20015/value", `{"updates":[{"issueIds":[10100],"value":{"n":1}}]}`); a.status != 403 {
		t.Errorf("a person writes the app's value: status %d", a.status)
	}
}

func TestFieldsOfEveryTypeCanBeMade(t *testing.T) {
	mia := openSite(t).login("mia")
	for kind, schema := range map[string]string{
		"textfield": "string", "readonlyfield": "string", "textarea": "string", "url": "string", "select": "option", "multiselect": "array option",
		"multicheckboxes": "array option", "radiobuttons": "option", "cascadingselect": "option-with-child", "datepicker": "date", "datetime": "datetime",
		"float": "number", "importid": "number", "labels": "array string", "userpicker": "user", "multiuserpicker": "array user", "people": "array user",
		"grouppicker": "group", "multigrouppicker": "array group", "version": "version", "multiversion": "array version", "project": "project",
	} {
		full := "com.atlassian.jira.plugin.system.customfieldtypes:" + kind
		a := mia.do("POST", "/rest/api/3/field", `{"name":"A `+kind+`","type":"`+full+`"}`)
		if a.status != 201 {
			t.Errorf("%s: status %d: %s", kind, a.status, a.body)
			continue
		}
		got := a.json(t)["schema"].(object)
		items, _ := got["items"].(string)
		if text := strings.TrimSpace(got["type"].(string) + " " + items); text != schema || got["custom"] != full {
			t.Errorf("%s: %v, want %s", kind, got, schema)
		}
	}
}

func TestBulkCreationSaysWhatFailed(t *testing.T) {
	mia := fieldSite(t).login("mia")
	a := mia.do("POST", "/rest/api/3/issue/bulk", `{"issueUpdates":[{"fields":{`+newLaptop+`},"update":{"worklog":[{"add":{"timeSpent":"60m"}}]},"properties":[{"key":"p","value":1}],"transition":{"id":"21"}},
		{"fields":{`+newLaptop+`,"duedate":"x","priority":{"id":"77"}}},{"fields":{`+newLaptop+`},"transition":{"id":"99"}}]}`)
	if a.status != 201 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	parts(t, a.json(t), map[string]string{
		"issues.0.transition.status": "204", "issues.1": "<nil>", "errors.0.failedElementNumber": "1", "errors.0.status": "400",
		"errors.0.elementErrors.errors.duedate": "Error parsing date string: x", "errors.0.elementErrors.errors.priority": "The priority selected is invalid.",
		"errors.1.failedElementNumber": "2", "errors.1.elementErrors.errorMessages.0": "Transition id '99' is not valid for this issue.",
	})
	parts(t, mia.fields(t, part(a.json(t), "issues.0.key").(string)), map[string]string{"timespent": "3600", "status.name": "In use"})
}

func TestBulkThatIsCutOffIsRefusedAsABulk(t *testing.T) {
	a := openSite(t).login("mia").do("POST", "/rest/api/3/issue/bulk", `{"issueUpdates":[{"fields":{`)
	want := `{"errors":[{"elementErrors":{"errorMessages":["Invalid request payload. Refer to the REST API documentation and try again."],"errors":{}},"status":400}],"issues":[]}`
	if got := strings.TrimSpace(a.body); a.status != 400 || got != want {
		t.Errorf("status %d: %s, want 400: %s", a.status, got, want)
	}
}
