package jobs_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/sdk"
)

// counting is a kind whose runs count to their input, in so many steps.
func counting(step func(context.Context, jobs.Step) error) jobs.Kind {
	return jobs.Kind{
		Name: "count", Counts: []string{"even", "odd"}, Retry: jobs.Retry{First: time.Millisecond, Attempts: 3},
		Step: func(ctx context.Context, s jobs.Step) (jobs.Next, error) {
			if step != nil {
				if err := step(ctx, s); err != nil {
					return jobs.Next{}, err
				}
			}
			to, err := strconv.Atoi(string(s.Input))
			if err != nil {
				return jobs.Next{}, jobs.Permanent(err)
			}
			at := 0
			if s.Cursor != nil {
				if at, err = strconv.Atoi(string(s.Cursor)); err != nil {
					return jobs.Next{}, jobs.Permanent(err)
				}
			}
			if at != s.Number {
				return jobs.Next{}, jobs.Permanent(fmt.Errorf("step %d has the cursor %d", s.Number, at))
			}
			at++
			name := "odd"
			if at%2 == 0 {
				name = "even"
			}
			return jobs.Next{Cursor: []byte(strconv.Itoa(at)), Done: at == to, Add: 1, Total: int64(to), Counts: map[string]int64{name: 1}}, nil
		},
	}
}

func TestARunGoesThroughItsSteps(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		var mu sync.Mutex
		var steps []string
		j := s.host(nil, counting(func(_ context.Context, step jobs.Step) error {
			mu.Lock()
			defer mu.Unlock()
			steps = append(steps, fmt.Sprintf("%s %d %s", strings.TrimPrefix(string(step.ID), string(step.Run)), step.Attempt, step.Cursor))
			return nil
		}))
		id := s.start(j, jobs.Request{Kind: "count", Input: []byte("4"), By: "5b10a"})
		r := s.untilState(j, id, jobs.Done)
		if diff := cmp.Diff([]string{"-0 0 ", "-1 0 1", "-2 0 2", "-3 0 3"}, steps); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		if r.Done != 4 || r.Total != 4 || r.Step != 4 || r.By != "5b10a" || r.Started.IsZero() || r.Ended.IsZero() {
			t.Errorf("the record is %+v", r)
		}
		if diff := cmp.Diff(map[string]int64{"even": 2, "odd": 2}, r.Counts); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		listed, err := j.Runs(t.Context(), acme, jobs.Query{State: jobs.Done, Kind: "count"})
		if err != nil || len(listed) != 1 || listed[0].ID != id {
			t.Errorf("listed %v, %v", listed, err)
		}
	})
}

func TestAStepThatFailsIsTriedAgainUnderTheSameID(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		var mu sync.Mutex
		tries := map[jobs.StepID][]int{}
		j := s.host(nil, counting(func(_ context.Context, step jobs.Step) error {
			mu.Lock()
			defer mu.Unlock()
			tries[step.ID] = append(tries[step.ID], step.Attempt)
			if step.Number == 1 && step.Attempt < 2 {
				return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "not now"}
			}
			return nil
		}))
		id := s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
		r := s.untilState(j, id, jobs.Done)
		want := map[jobs.StepID][]int{jobs.StepID(id + "-0"): {0}, jobs.StepID(id + "-1"): {0, 1, 2}, jobs.StepID(id + "-2"): {0}}
		if diff := cmp.Diff(want, tries); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
		if r.Done != 3 || r.Code != "" {
			t.Errorf("done %d, code %q", r.Done, r.Code)
		}
	})
}

func TestADeadLetterGoesOnFromItsFailedStep(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		var mu sync.Mutex
		broken, steps := true, map[int]int{}
		j := s.host(nil, counting(func(_ context.Context, step jobs.Step) error {
			mu.Lock()
			defer mu.Unlock()
			steps[step.Number]++
			if broken && step.Number == 2 {
				return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Customer Acme owes 7 EUR"}
			}
			return nil
		}))
		id := s.start(j, jobs.Request{Kind: "count", Input: []byte("4")})
		r := s.untilState(j, id, jobs.Failed)
		if r.Code != sdk.Unavailable || r.Source != sdk.FromDownstream || r.Attempt != 3 || r.Step != 2 || r.Done != 2 {
			t.Errorf("the dead letter is %+v", r)
		}
		dead, err := j.DeadLetters(t.Context(), acme, "", 10)
		if err != nil || len(dead) != 1 || dead[0].ID != id {
			t.Fatalf("dead letters %v, %v", dead, err)
		}
		mu.Lock()
		broken = false
		mu.Unlock()
		if n, err := j.Replay(t.Context(), acme, "count"); n != 1 || err != nil {
			t.Fatalf("replayed %d, %v", n, err)
		}
		if r := s.untilState(j, id, jobs.Done); r.Done != 4 {
			t.Errorf("done %d, want 4", r.Done)
		}
		if diff := cmp.Diff(map[int]int{0: 1, 1: 1, 2: 4, 3: 1}, steps); diff != "" {
			t.Errorf("how often each step was tried (-want +got):\n%s", diff)
		}
	})
}

