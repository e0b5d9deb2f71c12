package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox"
)

// search runs a query as the app and returns the keys found.
func search(t *testing.T, site *testSite, app *fakeApp, query string) (keys []string, a answer) {
	t.Helper()
	a = site.call(app, "GET", "/rest/api/3/search/jql?fields=key&maxResults=5000&jql="+url.QueryEscape(query), "")
	if a.status == 200 {
		for _, i := range a.json(t)["issues"].([]any) {
			keys = append(keys, i.(object)["key"].(string))
		}
	}
	return keys, a
}

func TestSearchFinds(t *testing.T) {
	site, app := installedApp(t)
	tests := []struct{ jql, want string }{
		{`key = OPS-1`, "OPS-1"},
		{`issuekey = ops-1`, "OPS-1"},
		{`id = 10100`, "OPS-1"},
		{`key in (OPS-3, FAC-1, "HR-2") ORDER BY key`, "FAC-1 HR-2 OPS-3"},
		{`key in (OPS-3, OPS-20, OPS-100) ORDER BY key`, "error: An issue with key 'OPS-100' does not exist for field 'key'."},
		{`key in (OPS-3, OPS-20) ORDER BY key DESC`, "OPS-20 OPS-3"},
		{`project = HR AND summary ~ "support"`, "HR-2"},
		{`project = 10001 AND summary ~ "supp*"`, "HR-2"},
		{`project = "People" AND summary ~ "supp"`, ""},
		{`project = "IT assets" AND type = Server AND status != "In use"`, "OPS-20"},
		{`project != OPS AND project != FAC AND summary ~ "finance"`, "HR-7"},
		{`project not in (OPS, HR) AND status = Retired`, ""},
		{`issuetype in (Laptop, 10002) AND NOT status = "In use" ORDER BY key`, "OPS-8 OPS-11 OPS-12 OPS-13 OPS-20"},
		{`cf[10001] ~ PF4X7K00A`, "OPS-1"},
		{`"Serial number" ~ "pf4x7k00a"`, "OPS-1"},
		{`"Serial number" ~ "C02*" ORDER BY key`, "OPS-2 OPS-7 OPS-12"},
		{`customfield_10001 is EMPTY AND project = FAC AND type = Room ORDER BY key`, "FAC-1 FAC-2 FAC-3 FAC-4 FAC-5 FAC-6"},
		{`cf[10002] = "Munich office" AND type = Laptop ORDER BY key`, "OPS-4 OPS-9"},
		{`Location in ("Home office") AND type = Monitor`, "OPS-22"},
		{`"Purchase price" > 9000 AND "Purchase price" < 10000 ORDER BY key`, "OPS-14 OPS-15"},
		{`"Purchase price" = 210`, "OPS-32"},
		{`"Warranty until" < 2026-07-01 ORDER BY "Warranty until"`, "OPS-13 OPS-26 OPS-8"},
		{`assignee = currentUser()`, ""},
		{`assignee = "Lena Fischer" AND type = Laptop ORDER BY key`, "OPS-3 OPS-13"},
		{`Owner = 712020:c09e4a52-ada-guest`, "OPS-10"},
		{`labels = loaner ORDER BY key`, "OPS-11 OPS-12"},
		{`labels is not EMPTY AND type = "Software licence" ORDER BY key`, "OPS-29 OPS-30 OPS-31"},
		{`description ~ "data centre"`, "HR-9"},
		{`summary ~ "\"14 M4 #2\""`, "OPS-7"},
		{`(key = OPS-1 OR key = OPS-2) AND NOT (key = OPS-2)`, "OPS-1"},
		{`key >= OPS-1 AND key < OPS-4 ORDER BY summary`, "OPS-3 OPS-2 OPS-1"},
		{`key in (OPS-1, OPS-2, OPS-3) ORDER BY created DESC`, "OPS-3 OPS-2 OPS-1"},
		{`key in (OPS-11, OPS-1) ORDER BY assignee ASC`, "OPS-1 OPS-11"},

		{`text ~ "data centre" AND project = HR`, "HR-9"},
		{`statusCategory = Done AND type = Room`, ""},
		{`category = "IT assets" AND type = Server AND statusCategory = "In Progress" AND status != "In use" ORDER BY key`, "OPS-20"},
		{`key in (OPS-1, OPS-2) AND assignee in membersOf("site-admins")`, "OPS-2"},
		{`project in projectsLeadByUser("712020:8b21d7c4-jonas-user") AND key < FAC-3 ORDER BY key`, "FAC-1 FAC-2"},
		{`key = OPS-1 AND status WAS NOT Retired`, "OPS-1"},
		{`key in (OPS-1, OPS-2) AND status CHANGED`, ""},
		{`key in linkedIssues(OPS-1)`, ""},
		{`key in linkedIssues(OPS-999)`, "error: Issue 'OPS-999' could not be found in function 'linkedIssues'."},
		{`key = OPS-1 AND votes = 0 AND priority >= Medium ORDER BY priority, votes`, "OPS-1"},

		{`nonsense = 1`, "error: Field 'nonsense' does not exist or you do not have permission to view it."},
		{`project = NOPE`, "error: The value 'NOPE' does not exist for the field 'project'."},
		{`status = Lost`, "error: The value 'Lost' does not exist for the field 'status'."},
		{`type = Spaceship`, "error: The value 'Spaceship' does not exist for the field 'type'."},
		{`Location = Mars`, "error: The option 'Mars' for field 'Location' does not exist."},
		{`id = 5`, "error: A value with ID '5' does not exist for the field 'id'."},
		{`project ~ OPS`, "error: The operator '~' is not supported by the 'project' field."},
		{`cf[10001] = x`, "error: The operator '=' is not supported by the 'cf[10001]' field."},
		{`"Purchase price" = cheap`, "error: Value 'cheap' is invalid for the 'Purchase price' field. Valid values include numbers."},
		{`created > yesterday`, "error: Date value 'yesterday' for field 'created' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."},
		{`assignee = everybody()`, "error: Unable to find JQL function 'everybody()'."},
		{`project = currentUser()`, "error: A value provided by the function 'currentUser' is invalid for the field 'project'."},
		{`project = OPS ORDER BY nonsense`, "error: Field 'nonsense' does not exist or you do not have permission to view it."},
		{`project = OPS ORDER BY description`, "error: Not able to sort using field 'description'."},
		{``, "error: Unbounded JQL queries are not allowed here. Please add a search restriction to your query."},
		{`ORDER BY key`, "error: Unbounded JQL queries are not allowed here. Please add a search restriction to your query."},
		{`project = OPS ORDER BY key, created, updated, summary, status, type, assignee, reporter`, "error: The maximum number of fields to order by is 7."},
		{`project =`, "error: Error in JQL Query: Expecting either a value, list or function before the end of the query."},
	}
	for _, tt := range tests {
		t.Run(tt.jql, func(t *testing.T) {
			keys, a := search(t, site, app, tt.jql)
			got := strings.Join(keys, " ")
			if a.status == 400 {
				got = fmt.Sprint("error: ", a.json(t)["errorMessages"].([]any)[0])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("status %d (-want +got):\n%s", a.status, diff)
			}
		})
	}
}

