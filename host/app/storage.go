package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/retention"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/kms"
	"github.com/pergola-platform/pergola/host/seal/reseal"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/archive"
	"github.com/pergola-platform/pergola/host/store/mongostore"
	"github.com/pergola-platform/pergola/host/store/schema"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/web"
)

// Storage is everything that is kept, opened: for a host, or for an operator's command beside one. Make it with OpenStorage.
type Storage struct {
	// Store takes only what is declared.
	Store    store.Store
	Types    *privacy.Types
	Ring     *seal.Ring
	Keys     *seal.Keeper
	Tenants  *tenant.Tenants
	Accounts *personal.Directory

	manifests privacy.Manifests
	log       *slog.Logger
}

// OpenStorage opens what cfg names and brings it up to date. The manifests say what plugins may keep.
func OpenStorage(ctx context.Context, cfg config.Config, manifests privacy.Manifests, log *slog.Logger) (*Storage, error) {
	return openStorage(ctx, cfg, manifests, log, false)
}

// openStorage opens the store for a host, or beside one: then nothing is brought up to date under its hands.
func openStorage(ctx context.Context, cfg config.Config, manifests privacy.Manifests, log *slog.Logger, beside bool) (_ *Storage, err error) {
	s := &Storage{manifests: manifests, log: log}
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
	s.Tenants = tenant.NewTenants(s.Store, s.Keys, time.Now)
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
	return slices.Concat(tenant.Types(), seal.Types(), retention.Types(), personal.Types(), schema.Types())
}

// migrations is append-only.
func (s *Storage) migrations() []schema.Migration {
	return []schema.Migration{
		{Name: "seal the secrets of sites", Run: s.Tenants.SealSecrets},
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

// KeyFile is where a host with this configuration keeps wrapping keys, "" where all come from elsewhere.
func KeyFile(cfg config.Config) string {
	switch {
	case cfg.Keys.File != "":
		return cfg.Keys.File
	case len(cfg.Keys.KMS) > 0 || cfg.Keys.Ring != "":
		return ""
	}
	return filepath.Join(cfg.Data, "keys.json")
}

func (s *Storage) openKeys(ctx context.Context, cfg config.Config) error {
	keys, made, err := wrappers(ctx, cfg)
	if err != nil {
		return err
	}
	if s.Ring, err = seal.NewRing(keys...); err != nil {
		return err
	}
	if err := s.Ring.Check(ctx); err != nil {
		return err
	}
	if s.Keys, err = seal.NewKeeper(s.Store, s.Ring, time.Now, seal.Config{}); err != nil {
		return err
	}
	if err := s.checkKeys(ctx); err != nil {
		if made { // with a new one in its place, nobody would notice that the file is lost
			err = errors.Join(err, os.Remove(KeyFile(cfg)))
		}
		return err
	}
	if made {
		s.log.InfoContext(ctx, "key file made; keep a copy of it apart from the data: without it the secrets of the sites are lost", "file", KeyFile(cfg))
	}
	return nil
}

// checkKeys compares the keys that the data needs with those that are there.
func (s *Storage) checkKeys(ctx context.Context) error {
	needed, err := s.Keys.Census(ctx, s.Store)
	if err != nil {
		return err
	}
	var missing []string
	for _, id := range slices.Sorted(maps.Keys(needed)) {
		if !slices.Contains(s.Ring.IDs(), id) {
			missing = append(missing, id)
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case len(missing) == len(needed):
		return fmt.Errorf("the data is encrypted with the keys %q, of which none is there: name them in keys.file, keys.ring or keys.kms, from the copy that you keep apart from the data", missing)
	}
	for _, id := range missing {
		s.log.ErrorContext(ctx, "a key is missing, without which some sites cannot be served", "key", id, "keys of sites", needed[id])
	}
	return nil
}

// wrappers returns the wrapping keys that cfg names, the one for what is new first, and whether the file was made just now.
func wrappers(ctx context.Context, cfg config.Config) (keys []seal.Wrapper, made bool, err error) {
	for _, uri := range cfg.Keys.KMS {
		key, err := kms.Open(ctx, uri)
		if err != nil {
			return nil, false, err
		}
		keys = append(keys, key)
	}
	if cfg.Keys.Ring != "" {
		ring, err := seal.ParseKeys(seal.NewSecret(cfg.Keys.Ring))
		if err != nil {
			return nil, false, err
		}
		keys = append(keys, ring...)
	}
	if file := KeyFile(cfg); file != "" {
		kept, isNew, err := seal.OpenKeyFile(file)
		if err != nil {
			return nil, false, err
		}
		keys, made = append(keys, kept...), isNew
	}
	return keys, made, nil
}

// Sweeper returns what ends the time of records and of sites that left.
func (s *Storage) Sweeper(grace time.Duration) *retention.Sweeper {
	return retention.New(retention.Config{
		Store: s.Store, Tenants: s.Tenants, Keys: s.Keys, Grace: grace, Log: s.log, Now: time.Now,
		Expire: func(ctx context.Context, t capability.TenantID, now time.Time) (int, error) {
			return services.ExpireRecords(ctx, s.Store, s.manifests.Manifests(), t, now)
		},
	})
}

// How often the background looks at what is due: records and sites whose time is over, accounts to report, keys to wrap anew.
const (
	sweepPause  = time.Hour
	reportPause = 10 * time.Minute
)

// keepTidy starts the work on what is kept that goes on beside the requests.
func (h *Host) keepTidy() {
	s := h.storage
	reporter := personal.NewReporter(s.Accounts, s.Tenants, h.jira, h.log, time.Now)
	h.background.Go(func() { s.Sweeper(h.cfg.Privacy.Grace).Run(h.work, sweepPause) })
	h.background.Go(func() { reporter.Run(h.work, reportPause) })
	h.background.Go(func() { s.rekey(h.work) })
}

// Sealer returns what brings secrets under the current keys of their sites.
func (s *Storage) Sealer() *reseal.Sealer {
	return &reseal.Sealer{Store: s.Store, Types: s.Types, Keys: s.Keys}
}

// rekey does what the exchange of keys leaves to be done: once the wrapping keys, which are read when the host starts, and every
// hour the keys of sites, which are exchanged while it serves.
func (s *Storage) rekey(ctx context.Context) {
	s.rewrap(ctx)
	tick := time.NewTicker(sweepPause)
	defer tick.Stop()
	for {
		resealed, retired, err := s.Sealer().All(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.ErrorContext(ctx, "exchange the keys of sites", "error", err)
		case resealed+retired > 0:
			s.log.InfoContext(ctx, "keys of sites were exchanged", "secrets", resealed, "destroyed", retired)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// rewrap brings data keys that an older wrapping key encrypts under the primary one.
func (s *Storage) rewrap(ctx context.Context) {
	p, err := s.Keys.Rewrap(ctx, s.Store, seal.RewrapConfig{})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.log.ErrorContext(ctx, "wrap data keys anew", "error", err)
	case p.Done > 0 || len(p.Left) > 0:
		s.log.InfoContext(ctx, "data keys were wrapped anew", "keys", p.Done, "by", s.Ring.Primary(), "still needed", slices.Sorted(maps.Keys(p.Left)))
	}
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