func TestErrorsThatNoTryCanMendEndTheRunAtOnce(t *testing.T) {
	s := newSite(t)
	fails := map[string]error{
		"a code":     &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "no"},
		"Permanent":  jobs.Permanent(&sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: "no"}),
		"a new code": jobs.Permanent(&sdk.Error{Code: "Secret sauce", Source: "elsewhere", Message: "no"}),
	}
	j := s.host(nil, jobs.Kind{Name: "fail", Step: func(_ context.Context, step jobs.Step) (jobs.Next, error) {
		return jobs.Next{}, fails[string(step.Input)]
	}}, jobs.Kind{Name: "panic", Retry: jobs.Retry{Attempts: 1}, Step: func(context.Context, jobs.Step) (jobs.Next, error) {
		panic("Customer Acme owes 7 EUR")
	}}, jobs.Kind{Name: "greedy", Step: func(context.Context, jobs.Step) (jobs.Next, error) {
		return jobs.Next{Cursor: make([]byte, jobs.MaxCursor+1)}, nil
	}}, jobs.Kind{Name: "undeclared", Step: func(context.Context, jobs.Step) (jobs.Next, error) {
		return jobs.Next{Counts: map[string]int64{"Acme": 7}}, nil
	}})
	for _, tt := range []struct {
		kind, input string
		code        sdk.Code
		source      sdk.Source
	}{
		{"fail", "a code", sdk.PermissionDenied, sdk.FromPlugin},
		{"fail", "Permanent", sdk.Unavailable, sdk.FromHost},
		{"fail", "a new code", sdk.Internal, sdk.FromHost},
		{"panic", "", sdk.Internal, sdk.FromHost},
		{"greedy", "", sdk.Internal, sdk.FromHost},
		{"undeclared", "", sdk.Internal, sdk.FromHost},
	} {
		r := s.untilState(j, s.start(j, jobs.Request{Kind: tt.kind, Input: []byte(tt.input)}), jobs.Failed)
		if r.Code != tt.code || r.Source != tt.source || r.Attempt != 1 {
			t.Errorf("%s %s: %s from %s after %d attempts, want %s from %s", tt.kind, tt.input, r.Code, r.Source, r.Attempt, tt.code, tt.source)
		}
	}
}

func TestAPausedRunStopsAfterItsStepAndGoesOn(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		reached, go1 := make(chan int, 10), make(chan bool)
		j := s.host(nil, counting(func(_ context.Context, step jobs.Step) error {
			reached <- step.Number
			if step.Number == 1 {
				<-go1
			}
			return nil
		}))
		id := s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
		for receive(t, "a step", reached) != 1 {
		}
		s.must(j.Pause(t.Context(), acme, id))
		if r, err := j.Run(t.Context(), acme, id); err != nil || r.State != jobs.Running || r.Asked != jobs.Paused {
			t.Errorf("while its step is under way: %s, asked for %s, %v", r.State, r.Asked, err)
		}
		close(go1)
		if r := s.untilState(j, id, jobs.Paused); r.Step != 2 {
			t.Errorf("paused at step %d, want 2", r.Step)
		}
		s.must(j.Pause(t.Context(), acme, id))
		s.must(j.Resume(t.Context(), acme, id))
		if r := s.untilState(j, id, jobs.Done); r.Done != 3 {
			t.Errorf("done %d, want 3", r.Done)
		}
		if err := j.Resume(t.Context(), acme, id); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("resume what is done: %v", err)
		}
		if err := j.Pause(t.Context(), acme, id); sdk.CodeOf(err) != sdk.Exists {
			t.Errorf("pause what is done: %v", err)
		}
	})
}

func TestACanceledRunsStepIsInterrupted(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		reached := make(chan bool, 10)
		j := s.host(nil, counting(func(ctx context.Context, step jobs.Step) error {
			if step.Number == 1 && step.Attempt == 0 {
				reached <- true
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}))
		other := s.site2(j)
		id := s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
		receive(t, "the step", reached)
		s.must(other.Cancel(t.Context(), acme, id))
		if r := s.untilState(j, id, jobs.Canceled); r.Step != 1 || r.Ended.IsZero() {
			t.Errorf("canceled at step %d, ended %s", r.Step, r.Ended)
		}
		s.must(j.Cancel(t.Context(), acme, id))
	})
}

