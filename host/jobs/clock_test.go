package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/when"
	"github.com/pergola-platform/pergola/sdk"
)

// pausing is a kind of three steps: the first is tried twice, with a pause in between, and there is one before the last.
func pausing(pause time.Duration) jobs.Kind {
	return jobs.Kind{Name: "pausing", Retry: jobs.Retry{First: pause}, Step: func(_ context.Context, s jobs.Step) (jobs.Next, error) {
		switch {
		case s.Number == 0 && s.Attempt == 0:
			return jobs.Next{}, sdk.Errorf(sdk.Unavailable, "not yet")
		case s.Number == 1:
			return jobs.Next{After: pause}, nil
		}
		return jobs.Next{Done: s.Number == 2}, nil
	}}
}

func TestAClockThatIsSetBackKeepsNoRunWaiting(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	j := s.open(nil, pausing(time.Minute), counting(nil))
	queued := s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
	later := s.start(j, jobs.Request{Kind: "count", Input: []byte("1"), At: start.Add(time.Minute)})
	clock.advance(-6 * time.Hour)
	s.must(j.Work())
	s.untilState(j, queued, jobs.Done)
	paused := s.start(j, jobs.Request{Kind: "pausing"})
	for step := range 2 {
		s.until(j, paused, "waited", func(r jobs.Run) bool { return r.State == jobs.Waiting && r.Step == 2*step })
		clock.advance(-6 * time.Hour)
	}
	s.untilState(j, paused, jobs.Done)
	again := s.start(j, jobs.Request{Kind: "pausing"})
	s.until(j, again, "waited", func(r jobs.Run) bool { return r.State == jobs.Waiting })
	clock.advance(-6 * time.Hour)
	s.until(j, again, "waited anew", func(r jobs.Run) bool { return r.State == jobs.Waiting && r.Step == 2 })
	clock.advance(time.Minute)
	s.untilState(j, again, jobs.Done)
	// A time that somebody chose is that time, whatever the clock said when it was chosen.
	if r := s.untilState(j, later, jobs.Waiting); !r.Due.Equal(start.Add(time.Minute)) {
		t.Errorf("it is due at %s", r.Due)
	}
	clock.advance(24*time.Hour + time.Minute)
	s.untilState(j, later, jobs.Done)
}

// Clocks of hosts are some seconds apart. That is no reason to do away with pauses.
func TestAClockThatIsALittleBehindKeepsPauses(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	j := s.host(nil, pausing(10*time.Minute), counting(nil))
	id := s.start(j, jobs.Request{Kind: "pausing"})
	r := s.untilState(j, id, jobs.Waiting)
	clock.advance(-30 * time.Second)
	s.untilState(j, s.start(j, jobs.Request{Kind: "count", Input: []byte("3")}), jobs.Done) // this host has looked since
	if now := s.untilState(j, id, jobs.Waiting); now.Rev != r.Rev {
		t.Errorf("the run went on: %+v", now)
	}
}

func TestAClockThatIsSetBackKeepsNoScheduleWaiting(t *testing.T) {
	for _, spec := range []when.Spec{{Every: time.Minute}, {Cron: "* * * * *"}} {
		s := newSite(t)
		clock := s.withClock()
		kind, ran := reporting()
		j := s.host(nil, kind)
		s.put(j, jobs.Schedule{ID: "often", Kind: "report", When: spec})
		clock.advance(time.Minute)
		wantPlanned(t, ran, start.Add(time.Minute))
		s.untilState(j, s.untilNext(j, "often", start.Add(2*time.Minute)).LastRun, jobs.Done) // or the next one would wait for it
		clock.advance(-6 * time.Hour)
		s.look(j)
		s.untilNext(j, "often", start.Add(-6*time.Hour).Add(2*time.Minute))
		clock.advance(time.Minute)
		s.look(j)
		wantPlanned(t, ran, start.Add(-6*time.Hour).Add(2*time.Minute))
	}
}

// look has a host look at its alarms. A clock that a test moves can do so between a look and the timer that is set by it, which would
// wait for the clock's next move.
func (s *site) look(j *jobs.Jobs) {
	s.Helper()
	s.put(j, jobs.Schedule{ID: "other", Kind: "report", When: when.Spec{Every: 24 * time.Hour}})
}

// The clock comes to the same times again. For each of them a run was begun, and it stays one.
func TestAClockThatIsSetBackBeginsNoRunTwice(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	kind, ran := reporting()
	j := s.host(nil, kind)
	s.put(j, jobs.Schedule{ID: "often", Kind: "report", When: when.Spec{Cron: "*/10 * * * *"}})
	for range 2 {
		clock.advance(10 * time.Minute)
		s.untilState(j, s.until10(j, clock), jobs.Done)
	}
	wantPlanned(t, ran, start.Add(10*time.Minute), start.Add(20*time.Minute))
	clock.advance(-15 * time.Minute) // to five minutes past
	s.look(j)
	s.untilNext(j, "often", start.Add(10*time.Minute))
	for range 2 {
		clock.advance(10 * time.Minute)
		s.look(j)
		s.until10(j, clock)
	}
	clock.advance(10 * time.Minute)
	s.look(j)
	wantPlanned(t, ran, start.Add(30*time.Minute))
}

// until10 waits until a schedule for every ten minutes is due after now, and returns its last run.
func (s *site) until10(j *jobs.Jobs, c *clock) jobs.RunID {
	s.Helper()
	return s.untilNext(j, "often", c.Now().Truncate(10*time.Minute).Add(10*time.Minute)).LastRun
}
