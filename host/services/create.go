package services

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Limits of a new issue.
const (
	maxSummary = 255 // characters, Jira's limit
	maxValues  = 64 << 10
)

// ownFields are those that an issue is made of anyway.
var ownFields = []string{"project", "issuetype", "summary"}

func (s *jiraService) create(ctx context.Context, b *capability.Binding, n *jira.New) (*jira.Created, error) {
	if err := s.allowed(b); err != nil {
		return nil, err
	}
	if err := checkNew(n); err != nil {
		return nil, err
	}
	rights, err := s.rights(ctx, b, jira.RightsQuery{Permissions: []string{jira.BrowseProjects, jira.CreateIssues}, ProjectIDs: []string{n.ProjectID}})
	switch {
	case err != nil:
		return nil, err
	case !rights.InProject(jira.BrowseProjects, n.ProjectID):
		return nil, noProject(n.ProjectID)
	case !rights.InProject(jira.CreateIssues, n.ProjectID):
		return nil, hostError(sdk.PermissionDenied, "you need Jira's permission %s in project %s; a project admin can give it", jira.CreateIssues, n.ProjectID)
	}
	made, err := s.jira.Create(ctx, b.Tenant, *n)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return made, nil
}

func checkNew(n *jira.New) error {
	if err := isID("project_id", manifest.KindProject, n.ProjectID); err != nil {
		return err
	}
	if !number(n.IssueTypeID) {
		return withField("issue_type_id", hostError(sdk.Invalid, "an issue type is named by its id, a number"))
	}
	if strings.TrimSpace(n.Summary) == "" || utf8.RuneCountInString(n.Summary) > maxSummary || strings.ContainsAny(n.Summary, "\r\n") {
		return withField("summary", hostError(sdk.Invalid, "the summary is one line of 1 to %d characters", maxSummary))
	}
	if len(n.Fields) > maxFields {
		return withField("fields", hostError(sdk.Invalid, "at most %d fields can be set", maxFields))
	}
	size := 0
	for id, value := range n.Fields {
		if wanted := fits(manifest.KindField, id); wanted != "" {
			return withField("fields", hostError(sdk.Invalid, "the fields to set: %s", wanted))
		}
		if slices.Contains(ownFields, id) {
			return withField("fields", hostError(sdk.Invalid, "%s has its own place in the message; leave it out of the fields", id))
		}
		if !json.Valid(value) {
			return withField("fields", hostError(sdk.Invalid, "the value of %s is no JSON; text stands in quotes", id))
		}
		size += len(value)
	}
	if size > maxValues {
		return withField("fields", hostError(sdk.Invalid, "the values have at most %d bytes together", maxValues))
	}
	return nil
}
