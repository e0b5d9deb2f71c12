package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// Keys seals what is stored under a tenant's own key; seal.Keeper does.
type Keys interface {
	Seal(ctx context.Context, t capability.TenantID, at seal.Place, value seal.Secret) (string, error)
	Open(ctx context.Context, t capability.TenantID, at seal.Place, sealed string) (seal.Secret, error)
}

// records is the repository of runs and schedules.
type records struct {
	store store.Driver
	keys  Keys
	now   func() time.Time
}

// document is a run as it is stored.
type document struct {
	Kind     string              `json:"kind"`
	Plugin   capability.PluginID `json:"plugin,omitempty"`
	Job      string              `json:"job,omitempty"`
	State    State               `json:"state"`
	Live     bool                `json:"live,omitempty"`
	Asked    State               `json:"asked,omitempty"`
	Refused  bool                `json:"refused,omitempty"` // Config.Admit has paused it
	Priority int                 `json:"priority,omitempty"`
	Key      string              `json:"key,omitempty"` // digest
	InOrder  bool                `json:"inOrder,omitempty"`
	Line     string              `json:"line,omitempty"` // the key while a run that keeps an order is not over
	Schedule ScheduleID          `json:"schedule,omitempty"`
	LiveOf   ScheduleID          `json:"liveOf,omitempty"` // the schedule while the run is not over
	Planned  time.Time           `json:"planned,omitzero"`
	By       string              `json:"by,omitempty"`
	Input    string              `json:"input,omitempty"`  // sealed
	Cursor   string              `json:"cursor,omitempty"` // sealed
	Step     int                 `json:"step,omitempty"`
	Attempt  int                 `json:"attempt,omitempty"`
	Lost     int                 `json:"lost,omitempty"` // how often the step's host vanished
	Token    board.Token         `json:"token"`          // of the last hold that began to work
	Code     sdk.Code            `json:"code,omitempty"`
	Source   sdk.Source          `json:"source,omitempty"`
	Done     int64               `json:"done,omitempty"`
	Total    int64               `json:"total,omitempty"`
	Counts   []count             `json:"counts,omitempty"`
	Worked   int64               `json:"worked,omitempty"` // milliseconds
	Created  time.Time           `json:"created"`
	Started  time.Time           `json:"started,omitzero"`
	Ended    time.Time           `json:"ended,omitzero"`
	Changed  time.Time           `json:"changed"`
	Due      time.Time           `json:"due,omitzero"`
}

type count struct {
	Name string `json:"name"`
	N    int64  `json:"n"`
}

// record is a document with its place.
type record struct {
	document
	tenant capability.TenantID
	id     RunID
	rev    int64
}

func runKey(t capability.TenantID, id RunID) store.Key {
	return store.Key{Tenant: t, Collection: runCollection, ID: string(id)}
}

// turn moves a run to a state.
func (d *document) turn(to State, now time.Time) {
	d.State, d.Live, d.Refused = to, to.Live(), false
	d.LiveOf, d.Line = d.Schedule, ""
	if d.InOrder {
		d.Line = d.Key
	}
	if to.Over() {
		d.LiveOf, d.Line = "", ""
	}
	if d.Ended = (time.Time{}); to.Over() {
		d.Ended = now
	}
	if to != Waiting {
		d.Due = time.Time{}
	}
	if to != Running {
		d.Lost = 0
	}
	if !to.Live() {
		d.Asked = ""
	}
}

// count adds to the counts, which are kept in the order of their names.
func (d *document) count(add map[string]int64) {
	for _, name := range slices.Sorted(maps.Keys(add)) {
		i, found := slices.BinarySearchFunc(d.Counts, name, func(c count, name string) int { return cmp.Compare(c.Name, name) })
		if !found {
			d.Counts = slices.Insert(d.Counts, i, count{Name: name})
		}
		d.Counts[i].N += add[name]
	}
}

// put is the write of a record, on the condition that its revision is still the one that was read.
func (r record) put() (store.Op, error) {
	body, err := json.Marshal(r.document)
	if err != nil {
		return store.Op{}, fmt.Errorf("encode run %s: %w", r.id, err)
	}
	index := map[string]string{byState: string(r.State), byKind: r.Kind}
	if r.Live {
		index[byLive] = yes
	}
	if r.Schedule != "" {
		index[bySchedule] = string(r.Schedule)
	}
	if r.LiveOf != "" {
		index[byLiveOf] = string(r.LiveOf)
	}
	if r.Line != "" {
		index[byLine] = r.Line
	}
	return store.Op{Doc: store.Doc{Key: runKey(r.tenant, r.id), Body: body, Index: index}, IfRev: r.rev}, nil
}

