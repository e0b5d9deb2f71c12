package jobs_test

import (
	"context"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/when"
)

// Tests of this file set the clock of the machine, on one that `make machine` made for them.
func onMachine(t *testing.T) {
	t.Helper()
	if os.Getenv("PERGOLA_MACHINE") == "" {
		t.Skip("it sets the clock of a whole machine: make machine")
	}
}

// setClock sets the clock of the machine by so much, until the test has ended.
func setClock(t *testing.T, by time.Duration) {
	t.Helper()
	set := func(by time.Duration) {
		to := syscall.NsecToTimeval(time.Now().Add(by).UnixNano())
		if err := syscall.Settimeofday(&to); err != nil {
			t.Fatal(err)
		}
	}
	set(by)
	t.Cleanup(func() { set(-by) })
}

// jumps are those that a real clock makes: an operator's mistake, a battery that is empty, a virtual machine that was asleep.
var jumps = []time.Duration{-6 * time.Hour, 6 * time.Hour, -20 * 365 * 24 * time.Hour}

func eachJump(t *testing.T, f func(t *testing.T, s *site, jump time.Duration)) {
	onMachine(t)
	for _, jump := range jumps {
		t.Run(jump.String(), func(t *testing.T) { f(t, newSite(t), jump) })
	}
}

// tally is what steps did, by their ids.
type tally struct {
	mu   sync.Mutex
	done map[jobs.StepID]int
}

func (y *tally) note(id jobs.StepID) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.done == nil {
		y.done = map[jobs.StepID]int{}
	}
	y.done[id]++
}

func TestMachineClockThatJumpsLosesAndStopsNothing(t *testing.T) {
	eachJump(t, func(t *testing.T, s *site, jump time.Duration) {
		var steps tally
		jumped := make(chan struct{})
		under := make(chan struct{}, 100)
		work := func(_ context.Context, step jobs.Step) (jobs.Next, error) {
			steps.note(step.ID)
			return jobs.Next{Done: step.Number == 4, Add: 1}, nil
		}
		long := func(ctx context.Context, step jobs.Step) (jobs.Next, error) {
			under <- struct{}{}
			select {
			case <-jumped:
			case <-ctx.Done():
				return jobs.Next{}, ctx.Err()
			}
			return jobs.Next{Done: step.Number == 1, Add: 1}, nil
		}
		j := s.host(func(c *jobs.Config) { c.Workers, c.PerTenant = 2, 2 }, pausing(2*time.Second),
			jobs.Kind{Name: "work", Step: work}, jobs.Kind{Name: "long", Step: long})

		before := s.start(j, jobs.Request{Kind: "work"})
		s.untilState(j, before, jobs.Done)
		waiting := s.start(j, jobs.Request{Kind: "pausing"})
		s.untilState(j, waiting, jobs.Waiting)
		var all []jobs.RunID
		for range 2 { // a worker each
			all = append(all, s.start(j, jobs.Request{Kind: "long"}))
			receive(t, "a step begins", under)
		}
		for range 5 {
			all = append(all, s.start(j, jobs.Request{Kind: "work"}))
		}
		setClock(t, jump)
		close(jumped)
		for range 5 {
			all = append(all, s.start(j, jobs.Request{Kind: "work"}))
		}
		for _, id := range append(all, waiting) {
			s.untilState(j, id, jobs.Done)
		}
		for id, n := range steps.done {
			if n != 1 && jump < 0 { // leases that run out at once have steps done again, under the same id
				t.Errorf("step %s was done %d times", id, n)
			}
		}
		if len(steps.done) != 11*5 {
			t.Errorf("%d steps were done, want %d", len(steps.done), 11*5)
		}
		if r, err := j.Run(t.Context(), acme, before); err != nil || r.State != jobs.Done || r.Done != 5 {
			t.Errorf("the run of before is %+v, %v", r, err)
		}
		s.must(j.Healthy())
	})
}

func TestMachineClockThatJumpsStopsNoSchedule(t *testing.T) {
	eachJump(t, func(t *testing.T, s *site, jump time.Duration) {
		kind, ran := reporting()
		j := s.host(nil, kind)
		s.put(j, jobs.Schedule{ID: "often", Kind: "report", When: when.Spec{Every: time.Second}, Overlap: jobs.OverlapAllow})
		receive(t, "a run before the jump", ran)
		setClock(t, jump)
		since := time.Now().Round(0)
		for at := (time.Time{}); at.Before(since) || at.After(since.Add(time.Hour)); {
			at = receive(t, "a run that is planned by the clock as it is", ran)
		}
		receive(t, "one more", ran)
	})
}

func TestMachineClockThatJumpsKeepsRecords(t *testing.T) {
	eachJump(t, func(t *testing.T, s *site, jump time.Duration) {
		kind, _ := reporting()
		j := s.host(nil, kind)
		id := s.start(j, jobs.Request{Kind: "report"})
		s.untilState(j, id, jobs.Done)
		setClock(t, jump)
		s.must(j.Sweep(t.Context()))
		if r, err := j.Run(t.Context(), acme, id); err != nil || r.State != jobs.Done {
			t.Errorf("the run is %+v, %v", r, err)
		}
		// Its time runs out all the same, by the clock that says when it ended.
		n, err := j.Expire(t.Context(), acme, time.Now().Add(31*24*time.Hour+max(0, -jump)))
		if err != nil || n != 1 {
			t.Errorf("%d runs were deleted, %v, want 1", n, err)
		}
	})
}

// The tokens of a queue that was made later may be smaller, when the clock was set back in between.
func TestMachineClockSetBackLetsNewQueueTakeOver(t *testing.T) {
	onMachine(t)
	s := newSite(t)
	kind := jobs.Kind{Name: "long", Step: func(_ context.Context, step jobs.Step) (jobs.Next, error) {
		return jobs.Next{Done: step.Number == 1, After: time.Hour, Add: 1}, nil
	}}
	j := s.host(nil, kind)
	id := s.start(j, jobs.Request{Kind: "long"})
	s.untilState(j, id, jobs.Waiting)
	s.must(j.Close(t.Context()))
	setClock(t, -6*time.Hour)
	s.must(os.RemoveAll(s.dir))
	j = s.host(nil, kind)
	if r := s.untilState(j, id, jobs.Done); r.Done != 2 {
		t.Errorf("done %d, want 2", r.Done)
	}
}
