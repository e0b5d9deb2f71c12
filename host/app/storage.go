package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/operator"
	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/retention"
	"github.com/pergola-platform/pergola/host/schema"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/archive"
	"github.com/pergola-platform/pergola/host/store/mongostore"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/syncer/runlog"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
	"github.com/pergola-platform/pergola/host/web"
)

// Storage is everything that is kept, opened: for a host, or for an operator's command beside one. Make it with OpenStorage.
type Storage struct {
	// Store takes only what is declared.
	Store    store.Store
	Types    *privacy.Types
	Keys     *seal.Keeper
	Tenants  *tenant.Tenants
	Accounts *personal.Directory
	Configs  *tenant.Configs

	log      *slog.Logger
	ring     atomic.Pointer[seal.Ring]
	rekeying chan struct{} // holds a value while data keys are to be wrapped anew
}

// OpenStorage opens what cfg names and brings it up to date. The manifests say what plugins may keep.
func OpenStorage(ctx context.Context, cfg config.Config, manifests privacy.Manifests, log *slog.Logger) (*Storage, error) {
	return openStorage(ctx, cfg, manifests, log, false)
}

// openStorage opens the store for a host, or beside one: then nothing is brought up to date under its hands.
func openStorage(ctx context.Context, cfg config.Config, manifests privacy.Manifests, log *slog.Logger, beside bool) (_ *Storage, err error) {
	s := &Storage{log: log, rekeying: make(chan struct{}, 1)}
	if s.Types, err = privacy.NewTypes(manifests, ownTypes()...); err != nil {
		return nil, err
	}
	raw, err := openDriver(ctx, cfg, log, beside)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, raw.Close())
		}
	}()
	if half, err := archive.Unfinished(ctx, raw); err != nil {
		return nil, err
	} else if half {
		return nil, errors.New("an import into this store was interrupted; run pergola admin import again, which goes on with it")
	}
	s.Store = privacy.NewGate(raw, s.Types)
	if err := s.openKeys(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.Types.Load(ctx, s.Store); err != nil {
		return nil, err
	}
	s.Tenants = tenant.NewTenants(s.Store, s.Keys, time.Now)
	s.Configs = tenant.NewConfigs(s.Store, time.Now)
	s.Accounts = personal.NewDirectory(s.Store, s.Types)
	if beside {
		return s, schema.Check(ctx, s.Store, s.migrations())
	}
	if _, err := schema.Migrate(ctx, s.Store, s.migrations()); err != nil {
		return nil, err
	}
	return s, nil
}

// ownTypes are the documents of the host itself: each package declares its own.
func ownTypes() []privacy.Type {
	return slices.Concat(privacy.OwnTypes(), tenant.Types(), seal.Types(), retention.Types(), personal.Types(), schema.Types(),
		forge.Types(), jobs.Types(), syncing.Types(), runlog.Types(), token.Types(), configset.Types(), audit.Types(), events.Types(), operator.Types())
}

// migrations is append-only.
func (s *Storage) migrations() []schema.Migration {
	return []schema.Migration{
		{Name: "seal the secrets of sites", Run: s.Tenants.SealSecrets},
		{Name: "find sites by their installation", Run: s.Tenants.IndexInstallations},
	}
}

// OpenDriver opens the store that cfg names and nothing around it, to move whole installations. No host may run on it.
func OpenDriver(ctx context.Context, cfg config.Config, log *slog.Logger) (store.Store, error) {
	return openDriver(ctx, cfg, log, false)
}

func openDriver(ctx context.Context, cfg config.Config, log *slog.Logger, beside bool) (store.Store, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if cfg.Store.Driver == "sqlite" {
		return sqlitestore.Open(ctx, cfg.Data, sqlitestore.Config{Beside: beside})
	}
	s, err := mongostore.Open(ctx, mongostore.Config{URI: cfg.Store.URI, Database: cfg.Store.Database, WithoutTransactions: cfg.Store.WithoutTransactions})
	if err != nil {
		return nil, err
	}
	different, err := s.IndexDifferences(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, d := range different {
		log.WarnContext(ctx, "an index of the database is not what this version declares; nothing was changed about it", "index", d)
	}
	return s, nil
}

// Sweeper returns what ends the time of records, of what runs did, and of sites that left.
func (s *Storage) Sweeper(grace, runs time.Duration) *retention.Sweeper {
	return retention.New(retention.Config{
		Store: s.Store, Tenants: s.Tenants, Keys: s.Keys, Grace: grace, Log: s.log, Now: time.Now,
		Expire: func(ctx context.Context, t capability.TenantID, now time.Time) (int, error) {
			records, err := services.ExpireRecords(ctx, s.Store, s.Types.Declared(), t, now)
			done, failed := runlog.Expire(ctx, s.Store, t, now.Add(-runs))
			configs, kept := services.PurgeConfigs(ctx, s.Store, s.Configs, s.Types.Declared(), t, now.Add(-feature.Regret))
			tokens, left := token.New(token.Config{Store: s.Store, Now: time.Now}).Expire(ctx, t)
			imports, lasting := configset.Expire(ctx, s.Store, t, now.Add(-configset.Regret))
			changes, stayed := audit.Expire(ctx, s.Store, t, now)
			told, known := events.Expire(ctx, s.Store, t, now)
			return records + done + configs + tokens + imports + changes + told, errors.Join(err, failed, kept, left, lasting, stayed, known)
		},
	})
}

// privacy is what admins are told about their data.
func (h *Host) privacy() web.Privacy {
	return web.Privacy{
		Region: h.cfg.Privacy.Region, Grace: h.cfg.Privacy.Grace,
		Report: func(ctx context.Context, t tenant.Tenant) ([]privacy.Entry, error) {
			return h.storage.Types.Report(ctx, h.store, t.ID, t.Documents())
		},
	}
}

// Close closes the store.
func (s *Storage) Close() error { return s.Store.Close() }

// catalogManifests are those of a host's catalog, which is made after the store that it reads from.
type catalogManifests struct{ *Host }

func (c catalogManifests) Versions(id capability.PluginID) []*manifest.Manifest {
	if c.catalog == nil {
		return nil
	}
	return c.catalog.Versions(id)
}

func (c catalogManifests) Manifests() []*manifest.Manifest {
	if c.catalog == nil {
		return nil
	}
	return c.catalog.Manifests()
}
