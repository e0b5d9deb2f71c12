package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// Why a run is not worked on, or its step does not count.
var (
	errFenced  = errors.New("another host works on the run")
	errResting = errors.New("the run does not go on")
	errEarly   = errors.New("the run is not due")
	errBehind  = errors.New("a run before this one is not over")
	errLost    = errors.New("the queue, the store or the host gave up")
)

// execute works on a run for as long as it may, and gives it back.
func (j *Jobs) execute(ctx context.Context, w *working) {
	r, err := j.begin(ctx, w)
	h := w.hold
	for err == nil {
		if r, err = j.step(ctx, w, r); err == nil && r.State != Running {
			err = errResting
		}
	}
	session := h.Session.Context()
	switch {
	case errors.Is(err, errResting), errors.Is(err, errEarly):
		j.settle(session, h, r)
	case errors.Is(err, errBehind):
		j.dispatcher.snooze(w)
	case errors.Is(err, store.ErrNotFound), errors.Is(err, seal.ErrShredded): // purged
		j.remove(session, h.Ticket)
	case errors.Is(err, errFenced):
		j.cfg.Log.InfoContext(j.work, "a step does not count, as another host took the run over", "tenant", h.Ticket.Tenant, "run", h.Ticket.Run)
	case session.Err() == nil:
		j.cfg.Log.WarnContext(j.work, "a run is put off", "tenant", h.Ticket.Tenant, "run", h.Ticket.Run, "error", err)
		j.dispatcher.snooze(w)
	}
	if err := j.board.Release(session, h); err != nil && session.Err() == nil {
		j.cfg.Log.WarnContext(j.work, "give back a run", "tenant", h.Ticket.Tenant, "run", h.Ticket.Run, "error", err)
	}
}

// settle leaves the board as a run's record asks for.
func (j *Jobs) settle(ctx context.Context, h board.Hold, r record) {
	switch r.State {
	case Waiting:
		if err := j.board.Post(ctx, r.ticket(h.Ticket.KeyLimit)); err != nil && ctx.Err() == nil {
			j.cfg.Log.WarnContext(ctx, "note when a run is due", "tenant", r.tenant, "run", r.id, "error", err)
		}
	case Queued, Running: // its ticket is there
	default:
		j.remove(ctx, h.Ticket)
	}
}

func (j *Jobs) remove(ctx context.Context, t board.Ticket) {
	if err := j.board.Remove(ctx, t); err != nil && ctx.Err() == nil {
		j.cfg.Log.WarnContext(ctx, "take a run off the queue", "tenant", t.Tenant, "run", t.Run, "error", err)
	}
}

// begin writes into the record who works on it from now on. Whoever did before is refused from here on.
func (j *Jobs) begin(ctx context.Context, w *working) (record, error) {
	h := w.hold
	t, id := h.Ticket.Tenant, RunID(h.Ticket.Run)
	r, err := j.records.load(ctx, t, id)
	if err != nil {
		return r, err
	}
	var admitted error
	if r.State.Live() {
		admitted = j.cfg.Admit(ctx, t, r.Plugin)
		if sdk.CodeOf(admitted) == sdk.Unavailable {
			return r, admitted
		}
	}
	if admitted == nil && r.State.Live() {
		behind, err := j.records.behind(ctx, r)
		if err != nil {
			return r, err
		}
		if behind { // the board does not show the one before it, or not yet
			return r, errBehind
		}
	}
	before := r.State
	r, err = j.records.changeLoaded(ctx, r, j.taken(h, admitted))
	if errors.Is(err, errFenced) {
		r, err = j.retake(ctx, w, r, admitted)
	}
	if err != nil {
		return r, err
	}
	if r.State != before {
		j.tell(ctx, r)
	}
	if r.State != Running {
		return r, errResting
	}
	return r, nil
}

// retake begins to work on a run whose record has a greater token than the hold. Mostly that means that another host took it over.
// It may also come from another board, as after an import or where the board was restored from a copy; then the board itself
// says that the hold is good, after the record was read and before it is written.
func (j *Jobs) retake(ctx context.Context, w *working, r record, admitted error) (record, error) {
	confirmed, err := j.board.Confirm(ctx, w.hold)
	if err != nil {
		return r, errFenced
	}
	read := r.rev
	r, err = j.records.changeLoaded(ctx, r, func(r *record) error {
		if r.rev != read {
			return errFenced
		}
		r.Token = board.Token{}
		return j.taken(confirmed, admitted)(r)
	})
	if err == nil {
		w.hold = confirmed
	}
	return r, err
}

