package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/openapi"
)

// restCall is one request of TestRESTShapes; path is filled into the operation's template.
type restCall struct {
	method, template, path, body string
	status                       int
}

// document is a text as Jira wants it.
const document = `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"Words"}]}]}`

// adminCalls are those that only people may make who administer the site.
var adminCalls = []restCall{
	{"POST", "/rest/api/3/issueLinkType", "", `{"name":"Fits","inward":"is fitted by","outward":"fits"}`, 201},
	{"POST", "/rest/api/3/issueLinkType", "", `{"name":"Fits","inward":"is fitted by","outward":"fits"}`, 404},
	{"POST", "/rest/api/3/issueLinkType", "", `{"name":"None"}`, 400},
	{"PUT", "/rest/api/3/issueLinkType/{issueLinkTypeId}", "/rest/api/3/issueLinkType/10004", `{"outward":"suits"}`, 200},
	{"DELETE", "/rest/api/3/issueLinkType/{issueLinkTypeId}", "/rest/api/3/issueLinkType/10004", "", 204},
	{"DELETE", "/rest/api/3/issueLinkType/{issueLinkTypeId}", "/rest/api/3/issueLinkType/10004", "", 404},
}

// restCalls exercise every served operation, in an order in which each finds what it needs. What the answers look like is
// judged by openapitest, as in every test here.
var restCalls = []restCall{
	{"GET", "/rest/api/3/serverInfo", "", "", 200},
	{"GET", "/rest/api/3/myself", "", "", 200},
	{"GET", "/rest/api/3/user", "?accountId=712020:8b21d7c4-jonas-user", "", 200},
	{"GET", "/rest/api/3/user", "?accountId=nobody", "", 404},
	{"GET", "/rest/api/3/field", "", "", 200},
	{"GET", "/rest/api/3/issuetype", "", "", 200},
	{"GET", "/rest/api/3/projectCategory", "", "", 200},
	{"GET", "/rest/api/3/project/search", "?maxResults=2&expand=description,lead,issueTypes", "", 200},
	{"GET", "/rest/api/3/project/search", "?query=people", "", 200},
	{"GET", "/rest/api/3/project/search", "?expand=url,insight&orderBy=-issueCount&typeKey=business&status=live&status=archived", "", 200},
	{"GET", "/rest/api/3/project/search", "?status=burning", "", 400},
	{"GET", "/rest/api/3/project/search", "?startAt=-1", "", 400},
	{"GET", "/rest/api/3/project/{projectIdOrKey}", "/rest/api/3/project/OPS", "", 200},
	{"GET", "/rest/api/3/project/{projectIdOrKey}", "/rest/api/3/project/10002", "", 200},
	{"GET", "/rest/api/3/project/{projectIdOrKey}", "/rest/api/3/project/NOPE", "", 404},
	{"POST", "/rest/api/3/issue", "", `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Laptop"},"summary":"New laptop","labels":["new"],
		"description":{"type":"doc","version":1,"content":[]},"customfield_10001":"SN-1","customfield_10002":{"value":"Berlin HQ"},
		"customfield_10003":"2028-01-31","customfield_10004":1200.5,"customfield_10005":{"accountId":"712020:8b21d7c4-jonas-user"}}}`, 201},
	{"POST", "/rest/api/3/issue", "", `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Person"},"summary":"x"}}`, 400},
	{"POST", "/rest/api/3/issue", "", `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Laptop"}}}`, 400},
	{"POST", "/rest/api/3/issue", "", `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Laptop"},"summary":"x","customfield_10004":"much","nonsense":1}}`, 400},
	{"POST", "/rest/api/3/issue", "", `{"fields"`, 400},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/OPS-1", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/10100?fields=summary,customfield_10005&expand=names", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/OPS-999", "", 404},
	{"PUT", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/OPS-1", `{"fields":{"summary":"Renamed","assignee":null,"customfield_10002":null}}`, 204},
	{"PUT", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/OPS-1", `{"fields":{"summary":""}}`, 400},
	{"PUT", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/OPS-999", `{"fields":{"summary":"x"}}`, 404},
	{"GET", "/rest/api/3/search/jql", "?jql=project%3DOPS&fields=*all&maxResults=3&expand=names,schema", "", 200},
	{"GET", "/rest/api/3/search/jql", "?jql=project%3DOPS", "", 200},
	{"GET", "/rest/api/3/search/jql", "?jql=project", "", 400},
	{"POST", "/rest/api/3/search/jql", "", `{"jql":"project = HR ORDER BY key","fields":["summary","status"],"maxResults":2}`, 200},
	{"POST", "/rest/api/3/search/jql", "", `{"jql":""}`, 400},
	{"POST", "/rest/api/3/search/approximate-count", "", `{"jql":"project = HR"}`, 200},
	{"POST", "/rest/api/3/jql/parse", "?validation=strict", `{"queries":["project = OPS AND (summary ~ laptop OR NOT status WAS Retired BY currentUser()) ORDER BY key","project =","project = NOPE"]}`, 200},
	{"POST", "/rest/api/3/jql/parse", "?validation=warn", `{"queries":["project = NOPE"]}`, 200},
	{"POST", "/rest/api/3/jql/parse", "?validation=sometimes", `{"queries":["project = OPS"]}`, 400},
	{"POST", "/rest/api/3/jql/parse", "", `{"queries":[]}`, 400},
	{"POST", "/rest/api/3/jql/match", "", `{"issueIds":[10100,10101,5],"jqls":["key = OPS-1","nonsense = 1","project ="]}`, 200},
	{"POST", "/rest/api/3/jql/match", "", `{"issueIds":[],"jqls":[]}`, 400},
	{"GET", "/rest/api/3/jql/autocompletedata", "", "", 200},
	{"POST", "/rest/api/3/permissions/check", "", `{"accountId":"712020:c09e4a52-ada-guest","globalPermissions":["ADMINISTER"],
		"projectPermissions":[{"permissions":["BROWSE_PROJECTS","EDIT_ISSUES"],"projects":[10000,10001],"issues":[10100]}]}`, 200},
	{"POST", "/rest/api/3/permissions/check", "", `{"globalPermissions":["FLY"]}`, 400},
	{"PUT", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", "/rest/api/3/issue/OPS-1/properties/app.state", `{"n":1}`, 201},
	{"PUT", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", "/rest/api/3/issue/OPS-1/properties/app.state", `{"n":2}`, 200},
	{"PUT", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", "/rest/api/3/issue/OPS-1/properties/app.state", `{`, 400},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/properties", "/rest/api/3/issue/OPS-1/properties", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", "/rest/api/3/issue/OPS-1/properties/app.state", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", "/rest/api/3/issue/OPS-1/properties/nope", "", 404},
	{"DELETE", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", "/rest/api/3/issue/OPS-1/properties/app.state", "", 204},
	{"DELETE", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", "/rest/api/3/issue/OPS-1/properties/app.state", "", 404},
	{"PUT", "/rest/atlassian-connect/1/addons/{addonKey}/properties/{propertyKey}", "/rest/atlassian-connect/1/addons/example.app/properties/m", `{"enabled":true}`, 201},
	{"PUT", "/rest/atlassian-connect/1/addons/{addonKey}/properties/{propertyKey}", "/rest/atlassian-connect/1/addons/example.app/properties/m", `{"enabled":false}`, 200},
	{"PUT", "/rest/atlassian-connect/1/addons/{addonKey}/properties/{propertyKey}", "/rest/atlassian-connect/1/addons/example.app/properties/m", ``, 400},
	{"PUT", "/rest/atlassian-connect/1/addons/{addonKey}/properties/{propertyKey}", "/rest/atlassian-connect/1/addons/another/properties/m", `1`, 401},
	{"GET", "/rest/atlassian-connect/1/addons/{addonKey}/properties", "/rest/atlassian-connect/1/addons/example.app/properties", "", 200},
	{"GET", "/rest/atlassian-connect/1/addons/{addonKey}/properties", "/rest/atlassian-connect/1/addons/another/properties", "", 401},
	{"GET", "/rest/atlassian-connect/1/addons/{addonKey}/properties/{propertyKey}", "/rest/atlassian-connect/1/addons/example.app/properties/m", "", 200},
	{"GET", "/rest/atlassian-connect/1/addons/{addonKey}/properties/{propertyKey}", "/rest/atlassian-connect/1/addons/example.app/properties/x", "", 404},
	{"DELETE", "/rest/atlassian-connect/1/addons/{addonKey}/properties/{propertyKey}", "/rest/atlassian-connect/1/addons/example.app/properties/m", "", 204},
	{"DELETE", "/rest/atlassian-connect/1/addons/{addonKey}/properties/{propertyKey}", "/rest/atlassian-connect/1/addons/example.app/properties/m", "", 404},
	{"GET", "/rest/api/3/webhook/failed", "?maxResults=5", "", 200},
	{"POST", "/rest/api/3/webhook", "", `{"url":"APP/hooks","webhooks":[
		{"events":["jira:issue_updated","comment_created"],"jqlFilter":"project = OPS AND status != Done","fieldIdsFilter":["summary"],"issuePropertyKeysFilter":["p"]},
		{"events":["jira:issue_created"],"jqlFilter":"summary ~ x"},{"events":["jira:issue_created"]},{"events":["project_created"],"jqlFilter":""}]}`, 200},
	{"POST", "/rest/api/3/webhook", "", `{"url":"https://elsewhere.example/hooks","webhooks":[{"events":["comment_created"],"jqlFilter":""}]}`, 400},
	{"POST", "/rest/api/3/webhook", "", `{"url":"APP/hooks","webhooks":[]}`, 400},
	{"GET", "/rest/api/3/webhook", "", "", 200},
	{"GET", "/rest/api/3/webhook", "?startAt=x", "", 400},
	{"PUT", "/rest/api/3/webhook/refresh", "", `{"webhookIds":[1,77]}`, 200},
	{"PUT", "/rest/api/3/webhook/refresh", "", `{"webhookIds":[]}`, 400},
	{"DELETE", "/rest/api/3/webhook", "", `{"webhookIds":[1]}`, 202},
	{"GET", "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes", "/rest/api/3/issue/createmeta/OPS/issuetypes?maxResults=2", "", 200},
	{"GET", "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes", "/rest/api/3/issue/createmeta/NOPE/issuetypes", "", 400},
	{"GET", "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}", "/rest/api/3/issue/createmeta/OPS/issuetypes/10001", "", 200},
	{"GET", "/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}", "/rest/api/3/issue/createmeta/OPS/issuetypes/10005", "", 400},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/editmeta", "/rest/api/3/issue/OPS-1/editmeta", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/editmeta", "/rest/api/3/issue/OPS-999/editmeta", "", 404},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/transitions", "/rest/api/3/issue/OPS-1/transitions?expand=transitions.fields", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/transitions", "/rest/api/3/issue/OPS-999/transitions", "", 404},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/transitions", "/rest/api/3/issue/OPS-1/transitions", `{"transition":{"id":"31"},"update":{"comment":[{"add":{"body":DOC}}]}}`, 204},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/transitions", "/rest/api/3/issue/OPS-1/transitions", `{"transition":{"id":"99"}}`, 400},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/transitions", "/rest/api/3/issue/OPS-1/transitions", `{"transition":{"id":"11"},"fields":{"summary":"x"}}`, 400},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/transitions", "/rest/api/3/issue/OPS-1/transitions", `{}`, 400},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/OPS-1/comment", `{"body":DOC}`, 201},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/OPS-1/comment", `{"body":DOC,"visibility":{"type":"group","value":"atlassian-addons"}}`, 201},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/OPS-1/comment", `{"body":DOC,"visibility":{"type":"group","value":"guests"}}`, 400},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/OPS-1/comment", `{"body":"text"}`, 400},
	{"POST", "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/OPS-1/comment", `{}`, 400},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/OPS-1/comment?orderBy=-created&maxResults=2", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/comment", "/rest/api/3/issue/OPS-1/comment?orderBy=author", "", 400},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/comment/{id}", "/rest/api/3/issue/OPS-1/comment/10001", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/comment/{id}", "/rest/api/3/issue/OPS-3/comment/10001", "", 404},
	{"PUT", "/rest/api/3/issue/{issueIdOrKey}/comment/{id}", "/rest/api/3/issue/OPS-1/comment/10001", `{"body":DOC}`, 200},
	{"PUT", "/rest/api/3/issue/{issueIdOrKey}/comment/{id}", "/rest/api/3/issue/OPS-1/comment/10001", `{"body":null}`, 400},
	{"GET", "/rest/api/3/comment/{commentId}/properties", "/rest/api/3/comment/10001/properties", "", 200},
	{"PUT", "/rest/api/3/comment/{commentId}/properties/{propertyKey}", "/rest/api/3/comment/10001/properties/p", `1`, 201},
	{"GET", "/rest/api/3/comment/{commentId}/properties/{propertyKey}", "/rest/api/3/comment/10001/properties/p", "", 200},
	{"GET", "/rest/api/3/comment/{commentId}/properties/{propertyKey}", "/rest/api/3/comment/77/properties/p", "", 404},
	{"DELETE", "/rest/api/3/comment/{commentId}/properties/{propertyKey}", "/rest/api/3/comment/10001/properties/p", "", 204},
	{"DELETE", "/rest/api/3/comment/{commentId}/properties/{propertyKey}", "/rest/api/3/comment/10001/properties/p", "", 404},
	{"DELETE", "/rest/api/3/issue/{issueIdOrKey}/comment/{id}", "/rest/api/3/issue/OPS-1/comment/10001", "", 204},
	{"DELETE", "/rest/api/3/issue/{issueIdOrKey}/comment/{id}", "/rest/api/3/issue/OPS-1/comment/10001", "", 404},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/changelog", "/rest/api/3/issue/OPS-1/changelog?maxResults=1", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}/changelog", "/rest/api/3/issue/OPS-999/changelog", "", 404},
	{"POST", "/rest/api/3/issue/bulk", "", `{"issueUpdates":[{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Laptop"},"summary":"One of two"}},{"fields":{}}]}`, 201},
	{"POST", "/rest/api/3/issue/bulk", "", `{"issueUpdates":[{"fields":{}}]}`, 400},
	{"POST", "/rest/api/3/issue/bulk", "", `{"issueUpdates":[]}`, 400},
	{"POST", "/rest/api/3/issue/bulkfetch", "", `{"issueIdsOrKeys":["OPS-3","10100","OPS-999"],"fields":["*all"]}`, 200},
	{"POST", "/rest/api/3/issue/bulkfetch", "", `{"issueIdsOrKeys":[]}`, 400},
	{"GET", "/rest/api/3/issueLinkType", "", "", 200},
	{"GET", "/rest/api/3/issueLinkType/{issueLinkTypeId}", "/rest/api/3/issueLinkType/10000", "", 200},
	{"GET", "/rest/api/3/issueLinkType/{issueLinkTypeId}", "/rest/api/3/issueLinkType/77", "", 404},
	{"GET", "/rest/api/3/issueLinkType/{issueLinkTypeId}", "/rest/api/3/issueLinkType/x", "", 400},
	{"POST", "/rest/api/3/issueLink", "", `{"type":{"name":"Blocks"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"id":"10102"},"comment":{"body":DOC}}`, 201},
	{"POST", "/rest/api/3/issueLink", "", `{"type":{"name":"Nothing"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"OPS-3"}}`, 404},
	{"POST", "/rest/api/3/issueLink", "", `{"type":{"name":"Blocks"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"OPS-999"}}`, 404},
	{"POST", "/rest/api/3/issueLink", "", `{"type":{"name":"Blocks"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"OPS-1"}}`, 400},
	{"GET", "/rest/api/3/issueLink/{linkId}", "/rest/api/3/issueLink/10000", "", 200},
	{"GET", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/OPS-3", "", 200},
	{"DELETE", "/rest/api/3/issueLink/{linkId}", "/rest/api/3/issueLink/10000", "", 204},
	{"GET", "/rest/api/3/issueLink/{linkId}", "/rest/api/3/issueLink/10000", "", 404},
	{"DELETE", "/rest/api/3/issueLink/{linkId}", "/rest/api/3/issueLink/x", "", 400},
	{"DELETE", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/OPS-2", "", 204},
	{"DELETE", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/OPS-2", "", 404},
}

func TestRESTShapes(t *testing.T) {
	site, app := installedApp(t, func(d object) { d["scopes"] = []string{"ADMIN"} })
	seen := map[string]bool{}
	for _, c := range slices.Concat(
		restCalls,
		fieldCalls,
		projectCalls,
		userCalls,
		appCalls,
	) {
		path := c.path
		if !strings.HasPrefix(path, "/") {
			path = c.template + path
		}
		a := site.call(app, c.method, path, strings.NewReplacer("APP", app.url, "DOC", document).Replace(c.body))
		name := fmt.Sprintf("%s %s %.60s", c.method, path, c.body)
		if a.status != c.status {
			t.Errorf("%s: status %d, want %d: %s", name, a.status, c.status, a.body)
			continue
		}
		seen[c.method+" "+c.template] = true
	}
	mia := site.login("mia")
	for _, c := range slices.Concat(adminCalls, partCalls, releaseCalls, filterCalls, archiveCalls, lifeCalls) {
		path := c.path
		if !strings.HasPrefix(path, "/") {
			path = c.template + path
		}
		if a := mia.do(c.method, path, strings.ReplaceAll(c.body, "DOC", document)); a.status != c.status {
			t.Errorf("%s %s %.60s: status %d, want %d: %s", c.method, path, c.body, a.status, c.status, a.body)
		}
		seen[c.method+" "+c.template] = true
	}
	for _, c := range schemeCalls { // by TestPermissionSchemeShapes
		seen[c.method+" "+c.template] = true
	}
	for _, c := range deskCalls { // by TestDeskShapes
		seen[c.method+" "+c.template] = true
	}
	for _, op := range sandbox.Operations() {
		if _, described := openapi.Find(op.Method, op.Path); !described { // it has tests of its own
			continue
		}
		if !seen[op.Method+" "+op.Path] && !strings.Contains(op.Path, "attachment") { // files have tests of their own
			t.Errorf("%s %s is served and not tested", op.Method, op.Path)
		}
		if known, _ := openapi.Find(op.Method, op.Path); op.Scope != known.Scope {
			t.Errorf("%s %s: scope %s, Atlassian's document says %s", op.Method, op.Path, op.Scope, known.Scope)
		}
	}
}

func TestScopesAreEnforced(t *testing.T) {
	calls := map[string][2]string{
		"READ":   {"GET", "/rest/api/3/issue/OPS-1"},
		"WRITE":  {"PUT", "/rest/api/3/issue/OPS-1/properties/p"},
		"DELETE": {"DELETE", "/rest/api/3/issue/OPS-1/properties/p"},
	}
	tests := []struct {
		scopes  []string
		allowed []string
	}{
		{nil, nil},
		{[]string{"read"}, []string{"READ"}},
		{[]string{"READ", "WRITE"}, []string{"READ", "WRITE"}},
		{[]string{"WRITE"}, []string{"READ", "WRITE"}},
		{[]string{"ADMIN"}, []string{"READ", "WRITE", "DELETE"}},
		{[]string{"ACT_AS_USER"}, nil},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.scopes), func(t *testing.T) {
			site, app := installedApp(t, func(d object) { d["scopes"] = tt.scopes })
			for _, need := range []string{"READ", "WRITE", "DELETE"} {
				a := site.call(app, calls[need][0], calls[need][1], `{"a":1}`)
				allowed := strings.Contains(strings.Join(tt.allowed, " "), need)
				if got := a.status < 300; got != allowed {
					t.Errorf("%s: status %d, want allowed: %v: %s", need, a.status, allowed, a.body)
				}
				if !allowed && a.status != http.StatusForbidden {
					t.Errorf("%s: status %d, want 403", need, a.status)
				}
			}
			if a := site.call(app, "GET", "/rest/atlassian-connect/1/addons/example.app/properties", ""); a.status != 200 {
				t.Errorf("app properties need no scope: status %d", a.status)
			}
		})
	}
}

