package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// watchAlarms begins the runs of schedules that are due, until Close.
func (j *Jobs) watchAlarms() {
	changed, stop := j.board.AlarmChanges()
	defer stop()
	later := map[alarmAt]time.Time{} // alarms that failed, by the clock of the machine
	for {
		var due <-chan time.Time
		next, pause := j.ring(later)
		if !next.IsZero() {
			due = j.cfg.At(next)
		}
		look := time.NewTimer(pause)
		select {
		case <-j.draining:
			look.Stop()
			return
		case <-changed:
		case <-due:
		case <-look.C:
		}
		look.Stop()
	}
}

type alarmAt struct {
	tenant capability.TenantID
	id     string
}

// ring fires every schedule that is due and this host's to fire. It returns when the next one is due, and after which pause
// to look in any case.
func (j *Jobs) ring(later map[alarmAt]time.Time) (next time.Time, pause time.Duration) {
	pause = idlePause
	mine := j.board.Mine()
	for _, a := range j.board.Alarms() {
		select {
		case <-j.draining:
			return time.Time{}, pause
		default:
		}
		at := alarmAt{a.Tenant, a.ID}
		when := a.At
		if !mine(a) {
			when = when.Add(j.strayPause()) // another host does it, unless it cannot
		}
		if now := j.cfg.Now(); when.After(now) && !board.Ahead(a.Set, now) {
			if next.IsZero() || when.Before(next) {
				next = when
			}
			continue
		}
		if left := time.Until(later[at]); left > 0 {
			pause = min(pause, left)
			continue
		}
		delete(later, at)
		if err := j.fire(j.work, a); err != nil {
			j.cfg.Log.WarnContext(j.work, "a schedule that is due waits", "tenant", a.Tenant, "schedule", a.ID, "error", err)
			later[at] = time.Now().Add(troublePause)
			pause = min(pause, troublePause)
		}
	}
	return next, pause
}

