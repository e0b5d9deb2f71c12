// Package fault makes a site misbehave on purpose, by rules: slow answers, refusals, errors, connections that are cut,
// answers that are lost after the write was done, clocks that are wrong, webhooks that come twice or not at all. What an
// app does then can be tested, since the same seed and the same requests meet the same faults.
//
// Start with [New] and [Set.Add]; [Set.Serve] answers a request under the rules, [Set.Deliver] says what happens to a
// webhook, and [Set.Log] tells what was done to whom.
package fault

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Config says how a set of rules behaves. The zero value works.
type Config struct {
	// Seed decides what rules with a probability or a spread do.
	Seed uint64
	// Clock is the time at which rules end and entries are logged. nil is time.Now.
	Clock func() time.Time
	// Wait waits for the duration or the end of the context. nil waits in real time, at most until [Set.Stop].
	Wait func(ctx context.Context, d time.Duration)
	// Keep is how many entries the log holds; 0 is 200.
	Keep int
}

// Set holds the rules of a site. It is safe for concurrent use. Rules live in memory: a restarted site is a healthy one.
type Set struct {
	seed uint64
	now  func() time.Time
	wait func(context.Context, time.Duration)
	keep int
	stop context.CancelFunc

	mu    sync.Mutex
	last  int // number of the latest rule
	rules []*active
	log   []Entry // oldest first
}

// active is a rule with its own dice, so that what one rule does never depends on how often another was asked.
type active struct {
	Rule
	met, applied int
	dice         *rand.Rand
}

// State is a rule and how often it was used.
type State struct {
	Rule
	Met     int `json:"met"`     // requests or webhooks that it fits
	Applied int `json:"applied"` // those of them that it hit
}

// Entry is one fault that was applied.
type Entry struct {
	Time   time.Time `json:"time"`
	Rule   string    `json:"rule"`
	Effect Effect    `json:"effect"`
	Target Target    `json:"target"`
	Did    string    `json:"did"`
}

// Target is what a fault can be applied to.
type Target struct {
	On     Place  `json:"on"`
	App    string `json:"app,omitempty"`
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`  // without query: of the request, or of the app's address for webhooks
	Event  string `json:"event,omitempty"` // of webhooks
}

// New returns a set without rules.
func New(cfg Config) *Set {
	s := &Set{seed: cfg.Seed, now: cfg.Clock, wait: cfg.Wait, keep: cfg.Keep}
	if s.now == nil {
		s.now = time.Now
	}
	if s.wait == nil {
		stopped, stop := context.WithCancel(context.Background())
		s.stop = stop
		s.wait = func(ctx context.Context, d time.Duration) { wait(ctx, stopped, d) }
	}
	if s.keep == 0 {
		s.keep = 200
	}
	return s
}

func wait(ctx, stopped context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-stopped.Done():
	}
}

// Stop ends what waits, now and from now on: a server that shuts down waits for its answers.
func (s *Set) Stop() {
	if s.stop != nil {
		s.stop()
	}
}

// Add takes a rule and returns it with its id and defaults, or says what is wrong with it.
func (s *Set) Add(r Rule) (State, error) {
	if err := r.normalize(); err != nil {
		return State{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	r.ID = strconv.Itoa(s.last)
	if r.For > 0 {
		r.Until, r.For = s.now().UTC().Add(time.Duration(r.For)), 0
	}
	source := rand.NewPCG(s.seed, uint64(s.last))
	if r.Seed != 0 {
		source = rand.NewPCG(r.Seed, 0) // whatever number the rule has
	}
	s.rules = append(s.rules, &active{Rule: r, dice: rand.New(source)}) //nolint:gosec // faults have to be repeatable, not hard to guess
	return State{Rule: r}, nil
}

// Remove ends a rule, and says whether there was one.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(a *active) bool { return a.ID == id })
	return len(s.rules) < before
}

// Clear ends all rules.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Rules lists the rules in force, in the order in which they came.
func (s *Set) Rules() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	out := make([]State, 0, len(s.rules))
	for _, a := range s.rules {
		out = append(out, State{a.Rule, a.met, a.applied})
	}
	return out
}

// Log returns the faults that were applied, the latest first.
func (s *Set) Log() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.log)
	slices.Reverse(out)
	if out == nil {
		out = []Entry{}
	}
	return out
}

// expire drops rules whose time or number is over. The caller holds s.mu.
func (s *Set) expire() {
	now := s.now()
	s.rules = slices.DeleteFunc(s.rules, func(a *active) bool {
		return a.Times > 0 && a.applied >= a.Times || !a.Until.IsZero() && !now.Before(a.Until)
	})
}

// hit is a rule that applies, with what its dice gave.
type hit struct {
	Rule
	delay time.Duration
}

// hits asks the rules in order. Of the effects that decide an answer only the first counts, so later ones are not asked.
func (s *Set) hits(t Target) []hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	var out []hit
	decided := false
	for _, a := range s.rules {
		if a.Effect.decides() && decided || !a.fits(t) {
			continue
		}
		a.met++
		if a.Every > 0 && a.met%a.Every != 0 || a.Probability > 0 && a.dice.Float64() >= a.Probability {
			continue
		}
		a.applied++
		decided = decided || a.Effect.decides()
		out = append(out, hit{a.Rule, a.pause(a.dice)})
	}
	return out
}

func (s *Set) record(h hit, t Target, did string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, Entry{s.now().UTC(), h.ID, h.Effect, t, did})
	if over := len(s.log) - s.keep; over > 0 {
		s.log = slices.Delete(s.log, 0, over)
	}
}

// Skew is how far the site's clock is off for tokens that it signs for an app.
func (s *Set) Skew(app string) time.Duration {
	t := Target{On: Token, App: app}
	var off time.Duration
	for _, h := range s.hits(t) {
		off += time.Duration(h.Skew)
		s.record(h, t, "signed a token with a clock that is off by "+h.Skew.String())
	}
	return off
}
