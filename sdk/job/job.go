// Package job is for work that takes longer than a page may: a plugin does it step by step, and the host sees to it that it comes to its
// end. "jobs" of plugin.json declare what a plugin can do so, with a reason that the admin reads.
//
// A run of a job is many steps. A step gets what the run was begun with and what the step before it left behind, does a little, a
// second's work at best, and says where the next one goes on. The host commits that before it asks for the next step: whatever host is
// killed at whatever moment, another one goes on, and repeats at most the step that was under way. So a step finds what it did before
// already done, or knows [Step.ID] again. One that fails is tried again with growing pauses; an error with a code that no further try can
// mend, such as invalid or not_found, ends the run, which an admin can have go on from that step.
//
// A run keeps ids, numbers, times and words that plugin.json declares, and never content: see Input and Cursor.
//
// Nobody looks on while a step runs. Its Context names the account that began the run, so that it sees what that user may see; a job
// that plugin.json declares with "account": "none", or that an event began, has none, and of sdk/jira only the plugin's own properties of
// issues are open to it.
//
// [Start] and its like need no permission, for a plugin's own jobs are all that they reach. Who may: an action on an adminPage, where the
// host has asked Jira whether the user is an admin; and what runs by itself, an event or another step. What any user may set off says so
// in plugin.json with "starts": "user". The block view.Runs shows on an adminPage how runs stand, and lets the admin steer them.
package job

