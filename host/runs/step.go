package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
)

// stepTimeout bounds a step beyond what the engine allows to the call of the plugin: plugin.json can ask for a minute.
const stepTimeout = 90 * time.Second

// maxCursor bounds the values of a cursor, in bytes of names and values; jobs.MaxCursor bounds what becomes of them.
const maxCursor = 900

// maxAfter bounds for how long a step puts the next one off.
const maxAfter = 24 * time.Hour

// retry is for what a later try may mend: a Jira that does not answer for a while, a limit of requests.
var retry = jobs.Retry{Attempts: 8, First: 2 * time.Second, Most: 5 * time.Minute}

// step does a step of a run.
func (s *Service) step(ctx context.Context, js jobs.Step) (jobs.Next, error) {
	var in input
	if err := json.Unmarshal(js.Input, &in); err != nil {
		return jobs.Next{}, refuse(sdk.Invalid, "", "the input of the run is damaged; begin another one")
	}
	var cursor map[string]string
	if len(js.Cursor) > 0 {
		if err := json.Unmarshal(js.Cursor, &cursor); err != nil {
			return jobs.Next{}, refuse(sdk.Invalid, "", "the cursor of the run is damaged; begin another one")
		}
	}
	t, err := s.cfg.Tenants.ByID(ctx, js.Tenant)
	if err != nil {
		return jobs.Next{}, fmt.Errorf("load tenant: %w", err)
	}
	if t.State != tenant.Active {
		return jobs.Next{}, refuse(sdk.Unavailable, "", "the app is not switched on for this Jira site")
	}
	r, declared, err := s.cfg.Features.Work(ctx, t, js.Plugin, job.Step{
		Job: in.Job, Run: string(js.Run), ID: string(js.ID), Number: js.Number, Attempt: js.Attempt, Input: in.Values, Cursor: cursor,
		Context: sdk.Context{Account: js.By},
	})
	if err != nil {
		if retry.Final(passing(err, js.Attempt), js.Attempt) {
			s.cfg.Log.WarnContext(ctx, "a run of a plugin's job ended with an error; an admin can have it go on", "tenant", js.Tenant, "plugin", js.Plugin,
				"job", in.Job, "run", js.Run, "step", js.Number, "attempts", js.Attempt+1, "code", sdk.CodeOf(err))
		}
		return jobs.Next{}, passing(err, js.Attempt)
	}
	if err := check(declared, r); err != nil {
		s.cfg.Log.ErrorContext(ctx, "a step of a plugin's job returned what plugin.json does not declare", "tenant", js.Tenant, "plugin", js.Plugin, "job", in.Job, "error", err)
		return jobs.Next{}, jobs.Permanent(err)
	}
	next := jobs.Next{
		Done: r.Finished, After: time.Duration(r.After) * time.Millisecond, Add: r.Done, Total: r.Total, Counts: maps.Clone(r.Counts),
	}
	if len(r.Cursor) > 0 {
		if next.Cursor, err = json.Marshal(r.Cursor); err != nil {
			return jobs.Next{}, fmt.Errorf("encode a cursor: %w", err)
		}
	}
	return next, nil
}

// passing makes an error by which Jira refuses the app one that a later try may mend: so it is while a site installs the app anew, or updates
// it. What the user may not is the host's word, and ends the run at once.
func passing(err error, attempt int) error {
	var e *sdk.Error
	if !errors.As(err, &e) || e.Source != sdk.FromDownstream || e.Code != sdk.PermissionDenied && e.Code != sdk.Unauthenticated || attempt+1 >= retry.Attempts {
		return err
	}
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: e.Message}
}

// check refuses a result that is not as the job is declared: a defect of the plugin. The error names no value.
func check(declared manifest.Job, r *job.Result) error {
	if err := judge("cursor", declared.Cursor, r.Cursor, maxCursor); err != nil {
		return err
	}
	for name, n := range r.Counts {
		if declared.Counts[name] == "" {
			return refuse(sdk.Invalid, "counts", "the step counts something that plugin.json does not declare in counts of the job %s", declared.Name)
		}
		if n < 0 {
			return refuse(sdk.Invalid, "counts", "the step counts less than nothing")
		}
	}
	switch {
	case r.Done < 0 || r.Total < 0:
		return refuse(sdk.Invalid, "done", "done and total are not negative")
	case r.After < 0 || r.After > maxAfter.Milliseconds():
		return refuse(sdk.Invalid, "after", "a step is put off by 0 to %d milliseconds", maxAfter.Milliseconds())
	}
	return nil
}
