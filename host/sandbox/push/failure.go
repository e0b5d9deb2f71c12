package push

import "time"

// Failure is a delivery that was given up.
type Failure struct {
	ID   string // of the delivery; copies of one share it
	App  string
	URL  string
	Body string
	Time time.Time // of the last attempt, in whole milliseconds and never the same twice
}

// failureLife is how long the failed list remembers.
const failureLife = 72 * time.Hour

// FailureKeeper keeps the failed list beyond the end of the process. A [Sender] calls it from one goroutine at a time, in the
// order in which things happened, and never makes a request wait for it.
type FailureKeeper interface {
	// Failures lists what is kept, the oldest first. What it returns belongs to the caller.
	Failures() []Failure
	// AddFailure keeps one more, later than all others.
	AddFailure(f Failure) error
	// DropFailures forgets those up to a time, that included.
	DropFailures(until time.Time) error
}

// fail gives a delivery up. The caller holds s.mu.
func (s *Sender) fail(d *delivery, status int, problem string) {
	s.note(d, Failed, status, problem)
	at := s.cfg.Clock().UTC().Truncate(time.Millisecond)
	if n := len(s.failed); n > 0 && !at.After(s.failed[n-1].Time) {
		at = s.failed[n-1].Time.Add(time.Millisecond) // pages of the list continue after a time
	}
	f := Failure{ID: d.id, App: d.hook.App, URL: d.hook.URL, Body: string(d.body), Time: at}
	s.failed = append(s.failed, f)
	s.write(func(k FailureKeeper) error { return k.AddFailure(f) })
	s.drop(len(s.failed) - s.cfg.Keep)
}

// drop forgets so many of the oldest failures. The caller holds s.mu.
func (s *Sender) drop(count int) {
	if count <= 0 {
		return
	}
	until := s.failed[count-1].Time
	s.failed = s.failed[count:]
	s.write(func(k FailureKeeper) error { return k.DropFailures(until) })
}

// write has the keeper do something, after what it has to do already. The caller holds s.mu.
func (s *Sender) write(do func(FailureKeeper) error) {
	if s.cfg.Failures == nil || s.closed {
		return
	}
	s.writes = append(s.writes, func() error { return do(s.cfg.Failures) })
	if !s.writing {
		s.writing = true
		s.running.Go(s.writeAll)
	}
}

// writeAll has the keeper do everything that there is to do, also while the sender closes.
func (s *Sender) writeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.writes) > 0 {
		do := s.writes[0]
		s.writes = s.writes[1:]
		s.mu.Unlock()
		if err := do(); err != nil {
			s.cfg.Logger.Error("keep failed webhooks", "error", err)
		}
		s.mu.Lock()
	}
	s.writing = false
	s.idle.Broadcast()
}

// Failed lists what was given up for an app after a time, the oldest first.
func (s *Sender) Failed(app string, after time.Time, most int) []Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, count := s.cfg.Clock().Add(-failureLife), 0
	for count < len(s.failed) && s.failed[count].Time.Before(old) {
		count++
	}
	s.drop(count)
	out := []Failure{}
	for _, f := range s.failed {
		if f.App == app && f.Time.After(after) && len(out) < most {
			out = append(out, f)
		}
	}
	return out
}