import (
	"context"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_job_msgp.go

// The host calls.
const (
	OpStart = "job.start" // New → Run
	OpList  = "job.list"  // Query → Runs
	OpSteer = "job.steer" // Order → Run
)

// Int returns the whole number of that name in an input or a cursor, 0 where there is none.
//
// Since: v0.5
func Int(values map[string]string, name string) int64 {
	n, err := strconv.ParseInt(values[name], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Step is one step of a run.
//
// Since: v0.5
type Step struct {
	Name string `msg:"name"` // of the handler in the code: a key of sdk.Plugin.Jobs
	Job  string `msg:"job"`  // as plugin.json names it
	Run  string `msg:"run"`  // the id of the run
	// ID is the same however often this step is tried: a key of idempotency.
	ID      string `msg:"id"`
	Number  int    `msg:"number,omitempty"`  // counts the steps of a run, from 0
	Attempt int    `msg:"attempt,omitempty"` // counts the tries of this step that failed before, from 0
	// Input is what the run was begun with: ids, numbers, times and words by the names that plugin.json declares, with a kind for each, as
	// fields of records have.
	Input map[string]string `msg:"input,omitempty,limit=16384"`
	// Cursor is what the step before this one returned; empty for the first.
	Cursor map[string]string `msg:"cursor,omitempty,limit=16384"`
	// Context is that of no page. It names the account that began the run, if there is one that counts.
	Context sdk.Context `msg:"context"`
}

// Result is what follows from a step that was done.
//
// Since: v0.5
type Result struct {
	// Cursor is for the next step: where it goes on. plugin.json declares the names and kinds; 900 bytes in all at most.
	Cursor map[string]string `msg:"cursor,omitempty,limit=16384"`
	// Finished says that there is no next step.
	Finished bool `msg:"finished,omitempty"`
	// Done is by how much the run got on with this step, in whatever it counts; 0 or more.
	Done int64 `msg:"done,omitempty"`
	// Total is how much there is in all, as far as is known now; 0 leaves it as it was.
	Total int64 `msg:"total,omitempty"`
	// Counts are added to those of the run; plugin.json declares their names and titles.
	Counts map[string]int64 `msg:"counts,omitempty,limit=16384"`
	// After puts the next step off, in milliseconds: up to a day; 0 goes on at once.
	After int64 `msg:"after,omitempty"`
}

// New is a run to begin.
//
// Since: v0.5
type New struct {
	Job string `msg:"job"` // as plugin.json names it
	// Input is for every step. plugin.json declares the names and kinds; 2000 bytes in all at most.
	Input map[string]string `msg:"input,omitempty,limit=16384"`
	Total int64             `msg:"total,omitempty"` // how much there is to do, where it is known
	// Gather makes one run of all that are begun with this job and input within so many milliseconds, up to an hour: it begins when they are
	// over. So what happens a hundred times in a row is dealt with once, and after the last of it. 0 begins a run at once.
	Gather int64 `msg:"gather,omitempty"`
}

// State is where a run stands.
//
// Since: v0.5
type State string

// The states. A run that is queued, running or waiting goes on by itself; one that is done, failed or canceled is over.
const (
	Queued   State = "queued"
	Running  State = "running"
	Waiting  State = "waiting"
	Paused   State = "paused"
	Done     State = "done"
	Failed   State = "failed"
	Canceled State = "canceled"
)

// Live says whether the run goes on by itself.
//
// Since: v0.5
func (s State) Live() bool { return s == Queued || s == Running || s == Waiting }

// Run says how a run stands. Times are milliseconds since 1970, 0 for one that did not come yet.
//
// Since: v0.5
type Run struct {
	ID      string           `msg:"id"`
	Job     string           `msg:"job"`
	State   State            `msg:"state"`
	Code    sdk.Code         `msg:"code,omitempty"` // of its last error
	Done    int64            `msg:"done,omitempty"`
	Total   int64            `msg:"total,omitempty"` // 0 where it is not known
	Counts  map[string]int64 `msg:"counts,omitempty,limit=16384"`
	Created int64            `msg:"created"`
	Started int64            `msg:"started,omitempty"`
	Ended   int64            `msg:"ended,omitempty"`
	Account string           `msg:"account,omitempty"` // that began it
}

// CreatedAt is when the run was begun.
//
// Since: v0.5
func (r *Run) CreatedAt() time.Time { return time.UnixMilli(r.Created).UTC() }

// MaxRuns bounds a page of runs.
const MaxRuns = 50

// Query lists runs of the plugin's own jobs, the newest first.
//
// Since: v0.5
type Query struct {
	Job   string `msg:"job,omitempty"`   // "" means every job
	After string `msg:"after,omitempty"` // the last run of the page before
	Limit int    `msg:"limit,omitempty"` // up to MaxRuns, which 0 means
}

// Runs is a page of runs; fewer than the limit means that there are no more.
//
// Since: v0.5
type Runs struct {
	Runs []Run `msg:"runs,omitempty,limit=16384"`
}

// What an Order can ask for.
const (
	DoPause  = "pause"
	DoResume = "resume"
	DoCancel = "cancel"
	DoRetry  = "retry"
)

// Order does something to a run.
//
// Since: v0.5
type Order struct {
	Run string `msg:"run"`
	Do  string `msg:"do"` // one of the above
}

// Start begins a run. Once it returns, the run survives whatever happens to the host. Codes: invalid, where the job or its input is not as
// plugin.json declares; permission_denied, where whoever asks may not; exhausted, where too many runs of the site wait.
//
// Since: v0.5
func Start(ctx context.Context, n New) (*Run, error) { return ask(ctx, OpStart, n.MarshalMsg) }

// List returns a page of runs.
//
// Since: v0.5
func List(ctx context.Context, q Query) ([]Run, error) {
	var out Runs
	if err := hostcall.Exchange(ctx, OpList, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.Runs, nil
}

// Pause has a run stop after the step that is under way.
//
// Since: v0.5
func Pause(ctx context.Context, run string) (*Run, error) { return steer(ctx, run, DoPause) }

// Resume has a paused run go on.
//
// Since: v0.5
func Resume(ctx context.Context, run string) (*Run, error) { return steer(ctx, run, DoResume) }

// Cancel ends a run. What its steps did stays done.
//
// Since: v0.5
func Cancel(ctx context.Context, run string) (*Run, error) { return steer(ctx, run, DoCancel) }

// Retry has a run that failed or was canceled go on from the step at which it ended.
//
// Since: v0.5
func Retry(ctx context.Context, run string) (*Run, error) { return steer(ctx, run, DoRetry) }

func steer(ctx context.Context, run, do string) (*Run, error) {
	o := Order{Run: run, Do: do}
	return ask(ctx, OpSteer, o.MarshalMsg)
}

func ask(ctx context.Context, op string, in func([]byte) ([]byte, error)) (*Run, error) {
	var out Run
	if err := hostcall.Exchange(ctx, op, in, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// Handler does steps: one for sdk.Plugin.Jobs.
//
// Since: v0.5
type Handler func(ctx context.Context, s *Step) (*Result, error)

var _ sdk.JobHandler = Handler(nil)

// Work implements sdk.JobHandler.
func (h Handler) Work(ctx context.Context, step []byte) ([]byte, error) {
	var s Step
	if _, err := s.UnmarshalMsg(step); err != nil {
		return nil, sdk.Errorf(sdk.Invalid, "decode a step: %v", err)
	}
	r, err := h(ctx, &s)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, sdk.Errorf(sdk.Internal, "the handler returned neither a result nor an error")
	}
	return r.MarshalMsg(nil)
}
