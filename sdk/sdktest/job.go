package sdktest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// jobType is what a host for tests needs of a job.
type jobType struct {
	Name    string            `json:"name"`
	Handler string            `json:"handler"`
	Input   map[string]field  `json:"input"`
	Cursor  map[string]field  `json:"cursor"`
	Counts  map[string]string `json:"counts"`
	Starts  string            `json:"starts"`
	Account string            `json:"account"`
}

// runOf is a run with what it was begun with and where it stands.
type runOf struct {
	job.Run
	input, cursor map[string]string
	step, attempt int
	gathers       bool
}

// Work does one step of the oldest run that goes on by itself, as a host does in the background, and says how the run stands then. It is nil
// where there is none. An error of the plugin ends the run, though a host would try some of them again; job.Retry, or Work after it, begins
// the same step anew. It is not called at the same time as other methods.
//
// Since: v0.5
func (h *Host) Work() (*job.Run, error) {
	h.mu.Lock()
	i := slices.IndexFunc(h.runs, func(r *runOf) bool { return r.State.Live() })
	if i < 0 {
		h.mu.Unlock()
		return nil, nil
	}
	r := h.runs[i]
	t, known := h.jobs[r.Job]
	r.State, r.gathers = job.Running, false
	h.mu.Unlock()
	if !known {
		return nil, fmt.Errorf("plugin.json has no job %q", r.Job)
	}
	step := job.Step{
		Name: t.Handler, Job: r.Job, Run: r.ID, ID: r.ID + "-" + strconv.Itoa(r.step), Number: r.step, Attempt: r.attempt,
		Input: maps.Clone(r.input), Cursor: maps.Clone(r.cursor),
	}
	before, background := h.Context, h.Background
	defer func() { h.Context, h.Background = before, background }()
	h.Context, h.Background = sdk.Context{SiteURL: before.SiteURL, LinkURL: before.LinkURL}, true
	if t.Account != "none" {
		h.Context.Account = r.Account
	}
	step.Context = h.Context
	var out job.Result
	err := h.call(wire.OpJob, &step, &out)
	if err == nil {
		err = t.fits(&out)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		r.State, r.Code = job.Failed, sdk.CodeOf(err)
		r.attempt++
		done := r.Run
		return &done, err
	}
	r.cursor, r.attempt = out.Cursor, 0
	r.step++
	r.Done += out.Done
	if out.Total > 0 {
		r.Total = out.Total
	}
	for name, n := range out.Counts {
		if r.Counts == nil {
			r.Counts = map[string]int64{}
		}
		r.Counts[name] += n
	}
	if r.State == job.Running { // the step itself may have steered it
		if r.State = job.Queued; out.Finished {
			r.State = job.Done
		}
	}
	now := r.Run
	return &now, nil
}

// WorkAll does steps until no run goes on by itself, at most a thousand.
//
// Since: v0.5
func (h *Host) WorkAll() error {
	for range 1000 {
		r, err := h.Work()
		if r == nil || err != nil {
			return err
		}
	}
	return fmt.Errorf("a thousand steps were done, and there are more")
}

// Runs returns the runs that the plugin began, the oldest first.
//
// Since: v0.5
func (h *Host) Runs() []job.Run {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]job.Run, len(h.runs))
	for i, r := range h.runs {
		out[i] = r.Run
	}
	return out
}

// fits says where a result is not as plugin.json declares.
func (t *jobType) fits(r *job.Result) error {
	if err := fitsValues("cursor", t.Cursor, r.Cursor); err != nil {
		return err
	}
	for name := range r.Counts {
		if t.Counts[name] == "" {
			return sdk.Errorf(sdk.Internal, "the step counts %q, which the job %s does not declare in counts", name, t.Name)
		}
	}
	if r.Done < 0 || r.Total < 0 || r.After < 0 {
		return sdk.Errorf(sdk.Internal, "done, total and after are not negative")
	}
	return nil
}

