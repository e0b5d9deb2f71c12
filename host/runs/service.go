package runs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
)

// Kind is the name of the jobs that are runs of plugins' jobs.
const Kind = "plugin.job"

// maxInput bounds the values that a run is begun with, in bytes of names and values.
const maxInput = 2000

// maxGather bounds for how long runs are gathered.
const maxGather = time.Hour

// Features knows the plugins of tenants; *feature.Service is one.
type Features interface {
	Job(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (manifest.Job, error)
	Work(ctx context.Context, t tenant.Tenant, id capability.PluginID, step job.Step) (*job.Result, manifest.Job, error)
	Label(ctx context.Context, t capability.TenantID, plugin capability.PluginID, typ, id string) (string, error)
}

var _ Features = (*feature.Service)(nil)

// Tenants finds tenants; *tenant.Tenants is one.
type Tenants interface {
	ByID(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// Config is what a Service needs. All of it is required.
type Config struct {
	Tenants  Tenants
	Features Features
	Jobs     *jobs.Jobs
	Log      *slog.Logger
	Now      func() time.Time
}

// Service begins, shows and steers runs of plugins' jobs. It is safe for concurrent use. Make it with New.
type Service struct{ cfg Config }

// New returns a Service, and makes the kind of its runs known to the jobs, which must not be worked on yet.
func New(c Config) (*Service, error) {
	if c.Tenants == nil || c.Features == nil || c.Jobs == nil || c.Log == nil || c.Now == nil {
		return nil, errors.New("runs: something that they need is missing")
	}
	s := &Service{cfg: c}
	return s, c.Jobs.Register(jobs.Kind{Name: Kind, Step: s.step, Timeout: stepTimeout, Retry: retry, AnyCounts: true})
}

// input is that of a run.
type input struct {
	Job    string            `json:"job"`
	Values map[string]string `json:"values,omitempty"`
}

// Start begins a run for the plugin that asks under b. Whether it may is decided here: see sdk/job.
func (s *Service) Start(ctx context.Context, b *capability.Binding, n *job.New) (*job.Run, error) {
	t, err := s.cfg.Tenants.ByID(ctx, b.Tenant)
	if err != nil {
		return nil, fmt.Errorf("load tenant: %w", err)
	}
	declared, err := s.cfg.Features.Job(ctx, t, b.Plugin, n.Job)
	if err != nil {
		return nil, err
	}
	if !b.Background && !b.Admin && (b.Context.Account == "" || !declared.ByUsers()) {
		return nil, refuse(sdk.PermissionDenied, "job", "a run of %s is begun by a Jira admin on an adminPage of the plugin, or in the background", n.Job)
	}
	if err := judge("input", declared.Input, n.Input, maxInput); err != nil {
		return nil, err
	}
	gather := time.Duration(n.Gather) * time.Millisecond
	switch {
	case n.Total < 0:
		return nil, refuse(sdk.Invalid, "total", "a total is not negative")
	case n.Gather < 0 || n.Gather > maxGather.Milliseconds():
		return nil, refuse(sdk.Invalid, "gather", "runs are gathered for 0 to %d milliseconds", maxGather.Milliseconds())
	}
	raw, err := json.Marshal(input{n.Job, n.Input}) // the order of the names is always the same
	if err != nil {
		return nil, fmt.Errorf("encode the input of a run: %w", err)
	}
	q := jobs.Request{
		Kind: Kind, Plugin: b.Plugin, Job: n.Job, Input: raw, Key: concurrency(b.Plugin, declared, n.Input), Total: n.Total, By: b.Context.Account,
	}
	if gather > 0 {
		q.Happened = s.cfg.Now().UTC().Truncate(gather)
		q.At, q.Once = q.Happened.Add(gather), string(raw)
	}
	id, err := s.cfg.Jobs.Start(ctx, b.Tenant, q)
	if err != nil {
		return nil, err
	}
	return s.own(ctx, b.Tenant, b.Plugin, id)
}

// concurrency is the key of runs that wait for one another.
func concurrency(plugin capability.PluginID, j manifest.Job, values map[string]string) string {
	parts := []string{string(plugin), j.Name}
	for _, name := range j.Concurrency {
		parts = append(parts, values[name])
	}
	return strings.Join(parts, "\x00") // no value holds one
}

// List returns a page of the runs of the plugin that asks.
func (s *Service) List(ctx context.Context, b *capability.Binding, q *job.Query) (*job.Runs, error) {
	if err := overseer(b); err != nil {
		return nil, err
	}
	all, err := s.Runs(ctx, b.Tenant, b.Plugin, q.Job, jobs.RunID(q.After), q.Limit)
	if err != nil {
		return nil, err
	}
	out := &job.Runs{Runs: make([]job.Run, len(all))}
	for i, r := range all {
		out.Runs[i] = *shape(r.Run)
	}
	return out, nil
}

// Steer does to a run of the plugin that asks what o says.
func (s *Service) Steer(ctx context.Context, b *capability.Binding, o *job.Order) (*job.Run, error) {
	if err := overseer(b); err != nil {
		return nil, err
	}
	if _, err := s.Order(ctx, b.Tenant, b.Plugin, jobs.RunID(o.Run), o.Do); err != nil {
		return nil, err
	}
	return s.own(ctx, b.Tenant, b.Plugin, jobs.RunID(o.Run))
}

// overseer refuses whoever may not see and steer runs.
func overseer(b *capability.Binding) error {
	if b.Background || b.Admin {
		return nil
	}
	return refuse(sdk.PermissionDenied, "", "runs are listed and steered by a Jira admin on an adminPage of the plugin, or in the background")
}

// own is a run as its plugin sees it.
func (s *Service) own(ctx context.Context, t capability.TenantID, plugin capability.PluginID, id jobs.RunID) (*job.Run, error) {
	r, err := s.Run(ctx, t, plugin, id)
	if err != nil {
		return nil, err
	}
	return shape(r.Run), nil
}

// Run returns a run of a plugin's job; not_found where there is none, also where it is another plugin's.
func (s *Service) Run(ctx context.Context, t capability.TenantID, plugin capability.PluginID, id jobs.RunID) (jobs.Progress, error) {
	r, err := s.cfg.Jobs.Run(ctx, t, id)
	if err == nil && (r.Kind != Kind || r.Plugin != plugin) {
		err = refuse(sdk.NotFound, "run", "there is no such run")
	}
	return r.Progress(), err
}

// Runs returns a page of a plugin's runs, the newest first: of one job, or of all where it is "".
func (s *Service) Runs(ctx context.Context, t capability.TenantID, plugin capability.PluginID, name string, after jobs.RunID, limit int) ([]jobs.Progress, error) {
	if limit < 0 || limit > job.MaxRuns {
		return nil, refuse(sdk.Invalid, "limit", "a page has 1 to %d runs", job.MaxRuns)
	}
	all, err := s.cfg.Jobs.Runs(ctx, t, jobs.Query{Kind: Kind, Plugin: plugin, Job: name, After: after, Limit: cmp.Or(limit, job.MaxRuns)})
	if err != nil {
		return nil, err
	}
	out := make([]jobs.Progress, len(all))
	for i, r := range all {
		out[i] = r.Progress()
	}
	return out, nil
}

// Watch returns a channel of a run's progress, as jobs.Jobs.Watch.
func (s *Service) Watch(ctx context.Context, t capability.TenantID, plugin capability.PluginID, id jobs.RunID) (<-chan jobs.Progress, error) {
	if _, err := s.Run(ctx, t, plugin, id); err != nil {
		return nil, err
	}
	return s.cfg.Jobs.Watch(ctx, t, id)
}

// Order does something to a run, one of what sdk/job has for it, and returns how the run stands then.
func (s *Service) Order(ctx context.Context, t capability.TenantID, plugin capability.PluginID, id jobs.RunID, do string) (jobs.Progress, error) {
	orders := map[string]func(context.Context, capability.TenantID, jobs.RunID) error{
		job.DoPause: s.cfg.Jobs.Pause, job.DoResume: s.cfg.Jobs.Resume, job.DoCancel: s.cfg.Jobs.Cancel, job.DoRetry: s.cfg.Jobs.Retry,
	}
	order, known := orders[do]
	if !known {
		return jobs.Progress{}, refuse(sdk.Invalid, "do", "a run can be told to pause, resume, cancel or retry")
	}
	if _, err := s.Run(ctx, t, plugin, id); err != nil {
		return jobs.Progress{}, err
	}
	if err := order(ctx, t, id); err != nil {
		return jobs.Progress{}, err
	}
	return s.Run(ctx, t, plugin, id)
}

// SwitchedOff cancels what a plugin has under way at a tenant. What its steps did stays done. Runs that this host cannot reach are paused by
// jobs.Config.Admit until the plugin is on again.
func (s *Service) SwitchedOff(ctx context.Context, t capability.TenantID, plugin capability.PluginID) error {
	for _, state := range jobs.States() {
		if state.Over() {
			continue
		}
		for after := jobs.RunID(""); ; {
			page, err := s.cfg.Jobs.Runs(ctx, t, jobs.Query{State: state, Kind: Kind, Plugin: plugin, After: after, Limit: job.MaxRuns})
			if err != nil {
				return err
			}
			for _, r := range page {
				err := s.cfg.Jobs.Cancel(ctx, t, r.ID)
				if code := sdk.CodeOf(err); err != nil && code != sdk.Exists && code != sdk.NotFound { // it came to its end just now
					return err
				}
			}
			if len(page) < job.MaxRuns {
				break
			}
			after = page[len(page)-1].ID
		}
	}
	return nil
}

func shape(r jobs.Run) *job.Run {
	ms := func(t time.Time) int64 {
		if t.IsZero() {
			return 0
		}
		return t.UnixMilli()
	}
	return &job.Run{
		ID: string(r.ID), Job: r.Job, State: job.State(r.State), Code: r.Code, Done: r.Done, Total: r.Total, Counts: r.Counts,
		Created: ms(r.Created), Started: ms(r.Started), Ended: ms(r.Ended), Account: r.By,
	}
}

// judge refuses values that plugin.json does not declare, or that are not of their kind.
func judge(what string, declared map[string]manifest.JobValue, values map[string]string, most int) error {
	size := 0
	for name, value := range values {
		v, ok := declared[name]
		if !ok {
			return refuse(sdk.Invalid, what, "plugin.json declares no %s of the name %.64q; it has %q", what, name, names(declared))
		}
		if err := v.Validate(value); err != nil {
			return refuse(sdk.Invalid, what, "%s %s: %s", what, name, strings.TrimPrefix(err.Error(), string(sdk.Invalid)+": "))
		}
		size += len(name) + len(value)
	}
	if size > most {
		return refuse(sdk.Invalid, what, "names and values of the %s have %d bytes; at most %d are kept, so keep ids and positions in it", what, size, most)
	}
	return nil
}

func names(declared map[string]manifest.JobValue) []string {
	out := make([]string, 0, len(declared))
	for name := range declared {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func refuse(code sdk.Code, field, format string, args ...any) error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Field: field, Message: fmt.Sprintf(format, args...)}
}
