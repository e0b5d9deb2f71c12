package runs

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// deleted stands for a configuration document that is not there any more.
const deleted = "something that was deleted"

// Shown is a run as an admin sees it.
type Shown struct {
	jobs.Progress
	// About are the labels of the configuration documents that the run was begun with, as they are now; empty where it is about none.
	About []string `json:"about,omitempty"`
}

// Show says of runs of a tenant's plugins what they are about. What a run was begun with lies sealed, and labels are read each time: neither is kept
// anywhere else. What cannot be read is left out.
func (s *Service) Show(ctx context.Context, t tenant.Tenant, all ...jobs.Progress) []Shown {
	out := make([]Shown, len(all))
	for i, r := range all {
		about, err := s.about(ctx, t, r.Run)
		if err != nil {
			s.cfg.Log.WarnContext(ctx, "what a run of a plugin's job is about could not be read", "tenant", t.ID, "plugin", r.Plugin, "job", r.Job, "run", r.ID, "code", sdk.CodeOf(err))
		}
		out[i] = Shown{r, about}
	}
	return out
}

func (s *Service) about(ctx context.Context, t tenant.Tenant, r jobs.Run) ([]string, error) {
	declared, err := s.cfg.Features.Job(ctx, t, r.Plugin, r.Job)
	if err != nil {
		return nil, err
	}
	isConfig := func(v manifest.JobValue) bool { return v.Kind == manifest.KindConfig }
	if !slices.ContainsFunc(slices.Collect(maps.Values(declared.Input)), isConfig) {
		return nil, nil
	}
	raw, err := s.cfg.Jobs.Input(ctx, t.ID, r.ID)
	if err != nil {
		return nil, err
	}
	var in input
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, refuse(sdk.Invalid, "", "the input of the run is damaged")
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(in.Values)) {
		v := declared.Input[name]
		if !isConfig(v) || in.Values[name] == "" {
			continue
		}
		label, err := s.cfg.Features.Label(ctx, t.ID, r.Plugin, v.Config, in.Values[name])
		if err != nil {
			return nil, err
		}
		if label == "" {
			label = deleted
		}
		out = append(out, label)
	}
	return out, nil
}
