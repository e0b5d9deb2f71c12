package jira

import (
	"context"
	"encoding/json"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Issues is Client.Issues.
func (s *Sites) Issues(ctx context.Context, id capability.TenantID, ids, fields []string) ([]jira.Issue, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.Issues(ctx, t, ids, fields)
}

// ByKeys is Client.ByKeys.
func (s *Sites) ByKeys(ctx context.Context, id capability.TenantID, keys, fields []string) ([]jira.Issue, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.ByKeys(ctx, t, keys, fields)
}

// Fields is Client.DescribeFields.
func (s *Sites) Fields(ctx context.Context, id capability.TenantID, locale string) (*jira.FieldList, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.DescribeFields(ctx, t, locale)
}

// LinkTypes is Client.DescribeLinkTypes.
func (s *Sites) LinkTypes(ctx context.Context, id capability.TenantID, locale string) (*jira.LinkTypeList, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.DescribeLinkTypes(ctx, t, locale)
}

// IssueTypes is Client.DescribeIssueTypes.
func (s *Sites) IssueTypes(ctx context.Context, id capability.TenantID, locale, project string) (*jira.IssueTypeList, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.DescribeIssueTypes(ctx, t, locale, project)
}

// Rights is Client.Rights.
func (s *Sites) Rights(ctx context.Context, id capability.TenantID, account string, q jira.RightsQuery) (*jira.Rights, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.Rights(ctx, t, account, q)
}

// Active says whether an account is there and neither closed nor deactivated, by Client.Account.
func (s *Sites) Active(ctx context.Context, id capability.TenantID, account string) (bool, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return false, err
	}
	a, err := s.client.Account(ctx, t, account)
	switch sdk.CodeOf(err) {
	case sdk.NotFound, sdk.Invalid:
		return false, nil
	}
	return a.ID == account && a.Active, err
}

// Links is Client.IssueLinks.
func (s *Sites) Links(ctx context.Context, id capability.TenantID, issue string) (*jira.IssueLinkList, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.IssueLinks(ctx, t, issue)
}

// LinksOf is Client.LinksOf.
func (s *Sites) LinksOf(ctx context.Context, id capability.TenantID, issues []string) (*jira.IssueLinkList, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.LinksOf(ctx, t, issues)
}

// Link is Client.IssueLink.
func (s *Sites) Link(ctx context.Context, id capability.TenantID, link string) (*jira.IssueLink, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.IssueLink(ctx, t, link)
}

// AddLink is Client.LinkIssues.
func (s *Sites) AddLink(ctx context.Context, id capability.TenantID, l jira.NewLink) (*jira.IssueLink, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.LinkIssues(ctx, t, l)
}

// RemoveLink is Client.UnlinkIssues.
func (s *Sites) RemoveLink(ctx context.Context, id capability.TenantID, link string) error {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return err
	}
	return s.client.UnlinkIssues(ctx, t, link)
}

// Create is Client.CreateIssue.
func (s *Sites) Create(ctx context.Context, id capability.TenantID, n jira.New) (*jira.Created, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.CreateIssue(ctx, t, n)
}

// Property is Client.IssueProperty.
func (s *Sites) Property(ctx context.Context, id capability.TenantID, issue, key string) ([]byte, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.IssueProperty(ctx, t, issue, key)
}

// DeleteProperty is Client.DeleteIssueProperty.
func (s *Sites) DeleteProperty(ctx context.Context, id capability.TenantID, issue, key string) error {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return err
	}
	return s.client.DeleteIssueProperty(ctx, t, issue, key)
}

// SetProperties is Client.SetIssueProperties, and for a single property Client.SetIssueProperty, which needs no task.
func (s *Sites) SetProperties(ctx context.Context, id capability.TenantID, list []jira.Property) error {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return err
	}
	if len(list) == 1 {
		return s.client.SetIssueProperty(ctx, t, list[0].IssueID, list[0].Key, json.RawMessage(list[0].Value))
	}
	return s.client.SetIssueProperties(ctx, t, list)
}
