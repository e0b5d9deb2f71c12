package feature

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Announce tells a Jira site which modules to show, for every plugin. It is called when a site has installed the app, and
// again for every site when the host starts, so that a new plugin shows without anybody doing anything.
func (s *Service) Announce(ctx context.Context, t tenant.Tenant) error {
	giveBack, err := s.turns.take(ctx, t.ID)
	if err != nil {
		return err
	}
	defer giveBack()
	for _, id := range s.Catalog.ids {
		e, choice, err := s.Catalog.choice(ctx, t.ID, id)
		if err != nil {
			return err
		}
		if err := s.announce(ctx, t, e, choice); err != nil {
			return err
		}
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
