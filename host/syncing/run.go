package syncing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/runlog"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Run is a run of a synchronization. Its counts are by syncer.Outcome.
type Run struct {
	jobs.Progress
	Sync string `json:"sync"`
	// Stopped is why it ended before its time: "brake", until an admin approves; "connection" or "trouble", which means that
	// the connection, or the synchronization itself, has to be looked at first. Empty for other ends.
	Stopped string `json:"stopped,omitempty"`
}

// Why a scheduled run ends before it begins.
const (
	stoppedConnection = "connection"
	stoppedTrouble    = "trouble"
)

// Start has a synchronization run now, by hand. Approved lets it pass where the brake would stop it. What keeps it from running is
// told here, before there is a run.
func (s *Service) Start(ctx context.Context, t tenant.Tenant, account, id string, approved bool) (jobs.RunID, error) {
	k, err := s.syncs.get(ctx, t.ID, id)
	if err != nil {
		return "", err
	}
	work, l, err := s.prepare(ctx, t, s.cfg.Features.Source, k.doc.Connection, id, syncOf(k).Mapping)
	if err != nil {
		return "", err
	}
	if code := l.kept.doc.Trouble; code != "" {
		return "", fail(sdk.Invalid, "the source refused the last run (%s); test the connection %q, and run this again when it works", code, l.kept.doc.Name)
	}
	if _, err := s.cfg.Engine.Check(ctx, work); err != nil {
		return "", err
	}
	raw, err := json.Marshal(input{Sync: id, Approved: approved, ByHand: true})
	if err != nil {
		return "", fmt.Errorf("encode the input of a run: %w", err)
	}
	run, err := s.cfg.Jobs.Start(ctx, t.ID, jobs.Request{Kind: Kind, Plugin: l.known.Plugin, Input: raw, Key: id, By: account})
	if err != nil {
		return "", err
	}
	// The first step does the same where this host ends in between.
	return run, s.cfg.Log.Begin(ctx, t.ID, runlog.Header{Run: string(run), Sync: id, By: account})
}

// maxRuns bounds a page of runs.
const maxRuns = 100

// Runs returns a page of a synchronization's runs, the newest first: up to limit (0: all that a page may have) after the one with
// that id.
func (s *Service) Runs(ctx context.Context, t tenant.Tenant, id string, after jobs.RunID, limit int) ([]Run, error) {
	if limit <= 0 || limit > maxRuns {
		limit = maxRuns
	}
	headers, err := s.cfg.Log.Runs(ctx, t.ID, id, string(after), limit)
	if err != nil {
		return nil, err
	}
	out := make([]Run, 0, len(headers))
	for _, h := range headers {
		r, err := s.run(ctx, t, h)
		if sdk.CodeOf(err) == sdk.NotFound {
			continue // its time was over just now
		}
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (s *Service) run(ctx context.Context, t tenant.Tenant, h runlog.Header) (Run, error) {
	r, err := s.cfg.Jobs.Run(ctx, t.ID, jobs.RunID(h.Run))
	return Run{Progress: r.Progress(), Sync: h.Sync, Stopped: h.Stopped}, err
}

// Run returns one.
func (s *Service) Run(ctx context.Context, t tenant.Tenant, id jobs.RunID) (Run, error) {
	h, err := s.cfg.Log.Header(ctx, t.ID, string(id))
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) {
		return Run{}, fail(sdk.NotFound, "there is no such run; runs are kept for a time only")
	}
	if err != nil {
		return Run{}, err
	}
	return s.run(ctx, t, h)
}

// Rows returns a page of what a run did to rows, and where the next page begins, "" for the last. Rows of which nothing was written
// are counted only.
func (s *Service) Rows(ctx context.Context, t tenant.Tenant, id jobs.RunID, after string) ([]syncer.Result, string, error) {
	if _, err := s.Run(ctx, t, id); err != nil {
		return nil, "", err
	}
	return s.cfg.Log.Rows(ctx, t.ID, string(id), after)
}

// Watch returns a channel of a run's progress, as jobs.Jobs.Watch.
func (s *Service) Watch(ctx context.Context, t tenant.Tenant, id jobs.RunID) (<-chan jobs.Progress, error) {
	if _, err := s.Run(ctx, t, id); err != nil {
		return nil, err
	}
	return s.cfg.Jobs.Watch(ctx, t.ID, id)
}

// Pause has a run stop after the step that is under way.
func (s *Service) Pause(ctx context.Context, t tenant.Tenant, id jobs.RunID) error {
	return s.steer(ctx, t, id, s.cfg.Jobs.Pause)
}

// Resume has a paused run go on.
func (s *Service) Resume(ctx context.Context, t tenant.Tenant, id jobs.RunID) error {
	return s.steer(ctx, t, id, s.cfg.Jobs.Resume)
}

// Cancel ends a run. What it has done stays done.
func (s *Service) Cancel(ctx context.Context, t tenant.Tenant, id jobs.RunID) error {
	return s.steer(ctx, t, id, s.cfg.Jobs.Cancel)
}

// Retry has a run that failed or was canceled go on from the step at which it ended.
func (s *Service) Retry(ctx context.Context, t tenant.Tenant, id jobs.RunID) error {
	return s.steer(ctx, t, id, s.cfg.Jobs.Retry)
}

// steer does something to a run of a synchronization, and to no other one.
func (s *Service) steer(ctx context.Context, t tenant.Tenant, id jobs.RunID, do func(context.Context, capability.TenantID, jobs.RunID) error) error {
	if _, err := s.Run(ctx, t, id); err != nil {
		return err
	}
	return do(ctx, t.ID, id)
}
