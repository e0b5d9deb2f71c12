package jira_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	sdkjira "github.com/pergola-platform/pergola/sdk/jira"
)

const laptop = `{"expand":"names","id":"10001","key":"OPS-1","self":"https://x","fields":{
	"summary":"Laptop","project":{"id":"10000","key":"OPS","name":"Operations"},"issuetype":{"id":"3","name":"Asset"},
	"customfield_10001":null,"labels":[],"status":{"id":"5","name":"In use"}}}`

func TestIssue(t *testing.T) {
	s := newSite(t, "", ok(laptop))
	got, err := s.client.Issue(t.Context(), s.tenant, "10001", []string{"summary", "customfield_10001", "labels", "nothing"})
	if err != nil {
		t.Fatal(err)
	}
	want := &sdkjira.Issue{
		ID: "10001", Key: "OPS-1", ProjectID: "10000", IssueTypeID: "3",
		Fields: map[string]sdkjira.Value{"summary": {Text: "Laptop"}}, // neither the empty ones nor those not asked for
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s.expectCalls("GET /rest/api/3/issue/10001?fields=customfield_10001%2Cissuetype%2Clabels%2Cnothing%2Cproject%2Csummary")
}

func TestIssueRefusesOddNames(t *testing.T) {
	s := newSite(t, "", ok(laptop))
	for _, id := range []string{"", "..", "1/../2", "10001?x", "OPS-1/comment", "ops-1", "-1", "%31"} {
		if _, err := s.client.Issue(t.Context(), s.tenant, id, nil); sdk.CodeOf(err) != sdk.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, field := range []string{"", "*all", "*navigable", "-summary", "a,b", "a b", "a&b"} {
		if _, err := s.client.Issue(t.Context(), s.tenant, "10001", []string{field}); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%q: %v", field, err)
		}
		if _, err := s.client.Search(t.Context(), s.tenant, sdkjira.Search{JQL: "project = OPS", Fields: []string{field}}); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%q: %v", field, err)
		}
	}
	s.expectCalls()
}

func TestSearchGoesThroughPages(t *testing.T) {
	s := newSite(t, "", ok(`{"issues":[`+laptop+`],"nextPageToken":"CAEaAggB","isLast":false}`), ok(`{"issues":[],"isLast":true}`))
	q := sdkjira.Search{JQL: `project = OPS and text ~ "ä"`, Fields: []string{"summary"}, Limit: 500}
	page, err := s.client.Search(t.Context(), s.tenant, q)
	if err != nil {
		t.Fatal(err)
	}
	want := &sdkjira.Found{Next: "CAEaAggB", Issues: []sdkjira.Issue{{
		ID: "10001", Key: "OPS-1", ProjectID: "10000", IssueTypeID: "3", Fields: map[string]sdkjira.Value{"summary": {Text: "Laptop"}},
	}}}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Error(diff)
	}
	q.Cursor, q.Limit = page.Next, 0
	if page, err = s.client.Search(t.Context(), s.tenant, q); err != nil || page.Next != "" || len(page.Issues) != 0 {
		t.Errorf("%+v, %v", page, err)
	}
	if diff := cmp.Diff([]seen{
		{"POST", "/rest/api/3/search/jql", `{"jql":"project = OPS and text ~ \"ä\"","fields":["issuetype","project","summary"],"maxResults":100}`},
		{"POST", "/rest/api/3/search/jql", `{"jql":"project = OPS and text ~ \"ä\"","fields":["issuetype","project","summary"],"maxResults":50,"nextPageToken":"CAEaAggB"}`},
	}, s.seen); diff != "" {
		t.Error(diff)
	}
}

func TestRefusedQueryComesWithJirasWords(t *testing.T) {
	s := newSite(t, "", answer{status: 400, body: `{"errorMessages":["Field 'colour' does not exist."],"errors":{"jql":"Unbounded."}}`})
	_, err := s.client.Search(t.Context(), s.tenant, sdkjira.Search{JQL: "colour = red"})
	var e *sdk.Error
	if !errors.As(err, &e) || e.Code != sdk.Invalid || e.Message != "Field 'colour' does not exist. Unbounded." {
		t.Errorf("%+v", e)
	}
	if strings.Contains(err.Error(), "colour") {
		t.Errorf("%v quotes the query in the log", err)
	}
	s = newSite(t, "", answer{status: 400, body: `{"errorMessages":["` + strings.Repeat("ä", 600) + `"]}`})
	_, err = s.client.Search(t.Context(), s.tenant, sdkjira.Search{JQL: "x"})
	if !errors.As(err, &e) || len([]rune(e.Message)) != 501 {
		t.Errorf("%d characters", len([]rune(e.Message)))
	}
}