func fitsValues(what string, declared map[string]field, values map[string]string) error {
	for name, value := range values {
		f, ok := declared[name]
		if !ok {
			return sdk.Errorf(sdk.Invalid, "%s: plugin.json declares no value %q", what, name)
		}
		if err := store.Validate(f.Kind, value); err != nil {
			return sdk.Errorf(sdk.Invalid, "%s: %s: %v", what, name, err)
		}
		if f.Kind == store.KindStatus && !slices.Contains(f.Values, value) {
			return sdk.Errorf(sdk.Invalid, "%s: %s: want one of %q", what, name, f.Values)
		}
	}
	return nil
}

// jobCall answers the calls of sdk/job. h is locked.
func (h *Host) jobCall(op string, body []byte) (answer msgp.Marshaler, err error, ok bool) {
	switch op {
	case job.OpStart:
		answer, err = with(body, h.startJob)
	case job.OpList:
		answer, err = with(body, h.listJobs)
	case job.OpSteer:
		answer, err = with(body, h.steerJob)
	default:
		return nil, nil, false
	}
	return answer, err, true
}

// mayJobs says whether whoever asks may do something to runs.
func (h *Host) mayJobs(t *jobType) bool {
	return h.Background || h.Context.Account != "" && (h.admins[h.Context.Module] || t != nil && t.Starts == "user")
}

func (h *Host) startJob(n *job.New) (msgp.Marshaler, error) {
	t, known := h.jobs[n.Job]
	switch {
	case !known:
		return nil, refuse(sdk.Invalid, "plugin.json declares no job "+strconv.Quote(n.Job))
	case !h.mayJobs(t):
		return nil, refuse(sdk.PermissionDenied, `runs of this job are begun on an adminPage (set Context.Module), or in the background; "starts": "user" lets any user`)
	}
	if err := fitsValues("input", t.Input, n.Input); err != nil {
		return nil, err
	}
	for _, r := range h.runs {
		if n.Gather > 0 && r.gathers && r.Job == n.Job && maps.Equal(r.input, n.Input) {
			return &r.Run, nil
		}
	}
	r := &runOf{Run: job.Run{
		ID: fmt.Sprintf("%026d", len(h.runs)+1), Job: n.Job, State: job.Queued, Total: n.Total, Created: 1767225600000 + int64(len(h.runs)), Account: h.Context.Account,
	}, input: n.Input, gathers: n.Gather > 0}
	h.runs = append(h.runs, r)
	return &r.Run, nil
}

func (h *Host) listJobs(q *job.Query) (msgp.Marshaler, error) {
	if !h.mayJobs(nil) {
		return nil, refuse(sdk.PermissionDenied, "runs are listed on an adminPage, or in the background")
	}
	out, after := &job.Runs{}, q.After == ""
	for _, r := range slices.Backward(h.runs) {
		if after && (q.Job == "" || q.Job == r.Job) && len(out.Runs) < min(cmp.Or(q.Limit, job.MaxRuns), job.MaxRuns) {
			out.Runs = append(out.Runs, r.Run)
		}
		after = after || r.ID == q.After
	}
	return out, nil
}

func (h *Host) steerJob(o *job.Order) (msgp.Marshaler, error) {
	if !h.mayJobs(nil) {
		return nil, refuse(sdk.PermissionDenied, "runs are steered on an adminPage, or in the background")
	}
	i := slices.IndexFunc(h.runs, func(r *runOf) bool { return r.ID == o.Run })
	if i < 0 {
		return nil, refuse(sdk.NotFound, "there is no such run")
	}
	r := h.runs[i]
	over := !r.State.Live() && r.State != job.Paused
	switch {
	case o.Do == job.DoPause && !over:
		r.State = job.Paused
	case o.Do == job.DoCancel && !over:
		r.State = job.Canceled
	case o.Do == job.DoResume && r.State == job.Paused, o.Do == job.DoRetry && (r.State == job.Failed || r.State == job.Canceled):
		r.State, r.Code = job.Queued, ""
	default:
		return nil, refuse(sdk.Invalid, "a run that is "+string(r.State)+" cannot be told to "+o.Do)
	}
	return &r.Run, nil
}