func TestTokensAreRefused(t *testing.T) {
	site, app := installedApp(t)
	_, secret := app.credentials()
	now := site.clock.Now()
	const path = "/rest/api/3/myself"
	good := auth.Claims{Issuer: app.key, IssuedAt: now, Expiry: now.Add(time.Minute), QSH: auth.QSH("GET", path, "")}
	sign := func(change func(*auth.Claims)) string {
		c := good
		change(&c)
		token, err := auth.SignHS256(c, secret)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	valid := sign(func(*auth.Claims) {})
	parts := strings.Split(valid, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	signature, err := resign(unsigned, secret) // right, if one overlooks what the header says
	if err != nil {
		t.Fatal(err)
	}
	other, _ := auth.SignHS256(good, "another secret")
	tests := []struct{ name, header string }{
		{"nothing", ""},
		{"another scheme", "Bearer " + valid},
		{"no token", "JWT "},
		{"two parts", "JWT a.b"},
		{"garbage", "JWT a.b.c"},
		{"no algorithm", "JWT eyJhbGciOiJub25lIn0." + parts[1] + "."},
		{"another algorithm", "JWT " + unsigned + signature},
		{"another secret", "JWT " + other},
		{"changed signature", "JWT " + parts[0] + "." + parts[1] + "." + strings.ToUpper(parts[2])},
		{"unknown app", "JWT " + sign(func(c *auth.Claims) { c.Issuer = "unknown" })},
		{"expired", "JWT " + sign(func(c *auth.Claims) { c.Expiry = now.Add(-2 * time.Minute) })},
		{"no expiry", "JWT " + sign(func(c *auth.Claims) { c.Expiry = time.Time{} })},
		{"from the future", "JWT " + sign(func(c *auth.Claims) { c.IssuedAt = now.Add(10 * time.Minute) })},
		{"hash of another path", "JWT " + sign(func(c *auth.Claims) { c.QSH = auth.QSH("GET", path+"/x", "") })},
		{"hash of another method", "JWT " + sign(func(c *auth.Claims) { c.QSH = auth.QSH("PUT", path, "") })},
		{"context token", "JWT " + sign(func(c *auth.Claims) { c.QSH = auth.ContextQSH })},
		{"no hash", "JWT " + sign(func(c *auth.Claims) { c.QSH = "" })},
	}
	do := func(header string) answer {
		r := request(t, "GET", site.url+path, "")
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		return send(t, http.DefaultClient, r)
	}
	if a := do("JWT " + valid); a.status != http.StatusOK {
		t.Fatalf("the right token: status %d: %s", a.status, a.body)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := do(tt.header)
			if a.status != http.StatusUnauthorized {
				t.Fatalf("status %d, want 401", a.status)
			}
			if m, ok := a.json(t)["errorMessages"].([]any); !ok || len(m) != 1 {
				t.Errorf("body %s, want one errorMessage", a.body)
			}
		})
	}
}

