package limit

import (
	"maps"
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// Atlassian's numbers.
const (
	manyCalls = 100 // a second to an endpoint, by GET and POST
	fewCalls  = 50  // by PUT and DELETE
	readIssue = 150 // the one exception that is known for certain
	mostCalls = 10_000
)

// windows are how many writes an issue takes in a time.
var windows = []struct {
	writes int
	in     time.Duration
}{{20, 2 * time.Second}, {100, 30 * time.Second}}

// longestWindow is how long a write counts.
const longestWindow = 30 * time.Second

// sweepPause is how often what is idle is forgotten.
const sweepPause = time.Minute

// site is what is known of a site: nothing, for one that has not been called for a while.
type site struct {
	id         capability.TenantID
	inFlight   int
	background int // of these
	lines      [2][]*waiter
	turn       bool      // it is among the turns
	ready      time.Time // none of its waiting calls can be made before; zero: not known

	own    pool // where the site has a quota of its own
	paused pause
	groups map[string]*group
	issues map[string]*writes
}

// group is an endpoint with a method, as Jira counts calls in a second: a bucket that fills up at its rate.
type group struct {
	rate   float64
	tokens float64
	at     time.Time // when the tokens were counted
	paused time.Time
	uses   int // calls that wait or are under way
}

// writes are the latest of one issue.
type writes struct {
	at     []time.Time // oldest first
	paused time.Time
	uses   int // calls that wait or are under way
}

// pause is until when nothing is sent, and until when nothing of the background.
type pause struct{ all, background time.Time }

func (p pause) until(background bool) time.Time {
	if background && p.background.After(p.all) {
		return p.background
	}
	return p.all
}

func (p pause) holds(background bool, now time.Time) bool { return p.until(background).After(now) }

// site finds a site, or begins to know it.
func (l *Limiter) site(id capability.TenantID, now time.Time) *site {
	if now.Sub(l.swept) >= sweepPause {
		l.forget(now)
	}
	s := l.sites[id]
	if s == nil {
		s = &site{id: id, groups: map[string]*group{}, issues: map[string]*writes{}}
		l.sites[id] = s
	}
	return s
}

// forget drops what nothing is lost by.
func (l *Limiter) forget(now time.Time) {
	l.swept = now
	for id, s := range l.sites {
		maps.DeleteFunc(s.groups, func(_ string, g *group) bool { return g.idle(now) })
		maps.DeleteFunc(s.issues, func(_ string, w *writes) bool { return w.idle(now) })
		used := s.own.limit > 0 && s.own.left(now) < s.own.limit
		if len(s.groups)+len(s.issues)+s.inFlight == 0 && !s.turn && !used && !s.paused.holds(true, now) {
			delete(l.sites, id)
		}
	}
}

func (s *site) pausedNow(now time.Time) bool {
	if s.paused.holds(true, now) {
		return true
	}
	for _, g := range s.groups {
		if g.paused.After(now) {
			return true
		}
	}
	for _, w := range s.issues {
		if w.paused.After(now) {
			return true
		}
	}
	return false
}

// group finds the group of a call, filled up to now.
func (s *site) group(c Call, now time.Time) *group {
	var buf [maxRoute]byte
	route := appendRoute(buf[:0], c.Method, c.Path)
	g := s.groups[string(route)]
	if g != nil {
		g.fill(now)
		return g
	}
	rate := rateOf(c.Method, string(route))
	g = &group{rate: rate, tokens: rate, at: now}
	s.groups[string(route)] = g
	return g
}

func rateOf(method, route string) float64 {
	switch {
	case route == http.MethodGet+" /rest/api/3/issue/{}":
		return readIssue
	case method == http.MethodPut || method == http.MethodDelete:
		return fewCalls
	}
	return manyCalls
}

func (g *group) fill(now time.Time) {
	if passed := now.Sub(g.at); passed > 0 {
		g.tokens, g.at = min(g.rate, g.tokens+passed.Seconds()*g.rate), now
	}
}

func (g *group) idle(now time.Time) bool {
	return g.uses == 0 && !g.paused.After(now) && g.tokens+now.Sub(g.at).Seconds()*g.rate >= g.rate
}

// when is the first moment at which the bucket holds a call.
func (g *group) when(now time.Time) time.Time {
	g.fill(now)
	if g.tokens >= 1 {
		return now
	}
	// A nanosecond more, so that rounding does not have the call come too early and wait again.
	return g.at.Add(time.Duration((1-g.tokens)/g.rate*float64(time.Second)) + 1)
}

// issue finds the writes of an issue.
func (s *site) issue(id string) *writes {
	if w := s.issues[id]; w != nil {
		return w
	}
	w := &writes{}
	s.issues[id] = w
	return w
}

func (w *writes) idle(now time.Time) bool {
	return w.uses == 0 && !w.paused.After(now) && (len(w.at) == 0 || now.Sub(w.at[len(w.at)-1]) >= longestWindow)
}

// when is the first moment at which an issue takes another write.
func (w *writes) when(now time.Time) time.Time {
	old := 0
	for old < len(w.at) && now.Sub(w.at[old]) >= longestWindow {
		old++
	}
	w.at = append(w.at[:0], w.at[old:]...)
	at := now
	for _, v := range windows {
		if n := len(w.at); n >= v.writes {
			at = later(at, w.at[n-v.writes].Add(v.in))
		}
	}
	return at
}

// when says when a call can be made, as far as that does not hang on others that are under way, and what it waits for.
func (l *Limiter) when(p Permit, now time.Time) (at time.Time, reason Reason) {
	at = now
	wait := func(until time.Time, why Reason) {
		if until.After(at) {
			at, reason = until, why
		}
	}
	wait(l.paused.until(p.background), GlobalQuota)
	wait(p.site.paused.until(p.background), TenantQuota)
	wait(p.group.paused, Burst)
	if p.issue != nil {
		wait(p.issue.paused, IssueWrites)
	}
	pool, why := l.pool(p.site), GlobalQuota
	if pool != &l.shared {
		why = TenantQuota
	}
	if !pool.lets(p.background, now) {
		wait(pool.reset, why)
	}
	if l.cfg.Unpaced {
		return at, reason
	}
	wait(p.group.when(now), Burst)
	if p.issue != nil {
		wait(p.issue.when(now), IssueWrites)
	}
	return at, reason
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
