package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/jobs/when"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// ScheduleID names a schedule of a tenant, in a word of whoever puts it, such as "acme.sync.nightly": a letter, then up to 63
// letters, digits, "_" and ".". It stands in lists and logs, so it is made of ids and never of names that people chose.
type ScheduleID string

// Missed says what happens about the times that went by while no host was there.
type Missed string

// The policies for missed times.
const (
	MissedOnce Missed = "once" // one run makes up for all of them; the default
	MissedSkip Missed = "skip" // they are left out
	MissedAll  Missed = "all"  // a run for each, at most Schedule.MissedMax
)

// Overlap says what happens when a schedule is due and a run of it is not over. One that is paused is not over.
type Overlap string

// The policies for overlaps.
const (
	OverlapSkip  Overlap = "skip"  // nothing is begun; the default
	OverlapQueue Overlap = "queue" // one more run waits for the end of the other
	OverlapAllow Overlap = "allow" // runs are worked on at the same time
)

const (
	maxMissed = 100
	// punctual is how late a run may begin and not count as missed.
	punctual = time.Minute
)

// Schedule begins runs. ID, Kind and one of When and Event are required.
type Schedule struct {
	ID       ScheduleID          `json:"id"`
	Kind     string              `json:"kind"`
	Plugin   capability.PluginID `json:"plugin,omitempty"`
	Input    []byte              `json:"-"` // as in Request; not returned
	Key      string              `json:"-"` // as in Request; "" keeps the schedule's own runs apart, but for OverlapAllow
	Priority int                 `json:"priority,omitempty"`
	When     when.Spec           `json:"when,omitzero"`
	// Event is the name of the events that begin a run, see Emit.
	Event     string  `json:"event,omitempty"`
	Missed    Missed  `json:"missed"`
	MissedMax int     `json:"missedMax,omitempty"` // for MissedAll, 1 to 100
	Overlap   Overlap `json:"overlap"`
	Paused    bool    `json:"paused,omitempty"`
	By        string  `json:"by,omitempty"` // account that put it

	// What follows is kept by Jobs; PutSchedule ignores it.

	Next    time.Time `json:"next,omitzero"` // zero: never
	Last    time.Time `json:"last,omitzero"` // the time for which the last run was planned
	LastRun RunID     `json:"lastRun,omitempty"`
	Skipped int64     `json:"skipped,omitempty"` // times that began no run because of an overlap
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
	Rev     int64     `json:"rev"`
}

// scheduleDocument is a schedule as it is stored.
type scheduleDocument struct {
	Kind      string              `json:"kind"`
	Plugin    capability.PluginID `json:"plugin,omitempty"`
	Input     string              `json:"input,omitempty"` // sealed
	Key       string              `json:"key,omitempty"`   // digest
	Priority  int                 `json:"priority,omitempty"`
	When      when.Spec           `json:"when,omitzero"`
	Event     string              `json:"event,omitempty"`
	Missed    Missed              `json:"missed"`
	MissedMax int                 `json:"missedMax,omitempty"`
	Overlap   Overlap             `json:"overlap"`
	Paused    bool                `json:"paused,omitempty"`
	By        string              `json:"by,omitempty"`
	Next      time.Time           `json:"next,omitzero"`
	Last      time.Time           `json:"last,omitzero"`
	LastRun   RunID               `json:"lastRun,omitempty"`
	Skipped   int64               `json:"skipped,omitempty"`
	Created   time.Time           `json:"created"`
	Changed   time.Time           `json:"changed"`
}

// scheduled is a scheduleDocument with its place.
type scheduled struct {
	scheduleDocument
	tenant capability.TenantID
	id     ScheduleID
	rev    int64
}

func scheduleKey(t capability.TenantID, id ScheduleID) store.Key {
	return store.Key{Tenant: t, Collection: scheduleCollection, ID: string(id)}
}

func (s scheduled) put() (store.Op, error) {
	body, err := json.Marshal(s.scheduleDocument)
	if err != nil {
		return store.Op{}, fmt.Errorf("encode schedule %s: %w", s.id, err)
	}
	op := store.Op{Doc: store.Doc{Key: scheduleKey(s.tenant, s.id), Body: body}, IfRev: s.rev}
	if s.Event != "" {
		op.Doc.Index = map[string]string{byEvent: s.Event}
	}
	return op, nil
}

func decodeSchedule(d store.Doc) (scheduled, error) {
	s := scheduled{tenant: d.Key.Tenant, id: ScheduleID(d.Key.ID), rev: d.Rev}
	if err := json.Unmarshal(d.Body, &s.scheduleDocument); err != nil {
		return scheduled{}, fmt.Errorf("decode schedule %s of tenant %s: %w", d.Key.ID, d.Key.Tenant, err)
	}
	return s, nil
}

