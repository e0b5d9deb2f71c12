package feature

import (
	"context"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// request returns the id of the request beside which a panel of the customer portal stands. That the visitor may see it is Jira's word, as
// is which one it is: both are in the token. Jira gives tokens beside issues that are no requests as well, so it is asked whether this is
// one. Nobody sees such a panel without an account.
func (s *Service) request(ctx context.Context, t tenant.Tenant, p auth.Principal, at Place) (string, error) {
	if p.Account == "" {
		return "", &sdk.Error{Code: sdk.Unauthenticated, Source: sdk.FromHost, Message: "This shows to customers who are logged in. Log in to the portal, and open the request again."}
	}
	elsewhere := p.Via == auth.ViaForge && p.Module.Type != auth.PortalModule // which of Connect's modules asks its tokens do not say
	named := at.IssueID
	if named == "" {
		named = at.RequestKey
	}
	if named == "" || elsewhere {
		return "", &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "This shows on a request only. Open a request on the customer portal, and open it there."}
	}
	id, err := s.Jira.Request(ctx, t, named)
	if sdk.CodeOf(err) == sdk.NotFound {
		return "", &sdk.Error{
			Code: sdk.NotFound, Source: sdk.FromHost,
			Message: "This is no request that the app can read. Open one on the customer portal; where that is one, a Jira admin has to let the app browse its project.",
		}
	}
	return id, err
}

// onPortal refuses a view on the customer portal that a module for other people draws, and no module of the portal.
func (v visit) onPortal(view string) error {
	others := false
	for _, m := range v.hold.Manifest().Modules {
		if m.View != view {
			continue
		}
		if m.Type == manifest.PortalPanel {
			return nil
		}
		others = true
	}
	if others {
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "This is not shown on the customer portal. It is opened in Jira."}
	}
	return nil
}
