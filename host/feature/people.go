package feature

import (
	"context"
	"maps"
	"slices"

	site "github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

const (
	person = "atlassian" // the kind of account that people have
	// maxNamed is for how many people a form asks Jira, one after the other. Of more it shows the ids.
	maxNamed = 50
	closed   = "closed account"
)

// named returns people with the names that Jira has for them just now; nothing keeps these. Somebody whom Jira does not tell of just now is
// left out.
func (s *Service) named(ctx context.Context, t tenant.Tenant, ids []string) []schemaform.Choice {
	out := []schemaform.Choice{}
	for _, id := range ids[:min(len(ids), maxNamed)] {
		a, err := s.Jira.Account(ctx, t, id)
		switch code := sdk.CodeOf(err); {
		case code == sdk.NotFound || code == sdk.Invalid:
			out = append(out, schemaform.Choice{ID: id, Name: "Unknown (" + id + ")"})
		case err != nil:
			s.Log.WarnContext(ctx, "name the people of a settings form", "tenant", t.ID, "error", code)
		case !a.Active:
			out = append(out, schemaform.Choice{ID: id, Name: a.Name, Detail: closed})
		default:
			out = append(out, schemaform.Choice{ID: id, Name: a.Name})
		}
	}
	return out
}

// Names returns what to call accounts: by the names that Jira has for them just now, which nothing keeps, and otherwise by their ids.
func (s *Service) Names(ctx context.Context, t tenant.Tenant, accounts map[string]bool) map[string]string {
	ids := slices.Sorted(maps.Keys(accounts))
	out := map[string]string{}
	for _, id := range ids {
		out[id] = id
	}
	for _, c := range s.named(ctx, t, ids) {
		out[c.ID] = c.Name
	}
	return out
}

// Named returns people with the names that Jira has for them just now, up to 50; somebody whom Jira does not tell of just now is left out.
func (s *Service) Named(ctx context.Context, t tenant.Tenant, ids []string) []schemaform.Choice {
	return s.named(ctx, t, ids)
}

// FindPeople finds people of the site by what an admin types, for a form. Who has left cannot be chosen.
func (s *Service) FindPeople(ctx context.Context, t tenant.Tenant, query string) (*view.Choices, error) {
	out := &view.Choices{Title: "People", Empty: "Nobody was found. Type the beginning of a name."}
	if query == "" {
		return &view.Choices{Empty: "Type the beginning of a name."}, nil
	}
	all, err := s.Jira.FindAccounts(ctx, t, query)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.Kind != person {
			continue
		}
		c := view.Choice{Value: a.ID, Label: a.Name}
		if !a.Active {
			c.Disabled = closed
		}
		out.Choices = append(out.Choices, c)
	}
	out.More = len(all) >= site.MaxFound
	return out, nil
}