func (s scheduled) schedule() Schedule {
	return Schedule{
		ID: s.id, Kind: s.Kind, Plugin: s.Plugin, Priority: s.Priority, When: s.When, Event: s.Event, Missed: s.Missed, MissedMax: s.MissedMax,
		Overlap: s.Overlap, Paused: s.Paused, By: s.By, Next: s.Next, Last: s.Last, LastRun: s.LastRun, Skipped: s.Skipped, Created: s.Created,
		Changed: s.Changed, Rev: s.rev,
	}
}

func (s scheduled) plan() (when.Plan, error) {
	return when.Parse(s.When, string(s.tenant)+"/"+string(s.id), s.Created)
}

// key is the digest under which its runs are kept apart.
func (s scheduled) keyed() string {
	if s.Key == "" && s.Overlap != OverlapAllow {
		return digest("schedule/" + string(s.id))
	}
	return s.Key
}

func (j *Jobs) checkSchedule(s *Schedule) error {
	if !word.MatchString(string(s.ID)) || !board.ValidID(string(s.ID), true) {
		return fail(sdk.Invalid, "a schedule's id is a letter, then up to 63 letters, digits, _ and single dots")
	}
	if _, err := j.known(s.Kind); err != nil {
		return err
	}
	if err := (Request{Input: s.Input, Priority: s.Priority}).check(); err != nil {
		return err
	}
	if !s.When.Once.IsZero() {
		s.When.Once = s.When.Once.UTC().Round(0) // as it is read again
	}
	fill(&s.Missed, MissedOnce)
	fill(&s.Overlap, OverlapSkip)
	switch {
	case s.When.IsZero() == (s.Event == ""):
		return fail(sdk.Invalid, "a schedule has either times or an event")
	case s.Event != "" && !word.MatchString(s.Event):
		return fail(sdk.Invalid, "an event's name is a letter, then up to 63 letters, digits, _ and .")
	case s.Missed != MissedOnce && s.Missed != MissedSkip && s.Missed != MissedAll:
		return fail(sdk.Invalid, "for missed times there are %s, %s and %s", MissedOnce, MissedSkip, MissedAll)
	case s.Overlap != OverlapSkip && s.Overlap != OverlapQueue && s.Overlap != OverlapAllow:
		return fail(sdk.Invalid, "for overlaps there are %s, %s and %s", OverlapSkip, OverlapQueue, OverlapAllow)
	case s.Missed == MissedAll && (s.MissedMax < 1 || s.MissedMax > maxMissed), s.Missed != MissedAll && s.MissedMax != 0:
		return fail(sdk.Invalid, "with %s, say how many missed times are made up for, from 1 to %d; otherwise leave that out", MissedAll, maxMissed)
	}
	return nil
}

