package syncing

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Site lists the things of a tenant's Jira from which an admin chooses; *jira.Client does.
type Site interface {
	Projects(ctx context.Context, t tenant.Tenant) ([]jira.Project, error)
	CreatableTypes(ctx context.Context, t tenant.Tenant, project string) ([]jira.IssueType, error)
	CreateMeta(ctx context.Context, t tenant.Tenant, project, issueType string) ([]jira.Meta, error)
	Fields(ctx context.Context, t tenant.Tenant) ([]jira.Field, error)
	Statuses(ctx context.Context, t tenant.Tenant) ([]jira.Status, error)
	FindAccounts(ctx context.Context, t tenant.Tenant, query string) ([]jira.Account, error)
	Account(ctx context.Context, t tenant.Tenant, id string) (jira.Account, error)
}

var _ Site = (*jira.Client)(nil)

// Choice is something of a site that can be chosen: the id is what is kept, the name is for whoever chooses and kept nowhere.
type Choice struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"` // tells things of one name apart, such as a project's key
}

// TargetField is a field of new issues into which a value can be written.
type TargetField struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Kind     mapping.Kind `json:"kind"`
	Required bool         `json:"required,omitempty"` // by Jira, and it has no default there
	// Options are the values that the field can have, where it has a list of them: the first 500.
	Options []Choice `json:"options,omitempty"`
	// Types are the ids of the issue types that have it, of those that were asked for.
	Types []string `json:"types"`
}

// maxOptions bounds the options of one field.
const maxOptions = 500

func (s *Service) site() (Site, error) {
	if s.cfg.Site == nil {
		return nil, fail(sdk.Unimplemented, "nothing of the site can be listed here")
	}
	return s.cfg.Site, nil
}

// Projects lists the projects in which issues can be made.
func (s *Service) Projects(ctx context.Context, t tenant.Tenant) ([]Choice, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	all, err := site.Projects(ctx, t)
	return choices(all, err, func(p jira.Project) Choice { return Choice{p.ID, p.Name, p.Key} })
}

// IssueTypes lists the issue types of a project of which issues can be made.
func (s *Service) IssueTypes(ctx context.Context, t tenant.Tenant, project string) ([]Choice, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	all, err := site.CreatableTypes(ctx, t, project)
	return choices(all, err, func(i jira.IssueType) Choice { return Choice{ID: i.ID, Name: i.Name} })
}

// Statuses lists the statuses that issues of a project may be in.
func (s *Service) Statuses(ctx context.Context, t tenant.Tenant, project string) ([]Choice, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	all, err := site.Statuses(ctx, t)
	all = slices.DeleteFunc(all, func(one jira.Status) bool { return one.Project != "" && one.Project != project })
	return choices(all, err, func(one jira.Status) Choice { return Choice{one.ID, one.Name, one.Category} })
}

// FieldNames lists all fields of the site, for who reads ids.
func (s *Service) FieldNames(ctx context.Context, t tenant.Tenant) ([]Choice, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	all, err := site.Fields(ctx, t)
	return choices(all, err, func(f jira.Field) Choice { return Choice{ID: f.ID, Name: f.Name} })
}

// Accounts finds accounts of people and apps by the beginning of a name or address.
func (s *Service) Accounts(ctx context.Context, t tenant.Tenant, query string) ([]Choice, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	all, err := site.FindAccounts(ctx, t, query)
	all = slices.DeleteFunc(all, func(a jira.Account) bool { return !a.Active || a.Kind == "customer" })
	return choices(all, err, choiceOf)
}

// Account is one account, so that whoever reads its id sees a name.
func (s *Service) Account(ctx context.Context, t tenant.Tenant, id string) (Choice, error) {
	site, err := s.site()
	if err != nil {
		return Choice{}, err
	}
	a, err := site.Account(ctx, t, id)
	return choiceOf(a), err
}

func choiceOf(a jira.Account) Choice { return Choice{a.ID, cmp.Or(a.Name, a.ID), a.Email} }

// TargetFields lists the fields that new issues of the types have and that a value can be written into, by name.
func (s *Service) TargetFields(ctx context.Context, t tenant.Tenant, project string, types []string) ([]TargetField, error) {
	site, err := s.site()
	if err != nil {
		return nil, err
	}
	byID := map[string]*TargetField{}
	for _, typ := range types {
		metas, err := site.CreateMeta(ctx, t, project, typ)
		if err != nil {
			return nil, err
		}
		for _, m := range metas {
			kind := mapping.KindOf(m)
			if kind == "" {
				continue
			}
			f := byID[m.ID]
			if f == nil {
				f = &TargetField{ID: m.ID, Name: m.Name, Kind: kind, Options: optionsOf(m.Allowed)}
				byID[m.ID] = f
			}
			f.Required = f.Required || m.Required && !m.Default && m.ID != "reporter"
			f.Types = append(f.Types, typ)
		}
	}
	out := make([]TargetField, 0, len(byID))
	for _, f := range byID {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b TargetField) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

func optionsOf(allowed []jira.Choice) []Choice {
	var out []Choice
	for _, c := range allowed {
		if c.Disabled || len(out) == maxOptions {
			continue
		}
		out = append(out, Choice{ID: c.ID, Name: c.Label()})
	}
	return out
}

// choices converts a list, which is never nil.
func choices[T any](all []T, err error, of func(T) Choice) ([]Choice, error) {
	if err != nil {
		return nil, err
	}
	out := make([]Choice, len(all))
	for i, one := range all {
		out[i] = of(one)
	}
	return out, nil
}
