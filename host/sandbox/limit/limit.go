// Package limit decides which calls of apps a site refuses for coming too often, by the three rules of Jira Cloud that
// hold at the same time: points for each hour, calls for each second and endpoint, writes for each issue. It knows
// nothing of who may do what. Start with [New]; [Limiter.Admit] comes before a call, [Limiter.Charge] after it.
//
// The rules are those of https://developer.atlassian.com/cloud/jira/platform/rate-limiting/ in autumn 2026.
package limit

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Reason is the value of the header RateLimit-Reason: which rule refused a call.
type Reason string

// The four reasons.
const (
	GlobalQuota Reason = "jira-quota-global-based"
	TenantQuota Reason = "jira-quota-tenant-based"
	Burst       Reason = "jira-burst-based"
	IssueWrites Reason = "jira-per-issue-on-write"
)

// Reasons lists all of them.
var Reasons = []Reason{GlobalQuota, TenantQuota, Burst, IssueWrites}

// Call is one request of an app.
type Call struct {
	App    string // key of the app, or id of an OAuth client
	Method string
	Route  string // the endpoint's path with its placeholders, such as "/rest/api/3/issue/{issueIdOrKey}"
	Issue  string // id of the issue that the call writes, "" for none
	Write  bool   // the call changes something; searches are reads though they are posted
}

// Limiter keeps count of calls. It is safe for concurrent use. Counters live in memory: a restarted site begins anew.
type Limiter struct {
	now func() time.Time

	mu       sync.Mutex
	settings Settings
	hour     time.Time // start of the hour that the accounts are for
	accounts map[string]*account
	buckets  map[endpoint]*bucket
	issues   map[string][]time.Time // times of the latest writes, oldest first
}

type endpoint struct{ method, route string }

// account is what one app used in this hour.
type account struct {
	points, calls int
	refused       map[Reason]int
}

// bucket holds the calls that an endpoint takes at once. It fills up at the endpoint's rate.
type bucket struct {
	tokens float64
	at     time.Time
}

// New returns a limiter with nothing counted yet. A nil clock is time.Now.
func New(s Settings, clock func() time.Time) (*Limiter, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if clock == nil {
		clock = time.Now
	}
	return &Limiter{
		now: clock, settings: s.clone(),
		accounts: map[string]*account{}, buckets: map[endpoint]*bucket{}, issues: map[string][]time.Time{},
	}, nil
}

// Settings returns the rules in force.
func (l *Limiter) Settings() Settings {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settings.clone()
}

// Set replaces the rules. Points that were used stay used; buckets and writes are counted anew.
func (l *Limiter) Set(s Settings) error {
	if err := s.check(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settings = s.clone()
	clear(l.buckets)
	clear(l.issues)
	return nil
}

// Reset forgets everything that was counted.
func (l *Limiter) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.accounts)
	clear(l.buckets)
	clear(l.issues)
}

// Admit counts a call that is about to be carried out, or returns why it must not be; a refused call costs nothing.
func (l *Limiter) Admit(c Call) *Refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.settings.Off {
		return nil
	}
	now := l.now().UTC()
	a := l.account(c.App, now)
	refusal := l.refusal(a, c, now)
	if refusal != nil {
		a.refused[refusal.Reason]++
		return refusal
	}
	a.points++
	a.calls++
	l.bucket(c, now).tokens--
	if c.Write && c.Issue != "" {
		l.issues[c.Issue] = append(l.issues[c.Issue], now)
	}
	return nil
}

