package sandbox_test

import "testing"

// projectCalls exercise the operations on projects, and on the kinds of things that a site has.
var projectCalls = []restCall{
	{"POST", "/rest/api/3/issuetype", "", `{"name":"Printer","description":"Paper goes in","type":"standard"}`, 201},
	{"POST", "/rest/api/3/issuetype", "", `{"name":"Toner","hierarchyLevel":-1}`, 201},
	{"POST", "/rest/api/3/issuetype", "", `{"name":"printer"}`, 409},
	{"POST", "/rest/api/3/issuetype", "", `{"name":""}`, 400},
	{"GET", "/rest/api/3/issuetype/{id}", "/rest/api/3/issuetype/10001", "", 200},
	{"GET", "/rest/api/3/issuetype/{id}", "/rest/api/3/issuetype/77", "", 404},
	{"GET", "/rest/api/3/status", "", "", 200},
	{"GET", "/rest/api/3/status/{idOrName}", "/rest/api/3/status/In%20use", "", 200},
	{"GET", "/rest/api/3/status/{idOrName}", "/rest/api/3/status/77", "", 404},
	{"GET", "/rest/api/3/statuscategory", "", "", 200},
	{"GET", "/rest/api/3/priority", "", "", 200},
	{"GET", "/rest/api/3/priority/{id}", "/rest/api/3/priority/3", "", 200},
	{"GET", "/rest/api/3/priority/{id}", "/rest/api/3/priority/77", "", 404},
	{"GET", "/rest/api/3/resolution", "", "", 200},
	{"GET", "/rest/api/3/resolution/{id}", "/rest/api/3/resolution/10000", "", 200},
	{"GET", "/rest/api/3/resolution/{id}", "/rest/api/3/resolution/77", "", 404},
	{"PUT", "/rest/api/3/project/{projectIdOrKey}/properties/{propertyKey}", "/rest/api/3/project/OPS/properties/app.state", `{"n":1}`, 201},
	{"PUT", "/rest/api/3/project/{projectIdOrKey}/properties/{propertyKey}", "/rest/api/3/project/OPS/properties/app.state", `{"n":2}`, 200},
	{"PUT", "/rest/api/3/project/{projectIdOrKey}/properties/{propertyKey}", "/rest/api/3/project/OPS/properties/app.state", `{`, 400},
	{"PUT", "/rest/api/3/project/{projectIdOrKey}/properties/{propertyKey}", "/rest/api/3/project/NOPE/properties/app.state", `1`, 404},
	{"GET", "/rest/api/3/project", "?expand=description,lead,issueTypes&properties=app.state", "", 200},
	{"GET", "/rest/api/3/project/{projectIdOrKey}/properties", "/rest/api/3/project/OPS/properties", "", 200},
	{"GET", "/rest/api/3/project/{projectIdOrKey}/properties", "/rest/api/3/project/77/properties", "", 404},
	{"GET", "/rest/api/3/project/{projectIdOrKey}/properties/{propertyKey}", "/rest/api/3/project/OPS/properties/app.state", "", 200},
	{"GET", "/rest/api/3/project/{projectIdOrKey}/properties/{propertyKey}", "/rest/api/3/project/OPS/properties/nope", "", 404},
	{"DELETE", "/rest/api/3/project/{projectIdOrKey}/properties/{propertyKey}", "/rest/api/3/project/OPS/properties/app.state", "", 204},
	{"DELETE", "/rest/api/3/project/{projectIdOrKey}/properties/{propertyKey}", "/rest/api/3/project/OPS/properties/app.state", "", 404},
	{"GET", "/rest/api/3/project/{projectIdOrKey}/role", "/rest/api/3/project/OPS/role", "", 200},
	{"GET", "/rest/api/3/project/{projectIdOrKey}/role/{id}", "/rest/api/3/project/OPS/role/10002", "", 200},
	{"GET", "/rest/api/3/project/{projectIdOrKey}/role/{id}", "/rest/api/3/project/OPS/role/77", "", 404},
	{"POST", "/rest/api/3/projectCategory", "", `{"name":"Vehicles","description":"What has wheels"}`, 201},
	{"POST", "/rest/api/3/projectCategory", "", `{"name":"vehicles"}`, 409},
	{"POST", "/rest/api/3/projectCategory", "", `{"description":"x"}`, 400},
	{"GET", "/rest/api/3/projectCategory/{id}", "/rest/api/3/projectCategory/10002", "", 200},
	{"GET", "/rest/api/3/projectCategory/{id}", "/rest/api/3/projectCategory/77", "", 404},
	{"PUT", "/rest/api/3/projectCategory/{id}", "/rest/api/3/projectCategory/10002", `{"name":"Cars"}`, 200},
	{"PUT", "/rest/api/3/projectCategory/{id}", "/rest/api/3/projectCategory/10002", `{"name":"Company"}`, 400},
	{"PUT", "/rest/api/3/projectCategory/{id}", "/rest/api/3/projectCategory/77", `{"name":"Cars"}`, 404},
	{"DELETE", "/rest/api/3/projectCategory/{id}", "/rest/api/3/projectCategory/10002", "", 204},
	{"DELETE", "/rest/api/3/projectCategory/{id}", "/rest/api/3/projectCategory/10002", "", 404},
}

func TestProjectsAreChangedByTheirAdministrators(t *testing.T) {
	site := openSite(t)
	ada, jonas, mia := site.login("ada"), site.login("jonas"), site.login("mia")
	tests := []struct {
		name   string
		who    *person
		method string
		path   string
		body   string
		want   int
	}{
		{"guest does not find the project", ada, "GET", "/rest/api/3/project/HR/properties", "", 404},
		{"guest does not find its type", ada, "GET", "/rest/api/3/issuetype/10005", "", 404},
		{"staff sees properties", jonas, "GET", "/rest/api/3/project/HR/properties", "", 200},
		{"staff does not set them", jonas, "PUT", "/rest/api/3/project/HR/properties/p", "1", 403},
		{"staff does not read roles", jonas, "GET", "/rest/api/3/project/HR/role", "", 404},
		{"staff does not make categories", jonas, "POST", "/rest/api/3/projectCategory", `{"name":"x"}`, 403},
		{"staff does not make types", jonas, "POST", "/rest/api/3/issuetype", `{"name":"x"}`, 403},
		{"admin sets properties", mia, "PUT", "/rest/api/3/project/HR/properties/p", "1", 201},
		{"admin reads roles", mia, "GET", "/rest/api/3/project/HR/role", "", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a := tt.who.do(tt.method, tt.path, tt.body); a.status != tt.want {
				t.Errorf("status %d, want %d: %.200s", a.status, tt.want, a.body)
			}
		})
	}
}
