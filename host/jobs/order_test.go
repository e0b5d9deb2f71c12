package jobs_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/sdk"
)

// told is a kind whose runs keep an order, and what they did so far.
type told struct {
	mu  sync.Mutex
	did []string
}

func (h *told) kind(fails func(input string, attempt int) bool) jobs.Kind {
	return jobs.Kind{Name: "tell", InOrder: true, Keep: time.Hour, Retry: jobs.Retry{First: time.Minute}, Step: func(_ context.Context, s jobs.Step) (jobs.Next, error) {
		if fails != nil && fails(string(s.Input), s.Attempt) {
			return jobs.Next{}, errors.New("not now")
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.did = append(h.did, string(s.Input))
		return jobs.Next{Done: true}, nil
	}}
}

func (h *told) all() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.did, " ")
}

func TestRunsThatKeepAnOrderWaitForTheOneBefore(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		clock, h := s.withClock(), &told{}
		j := s.host(nil, h.kind(func(input string, attempt int) bool { return input == "a2" && attempt == 0 }))
		var ids []jobs.RunID
		// They come in another order than that in which they happened.
		for _, what := range []struct {
			input string
			after time.Duration
		}{{"a2", 2 * time.Second}, {"a3", 3 * time.Second}, {"b1", time.Second}, {"a4", 4 * time.Second}} {
			ids = append(ids, s.start(j, jobs.Request{
				Kind: "tell", Input: []byte(what.input), Key: what.input[:1], Once: what.input, Happened: start.Add(what.after),
			}))
		}
		s.untilState(j, ids[2], jobs.Done)
		s.until(j, ids[0], "waits for its next try", func(r jobs.Run) bool { return r.State == jobs.Waiting && r.Attempt == 1 })
		if got := h.all(); got != "b1" {
			t.Errorf("while one waits for its next try, %q were done", got)
		}
		clock.advance(2 * time.Minute)
		s.untilState(j, ids[3], jobs.Done)
		if got := h.all(); got != "b1 a2 a3 a4" {
			t.Errorf("done in the order %q", got)
		}
	})
}

func TestADeadLetterLetsThoseBehindItPass(t *testing.T) {
	s, h := newSite(t), &told{}
	j := s.host(nil, jobs.Kind{Name: "tell", InOrder: true, Step: func(ctx context.Context, step jobs.Step) (jobs.Next, error) {
		if string(step.Input) == "bad" {
			return jobs.Next{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "never"}
		}
		return h.kind(nil).Step(ctx, step)
	}})
	bad := s.start(j, jobs.Request{Kind: "tell", Input: []byte("bad"), Key: "a", Once: "1", Happened: start})
	good := s.start(j, jobs.Request{Kind: "tell", Input: []byte("good"), Key: "a", Once: "2", Happened: start.Add(time.Second)})
	s.untilState(j, bad, jobs.Failed)
	s.untilState(j, good, jobs.Done)
	dead, err := j.DeadLetters(t.Context(), acme, "", 10)
	if err != nil || len(dead) != 1 || dead[0].ID != bad {
		t.Errorf("dead letters %v, %v", dead, err)
	}
}

func TestWhatBeginsOnceBeginsOneRun(t *testing.T) {
	s, h := newSite(t), &told{}
	j := s.host(nil, h.kind(nil))
	q := jobs.Request{Kind: "tell", Input: []byte("x"), Once: "message", Happened: start}
	first := s.start(j, q)
	s.untilState(j, first, jobs.Done)
	if again := s.start(j, q); again != first {
		t.Errorf("the second time it is %s, not %s", again, first)
	}
	q.Happened = start.Add(time.Second)
	if other := s.start(j, q); other == first {
		t.Error("what happened at another time is taken for the same")
	} else {
		s.untilState(j, other, jobs.Done)
	}
	if diff := cmp.Diff("x x", h.all()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	q.Happened = time.Time{}
	if _, err := j.Start(t.Context(), acme, q); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("without a time: %v", err)
	}
}

func TestAKindSaysForHowLongItsRunsAreKept(t *testing.T) {
	s, h := newSite(t), &told{}
	clock := s.withClock()
	j := s.host(nil, h.kind(nil), counting(nil))
	short := s.start(j, jobs.Request{Kind: "tell", Input: []byte("x")})
	long := s.start(j, jobs.Request{Kind: "count", Input: []byte("1")})
	s.untilState(j, short, jobs.Done)
	s.untilState(j, long, jobs.Done)
	if n, err := j.Expire(t.Context(), acme, clock.Now().Add(59*time.Minute)); n != 0 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if n, err := j.Expire(t.Context(), acme, clock.Now().Add(2*time.Hour)); n != 1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if _, err := j.Run(t.Context(), acme, short); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := j.Run(t.Context(), acme, long); err != nil {
		t.Error(err)
	}
}