func (l *Limiter) refusal(a *account, c Call, now time.Time) *Refusal {
	if quota := l.settings.quota(); a.points >= quota {
		return &Refusal{Reason: l.settings.quotaReason(), Limit: quota, Reset: l.hour.Add(time.Hour), now: now}
	}
	if b, rate := l.bucket(c, now), l.settings.rate(c.Method, c.Route); b.tokens < 1 {
		wait := time.Duration((1 - b.tokens) / float64(rate) * float64(time.Second))
		return &Refusal{Reason: Burst, Limit: rate, Reset: now.Add(wait), now: now}
	}
	if !c.Write || c.Issue == "" {
		return nil
	}
	l.forgetWrites(now)
	writes := l.issues[c.Issue]
	for _, w := range l.settings.IssueWrites {
		if len(writes) < w.Writes {
			continue
		}
		// The window is free again when the oldest of its writes has left it.
		if free := writes[len(writes)-w.Writes].Add(time.Duration(w.In)); now.Before(free) {
			return &Refusal{Reason: IssueWrites, Limit: w.Writes, Reset: free, now: now}
		}
	}
	return nil
}

// Charge adds the points for what an admitted call has read, and returns how its app stands. The points are known only
// when the answer is there, so the last call of an hour may take an app over its quota.
func (l *Limiter) Charge(c Call, points int) Standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.settings.Off {
		return Standing{}
	}
	now := l.now().UTC()
	a := l.account(c.App, now)
	if !c.Write {
		a.points += points
	}
	return Standing{
		policy: l.settings.policy(), quota: l.settings.quota(), left: max(0, l.settings.quota()-a.points), reset: l.hour.Add(time.Hour),
		rate: l.settings.rate(c.Method, c.Route), tokens: max(0, int(l.bucket(c, now).tokens)), now: now, on: true,
	}
}

// account finds an app's account of this hour; all accounts end with the hour, in UTC.
func (l *Limiter) account(app string, now time.Time) *account {
	if hour := now.Truncate(time.Hour); !hour.Equal(l.hour) {
		l.hour = hour
		clear(l.accounts)
	}
	a := l.accounts[app]
	if a == nil {
		a = &account{refused: map[Reason]int{}}
		l.accounts[app] = a
	}
	return a
}

// bucket finds the bucket of a call's endpoint, filled up to now. All apps of a site share it.
func (l *Limiter) bucket(c Call, now time.Time) *bucket {
	full := float64(l.settings.rate(c.Method, c.Route))
	at := endpoint{c.Method, c.Route}
	b := l.buckets[at]
	if b == nil {
		b = &bucket{tokens: full, at: now}
		l.buckets[at] = b
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens, b.at = min(full, b.tokens+passed.Seconds()*full), now
	}
	return b
}

// forgetWrites drops writes that are in no window any more, so that issues do not pile up.
func (l *Limiter) forgetWrites(now time.Time) {
	var longest time.Duration
	for _, w := range l.settings.IssueWrites {
		longest = max(longest, time.Duration(w.In))
	}
	maps.DeleteFunc(l.issues, func(issue string, writes []time.Time) bool {
		kept := slices.DeleteFunc(writes, func(t time.Time) bool { return now.Sub(t) >= longest })
		l.issues[issue] = kept
		return len(kept) == 0
	})
}

// Usage is what one app used in the current hour.
type Usage struct {
	App       string         `json:"app"`
	Points    int            `json:"points"`
	Limit     int            `json:"limit"`
	Remaining int            `json:"remaining"`
	Reset     time.Time      `json:"reset"`
	Calls     int            `json:"calls"`
	Refused   map[Reason]int `json:"refused"`
}

// Usage lists the apps that called in this hour, by key.
func (l *Limiter) Usage() []Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now().UTC().Truncate(time.Hour); !now.Equal(l.hour) {
		return []Usage{}
	}
	out := make([]Usage, 0, len(l.accounts))
	quota := l.settings.quota()
	for app, a := range l.accounts {
		out = append(out, Usage{app, a.points, quota, max(0, quota-a.points), l.hour.Add(time.Hour), a.calls, maps.Clone(a.refused)})
	}
	slices.SortFunc(out, func(a, b Usage) int { return cmp.Compare(a.App, b.App) })
	return out
}