func decodeRun(d store.Doc) (record, error) {
	r := record{tenant: d.Key.Tenant, id: RunID(d.Key.ID), rev: d.Rev}
	if err := json.Unmarshal(d.Body, &r.document); err != nil {
		return record{}, fmt.Errorf("decode run %s of tenant %s: %w", d.Key.ID, d.Key.Tenant, err)
	}
	return r, nil
}

// run is what callers see of a record.
func (r record) run() Run {
	out := Run{
		ID: r.id, Tenant: r.tenant, Kind: r.Kind, Plugin: r.Plugin, Job: r.Job, State: r.State, Priority: r.Priority, Schedule: r.Schedule, Planned: r.Planned,
		By: r.By, Asked: r.Asked, Step: r.Step, Attempt: r.Attempt, Code: r.Code, Source: r.Source, Done: r.Done, Total: r.Total,
		Worked: time.Duration(r.Worked) * time.Millisecond, Created: r.Created, Started: r.Started, Ended: r.Ended, Changed: r.Changed, Due: r.Due, Rev: r.rev,
	}
	if len(r.Counts) > 0 {
		out.Counts = map[string]int64{}
		for _, c := range r.Counts {
			out.Counts[c.Name] = c.N
		}
	}
	return out
}

// ticket is the record's ticket on the board. What waits for nothing is due since the run was created, so that it keeps its
// place in the line.
func (r record) ticket(limit int) board.Ticket {
	due := r.Created
	if r.State == Waiting {
		due = r.Due
	}
	return board.Ticket{Tenant: r.tenant, Run: string(r.id), Kind: r.Kind, Due: due, Set: r.set(), Priority: r.Priority, Key: r.Key, KeyLimit: limit}
}

// set is when it was decided on how long the run waits; zero where it waits for a time that was chosen for its beginning.
func (r record) set() time.Time {
	switch {
	case r.State != Waiting:
		return r.Created
	case r.Started.IsZero():
		return time.Time{}
	}
	return r.Changed
}

// behind says whether a run that keeps an order has to wait for one before it. Older runs have greater ids.
func (s *records) behind(ctx context.Context, r record) (bool, error) {
	if r.Line == "" {
		return false, nil
	}
	before, err := s.store.List(ctx, store.Query{Tenant: r.tenant, Collection: runCollection, Index: byLine, Value: r.Line, After: string(r.id), Limit: 1})
	return len(before) > 0, err
}

func (s *records) load(ctx context.Context, t capability.TenantID, id RunID) (record, error) {
	d, err := s.store.Get(ctx, runKey(t, id))
	if err != nil {
		return record{}, err
	}
	return decodeRun(d)
}

// attempts bounds the tries of one write. Each lost one means that somebody else wrote the document.
const attempts = 30

// change reads a record, has it changed and writes it, until nobody else wrote it in between. An error of f ends it.
func (s *records) change(ctx context.Context, t capability.TenantID, id RunID, f func(*record) error) (record, error) {
	r, err := s.load(ctx, t, id)
	if err != nil {
		return record{}, err
	}
	return s.changeLoaded(ctx, r, f)
}

// changeLoaded is change for a record that was read before.
func (s *records) changeLoaded(ctx context.Context, r record, f func(*record) error) (record, error) {
	for range attempts {
		next := r
		next.Counts = slices.Clone(r.Counts)
		if err := f(&next); err != nil {
			return r, err
		}
		next.Changed = s.now().UTC().Round(0)
		op, err := next.put()
		if err != nil {
			return r, err
		}
		revs, err := s.store.Write(ctx, op)
		if err == nil {
			next.rev = revs[0]
			return next, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return r, err
		}
		if r, err = s.load(ctx, r.tenant, r.id); err != nil {
			return r, err
		}
	}
	return r, fmt.Errorf("run %s: %w", r.id, store.ErrConflict)
}

// seal encrypts an input or a cursor for its place; nothing stays nothing.
func (s *records) seal(ctx context.Context, at store.Key, field string, plain []byte) (string, error) {
	if len(plain) == 0 {
		return "", nil
	}
	return s.keys.Seal(ctx, at.Tenant, seal.Place{Collection: at.Collection, ID: at.ID, Field: field}, seal.NewSecret(string(plain)))
}

func (s *records) open(ctx context.Context, at store.Key, field, sealed string) ([]byte, error) {
	if sealed == "" {
		return nil, nil
	}
	secret, err := s.keys.Open(ctx, at.Tenant, seal.Place{Collection: at.Collection, ID: at.ID, Field: field}, sealed)
	if err != nil {
		return nil, err
	}
	return []byte(secret.Reveal()), nil
}