// PutSchedule keeps a schedule, in the place of an earlier one of the same id. Where its times are the same, it stays due when
// it was due. Code invalid, with the field where it is about when.
func (j *Jobs) PutSchedule(ctx context.Context, t capability.TenantID, s Schedule) error {
	if !board.ValidID(string(t), false) {
		return fail(sdk.Invalid, "that is no tenant's id")
	}
	if err := j.checkSchedule(&s); err != nil {
		return err
	}
	input, err := j.records.seal(ctx, scheduleKey(t, s.ID), "input", s.Input)
	if err != nil {
		return atEdge("put schedule "+string(s.ID), err)
	}
	put, err := j.changeSchedule(ctx, t, s.ID, true, func(d *scheduled) error {
		now := j.cfg.Now().UTC().Round(0)
		same := d.rev > 0 && d.When == s.When && d.Paused == s.Paused && !board.Ahead(d.Changed, now)
		d.Kind, d.Plugin, d.Input, d.Key, d.Priority, d.When, d.Event = s.Kind, s.Plugin, input, digest(s.Key), s.Priority, s.When, s.Event
		d.Missed, d.MissedMax, d.Overlap, d.Paused, d.By = s.Missed, s.MissedMax, s.Overlap, s.Paused, s.By
		if d.rev == 0 {
			d.Created = now
		}
		plan, err := d.plan()
		if err != nil || same {
			return err
		}
		if d.Next = (time.Time{}); !d.Paused {
			d.Next = plan.Next(now)
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.setAlarm(ctx, put)
	return nil
}

// changeSchedule reads a schedule, has it changed and writes it, until nobody else wrote it in between. It may make a new one.
func (j *Jobs) changeSchedule(ctx context.Context, t capability.TenantID, id ScheduleID, create bool, f func(*scheduled) error) (scheduled, error) {
	doing := fmt.Sprintf("write schedule %s", id)
	for range attempts {
		s := scheduled{tenant: t, id: id}
		d, err := j.cfg.Store.Get(ctx, scheduleKey(t, id))
		switch {
		case err == nil:
			if s, err = decodeSchedule(d); err != nil {
				return s, err
			}
		case !create || !errors.Is(err, store.ErrNotFound):
			return s, atEdge(doing, err)
		}
		if err := f(&s); err != nil {
			return s, err
		}
		s.Changed = j.cfg.Now().UTC().Round(0)
		op, err := s.put()
		if err != nil {
			return s, err
		}
		revs, err := j.cfg.Store.Write(ctx, op)
		if err == nil {
			s.rev = revs[0]
			return s, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return s, atEdge(doing, err)
		}
	}
	return scheduled{}, atEdge(doing, store.ErrConflict)
}

// alarm is what stands on the board of a schedule that is due at some time.
func (s scheduled) alarm() board.Alarm {
	return board.Alarm{Tenant: s.tenant, ID: string(s.id), At: s.Next, Set: s.Changed}
}

// setAlarm has all hosts know when a schedule is due. Where the queue does not answer, the sweep does it later.
func (j *Jobs) setAlarm(ctx context.Context, s scheduled) {
	ctx = context.WithoutCancel(ctx) // the schedule is written, whoever asked may go
	var err error
	if s.Next.IsZero() || s.Paused {
		err = j.board.ClearAlarm(ctx, s.tenant, string(s.id))
	} else {
		err = j.board.SetAlarm(ctx, s.alarm())
	}
	if err != nil {
		j.cfg.Log.WarnContext(ctx, "a schedule waits for the job queue to come back", "tenant", s.tenant, "schedule", s.id, "error", err)
		j.dispatcher.sweepSoon()
	}
}

// PauseSchedule has a schedule begin nothing until it is to go on. Times that go by meanwhile are not missed.
func (j *Jobs) PauseSchedule(ctx context.Context, t capability.TenantID, id ScheduleID, paused bool) error {
	s, err := j.changeSchedule(ctx, t, id, false, func(d *scheduled) error {
		if d.Paused == paused {
			return nil
		}
		d.Paused, d.Next = paused, time.Time{}
		if paused {
			return nil
		}
		plan, err := d.plan()
		d.Next = plan.Next(j.cfg.Now().UTC().Round(0))
		return err
	})
	if err != nil {
		return err
	}
	j.setAlarm(ctx, s)
	return nil
}

// DeleteSchedule forgets a schedule; its runs go on. One that is not there is no error.
func (j *Jobs) DeleteSchedule(ctx context.Context, t capability.TenantID, id ScheduleID) error {
	if _, err := j.cfg.Store.Write(ctx, store.Op{Doc: store.Doc{Key: scheduleKey(t, id)}, Delete: true, IfRev: store.Any}); err != nil {
		return atEdge(fmt.Sprintf("delete schedule %s", id), err)
	}
	if err := j.board.ClearAlarm(ctx, t, string(id)); err != nil {
		j.cfg.Log.WarnContext(ctx, "the alarm of a schedule that was deleted stays for a while", "tenant", t, "schedule", id, "error", err)
	}
	return nil
}

// Schedule returns a schedule. Code not_found where there is none of that id.
func (j *Jobs) Schedule(ctx context.Context, t capability.TenantID, id ScheduleID) (Schedule, error) {
	d, err := j.cfg.Store.Get(ctx, scheduleKey(t, id))
	if err != nil {
		return Schedule{}, atEdge(fmt.Sprintf("read schedule %s", id), err)
	}
	s, err := decodeSchedule(d)
	return s.schedule(), err
}

// Schedules returns all schedules of a tenant by their ids; of one plugin, where one is named.
func (j *Jobs) Schedules(ctx context.Context, t capability.TenantID, plugin capability.PluginID) ([]Schedule, error) {
	var all []Schedule
	for d, err := range store.Each(ctx, j.cfg.Store, store.Query{Tenant: t, Collection: scheduleCollection}) {
		if err != nil {
			return nil, atEdge("list schedules", err)
		}
		s, err := decodeSchedule(d)
		if err != nil {
			return nil, err
		}
		if plugin == "" || s.Plugin == plugin {
			all = append(all, s.schedule())
		}
	}
	return all, nil
}

// NextTimes returns the next n times of a schedule as it is or would be put, for a form that shows them before it is saved.
func (j *Jobs) NextTimes(t capability.TenantID, s Schedule, n int) ([]time.Time, error) {
	now := j.cfg.Now().UTC().Round(0)
	d := scheduled{tenant: t, id: s.ID, scheduleDocument: scheduleDocument{When: s.When, Created: s.Created}}
	if d.Created.IsZero() {
		d.Created = now
	}
	plan, err := d.plan()
	if err != nil {
		return nil, err
	}
	var times []time.Time
	for next := plan.Next(now); !next.IsZero() && len(times) < n; next = plan.Next(next) {
		times = append(times, next)
	}
	return times, nil
}