func TestPeopleSeeWhatTheyMay(t *testing.T) {
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
		{"guest sees an asset", ada, "GET", "/rest/api/3/issue/OPS-1", "", 200},
		{"guest does not see a person", ada, "GET", "/rest/api/3/issue/HR-1", "", 404},
		{"guest does not see the project", ada, "GET", "/rest/api/3/project/HR", "", 404},
		{"guest does not browse it", ada, "GET", "/browse/HR-1", "", 404},
		{"guest does not list it", ada, "GET", "/projects/HR", "", 404},
		{"guest does not edit", ada, "PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"summary":"x"}}`, 403},
		{"guest does not create", ada, "POST", "/rest/api/3/issue", `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Laptop"},"summary":"x"}}`, 400},
		{"guest does not look people up", ada, "GET", "/rest/api/3/user?accountId=712020:8b21d7c4-jonas-user", "", 403},
		{"guest does not ask about others", ada, "POST", "/rest/api/3/permissions/check", `{"accountId":"712020:8b21d7c4-jonas-user"}`, 403},
		{"staff sees a person", jonas, "GET", "/rest/api/3/issue/HR-1", "", 200},
		{"staff edits", jonas, "PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"summary":"x"}}`, 204},
		{"staff does not delete", jonas, "DELETE", "/rest/api/3/issue/OPS-1", "", 403},
		{"admin deletes", mia, "DELETE", "/rest/api/3/issue/OPS-1", "", 204},
		{"nobody uses an app's properties", mia, "GET", "/rest/atlassian-connect/1/addons/example.app/properties", "", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a := tt.who.do(tt.method, tt.path, tt.body); a.status != tt.want {
				t.Errorf("status %d, want %d: %.200s", a.status, tt.want, a.body)
			}
		})
	}
}

