package syncing

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"log/slog"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/runlog"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Features knows the plugins of tenants; *feature.Service is one.
type Features interface {
	Synchronizers(ctx context.Context, t capability.TenantID) ([]feature.Synchronizer, error)
	Source(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (*sync.Source, feature.Synchronizer, error)
	// StepSource is Source for one step of a run, on one version of the plugin until it is released.
	StepSource(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (s *sync.Source, known feature.Synchronizer, release func(), err error)
}

var _ Features = (*feature.Service)(nil)

// Keys seals what is stored under a tenant's own key; *seal.Keeper does.
type Keys interface {
	Seal(ctx context.Context, t capability.TenantID, at seal.Place, value seal.Secret) (string, error)
	Open(ctx context.Context, t capability.TenantID, at seal.Place, sealed string) (seal.Secret, error)
}

// Tenants finds tenants; *tenant.Tenants is one.
type Tenants interface {
	ByID(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// Config is what a Service needs. All of it is required, but for Site.
type Config struct {
	Store    store.Driver
	Keys     Keys
	Tenants  Tenants
	Features Features
	// Site tells what an admin can choose from; without one, the lists of projects and their like are not there.
	Site   Site
	Engine *syncer.Engine
	Jobs   *jobs.Jobs
	Log    *runlog.Log
	Logger *slog.Logger
	Now    func() time.Time
}

// Service is what admins do with synchronizations. It asks nobody whether the caller is an admin: whoever opens a way to it does.
// It is safe for concurrent use. Make it with New.
type Service struct {
	cfg         Config
	connections collection[connectionDocument]
	syncs       collection[syncDocument]
}

// New returns a Service, and makes the kind of its runs known to the jobs, which must not be worked on yet.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Keys == nil || c.Tenants == nil || c.Features == nil || c.Engine == nil || c.Jobs == nil || c.Log == nil || c.Logger == nil || c.Now == nil {
		return nil, errors.New("synchronizations: something that they need is missing")
	}
	s := &Service{
		cfg:         c,
		connections: collection[connectionDocument]{store: c.Store, name: connectionCollection, what: "connection"},
		syncs: collection[syncDocument]{store: c.Store, name: syncCollection, what: "synchronization", index: func(d syncDocument) map[string]string {
			return map[string]string{byConnection: d.Connection}
		}},
	}
	return s, c.Jobs.Register(jobs.Kind{Name: Kind, Step: s.step, Timeout: stepTimeout, Retry: retry, Counts: syncer.Outcomes()})
}

func (s *Service) now() time.Time { return s.cfg.Now().UTC().Round(0) }

// Synchronizers returns the kinds of sources that a tenant can connect to.
func (s *Service) Synchronizers(ctx context.Context, t tenant.Tenant) ([]feature.Synchronizer, error) {
	return s.cfg.Features.Synchronizers(ctx, t.ID)
}

// Secret makes of a tenant's key, which never changes, the secret by which digests of rows are made (host/syncer/identity).
func Secret(key []byte) identity.Secret {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("digests of rows"))
	return h.Sum(nil)
}
