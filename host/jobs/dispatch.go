package jobs

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
)

// Causes for which a step is interrupted.
var (
	errCanceled    = errors.New("the run was canceled")
	errInterrupted = errors.New("the host ends")
)

// Pauses after which this host looks again, by the clock of the machine.
const (
	racePause    = 10 * time.Millisecond  // another host was faster, and the view does not show it yet
	troublePause = 500 * time.Millisecond // the queue or the store does not answer
	idlePause    = 10 * time.Second       // nothing is due; but the clock may be set meanwhile, of which timers do not hear
)

// dispatcher gives the workers of this host to runs.
type dispatcher struct {
	cfg   Config
	freed chan struct{} // a worker came back
	tidy  chan struct{} // a sweep is wanted
	hard  chan struct{} // closed when steps are interrupted

	mu          sync.Mutex
	interrupted bool
	active      map[place]*working
	free        int
	shares      shares
	snoozed     map[place]time.Time // by the clock of the machine
}

// place is where a run stands.
type place struct {
	tenant capability.TenantID
	run    RunID
}

// working is a run that this host works on.
type working struct {
	hold   board.Hold
	since  time.Time
	credit time.Duration // of work that its tenant was charged for and did not use yet
	cancel context.CancelCauseFunc
}

func (d *dispatcher) init(cfg Config) {
	d.cfg, d.free = cfg, cfg.Workers
	d.freed, d.tidy, d.hard = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	d.active, d.snoozed = map[place]*working{}, map[place]time.Time{}
	d.shares = newShares(cfg.Weight)
}

// dispatch gives workers to runs until Close, and then waits for the workers.
func (j *Jobs) dispatch() {
	changed, stop := j.board.Changes()
	defer stop()
	var workers sync.WaitGroup
	defer workers.Wait()
	strays := time.NewTicker(j.strayPause())
	defer strays.Stop()
	for {
		due, pause := j.claimAll(&workers)
		look := time.NewTimer(pause)
		select {
		case <-j.draining:
			look.Stop()
			return
		case <-changed:
		case <-j.dispatcher.freed:
		case <-due:
		case <-look.C:
		case <-strays.C:
			j.releaseStrays()
		}
		look.Stop()
	}
}

// claimAll claims runs while there are free workers. It returns what to wait for then: a due time, and at most a pause.
func (j *Jobs) claimAll(workers *sync.WaitGroup) (due <-chan time.Time, pause time.Duration) {
	d := &j.dispatcher
	for {
		select {
		case <-j.draining:
			return nil, idlePause
		default:
		}
		ticket, found, next, pause := d.pick(j.board, j.kind, "")
		if !found {
			if next.IsZero() {
				return nil, pause
			}
			return j.cfg.At(next), pause
		}
		hold, err := j.board.Claim(j.work, ticket, j.cfg.PerTenant)
		switch {
		case errors.Is(err, board.ErrTaken), errors.Is(err, board.ErrFull):
			return nil, racePause
		case err != nil:
			return nil, troublePause
		}
		ctx, cancel := context.WithCancelCause(hold.Session.Context())
		w := d.begin(hold, cancel)
		workers.Go(func() {
			defer cancel(nil)
			j.execute(ctx, w)
			d.end(w)
		})
	}
}

// pick returns the ticket that a free worker goes to: of the tenant that had least, among those that have one which can be
// worked on. Without one, it says when the next one is due and after which pause to look in any case. A tenant that is not to
// be asked can be named.
func (d *dispatcher) pick(b *board.Board, known func(string) (Kind, bool), but capability.TenantID) (best board.Ticket, found bool, next time.Time, pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	pause = idlePause
	if d.free == 0 && but == "" {
		return best, false, next, pause
	}
	now, machine := d.cfg.Now(), time.Now()
	b.Lines(func(l board.Line) bool {
		all, _ := l.Holds("")
		if l.Tenant == but || all >= d.cfg.PerTenant {
			return true
		}
		first := oldest(l, known)
		for _, t := range l.Tickets {
			at := place{t.Tenant, RunID(t.Run)}
			if kind, ok := known(t.Kind); !ok || d.active[at] != nil || kind.InOrder && t.Key != "" && first[t.Key] != t.Run {
				continue
			}
			if until, ok := d.snoozed[at]; ok {
				if left := until.Sub(machine); left > 0 {
					pause = min(pause, left)
					continue
				}
				delete(d.snoozed, at)
			}
			if board.Waits(t.Due, t.Set, now) {
				if next.IsZero() || t.Due.Before(next) {
					next = t.Due
				}
				continue
			}
			if l.Held(t.Run) {
				continue
			}
			if _, ofKey := l.Holds(t.Key); t.Key != "" && ofKey >= max(1, t.KeyLimit) {
				continue
			}
			if !found || d.shares.before(t.Tenant, best.Tenant) {
				best, found = t, true
			}
			break
		}
		return true
	})
	return best, found, next, pause
}

