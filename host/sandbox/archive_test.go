package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// archiveCalls exercise the operations that put issues away.
var archiveCalls = []restCall{
	{"PUT", "/rest/api/3/issue/archive", "", `{"issueIdsOrKeys":["OPS-6","10106","OPS-999"]}`, 200},
	{"PUT", "/rest/api/3/issue/archive", "", `{"issueIdsOrKeys":["OPS-999"]}`, 400},
	{"PUT", "/rest/api/3/issue/archive", "", `{"issueIdsOrKeys":[]}`, 400},
	{"POST", "/rest/api/3/issue/archive", "", `{"jql":"key = OPS-8"}`, 202},
	{"POST", "/rest/api/3/issue/archive", "", `{"jql":"project = NOPE"}`, 400},
	{"POST", "/rest/api/3/issue/archive", "", `{}`, 400},
	{"PUT", "/rest/api/3/issues/archive/export", "", `{"projects":["OPS"],"archivedDateRange":{"dateAfter":"2026-11-20","dateBefore":"2026-11-20"}}`, 202},
	{"PUT", "/rest/api/3/issues/archive/export", "", `{}`, 202},
	{"PUT", "/rest/api/3/issues/archive/export", "", `{"projects":["NOPE"]}`, 400},
	{"PUT", "/rest/api/3/issues/archive/export", "", `{"issueTypes":["77"]}`, 400},
	{"PUT", "/rest/api/3/issues/archive/export", "", `{"archivedDateRange":{"dateAfter":"soon","dateBefore":"later"}}`, 400},
	{"PUT", "/rest/api/3/issue/unarchive", "", `{"issueIdsOrKeys":["OPS-6","OPS-7","OPS-8"]}`, 200},
	{"PUT", "/rest/api/3/issue/unarchive", "", `{"issueIdsOrKeys":["OPS-999"]}`, 400},
}

// found is how many issues a query finds for the person.
func (p *person) found(jql string) int {
	p.site.t.Helper()
	return len(p.get("/rest/api/3/search/jql?maxResults=5000&jql=" + url.QueryEscape(jql)).json(p.site.t)["issues"].([]any))
}

func TestArchivedIssuesAreFoundNoMoreAndCannotBeChanged(t *testing.T) {
	site := openSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	if a := jonas.do("PUT", "/rest/api/3/issue/archive", `{"issueIdsOrKeys":["OPS-1"]}`); a.status != http.StatusForbidden {
		t.Errorf("staff archives: status %d", a.status)
	}
	mia.do("POST", "/rest/api/3/issue/OPS-1/comment", strings.ReplaceAll(`{"body":DOC}`, "DOC", document))
	a := mia.do("PUT", "/rest/api/3/issue/archive", `{"issueIdsOrKeys":["OPS-1","OPS-998","OPS-999","OPS-998"]}`)
	want := `{"errors":{"issuesNotFound":{"count":2,"issueIdsOrKeys":["OPS-998","OPS-999"],"message":"Issue not found."}},"numberOfIssuesUpdated":1}`
	if diff := cmp.Diff(want, strings.TrimSpace(a.body)); diff != "" {
		t.Error(diff)
	}
	if n := mia.found("key in (OPS-1, OPS-2)"); n != 1 {
		t.Errorf("a search finds %d issues, want the one that is not archived", n)
	}
	if a := jonas.get("/rest/api/3/issue/OPS-1"); a.status != http.StatusOK {
		t.Errorf("read it: status %d", a.status)
	}
	for _, c := range []restCall{
		{method: "PUT", path: "", body: `{"fields":{"summary":"x"}}`},
		{method: "DELETE", path: ""},
		{method: "POST", path: "/comment", body: `{"body":DOC}`},
		{method: "PUT", path: "/comment/10000", body: `{"body":DOC}`},
		{method: "DELETE", path: "/comment/10000"},
		{method: "POST", path: "/worklog", body: `{"timeSpent":"1h"}`},
		{method: "POST", path: "/transitions", body: `{"transition":{"id":"31"}}`},
		{method: "PUT", path: "/properties/p", body: `1`},
		{method: "POST", path: "/remotelink", body: `{"object":{"url":"https://shop.example/2","title":"Order 2"}}`},
		{method: "POST", path: "/watchers", body: `"712020:8b21d7c4-jonas-user"`},
		{method: "POST", path: "/votes"},
	} {
		a := mia.do(c.method, "/rest/api/3/issue/OPS-1"+c.path, strings.ReplaceAll(c.body, "DOC", document))
		if a.status < 400 || a.status > 499 {
			t.Errorf("%s %s of an archived issue: status %d, want 4xx: %s", c.method, c.path, a.status, a.body)
		}
	}
	if a := mia.do("POST", "/rest/api/3/issueLink", `{"type":{"name":"Blocks"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"OPS-2"}}`); a.status < 400 || a.status > 499 {
		t.Errorf("link an archived issue: status %d", a.status)
	}
	if a := mia.do("PUT", "/rest/api/3/issue/unarchive", `{"issueIdsOrKeys":["OPS-1"]}`); a.json(t)["numberOfIssuesUpdated"] != 1.0 {
		t.Errorf("restore: %d %s", a.status, a.body)
	}
	if a := jonas.do("PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"summary":"Back"}}`); a.status != http.StatusNoContent || mia.found("key = OPS-1") != 1 {
		t.Errorf("change it again: status %d", a.status)
	}
}

