package jobs

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// Query lists runs of a tenant, the newest first. What is set has to fit.
type Query struct {
	State    State
	Kind     string
	Plugin   capability.PluginID
	Job      string
	Schedule ScheduleID
	After    RunID // the last run of the page before
	Limit    int   // 1 to 200; 0 means 50
}

const (
	defaultRuns = 50
	maxRuns     = 200
)

// Run returns a run. Code not_found where there is none of that id.
func (j *Jobs) Run(ctx context.Context, t capability.TenantID, id RunID) (Run, error) {
	if !runForm.MatchString(string(id)) {
		return Run{}, fail(sdk.NotFound, "there is no such run")
	}
	r, err := j.records.load(ctx, t, id)
	if err != nil {
		return Run{}, atEdge("read run "+string(id), err)
	}
	return r.run(), nil
}

// Input returns what a run was begun with. It lies sealed, so [Run] has it not. Code not_found where there is no run of that id.
func (j *Jobs) Input(ctx context.Context, t capability.TenantID, id RunID) ([]byte, error) {
	if !runForm.MatchString(string(id)) {
		return nil, fail(sdk.NotFound, "there is no such run")
	}
	r, err := j.records.load(ctx, t, id)
	if err != nil {
		return nil, atEdge("read run "+string(id), err)
	}
	raw, err := j.records.open(ctx, runKey(t, id), "input", r.Input)
	if err != nil {
		return nil, atEdge("open the input of run "+string(id), err)
	}
	return raw, nil
}

// Runs returns a page of runs; fewer than the limit means that there are no more.
func (j *Jobs) Runs(ctx context.Context, t capability.TenantID, q Query) ([]Run, error) {
	if q.Limit < 0 || q.Limit > maxRuns {
		return nil, fail(sdk.Invalid, "a page has 1 to %d runs, not %d", maxRuns, q.Limit)
	}
	fill(&q.Limit, defaultRuns)
	in := store.Query{Tenant: t, Collection: runCollection, After: string(q.After), Limit: maxRuns}
	switch {
	case q.Schedule != "":
		in.Index, in.Value = bySchedule, string(q.Schedule)
	case q.State != "":
		in.Index, in.Value = byState, string(q.State)
	case q.Kind != "":
		in.Index, in.Value = byKind, q.Kind
	}
	if q.Plugin == "" && q.Job == "" { // then a page of the store is mostly a page of ours
		in.Limit = q.Limit
	}
	var page []Run
	for d, err := range store.Each(ctx, j.cfg.Store, in) {
		if err != nil {
			return nil, atEdge("list runs", err)
		}
		r, err := decodeRun(d)
		if err != nil {
			return nil, err
		}
		if !q.fits(r) {
			continue
		}
		if page = append(page, r.run()); len(page) == q.Limit {
			break
		}
	}
	return page, nil
}

func (q Query) fits(r record) bool {
	return (q.State == "" || r.State == q.State) && (q.Kind == "" || r.Kind == q.Kind) &&
		(q.Plugin == "" || r.Plugin == q.Plugin) && (q.Schedule == "" || r.Schedule == q.Schedule) && (q.Job == "" || r.Job == q.Job)
}
