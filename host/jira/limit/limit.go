package limit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// Config bounds the calls of a host. The zero value has the defaults.
type Config struct {
	// InFlight is how many calls are under way at a time, over all sites; 0 means 64. Calls in the background take seven eighths of them.
	InFlight int
	// PerSite is how many of them are one site's; 0 means 16. Calls in the background take three quarters of them.
	PerSite int
	// Points is what all sites together may use in an hour, before Jira says otherwise; 0 means Atlassian's 65,000 for an app that it has not
	// reviewed, and less than 0 that nobody counts until Jira names a quota.
	Points int
	// Unpaced leaves it to Jira to say when calls come too often in a second, or too often to one issue.
	Unpaced bool
	// Clock is time.Now where it is nil.
	Clock func() time.Time
	// Timer calls f once after d, in a goroutine of its own, unless it is stopped before; nil: time.AfterFunc.
	Timer func(d time.Duration, f func()) (stop func() bool)
}

const (
	defaultInFlight = 64
	defaultPerSite  = 16
	defaultPoints   = 65_000

	// patience is how long a call waits for the end of a pause. A longer one is a used-up quota, which comes back by the hour: nobody waits
	// for that in front of a page, and a job gives its worker back meanwhile.
	patience = 5 * time.Second
	// longestLine is how long a call waits for its turn where its context allows it.
	longestLine = 20 * time.Second
	// maxWaiting is how many calls of a site wait.
	maxWaiting = 1000
)

// Limiter is safe for concurrent use and shared by all sites. Make it with New.
type Limiter struct {
	cfg Config

	mu         sync.Mutex
	inFlight   int
	background int // of these
	waiting    int
	sites      map[capability.TenantID]*site
	swept      time.Time // when what was idle was forgotten
	turns      []*site   // those with waiting calls; whose turn is next comes first
	shared     pool      // of all sites that have no pool of their own
	paused     pause
	expires    time.Time // no waiting call is given up before; zero: none waits
	stop       func() bool
	armed      time.Time // when the timer rings; zero: it is not set
	refused    map[Reason]uint64
}

// New returns a limiter with nothing counted yet.
func New(c Config) (*Limiter, error) {
	if c.InFlight < 0 || c.PerSite < 0 {
		return nil, errors.New("limit calls to Jira: a bound is negative; 0 is the default")
	}
	c.InFlight = cmp.Or(c.InFlight, defaultInFlight)
	c.PerSite = min(cmp.Or(c.PerSite, defaultPerSite), c.InFlight)
	c.Points = max(cmp.Or(c.Points, defaultPoints), 0)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Timer == nil {
		c.Timer = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	return &Limiter{cfg: c, sites: map[capability.TenantID]*site{}, shared: pool{limit: c.Points}, refused: map[Reason]uint64{}}, nil
}

// Call is a call that somebody wants to make.
type Call struct {
	Site   capability.TenantID
	Method string
	Path   string // below the site's address, escaped, without a query
}

// Refusal is why a call was not made. Nothing was sent.
type Refusal struct {
	Reason Reason
	// RetryAfter is when it makes sense to come again; more than 0.
	RetryAfter time.Duration
}

// Error names the limit.
func (r *Refusal) Error() string {
	return fmt.Sprintf("not called, because of %s; try again in %s", r.Reason, r.RetryAfter.Round(time.Millisecond))
}

// Permit is leave to make one call.
type Permit struct {
	l          *Limiter
	site       *site
	group      *group
	issue      *writes // nil where the call writes no single issue
	background bool
}

// waiter is a call that waits for its turn.
type waiter struct {
	permit Permit
	until  time.Time     // when it is given up
	over   chan struct{} // closed when it has leave, or none
	why    *Refusal
	left   bool // it waits no more
}

// Acquire waits until a call may be made. Whoever gets a permit must call its Done once. The error is a *Refusal as soon as it is clear
// that the call cannot be made before ctx ends, or for a while; or that of a context which was canceled.
func (l *Limiter) Acquire(ctx context.Context, c Call) (Permit, error) {
	if err := ctx.Err(); err != nil {
		return Permit{}, err
	}
	background := InBackground(ctx)
	l.mu.Lock()
	now := l.cfg.Clock()
	s := l.site(c.Site, now)
	p := Permit{l, s, s.group(c, now), nil, background}
	if id := issueOf(c); id != "" {
		p.issue = s.issue(id)
	}
	if len(l.turns) == 0 && l.free(s, background) {
		if at, _ := l.when(p, now); !at.After(now) {
			l.grant(p, now)
			l.mu.Unlock()
			return p, nil
		}
	}
	w, err := l.line(ctx, p, now)
	l.mu.Unlock()
	if err != nil {
		return Permit{}, err
	}
	select {
	case <-w.over:
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		if !w.left {
			l.leave(w)
			l.dispatch(l.cfg.Clock())
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return Permit{}, &Refusal{InLine, time.Second}
			}
			return Permit{}, ctx.Err()
		}
	}
	if w.why != nil {
		return Permit{}, w.why
	}
	return w.permit, nil
}

