package board

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/pergola-platform/pergola/core/capability"
)

// view is a host's copy of the board.
type view struct {
	mu       sync.Mutex
	ready    bool              // a copy was complete once since it was begun
	seen     uint64            // the newest revision that was followed
	own      map[string]uint64 // the revision before which nothing counts, of keys that this host wrote and has not seen back
	tenants  map[capability.TenantID]*tenantView
	sessions map[string]bool
	beats    map[string]beat // of those sessions
	alarms   map[alarmID]Alarm
	waiters  map[chan struct{}]bool // true: for alarms alone
}

// tenantView is what a host sees of one tenant. Tickets are in the order in which they are worked on.
type tenantView struct {
	tickets []Ticket
	byRun   map[string]Ticket
	holds   []hold
	rev     uint64 // of the holds; 0 where they were never written
}

func (v *view) init() {
	v.waiters = map[chan struct{}]bool{}
	v.clear()
}

func (v *view) clear() {
	v.ready, v.seen, v.own = false, 0, map[string]uint64{}
	v.tenants, v.sessions, v.alarms = map[capability.TenantID]*tenantView{}, map[string]bool{}, map[alarmID]Alarm{}
	v.beats = map[string]beat{}
}

func (v *view) isReady() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ready
}

func (v *view) hasSeen(rev uint64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen >= rev
}

// changed wakes up whoever waits for a change.
func (v *view) changed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wake("")
}

// wake wakes up those to whom a key matters, "" for all. Callers hold mu.
func (v *view) wake(key string) {
	kind, _, _ := split(key)
	for c, alarmsAlone := range v.waiters {
		if alarmsAlone && (kind == ticketKey || kind == holdsKey) {
			continue
		}
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Changes returns a channel that holds a value once something changed since the last one was taken.
func (b *Board) Changes() (changed <-chan struct{}, stop func()) { return b.changes(false) }

// AlarmChanges is Changes for what says which alarms are whose, and when. Tickets and holds change far more often.
func (b *Board) AlarmChanges() (changed <-chan struct{}, stop func()) { return b.changes(true) }

func (b *Board) changes(alarmsAlone bool) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	v := &b.view
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiters[c] = alarmsAlone
	return c, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.waiters, c)
	}
}

// refresh has the view made anew.
func (b *Board) refresh() {
	select {
	case b.stale <- struct{}{}:
	default:
	}
}

// follow keeps the view up to date until ctx ends.
func (b *Board) follow(ctx context.Context) {
	for ctx.Err() == nil {
		if err := b.watch(ctx); err != nil && ctx.Err() == nil {
			b.cfg.Log.WarnContext(ctx, "follow the job queue", "error", err)
			wait(ctx, b.cfg.Lease/20)
		}
	}
}

// watch makes the view anew and follows what is written, until the view is found to be stale or ctx ends.
func (b *Board) watch(ctx context.Context) error {
	select { // an earlier wish is granted by this
	case <-b.stale:
	default:
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opening := time.AfterFunc(b.patience(), cancel)
	w, err := b.kv.WatchAll(ctx)
	if err != nil {
		return unavailable("watch the board", err)
	}
	opening.Stop()
	defer func() {
		_ = w.Stop() // the connection may be gone, and with it the subscription
		go func() {
			for range w.Updates() { // it ends with the subscription, which must not block on it before that
			}
		}()
	}()
	b.view.mu.Lock()
	b.view.clear()
	b.view.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.stale:
			return nil
		case e, open := <-w.Updates():
			if !open {
				return unavailable("watch the board", nil)
			}
			b.view.take(e)
		}
	}
}

// take puts an entry into the view; nil says that the copy is complete.
func (v *view) take(e jetstream.KeyValueEntry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e == nil {
		v.ready = true
		v.wake("")
		return
	}
	v.seen = max(v.seen, e.Revision())
	if e.Revision() < v.own[e.Key()] {
		return // this host wrote something newer, and did not wait for it to come back
	}
	delete(v.own, e.Key())
	v.apply(e.Key(), e.Value(), e.Revision(), e.Operation() != jetstream.KeyValuePut)
	v.wake(e.Key())
}

// wrote puts what this host wrote itself into the view, before it comes back.
func (v *view) wrote(key string, value []byte, rev uint64, deleted bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen >= rev {
		return // it came back already
	}
	v.own[key] = rev
	v.apply(key, value, rev, deleted)
	v.wake(key)
}

