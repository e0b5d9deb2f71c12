package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestUnservedOperationSaysSo(t *testing.T) {
	site, app := installedApp(t)
	tests := []struct {
		method, path string
		status       int
		want         string // a part of the message
	}{
		{"GET", "/rest/api/3/dashboard/1", 501, "getDashboard"},
		{"GET", "/rest/api/2/dashboard/1", 501, "getDashboard"},
		{"GET", "/rest/api/3/teapot", 404, "null for uri: " + site.url + "/rest/api/3/teapot"},
		{"GET", "/rest/agile/1.0/board", 404, "null for uri"},
		{"PATCH", "/rest/api/3/issue/OPS-1", 405, "Method Not Allowed"},
	}
	for _, tt := range tests {
		a := site.call(app, tt.method, tt.path, "")
		message, _ := a.json(t)["message"].(string)
		if a.status != tt.status || !strings.Contains(message, tt.want) {
			t.Errorf("%s %s: status %d, want %d with %q: %s", tt.method, tt.path, a.status, tt.status, tt.want, a.body)
		}
		if a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") != "DELETE, GET, PUT" {
			t.Errorf("%s %s: Allow is %q", tt.method, tt.path, a.header.Get("Allow"))
		}
	}
}

func TestVersion2HasTextInsteadOfDocuments(t *testing.T) {
	site, app := installedApp(t)
	const path, text = "/rest/api/2/issue/OPS-1", "First line\nsecond line\n\nAnother *paragraph*"
	if a := site.call(app, "PUT", path, compact(t, object{"fields": object{"description": text}})); a.status != 204 {
		t.Fatalf("edit: status %d: %s", a.status, a.body)
	}
	old := site.call(app, "GET", path, "").json(t)
	if got := old["fields"].(object)["description"]; got != text {
		t.Errorf("description in version 2: %q, want %q", got, text)
	}
	if self := old["self"].(string); !strings.Contains(self, "/rest/api/2/") {
		t.Errorf("self is %s", self)
	}
	doc, ok := site.call(app, "GET", "/rest/api/3/issue/OPS-1", "").json(t)["fields"].(object)["description"].(object)
	if !ok || doc["type"] != "doc" || len(doc["content"].([]any)) != 2 {
		t.Errorf("description in version 3: %v, want two paragraphs", doc)
	}
}

func TestVersion2TakesTextWhereverVersion3WantsDocuments(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	field := mia.do("POST", "/rest/api/3/field", `{"name":"Terms","type":"com.atlassian.jira.plugin.system.customfieldtypes:textarea"}`).json(t)["id"].(string)
	const issue = "/rest/api/2/issue/OPS-1"
	for _, c := range []struct {
		method, path, body string
		status             int
		read, want         string // what then holds the text
	}{
		{"POST", issue + "/worklog", `{"timeSpent":"1h","comment":"Looked at it"}`, 201, issue + "/worklog", "Looked at it"},
		{"PUT", issue, `{"update":{"worklog":[{"add":{"timeSpent":"1h","comment":"Looked twice"}}]}}`, 204, issue + "/worklog", "Looked twice"},
		{"POST", "/rest/api/2/issueLink", `{"type":{"name":"Relates"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"OPS-2"},"comment":{"body":"Linked"}}`, 201, "/rest/api/2/issue/OPS-2/comment", "Linked"},
		{"PUT", issue, `{"fields":{"` + field + `":"Three years"}}`, 204, issue, "Three years"},
		{"PUT", issue, `{"update":{"` + field + `":[{"set":"Four years"}]}}`, 204, issue, "Four years"},
		{"POST", "/rest/api/2/issue/bulk", `{"issueUpdates":[{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Laptop"},"summary":"x","description":"One of many"}}]}`, 201, "/rest/api/2/search/jql?jql=project=OPS+ORDER+BY+key+DESC&maxResults=1&fields=description", "One of many"},
	} {
		if a := mia.do(c.method, c.path, c.body); a.status != c.status {
			t.Errorf("%s %s: status %d: %s", c.method, c.path, a.status, a.body)
		}
		if a := mia.get(c.read); !strings.Contains(a.body, `"`+c.want+`"`) {
			t.Errorf("%s after %s: %s, want the text %q", c.read, c.body, a.body, c.want)
		}
	}
}

func TestVersion2LeavesPropertiesAlone(t *testing.T) {
	site, app := installedApp(t)
	const value = `{"body":"text","doc":{"content":[],"type":"doc","version":1}}`
	if a := site.call(app, "PUT", "/rest/api/2/issue/OPS-1/properties/p", value); a.status != 201 {
		t.Fatalf("set: status %d: %s", a.status, a.body)
	}
	for _, path := range []string{"/rest/api/2/issue/OPS-1/properties/p", "/rest/api/3/issue/OPS-1/properties/p"} {
		if got := compact(t, site.call(app, "GET", path, "").json(t)["value"]); got != value {
			t.Errorf("%s: %s, want %s", path, got, value)
		}
	}
}

func TestAPITokensAreThoseOfPeople(t *testing.T) {
	site := openSite(t)
	tests := []struct {
		name, email, token string
		status             int
	}{
		{"an admin", "mia@pergola.example", "sandbox", 200},
		{"staff, in capitals", "JONAS@pergola.example", "sandbox", 200},
		{"a wrong token", "mia@pergola.example", "another", 401},
		{"nobody", "nobody@pergola.example", "sandbox", 401},
		{"no address", "", "sandbox", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, "GET", site.url+"/rest/api/3/myself", "")
			r.SetBasicAuth(tt.email, tt.token)
			a := send(t, http.DefaultClient, r)
			if a.status != tt.status {
				t.Fatalf("status %d, want %d: %s", a.status, tt.status, a.body)
			}
			if a.status == 200 && !strings.EqualFold(a.json(t)["emailAddress"].(string), tt.email) {
				t.Errorf("it is %v", a.json(t)["emailAddress"])
			}
		})
	}
}