// site2 is another host that does not work, or the same one where there can be only one.
func (s *site) site2(j *jobs.Jobs) *jobs.Jobs {
	s.Helper()
	if s.dir != "" {
		return j
	}
	return s.open(nil)
}

func TestWhatIsNotUnderWayStopsAtOnce(t *testing.T) {
	s := newSite(t)
	s.withClock()
	j := s.host(nil, counting(nil))
	later := jobs.Request{Kind: "count", Input: []byte("1"), At: start.Add(time.Hour)}
	canceled, paused := s.start(j, later), s.start(j, later)
	s.must(j.Cancel(t.Context(), acme, canceled))
	s.must(j.Pause(t.Context(), acme, paused))
	for id, want := range map[jobs.RunID]jobs.State{canceled: jobs.Canceled, paused: jobs.Paused} {
		if r, err := j.Run(t.Context(), acme, id); err != nil || r.State != want {
			t.Errorf("%s, %v, want %s", r.State, err, want)
		}
	}
	s.must(j.Retry(t.Context(), acme, canceled))
	s.untilState(j, canceled, jobs.Done)
}

func TestARunWaitsForItsTime(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		clock := s.withClock()
		j := s.host(nil, jobs.Kind{Name: "slow", Step: func(_ context.Context, step jobs.Step) (jobs.Next, error) {
			return jobs.Next{After: time.Hour, Done: step.Number == 2}, nil
		}})
		id := s.start(j, jobs.Request{Kind: "slow", At: start.Add(time.Hour)})
		for step := range 3 {
			r := s.until(j, id, "waited", func(r jobs.Run) bool { return r.State == jobs.Waiting && r.Step == step })
			if want := clock.Now().Add(time.Hour); !r.Due.Equal(want) {
				t.Errorf("step %d is due at %s, want %s", step, r.Due, want)
			}
			clock.advance(time.Hour)
		}
		s.untilState(j, id, jobs.Done)
	})
}

func TestLaterSaysWhenTheNextTryIs(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	j := s.host(nil, jobs.Kind{Name: "limited", Step: func(_ context.Context, step jobs.Step) (jobs.Next, error) {
		if step.Attempt == 0 {
			return jobs.Next{}, jobs.Later(sdk.Errorf(sdk.Exhausted, "too many requests"), 17*time.Minute)
		}
		return jobs.Next{Done: true}, nil
	}})
	id := s.start(j, jobs.Request{Kind: "limited"})
	if r := s.untilState(j, id, jobs.Waiting); !r.Due.Equal(start.Add(17*time.Minute)) || r.Code != sdk.Exhausted {
		t.Errorf("due at %s, code %s", r.Due, r.Code)
	}
	clock.advance(17 * time.Minute)
	s.untilState(j, id, jobs.Done)
}

// Jira's limits are no fault of the run: it waits for as long as it takes.
func TestAStepThatIsToldToWaitHasNotFailed(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	told, mine := 0, 0
	busy := func(source sdk.Source) error {
		return fmt.Errorf("ask Jira: %w", &sdk.Error{Code: sdk.Exhausted, Source: source, Message: "too many requests", RetryAfter: 60})
	}
	j := s.host(nil, jobs.Kind{Name: "told", Retry: jobs.Retry{Attempts: 1}, Step: func(context.Context, jobs.Step) (jobs.Next, error) {
		if told++; told <= 5 {
			return jobs.Next{}, busy(sdk.FromDownstream)
		}
		return jobs.Next{Done: true}, nil
	}}, jobs.Kind{Name: "mine", Retry: jobs.Retry{Attempts: 1}, Step: func(context.Context, jobs.Step) (jobs.Next, error) {
		mine++
		return jobs.Next{}, busy(sdk.FromPlugin)
	}})
	id := s.start(j, jobs.Request{Kind: "told"})
	for range 5 {
		now := clock.Now()
		r := s.until(j, id, "waits anew", func(r jobs.Run) bool { return r.State == jobs.Waiting && r.Due.After(now) })
		if wait := r.Due.Sub(now); wait < time.Minute || wait > time.Minute+8*time.Second || r.Attempt != 0 || r.Code != sdk.Exhausted {
			t.Errorf("waits %s, attempt %d, code %s", wait, r.Attempt, r.Code)
		}
		clock.advance(r.Due.Sub(now))
	}
	s.untilState(j, id, jobs.Done)
	s.untilState(j, s.start(j, jobs.Request{Kind: "mine"}), jobs.Failed)
	if told != 6 || mine != 1 {
		t.Errorf("%d and %d tries, want 6 and 1", told, mine)
	}
	if (jobs.Retry{Attempts: 1}).Final(busy(sdk.FromDownstream), 7) || !(jobs.Retry{Attempts: 1}).Final(busy(sdk.FromPlugin), 0) {
		t.Error("a Kind is told otherwise")
	}
}

