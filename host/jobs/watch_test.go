package jobs_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/when"
)

func TestProgressIsWhatAPageShows(t *testing.T) {
	number := func(n int64) *int64 { return &n }
	percent := func(n int) *int { return &n }
	for _, tt := range []struct {
		name    string
		run     jobs.Run
		rate    float64
		left    *int64
		percent *int
	}{
		{"nothing is known", jobs.Run{State: jobs.Queued}, 0, nil, nil},
		{"it just began", jobs.Run{State: jobs.Running, Total: 100}, 0, nil, percent(0)},
		{"a quarter in five seconds", jobs.Run{State: jobs.Running, Total: 100, Done: 25, Worked: 5 * time.Second}, 5, number(15), percent(25)},
		{"nobody knows how much", jobs.Run{State: jobs.Running, Done: 25, Worked: 5 * time.Second}, 5, nil, nil},
		{"more than was thought", jobs.Run{State: jobs.Running, Total: 10, Done: 25, Worked: 5 * time.Second}, 5, nil, percent(100)},
		{"it is over", jobs.Run{State: jobs.Done, Total: 100, Done: 100, Worked: 5 * time.Second}, 20, nil, percent(100)},
		{"far away", jobs.Run{State: jobs.Running, Total: 1 << 62, Done: 1, Worked: 1000 * time.Hour}, 1.0 / 3_600_000, nil, percent(0)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.run.Progress()
			want := jobs.Progress{Run: tt.run, PerSecond: tt.rate, Left: tt.left, Percent: tt.percent}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("progress (-want +got):\n%s", diff)
			}
			if _, err := json.Marshal(got); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestASlowWatcherGetsTheLatestProgress(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		begin := make(chan bool)
		j := s.host(nil, counting(func(_ context.Context, step jobs.Step) error {
			if step.Number == 0 {
				<-begin
			}
			return nil
		}))
		id := s.start(j, jobs.Request{Kind: "count", Input: []byte("200")})
		slow, err := s.site2(j).Watch(t.Context(), acme, id)
		s.must(err)
		close(begin)
		s.untilState(j, id, jobs.Done)
		var seen []jobs.Progress
		for p := range slow {
			seen = append(seen, p)
		}
		if last := seen[len(seen)-1]; last.State != jobs.Done || last.Done != 200 {
			t.Errorf("the last is %s with %d done", last.State, last.Done)
		}
		if len(seen) > 10 {
			t.Errorf("a watcher that did not read got %d old states", len(seen))
		}
		for i := 1; i < len(seen); i++ {
			if seen[i].Rev <= seen[i-1].Rev {
				t.Errorf("revision %d comes after %d", seen[i].Rev, seen[i-1].Rev)
			}
		}
	})
}

func TestAWatcherOfATenantSeesItsRunsOnly(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		j := s.host(nil, counting(nil))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		all, err := s.site2(j).WatchAll(ctx, acme)
		s.must(err)
		for heard := false; !heard; { // until all nodes know that somebody listens
			s.start(j, jobs.Request{Kind: "count", Input: []byte("1")})
			select {
			case <-all:
				heard = true
			case <-time.After(20 * time.Millisecond):
			}
		}
		_, err = j.Start(t.Context(), "other", jobs.Request{Kind: "count", Input: []byte("1")})
		s.must(err)
		want := map[jobs.RunID]bool{}
		for range 3 {
			want[s.start(j, jobs.Request{Kind: "count", Input: []byte("2")})] = true
		}
		for len(want) > 0 {
			p := receive(t, "progress", all)
			if p.Tenant != acme {
				t.Errorf("progress of %s", p.Tenant)
			}
			if p.State == jobs.Done {
				delete(want, p.ID)
			}
		}
		cancel()
		for range all { // it is closed
		}
	})
}

func TestLoadCountsWhatThereIsToDo(t *testing.T) {
	s := newSite(t)
	s.withClock()
	reached, end := make(chan bool, 1), make(chan bool)
	kind := counting(func(context.Context, jobs.Step) error {
		reached <- true
		<-end
		return nil
	})
	j := s.host(func(c *jobs.Config) { c.Workers = 3 }, kind)
	s.put(j, jobs.Schedule{ID: "s", Kind: "count", Input: []byte("1"), When: when.Spec{Cron: "@daily"}})
	id := s.start(j, jobs.Request{Kind: "count", Input: []byte("1")})
	receive(t, "the step", reached)
	later := s.start(j, jobs.Request{Kind: "count", Input: []byte("1"), At: start.Add(time.Hour)})
	if diff := cmp.Diff(jobs.Load{Waiting: 2, Held: 1, Working: 1, Workers: 3, Schedules: 1}, j.Load()); diff != "" {
		t.Errorf("load (-want +got):\n%s", diff)
	}
	close(end)
	s.untilState(j, id, jobs.Done)
	s.must(j.Forget(t.Context(), acme))
	for deadline := time.Now().Add(patience); j.Load() != (jobs.Load{Workers: 3}); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after Forget: %+v", j.Load())
		}
	}
	if r, err := j.Run(t.Context(), acme, later); err != nil || r.State != jobs.Waiting {
		t.Errorf("the record of a run that the queue forgot: %s, %v", r.State, err)
	}
}

// A purge of the store takes the records; what is left on the queue goes by itself.
func TestRunsOfAPurgedTenantAreGivenUp(t *testing.T) {
	s := newSite(t)
	reached, end := make(chan bool, 1), make(chan bool)
	j := s.host(nil, counting(func(_ context.Context, step jobs.Step) error {
		if step.Number == 1 {
			reached <- true
			<-end
		}
		return nil
	}))
	s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
	receive(t, "the step", reached)
	purge(s, acme)
	close(end)
	for deadline := time.Now().Add(patience); j.Load().Waiting+j.Load().Working > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the run is not given up: %+v", j.Load())
		}
	}
	left, err := s.store.Collections(t.Context(), acme)
	s.must(err)
	if len(left) != 0 {
		t.Errorf("the purged tenant has %v again", left)
	}
}

func purge(s *site, tenant capability.TenantID) {
	s.Helper()
	_, err := s.keys.Shred(s.Context(), tenant)
	s.must(err)
	there, err := s.store.Collections(s.Context(), tenant)
	s.must(err)
	for _, c := range there {
		docs, err := s.store.List(s.Context(), listAll(tenant, c.Name))
		s.must(err)
		for _, d := range docs {
			_, err := s.store.Write(s.Context(), deleteOf(d))
			s.must(err)
		}
	}
}