func TestSearchKnowsWhatWas(t *testing.T) {
	site, app := installedApp(t)
	const jonas, lena = "712020:8b21d7c4-jonas-user", "712020:00000000-colleague-1"
	for _, who := range []string{jonas, lena} {
		if a := site.call(app, "PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"assignee":{"accountId":"`+who+`"}}}`); a.status != 204 {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		site.clock.Advance(48 * time.Hour)
	}
	for query, want := range map[string]string{
		`assignee WAS "` + jonas + `"`:                                              "OPS-1",
		`assignee WAS "` + lena + `" AND assignee = "` + lena + `" AND key = OPS-1`: "OPS-1",
		`assignee WAS "` + jonas + `" BEFORE "2000-01-01"`:                          "",
		`assignee WAS "` + jonas + `" ON -3d`:                                       "OPS-1",
		`assignee WAS "` + jonas + `" AFTER -1d`:                                    "",
		`assignee WAS "` + jonas + `" BY "` + lena + `"`:                            "",
		`assignee CHANGED FROM "` + jonas + `" TO "` + lena + `"`:                   "OPS-1",
		`assignee CHANGED TO "` + jonas + `" AFTER -3d`:                             "",
		`NOT assignee CHANGED`:                                                      "OPS-2",
	} {
		keys, a := search(t, site, app, "key in (OPS-1, OPS-2) AND "+query)
		if got := strings.Join(keys, " "); got != want || a.status != 200 {
			t.Errorf("%s: status %d, %q, want %q", query, a.status, got, want)
		}
	}
}

func TestQueriesMatchIssues(t *testing.T) {
	site := openSite(t)
	a := site.login("ada").do("POST", "/rest/api/3/jql/match", `{"issueIds":[10100,10101,10103,99],"jqls":["key < OPS-3","assignee = currentUser()","project = HR"]}`)
	want := `{"matches":[{"errors":[],"matchedIssues":[10100,10101]},{"errors":[],"matchedIssues":[]},{"errors":["The value 'HR' does not exist for the field 'project'."],"matchedIssues":[]}]}`
	if got := strings.TrimSpace(a.body); a.status != 200 || got != want {
		t.Errorf("status %d: %s, want %s", a.status, got, want)
	}
	a = site.login("ada").do("POST", "/rest/api/3/jql/parse?validation=warn", `{"queries":["status = Lost"]}`)
	row := a.json(t)["queries"].([]any)[0].(object)
	if row["structure"] == nil || row["warnings"] == nil || row["errors"] != nil {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}

func TestSearchShowsOnlyWhatOneMaySee(t *testing.T) {
	site := openSite(t)
	count := func(who, query string) (int, string) {
		a := site.login(who).do("POST", "/rest/api/3/search/approximate-count", compact(t, object{"jql": query}))
		if a.status != 200 {
			return 0, a.json(t)["errorMessages"].([]any)[0].(string)
		}
		return int(a.json(t)["count"].(float64)), ""
	}
	all, _ := count("jonas", "created > 2000-01-01")
	hr, _ := count("jonas", "project = HR")
	guest, _ := count("ada", "created > 2000-01-01")
	if hr == 0 || guest != all-hr {
		t.Errorf("staff finds %d issues, %d of them people; the guest finds %d", all, hr, guest)
	}
	for query, want := range map[string]string{
		"project = HR": "The value 'HR' does not exist for the field 'project'.",
		"key = HR-1":   "An issue with key 'HR-1' does not exist for field 'key'.",
	} {
		if _, got := count("ada", query); got != want {
			t.Errorf("%s for the guest: %q, want %q", query, got, want)
		}
	}
}

func TestSearchReturnsIDsUnlessAskedForMore(t *testing.T) {
	site, app := installedApp(t)
	issue := func(params string) string {
		t.Helper()
		a := site.call(app, "GET", "/rest/api/3/search/jql?jql=key%3DOPS-1"+params, "")
		i := a.json(t)["issues"].([]any)[0].(object)
		var keys []string
		for k := range i {
			keys = append(keys, k)
		}
		if f, ok := i["fields"].(object); ok {
			for k := range f {
				keys = append(keys, "fields."+k)
			}
		}
		slices.Sort(keys)
		return strings.Join(keys, " ")
	}
	site.call(app, "PUT", "/rest/api/3/issue/OPS-1/properties/p", `{"a":1}`)
	for params, want := range map[string]string{
		"":                              "id",
		"&fields=id":                    "id",
		"&fields=key":                   "id key self",
		"&fields=summary":               "expand fields fields.summary id key self",
		"&fields=summary&fields=status": "expand fields fields.status fields.summary id key self",
		"&fields=summary,nonsense":      "expand fields fields.summary id key self",
		"&properties=p,q":               "id properties",
	} {
		if got := issue(params); got != want {
			t.Errorf("%q: %s, want %s", params, got, want)
		}
	}
	if got := issue("&fields=*all,-summary"); strings.Contains(got, "fields.summary") || !strings.Contains(got, "fields.customfield_10005") {
		t.Errorf("all but the summary: %s", got)
	}
}

func TestSearchPages(t *testing.T) {
	site, app := installedApp(t)
	const query = "project = OPS ORDER BY key"
	want, _ := search(t, site, app, query)
	page := func(token string, size int) (keys []string, next string, last bool) {
		t.Helper()
		a := site.call(app, "POST", "/rest/api/3/search/jql", compact(t, object{"jql": query, "fields": []string{"key"}, "maxResults": size, "nextPageToken": token}))
		if a.status != 200 {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		body := a.json(t)
		for _, i := range body["issues"].([]any) {
			keys = append(keys, i.(object)["key"].(string))
		}
		next, _ = body["nextPageToken"].(string)
		if _, ok := body["total"]; ok {
			t.Error("the answer has a total")
		}
		return keys, next, body["isLast"].(bool)
	}
	for _, size := range []int{1, 7, 37, 38, 100} {
		var got []string
		token := ""
		for {
			keys, next, last := page(token, size)
			got = append(got, keys...)
			if last != (next == "") {
				t.Errorf("size %d: last %v with the token %q", size, last, next)
			}
			if last || len(got) > len(want) {
				break
			}
			token = next
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("size %d (-want +got):\n%s", size, diff)
		}
	}

	// What changes between two pages repeats nothing and skips nothing that stays.
	_, token, _ := page("", 5)
	mia := site.login("mia")
	mia.do("DELETE", "/rest/api/3/issue/OPS-2", "")
	if keys, _, _ := page(token, 3); !slices.Equal(keys, []string{"OPS-6", "OPS-7", "OPS-8"}) {
		t.Errorf("after an issue of the first page was deleted: %v", keys)
	}
	mia.do("DELETE", "/rest/api/3/issue/OPS-5", "")
	if keys, _, _ := page(token, 3); !slices.Equal(keys, []string{"OPS-6", "OPS-7", "OPS-8"}) {
		t.Errorf("after the last issue of the first page was deleted: %v", keys)
	}

	bad := func(name string, body object) {
		t.Helper()
		a := site.call(app, "POST", "/rest/api/3/search/jql", compact(t, body))
		if a.status != 400 {
			t.Errorf("%s: status %d, want 400", name, a.status)
		}
	}
	bad("garbage", object{"jql": query, "nextPageToken": "garbage"})
	bad("a token of another query", object{"jql": "project = HR", "nextPageToken": token})
	bad("a negative size", object{"jql": query, "maxResults": -1})
	site.clock.Advance(8 * 24 * time.Hour)
	bad("an old token", object{"jql": query, "nextPageToken": token})
}

func TestSearchCutsLargePagesWithFields(t *testing.T) {
	site, app := installedApp(t)
	for n := range 80 {
		a := site.call(app, "POST", "/rest/api/3/issue", fmt.Sprintf(`{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Laptop"},"summary":"bulk %d"}}`, n))
		if a.status != 201 {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
	}
	for params, want := range map[string]int{"": 50, "&maxResults=5000": 114, "&maxResults=5000&fields=summary": 100, "&fields=summary": 50} {
		body := site.call(app, "GET", "/rest/api/3/search/jql?jql=project%3DOPS"+params, "").json(t)
		if got := len(body["issues"].([]any)); got != want {
			t.Errorf("%q: %d issues, want %d", params, got, want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, s := range []string{`project = OPS`, `"Warranty until" < 2026-07-01`, `key >= OPS-1 and not Owner is empty`, `cf[10004] in (1,2) order by cf[10002]`, `assignee in (currentUser()) or labels != x`} {
		f.Add(s)
	}
	site := openSite(f)
	jonas := site.login("jonas")
	f.Fuzz(func(t *testing.T, query string) {
		if a := send(t, jonas.client, request(t, "GET", site.url+"/rest/api/3/search/jql?maxResults=1&jql="+url.QueryEscape(query), "")); a.status != 200 && a.status != 400 {
			t.Errorf("%q: status %d: %s", query, a.status, a.body)
		}
	})
}

func TestSearchesLagBehind(t *testing.T) {
	site := openSite(t, func(c *sandbox.Config) { c.SearchLag = time.Minute })
	mia := site.login("mia")
	found := func(query string) string {
		t.Helper()
		a := mia.get("/rest/api/3/search/jql?fields=key&jql=" + url.QueryEscape(`summary ~ "zebra"`) + query)
		if a.status != http.StatusOK {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		return a.body
	}
	made := mia.do("POST", "/rest/api/3/issue", `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Laptop"},"summary":"A zebra"}}`).json(t)
	id, key := made["id"].(string), made["key"].(string)
	if body := found(""); strings.Contains(body, key) {
		t.Errorf("a new issue is found at once: %s", body)
	}
	if body := found("&reconcileIssues=" + id); !strings.Contains(body, key) {
		t.Errorf("an issue to be looked at as it is now is not found: %s", body)
	}
	site.clock.Advance(2 * time.Minute)
	if body := found(""); !strings.Contains(body, key) {
		t.Errorf("an issue is not found after the lag: %s", body)
	}
	mia.do("PUT", "/rest/api/3/issue/"+key, `{"fields":{"summary":"A horse"}}`)
	if body := found(""); !strings.Contains(body, key) {
		t.Errorf("an issue is not found any more at once: %s", body)
	}
	if body := found("&reconcileIssues=" + id); strings.Contains(body, key) {
		t.Errorf("an issue that has changed is found where it is looked at: %s", body)
	}
	if a := mia.do("PUT", "/sandbox/search", `{"lag":"0s"}`); a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if body := found(""); strings.Contains(body, key) {
		t.Errorf("searches lag behind still: %s", body)
	}
	if a := mia.do("PUT", "/sandbox/search", `{"lag":"soon"}`); a.status != http.StatusBadRequest {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	if a := mia.get("/rest/api/3/search/jql?jql=project%3DOPS&reconcileIssues=x"); a.status != http.StatusBadRequest {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}
