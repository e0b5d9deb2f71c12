package driver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

// Gate is the way in and out of a module. It admits a bounded number of calls, and of each tenant no more than its share; others
// wait for a bounded time, and whoever has the fewest calls inside is next, so that one tenant's flood costs nobody else more
// than the end of a call that runs. Each call gets a deadline, and Close waits for those inside. It is safe for concurrent use;
// make one with [NewGate].
type Gate struct {
	limits    Limits
	closed    chan struct{}   // closed by the first Close: nobody enters any more
	stop      context.Context // ends when the calls inside have to
	stopCalls context.CancelFunc

	mu      sync.Mutex
	inside  int
	waiting int
	shares  map[string]*share
	spare   []*share      // to be used again
	turns   uint64        // so far, the clock of share.last
	shut    bool          // closed is closed
	empty   chan struct{} // closed when shut and nobody is inside
}

// share is one tenant's part in a gate: there is one for each tenant with calls inside or waiting.
type share struct {
	tenant string
	inside [classes]int
	queue  []*waiter
	last   uint64 // when it had its last turn
}

func (s *share) total() int {
	n := 0
	for _, inside := range s.inside {
		n += inside
	}
	return n
}

// waiter is a call that has not been let in. Whoever lets it in closes ready.
type waiter struct {
	class Class
	most  int
	ready chan struct{}
	in    bool // guarded by Gate.mu
}

// NewGate returns a gate with the bounds of l.
func NewGate(l Limits) *Gate {
	g := &Gate{limits: l.WithDefaults(), closed: make(chan struct{}), empty: make(chan struct{}), shares: map[string]*share{}}
	g.stop, g.stopCalls = context.WithCancel(context.Background())
	return g
}

// Limits returns the bounds of the gate, without zeros.
func (g *Gate) Limits() Limits { return g.limits }

// Enter waits for the turn of a call. The caller must call [Turn.Leave] once, when nothing of the call runs any more.
//
// The error is a *sdk.Error of the host: exhausted where the tenant's queue is full or no place came free in time, canceled
// where ctx ended first, be it by its deadline, or unavailable after Close.
func (g *Gate) Enter(ctx context.Context, c Call) (*Turn, error) {
	if ctx.Err() != nil {
		return nil, errNotStarted
	}
	budget := g.limits.Bound(c.Budget)
	g.mu.Lock()
	if g.shut {
		g.mu.Unlock()
		return nil, errClosed
	}
	s := g.share(c.Tenant)
	// Where there is a place, nobody waits who could take it.
	if g.inside < g.limits.Instances && s.inside[c.Class] < budget.Concurrency {
		g.admit(s, c.Class)
		g.mu.Unlock()
	} else if err := g.wait(ctx, s, c.Class, budget.Concurrency); err != nil {
		return nil, err
	}
	t := &Turn{gate: g, share: s, ctx: ctx, class: c.Class, budget: budget}
	t.deadline = time.Now().Add(budget.Timeout)
	if d, has := ctx.Deadline(); has && d.Before(t.deadline) {
		t.deadline, t.callers = d, true
	}
	return t, nil
}

// Calls is how many calls are inside now, and how many wait for their turn.
func (g *Gate) Calls() (inside, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside, g.waiting
}

// share returns a tenant's share, which may be new. The caller holds g.mu.
func (g *Gate) share(tenant string) *share {
	s := g.shares[tenant]
	if s != nil {
		return s
	}
	if n := len(g.spare); n > 0 {
		s, g.spare = g.spare[n-1], g.spare[:n-1]
		s.tenant = tenant
	} else {
		s = &share{tenant: tenant}
	}
	g.shares[tenant] = s
	return s
}

// drop lets go of a share that has nothing left. The caller holds g.mu.
func (g *Gate) drop(s *share) {
	if s.total() == 0 && len(s.queue) == 0 {
		delete(g.shares, s.tenant)
		s.tenant, s.last = "", 0
		g.spare = append(g.spare, s)
	}
}

