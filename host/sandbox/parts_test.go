package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAppsHearOfCommentsAndLinks(t *testing.T) {
	site, app, arrived := hookSite(t, fine)
	hooks := `{"url":"` + app.url + `/dynamic","webhooks":[{"events":["comment_created","comment_updated","comment_deleted"],"jqlFilter":"project = OPS"}]}`
	if a := site.call(app, "POST", "/rest/api/3/webhook", hooks); a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	mia := site.login("mia")
	made := mia.do("POST", "/rest/api/3/issue/OPS-1/comment", `{"body":`+document+`}`)
	id := made.json(t)["id"].(string)
	mia.do("PUT", "/rest/api/3/issue/OPS-1/comment/"+id, `{"body":`+document+`}`)
	mia.do("DELETE", "/rest/api/3/issue/OPS-1/comment/"+id, "")
	for _, want := range []string{"comment_created", "comment_updated", "comment_deleted"} {
		body := (<-arrived)["body"].(object)
		if body["webhookEvent"] != want || body["comment"].(object)["id"] != id || body["issue"].(object)["key"] != "OPS-1" {
			t.Errorf("%v, want %s", body, want)
		}
	}
}

func TestPeopleSeeOfPartsWhatTheyMay(t *testing.T) {
	site := openSite(t)
	ada, jonas, mia := site.login("ada"), site.login("jonas"), site.login("mia")
	const comments = "/rest/api/3/issue/OPS-1/comment"
	if a := mia.do("POST", comments, `{"body":`+document+`,"visibility":{"type":"group","value":"site-admins"}}`); a.status != http.StatusCreated {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	mia.do("POST", comments, `{"body":`+document+`}`)
	mia.do("POST", "/rest/api/3/issueLink", `{"type":{"name":"Relates"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"HR-1"}}`)
	for who, want := range map[*person][2]int{ada: {1, 0}, jonas: {1, 1}, mia: {2, 1}} {
		values := who.get("/rest/api/3/issue/OPS-1").json(t)["fields"].(object)
		seen := [2]int{len(values["comment"].(object)["comments"].([]any)), len(values["issuelinks"].([]any))}
		if total := who.get(comments).json(t)["total"]; seen != want || total != float64(want[0]) {
			t.Errorf("comments and links %v, total %v, want %v", seen, total, want)
		}
	}
	for _, tt := range []struct {
		name         string
		who          *person
		method, path string
		body         string
		want         int
	}{
		{"guest does not comment", ada, "POST", comments, `{"body":` + document + `}`, 400},
		{"staff does not edit another's comment", jonas, "PUT", comments + "/10001", `{"body":` + document + `}`, 400},
		{"staff does not see what admins wrote", jonas, "GET", comments + "/10000", "", 404},
		{"guest has no transitions", ada, "POST", "/rest/api/3/issue/OPS-1/transitions", `{"transition":{"id":"11"}}`, 400},
		{"guest does not see a link's other end", ada, "GET", "/rest/api/3/issueLink/10000", "", 404},
		{"staff makes no link types", jonas, "POST", "/rest/api/3/issueLinkType", `{"name":"a","inward":"b","outward":"c"}`, 404},
		{"guest has no create metadata", ada, "GET", "/rest/api/3/issue/createmeta/OPS/issuetypes", "", 400},
	} {
		if a := tt.who.do(tt.method, tt.path, tt.body); a.status != tt.want {
			t.Errorf("%s: status %d, want %d: %.200s", tt.name, a.status, tt.want, a.body)
		}
	}
}

func TestPeopleVoteForOthersIssues(t *testing.T) {
	site := openSite(t)
	jonas, ada := site.login("jonas"), site.login("ada")
	const votes = "/rest/api/3/issue/FAC-1/votes"
	for n, step := range []struct {
		method     string
		status     int
		votes      float64
		voted, see bool
	}{
		{"POST", http.StatusNoContent, 1, true, true},
		{"POST", http.StatusNoContent, 1, true, true}, // once is enough
		{"DELETE", http.StatusNoContent, 0, false, false},
	} {
		if a := jonas.do(step.method, votes, ""); a.status != step.status {
			t.Fatalf("step %d: status %d: %s", n, a.status, a.body)
		}
		got := jonas.get(votes).json(t)
		if got["votes"] != step.votes || got["hasVoted"] != step.voted || len(got["voters"].([]any)) > 0 != step.see {
			t.Errorf("step %d: %v", n, got)
		}
		if got := ada.get(votes).json(t); got["votes"] != step.votes || got["hasVoted"] != false {
			t.Errorf("step %d, a guest: %v", n, got)
		}
	}
}

func TestVisibilityHidesWork(t *testing.T) {
	site := openSite(t)
	const work = "/rest/api/3/issue/OPS-1/worklog"
	mia, jonas := site.login("mia"), site.login("jonas")
	for _, body := range []string{`{"timeSpent":"1h"}`, `{"timeSpent":"2h","visibility":{"type":"group","value":"site-admins"}}`} {
		if a := mia.do("POST", work, body); a.status != http.StatusCreated {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
	}
	if all, some := mia.get(work).json(t)["total"], jonas.get(work).json(t)["total"]; all != 2.0 || some != 1.0 {
		t.Errorf("an administrator sees %v, staff %v", all, some)
	}
	if a := jonas.do("DELETE", work+"/10000", ""); a.status != http.StatusBadRequest {
		t.Errorf("another's work: status %d: %s", a.status, a.body)
	}
}

func TestFiltersOfOthersAreNeitherDeletedNorGivenTwice(t *testing.T) {
	site := openSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	const shared = `{"name":"Laptops","jql":"type = Laptop","sharePermissions":[{"type":"authenticated"}]}`
	path := "/rest/api/3/filter/" + mia.do("POST", "/rest/api/3/filter", shared).json(t)["id"].(string)
	if a := jonas.do("DELETE", path, ""); a.status != 401 {
		t.Errorf("delete the filter of another: status %d: %s", a.status, a.body)
	}
	if a := jonas.do("POST", path+"/permission", `{"type":"user","accountId":"`+site.account("ada")+`"}`); a.status != 404 {
		t.Errorf("share the filter of another: status %d: %s", a.status, a.body)
	}
	if a := jonas.do("POST", "/rest/api/3/filter", shared); a.status != 200 {
		t.Fatalf("make one of the same name: status %d: %s", a.status, a.body)
	}
	if a := mia.do("PUT", path+"/owner", `{"accountId":"`+site.account("jonas")+`"}`); a.status != 400 || !strings.Contains(a.body, "same name") {
		t.Errorf("give it to somebody who has one: status %d: %s", a.status, a.body)
	}
	if a := mia.get(path); a.status != 200 {
		t.Errorf("the filter afterwards: status %d", a.status)
	}
}