// fire begins the runs for which a schedule is due, together with the note of when it is due next: in one write, so that no host
// can do it a second time.
func (j *Jobs) fire(ctx context.Context, a board.Alarm) error {
	for try := range attempts {
		d, err := j.cfg.Store.Get(ctx, scheduleKey(a.Tenant, ScheduleID(a.ID)))
		if errors.Is(err, store.ErrNotFound) {
			return j.board.ClearAlarm(ctx, a.Tenant, a.ID)
		}
		if err != nil {
			return err
		}
		s, err := decodeSchedule(d)
		if err != nil {
			return err
		}
		now := j.cfg.Now().UTC().Round(0)
		plan, err := s.plan()
		if err != nil {
			return err
		}
		if board.Ahead(s.Changed, now) && !s.Paused && !s.Next.IsZero() {
			if err := j.replan(ctx, s, plan.Next(now)); !errors.Is(err, store.ErrConflict) {
				return err
			}
			continue
		}
		if s.Paused || s.Next.IsZero() || s.Next.After(now) { // the alarm is older than the schedule
			j.setAlarm(ctx, s)
			return nil
		}
		times := s.pick(plan.Between(s.Next.Add(-time.Nanosecond), now, max(1, s.MissedMax)), now)
		s.Next = plan.Next(now)
		occasions := make([]occasion, 0, len(times))
		for _, t := range times {
			if try > 0 { // it may be what is in the way: a clock that was set back comes to the same times again
				_, err := j.cfg.Store.Get(ctx, runKey(s.tenant, derivedRunID(s.id, t, "")))
				if err == nil {
					continue
				}
				if !errors.Is(err, store.ErrNotFound) {
					return err
				}
			}
			occasions = append(occasions, occasion{at: t})
		}
		_, err = j.beginRuns(ctx, s, occasions, nil)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("fire schedule %s: %w", a.ID, store.ErrConflict)
}

// replan has a schedule go by a clock that was set back since it was written. store.ErrConflict means that somebody else wrote
// it.
func (j *Jobs) replan(ctx context.Context, s scheduled, next time.Time) error {
	s.Next, s.Changed = next, j.cfg.Now().UTC().Round(0)
	op, err := s.put()
	if err != nil {
		return err
	}
	if _, err := j.cfg.Store.Write(ctx, op); err != nil {
		return err
	}
	j.setAlarm(ctx, s)
	return nil
}

// pick says which of the times that went by begin a run. Times come as the last ones, the oldest first.
func (s scheduled) pick(times []time.Time, now time.Time) []time.Time {
	if len(times) == 0 {
		return nil
	}
	latest := times[len(times)-1:]
	switch {
	case s.Missed == MissedAll:
		return times
	case s.Missed == MissedSkip && now.Sub(latest[0]) > punctual:
		return nil
	}
	return latest
}

// occasion is why a schedule begins a run.
type occasion struct {
	at time.Time
	id string // of an event
}

// beginRuns writes a schedule with the runs that it begins now, and says how many. store.ErrConflict means that somebody else wrote
// the schedule. The input is the schedule's own, where none is given.
func (j *Jobs) beginRuns(ctx context.Context, s scheduled, occasions []occasion, input []byte) (int, error) {
	kind, ok := j.kind(s.Kind)
	if !ok {
		return 0, fmt.Errorf("kind %s is not registered", s.Kind)
	}
	allowed, err := j.allowed(ctx, s, len(occasions))
	if err != nil {
		return 0, err
	}
	if input == nil {
		if input, err = j.records.open(ctx, scheduleKey(s.tenant, s.id), "input", s.Input); err != nil {
			return 0, err
		}
	}
	s.Skipped += int64(len(occasions) - allowed)
	var begun []record
	var ops []store.Op
	for _, o := range occasions[len(occasions)-allowed:] {
		id := derivedRunID(s.id, o.at, o.id)
		r, err := j.newRecord(ctx, s.tenant, id, Request{Kind: s.Kind, Plugin: s.Plugin, Input: input, Priority: s.Priority}, origin{s.id, o.at.UTC(), s.keyed()})
		if err != nil {
			return 0, err
		}
		op, err := r.put()
		if err != nil {
			return 0, err
		}
		ops, begun = append(ops, op), append(begun, r)
		s.Last, s.LastRun = o.at.UTC(), id
	}
	s.Changed = j.cfg.Now().UTC().Round(0)
	op, err := s.put()
	if err != nil {
		return 0, err
	}
	if _, err := j.cfg.Store.Write(ctx, append(ops, op)...); err != nil {
		return 0, err
	}
	for _, r := range begun {
		j.post(ctx, r, kind)
	}
	if s.Event == "" {
		j.setAlarm(ctx, s)
	}
	return allowed, nil
}

// allowed is how many of n runs a schedule may begin, as long as others of it are not over.
func (j *Jobs) allowed(ctx context.Context, s scheduled, n int) (int, error) {
	n = min(n, max(0, j.cfg.MaxLive-j.board.Waiting(s.tenant)))
	if n == 0 || s.Overlap == OverlapAllow {
		return n, nil
	}
	live, err := j.cfg.Store.List(ctx, store.Query{Tenant: s.tenant, Collection: runCollection, Index: byLiveOf, Value: string(s.id), Limit: maxMissed + 2})
	switch {
	case err != nil:
		return 0, err
	case len(live) == 0: // what was missed is made up for one after the other
		return n, nil
	case s.Overlap == OverlapSkip:
		return 0, nil
	}
	return max(0, min(n, 2-len(live))), nil
}

// FireSchedule begins a run of a schedule now, by hand, whatever its times say. It waits for others of the schedule that are
// not over, unless these may overlap.
func (j *Jobs) FireSchedule(ctx context.Context, t capability.TenantID, id ScheduleID, by string) (RunID, error) {
	doing := fmt.Sprintf("fire schedule %s", id)
	d, err := j.cfg.Store.Get(ctx, scheduleKey(t, id))
	if err != nil {
		return "", atEdge(doing, err)
	}
	s, err := decodeSchedule(d)
	if err != nil {
		return "", err
	}
	kind, err := j.known(s.Kind)
	if err != nil {
		return "", err
	}
	if err := j.room(t); err != nil {
		return "", err
	}
	input, err := j.records.open(ctx, scheduleKey(t, id), "input", s.Input)
	if err != nil {
		return "", atEdge(doing, err)
	}
	now := j.cfg.Now()
	r, err := j.newRecord(ctx, t, newRunID(now), Request{Kind: s.Kind, Plugin: s.Plugin, Input: input, Priority: s.Priority, By: by}, origin{schedule: id, keyed: s.keyed()})
	if err != nil {
		return "", err
	}
	op, err := r.put()
	if err != nil {
		return "", err
	}
	if _, err := j.cfg.Store.Write(ctx, op); err != nil {
		return "", atEdge(doing, err)
	}
	j.post(ctx, r, kind)
	return r.id, nil
}

// Event is something that happened, on which schedules begin runs.
type Event struct {
	Name string
	// ID tells events of the name and time apart: the same one twice begins nothing twice.
	ID string
	// At is when it happened, by whoever says so; required, as it is part of what tells events apart.
	At time.Time
	// Input replaces that of the schedules; identifiers only. nil leaves theirs.
	Input []byte
}

// Emit begins a run of each schedule of a tenant that waits for an event of that name, and says how many schedules did not leave it out as
// an overlap or because the event is known. Emitting an event again is safe, and is what to do after an error.
func (j *Jobs) Emit(ctx context.Context, t capability.TenantID, e Event) (int, error) {
	switch {
	case !word.MatchString(e.Name) || e.At.IsZero():
		return 0, fail(sdk.Invalid, "an event has a name, of a letter and up to 63 letters, digits, _ and ., and a time")
	case len(e.Input) > MaxInput:
		return 0, fail(sdk.Invalid, "the input of an event has %d bytes; at most %d are kept", len(e.Input), MaxInput)
	}
	begun := 0
	for d, err := range store.Each(ctx, j.cfg.Store, store.Query{Tenant: t, Collection: scheduleCollection, Index: byEvent, Value: e.Name}) {
		if err != nil {
			return begun, atEdge("emit an event", err)
		}
		did, err := j.react(ctx, d, e)
		if err != nil {
			return begun, atEdge("emit an event", err)
		}
		if did {
			begun++
		}
	}
	return begun, nil
}

// react begins a run of one schedule.
func (j *Jobs) react(ctx context.Context, d store.Doc, e Event) (bool, error) {
	for range attempts {
		s, err := decodeSchedule(d)
		if err != nil || s.Paused || s.Event != e.Name {
			return false, err
		}
		_, err = j.cfg.Store.Get(ctx, runKey(s.tenant, derivedRunID(s.id, e.At, e.ID)))
		if err == nil {
			return false, nil // it began a run already
		}
		if !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		if err := j.room(s.tenant); err != nil {
			return false, err
		}
		begun, err := j.beginRuns(ctx, s, []occasion{{e.At, e.ID}}, e.Input)
		if !errors.Is(err, store.ErrConflict) {
			return begun > 0, err
		}
		if d, err = j.cfg.Store.Get(ctx, d.Key); errors.Is(err, store.ErrNotFound) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return false, store.ErrConflict
}