func TestMailAddressesAreHidden(t *testing.T) {
	site, app := installedApp(t)
	for account, want := range map[string]any{"712020:5f3c1e0a-mia-admin": nil, "712020:8b21d7c4-jonas-user": "jonas@pergola.example"} {
		if got := site.call(app, "GET", "/rest/api/3/user?accountId="+account, "").json(t)["emailAddress"]; got != want {
			t.Errorf("%s: address %v, want %v", account, got, want)
		}
	}
	if a := site.call(app, "GET", "/rest/api/3/issue/OPS-1", ""); strings.Contains(a.body, "mia@") {
		t.Error("an issue shows the address of somebody who hides it")
	}
	if got := site.call(app, "GET", "/rest/api/3/myself", "").json(t)["accountType"]; got != "app" {
		t.Errorf("the app's own account type is %v", got)
	}
}

func TestPermissionsCheckAnswersForAnybody(t *testing.T) {
	site, app := installedApp(t)
	ask := func(account string) string {
		a := site.call(app, "POST", "/rest/api/3/permissions/check", `{"accountId":"`+account+`","globalPermissions":["ADMINISTER","USER_PICKER"],
			"projectPermissions":[{"permissions":["BROWSE_PROJECTS","EDIT_ISSUES"],"projects":[10000,10001,77],"issues":[10100,99999]}]}`)
		return strings.TrimSpace(a.body)
	}
	want := map[string]string{
		"712020:5f3c1e0a-mia-admin":  `{"globalPermissions":["ADMINISTER","USER_PICKER"],"projectPermissions":[{"issues":[10100],"permission":"BROWSE_PROJECTS","projects":[10000,10001]},{"issues":[10100],"permission":"EDIT_ISSUES","projects":[10000,10001]}]}`,
		"712020:8b21d7c4-jonas-user": `{"globalPermissions":["USER_PICKER"],"projectPermissions":[{"issues":[10100],"permission":"BROWSE_PROJECTS","projects":[10000,10001]},{"issues":[10100],"permission":"EDIT_ISSUES","projects":[10000,10001]}]}`,
		"712020:c09e4a52-ada-guest":  `{"globalPermissions":[],"projectPermissions":[{"issues":[10100],"permission":"BROWSE_PROJECTS","projects":[10000]},{"issues":[],"permission":"EDIT_ISSUES","projects":[]}]}`,
		"nobody":                     `{"globalPermissions":[],"projectPermissions":[{"issues":[],"permission":"BROWSE_PROJECTS","projects":[]},{"issues":[],"permission":"EDIT_ISSUES","projects":[]}]}`,
	}
	for account, w := range want {
		if diff := cmp.Diff(w, ask(account)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", account, diff)
		}
	}
}

