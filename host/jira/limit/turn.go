package limit

import "time"

// The lines of a site.
const (
	interactive = iota
	inBackground
)

func lineOf(background bool) int {
	if background {
		return inBackground
	}
	return interactive
}

// free says whether there is a slot for a call of a site. Calls in the background leave some to those that somebody waits for.
func (l *Limiter) free(s *site, background bool) bool {
	if l.inFlight >= l.cfg.InFlight || s.inFlight >= l.cfg.PerSite {
		return false
	}
	return !background || l.background < share(l.cfg.InFlight, 8) && s.background < share(l.cfg.PerSite, 4)
}

// share is what the background may take of so many slots: all but one part in parts, and one at least.
func share(slots, parts int) int { return max(1, slots-slots/parts) }

// dispatch gives leave to calls in line: one of each site in turn, as long as there are slots. A site whose calls cannot be made now keeps
// its place among the others.
func (l *Limiter) dispatch(now time.Time) {
	var ready time.Time // of the sites that wait for a time and not for a slot
	for skipped := 0; skipped < len(l.turns) && l.inFlight < l.cfg.InFlight; {
		s := l.turns[0]
		l.turns = l.turns[1:]
		served, at := l.serve(s, now)
		if s.turn = len(s.lines[interactive])+len(s.lines[inBackground]) > 0; s.turn {
			l.turns = append(l.turns, s)
		}
		switch {
		case served:
			skipped = 0
		case s.turn:
			skipped++
			ready = sooner(ready, at)
		}
	}
	if l.waiting == 0 {
		l.expires = time.Time{}
	}
	l.ring(sooner(ready, l.expires), now)
}

// serve gives leave to the first call of a site that can be made, and says whether there was one. Without one it says when there is; zero where
// the site waits for a slot.
func (l *Limiter) serve(s *site, now time.Time) (served bool, ready time.Time) {
	if now.Before(s.ready) {
		return false, s.ready
	}
	s.ready = time.Time{}
	if !l.free(s, false) {
		return false, time.Time{}
	}
	for _, line := range s.lines {
		for _, w := range line {
			if !l.free(s, w.permit.background) {
				break
			}
			at, _ := l.when(w.permit, now)
			if at.After(now) {
				ready = sooner(ready, at)
				continue
			}
			l.leave(w)
			l.grant(w.permit, now)
			close(w.over)
			return true, time.Time{}
		}
	}
	if l.free(s, true) || len(s.lines[inBackground]) == 0 { // otherwise it may be a slot that comes free
		s.ready = ready
	}
	return false, ready
}

// sweep gives up the calls in line that cannot be made in time any more.
func (l *Limiter) sweep(now time.Time) {
	l.expires = time.Time{}
	for _, s := range l.turns {
		s.ready = time.Time{}
		for i, line := range s.lines {
			kept := line[:0]
			for _, w := range line {
				if why := l.hopeless(w, now); why != nil {
					w.why = why
					l.gone(w)
					close(w.over)
					continue
				}
				l.expires = sooner(l.expires, w.until)
				kept = append(kept, w)
			}
			clear(line[len(kept):])
			s.lines[i] = kept
		}
	}
}

// ring sets the timer for a moment; zero: there is nothing to wait for.
func (l *Limiter) ring(at, now time.Time) {
	if at.Equal(l.armed) {
		return
	}
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
	l.armed = at
	if at.IsZero() {
		return
	}
	l.stop = l.cfg.Timer(max(at.Sub(now), 0), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.armed.Equal(at) {
			return // another one was set meanwhile
		}
		l.armed, l.stop = time.Time{}, nil
		now := l.cfg.Clock()
		if !l.expires.IsZero() && !now.Before(l.expires) {
			l.sweep(now)
		}
		l.dispatch(now)
	})
}

// sooner is the earlier of two moments, of which the zero one is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