func TestSubtasksAreArchivedWithTheirParent(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	if a := mia.do("POST", "/rest/api/3/issuetype", `{"name":"Part","type":"subtask"}`); a.status != http.StatusCreated {
		t.Fatal(a.body)
	}
	project := mia.do("POST", "/rest/api/3/project", `{"key":"SUB","name":"With subtasks","leadAccountId":"712020:5f3c1e0a-mia-admin","projectTypeKey":"business"}`)
	if project.status != http.StatusCreated {
		t.Fatal(project.body)
	}
	for _, fields := range []string{
		`"issuetype":{"name":"Laptop"},"summary":"Whole"`, `"issuetype":{"name":"Part"},"summary":"Part","parent":{"key":"SUB-1"}`,
	} {
		if a := mia.do("POST", "/rest/api/3/issue", `{"fields":{"project":{"key":"SUB"},`+fields+`}}`); a.status != http.StatusCreated {
			t.Fatal(a.body)
		}
	}
	archive := func(names string) string {
		return strings.TrimSpace(mia.do("PUT", "/rest/api/3/issue/archive", `{"issueIdsOrKeys":[`+names+`]}`).body)
	}
	if got := archive(`"SUB-2"`); !strings.Contains(got, "No valid issue") {
		t.Errorf("a subtask alone: %s", got)
	}
	want := `{"errors":{"issueIsSubtask":{"count":1,"issueIdsOrKeys":["SUB-2"],"message":"Issue is subtask."}},"numberOfIssuesUpdated":2}`
	if diff := cmp.Diff(want, archive(`"SUB-1","SUB-2"`)); diff != "" {
		t.Error(diff)
	}
	if got := archive(`"SUB-1"`); got != `{"errors":{},"numberOfIssuesUpdated":0}` {
		t.Errorf("a second time: %s", got)
	}
	if a := mia.do("POST", "/rest/api/3/project/SUB/archive", ""); a.status != http.StatusNoContent {
		t.Fatal(a.body)
	}
	a := mia.do("PUT", "/rest/api/3/issue/unarchive", `{"issueIdsOrKeys":["SUB-1","OPS-1"]}`)
	want = `{"errors":{"issuesInArchivedProjects":{"count":1,"issueIdsOrKeys":["SUB-1"],"message":"Issue exists in archived project."}},"numberOfIssuesUpdated":0}`
	if diff := cmp.Diff(want, strings.TrimSpace(a.body)); diff != "" {
		t.Error(diff)
	}
}

func TestMoreThanAThousandAreArchivedInPart(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	names := []string{`"OPS-1"`}
	for n := range 999 {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("OPS-%d", 5000+n)))
	}
	names = append(names, `"OPS-2"`)
	a := mia.do("PUT", "/rest/api/3/issue/archive", `{"issueIdsOrKeys":[`+strings.Join(names, ",")+`]}`)
	if a.status != http.StatusPreconditionFailed || mia.found("key = OPS-1") != 0 || mia.found("key = OPS-2") != 1 {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}

func TestArchivingByQueryIsATaskAndTheArchiveIsExported(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	before := mia.found("project = OPS AND type = Laptop")
	a := mia.do("POST", "/rest/api/3/issue/archive", `{"jql":"project = OPS AND type = Laptop"}`)
	if a.status != http.StatusAccepted {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	task := mia.get(strings.TrimPrefix(strings.Trim(strings.TrimSpace(a.body), `"`), site.url)).json(t)
	if task["status"] != "COMPLETE" || task["result"].(object)["numberOfIssuesUpdated"] != float64(before) || mia.found("project = OPS AND type = Laptop") != 0 {
		t.Errorf("task %v", task)
	}
	a = mia.do("PUT", "/rest/api/3/issues/archive/export", `{"archivedBy":["712020:5f3c1e0a-mia-admin"]}`)
	export := mia.get("/rest/api/3/task/" + a.json(t)["taskId"].(string)).json(t)["result"].(object)
	lines := strings.Split(strings.TrimSpace(export["csv"].(string)), "\n")
	if len(lines) != before+1 || !strings.HasPrefix(lines[1], "OPS-1,") || !strings.HasSuffix(lines[1], "712020:5f3c1e0a-mia-admin,2026-11-20T09:00:00Z") {
		t.Errorf("%d lines, want %d: %.300s", len(lines), before+1, export["csv"])
	}
	a = mia.do("PUT", "/rest/api/3/issues/archive/export", `{"archivedDateRange":{"dateAfter":"2026-11-21","dateBefore":"2026-12-31"}}`)
	if n := mia.get("/rest/api/3/task/" + a.json(t)["taskId"].(string)).json(t)["result"].(object)["numberOfIssues"]; n != 0.0 {
		t.Errorf("%v issues were archived in the days after", n)
	}
	if a := site.login("jonas").do("PUT", "/rest/api/3/issues/archive/export", `{}`); a.status != http.StatusForbidden {
		t.Errorf("staff exports: status %d", a.status)
	}
}

func TestPagesShowWhatIsArchived(t *testing.T) {
	site := openSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	if a := jonas.post("/browse/OPS-1/archive", url.Values{}); a.status != http.StatusForbidden {
		t.Errorf("staff archives: status %d", a.status)
	}
	if a := mia.post("/browse/OPS-1/archive", url.Values{}); a.status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	page := mia.get("/browse/OPS-1").body
	if !strings.Contains(page, "<strong>Archived</strong> by Mia Admin") || !strings.Contains(page, ">Restore</button>") || strings.Contains(page, "/edit") || strings.Contains(page, "/watch") {
		t.Error("the page does not show that the issue is archived")
	}
	if page := jonas.get("/browse/OPS-1").body; !strings.Contains(page, "<strong>Archived</strong>") || strings.Contains(page, ">Restore</button>") {
		t.Error("staff is offered to restore it")
	}
	mia.post("/browse/OPS-1/archive", url.Values{})
	if page := jonas.get("/browse/OPS-1").body; strings.Contains(page, "<strong>Archived</strong>") || !strings.Contains(page, "/edit") {
		t.Error("the page does not show that the issue is back")
	}
}