func (g *Gate) admit(s *share, c Class) {
	g.inside++
	s.inside[c]++
	g.turns++
	s.last = g.turns
}

// wait queues a call. The caller holds g.mu, which wait gives back.
func (g *Gate) wait(ctx context.Context, s *share, c Class, most int) error {
	if len(s.queue) >= g.limits.Queue {
		err := g.busy(s, c, most, fmt.Sprintf("%d more wait", len(s.queue)))
		g.mu.Unlock()
		return err
	}
	w := &waiter{class: c, most: most, ready: make(chan struct{})}
	s.queue = append(s.queue, w)
	g.waiting++
	g.mu.Unlock()

	timer := time.NewTimer(g.limits.Wait)
	defer timer.Stop()
	var err *sdk.Error
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		err = errNotStarted
	case <-g.closed:
		err = errClosed
	case <-timer.C:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.in { // let in at the same instant
		if err == nil {
			return nil
		}
		g.leave(s, c)
		return err
	}
	if err == nil {
		err = g.busy(s, c, most, fmt.Sprintf("none of them ended within %v", g.limits.Wait))
	}
	for i, other := range s.queue {
		if other == w {
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
			break
		}
	}
	g.waiting--
	g.drop(s)
	return err
}

// busy says which bound keeps a call out: the tenant's own, or the module's.
func (g *Gate) busy(s *share, c Class, most int, rest string) *sdk.Error {
	if s.inside[c] >= most {
		return Exceeded(sdk.Exhausted, sdk.FromHost, c, LimitConcurrency,
			fmt.Sprintf("the plugin is busy: %d calls of your site are running and %s; try again in a moment", s.inside[c], rest))
	}
	return &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Message: fmt.Sprintf(
		"the plugin is busy: %d calls are running and %s; try again in a moment", g.inside, rest)}
}

// leave gives a place back and lets the next ones in. The caller holds g.mu.
func (g *Gate) leave(s *share, c Class) {
	g.inside--
	s.inside[c]--
	for !g.shut && g.waiting > 0 && g.inside < g.limits.Instances && g.next() {
	}
	g.drop(s)
	if g.shut && g.inside == 0 {
		close(g.empty)
	}
}

// next lets in one call of the tenant that has the fewest inside, among those the one whose last turn is longest ago. A call
// whose class has reached its bound is passed over, and does not keep its tenant's other classes out.
func (g *Gate) next() bool {
	var best *share
	var at int
	for _, s := range g.shares {
		i := s.eligible()
		if i < 0 {
			continue
		}
		if best == nil || s.total() < best.total() || s.total() == best.total() && s.last < best.last {
			best, at = s, i
		}
	}
	if best == nil {
		return false
	}
	w := best.queue[at]
	best.queue = append(best.queue[:at], best.queue[at+1:]...)
	g.waiting--
	g.admit(best, w.class)
	w.in = true
	close(w.ready)
	return true
}

func (s *share) eligible() int {
	for i, w := range s.queue {
		if s.inside[w.class] < w.most {
			return i
		}
	}
	return -1
}

// Close refuses further calls and waits until nobody is inside. When ctx ends first, it stops the calls inside, gives them one
// second to notice, and returns the context's error. It may be called again to go on waiting.
func (g *Gate) Close(ctx context.Context) error {
	g.mu.Lock()
	if !g.shut {
		g.shut = true
		close(g.closed)
		if g.inside == 0 {
			close(g.empty)
		}
	}
	g.mu.Unlock()

	select {
	case <-g.empty:
		g.stopCalls()
		return nil
	case <-ctx.Done():
	}
	g.stopCalls()
	grace := time.NewTimer(time.Second)
	defer grace.Stop()
	select {
	case <-g.empty:
		return ctx.Err()
	case <-grace.C:
		return fmt.Errorf("calls do not end: %w", ctx.Err())
	}
}

var (
	errClosed     = &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: "the plugin is being stopped or replaced; try again"}
	errNotStarted = &sdk.Error{Code: sdk.Canceled, Source: sdk.FromHost, Message: "the call was given up before the plugin had a place for it; try again"}
)