// line puts a call in line, unless that is of no use.
func (l *Limiter) line(ctx context.Context, p Permit, now time.Time) (*waiter, error) {
	w := &waiter{permit: p, until: now.Add(longestLine), over: make(chan struct{})}
	if d, ok := ctx.Deadline(); ok && d.Before(w.until) {
		w.until = d
	}
	if why := l.hopeless(w, now); why != nil {
		return nil, why
	}
	s := p.site
	if len(s.lines[0])+len(s.lines[1]) >= maxWaiting {
		return nil, &Refusal{InLine, time.Second}
	}
	at := lineOf(p.background)
	s.lines[at] = append(s.lines[at], w)
	s.ready = time.Time{}
	p.use(1)
	l.waiting++
	if !s.turn {
		s.turn = true
		l.turns = append(l.turns, s)
	}
	if l.expires.IsZero() || w.until.Before(l.expires) {
		l.expires = w.until
	}
	l.dispatch(now)
	return w, nil
}

// hopeless says why it is of no use for a call to wait; nil where it is.
func (l *Limiter) hopeless(w *waiter, now time.Time) *Refusal {
	at, reason := l.when(w.permit, now)
	switch {
	case at.After(now) && (at.Sub(now) > patience || at.After(w.until)):
		return &Refusal{reason, at.Sub(now)}
	case !now.Before(w.until):
		return &Refusal{InLine, time.Second}
	}
	return nil
}

// use notes that a call counts on what is known of its endpoint and its issue, or does no more.
func (p Permit) use(n int) {
	p.group.uses += n
	if p.issue != nil {
		p.issue.uses += n
	}
}

// leave takes a call out of the line.
func (l *Limiter) leave(w *waiter) {
	s := w.permit.site
	at := lineOf(w.permit.background)
	if i := slices.Index(s.lines[at], w); i >= 0 {
		s.lines[at] = slices.Delete(s.lines[at], i, i+1)
	}
	l.gone(w)
}

// gone notes that a call is in line no more.
func (l *Limiter) gone(w *waiter) {
	w.left = true
	w.permit.use(-1)
	l.waiting--
}

// grant counts a call that is about to be made.
func (l *Limiter) grant(p Permit, now time.Time) {
	l.inFlight++
	p.site.inFlight++
	if p.background {
		l.background++
		p.site.background++
	}
	p.use(1)
	p.group.tokens--
	if p.issue != nil && !l.cfg.Unpaced {
		p.issue.at = append(p.issue.at, now)
	}
	l.pool(p.site).used++
}

// Done gives a permit back and tells what came of the call; the zero Answer where there was none.
func (p Permit) Done(a Answer) {
	l := p.l
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	p.site.inFlight--
	if p.background {
		l.background--
		p.site.background--
	}
	p.use(-1)
	now := l.cfg.Clock()
	if l.learn(p, a, now) {
		l.sweep(now)
	}
	l.dispatch(now)
}

// Stats is how a limiter stands.
type Stats struct {
	InFlight, Waiting int
	// Paused is how many sites are not called now, or not in all they want, because Jira said so.
	Paused int
	// Points is what is left in this hour of the quota that all sites share; -1 where nobody counts.
	Points int
	// Refused is how often Jira has refused a call, by reason.
	Refused map[Reason]uint64
}

// Stats returns how the limiter stands now.
func (l *Limiter) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Clock()
	out := Stats{InFlight: l.inFlight, Waiting: l.waiting, Points: -1, Refused: map[Reason]uint64{}}
	for _, r := range Reasons {
		out.Refused[r] = l.refused[r]
	}
	for _, s := range l.sites {
		if s.pausedNow(now) || l.paused.holds(true, now) {
			out.Paused++
		}
	}
	if l.shared.limit > 0 {
		out.Points = l.shared.left(now)
	}
	return out
}