// taken is the change of a record by a hold that begins to work on it, unless it is not to go on.
func (j *Jobs) taken(h board.Hold, admitted error) func(*record) error {
	return func(r *record) error {
		now := j.cfg.Now().UTC().Round(0)
		switch {
		case r.Token == h.Token: // an earlier try was written after all
			return nil
		case h.Token.Less(r.Token):
			return errFenced
		case !r.State.Live():
			return errResting
		case r.Asked != "":
			r.turn(r.Asked, now)
			return nil
		case admitted != nil:
			r.turn(Paused, now)
			r.Refused = true
			r.Code, r.Source = codeOf(admitted)
			return nil //nolint:nilerr // it is kept in the record
		case board.Waits(r.Due, r.set(), now):
			return errEarly
		}
		if r.State == Running { // whoever worked on it vanished in the middle of a step
			kind, _ := j.kind(r.Kind)
			if r.Lost++; r.Lost > kind.Retry.Lost {
				r.turn(Failed, now)
				r.Code, r.Source = sdk.Internal, sdk.FromHost
				return nil
			}
		} else {
			r.turn(Running, now)
		}
		r.Token = h.Token
		if r.Started.IsZero() {
			r.Started = now
		}
		return nil
	}
}

// step does one step and commits what came of it.
func (j *Jobs) step(ctx context.Context, w *working, r record) (record, error) {
	kind, ok := j.kind(r.Kind)
	if !ok {
		return r, fmt.Errorf("kind %s is not registered", r.Kind)
	}
	s, err := j.opened(ctx, r)
	if err != nil {
		return r, err
	}
	began := j.cfg.Now()
	stepping, cancel := context.WithTimeout(ctx, kind.Timeout)
	next, failure := j.call(stepping, kind, s)
	cancel()
	took := max(0, j.cfg.Now().Sub(began))
	j.dispatcher.worked(w, took)
	if failure == nil {
		failure = kind.check(next)
	}
	return j.commit(w, r, s, func(ctx context.Context) (func(*record) error, error) {
		if failure != nil {
			return j.failed(kind, s, took, failure, context.Cause(stepping)), nil //nolint:nilerr // it is kept in the record
		}
		// Sealing for a tenant that was purged would make it a new key.
		if _, err := j.records.load(ctx, r.tenant, r.id); err != nil {
			return nil, err
		}
		cursor, err := j.records.seal(ctx, runKey(r.tenant, r.id), "cursor", next.Cursor)
		if err != nil {
			return nil, err
		}
		return j.succeeded(next, cursor, took, j.over(w)), nil
	})
}

// over says whether a run is to give its worker back after this step.
func (j *Jobs) over(w *working) bool {
	select {
	case <-j.draining:
		return true
	default:
		return j.yields(w)
	}
}

// opened is the step that a record asks for.
func (j *Jobs) opened(ctx context.Context, r record) (Step, error) {
	s := Step{
		Tenant: r.tenant, Plugin: r.Plugin, Run: r.id, ID: stepID(r.id, r.Step), Number: r.Step, Attempt: r.Attempt, By: r.By, Planned: r.Planned,
	}
	var err error
	if s.Input, err = j.records.open(ctx, runKey(r.tenant, r.id), "input", r.Input); err != nil {
		return Step{}, err
	}
	s.Cursor, err = j.records.open(ctx, runKey(r.tenant, r.id), "cursor", r.Cursor)
	return s, err
}

// call calls the kind's code. A panic is a step that failed; its value may hold anything, so it is not logged.
func (j *Jobs) call(ctx context.Context, k Kind, s Step) (next Next, err error) {
	defer func() {
		if recover() != nil {
			j.cfg.Log.ErrorContext(ctx, "a step panicked", "kind", k.Name, "tenant", s.Tenant, "step", s.ID, "stack", string(debug.Stack()))
			next, err = Next{}, fail(sdk.Internal, "the step of kind %s panicked; its stack is in the host's log", k.Name)
		}
	}()
	next, err = k.Step(j.cfg.Within(ctx), s)
	if err == nil || sdk.CodeOf(err) == sdk.Canceled {
		return next, err
	}
	code, source := codeOf(err)
	j.cfg.Log.InfoContext(ctx, "a step failed", "kind", k.Name, "tenant", s.Tenant, "step", s.ID, "attempt", s.Attempt, "code", code, "source", source)
	return next, err
}

