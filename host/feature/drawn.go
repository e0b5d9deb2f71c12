package feature

import (
	"context"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// Drawn is a plugin's page with what is needed to make its links to issues lead there, and to name the accounts in it.
type Drawn struct {
	Page    *view.Page
	Module  manifest.Module
	SiteURL string
	// IssueKeys are the keys of the issues that the page links to and the visitor may see, by id.
	IssueKeys map[string]string
	// Names are those of the accounts that the page names, as the visitor may know them, by id; "" is that of an account that is there no more.
	Names map[string]string
}

// maxLookups bounds the issues that one page has looked up: as many as Jira takes in one request. A link beyond it still works,
// by way of a search for the id.
const maxLookups = jira.MaxIssues

// finish looks up where a page's links to issues lead and what its accounts are called, for the visitor's eyes only.
func (s *Service) finish(ctx context.Context, v visit, page *view.Page, err error) (Drawn, error) {
	if err != nil {
		return Drawn{}, err
	}
	b := v.binding
	drawn := Drawn{Page: page, Module: v.module, SiteURL: b.Context.SiteURL}
	ids, accounts := ui.IssueIDs(page), ui.Accounts(page)
	if len(ids)+len(accounts) == 0 || b.Context.Account == "" {
		return drawn, nil
	}
	t, err := s.Tenants.ByID(ctx, b.Tenant)
	if err != nil {
		return Drawn{}, fmt.Errorf("load tenant: %w", err)
	}
	if len(accounts) > 0 {
		names, err := s.nameAccounts(ctx, t, b.Context.Account, accounts)
		if err != nil && sdk.CodeOf(err) != sdk.PermissionDenied { // without the names the page says what the plugin wrote
			s.Log.WarnContext(ctx, "name the accounts of a page", "plugin", b.Plugin, "error", sdk.CodeOf(err))
		}
		drawn.Names = names
	}
	if len(ids) > 0 {
		drawn.IssueKeys, err = s.keys(ctx, v, t, ids)
	}
	return drawn, err
}

// keys returns those of the issues that the visitor may see.
func (s *Service) keys(ctx context.Context, v visit, t tenant.Tenant, ids []string) (map[string]string, error) {
	visible, err := s.Jira.Browse(ctx, t, v.binding.Context.Account, ids)
	if err != nil {
		return nil, err
	}
	shown := slices.DeleteFunc(ids, func(id string) bool { return !visible[id] })
	out := map[string]string{}
	issues, err := s.Jira.Issues(ctx, t, shown[:min(len(shown), maxLookups)], nil)
	if err != nil {
		s.Log.WarnContext(ctx, "look up the issues of links", "plugin", v.binding.Plugin, "error", sdk.CodeOf(err))
		return out, nil
	}
	for _, i := range issues {
		out[i.ID] = i.Key
	}
	return out, nil
}
