package services

import (
	"context"
	"regexp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Limits of a question about projects, beside those that sdk/jira names.
const (
	defaultProjects = 50
	maxFirst        = 1_000_000
	maxProjectTypes = 20
	maxProjectText  = 255 // bytes
)

var projectType = regexp.MustCompile(`^[a-z][a-z_]{0,49}$`)

func (s *jiraService) projects(ctx context.Context, b *capability.Binding, q *jira.ProjectQuery) (*jira.ProjectPage, error) {
	if err := s.synchronizing(b); err != nil {
		return nil, err
	}
	if err := checkProjects(q); err != nil {
		return nil, err
	}
	asked := *q
	if asked.Limit == 0 {
		asked.Limit = defaultProjects
	}
	asked.Limit = min(max(asked.Limit, 1), jira.MaxProjects)
	page, err := s.jira.Projects(ctx, b.Tenant, asked)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	if page == nil {
		page = &jira.ProjectPage{}
	}
	return page, nil
}

func (s *jiraService) categories(ctx context.Context, b *capability.Binding, _ *nothing) (*jira.CategoryList, error) {
	if err := s.synchronizing(b); err != nil {
		return nil, err
	}
	list, err := s.jira.Categories(ctx, b.Tenant)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	if list == nil {
		list = &jira.CategoryList{}
	}
	return list, nil
}

// synchronizing refuses a call of a page, an action or a file. The app sees projects that the visitor may not, or there is an
// anonymous visitor, whose call looks like that of a schedule. What a synchronizer reads goes to the host alone, which makes
// of it what an admin has set up.
func (s *jiraService) synchronizing(b *capability.Binding) error {
	if s.jira == nil {
		return hostError(sdk.Unimplemented, "this host has no Jira")
	}
	if b.Synchronizer == "" {
		return hostError(sdk.PermissionDenied, "projects are listed for synchronizers, and not on pages; ask in a synchronizer of the plugin")
	}
	return nil
}

func checkProjects(q *jira.ProjectQuery) error {
	if len(q.IDs) > jira.MaxProjectIDs {
		return withField("ids", hostError(sdk.Invalid, "at most %d projects can be named at a time", jira.MaxProjectIDs))
	}
	for _, id := range q.IDs {
		if wanted := fits(manifest.KindProject, id); wanted != "" {
			return withField("ids", hostError(sdk.Invalid, "the projects: %s", wanted))
		}
	}
	if q.Category != "" {
		if wanted := fits(manifest.KindCategory, q.Category); wanted != "" {
			return withField("category", hostError(sdk.Invalid, "the category: %s", wanted))
		}
	}
	if len(q.Types) > maxProjectTypes {
		return withField("types", hostError(sdk.Invalid, "at most %d types can be named", maxProjectTypes))
	}
	for _, name := range q.Types {
		if !projectType.MatchString(name) {
			return withField("types", hostError(sdk.Invalid, "a type of projects is a word such as software, business or service_desk"))
		}
	}
	switch {
	case len(q.Text) > maxProjectText:
		return withField("text", hostError(sdk.Invalid, "the text has at most %d bytes", maxProjectText))
	case q.First < 0 || q.First > maxFirst:
		return withField("first", hostError(sdk.Invalid, "first is 0 to %d", maxFirst))
	}
	return nil
}
