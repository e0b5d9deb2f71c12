package jobs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// The bounds of a priority.
const (
	MinPriority = -5
	MaxPriority = 5
)

// Request asks for a run. Kind is required.
type Request struct {
	Kind   string
	Plugin capability.PluginID // whose run it is, "" for the host's own
	Job    string              // what the plugin calls it: a word, "" for the host's own
	// Input is for every step: MaxInput bytes at most, identifiers only.
	Input []byte
	// Key keeps runs with the same one of a tenant from being worked on at the same time; "" is none. It is kept as a digest.
	Key string
	// Priority is from MinPriority to MaxPriority, and 0 by default.
	Priority int
	// Total is how much there is to do, where it is known.
	Total int64
	// By is the account that asks, "" where it is nobody.
	By string
	// At is when the first step is due; zero means at once.
	At time.Time
	// Once names what the run is for, such as a message that may come twice: of requests with the same Kind, Plugin, Once and Happened only
	// the first begins a run, as long as that is kept, and all get its id. "" begins one each time.
	Once string
	// Happened is when that was; required with Once. Ids are in its order.
	Happened time.Time
}

// Start begins a run. When it returns an id, the run survives whatever happens to this host. Codes: invalid; exhausted, where
// too many runs of the tenant wait; unavailable, where the store does not answer.
func (j *Jobs) Start(ctx context.Context, t capability.TenantID, q Request) (RunID, error) {
	kind, err := j.known(q.Kind)
	if err != nil {
		return "", err
	}
	if err := q.check(); err != nil {
		return "", err
	}
	if err := j.room(t); err != nil {
		return "", err
	}
	id := newRunID(j.cfg.Now())
	if q.Once != "" {
		id = derivedRunID(ScheduleID(q.Kind+"\x00"+string(q.Plugin)), q.Happened, q.Once)
	}
	r, err := j.newRecord(ctx, t, id, q, origin{})
	if err != nil {
		return "", err
	}
	op, err := r.put()
	if err != nil {
		return "", err
	}
	if _, err := j.cfg.Store.Write(ctx, op); errors.Is(err, store.ErrConflict) && q.Once != "" {
		return id, nil // it began before
	} else if err != nil {
		return "", atEdge("start a run", err)
	}
	j.post(ctx, r, kind)
	return id, nil
}

var jobForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

func (q Request) check() error {
	switch {
	case len(q.Input) > MaxInput:
		return fail(sdk.Invalid, "the input of a run has %d bytes; at most %d are kept, so pass ids and read the rest in the steps", len(q.Input), MaxInput)
	case q.Job != "" && !jobForm.MatchString(q.Job):
		return fail(sdk.Invalid, "the name of a job is a lower-case letter with up to 63 lower-case letters, digits, _ and - after it")
	case q.Priority < MinPriority || q.Priority > MaxPriority:
		return fail(sdk.Invalid, "a priority is from %d to %d, not %d", MinPriority, MaxPriority, q.Priority)
	case q.Once != "" && q.Happened.IsZero():
		return fail(sdk.Invalid, "a run that begins once is for something that happened; say when")
	case q.Total < 0:
		return fail(sdk.Invalid, "a total is not negative")
	}
	return nil
}

// room refuses a tenant that has too many runs waiting. The count is that of the board, which follows within milliseconds.
func (j *Jobs) room(t capability.TenantID) error {
	if !board.ValidID(string(t), false) {
		return fail(sdk.Invalid, "that is no tenant's id")
	}
	if n := j.board.Waiting(t); n >= j.cfg.MaxLive {
		return fail(sdk.Exhausted, "%d runs wait already; let some come to their end, or cancel them, and try again", n)
	}
	return nil
}

// origin is the schedule that begins a run.
type origin struct {
	schedule ScheduleID
	planned  time.Time
	keyed    string // digest of the key
}

func (j *Jobs) newRecord(ctx context.Context, t capability.TenantID, id RunID, q Request, from origin) (record, error) {
	now := j.cfg.Now().UTC().Round(0)
	input, err := j.records.seal(ctx, runKey(t, id), "input", q.Input)
	if err != nil {
		return record{}, atEdge("start a run", err)
	}
	r := record{tenant: t, id: id, document: document{
		Kind: q.Kind, Plugin: q.Plugin, Job: q.Job, Priority: q.Priority, Key: digest(q.Key), By: q.By, Input: input, Total: q.Total, Created: now, Changed: now,
		Schedule: from.schedule, Planned: from.planned,
	}}
	if from.keyed != "" {
		r.Key = from.keyed
	}
	if kind, _ := j.kind(q.Kind); kind.InOrder {
		r.InOrder = r.Key != ""
	}
	r.turn(Queued, now)
	if q.At.After(now) {
		r.turn(Waiting, now)
		r.Due = q.At.UTC().Round(0)
	}
	return r, nil
}

// post puts a record's ticket on the board. Where the queue does not answer, the sweep does it later: the record says that
// the run is to go on.
func (j *Jobs) post(ctx context.Context, r record, k Kind) {
	ctx = context.WithoutCancel(ctx) // the record is written, whoever asked may go
	if err := j.board.Post(ctx, r.ticket(k.KeyLimit)); err != nil {
		j.cfg.Log.WarnContext(ctx, "a run waits for the job queue to come back", "tenant", r.tenant, "run", r.id, "error", err)
		j.dispatcher.sweepSoon()
	}
}

