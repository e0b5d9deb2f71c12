package services_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

func (j *fakeJira) Projects(ctx context.Context, t capability.TenantID, q jira.ProjectQuery) (*jira.ProjectPage, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := cmpErr(ctx, j.err); err != nil {
		return nil, err
	}
	j.listed = append(j.listed, q)
	return &jira.ProjectPage{Total: 7, Projects: []jira.Project{{ID: "10000", Key: "OPS", Name: "Operations of " + string(t)}}}, nil
}

func (j *fakeJira) Categories(ctx context.Context, t capability.TenantID) (*jira.CategoryList, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := cmpErr(ctx, j.err); err != nil {
		return nil, err
	}
	j.listed = append(j.listed, jira.ProjectQuery{})
	return &jira.CategoryList{Categories: []jira.Category{{ID: "10100", Name: "Of " + string(t)}}}, nil
}

// synchronizing is the call of a synchronizer of tenant t, without a user.
func synchronizing(t capability.TenantID) *capability.Binding {
	b := binding(t)
	b.Context, b.Synchronizer, b.Grants = sdk.Context{}, "projects", capability.Grants{"jira:projects": true}
	return b
}

func TestSynchronizersListProjectsOfTheirTenant(t *testing.T) {
	j := newFakeJira()
	ctx := as(t, services.New(all(t, j)), synchronizing("t"))
	q := jira.ProjectQuery{
		IDs: []string{"10000", "10001"}, Category: "10100", Types: []string{"software", "service_desk"}, Text: "op", Archived: true, Details: true, First: 100, Limit: 20,
	}
	page, err := jira.Projects(ctx, q)
	want := &jira.ProjectPage{Total: 7, Projects: []jira.Project{{ID: "10000", Key: "OPS", Name: "Operations of t"}}}
	if diff := cmp.Diff(want, page); err != nil || diff != "" {
		t.Errorf("Projects: %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]jira.ProjectQuery{q}, j.listed); diff != "" {
		t.Errorf("asked of Jira (-want +got):\n%s", diff)
	}
	list, err := jira.Categories(ctx)
	if diff := cmp.Diff([]jira.Category{{ID: "10100", Name: "Of t"}}, list); err != nil || diff != "" {
		t.Errorf("Categories: %v (-want +got):\n%s", err, diff)
	}
}

func TestOnlySynchronizersListProjects(t *testing.T) {
	page, anonymous, ungranted := binding("t"), binding("t"), synchronizing("t")
	page.Grants = capability.Grants{"jira:projects": true, "jira:read": true}
	anonymous.Grants, anonymous.Context.Account = page.Grants, ""
	ungranted.Grants = capability.Grants{"jira:read": true}
	for name, b := range map[string]*capability.Binding{"page": page, "page without a user": anonymous, "not granted": ungranted} {
		j := newFakeJira()
		ctx := as(t, services.New(all(t, j)), b)
		_, err := jira.Projects(ctx, jira.ProjectQuery{})
		wantError(t, name, err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
		_, err = jira.Categories(ctx)
		wantError(t, name, err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
		if len(j.listed) > 0 {
			t.Errorf("%s: Jira was asked", name)
		}
	}
}

func TestPagesOfProjectsAreClamped(t *testing.T) {
	for asked, want := range map[int]int{0: 50, -5: 1, 1: 1, 100: 100, 101: 100, 1 << 30: 100} {
		j := newFakeJira()
		_, err := jira.Projects(as(t, services.New(all(t, j)), synchronizing("t")), jira.ProjectQuery{Limit: asked})
		if err != nil || j.listed[0].Limit != want {
			t.Errorf("limit %d: %+v, %v; want %d", asked, j.listed, err, want)
		}
	}
}

func TestQuestionsAboutProjectsAreChecked(t *testing.T) {
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprint(10000 + i)
	}
	for field, queries := range map[string][]jira.ProjectQuery{
		"ids":      {{IDs: many}, {IDs: []string{"OPS"}}, {IDs: []string{"10000", ""}}, {IDs: []string{"1&status=deleted"}}},
		"category": {{Category: "Internal"}, {Category: "-1"}, {Category: "1&id=2"}},
		"types":    {{Types: []string{"software,business"}}, {Types: []string{""}}, {Types: []string{"Software"}}, {Types: many[:21]}},
		"text":     {{Text: strings.Repeat("x", 256)}},
		"first":    {{First: -1}, {First: 1_000_001}},
	} {
		for _, q := range queries {
			j := newFakeJira()
			_, err := jira.Projects(as(t, services.New(all(t, j)), synchronizing("t")), q)
			wantError(t, fmt.Sprintf("%+v", q), err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: field})
			if len(j.listed) > 0 {
				t.Errorf("Jira was asked %+v", q)
			}
		}
	}
}

func TestFailuresOfJiraReachSynchronizers(t *testing.T) {
	j := newFakeJira()
	j.err = &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "Jira is asked too often just now."}
	ctx := as(t, services.New(all(t, j)), synchronizing("t"))
	_, err := jira.Projects(ctx, jira.ProjectQuery{})
	wantError(t, "Projects", err, sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream})
	_, err = jira.Categories(ctx)
	wantError(t, "Categories", err, sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream})
}
