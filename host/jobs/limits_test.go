package jobs_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
)

// gauge counts what happens at the same time.
type gauge struct {
	mu        sync.Mutex
	now, most map[string]int
}

func newGauge() *gauge { return &gauge{now: map[string]int{}, most: map[string]int{}} }

func (g *gauge) enter(names ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range names {
		g.now[name]++
		g.most[name] = max(g.most[name], g.now[name])
	}
}

func (g *gauge) leave(names ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range names {
		g.now[name]--
	}
}

func TestLimitsOfTenantsAndKeysHoldOverAllHosts(t *testing.T) {
	eachQueue(t, func(t *testing.T, s *site) {
		g := newGauge()
		kind := jobs.Kind{Name: "keyed", KeyLimit: 2, Step: func(ctx context.Context, step jobs.Step) (jobs.Next, error) {
			names := []string{string(step.Tenant), string(step.Tenant) + string(step.Input)}
			g.enter(names...)
			defer g.leave(names...)
			select { // long enough to meet others
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
			return jobs.Next{Done: step.Number == 3}, nil
		}}
		limit := func(c *jobs.Config) { c.PerTenant = 3 }
		hosts := []*jobs.Jobs{s.host(limit, kind)}
		if s.dir == "" {
			hosts = append(hosts, s.host(limit, kind), s.host(limit, kind))
		}
		type started struct {
			tenant capability.TenantID
			id     jobs.RunID
		}
		var runs []started
		for i := range 24 {
			tenant := capability.TenantID(fmt.Sprint("t", i%2))
			key := "k0"
			if i%8 >= 6 {
				key = "k1"
			}
			id, err := hosts[i%len(hosts)].Start(t.Context(), tenant, jobs.Request{Kind: "keyed", Key: key, Input: []byte(key)})
			s.must(err)
			runs = append(runs, started{tenant, id})
		}
		for _, r := range runs {
			s.untilDone(hosts[0], r.tenant, r.id)
		}
		for _, tenant := range []string{"t0", "t1"} {
			if most := g.most[tenant]; most > 3 || most < 2 {
				t.Errorf("tenant %s: %d at the same time, want at most 3, and more than one", tenant, most)
			}
			if most := g.most[tenant+"k0"]; most != 2 {
				t.Errorf("the busy key of tenant %s: %d at the same time, want 2", tenant, most)
			}
			if most := g.most[tenant+"k1"]; most > 2 {
				t.Errorf("the other key of tenant %s: %d at the same time, want at most 2", tenant, most)
			}
		}
	})
}

func (s *site) untilDone(j *jobs.Jobs, t capability.TenantID, id jobs.RunID) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	progress, err := j.Watch(ctx, t, id)
	s.must(err)
	var last jobs.Run
	for p := range progress {
		last = p.Run
	}
	if last.State != jobs.Done {
		s.Fatalf("run %s of %s is %s at step %d", id, t, last.State, last.Step)
	}
}

// A flood of one tenant's long runs is there before the others', and one worker does all.
func TestOneTenantsFloodDoesNotKeepOthersWaiting(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	var mu sync.Mutex
	var served []capability.TenantID
	all := make(chan bool)
	kind := jobs.Kind{Name: "busy", Step: func(_ context.Context, step jobs.Step) (jobs.Next, error) {
		clock.advance(100 * time.Millisecond) // work takes time, and that of one worker follows on that of the other
		mu.Lock()
		defer mu.Unlock()
		if served = append(served, step.Tenant); len(served) == 120 {
			close(all)
		}
		return jobs.Next{Done: step.Number == 49}, nil
	}}
	j := s.open(func(c *jobs.Config) {
		c.Workers, c.Quantum = 1, 200*time.Millisecond
		c.Weight = func(t capability.TenantID) int {
			if t == "heavy" {
				return 2
			}
			return 1
		}
	}, kind)
	for range 50 {
		_, err := j.Start(t.Context(), "flood", jobs.Request{Kind: "busy", Priority: jobs.MaxPriority})
		s.must(err)
	}
	for _, tenant := range []capability.TenantID{"small", "heavy"} {
		_, err := j.Start(t.Context(), tenant, jobs.Request{Kind: "busy", Priority: jobs.MinPriority})
		s.must(err)
	}
	s.must(j.Work())
	receive(t, "120 steps", all)
	mu.Lock()
	defer mu.Unlock()
	count := map[capability.TenantID]int{}
	for _, tenant := range served[:96] {
		count[tenant]++
	}
	// Shares are 1 : 1 : 2; a turn of two steps more or less is none's fault.
	for tenant, want := range map[capability.TenantID]int{"flood": 24, "small": 24, "heavy": 48} {
		if got := count[tenant]; got < want-4 || got > want+4 {
			t.Errorf("tenant %s had %d of 96 steps, want about %d", tenant, got, want)
		}
	}
}

func TestPriorityIsAHeadStartAmongATenantsRuns(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	order := make(chan string, 10)
	j := s.open(func(c *jobs.Config) { c.Workers = 1 }, jobs.Kind{Name: "note", Step: func(_ context.Context, step jobs.Step) (jobs.Next, error) {
		order <- string(step.Input)
		return jobs.Next{Done: true}, nil
	}})
	for _, q := range []jobs.Request{
		{Input: []byte("second"), Priority: -1}, // has waited for 9 minutes longer, less 5
		{Input: []byte("fourth"), Priority: -2},
		{Input: []byte("third"), Priority: 0},
		{Input: []byte("first"), Priority: 2},
	} {
		q.Kind = "note"
		if string(q.Input) == "third" {
			clock.advance(9 * time.Minute)
		}
		s.start(j, q)
	}
	s.must(j.Work())
	for _, want := range []string{"first", "second", "third", "fourth"} {
		if got := receive(t, want, order); got != want {
			t.Errorf("%s came, want %s", got, want)
		}
	}
}
