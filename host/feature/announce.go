package feature

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Announce tells a Jira site which modules to show, for every plugin. It is called when a site has installed the app, and
// again for every site when the host starts, so that a new plugin shows without anybody doing anything.
func (s *Service) Announce(ctx context.Context, t tenant.Tenant) error {
	giveBack, err := s.turns.take(ctx, t.ID)
	if err != nil {
		return err
	}
	defer giveBack()
	for _, m := range s.Manifests() {
		e, choice, err := s.choice(ctx, t.ID, m.ID)
		if sdk.CodeOf(err) == sdk.NotFound {
			continue // it was taken out just now
		}
		if err != nil {
			return err
		}
		if err := s.announce(ctx, t, e, choice); err != nil {
			return err
		}
	}
	return nil
}

// AnnounceTo is Announce for who knows a site by its id alone.
func (s *Service) AnnounceTo(ctx context.Context, id capability.TenantID) error {
	t, err := s.Tenants.ByID(ctx, id)
	if err != nil {
		return fmt.Errorf("load tenant: %w", err)
	}
	return s.Announce(ctx, t)
}

// Remember keeps, for every plugin for which a tenant has not chosen, what counts as granted to it. It comes before a
// newer version is taken in, which may ask for more.
func (s *Service) Remember(ctx context.Context, t capability.TenantID) error {
	for _, m := range s.Manifests() {
		if _, _, err := s.choice(ctx, t, m.ID); err != nil && sdk.CodeOf(err) != sdk.NotFound {
			return err
		}
	}
	return nil
}

// Withdraw tells a Jira site to show no module of a plugin that was taken out.
func (s *Service) Withdraw(ctx context.Context, t tenant.Tenant, id capability.PluginID) error {
	giveBack, err := s.turns.take(ctx, t.ID)
	if err != nil {
		return err
	}
	defer giveBack()
	if _, err := s.entry(ctx, t.ID, id); sdk.CodeOf(err) != sdk.NotFound {
		return err // it is there again
	}
	if err := s.Jira.SetAppProperty(ctx, t, manifest.PropertyKey(id), connect.ToggleProperty(false, nil, nil)); err != nil {
		return fmt.Errorf("tell jira about %s: %w", id, err)
	}
	return nil
}

// announce writes the app property that the conditions of a plugin's modules read.
func (s *Service) announce(ctx context.Context, t tenant.Tenant, e entry, choice tenant.Module) error {
	var c contexts // all modules of a plugin that have contexts have the same
	values := e.values(choice)
	for _, m := range e.manifest.Modules {
		if at := e.contexts(m, values); len(at.Projects)+len(at.IssueTypes) > 0 {
			c = at
		}
	}
	if err := s.Jira.SetAppProperty(ctx, t, manifest.PropertyKey(e.manifest.ID), connect.ToggleProperty(choice.Enabled, c.Projects, c.IssueTypes)); err != nil {
		return fmt.Errorf("tell jira about %s: %w", e.manifest.ID, err)
	}
	return nil
}
