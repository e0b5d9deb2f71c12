package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/functions"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/runs"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/runlog"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// openJobs opens the queue, and makes known to it what is done in the background. Nothing is worked on yet.
func (h *Host) openJobs(ctx context.Context) (err error) {
	c := jobs.Config{
		Store: h.store, Keys: h.storage.Keys, Log: h.log, URL: h.cfg.Jobs.URL, Credentials: h.cfg.Jobs.Credentials, CA: h.cfg.Jobs.CA,
		Workers: h.cfg.Jobs.Workers, PerTenant: h.cfg.Jobs.PerTenant, Keep: h.cfg.Jobs.Keep, Grace: h.cfg.Web.Drain, Admit: h.admit, Within: limit.Background,
	}
	if c.URL == "" {
		c.Dir = filepath.Join(h.cfg.Data, "queue")
	} else {
		c.Replicas = h.cfg.Jobs.Replicas
	}
	if h.jobs, err = jobs.Open(ctx, c); err != nil {
		return err
	}
	engine, err := syncer.New(syncer.Config{Jira: h.jira, Secret: h.digests, ActAs: h.cfg.Connect.ActAsUser, AddOptions: h.cfg.Connect.AddOptions})
	if err != nil {
		return err
	}
	h.syncs, err = syncing.New(syncing.Config{
		Store: h.store, Keys: h.storage.Keys, Tenants: h.tenants, Features: h.features, Site: h.jira, Engine: engine, Jobs: h.jobs,
		Log: runlog.New(h.store, time.Now), Logger: h.log, Now: time.Now,
	})
	if err != nil {
		return err
	}
	if h.events, err = events.New(events.Config{Tenants: h.tenants, Features: h.features, Site: h.jira, Jobs: h.jobs, Store: h.store, Log: h.log, Now: time.Now}); err != nil {
		return err
	}
	if h.hooks, err = events.NewHooks(events.HooksConfig{
		Events: h.events, Site: h.jira, Projects: h.syncs.ProjectsChanged, BaseURL: h.url, Register: h.cfg.Connect.RegisterWebhooks,
	}); err != nil {
		return err
	}
	if h.runs, err = runs.New(runs.Config{Tenants: h.tenants, Features: h.features, Jobs: h.jobs, Log: h.log, Now: time.Now}); err != nil {
		return err
	}
	h.functions, err = functions.New(functions.Config{
		AppKey: h.cfg.Connect.AppKey, Tenants: h.tenants, Features: h.features, Site: h.jira, Jobs: h.jobs, Log: h.log, Now: time.Now,
	})
	return err
}

// outdate has the answers asked for anew that Jira keeps of the functions of a plugin. Where it fails, they stay as they are until the next change.
func (h *Host) outdate(ctx context.Context, t capability.TenantID, id capability.PluginID) {
	if err := h.functions.Changed(ctx, t, id); err != nil {
		h.log.WarnContext(ctx, "answers to functions in JQL stay as they are though an admin has changed something", "tenant", t, "plugin", id, "error", err)
	}
	if h.cfg.Connect.RegisterWebhooks { // what plugins want to hear follows what admins choose
		h.lookAtHooks(ctx, t, "chosen", time.Now())
	}
}

// admit lets a run go on where its site has the app switched on, and the plugin.
func (h *Host) admit(ctx context.Context, id capability.TenantID, plugin capability.PluginID) error {
	t, err := h.tenants.ByID(ctx, id)
	if err != nil {
		return err
	}
	if t.State != tenant.Active {
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "The app is not switched on for this Jira site."}
	}
	if plugin == "" {
		return nil
	}
	return h.features.Runs(ctx, t, plugin)
}

// readmit has runs go on that waited for a plugin to be switched on. Where it fails, the next sweep of the queue does it.
func (h *Host) readmit(ctx context.Context, t capability.TenantID) {
	if err := h.jobs.Readmit(ctx, t); err != nil {
		h.log.WarnContext(ctx, "runs wait though their plugin is on again", "tenant", t, "error", err)
	}
	h.lookAtHooks(ctx, t, "switched on", time.Now())
}

// arrived follows an installation.
func (h *Host) arrived(ctx context.Context, t capability.TenantID) {
	h.lookAtHooks(ctx, t, "installed", time.Now())
}

// lookAtHooks looks after a site's webhooks. Where it fails, the next time does it.
func (h *Host) lookAtHooks(ctx context.Context, t capability.TenantID, why string, at time.Time) {
	if err := h.hooks.Look(ctx, t, why, at); err != nil && ctx.Err() == nil {
		h.log.WarnContext(ctx, "the webhooks of a site are looked after later", "tenant", t, "error", err)
	}
}

// How often the host looks after webhooks: it wakes up each hour for sites of which no host has looked in the last hours.
const (
	hooksPause = time.Hour
	hooksEvery = 6 * time.Hour
)

// watchHooks looks after the webhooks of all sites, at once, since sites may have tried in vain while no host was there, and then every few hours.
func (h *Host) watchHooks(ctx context.Context) {
	why, at := "start", time.Now()
	tick := time.NewTicker(hooksPause)
	defer tick.Stop()
	for {
		err := h.eachTenant(ctx, func(t tenant.Tenant) error {
			if t.State == tenant.Active && !t.OnForge() {
				h.lookAtHooks(ctx, t.ID, why, at)
			}
			return nil
		})
		if err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "list tenants", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			why, at = "from time to time", now.UTC().Truncate(hooksEvery)
		}
	}
}

// cancelRuns cancels what a plugin that was switched off has under way. Where it fails, the runs are paused with their next step.
func (h *Host) cancelRuns(ctx context.Context, t capability.TenantID, id capability.PluginID) {
	if err := h.runs.SwitchedOff(ctx, t, id); err != nil {
		h.log.WarnContext(ctx, "runs of a plugin that was switched off could not be canceled; they are paused instead", "tenant", t, "plugin", id, "error", err)
	}
	h.lookAtHooks(ctx, t, "switched off", time.Now())
}

// digests is the secret by which rows of a tenant are known again.
func (h *Host) digests(ctx context.Context, t capability.TenantID) (identity.Secret, error) {
	key, err := h.storage.tokenKey(ctx, t)
	if err != nil {
		return nil, err
	}
	return syncing.Secret(key), nil
}

// tokenKey is a key of a tenant that never changes.
func (s *Storage) tokenKey(ctx context.Context, t capability.TenantID) ([]byte, error) {
	return tenant.NewTokens(s.Store, s.Keys).Key(ctx, t)
}

// reach is what the operator opens to a tenant's synchronizers beside the public internet.
func (h *Host) reach(t capability.TenantID) sync.Reach {
	r := sync.Reach{Networks: h.cfg.Sync.NetworksOf(string(t))}
	if h.cfg.Sync.Folder != "" {
		r.Folder = filepath.Join(h.cfg.Sync.Folder, string(t))
	}
	return r
}