// oldest is the run of each key that comes first, of the kinds that keep an order.
func oldest(l board.Line, known func(string) (Kind, bool)) map[string]string {
	var first map[string]string
	for _, t := range l.Tickets {
		if kind, _ := known(t.Kind); !kind.InOrder || t.Key == "" {
			continue
		}
		if first == nil {
			first = map[string]string{}
		}
		first[t.Key] = max(first[t.Key], t.Run) // older runs have greater ids
	}
	return first
}

func (d *dispatcher) begin(h board.Hold, cancel context.CancelCauseFunc) *working {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := &working{hold: h, since: d.cfg.Now(), credit: d.cfg.Quantum, cancel: cancel}
	d.free--
	d.active[w.place()] = w
	d.shares.turn(h.Ticket.Tenant)
	d.shares.charge(h.Ticket.Tenant, w.credit)
	if d.interrupted {
		cancel(errInterrupted)
	}
	return w
}

func (w *working) place() place { return place{w.hold.Ticket.Tenant, RunID(w.hold.Ticket.Run)} }

func (d *dispatcher) end(w *working) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free++
	delete(d.active, w.place())
	d.shares.charge(w.hold.Ticket.Tenant, -w.credit)
	select {
	case d.freed <- struct{}{}:
	default:
	}
}

// worked charges a tenant for a step.
func (d *dispatcher) worked(w *working, took time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	paid := min(w.credit, took)
	w.credit -= paid
	d.shares.charge(w.hold.Ticket.Tenant, took-paid)
}

// snooze leaves a run alone for a while, where something that it needs does not answer.
func (d *dispatcher) snooze(w *working) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.snoozed[w.place()] = time.Now().Add(troublePause)
}

// yields says whether a run is to give its worker to another tenant.
func (j *Jobs) yields(w *working) bool {
	d := &j.dispatcher
	d.mu.Lock()
	free, long := d.free, j.cfg.Now().Sub(w.since) >= j.cfg.Quantum
	d.mu.Unlock()
	if free > 0 || !long {
		return false
	}
	other, found, _, _ := d.pick(j.board, j.kind, w.hold.Ticket.Tenant)
	if !found {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shares.before(other.Tenant, w.hold.Ticket.Tenant)
}

// places are the runs that this host works on.
func (d *dispatcher) places() []place {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.active))
}

// interrupt ends the step that this host does for a run.
func (d *dispatcher) interrupt(at place, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.active[at]; w != nil {
		w.cancel(cause)
	}
}

// interruptAll ends all steps.
func (d *dispatcher) interruptAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.interrupted {
		return
	}
	d.interrupted = true
	close(d.hard)
	for _, w := range d.active {
		w.cancel(errInterrupted)
	}
}

// strayPause is how often holds are looked for of which this host knows nothing.
func (j *Jobs) strayPause() time.Duration {
	lease := j.cfg.Lease
	fill(&lease, 15*time.Second)
	return lease
}

// releaseStrays gives back what is held without this host's knowledge. No claim is under way where it is called.
func (j *Jobs) releaseStrays() {
	known := j.dispatcher.places()
	for _, h := range j.board.Strays(func(t capability.TenantID, run string) bool { return slices.Contains(known, place{t, RunID(run)}) }) {
		if err := j.board.Release(j.work, h); err != nil {
			j.cfg.Log.WarnContext(j.work, "give back a run", "tenant", h.Ticket.Tenant, "run", h.Ticket.Run, "error", err)
		}
	}
}