func TestBrowse(t *testing.T) {
	s := newSite(t, "", ok(`{"globalPermissions":[],"projectPermissions":[
		{"permission":"BROWSE_PROJECTS","issues":[10001,10003,99999],"projects":[]},{"permission":"EDIT_ISSUES","issues":[10002],"projects":[]}]}`))
	got, err := s.client.Browse(t.Context(), s.tenant, account, []string{"10003", "10001", "10002", "10001", "OPS-1", "", "-5"})
	if err != nil {
		t.Fatal(err)
	}
	// 99999 was not asked for, 10002 only has another permission.
	if diff := cmp.Diff(map[string]bool{"10001": true, "10003": true}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]seen{{"POST", "/rest/api/3/permissions/check", `{"accountId":"` + account +
		`","globalPermissions":[],"projectPermissions":[{"permissions":["BROWSE_PROJECTS"],"issues":[10001,10002,10003]}]}`}}, s.seen); diff != "" {
		t.Error(diff)
	}
}

func TestBrowseOfManyIssues(t *testing.T) {
	s := newSite(t, "", ok(`{"projectPermissions":[{"permission":"BROWSE_PROJECTS","issues":[1,1500]}]}`))
	var ids []string
	for n := 1; n <= 1500; n++ {
		ids = append(ids, fmt.Sprint(n))
	}
	got, err := s.client.Browse(t.Context(), s.tenant, account, ids)
	if err != nil || !slices.Equal(slices.Sorted(maps.Keys(got)), []string{"1", "1500"}) || len(s.seen) != 2 {
		t.Errorf("%v, %v in %d calls", got, err, len(s.seen))
	}
}

func TestAnonymousVisitorsSeeNothing(t *testing.T) {
	s := newSite(t, "", ok(`{"globalPermissions":["ADMINISTER"],"projectPermissions":[{"permission":"BROWSE_PROJECTS","issues":[10001]}]}`))
	seen, err := s.client.Browse(t.Context(), s.tenant, "", []string{"10001"})
	if err != nil || len(seen) != 0 {
		t.Errorf("%v, %v", seen, err)
	}
	if admin, err := s.client.IsAdmin(t.Context(), s.tenant, ""); err != nil || admin {
		t.Errorf("%v, %v", admin, err)
	}
	s.expectCalls()
}

func TestIsAdmin(t *testing.T) {
	for body, want := range map[string]bool{
		`{"globalPermissions":["ADMINISTER"],"projectPermissions":[]}`: true,
		`{"globalPermissions":[],"projectPermissions":[]}`:             false,
		`{"globalPermissions":["SYSTEM_ADMIN_NOT"]}`:                   false,
		`{}`: false,
	} {
		s := newSite(t, "", ok(body))
		if got, err := s.client.IsAdmin(t.Context(), s.tenant, account); err != nil || got != want {
			t.Errorf("%s: %v, %v", body, got, err)
		}
		if want := `{"accountId":"` + account + `","globalPermissions":["ADMINISTER"],"projectPermissions":[]}`; s.seen[0].Body != want {
			t.Errorf("asked %s", s.seen[0].Body)
		}
	}
	s := newSite(t, "", answer{status: 403})
	if admin, err := s.client.IsAdmin(t.Context(), s.tenant, account); err == nil || admin {
		t.Error("a failed check makes an admin")
	}
}