func TestMoveGivesANewKeyAndTheOldOneLeadsThere(t *testing.T) {
	site, app := installedApp(t)
	before := site.call(app, "GET", "/rest/api/3/issue/OPS-1", "").json(t)
	moved := send(t, http.DefaultClient, request(t, "POST", site.url+"/sandbox/issues/"+before["id"].(string)+"/move", `{"project":"FAC"}`)).json(t)
	if moved["id"] != before["id"] || !strings.HasPrefix(moved["key"].(string), "FAC-") {
		t.Fatalf("moved to %v", moved)
	}
	for _, ref := range []string{"OPS-1", before["id"].(string), moved["key"].(string)} {
		if got := site.call(app, "GET", "/rest/api/3/issue/"+ref, "").json(t); got["key"] != moved["key"] || got["id"] != before["id"] {
			t.Errorf("%s leads to %v %v", ref, got["id"], got["key"])
		}
	}
	a := site.login("mia").get("/browse/OPS-1")
	if a.status != http.StatusFound || a.header.Get("Location") != "/browse/"+moved["key"].(string) {
		t.Errorf("browse the old key: status %d to %q", a.status, a.header.Get("Location"))
	}
	if got := site.call(app, "GET", "/rest/api/3/search/jql?jql=key%3DOPS-1", "").json(t)["issues"].([]any); len(got) != 1 {
		t.Errorf("the old key finds %d issues", len(got))
	}
}

