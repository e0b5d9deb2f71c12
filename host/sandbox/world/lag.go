package world

import (
	"sync"
	"time"
)

// past keeps the states that searches may see yet, while there is a lag.
type past struct {
	mu   sync.Mutex
	lag  time.Duration
	seen []moment // oldest first, each until the next
}

// moment is a state and when it became the current one.
type moment struct {
	at    time.Time
	state *State
}

// SetLag says how long it takes until searches see a change, as on a site whose search index runs behind; 0 is at once. The time
// is that of the store's clock. What is the case when a lag begins can be found.
func (s *Store) SetLag(d time.Duration) {
	s.mu.Lock() // no change between the current state and what is kept of it
	defer s.mu.Unlock()
	p := &s.past
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag = max(0, d)
	switch {
	case p.lag == 0:
		p.seen = nil
	case len(p.seen) == 0:
		p.seen = []moment{{state: s.current.Load()}}
	}
}

// Lag returns how long searches run behind.
func (s *Store) Lag() time.Duration {
	s.past.mu.Lock()
	defer s.past.mu.Unlock()
	return s.past.lag
}

// Lagged returns the state that searches see: the current one, or with [Store.SetLag] the one that was current so long ago. It is
// a whole state, with the issues and permissions of that time. It costs nothing: states share what did not change, and those that
// nothing sees any more are let go.
func (s *Store) Lagged() *State {
	p := &s.past
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lag == 0 {
		return s.current.Load()
	}
	p.forget(s.clock())
	return p.seen[0].state
}

// note keeps a state that is the current one from now on.
func (p *past) note(st *State, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lag == 0 {
		return
	}
	p.forget(now)
	p.seen = append(p.seen, moment{now, st})
}

// forget drops what was followed by another state before the lag.
func (p *past) forget(now time.Time) {
	old := 0
	for old+1 < len(p.seen) && !p.seen[old+1].at.After(now.Add(-p.lag)) {
		old++
	}
	clear(p.seen[:old])
	p.seen = p.seen[old:]
}
