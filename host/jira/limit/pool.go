package limit

import "time"

// pool is a quota of points, which is full again with each hour of UTC.
type pool struct {
	limit int // 0: not known, so that it is never empty
	used  int
	reset time.Time
}

// reserve is the part of a pool that the background leaves to those who wait in front of a page: from there on Jira warns as well.
const reserve = 5

// roll begins a new hour.
func (p *pool) roll(now time.Time) {
	if !now.Before(p.reset) {
		p.used, p.reset = 0, nextHour(now)
	}
}

func (p *pool) left(now time.Time) int {
	p.roll(now)
	return max(0, p.limit-p.used)
}

// lets says whether a pool has points for another call.
func (p *pool) lets(background bool, now time.Time) bool {
	if p.limit <= 0 {
		p.roll(now)
		return true
	}
	left := p.left(now)
	return left > 0 && (!background || left*reserve >= p.limit)
}

func nextHour(now time.Time) time.Time { return now.UTC().Truncate(time.Hour).Add(time.Hour) }

// pool is the one that the calls of a site are charged to.
func (l *Limiter) pool(s *site) *pool {
	if s.own.limit > 0 {
		return &s.own
	}
	return &l.shared
}
