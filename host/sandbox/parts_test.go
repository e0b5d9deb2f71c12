package sandbox_test

import (
	"net/http"
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