// codeOf is what is kept of an error. Code and source may come from a plugin, so only words that are known are kept.
func codeOf(err error) (sdk.Code, sdk.Source) {
	code, source := sdk.CodeOf(err), sdk.FromHost
	if e := (*sdk.Error)(nil); errors.As(err, &e) && (e.Source == sdk.FromPlugin || e.Source == sdk.FromDownstream) {
		source = e.Source
	}
	switch code {
	case sdk.Invalid, sdk.NotFound, sdk.Exists, sdk.PermissionDenied, sdk.Unauthenticated, sdk.Exhausted, sdk.Canceled, sdk.Deadline,
		sdk.Unavailable, sdk.Unimplemented:
		return code, source
	}
	return sdk.Internal, source
}

// succeeded is the change of a record by a step that was done.
func (j *Jobs) succeeded(next Next, cursor string, took time.Duration, over bool) func(*record) error {
	return func(r *record) error {
		now := j.cfg.Now().UTC().Round(0)
		r.Step++
		r.Attempt, r.Lost, r.Code, r.Source, r.Cursor = 0, 0, "", "", cursor
		r.Done += next.Add
		if next.Total > 0 {
			r.Total = next.Total
		}
		r.count(next.Counts)
		r.Worked += took.Milliseconds()
		switch {
		case next.Done:
			r.turn(Done, now)
		case r.Asked != "":
			r.turn(r.Asked, now)
		case next.After > 0:
			r.turn(Waiting, now)
			r.Due = now.Add(next.After)
		case over:
			r.turn(Queued, now)
		}
		return nil
	}
}

// failed is the change of a record by a step that was not done.
func (j *Jobs) failed(k Kind, s Step, took time.Duration, err, cause error) func(*record) error {
	return func(r *record) error {
		now := j.cfg.Now().UTC().Round(0)
		r.Worked += took.Milliseconds()
		switch {
		case r.Asked == Canceled:
			r.turn(Canceled, now)
			return nil
		case errors.Is(cause, errInterrupted): // no fault of the step
			r.turn(Queued, now)
			return nil
		}
		if _, told := toldToWait(err); !told {
			r.Attempt++
		}
		r.Code, r.Source = codeOf(err)
		pause, again := k.Retry.verdict(s.ID, err, r.Attempt)
		switch {
		case !again:
			r.turn(Failed, now)
		case r.Asked == Paused:
			r.turn(Paused, now)
		default:
			r.turn(Waiting, now)
			r.Due = now.Add(pause)
		}
		return nil
	}
}

// commit writes what came of a step, on the condition that the hold is still this host's: by its session, and by the record's
// token. While the store does not answer it tries again, because the step's effect has happened already.
func (j *Jobs) commit(w *working, r record, s Step, outcome func(context.Context) (func(*record) error, error)) (record, error) {
	h := w.hold
	ctx := h.Session.Context() // not the step's, which a cancellation ends
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		if !h.Session.Alive() {
			return r, board.ErrLost
		}
		next, err := j.tryCommit(ctx, h, r, s, outcome)
		if err == nil {
			j.tell(ctx, next)
			return next, nil
		}
		for _, final := range []error{errFenced, store.ErrNotFound, store.ErrInvalid, seal.ErrShredded} {
			if errors.Is(err, final) {
				return r, err
			}
		}
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-ctx.Done():
		case <-j.dispatcher.hard:
			again.Stop()
			return r, fmt.Errorf("%w: %w", errLost, err)
		}
		again.Stop()
	}
}

func (j *Jobs) tryCommit(ctx context.Context, h board.Hold, r record, s Step, outcome func(context.Context) (func(*record) error, error)) (record, error) {
	change, err := outcome(ctx)
	if err != nil {
		return r, err
	}
	var done record
	next, err := j.records.changeLoaded(ctx, r, func(r *record) error {
		switch {
		case r.Token != h.Token || !h.Session.Alive():
			return errFenced
		case r.Step != s.Number || r.State != Running: // an earlier try was written after all
			done = *r
			return errResting
		}
		return change(r)
	})
	if errors.Is(err, errResting) {
		return done, nil
	}
	return next, err
}

// Topics of what hosts tell each other.
const (
	topicControl  board.Topic = "control"
	topicProgress board.Topic = "progress"
)

// heed interrupts the steps of runs that are to be canceled, in case that this host did not hear of it, until Close.
func (j *Jobs) heed() {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-j.draining:
			return
		case <-tick.C:
		}
		for _, at := range j.dispatcher.places() {
			r, err := j.records.load(j.work, at.tenant, at.run)
			if err == nil && r.Asked == Canceled {
				j.dispatcher.interrupt(at, errCanceled)
			}
		}
	}
}

// heardControl interrupts the step of a run that is to be canceled.
func (j *Jobs) heardControl(t capability.TenantID, id string, data []byte) {
	if State(data) == Canceled {
		j.dispatcher.interrupt(place{t, RunID(id)}, errCanceled)
	}
}
