package jira_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
)

func TestCreatableTypesAreReadToTheLastPage(t *testing.T) {
	s := newSite(t, "", ok(`{"startAt":0,"total":3,"issueTypes":[{"id":"1","name":"Laptop"},{"id":"2","name":"Phone"}]}`), ok(`{"startAt":2,"total":3,"issueTypes":[{"id":"3","name":"Desk"}]}`))
	got, err := s.client.CreatableTypes(t.Context(), s.tenant, "10000")
	want := []jira.IssueType{{ID: "1", Name: "Laptop", Project: "10000"}, {ID: "2", Name: "Phone", Project: "10000"}, {ID: "3", Name: "Desk", Project: "10000"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if diff := cmp.Diff([]string{
		"/rest/api/3/issue/createmeta/10000/issuetypes?maxResults=200&startAt=0", "/rest/api/3/issue/createmeta/10000/issuetypes?maxResults=200&startAt=2",
	}, []string{s.seen[0].Target, s.seen[1].Target}); diff != "" {
		t.Error(diff)
	}
}

func TestCreatableTypesEndWhereAPageIsEmpty(t *testing.T) {
	s := newSite(t, "", ok(`{"total":9,"issueTypes":[]}`))
	if got, err := s.client.CreatableTypes(t.Context(), s.tenant, "10000"); err != nil || len(got) != 0 || len(s.seen) != 1 {
		t.Error(got, err, len(s.seen))
	}
}

func TestStatusesSayWhichProjectHasThemAlone(t *testing.T) {
	s := newSite(t, "", ok(`[{"id":"1","name":"Open","statusCategory":{"name":"To Do"}},{"id":"9","name":"Lent","statusCategory":{"name":"In Progress"},"scope":{"type":"PROJECT","project":{"id":"10002"}}}]`))
	got, err := s.client.Statuses(t.Context(), s.tenant)
	want := []jira.Status{{ID: "1", Name: "Open", Category: "To Do"}, {ID: "9", Name: "Lent", Category: "In Progress", Project: "10002"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestFiltersAndLinkTypes(t *testing.T) {
	s := newSite(t, "", ok(`{"isLast":false,"values":[{"id":"1","name":"Laptops"}]}`), ok(`{"isLast":true,"values":[{"id":"2","name":"Phones"}]}`),
		ok(`{"issueLinkTypes":[{"id":"10000","name":"Blocks","inward":"is blocked by","outward":"blocks"}]}`))
	filters, err := s.client.Filters(t.Context(), s.tenant)
	if diff := cmp.Diff([]jira.Named{{ID: "1", Name: "Laptops"}, {ID: "2", Name: "Phones"}}, filters); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	types, err := s.client.LinkTypes(t.Context(), s.tenant)
	if diff := cmp.Diff([]jira.Named{{ID: "10000", Name: "Blocks"}}, types); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	s.expectCalls("GET /rest/api/3/filter/search?maxResults=50&orderBy=name&startAt=0", "GET /rest/api/3/filter/search?maxResults=50&orderBy=name&startAt=1", "GET /rest/api/3/issueLinkType")
}

func TestProjectIsReadWithItsIssueTypes(t *testing.T) {
	s := newSite(t, "", ok(`{"id":"10000","key":"OPS","name":"Operations","issueTypes":[{"id":"1","name":"Laptop"},{"id":"2","name":"Phone","subtask":true}]}`))
	project, types, err := s.client.ProjectWithTypes(t.Context(), s.tenant, "10000")
	want := []jira.IssueType{{ID: "1", Name: "Laptop", Project: "10000"}, {ID: "2", Name: "Phone", Project: "10000"}}
	if diff := cmp.Diff(want, types); err != nil || diff != "" || project != (jira.Project{ID: "10000", Key: "OPS", Name: "Operations"}) {
		t.Errorf("%+v, %v\n%s", project, err, diff)
	}
	s.expectCalls("GET /rest/api/3/project/10000")
}
