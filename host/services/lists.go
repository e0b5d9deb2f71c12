package services

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// What is remembered of a site's lists: for a page and the actions on it. They hold words that admins wrote, so they are in memory only.
const (
	listedFor = 5 * time.Second
	maxLists  = 500
)

// lists remembers what sites are made of for a few seconds. What it returns belongs to many: it is not changed.
type lists struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[listKey]listed
}

type listKey struct {
	tenant                capability.TenantID
	what, locale, project string
}

type listed struct {
	value any
	until time.Time
}

func newLists(now func() time.Time) *lists { return &lists{now: now, kept: map[listKey]listed{}} }

// remembered returns what is known under the key, or reads it.
func remembered[T any](l *lists, key listKey, read func() (*T, error)) (*T, error) {
	l.mu.Lock()
	old, ok := l.kept[key]
	l.mu.Unlock()
	if ok && l.now().Before(old.until) {
		return old.value.(*T), nil
	}
	value, err := read() // outside of the lock: two that ask at once ask Jira twice
	if err != nil || value == nil {
		return new(T), err
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) >= maxLists {
		maps.DeleteFunc(l.kept, func(_ listKey, old listed) bool { return !now.Before(old.until) })
		if len(l.kept) >= maxLists {
			clear(l.kept)
		}
	}
	l.kept[key] = listed{value, now.Add(listedFor)}
	return value, nil
}

func (s *jiraService) fields(ctx context.Context, b *capability.Binding, _ *nothing) (*jira.FieldList, error) {
	if err := s.allowed(b); err != nil {
		return nil, err
	}
	all, err := remembered(s.lists, listKey{b.Tenant, jira.OpFields, b.Context.Locale, ""}, func() (*jira.FieldList, error) {
		return s.jira.Fields(ctx, b.Tenant, b.Context.Locale)
	})
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	out := &jira.FieldList{}
	out.Fields, err = shownOf(ctx, s, b, all.Fields, func(f jira.Field) string { return f.ProjectID })
	return out, err
}

func (s *jiraService) linkTypes(ctx context.Context, b *capability.Binding, _ *nothing) (*jira.LinkTypeList, error) {
	if err := s.allowed(b); err != nil && (s.jira == nil || !b.Function) { // they belong to nobody, and a function may have to name them
		return nil, err
	}
	all, err := remembered(s.lists, listKey{b.Tenant, jira.OpLinkTypes, b.Context.Locale, ""}, func() (*jira.LinkTypeList, error) {
		return s.jira.LinkTypes(ctx, b.Tenant, b.Context.Locale)
	})
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return all, nil
}

func (s *jiraService) issueTypes(ctx context.Context, b *capability.Binding, q *jira.IssueTypeQuery) (*jira.IssueTypeList, error) {
	if err := s.allowed(b); err != nil {
		return nil, err
	}
	if q.ProjectID != "" {
		if wanted := fits(manifest.KindProject, q.ProjectID); wanted != "" {
			return nil, withField("project_id", hostError(sdk.Invalid, "the project: %s", wanted))
		}
		if err := s.mustBrowse(ctx, b, q.ProjectID); err != nil {
			return nil, err
		}
	}
	all, err := remembered(s.lists, listKey{b.Tenant, jira.OpIssueTypes, b.Context.Locale, q.ProjectID}, func() (*jira.IssueTypeList, error) {
		return s.jira.IssueTypes(ctx, b.Tenant, b.Context.Locale, q.ProjectID)
	})
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	out := &jira.IssueTypeList{}
	out.IssueTypes, err = shownOf(ctx, s, b, all.IssueTypes, func(i jira.IssueType) string { return i.ProjectID })
	return out, err
}

// mustBrowse refuses a project that the user may not see as one that is not there.
func (s *jiraService) mustBrowse(ctx context.Context, b *capability.Binding, project string) error {
	rights, err := s.rights(ctx, b, jira.RightsQuery{Permissions: []string{jira.BrowseProjects}, ProjectIDs: []string{project}})
	if err != nil {
		return err
	}
	if !rights.InProject(jira.BrowseProjects, project) {
		return noProject(project)
	}
	return nil
}

func noProject(project string) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "there is no project " + project + ", or you may not see it"}
}

// shownOf leaves out what belongs to projects that the user may not see: their words are not for everybody.
func shownOf[T any](ctx context.Context, s *jiraService, b *capability.Binding, all []T, project func(T) string) ([]T, error) {
	var projects []string
	for _, each := range all {
		if p := project(each); p != "" && !slices.Contains(projects, p) {
			projects = append(projects, p)
		}
	}
	seen := map[string]bool{"": true}
	for chunk := range slices.Chunk(projects, maxRightsProjects) {
		rights, err := s.rights(ctx, b, jira.RightsQuery{Permissions: []string{jira.BrowseProjects}, ProjectIDs: chunk})
		if err != nil {
			return nil, err
		}
		for _, p := range chunk {
			seen[p] = rights.InProject(jira.BrowseProjects, p)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(each T) bool { return !seen[project(each)] }), nil
}
