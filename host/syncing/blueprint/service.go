package blueprint

import (
	"context"
	"errors"
	"time"

	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Syncs are what a file is made of and made into; *syncing.Service has them.
type Syncs interface {
	Connections(ctx context.Context, t tenant.Tenant) ([]syncing.Connection, error)
	CheckConnection(ctx context.Context, t tenant.Tenant, id string, draft syncing.ConnectionDraft) error
	Differing(ctx context.Context, t tenant.Tenant, id string, secrets map[string]sync.Secret) ([]string, error)
	SaveConnection(ctx context.Context, t tenant.Tenant, account, id string, draft syncing.ConnectionDraft) (syncing.Connection, error)
	DeleteConnection(ctx context.Context, t tenant.Tenant, id string) error

	Synchronizations(ctx context.Context, t tenant.Tenant) ([]syncing.Synchronization, error)
	SaveSync(ctx context.Context, t tenant.Tenant, account, id string, draft syncing.SyncDraft) (syncing.Synchronization, error)
	DeleteSync(ctx context.Context, t tenant.Tenant, id string) error
	SetSchedule(ctx context.Context, t tenant.Tenant, account, id string, in *syncing.Schedule) (*syncing.Schedule, error)
	NextTimes(t tenant.Tenant, id string, in syncing.Schedule, n int) ([]time.Time, error)
}

var _ Syncs = (*syncing.Service)(nil)

// Service exports and imports files. It asks nobody whether the caller is an admin: whoever opens a way to it does. It is safe for
// concurrent use. Make it with New.
type Service struct {
	syncs Syncs
	site  Site
}

// New returns a Service.
func New(syncs Syncs, site Site) (*Service, error) {
	if syncs == nil || site == nil {
		return nil, errors.New("blueprints: something that they need is missing")
	}
	return &Service{syncs, site}, nil
}

// state is what a tenant has.
type state struct {
	connections []syncing.Connection
	syncs       []syncing.Synchronization
}

func (s *Service) state(ctx context.Context, t tenant.Tenant) (out state, err error) {
	if out.connections, err = s.syncs.Connections(ctx, t); err != nil {
		return state{}, err
	}
	out.syncs, err = s.syncs.Synchronizations(ctx, t)
	return out, err
}

func (s state) connectionThings() things {
	out := things{kind: "connection"}
	for _, c := range s.connections {
		out.all = append(out.all, thing{c.ID, []string{c.Name}})
	}
	return out
}

func (s state) syncThings() things {
	out := things{kind: "synchronization"}
	for _, c := range s.syncs {
		out.all = append(out.all, thing{c.ID, []string{c.Name}})
	}
	return out
}