// Pause has a run stop after the step that is under way. Pausing a paused one is no error.
func (j *Jobs) Pause(ctx context.Context, t capability.TenantID, id RunID) error {
	return j.ask(ctx, t, id, Paused)
}

// Cancel ends a run for good, and interrupts its step. What its steps did before stays done. Canceling a canceled one is no
// error.
func (j *Jobs) Cancel(ctx context.Context, t capability.TenantID, id RunID) error {
	return j.ask(ctx, t, id, Canceled)
}

// ask moves a run to a state, at once where nobody works on it, otherwise through whoever does.
func (j *Jobs) ask(ctx context.Context, t capability.TenantID, id RunID, to State) error {
	r, err := j.change(ctx, t, id, "stop", func(r *record) error {
		switch {
		case r.State == to:
			r.Refused = false // now it is a person who paused it
		case r.State.Over():
			return fail(sdk.Exists, "the run is %s already", r.State)
		case r.State == Running:
			if r.Asked != Canceled {
				r.Asked = to
			}
		default:
			r.turn(to, j.cfg.Now().UTC().Round(0))
		}
		return nil
	})
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if r.State == Running {
		// Whoever works on it reads the record after the step; a step that is to be canceled need not come to its end.
		if err := j.board.Tell(topicControl, t, string(id), []byte(to)); err != nil {
			j.cfg.Log.WarnContext(ctx, "a run stops after its step", "tenant", t, "run", id, "error", err)
		}
		return nil
	}
	j.tell(ctx, r)
	if ticket, ok := j.board.Ticket(t, string(id)); ok {
		if err := j.board.Remove(ctx, ticket); err != nil {
			j.cfg.Log.WarnContext(ctx, "the ticket of a run that stopped stays for a while", "tenant", t, "run", id, "error", err)
		}
	}
	return nil
}

// Resume has a paused run go on.
func (j *Jobs) Resume(ctx context.Context, t capability.TenantID, id RunID) error {
	return j.wake(ctx, t, id, "resume", func(r *record) error {
		switch {
		case r.State == Running && r.Asked == Paused: // it did not come to that yet
			r.Asked = ""
		case r.State.Live(): // already, or its ticket was lost
		case r.State != Paused:
			return fail(sdk.Invalid, "the run is %s, not paused; retry it to go on from the step where it ended", r.State)
		default:
			r.turn(Queued, j.cfg.Now())
		}
		return nil
	})
}

// Retry has a failed or canceled run go on from the step at which it ended.
func (j *Jobs) Retry(ctx context.Context, t capability.TenantID, id RunID) error {
	return j.wake(ctx, t, id, "retry", func(r *record) error {
		switch {
		case r.State.Live():
		case r.State != Failed && r.State != Canceled:
			return fail(sdk.Invalid, "the run is %s; only one that failed or was canceled can be tried again", r.State)
		default:
			r.turn(Queued, j.cfg.Now())
			r.Attempt, r.Lost, r.Code, r.Source = 0, 0, "", ""
		}
		return nil
	})
}

func (j *Jobs) wake(ctx context.Context, t capability.TenantID, id RunID, doing string, f func(*record) error) error {
	r, err := j.change(ctx, t, id, doing, f)
	if err != nil {
		return err
	}
	kind, _ := j.kind(r.Kind)
	j.tell(ctx, r)
	j.post(ctx, r, kind)
	return nil
}

// change is records.change for those who call from outside.
func (j *Jobs) change(ctx context.Context, t capability.TenantID, id RunID, doing string, f func(*record) error) (record, error) {
	if !runForm.MatchString(string(id)) {
		return record{}, fail(sdk.NotFound, "there is no such run")
	}
	r, err := j.records.change(ctx, t, id, f)
	return r, atEdge(fmt.Sprintf("%s run %s", doing, id), err)
}

// DeadLetters returns the runs that failed, the newest first: a page of up to limit after the run with that id.
func (j *Jobs) DeadLetters(ctx context.Context, t capability.TenantID, after RunID, limit int) ([]Run, error) {
	return j.Runs(ctx, t, Query{State: Failed, After: after, Limit: limit})
}

// Replay has all runs of a kind that failed go on from the step at which they ended, and says how many; "" means every kind.
func (j *Jobs) Replay(ctx context.Context, t capability.TenantID, kind string) (int, error) {
	n := 0
	for d, err := range store.Each(ctx, j.cfg.Store, store.Query{Tenant: t, Collection: runCollection, Index: byState, Value: string(Failed)}) {
		if err != nil {
			return n, atEdge("replay dead letters", err)
		}
		r, err := decodeRun(d)
		if err != nil {
			return n, err
		}
		if kind != "" && r.Kind != kind {
			continue
		}
		if err := j.room(t); err != nil {
			return n, err
		}
		switch err := j.Retry(ctx, t, r.id); sdk.CodeOf(err) {
		case "":
			n++
		case sdk.NotFound, sdk.Invalid: // it was deleted or retried meanwhile
		default:
			return n, err
		}
	}
	return n, nil
}
