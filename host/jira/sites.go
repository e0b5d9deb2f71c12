package jira

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Tenants finds a tenant by its id; tenant.Tenants is one.
type Tenants interface {
	ByID(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// Sites is a Client for callers that know a tenant only by its id, such as the host calls of plugins.
type Sites struct {
	client  *Client
	tenants Tenants
}

// NewSites returns the sites of the tenants.
func NewSites(c *Client, t Tenants) *Sites { return &Sites{c, t} }

// Issue is Client.Issue.
func (s *Sites) Issue(ctx context.Context, id capability.TenantID, issue string, fields []string) (*jira.Issue, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.Issue(ctx, t, issue, fields)
}

// Search is Client.Search. A Connect app searches as itself, so the account decides nothing here.
func (s *Sites) Search(ctx context.Context, id capability.TenantID, _ string, q jira.Search) (*jira.Found, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.Search(ctx, t, q)
}

// Browse is Client.Browse.
func (s *Sites) Browse(ctx context.Context, id capability.TenantID, account string, issueIDs []string) (map[string]bool, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.Browse(ctx, t, account, issueIDs)
}

// Projects is Client.FindProjects.
func (s *Sites) Projects(ctx context.Context, id capability.TenantID, q jira.ProjectQuery) (*jira.ProjectPage, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.FindProjects(ctx, t, q)
}

// Categories is Client.Categories.
func (s *Sites) Categories(ctx context.Context, id capability.TenantID) (*jira.CategoryList, error) {
	t, err := s.tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.client.Categories(ctx, t)
}

func (s *Sites) tenant(ctx context.Context, id capability.TenantID) (tenant.Tenant, error) {
	t, err := s.tenants.ByID(ctx, id)
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("find the site of a tenant: %w", err)
	}
	return t, nil
}
