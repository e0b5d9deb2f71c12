package services

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// whose returns the account by whose rights a question is answered: the user's of the call or, where the question names one, an account
// that an admin chose. The plugin cannot choose it itself: it has to stand in a document that only admins write.
func (s *jiraService) whose(ctx context.Context, b *capability.Binding, as string) (string, error) {
	if as == "" {
		return b.Context.Account, s.allowed(b)
	}
	switch {
	case s.jira == nil:
		return "", hostError(sdk.Unimplemented, "this host has no Jira")
	case !b.Grants[manifest.JiraSearchAs]:
		return "", withField("as", hostError(sdk.PermissionDenied,
			"to search by the rights of an account needs the permission %q: the plugin has to ask for it in plugin.json, and an admin of the site has to grant it on the Pergola page", manifest.JiraSearchAs))
	case b.Context.Account == "" && !b.Background:
		return "", hostError(sdk.PermissionDenied, "issues are shown to users who are logged in to Jira; log in and try again")
	case s.configs == nil:
		return "", hostError(sdk.Unimplemented, "this host keeps no configuration documents")
	}
	named, err := s.configs.Names(ctx, b, as)
	if err != nil {
		return "", err
	}
	if !named { // also what is no account id
		return "", withField("as", hostError(sdk.PermissionDenied,
			"no admin named this account in a document of the plugin; the setting that does has \"x-jira\": \"user\" in plugin.json"))
	}
	active, err := remembered(s.lists, listKey{tenant: b.Tenant, what: "account", project: as}, func() (*bool, error) {
		is, err := s.jira.Active(ctx, b.Tenant, as)
		return &is, err
	})
	if err != nil {
		return "", s.downstream(ctx, b, err)
	}
	if !*active {
		return "", withField("as", &sdk.Error{
			Code: sdk.NotFound, Source: sdk.FromDownstream,
			Message: "the account by whose rights is searched here is closed or deactivated; a Jira admin has to choose another one",
		})
	}
	return as, nil
}

// Accounts knows who has an account of a site.
type Accounts interface {
	// Active says whether the account is there and neither closed nor deactivated.
	Active(ctx context.Context, t capability.TenantID, account string) (bool, error)
}

// rightsOf asks what an account may do. It is not remembered: a write depends on it.
func (s *jiraService) rightsOf(ctx context.Context, b *capability.Binding, account string, q jira.RightsQuery) (*jira.Rights, error) {
	rights, err := s.jira.Rights(ctx, b.Tenant, account, q)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	if rights == nil {
		rights = &jira.Rights{}
	}
	return rights, nil
}
