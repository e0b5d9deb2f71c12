package board

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/pergola-platform/pergola/core/capability"
)

// Ticket says that a run wants to go on. It stays until nobody needs to look at the run any more.
type Ticket struct {
	Tenant capability.TenantID
	Run    string
	// Kind is what sort of run it is, for hosts that do not know all.
	Kind string
	// Due is when the run wants to go on, to the millisecond.
	Due time.Time
	// Set is when Due was decided on, by the same clock. It is zero where Due is a time that somebody chose, see [Waits].
	Set time.Time
	// Priority is a head start of HeadStart for each step, before others of the same tenant.
	Priority int
	// Key is what runs must not do at the same time, more than KeyLimit of them; "" is no such thing.
	Key      string
	KeyLimit int

	rev uint64
}

// HeadStart is by how much a run is worked on earlier for each step of its priority. So what has waited long enough is not
// overtaken for ever.
const HeadStart = 5 * time.Minute

func (t Ticket) rank() time.Time { return t.Due.Add(-time.Duration(t.Priority) * HeadStart) }

func (t Ticket) key() string { return ticketKey + "." + string(t.Tenant) + "." + t.Run }

// ticketValue is a ticket as it stands on the board.
type ticketValue struct {
	Kind     string `json:"n,omitempty"`
	Due      int64  `json:"d"`           // milliseconds since 1970
	Set      int64  `json:"s,omitempty"` // likewise
	Priority int    `json:"p,omitempty"`
	Key      string `json:"k,omitempty"`
	KeyLimit int    `json:"l,omitempty"`
}

func (s ticketValue) ticket(t capability.TenantID, run string, rev uint64) Ticket {
	return Ticket{Tenant: t, Run: run, Kind: s.Kind, Due: time.UnixMilli(s.Due), Set: moment(s.Set), Priority: s.Priority, Key: s.Key, KeyLimit: s.KeyLimit, rev: rev}
}

// Post puts a ticket on the board, in the place of an earlier one of the same run.
func (b *Board) Post(ctx context.Context, t Ticket) error {
	value, err := json.Marshal(ticketValue{t.Kind, t.Due.UnixMilli(), milliseconds(t.Set), t.Priority, t.Key, t.KeyLimit})
	if err != nil {
		return fmt.Errorf("encode the ticket of run %s: %w", t.Run, err)
	}
	return b.put(ctx, t.key(), value)
}

// Remove takes a ticket off the board as it was seen. One that was posted anew since then stays, which is no error.
func (b *Board) Remove(ctx context.Context, t Ticket) error {
	if t.rev == 0 {
		return nil
	}
	return b.remove(ctx, t.key(), t.rev)
}

func (b *Board) put(ctx context.Context, key string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, b.patience())
	defer cancel()
	rev, err := b.kv.Put(ctx, key, value)
	if err != nil {
		return unavailable("write to the job queue", err)
	}
	b.view.wrote(key, value, rev, false)
	return nil
}

// remove deletes a key as it was at a revision. It cannot know the revision of its own write, so the view learns of it when
// it comes back.
func (b *Board) remove(ctx context.Context, key string, rev uint64) error {
	ctx, cancel := context.WithTimeout(ctx, b.patience())
	defer cancel()
	err := b.kv.Purge(ctx, key, jetstream.LastRevision(rev), jetstream.PurgeTTL(markerTime))
	if err != nil && conflict("", err) != ErrTaken { //nolint:errorlint // conflict returns it as it is
		return unavailable("write to the job queue", err)
	}
	if err == nil {
		b.view.hide(key, rev)
	}
	return nil
}

// hide takes a key that was deleted at a revision out of the view, unless it was written anew.
func (v *view) hide(key string, rev uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	kind, first, second := split(key)
	switch tenant := v.tenants[capability.TenantID(first)]; {
	case kind == ticketKey && (tenant == nil || tenant.byRun[second].rev != rev),
		kind == alarmKey && v.alarms[alarmID{capability.TenantID(first), second}].rev != rev:
		return
	}
	v.own[key] = rev + 1
	v.apply(key, nil, rev, true)
	v.wake(key)
}

// Alarm says that a schedule is due at a time.
type Alarm struct {
	Tenant capability.TenantID
	ID     string
	At     time.Time // to the millisecond
	Set    time.Time // when At was decided on, by the same clock; zero where nobody knows

	rev uint64
}

type alarmID struct {
	tenant capability.TenantID
	id     string
}

type alarmValue struct {
	At  int64 `json:"at"`            // milliseconds since 1970
	Set int64 `json:"set,omitempty"` // likewise
}

func (a Alarm) key() string { return alarmKey + "." + string(a.Tenant) + "." + a.ID }

// SetAlarm puts an alarm on the board, in the place of an earlier one of the same schedule.
func (b *Board) SetAlarm(ctx context.Context, a Alarm) error {
	value, err := json.Marshal(alarmValue{a.At.UnixMilli(), milliseconds(a.Set)})
	if err != nil {
		return fmt.Errorf("encode the alarm of schedule %s: %w", a.ID, err)
	}
	return b.put(ctx, a.key(), value)
}

// ClearAlarm takes the alarm of a schedule off the board. One that is not there is no error.
func (b *Board) ClearAlarm(ctx context.Context, t capability.TenantID, id string) error {
	v := &b.view
	v.mu.Lock()
	a, ok := v.alarms[alarmID{t, id}]
	v.mu.Unlock()
	if !ok {
		return nil
	}
	return b.remove(ctx, a.key(), a.rev)
}

// Alarms returns all alarms, in no order; none while this host does not see the whole board.
func (b *Board) Alarms() []Alarm {
	v := &b.view
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.ready {
		return nil
	}
	all := make([]Alarm, 0, len(v.alarms))
	for _, a := range v.alarms {
		all = append(all, a)
	}
	return all
}
