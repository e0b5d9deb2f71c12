package limit

import "time"

// How long a pause is of which Jira does not say it.
const (
	shortPause = time.Second
	issuePause = 2 * time.Second
)

// longestForAll bounds for how long the answer of one site holds up the others: the quota that they share is full again within an hour.
const longestForAll = time.Hour

// learn takes in what an answer says, and reports whether calls have to wait that had not.
func (l *Limiter) learn(p Permit, a Answer, now time.Time) bool {
	s := p.site
	if a.measured {
		for i, q := range a.quotas {
			of := &l.shared
			if i == ofSite {
				of = &s.own
			}
			of.learn(q, now)
		}
		p.group.learn(a.burst, a.burstIn, now)
	}
	pool := l.pool(s)
	pool.roll(now)
	pool.used += a.Objects
	if a.Refused == "" {
		return false
	}
	l.refused[a.Refused]++
	until := now.Add(a.RetryAfter)
	if a.RetryAfter <= 0 {
		until = now.Add(shortPause)
		switch a.Refused {
		case GlobalQuota, TenantQuota:
			until = nextHour(now)
		case IssueWrites:
			until = now.Add(issuePause)
		}
	}
	switch {
	case a.Refused == GlobalQuota:
		if most := now.Add(longestForAll); until.After(most) {
			until = most
		}
		l.paused.extend(until, a.left > 0)
	case a.Refused == TenantQuota:
		s.paused.extend(until, a.left > 0)
	case a.Refused == IssueWrites && p.issue != nil:
		p.issue.paused = later(p.issue.paused, until)
	default:
		p.group.paused = later(p.group.paused, until)
		// What has waited does not come back all at once.
		p.group.tokens, p.group.at = max(1, p.group.rate/10), later(p.group.at, until)
	}
	return true
}

// extend has everybody wait, or where there are points left the background alone.
func (p *pause) extend(until time.Time, pointsLeft bool) {
	p.background = later(p.background, until)
	if !pointsLeft {
		p.all = later(p.all, until)
	}
}

// learn corrects a pool by what Jira says of it, which counts what other hosts have used.
func (p *pool) learn(q quota, now time.Time) {
	if q.of == 0 && (q.left < 0 || p.limit == 0) {
		return
	}
	p.roll(now)
	if q.of > 0 {
		p.limit = q.of
	}
	if q.left >= 0 {
		p.used = max(p.used, p.limit-q.left)
	}
	if q.reset > 0 && q.left >= 0 {
		p.reset = now.Add(q.reset)
	}
}

// learn corrects a bucket.
func (g *group) learn(q quota, in int, now time.Time) {
	g.fill(now)
	if q.of > 0 {
		g.rate = min(float64(q.of)/float64(max(in, 1)), mostCalls)
		g.tokens = min(g.tokens, g.rate)
	}
	if q.left >= 0 {
		g.tokens = min(g.tokens, float64(q.left))
	}
}
