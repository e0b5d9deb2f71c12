package feature

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
)

// Job returns what the version of a plugin that serves a tenant declares of a job. It is refused where the plugin is switched off or gone.
func (s *Service) Job(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (manifest.Job, error) {
	_, e, err := s.background(ctx, t, id)
	if err != nil {
		return manifest.Job{}, err
	}
	return e.job(name)
}

func (e entry) job(name string) (manifest.Job, error) {
	j, ok := e.manifest.Job(name)
	if !ok {
		return manifest.Job{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf(
			"%s %s has no job %.64q. plugin.json has to declare it in jobs.", e.manifest.Name, e.manifest.Version, name)}
	}
	return j, nil
}

// Work has a plugin do a step of a job, on one version from its beginning to its end, and with the rights of the account of s.Context where
// the job wants that. It returns the declaration by which the result is to be judged.
func (s *Service) Work(ctx context.Context, t tenant.Tenant, id capability.PluginID, step job.Step) (*job.Result, manifest.Job, error) {
	hold, e, choice, err := s.held(ctx, t, id)
	if err != nil {
		return nil, manifest.Job{}, err
	}
	defer hold.Release()
	if e.on(choice) != nil {
		return nil, manifest.Job{}, deaf(id)
	}
	declared, err := e.job(step.Job)
	if err != nil {
		return nil, manifest.Job{}, err
	}
	step.Name = declared.Handler
	b := s.binding(t, e, choice)
	if declared.AsInitiator() {
		b.Context.Account = step.Context.Account
	}
	r, err := hold.Work(ctx, b, step)
	return r, declared, err
}

// Overseer refuses everybody who may not see and steer the runs of a plugin: whoever is no admin of the site, or comes from another place than
// an adminPage of the plugin, which is switched on.
func (s *Service) Overseer(ctx context.Context, t tenant.Tenant, id capability.PluginID, module string) error {
	_, e, err := s.background(ctx, t, id)
	if err != nil {
		return err
	}
	m, err := e.module(module)
	if err != nil {
		return err
	}
	if m.Type != manifest.AdminPage {
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "Runs are shown on pages for Jira admins only."}
	}
	return nil
}
