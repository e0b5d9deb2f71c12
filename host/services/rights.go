package services

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// maxRightsProjects is how many projects Jira takes in one question about rights.
const maxRightsProjects = 1000

// permissions are those that a plugin can ask about.
var permissions = []string{jira.BrowseProjects, jira.CreateIssues, jira.EditIssues, jira.LinkIssues, jira.AdministerProjects, jira.Administer}

func (s *jiraService) may(ctx context.Context, b *capability.Binding, q *jira.RightsQuery) (*jira.Rights, error) {
	account, err := s.whose(ctx, b, q.As)
	if err != nil {
		return nil, err
	}
	for _, p := range q.Permissions {
		if !slices.Contains(permissions, p) {
			return nil, withField("permissions", hostError(sdk.Invalid, "a permission is one of %v", permissions))
		}
	}
	issues, err := idList("issue_ids", manifest.KindIssue, q.IssueIDs, jira.MaxIssues)
	if err != nil {
		return nil, err
	}
	projects, err := idList("project_ids", manifest.KindProject, q.ProjectIDs, jira.MaxProjects)
	if err != nil {
		return nil, err
	}
	return s.rightsOf(ctx, b, account, jira.RightsQuery{Permissions: q.Permissions, IssueIDs: issues, ProjectIDs: projects})
}

// rights asks what the user of the call may do. Without a user it is refused, because
// Jira would answer for the app.
func (s *jiraService) rights(ctx context.Context, b *capability.Binding, q jira.RightsQuery) (*jira.Rights, error) {
	if err := s.allowed(b); err != nil {
		return nil, err
	}
	return s.rightsOf(ctx, b, b.Context.Account, q)
}

// must refuses a write on issues that the user may not see, or where they lack a permission.
func (s *jiraService) must(ctx context.Context, b *capability.Binding, permission string, issues ...string) error {
	rights, err := s.rights(ctx, b, jira.RightsQuery{Permissions: []string{jira.BrowseProjects, permission}, IssueIDs: issues})
	if err != nil {
		return err
	}
	for _, p := range []string{jira.BrowseProjects, permission} { // what may not be seen comes first
		for _, id := range issues {
			if err := lacks(rights, p, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func lacks(rights *jira.Rights, permission, issue string) error {
	switch {
	case !rights.OnIssue(jira.BrowseProjects, issue):
		return noIssue(issue)
	case !rights.OnIssue(permission, issue):
		return hostError(sdk.PermissionDenied, "you need Jira's permission %s on issue %s; a project admin can give it", permission, issue)
	}
	return nil
}

// noIssue is word for word the same, whether the issue is not there or not for this user.
func noIssue(id string) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "there is no issue " + id + ", or you may not see it"}
}
