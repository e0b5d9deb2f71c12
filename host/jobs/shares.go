package jobs

import (
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// shares says which tenant had least work so far, in units of its weight: start-time fair queueing (Goyal, Vin, Cheng 1996). A
// tenant that was idle begins where the others are, and cannot save up.
type shares struct {
	weight func(capability.TenantID) int
	clock  time.Duration // what the tenant had that was served last
	had    map[capability.TenantID]time.Duration
}

// maxIdle is how many tenants that wait for nothing are remembered.
const maxIdle = 4096

func newShares(weight func(capability.TenantID) int) shares {
	return shares{weight: weight, had: map[capability.TenantID]time.Duration{}}
}

// at is where a tenant stands.
func (s *shares) at(t capability.TenantID) time.Duration { return max(s.had[t], s.clock) }

// before says whether a comes before b.
func (s *shares) before(a, b capability.TenantID) bool {
	if x, y := s.at(a), s.at(b); x != y {
		return x < y
	}
	return a < b
}

// turn notes that a tenant is served.
func (s *shares) turn(t capability.TenantID) {
	s.clock = s.at(t)
	s.had[t] = s.clock
	if len(s.had) <= maxIdle {
		return
	}
	for other, had := range s.had {
		if had < s.clock {
			delete(s.had, other) // it stands at the clock without being remembered
		}
	}
}

// charge adds work to what a tenant had.
func (s *shares) charge(t capability.TenantID, work time.Duration) {
	s.had[t] += work / time.Duration(max(1, s.weight(t)))
}
