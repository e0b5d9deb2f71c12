package sandbox_test

import (
	"strings"
	"testing"
)

// userCalls exercise the operations on users, groups and permissions.
var userCalls = []restCall{
	{"GET", "/rest/api/3/user/search", "?query=mi", "", 200},
	{"GET", "/rest/api/3/user/search", "?accountId=712020:8b21d7c4-jonas-user", "", 200},
	{"GET", "/rest/api/3/user/search", "", "", 400},
	{"GET", "/rest/api/3/user/search", "?query=m&accountId=1", "", 400},
	{"GET", "/rest/api/3/user/bulk", "?accountId=712020:8b21d7c4-jonas-user&accountId=nobody&maxResults=1", "", 200},
	{"GET", "/rest/api/3/user/bulk", "", "", 400},
	{"GET", "/rest/api/3/user/assignable/search", "?project=OPS&query=", "", 200},
	{"GET", "/rest/api/3/user/assignable/search", "?issueKey=OPS-1&query=jonas", "", 200},
	{"GET", "/rest/api/3/user/assignable/search", "?project=NOPE", "", 404},
	{"GET", "/rest/api/3/user/assignable/search", "?query=jonas", "", 400},
	{"GET", "/rest/api/3/groups/picker", "?query=jira", "", 200},
	{"GET", "/rest/api/3/group/bulk", "?maxResults=2", "", 200},
	{"GET", "/rest/api/3/group/member", "?groupname=jira-users&maxResults=3", "", 200},
	{"GET", "/rest/api/3/group/member", "?groupname=nope", "", 404},
	{"GET", "/rest/api/3/group/member", "", "", 400},
	{"GET", "/rest/api/3/mypermissions", "?permissions=BROWSE_PROJECTS,ADMINISTER", "", 200},
	{"GET", "/rest/api/3/mypermissions", "?permissions=EDIT_ISSUES&projectKey=OPS", "", 200},
	{"GET", "/rest/api/3/mypermissions", "?permissions=EDIT_ISSUES&issueKey=OPS-1", "", 200},
	{"GET", "/rest/api/3/mypermissions", "?permissions=EDIT_ISSUES&issueKey=OPS-999", "", 404},
	{"GET", "/rest/api/3/mypermissions", "?permissions=FLY", "", 400},
	{"GET", "/rest/api/3/mypermissions", "", "", 400},
	{"GET", "/rest/api/3/permissions", "", "", 200},
	{"POST", "/rest/api/3/permissions/project", "", `{"permissions":["EDIT_ISSUES"]}`, 200},
	{"POST", "/rest/api/3/permissions/project", "", `{"permissions":["FLY"]}`, 400},
}

func TestPeopleAreFoundByThoseWhoMayBrowseThem(t *testing.T) {
	site := openSite(t)
	ada, jonas, mia := site.login("ada"), site.login("jonas"), site.login("mia")
	contains := func(p *person, path, text string, want bool) {
		t.Helper()
		if a := p.get(path); a.status != 200 || strings.Contains(a.body, text) != want {
			t.Errorf("%s: status %d, has %q: want %v: %.300s", path, a.status, text, want, a.body)
		}
	}
	contains(jonas, "/rest/api/3/user/search?query=mia", "Mia Admin", true)
	contains(jonas, "/rest/api/3/user/search?query=admin", "Mia Admin", true)
	contains(jonas, "/rest/api/3/user/search?query=mia@", "Mia Admin", false) // she does not show her address
	contains(ada, "/rest/api/3/user/search?query=mia", "Mia Admin", false)
	contains(ada, "/rest/api/3/groups/picker", "jira-users", false)
	contains(jonas, "/rest/api/3/user/assignable/search?project=HR&query=", "Ada Guest", false)
	contains(jonas, "/rest/api/3/user/assignable/search?project=HR&query=", "Jonas User", true)
	contains(ada, "/rest/api/3/mypermissions?permissions=EDIT_ISSUES", `"havePermission":true`, false)
	contains(jonas, "/rest/api/3/mypermissions?permissions=EDIT_ISSUES", `"havePermission":true`, true)
	contains(mia, "/rest/api/3/group/member?groupname=jira-users", "Jonas User", true)
	for _, path := range []string{"/rest/api/3/group/member?groupname=jira-users", "/rest/api/3/group/bulk", "/rest/api/3/permissions"} {
		if a := jonas.get(path); a.status != 403 {
			t.Errorf("%s: staff gets %d, want 403", path, a.status)
		}
	}
	if got := strings.TrimSpace(ada.do("POST", "/rest/api/3/permissions/project", `{"permissions":["BROWSE_PROJECTS"]}`).body); got != `{"projects":[{"id":10002,"key":"FAC"},{"id":10000,"key":"OPS"}]}` {
		t.Errorf("a guest may browse %s", got)
	}
}
