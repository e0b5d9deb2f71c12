package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/natstest"
)

// sink is the world in which steps have effects, each once by its id.
type sink struct {
	mu      sync.Mutex
	effects map[jobs.StepID]int // the position that the step had
	by      map[string]int      // effects of each host
	again   int                 // steps that had their effect before
	reached chan struct{}       // closed once there are so many
	enough  int
}

func newSink(enough int) *sink {
	return &sink{effects: map[jobs.StepID]int{}, by: map[string]int{}, reached: make(chan struct{}), enough: enough}
}

func (s *sink) effect(host string, step jobs.StepID, at int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, before := s.effects[step]; before {
		s.again++
		return
	}
	s.effects[step] = at
	if s.by[host]++; len(s.effects) == s.enough {
		close(s.reached)
	}
}

// member is one of several hosts.
type member struct {
	name string
	link *natstest.Link
	plug *plug
	dead atomic.Bool
	jobs *jobs.Jobs
}

// kill is the end of the host's machine: nothing that it does reaches anybody.
func (m *member) kill() {
	m.dead.Store(true)
	m.plug.pulled.Store(true)
	m.link.Cut()
}

func (m *member) kind(world *sink, steps int) jobs.Kind {
	return jobs.Kind{Name: "effect", Step: func(ctx context.Context, s jobs.Step) (jobs.Next, error) {
		at := 0
		if s.Cursor != nil {
			at, _ = strconv.Atoi(string(s.Cursor))
		}
		if m.dead.Load() {
			return jobs.Next{}, errors.New("this machine is no more")
		}
		world.effect(m.name, s.ID, at)
		select { // an end in here leaves an effect without a commit
		case <-ctx.Done():
			return jobs.Next{}, ctx.Err()
		case <-time.After(10 * time.Millisecond): // what a small step takes
		}
		at++
		return jobs.Next{Cursor: []byte(strconv.Itoa(at)), Done: at == steps, Add: 1, Total: int64(steps)}, nil
	}}
}

// effects is a run of a tenant.
type effects struct {
	tenant capability.TenantID
	id     jobs.RunID
}

// members are three hosts, each with a link to a node of its own.
func (s *site) members(nodes *natstest.Cluster, world *sink, steps int) []*member {
	s.Helper()
	members := make([]*member, 3)
	for i := range members {
		m := &member{name: fmt.Sprint("host", i), link: natstest.NewLink(s.T, nodes.Address(i)), plug: &plug{Store: s.store}}
		s.url = m.link.URL()
		m.jobs = s.host(func(c *jobs.Config) {
			c.Store, c.Lease, c.Workers, c.PerTenant, c.Grace = m.plug, 2*time.Second, 4, 8, 100*time.Millisecond
		}, m.kind(world, steps))
		members[i] = m
	}
	return members
}

func (s *site) startEffects(members []*member, n int) []effects {
	s.Helper()
	var all []effects
	for i := range n {
		tenant := capability.TenantID(fmt.Sprint("t", i%3))
		id, err := members[i%3].jobs.Start(s.Context(), tenant, jobs.Request{Kind: "effect"})
		s.must(err)
		all = append(all, effects{tenant, id})
	}
	return all
}

// wantEffects judges runs that are done: each step had its effect, and was committed once.
func (s *site) wantEffects(j *jobs.Jobs, world *sink, all []effects, steps int) {
	s.Helper()
	for _, r := range all {
		run, err := j.Run(s.Context(), r.tenant, r.id)
		s.must(err)
		if run.Step != steps || run.Done != int64(steps) {
			s.Errorf("run %s has %d steps and %d done, want %d", r.id, run.Step, run.Done, steps)
		}
		world.mu.Lock()
		for n := range steps {
			if at, ok := world.effects[jobs.StepID(fmt.Sprintf("%s-%d", r.id, n))]; !ok || at != n {
				s.Errorf("step %d of run %s: effect %d, %v", n, r.id, at, ok)
			}
		}
		world.mu.Unlock()
	}
	world.mu.Lock()
	defer world.mu.Unlock()
	if n := len(world.effects); n != len(all)*steps {
		s.Errorf("%d effects, want %d", n, len(all)*steps)
	}
}

// Links are cut by chance, for shorter and for longer than a lease, while runs are started.
func TestHostsThatAreCutOffByChanceReachTheSameFinalState(t *testing.T) {
	const steps = 15
	cuts := *kills / 2
	if cuts == 0 {
		cuts = 3
	}
	nodes := natstest.StartCluster(t)
	s := clusterSite(t, nodes.URL())
	world := newSink(-1)
	members := s.members(nodes, world, steps)
	random := rand.New(rand.NewPCG(3, 4))
	var all []effects
	for range cuts {
		all = append(all, s.startEffects(members, 9)...)
		m := members[random.IntN(3)]
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond) // the moment is by chance
		m.link.Cut()
		all = append(all, s.startEffects(members, 9)...) // the records are there; the queue learns of it later
		time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
		m.link.Mend()
	}
	for _, r := range all {
		s.untilDone(members[0].jobs, r.tenant, r.id)
	}
	s.wantEffects(members[0].jobs, world, all, steps)
	if *kills > 0 {
		fmt.Printf("figure splits_survived %d\nfigure runs_done_after_splits %d\nfigure steps_repeated_after_splits %d\n", cuts, len(all), world.again)
	}
}

// Three hosts work over three nodes. One host is killed; one is cut off from NATS, but not from the store, until it has lost its
// session; the node that it was connected to is restarted; and it comes back.
func TestThreeHostsOverThreeNodesReachTheSameFinalState(t *testing.T) {
	const runs, steps = 24, 20
	nodes := natstest.StartCluster(t)
	s := clusterSite(t, nodes.URL())
	world := newSink(runs * steps / 8)
	members := s.members(nodes, world, steps)
	all := s.startEffects(members, runs)
	receive(t, "the first effects", world.reached)
	members[0].kill()
	members[1].link.Cut()
	nodes.Stop(1)
	nodes.Start(1)
	for members[1].jobs.Healthy() == nil {
		time.Sleep(10 * time.Millisecond) // its lease ends by the clock of the machine
	}
	members[1].link.Mend()
	for _, r := range all {
		s.untilDone(members[2].jobs, r.tenant, r.id)
	}
	if err := members[2].jobs.Healthy(); err != nil {
		t.Errorf("the host that nothing happened to: %v", err)
	}
	s.wantEffects(members[2].jobs, world, all, steps)
	for _, m := range members {
		if world.by[m.name] == 0 {
			t.Errorf("%s had no effect, so nothing was shown about it", m.name)
		}
	}
	for members[1].jobs.Healthy() != nil && t.Context().Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	after, err := members[1].jobs.Start(t.Context(), acme, jobs.Request{Kind: "effect"})
	s.must(err)
	s.untilDone(members[1].jobs, acme, after)
	t.Logf("effects by host: %v; tried again: %d", world.by, world.again)
}