// apply changes the view. Callers hold mu.
func (v *view) apply(key string, value []byte, rev uint64, deleted bool) {
	kind, first, second := split(key)
	switch kind {
	case sessionKey:
		if deleted {
			delete(v.sessions, first)
			delete(v.beats, first)
		} else {
			v.sessions[first] = true
			v.beats[first] = beat{rev, time.Now()}
		}
	case ticketKey:
		v.applyTicket(capability.TenantID(first), second, value, rev, deleted)
	case holdsKey:
		t := v.tenant(capability.TenantID(first))
		t.rev, t.holds = rev, nil
		if !deleted {
			_ = json.Unmarshal(value, &t.holds) // what no host of ours wrote holds nothing
		}
	case alarmKey:
		id := alarmID{capability.TenantID(first), second}
		var a alarmValue
		if deleted || json.Unmarshal(value, &a) != nil {
			delete(v.alarms, id)
			return
		}
		v.alarms[id] = Alarm{Tenant: id.tenant, ID: second, At: time.UnixMilli(a.At), Set: moment(a.Set), rev: rev}
	}
}

func (v *view) tenant(id capability.TenantID) *tenantView {
	t := v.tenants[id]
	if t == nil {
		t = &tenantView{byRun: map[string]Ticket{}}
		v.tenants[id] = t
	}
	return t
}

func (v *view) applyTicket(id capability.TenantID, run string, value []byte, rev uint64, deleted bool) {
	t := v.tenant(id)
	if old, ok := t.byRun[run]; ok {
		if i, found := slices.BinarySearchFunc(t.tickets, old, Ticket.compare); found {
			t.tickets = slices.Delete(t.tickets, i, i+1)
		}
		delete(t.byRun, run)
	}
	var stored ticketValue
	if deleted || json.Unmarshal(value, &stored) != nil {
		return
	}
	ticket := stored.ticket(id, run, rev)
	i, _ := slices.BinarySearchFunc(t.tickets, ticket, Ticket.compare)
	t.tickets = slices.Insert(t.tickets, i, ticket)
	t.byRun[run] = ticket
}

// Line is what waits of one tenant, and what is held.
type Line struct {
	Tenant capability.TenantID
	// Tickets are in the order in which they are worked on, but that those whose time has not come are among them. They belong
	// to the view.
	Tickets []Ticket
	holds   []hold
	alive   map[string]bool
}

// Held says whether somebody who is alive works on a run.
func (l Line) Held(run string) bool {
	return slices.ContainsFunc(l.holds, func(h hold) bool { return h.Run == run && l.alive[h.Session] })
}

// Holds counts the holds of those who are alive: all of them, and those of one key.
func (l Line) Holds(key string) (all, ofKey int) {
	for _, h := range l.holds {
		if !l.alive[h.Session] {
			continue
		}
		if all++; key != "" && h.Key == key {
			ofKey++
		}
	}
	return all, ofKey
}

// Lines calls f with the line of each tenant for which there are tickets, in no order, until f returns false. f must not ask the
// board for anything. There are none while this host does not see the whole board.
func (b *Board) Lines(f func(Line) bool) {
	v := &b.view
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.ready {
		return
	}
	for id, t := range v.tenants {
		if len(t.tickets) > 0 && !f(Line{Tenant: id, Tickets: t.tickets, holds: t.holds, alive: v.sessions}) {
			return
		}
	}
}

// Ticket returns the ticket of a run.
func (b *Board) Ticket(t capability.TenantID, run string) (Ticket, bool) {
	v := &b.view
	v.mu.Lock()
	defer v.mu.Unlock()
	tenant := v.tenants[t]
	if tenant == nil {
		return Ticket{}, false
	}
	ticket, ok := tenant.byRun[run]
	return ticket, ok
}

// Waiting counts the tickets of a tenant.
func (b *Board) Waiting(t capability.TenantID) int {
	v := &b.view
	v.mu.Lock()
	defer v.mu.Unlock()
	if tenant := v.tenants[t]; tenant != nil {
		return len(tenant.tickets)
	}
	return 0
}

// Mine returns what says whether an alarm is this host's to answer, before all others. Each alarm has one such host as long as
// all hosts see the same sessions.
func (b *Board) Mine() func(Alarm) bool {
	s := b.Session()
	v := &b.view
	v.mu.Lock()
	sessions := slices.Sorted(maps.Keys(v.sessions))
	v.mu.Unlock()
	return func(a Alarm) bool {
		if s == nil {
			return false
		}
		mine := weigh(a, s.id)
		return !slices.ContainsFunc(sessions, func(other string) bool { return weigh(a, other) > mine })
	}
}

// weigh orders hosts differently for each alarm.
func weigh(a Alarm, session string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(string(a.Tenant) + "/" + a.ID + "/" + session))
	return h.Sum64()
}

// compare orders tickets: by when they are due less the head start of their priority, then by their ids.
func (t Ticket) compare(other Ticket) int {
	return cmp.Or(t.rank().Compare(other.rank()), cmp.Compare(t.Run, other.Run))
}
