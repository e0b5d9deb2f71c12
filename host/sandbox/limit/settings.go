package limit

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Tier says how many points an app has in an hour.
type Tier string

// The tiers. Global is what an app has that Atlassian did not review: one pool for all sites together, of which this
// site is the only one here. The others are pools of this site alone, by its plan.
const (
	Global     Tier = "global"
	Standard   Tier = "standard"
	Premium    Tier = "premium"
	Enterprise Tier = "enterprise"
)

// tiers are points an hour: so many, and so many more for each user.
var tiers = map[Tier]struct{ base, perUser int }{
	Global: {65_000, 0}, Standard: {100_000, 10}, Premium: {130_000, 20}, Enterprise: {150_000, 30},
}

// Points says in words how many points a tier has in an hour.
func (t Tier) Points() string {
	n := tiers[t]
	if n.perUser == 0 {
		return strconv.Itoa(n.base)
	}
	return fmt.Sprintf("%d and %d a user", n.base, n.perUser)
}

// maxQuota is the most that users can add up to.
const maxQuota = 500_000

// Settings are the rules. The zero value is refused; begin with [Documented].
type Settings struct {
	Off    bool `json:"off"`    // nothing is limited or counted
	Tier   Tier `json:"tier"`   // whose quota apps have
	Users  int  `json:"users"`  // of the site; they raise the quota of all tiers but the global one
	Points int  `json:"points"` // an hour, whatever the tier says; 0 leaves it to the tier

	// Rates are calls a second by method, each for every endpoint by itself.
	Rates map[string]int `json:"rates"`
	// Endpoints are exceptions from Rates by method and route, such as "GET /rest/api/3/issue/{issueIdOrKey}".
	Endpoints map[string]int `json:"endpoints"`
	// IssueWrites are the windows of writes to one issue.
	IssueWrites []Window `json:"issueWrites"`
}

// Window is how many writes an issue takes in a time.
type Window struct {
	Writes int  `json:"writes"`
	In     Span `json:"in"`
}

// Span is a duration that is written as text in JSON, such as "2s".
type Span time.Duration

// String writes the span as Go does.
func (s Span) String() string { return time.Duration(s).String() }

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; empty text is 0.
func (s *Span) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = 0
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration; write one such as 1.5s", text)
	}
	*s = Span(d)
	return nil
}

// Documented are Atlassian's numbers for an app that was not reviewed. Of the endpoints with rates of their own it has
// only the one that is known for certain.
func Documented() Settings {
	return Settings{
		Tier:        Global,
		Rates:       map[string]int{"GET": 100, "POST": 100, "PUT": 50, "DELETE": 50},
		Endpoints:   map[string]int{"GET /rest/api/3/issue/{issueIdOrKey}": 150},
		IssueWrites: []Window{{20, Span(2 * time.Second)}, {100, Span(30 * time.Second)}},
	}
}

func (s Settings) check() error {
	if _, ok := tiers[s.Tier]; !ok {
		return fmt.Errorf("tier %q; want global, standard, premium or enterprise", s.Tier)
	}
	if s.Users < 0 || s.Points < 0 {
		return errors.New("users and points cannot be less than 0")
	}
	for _, rates := range []map[string]int{s.Rates, s.Endpoints} {
		for name, rate := range rates {
			if rate < 1 {
				return fmt.Errorf("rate of %s is %d; want at least 1 a second", name, rate)
			}
		}
	}
	for _, w := range s.IssueWrites {
		if w.Writes < 1 || w.In <= 0 {
			return fmt.Errorf("issueWrites: %d in %s; want at least 1 write in more than no time", w.Writes, w.In)
		}
	}
	return nil
}

func (s Settings) clone() Settings {
	s.Rates, s.Endpoints, s.IssueWrites = maps.Clone(s.Rates), maps.Clone(s.Endpoints), slices.Clone(s.IssueWrites)
	return s
}

// quota is how many points an app has in an hour.
func (s Settings) quota() int {
	if s.Points > 0 {
		return s.Points
	}
	t := tiers[s.Tier]
	return min(maxQuota, t.base+t.perUser*s.Users)
}

func (s Settings) quotaReason() Reason {
	if s.Tier == Global {
		return GlobalQuota
	}
	return TenantQuota
}

// policy is the quota's name in the Beta-RateLimit headers.
func (s Settings) policy() string {
	if s.Tier == Global {
		return "global-app-quota"
	}
	return "tenant-app-quota"
}

// anyRate is for methods that the settings do not name.
const anyRate = 100

// rate is how many calls a second an endpoint takes.
func (s Settings) rate(method, route string) int {
	if r, ok := s.Endpoints[method+" "+route]; ok {
		return r
	}
	if r, ok := s.Rates[method]; ok {
		return r
	}
	return anyRate
}
