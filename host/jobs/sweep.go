package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// sweepSoon asks for a sweep before its time.
func (d *dispatcher) sweepSoon() {
	select {
	case d.tidy <- struct{}{}:
	default:
	}
}

// sweep brings the board in line with the store: at once, then from time to time, until Close.
func (j *Jobs) sweep() {
	for {
		soon := false
		if err := j.Sweep(j.work); err != nil && j.work.Err() == nil {
			j.cfg.Log.WarnContext(j.work, "sweep the job queue", "error", err)
			soon = true
		}
		next := j.cfg.At(j.cfg.Now().Add(j.cfg.Sweep))
		pause := 24 * time.Hour // next comes before that
		if soon {
			pause = troublePause
		}
		look := time.NewTimer(pause)
		select {
		case <-j.draining:
			look.Stop()
			return
		case <-next:
		case <-look.C:
		case <-j.dispatcher.tidy:
			select { // what did not answer a moment ago
			case <-j.draining:
				return
			case <-time.After(troublePause):
			}
		}
		look.Stop()
	}
}

// Sweep looks at every tenant once. Runs that want to go on and are not on the board get a ticket, schedules an alarm: those of a
// host that ended between its two writes, and all where the board was lost. Runs that were paused because their
// plugin was switched off go on where it is on again. Runs that ended long ago are deleted. What goes wrong
// with one tenant keeps no other.
func (j *Jobs) Sweep(ctx context.Context) error {
	if err := j.board.Healthy(); err != nil {
		return err
	}
	var errs []error
	for t, err := range store.EachTenant(ctx, j.cfg.Store) {
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if t == store.Platform || !board.ValidID(string(t), false) {
			continue
		}
		if err := j.sweepTenant(ctx, t); err != nil {
			errs = append(errs, fmt.Errorf("tenant %s: %w", t, err))
		}
		select {
		case <-j.draining:
			return errors.Join(errs...)
		default:
		}
	}
	return errors.Join(errs...)
}

func (j *Jobs) sweepTenant(ctx context.Context, t capability.TenantID) error {
	for d, err := range store.Each(ctx, j.cfg.Store, store.Query{Tenant: t, Collection: runCollection, Index: byLive, Value: yes, Limit: store.MaxLimit}) {
		if err != nil {
			return err
		}
		if _, there := j.board.Ticket(t, d.Key.ID); there {
			continue
		}
		r, err := decodeRun(d)
		if err != nil {
			return err
		}
		kind, _ := j.kind(r.Kind)
		if err := j.board.Healthy(); err != nil { // it may be there and not be seen
			return err
		}
		if err := j.board.Post(ctx, r.ticket(kind.KeyLimit)); err != nil {
			return err
		}
	}
	if err := j.Readmit(ctx, t); err != nil {
		return err
	}
	if err := j.sweepSchedules(ctx, t); err != nil {
		return err
	}
	_, err := j.Expire(ctx, t, j.cfg.Now())
	return err
}

// Readmit has the runs of a tenant go on that Config.Admit paused and would let pass now: their plugin is switched on again.
func (j *Jobs) Readmit(ctx context.Context, t capability.TenantID) error {
	for d, err := range store.Each(ctx, j.cfg.Store, store.Query{Tenant: t, Collection: runCollection, Index: byState, Value: string(Paused), Limit: store.MaxLimit}) {
		if err != nil {
			return err
		}
		r, err := decodeRun(d)
		if err != nil {
			return err
		}
		if !r.Refused || j.cfg.Admit(ctx, t, r.Plugin) != nil {
			continue
		}
		err = j.wake(ctx, t, r.id, "resume", func(r *record) error {
			if r.Refused {
				r.turn(Queued, j.cfg.Now())
				r.Code, r.Source = "", ""
			}
			return nil
		})
		if err != nil && sdk.CodeOf(err) != sdk.NotFound {
			return err
		}
	}
	return nil
}

func (j *Jobs) sweepSchedules(ctx context.Context, t capability.TenantID) error {
	alarms := map[string]bool{}
	for _, a := range j.board.Alarms() {
		if a.Tenant == t {
			alarms[a.ID] = true
		}
	}
	for d, err := range store.Each(ctx, j.cfg.Store, store.Query{Tenant: t, Collection: scheduleCollection, Limit: store.MaxLimit}) {
		if err != nil {
			return err
		}
		s, err := decodeSchedule(d)
		if err != nil {
			return err
		}
		if s.Paused || s.Next.IsZero() || alarms[d.Key.ID] {
			continue
		}
		if err := j.board.SetAlarm(ctx, s.alarm()); err != nil {
			return err
		}
	}
	return nil
}

// Expire deletes the runs of a tenant that ended longer ago than Config.Keep, or than their kind has them kept, and returns how many.
func (j *Jobs) Expire(ctx context.Context, t capability.TenantID, now time.Time) (int, error) {
	removed := 0
	runs := store.Query{Tenant: t, Collection: runCollection, Limit: store.MaxLimit}
	for _, state := range States() {
		if !state.Over() {
			continue
		}
		runs.Index, runs.Value = byState, string(state)
		n, err := j.expire(ctx, runs, now, j.cfg.Keep, state)
		if removed += n; err != nil {
			return removed, err
		}
	}
	for _, kind := range j.shortLived() {
		runs.Index, runs.Value = byKind, kind.Name
		n, err := j.expire(ctx, runs, now, kind.Keep, Done, Canceled)
		if removed += n; err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// shortLived are the kinds of runs that are kept less long than others.
func (j *Jobs) shortLived() []Kind {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Kind
	for _, k := range j.kinds {
		if k.Keep > 0 && k.Keep < j.cfg.Keep {
			out = append(out, k)
		}
	}
	return out
}

// expire deletes the runs of a query that came to one of the states longer ago than keep.
func (j *Jobs) expire(ctx context.Context, runs store.Query, now time.Time, keep time.Duration, states ...State) (int, error) {
	removed := 0
	runs.After = string(runID(now.Add(-keep), nil)) // ids are in the order of creation, and what was created since then has not ended before
	for d, err := range store.Each(ctx, j.cfg.Store, runs) {
		if err != nil {
			return removed, err
		}
		r, err := decodeRun(d)
		if err != nil {
			return removed, err
		}
		if !slices.Contains(states, r.State) || r.Ended.IsZero() || now.Before(r.Ended.Add(keep)) {
			continue
		}
		_, err = j.cfg.Store.Write(ctx, store.Op{Doc: store.Doc{Key: d.Key}, Delete: true, IfRev: d.Rev})
		if err != nil && !errors.Is(err, store.ErrConflict) { // it was tried again at this moment
			return removed, err
		}
		if err == nil {
			removed++
		}
	}
	return removed, nil
}
