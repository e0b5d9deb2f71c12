package feature

import (
	"context"
	"fmt"

	site "github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Offer is what a form lets choose from.
type Offer struct {
	Choices map[schemaform.Source][]schemaform.Choice
	Empty   map[schemaform.Source]string // what to do where a source has nothing
}

// Choices lists the things of the site, and the documents, from which a form lets choose; of people those who are chosen in submitted
// fields, for their names. A list that Jira does not give just now is left out, and the form says so and keeps what was chosen.
func (s *Service) Choices(ctx context.Context, t tenant.Tenant, form *schemaform.Form, submitted map[string][]string) Offer {
	out := Offer{map[schemaform.Source][]schemaform.Choice{}, map[schemaform.Source]string{}}
	for _, source := range form.Sources() {
		var list []schemaform.Choice
		var empty string
		var err error
		if _, _, documents := source.Documents(); documents {
			list, empty, err = s.offered(ctx, t.ID, source)
		} else if source == schemaform.Users {
			list = s.named(ctx, t, form.Accounts(submitted))
		} else {
			list, err = s.choices(ctx, t, source)
		}
		if err != nil {
			s.Log.WarnContext(ctx, "list the choices of a settings form", "tenant", t.ID, "source", source, "error", sdk.CodeOf(err))
			continue
		}
		out.Choices[source] = list
		if empty != "" {
			out.Empty[source] = empty
		}
	}
	return out
}

func (s *Service) choices(ctx context.Context, t tenant.Tenant, source schemaform.Source) ([]schemaform.Choice, error) {
	named := func(n site.Named) schemaform.Choice { return schemaform.Choice{ID: n.ID, Name: n.Name} }
	switch source {
	case schemaform.Projects:
		list, err := s.Jira.Projects(ctx, t)
		return offer(list, err, func(p site.Project) schemaform.Choice {
			return schemaform.Choice{ID: p.ID, Name: p.Name, Detail: p.Key}
		})
	case schemaform.IssueTypes:
		list, err := s.Jira.IssueTypes(ctx, t)
		return offer(list, err, func(i site.IssueType) schemaform.Choice { return schemaform.Choice{ID: i.ID, Name: i.Name} })
	case schemaform.JiraFields:
		list, err := s.Jira.Fields(ctx, t)
		return offer(list, err, func(f site.Field) schemaform.Choice { return schemaform.Choice{ID: f.ID, Name: f.Name} })
	case schemaform.Categories:
		list, err := s.Jira.Categories(ctx, t)
		if err != nil {
			return nil, err
		}
		return offer(list.Categories, nil, func(c jira.Category) schemaform.Choice { return schemaform.Choice{ID: c.ID, Name: c.Name} })
	case schemaform.Filters:
		list, err := s.Jira.Filters(ctx, t)
		return offer(list, err, named)
	case schemaform.LinkTypes:
		list, err := s.Jira.LinkTypes(ctx, t)
		return offer(list, err, named)
	default:
		return nil, fmt.Errorf("there is nothing of kind %q to choose from", source)
	}
}

func offer[T any](list []T, err error, choice func(T) schemaform.Choice) ([]schemaform.Choice, error) {
	if err != nil {
		return nil, err
	}
	var out []schemaform.Choice
	for _, one := range list {
		out = append(out, choice(one))
	}
	return out, nil
}