func TestLargeBodyIsRefused(t *testing.T) {
	site, app := installedApp(t)
	a := site.call(app, "PUT", "/rest/api/3/issue/OPS-1/properties/p", `"`+strings.Repeat("x", 2<<20)+`"`)
	if a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("2 MiB: status %d, want 413", a.status)
	}
	a = site.call(app, "PUT", "/rest/api/3/issue/OPS-1/properties/p", `"`+strings.Repeat("x", 32768)+`"`)
	if a.status != http.StatusBadRequest {
		t.Errorf("a property of 32770 characters: status %d, want 400", a.status)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	dir, c := t.TempDir(), &clock{now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	first := openSiteIn(t, dir, c)
	app := newApp(t)
	app.keyHost = first.url + "/install-keys"
	first.mustInstall(app)
	mia := first.login("mia")
	mia.do("PUT", "/rest/api/3/issue/OPS-3", `{"fields":{"summary":"Kept over a restart"}}`)
	keys := get(t, first.url+"/install-keys/"+kidOf(t, mia))

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := openSiteIn(t, dir, c)
	if a := second.call(app, "GET", "/rest/api/3/issue/OPS-3?fields=summary", ""); !strings.Contains(a.body, "Kept over a restart") {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	again := second.login("mia")
	if got := get(t, second.url+"/install-keys/"+kidOf(t, again)); got.body != keys.body || got.status != 200 {
		t.Error("the install key changed")
	}
}

// kidOf reads the id of the install key off the admin page.
func kidOf(t *testing.T, p *person) string {
	t.Helper()
	_, rest, ok := strings.Cut(p.get("/admin/apps").body, "/install-keys/")
	if !ok {
		t.Fatal("the admin page does not name the install key")
	}
	kid, _, _ := strings.Cut(rest, "<")
	return kid
}
