package events

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

// jobOf is the name of a kind of event among the names of jobs, which have no dots.
func jobOf(kind string) string { return strings.Replace(kind, ".", "_", 1) }

// Of is the kind of event of which a run tells, "" where that is not known.
func Of(r jobs.Run) string {
	for _, kind := range event.Kinds() {
		if jobOf(kind) == r.Job {
			return kind
		}
	}
	return ""
}

// Dead returns the events that were given up, the newest first: a page after the one with that id.
func (s *Service) Dead(ctx context.Context, t capability.TenantID, after jobs.RunID, limit int) ([]jobs.Run, error) {
	return s.cfg.Jobs.Runs(ctx, t, jobs.Query{State: jobs.Failed, Kind: Kind, After: after, Limit: limit})
}

// About is the id of the issue of which an event tells, for a link that at its outward end; "" where the event is not there any more.
func (s *Service) About(ctx context.Context, t capability.TenantID, id jobs.RunID) (string, error) {
	raw, err := s.cfg.Jobs.Input(ctx, t, id)
	if sdk.CodeOf(err) == sdk.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var h happening
	if err := json.Unmarshal(raw, &h); err != nil {
		return "", damaged()
	}
	return h.about(), nil
}

// Replay has an event that was given up told again; "" all of them, and it says how many.
func (s *Service) Replay(ctx context.Context, t capability.TenantID, id jobs.RunID) (int, error) {
	if id == "" {
		return s.cfg.Jobs.Replay(ctx, t, Kind)
	}
	if err := s.dead(ctx, t, id); err != nil {
		return 0, err
	}
	if err := s.cfg.Jobs.Retry(ctx, t, id); err != nil {
		return 0, err
	}
	return 1, nil
}

// Discard gives an event up for good; "" all of them, and it says how many.
func (s *Service) Discard(ctx context.Context, t capability.TenantID, id jobs.RunID) (int, error) {
	if id != "" {
		if err := s.dead(ctx, t, id); err != nil {
			return 0, err
		}
		if err := s.cfg.Jobs.Discard(ctx, t, id); err != nil {
			return 0, err
		}
		return 1, nil
	}
	n := 0
	for {
		page, err := s.Dead(ctx, t, "", 0)
		if err != nil || len(page) == 0 {
			return n, err
		}
		for _, r := range page {
			switch err := s.cfg.Jobs.Discard(ctx, t, r.ID); sdk.CodeOf(err) {
			case "":
				n++
			case sdk.NotFound, sdk.Invalid: // it was told again or deleted at this moment
			default:
				return n, err
			}
		}
	}
}

// dead refuses what is no run that tells of an event, or not one that was given up.
func (s *Service) dead(ctx context.Context, t capability.TenantID, id jobs.RunID) error {
	r, err := s.cfg.Jobs.Run(ctx, t, id)
	if err != nil && sdk.CodeOf(err) != sdk.NotFound {
		return err
	}
	if err != nil || r.Kind != Kind {
		return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Field: "run", Message: "There is no such event any more. Load the list again."}
	}
	if r.State != jobs.Failed {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "run", Message: "This event is " + string(r.State) + ", and not one that was given up. Load the list again."}
	}
	return nil
}
