package configset

import (
	"context"
	"errors"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	site "github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// Features holds what admins wrote, and judges and writes it; *feature.Service is one.
type Features interface {
	Parts(ctx context.Context, t capability.TenantID) ([]feature.Part, error)
	JudgeDrafts(ctx context.Context, t tenant.Tenant, account string, all []feature.Draft) ([]schemaform.Errors, error)
	WriteDrafts(ctx context.Context, t tenant.Tenant, account string, all []feature.Draft, beside func([]feature.Overwritten) ([]store.Op, error)) ([]schemaform.Errors, error)
}

var _ Features = (*feature.Service)(nil)

// Site is what is asked of a Jira site; host/jira.Client is one.
type Site interface {
	Projects(ctx context.Context, t tenant.Tenant) ([]site.Project, error)
	IssueTypes(ctx context.Context, t tenant.Tenant) ([]site.IssueType, error)
	Fields(ctx context.Context, t tenant.Tenant) ([]site.Field, error)
	Categories(ctx context.Context, t tenant.Tenant) (*jira.CategoryList, error)
	Filters(ctx context.Context, t tenant.Tenant) ([]site.Named, error)
	LinkTypes(ctx context.Context, t tenant.Tenant) ([]site.Named, error)
	Account(ctx context.Context, t tenant.Tenant, id string) (site.Account, error)
}

var _ Site = (*site.Client)(nil)

// Config is what a Service needs. All of it is required.
type Config struct {
	Features Features
	Site     Site
	Store    store.Driver
	NewID    func() (string, error) // makes an id of an import
	Now      func() time.Time
}

// Service exports, imports and undoes. It is safe for concurrent use. Make it with New.
type Service struct {
	features Features
	site     Site
	store    store.Driver
	newID    func() (string, error)
	now      func() time.Time
}

// New returns a Service.
func New(c Config) (*Service, error) {
	if c.Features == nil || c.Site == nil || c.Store == nil || c.NewID == nil || c.Now == nil {
		return nil, errors.New("configset: something that it needs is missing")
	}
	return &Service{c.Features, c.Site, c.Store, c.NewID, c.Now}, nil
}