func TestAppProperties(t *testing.T) {
	const target = "/rest/atlassian-connect/1/addons/pergola/properties/module.pergola-qrcode"
	s := newSite(t, "", answer{status: 201, body: `{"message":"Property created.","statusCode":201}`},
		ok(`{"key":"k","value":{"enabled":true}}`), answer{status: http.StatusNoContent}, answer{status: 404, body: `{}`})
	type value struct {
		Enabled bool `json:"enabled"`
	}
	if err := s.client.SetAppProperty(t.Context(), s.tenant, "module.pergola-qrcode", value{true}); err != nil {
		t.Fatal(err)
	}
	var got value
	if err := s.client.AppProperty(t.Context(), s.tenant, "module.pergola-qrcode", &got); err != nil || !got.Enabled {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.client.DeleteAppProperty(t.Context(), s.tenant, "module.pergola-qrcode"); err != nil {
		t.Error(err)
	}
	if err := s.client.DeleteAppProperty(t.Context(), s.tenant, "module.pergola-qrcode"); err != nil {
		t.Errorf("not there: %v", err)
	}
	if err := s.client.AppProperty(t.Context(), s.tenant, "a/b c", &got); sdk.CodeOf(err) != sdk.NotFound {
		t.Error(err)
	}
	if s.seen[0].Body != `{"enabled":true}` {
		t.Errorf("wrote %s", s.seen[0].Body)
	}
	s.expectCalls("PUT "+target, "GET "+target, "DELETE "+target, "DELETE "+target, "GET /rest/atlassian-connect/1/addons/pergola/properties/a%2Fb%20c")
}

func TestAppPropertyHasALimit(t *testing.T) {
	s := newSite(t, "", ok(`{}`))
	if err := s.client.SetAppProperty(t.Context(), s.tenant, "k", strings.Repeat("ä", 32766)); err != nil {
		t.Errorf("just fits: %v", err)
	}
	if err := s.client.SetAppProperty(t.Context(), s.tenant, "k", strings.Repeat("ä", 32767)); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("too long: %v", err)
	}
	if len(s.seen) != 1 {
		t.Errorf("%d calls", len(s.seen))
	}
}

func TestProjectsOfAllPages(t *testing.T) {
	s := newSite(t, "",
		ok(`{"startAt":0,"maxResults":100,"isLast":false,"values":[{"id":"10000","key":"OPS","name":"Operations","style":"classic"}]}`),
		ok(`{"startAt":1,"maxResults":100,"isLast":true,"values":[{"id":"10001","key":"ZOO","name":"Zoo"}]}`))
	got, err := s.client.Projects(t.Context(), s.tenant)
	if err != nil {
		t.Fatal(err)
	}
	want := []jira.Project{{ID: "10000", Key: "OPS", Name: "Operations"}, {ID: "10001", Key: "ZOO", Name: "Zoo"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	const address = "GET /rest/api/3/project/search?maxResults=100&orderBy=name&startAt="
	s.expectCalls(address+"0", address+"1")
}

func TestProjectsEndSomewhere(t *testing.T) {
	var page []jira.Project
	for range 300 {
		page = append(page, jira.Project{ID: "1"})
	}
	raw, err := json.Marshal(map[string]any{"isLast": false, "values": page})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "", ok(string(raw)))
	if got, err := s.client.Projects(t.Context(), s.tenant); err != nil || len(got) != 2000 || len(s.seen) != 7 {
		t.Errorf("%d projects in %d calls, %v", len(got), len(s.seen), err)
	}
	s = newSite(t, "", ok(`{"isLast":false,"values":[]}`))
	if got, err := s.client.Projects(t.Context(), s.tenant); err != nil || len(got) != 0 || len(s.seen) != 1 {
		t.Errorf("%d projects in %d calls, %v", len(got), len(s.seen), err)
	}
}

func TestIssueTypesAndFields(t *testing.T) {
	s := newSite(t, "", ok(`[{"id":"3","name":"Task","subtask":false},{"id":"1","name":"Bug","scope":{"type":"PROJECT","project":{"id":"10000"}}}]`),
		ok(`[{"id":"summary","name":"Summary","custom":false},{"id":"customfield_10001","name":"Serial","custom":true}]`))
	types, err := s.client.IssueTypes(t.Context(), s.tenant)
	if diff := cmp.Diff([]jira.IssueType{{ID: "3", Name: "Task"}, {ID: "1", Name: "Bug", Project: "10000"}}, types); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	fields, err := s.client.Fields(t.Context(), s.tenant)
	if diff := cmp.Diff([]jira.Field{{ID: "summary", Name: "Summary"}, {ID: "customfield_10001", Name: "Serial", Custom: true}}, fields); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	s.expectCalls("GET /rest/api/3/issuetype", "GET /rest/api/3/field")
}

func TestSitesFindTheTenant(t *testing.T) {
	s := newSite(t, "", ok(laptop))
	sites := jira.NewSites(s.client, byID{s.tenant})
	if got, err := sites.Issue(t.Context(), "t1", "10001", nil); err != nil || got.ID != "10001" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := sites.Browse(t.Context(), "t2", account, []string{"10001"}); err == nil {
		t.Error("an unknown tenant has a site")
	}
	if _, err := sites.Search(t.Context(), "t2", account, sdkjira.Search{JQL: "x"}); err == nil {
		t.Error("an unknown tenant has a site")
	}
	if len(s.seen) != 1 {
		t.Errorf("%d calls", len(s.seen))
	}
}

var _ jira.Tenants = (*tenant.Tenants)(nil)