func TestStepsAreDoneInTheContextOfTheHost(t *testing.T) {
	s := newSite(t)
	type mark struct{}
	marked := make(chan bool, 1)
	j := s.open(func(c *jobs.Config) {
		c.Within = func(ctx context.Context) context.Context { return context.WithValue(ctx, mark{}, true) }
	}, jobs.Kind{Name: "marked", Step: func(ctx context.Context, _ jobs.Step) (jobs.Next, error) {
		marked <- ctx.Value(mark{}) == true
		return jobs.Next{Done: true}, nil
	}})
	if err := j.Work(); err != nil {
		t.Fatal(err)
	}
	s.untilState(j, s.start(j, jobs.Request{Kind: "marked"}), jobs.Done)
	if !<-marked {
		t.Error("the step's context is another one")
	}
}

func TestRequestsAreRefusedWithWhatToDo(t *testing.T) {
	s := newSite(t)
	j := s.open(func(c *jobs.Config) { c.MaxLive = 2 }, counting(nil))
	for name, q := range map[string]jobs.Request{
		"a kind that is not there": {Kind: "nothing"},
		"too much input":           {Kind: "count", Input: make([]byte, jobs.MaxInput+1)},
		"a priority":               {Kind: "count", Priority: 6},
		"a total":                  {Kind: "count", Total: -1},
	} {
		if _, err := j.Start(t.Context(), acme, q); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := j.Start(t.Context(), "a.b", jobs.Request{Kind: "count"}); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("a tenant that is none: %v", err)
	}
	s.start(j, jobs.Request{Kind: "count"})
	s.start(j, jobs.Request{Kind: "count"})
	if _, err := j.Start(t.Context(), acme, jobs.Request{Kind: "count"}); sdk.CodeOf(err) != sdk.Exhausted {
		t.Errorf("a third run: %v", err)
	}
	if _, err := j.Start(t.Context(), "other", jobs.Request{Kind: "count"}); err != nil {
		t.Errorf("another tenant's run: %v", err)
	}
	for _, id := range []jobs.RunID{"x", "00000000000000000000000000"} {
		if _, err := j.Run(t.Context(), acme, id); sdk.CodeOf(err) != sdk.NotFound {
			t.Errorf("run %s: %v", id, err)
		}
		if err := j.Cancel(t.Context(), acme, id); sdk.CodeOf(err) != sdk.NotFound {
			t.Errorf("cancel %s: %v", id, err)
		}
	}
}

func TestTenantsDoNotSeeEachOthersRuns(t *testing.T) {
	s := newSite(t)
	j := s.open(nil, counting(nil))
	id := s.start(j, jobs.Request{Kind: "count"})
	if _, err := j.Run(t.Context(), "other", id); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("another tenant reads the run: %v", err)
	}
	for name, f := range map[string]func() error{
		"cancel": func() error { return j.Cancel(t.Context(), "other", id) },
		"pause":  func() error { return j.Pause(t.Context(), "other", id) },
		"resume": func() error { return j.Resume(t.Context(), "other", id) },
		"retry":  func() error { return j.Retry(t.Context(), "other", id) },
		"watch":  func() error { _, err := j.Watch(t.Context(), "other", id); return err },
	} {
		if err := f(); sdk.CodeOf(err) != sdk.NotFound {
			t.Errorf("another tenant's %s: %v", name, err)
		}
	}
	if runs, err := j.Runs(t.Context(), "other", jobs.Query{}); len(runs) != 0 || err != nil {
		t.Errorf("another tenant lists %d runs, %v", len(runs), err)
	}
}

func TestNewerRunsAreListedFirstPageByPage(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	j := s.open(nil, counting(nil))
	var want []jobs.RunID
	for range 5 {
		clock.advance(time.Second)
		want = append([]jobs.RunID{s.start(j, jobs.Request{Kind: "count", Plugin: "acme.sync"})}, want...)
	}
	var got []jobs.RunID
	for after := jobs.RunID(""); ; {
		page, err := j.Runs(t.Context(), acme, jobs.Query{Plugin: "acme.sync", State: jobs.Queued, After: after, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			got, after = append(got, r.ID), r.ID
		}
		if len(page) < 2 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}
