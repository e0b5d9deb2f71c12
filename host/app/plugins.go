package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/core/registry"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/service"
)

// loadPlugins takes in every bundle of the plugin directory. One that is broken keeps nobody else from working: what
// cannot be read is in the log for the operator, what cannot run is shown to admins too.
func (h *Host) loadPlugins(ctx context.Context) error {
	dir, err := PluginDir(h.cfg)
	if err != nil {
		return err
	}
	h.shelf.dir = dir
	if err := h.openEngine(ctx); err != nil {
		return err
	}
	bundles, err := h.readPlugins()
	if err != nil {
		return err
	}
	_, problems, err := h.take(ctx, bundles)
	for _, p := range problems {
		var u *unreadable
		if errors.As(p, &u) {
			h.log.ErrorContext(ctx, "plugin cannot be read", "dir", u.dir, "reason", u.reason)
		} else {
			h.log.ErrorContext(ctx, "plugin left out", "error", p)
		}
	}
	return err
}

// openEngine makes the engine and what its plugins ask for, without a plugin.
func (h *Host) openEngine(ctx context.Context) (err error) {
	if h.catalog, err = feature.NewCatalog(tenant.NewModules(h.store, time.Now), h.cfg.Plugins.Enabled); err != nil {
		return err
	}
	broker, err := capability.NewBroker(services.New(services.Deps{
		Settings:  services.SettingsFunc(h.catalog.Settings),
		Jira:      jira.NewSites(h.jira, h.tenants),
		Store:     h.store,
		TokenKey:  h.storage.tokenKey,
		Manifests: services.ManifestsFunc(h.catalog.Version),
		Configs:   feature.Configs{Catalog: h.catalog, Documents: h.storage.Configs},
		Plugins: services.PluginsFunc(func(ctx context.Context, caller *capability.Binding, q *service.Question) (*service.Answer, error) {
			return h.features.Ask(ctx, caller, q)
		}),
		Jobs: func() services.Jobs {
			if h.runs == nil { // the plugins are loaded before the jobs are opened
				return nil
			}
			return h.runs
		},
		Functions: func() services.Functions {
			if h.functions == nil {
				return nil
			}
			return h.functions
		},
		Log:     h.log,
		Dropped: h.metrics.LogDropped,
	}), h.metrics)
	if err != nil {
		return err
	}
	if h.wasm, err = wasm.New(wasm.Config{
		CacheDir: filepath.Join(h.cfg.Data, "cache", "wasm"), Logger: h.log,
		MemoryBudget: uint64(h.cfg.Engine.MemoryBudgetMiB) << 20, AllowUnmetered: h.cfg.Engine.AllowUnmetered,
	}); err != nil {
		return err
	}
	drivers := map[string]driver.Driver{"wasm": h.wasm}
	allow := h.cfg.Plugins.Process.Allow
	// Where processes are possible their driver is always there: it tells an operator how to approve one.
	if h.process, err = process.New(process.Config{Allow: allow, Cgroup: h.cfg.Plugins.Process.Cgroup, CPUs: h.cfg.Plugins.Process.CPUs, Logger: h.log}); err == nil {
		drivers["process"] = h.process
	} else if len(allow) > 0 || h.cfg.Plugins.Process.Cgroup != "" {
		return err
	}
	c := h.cfg.Engine
	if h.engine, err = core.New(core.Config{
		Drivers:     drivers,
		Broker:      broker,
		Policy:      policy(c),
		Observer:    h.metrics,
		Logger:      h.log,
		Breaking:    core.Breaking{Stops: c.BreakerStops, Window: c.BreakerWindow, Pause: c.BreakerPause, MaxPause: c.BreakerMaxPause},
		Quarantines: tenant.NewQuarantines(h.store),
		Rollout:     core.Rollout{Share: c.RolloutShare, Calls: c.RolloutCalls, Patience: c.RolloutPatience},
		Development: h.cfg.Plugins.Watch,
		Reach:       h.reach,
	}); err != nil {
		return err
	}
	h.features = feature.New(feature.Config{
		Catalog: h.catalog, Engine: h.engine, Tenants: h.tenants, Jira: h.jira, BaseURL: h.url, SwitchedOn: h.readmit, SwitchedOff: h.cancelRuns, Changed: h.outdate, Log: h.log, Now: time.Now,
		Documents: h.storage.Configs, NewID: services.NewConfigID, Write: h.store.Write,
		Uses: func(ctx context.Context, t capability.TenantID, m *manifest.Manifest, typ, id string) (int, bool, error) {
			return services.Referring(ctx, h.store, m, t, typ, id)
		},
	})
	if err := h.watchEngine(ctx); err != nil {
		return err
	}
	return h.engine.Resume(ctx)
}

// readPlugins reads the plugin directory.
func (h *Host) readPlugins() (*registry.Registry, error) {
	trust, err := h.cfg.Plugins.Trust.Keys()
	if err != nil {
		return nil, fmt.Errorf("plugins.trust: %w", err)
	}
	return registry.Open(h.shelf.dir, trust)
}

// PluginDir returns the directory in which a host with this configuration looks for plugins.
func PluginDir(cfg config.Config) (string, error) {
	if cfg.Plugins.Dir != "" {
		return cfg.Plugins.Dir, nil
	}
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the plugin directory: %w", err)
	}
	return filepath.Join(filepath.Dir(program), "plugins"), nil
}

// logTrust tells the operator what was found, and why it may run.
func (h *Host) logTrust(ctx context.Context, e registry.Entry) {
	log := h.log.With("id", e.Manifest.ID, "version", e.Manifest.Version, "dir", e.Dir, "trust", e.Trust)
	switch e.Trust {
	case registry.Directory:
		log.InfoContext(ctx, "plugin found")
	case bundle.Unsigned:
		log.WarnContext(ctx, "plugin found that nobody signed who is known; plugins.trust.allow_unsigned lets it in", "archive", e.Archive.String())
	default:
		log.InfoContext(ctx, "plugin found", "signer", e.Signer.String(), "archive", e.Archive.String())
	}
}

// policy is an operator's configuration as the engine wants it.
func policy(c config.Engine) core.Policy {
	of := func(c config.Class) core.ClassPolicy {
		return core.ClassPolicy{
			MemoryBytes: uint64(c.MemoryMiB) << 20, Fuel: c.Fuel, Timeout: c.Timeout, HostCalls: int64(c.HostCalls),
			EgressBytes: int64(c.EgressKiB) << 10, LogBytes: int64(c.LogKiB) << 10, Concurrency: c.Concurrency,
		}
	}
	return core.Policy{Request: of(c.Request), Event: of(c.Event), Step: of(c.Step), Instances: c.Instances, TenantFuel: c.TenantFuel}
}
