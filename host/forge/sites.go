package forge

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Tenants keeps the sites; tenant.Tenants is one.
type Tenants interface {
	ByInstallation(ctx context.Context, installation string) (tenant.Tenant, error)
	SameSite(ctx context.Context, in tenant.ForgeInstallation) (tenant.Tenant, error)
	InstallForge(ctx context.Context, in tenant.ForgeInstallation) (tenant.Tenant, error)
	Each(ctx context.Context) iter.Seq2[tenant.Tenant, error]
	Uninstall(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// Asked answers what an invocation does not say; jira.Client does. Both take where a site is called and the token that came.
type Asked interface {
	ConnectClientKey(ctx context.Context, apiBaseURL, token string) (string, error)
	SiteAddress(ctx context.Context, apiBaseURL, token string) (string, error)
}

// SitesConfig is what Sites needs. All but TakeOver and Left is required.
type SitesConfig struct {
	Tenants Tenants
	Tokens  *Tokens
	Jira    Asked
	Log     *slog.Logger
	// TakeOver asks each new site whether it had the Connect app before, whose tenant it then is.
	TakeOver bool
	// Left ends what was good for the last installation of a site only, such as API tokens; nil does nothing. It is called when a site says
	// farewell, and before another installation of the same site takes its place.
	Left func(ctx context.Context, t capability.TenantID) error
}

// Sites takes in the sites that have the app by Forge. Whichever invocation of a site comes first makes its tenant, since events can be late
// or lost and a page cannot wait for one. It is safe for concurrent use. Make it with NewSites.
type Sites struct{ SitesConfig }

// NewSites returns Sites.
func NewSites(c SitesConfig) (*Sites, error) {
	if c.Tenants == nil || c.Tokens == nil || c.Jira == nil || c.Log == nil {
		return nil, errors.New("forge sites: something that they need is missing")
	}
	return &Sites{c}, nil
}

var _ auth.Installations = (*Sites)(nil)

// settled is how long after a site has left, or was switched off, an invocation shows that it has the app: no token lives as long, and Jira
// says farewell before it uninstalls, which can fail.
//
// That an invocation makes such a site active again is safe. Atlassian signs its token for this app alone, names in it the installation for
// which it calls, and calls for none that was removed; and a token that was caught before the site left is too old.
const settled = 5 * time.Minute

// Arrived returns the tenant of an invocation's site, and keeps the token that came with it.
func (s *Sites) Arrived(ctx context.Context, i auth.Invocation) (tenant.Tenant, error) {
	t, err := s.Tenants.ByInstallation(ctx, i.Installation)
	switch {
	case errors.Is(err, store.ErrNotFound):
		t, err = s.install(ctx, i, "")
	case err != nil:
	case t.State == tenant.Uninstalled && i.IssuedAt.After(t.Uninstalled.Add(settled)),
		t.State == tenant.Disabled && i.IssuedAt.After(t.Changed.Add(settled)), // Connect said so, which does not say the contrary to an app on Forge
		t.State == tenant.Active && moved(t, i):
		t, err = s.install(ctx, i, t.ClientKey)
	}
	if err != nil {
		return tenant.Tenant{}, err
	}
	if t.State != tenant.Active {
		return t, nil
	}
	return t, s.Tokens.Keep(ctx, t.ID, i.SystemToken)
}

// moved says whether a site is reached elsewhere than it was. A tenant that Connect knew the installation of is not on Forge yet.
func moved(t tenant.Tenant, i auth.Invocation) bool {
	return t.Forge.APIBaseURL != i.APIBaseURL || t.Forge.Environment != i.Environment || i.SiteURL != "" && t.BaseURL != i.SiteURL
}

// install takes a site in. Where it cannot be asked whether it is known already, it is refused for now: a second tenant of it would look as if
// its data were lost. known is the client key of one whose installation is known.
func (s *Sites) install(ctx context.Context, i auth.Invocation, known string) (tenant.Tenant, error) {
	in := tenant.ForgeInstallation{
		InstallationID: i.Installation, BaseURL: i.SiteURL,
		// The address of the API names the cloud id, and was compared with what is allowed.
		Forge: tenant.Forge{CloudID: path.Base(i.APIBaseURL), APIBaseURL: i.APIBaseURL, Environment: i.Environment},
	}
	if !tenant.IsForgeKey(known) {
		in.ClientKey = known
	}
	ask := s.TakeOver && known == ""
	if (ask || in.BaseURL == "") && i.SystemToken == "" {
		return tenant.Tenant{}, fmt.Errorf("take in a site: %w: no token came with the invocation", store.ErrUnavailable)
	}
	var err error
	if ask {
		if in.ClientKey, err = s.Jira.ConnectClientKey(ctx, i.APIBaseURL, i.SystemToken); err != nil {
			return tenant.Tenant{}, fmt.Errorf("take in a site: %w", err)
		}
	}
	if in.BaseURL == "" {
		if in.BaseURL, err = s.Jira.SiteAddress(ctx, i.APIBaseURL, i.SystemToken); err != nil {
			return tenant.Tenant{}, fmt.Errorf("take in a site: %w", err)
		}
	}
	if err := s.endLast(ctx, in, i.IssuedAt); err != nil {
		return tenant.Tenant{}, fmt.Errorf("take in a site: %w", err)
	}
	t, err := s.Tenants.InstallForge(ctx, in)
	if err != nil {
		return tenant.Tenant{}, err
	}
	s.Log.InfoContext(ctx, "site has the app by Forge", "tenant", t)
	return t, nil
}

// endLast ends what was good for the last installation of a site, where another one takes its place. A site that has the app by Connect and
// gets it by Forge too goes on with the installation that it has. A call that was issued before the last installation came is of an
// earlier one, and refused.
func (s *Sites) endLast(ctx context.Context, in tenant.ForgeInstallation, issued time.Time) error {
	before, err := s.Tenants.SameSite(ctx, in)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case before.InstallationID == in.InstallationID || !before.OnForge() && before.State != tenant.Uninstalled:
		return nil
	case before.OnForge() && issued.Before(before.Changed.Truncate(time.Second)): // iat has whole seconds
		return &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: "This call is of an earlier installation of the app. Open the page again."}
	case s.SitesConfig.Left == nil:
		return nil
	}
	return s.SitesConfig.Left(ctx, before.ID)
}

// Left marks the site of an invocation as gone and forgets its token; its data is kept for a grace period. A site that is not known is gone
// already.
func (s *Sites) Left(ctx context.Context, i auth.Invocation) error {
	t, err := s.Tenants.ByInstallation(ctx, i.Installation)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if t, err = s.Tenants.Uninstall(ctx, t.ID); err != nil {
		return fmt.Errorf("uninstall: %w", err)
	}
	if s.SitesConfig.Left != nil {
		if err := s.SitesConfig.Left(ctx, t.ID); err != nil {
			return fmt.Errorf("uninstall: %w", err)
		}
	}
	s.Log.InfoContext(ctx, "site uninstalled the app", "tenant", t)
	return s.Tokens.Drop(ctx, t.ID)
}
