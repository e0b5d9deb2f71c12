package jira_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/sdk"
	sdkjira "github.com/pergola-platform/pergola/sdk/jira"
)

// ops is a project as https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-projects/ shows it.
const ops = `{"expand":"description","id":"10000","key":"OPS","name":"Operations","projectTypeKey":"software","style":"next-gen","isPrivate":true,
	"simplified":true,"archived":true,"description":"Runs things.","url":"https://ops.example","projectCategory":{"id":"10100","name":"Internal","description":"x"},
	"lead":{"accountId":"712020:ann","displayName":"Ann","emailAddress":"ann@x.example"},
	"insight":{"totalIssueCount":100,"lastIssueUpdateTime":"2021-04-22T05:37:05.120+0200"}}`

func TestFindProjects(t *testing.T) {
	s := newSite(t, "", ok(`{"startAt":40,"maxResults":20,"total":42,"isLast":false,"values":[`+ops+`,{"id":"10001","key":"ZOO","name":"Zoo"}]}`))
	got, err := s.client.FindProjects(t.Context(), s.tenant, sdkjira.ProjectQuery{
		IDs: []string{"10000", "10001"}, Category: "10100", Types: []string{"software", "business"}, Text: "o & o", Archived: true, Details: true, First: 40, Limit: 20,
	})
	want := &sdkjira.ProjectPage{Total: 42, Projects: []sdkjira.Project{
		{
			ID: "10000", Key: "OPS", Name: "Operations", Type: "software", Style: "next-gen", CategoryID: "10100", CategoryName: "Internal", Archived: true,
			Private: true, Simplified: true, Description: "Runs things.", URL: "https://ops.example", LeadID: "712020:ann", LeadName: "Ann", LeadEmail: "ann@x.example",
			Insight: true, Issues: 100, LastUpdate: "2021-04-22T05:37:05.12+02:00",
		},
		{ID: "10001", Key: "ZOO", Name: "Zoo"},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	s.expectCalls("GET /rest/api/3/project/search?categoryId=10100&expand=description%2Clead%2Curl%2Cinsight&id=10000&id=10001&maxResults=20&orderBy=key" +
		"&query=o+%26+o&startAt=40&status=live&status=archived&typeKey=software%2Cbusiness")
}

func TestFindProjectsWithoutDetails(t *testing.T) {
	s := newSite(t, "", ok(`{"total":1,"values":[`+ops+`]}`))
	got, err := s.client.FindProjects(t.Context(), s.tenant, sdkjira.ProjectQuery{Limit: 500})
	want := &sdkjira.ProjectPage{Total: 1, Projects: []sdkjira.Project{{
		ID: "10000", Key: "OPS", Name: "Operations", Type: "software", Style: "next-gen", CategoryID: "10100", CategoryName: "Internal", Archived: true, Private: true, Simplified: true,
	}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	s.expectCalls("GET /rest/api/3/project/search?maxResults=100&orderBy=key&startAt=0")
}

// Jira answers 404 where nothing is found. Whoever takes that of a site that is gone for an empty list loses everything.
func TestNoProjectsIsNotNoSite(t *testing.T) {
	s := newSite(t, "", answer{status: 404, body: `{"errorMessages":["No projects."]}`}, ok(`{"accountId":"app"}`))
	got, err := s.client.FindProjects(t.Context(), s.tenant, sdkjira.ProjectQuery{})
	if err != nil || got.Total != 0 || len(got.Projects) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	s.expectCalls("GET /rest/api/3/project/search?maxResults=50&orderBy=key&startAt=0", "GET /rest/api/3/myself")
	s = newSite(t, "", answer{status: 404, body: `<html>`})
	if got, err := s.client.FindProjects(t.Context(), s.tenant, sdkjira.ProjectQuery{}); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCategories(t *testing.T) {
	s := newSite(t, "", ok(`[{"self":"https://x","id":"10100","name":"Internal","description":"Ours"},{"id":"10101","name":"Customers"}]`))
	got, err := jira.NewSites(s.client, byID{s.tenant}).Categories(t.Context(), s.tenant.ID)
	want := &sdkjira.CategoryList{Categories: []sdkjira.Category{{ID: "10100", Name: "Internal"}, {ID: "10101", Name: "Customers"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	s.expectCalls("GET /rest/api/3/projectCategory")
}
