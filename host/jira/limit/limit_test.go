package limit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira/limit"
	atlassian "github.com/pergola-platform/pergola/host/sandbox/limit"
)

func open(t testing.TB, c limit.Config) *limit.Limiter {
	t.Helper()
	l, err := limit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func get(site string) limit.Call {
	return limit.Call{Site: capability.TenantID(site), Method: http.MethodGet, Path: "/rest/api/3/myself"}
}

func edit(site, issue string) limit.Call {
	return limit.Call{Site: capability.TenantID(site), Method: http.MethodPut, Path: "/rest/api/3/issue/" + issue}
}

// refusal is Jira's answer to a call that comes too often.
func refusal(reason limit.Reason, after time.Duration, left int) limit.Answer {
	return limit.Read(http.StatusTooManyRequests, http.Header{
		"Ratelimit-Reason": {string(reason)}, "Retry-After": {strconv.Itoa(int(after / time.Second))}, "X-Ratelimit-Remaining": {strconv.Itoa(left)},
	}, time.Now())
}

// tell has Jira refuse a call.
func tell(t *testing.T, l *limit.Limiter, c limit.Call, a limit.Answer) {
	t.Helper()
	p, err := l.Acquire(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p.Done(a)
}

// waits is how long a call waits for leave.
func waits(t *testing.T, l *limit.Limiter, ctx context.Context, c limit.Call) (time.Duration, error) { //nolint:revive // the test comes first
	t.Helper()
	began := time.Now()
	p, err := l.Acquire(ctx, c)
	if err == nil {
		p.Done(limit.Answer{})
	}
	return time.Since(began), err
}

// expect fails unless a call waits for so long.
func expect(t *testing.T, l *limit.Limiter, name string, ctx context.Context, c limit.Call, want time.Duration) { //nolint:revive // as above
	t.Helper()
	if got, err := waits(t, l, ctx, c); err != nil || got < want || got > want+25*time.Millisecond {
		t.Errorf("%s waited %s, want %s; %v", name, got, want, err)
	}
}

// expectRefusal fails unless a call is refused at once.
func expectRefusal(t *testing.T, l *limit.Limiter, name string, ctx context.Context, c limit.Call, reason limit.Reason, after time.Duration) { //nolint:revive // as above
	t.Helper()
	got, err := waits(t, l, ctx, c)
	var r *limit.Refusal
	if !errors.As(err, &r) || r.Reason != reason || r.RetryAfter != after || got != 0 {
		t.Errorf("%s: %v after %s, want %s and %s at once", name, err, got, reason, after)
	}
}

func TestNothingIsSentBeforeRetryAfterHasPassed(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 2))
			l := open(t, limit.Config{InFlight: 16, PerSite: 8, Points: -1})
			var mu sync.Mutex
			type pause struct{ told, until time.Time }
			paused := map[string]pause{} // by what is
			refused, made := 0, 0
			var calls sync.WaitGroup
			for range 400 {
				site, issue, behind := fmt.Sprint("t", dice.IntN(3)), fmt.Sprint(10000+dice.IntN(3)), dice.IntN(2) == 0
				c := edit(site, issue)
				if dice.IntN(2) == 0 {
					c = get(site)
				}
				start, refuses := time.Duration(dice.IntN(20_000))*time.Millisecond, dice.IntN(5) == 0
				reason, after, left := limit.Reasons[dice.IntN(len(limit.Reasons))], time.Duration(1+dice.IntN(8))*time.Second, dice.IntN(2)
				calls.Go(func() {
					time.Sleep(start)
					ctx := t.Context()
					if behind {
						ctx = limit.Background(ctx)
					}
					p, err := l.Acquire(ctx, c)
					if err != nil {
						return
					}
					mu.Lock()
					defer mu.Unlock()
					made++
					group := limit.Route(c.Method, c.Path)
					scopes := []string{"all", site, site + group}
					if limit.IssueOf(c) != "" {
						scopes = append(scopes, site+issue)
					}
					if behind {
						scopes = append(scopes, "behind", site+"behind")
					}
					for _, scope := range scopes {
						// What was let go in the same instant was under way.
						if p := paused[scope]; time.Now().After(p.told) && time.Now().Before(p.until) {
							t.Errorf("seed %d: %s %s was sent %s too early", seed, site, group, time.Until(p.until))
						}
					}
					if !refuses {
						p.Done(limit.Answer{})
						return
					}
					refused++
					p.Done(refusal(reason, after, left))
					scope := site + group
					switch {
					case reason == limit.GlobalQuota && left > 0:
						scope = "behind"
					case reason == limit.GlobalQuota:
						scope = "all"
					case reason == limit.TenantQuota && left > 0:
						scope = site + "behind"
					case reason == limit.TenantQuota:
						scope = site
					case reason == limit.IssueWrites && limit.IssueOf(c) != "":
						scope = site + issue
					}
					if at := time.Now().Add(after); at.After(paused[scope].until) {
						paused[scope] = pause{time.Now(), at}
					}
				})
			}
			calls.Wait()
			if refused == 0 || made < 2*refused {
				t.Errorf("seed %d: of %d calls %d were refused", seed, made, refused)
			}
		})
	}
}

// The judge is what refuses calls in the sandbox, with Atlassian's numbers.
func TestJiraFindsNothingToRefuse(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 3))
			jira, err := atlassian.New(atlassian.Documented(), nil)
			if err != nil {
				t.Fatal(err)
			}
			l := open(t, limit.Config{})
			var calls sync.WaitGroup
			for range 900 {
				issue := fmt.Sprint(10000 + dice.IntN(3))
				c, theirs := edit("t1", issue), atlassian.Call{App: "pergola", Method: "PUT", Route: "/rest/api/3/issue/{issueIdOrKey}", Issue: issue, Write: true}
				if dice.IntN(2) == 0 {
					c = limit.Call{Site: "t1", Method: http.MethodPost, Path: "/rest/api/3/search/jql"}
					theirs = atlassian.Call{App: "pergola", Method: "POST", Route: "/rest/api/3/search/jql"}
				}
				calls.Go(func() {
					p, err := l.Acquire(t.Context(), c)
					if err != nil {
						return
					}
					if no := jira.Admit(theirs); no != nil {
						t.Errorf("seed %d: %s was refused: %s", seed, c.Path, no.Reason)
					}
					h := http.Header{}
					jira.Charge(theirs, 1).Headers(h)
					p.Done(limit.Read(http.StatusOK, h, time.Now()))
				})
			}
			calls.Wait()
			if got := jira.Usage()[0].Calls; got < 500 {
				t.Errorf("seed %d: only %d calls were made", seed, got)
			}
		})
	}
}

func TestBurstsGoOnAtJirasRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{})
		began := time.Now()
		for range 150 { // half a second's worth of GETs beyond the first hundred
			if _, err := waits(t, l, t.Context(), get("t1")); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 490*time.Millisecond || took > 510*time.Millisecond {
			t.Errorf("took %s, want half a second", took)
		}
		expect(t, l, "another endpoint", t.Context(), edit("t1", "10001"), 0)
		expect(t, l, "another site", t.Context(), get("t2"), 0)
	})
}

func TestReasonsPauseWhatTheyAreAbout(t *testing.T) {
	behind := limit.Background
	for _, tt := range []struct {
		name   string
		reason limit.Reason
		left   int
		// How long these wait: the same call, the same site elsewhere, another site; each for a page and in the background; and a write to
		// another issue.
		same, elsewhere, other, elsewhereBehind, otherBehind, otherIssue time.Duration
	}{
		{name: "burst", reason: limit.Burst, same: 3 * time.Second, otherIssue: 3 * time.Second},
		{name: "issue", reason: limit.IssueWrites, same: 3 * time.Second},
		{name: "a word that nobody knows", reason: "jira-new-moon", same: 3 * time.Second, otherIssue: 3 * time.Second},
		{
			name: "the site's quota", reason: limit.TenantQuota, same: 3 * time.Second, elsewhere: 3 * time.Second, elsewhereBehind: 3 * time.Second,
			otherIssue: 3 * time.Second,
		},
		{name: "the site's quota, points left", reason: limit.TenantQuota, left: 9, elsewhereBehind: 3 * time.Second},
		{
			name: "the quota of all", reason: limit.GlobalQuota, same: 3 * time.Second, elsewhere: 3 * time.Second, other: 3 * time.Second,
			elsewhereBehind: 3 * time.Second, otherBehind: 3 * time.Second, otherIssue: 3 * time.Second,
		},
		{name: "the quota of all, points left", reason: limit.GlobalQuota, left: 9, elsewhereBehind: 3 * time.Second, otherBehind: 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, of := range map[string]struct {
				c      limit.Call
				behind bool
				want   time.Duration
			}{
				"the same":                      {edit("t1", "10001"), false, tt.same},
				"elsewhere":                     {get("t1"), false, tt.elsewhere},
				"another site":                  {edit("t2", "10001"), false, tt.other},
				"elsewhere, in the background":  {get("t1"), true, tt.elsewhereBehind},
				"another's, in the background":  {edit("t2", "10001"), true, tt.otherBehind},
				"another issue":                 {edit("t1", "10002"), false, tt.otherIssue},
				"another way to the same issue": {limit.Call{Site: "t1", Method: "DELETE", Path: "/rest/api/3/issue/10001/properties/x"}, false, max(tt.elsewhere, onlyIf(tt.reason == limit.IssueWrites, 3*time.Second))},
			} {
				synctest.Test(t, func(t *testing.T) {
					l := open(t, limit.Config{})
					tell(t, l, edit("t1", "10001"), refusal(tt.reason, 3*time.Second, tt.left))
					ctx := t.Context()
					if of.behind {
						ctx = behind(ctx)
					}
					expect(t, l, name, ctx, of.c, of.want)
				})
			}
			synctest.Test(t, func(t *testing.T) {
				l := open(t, limit.Config{})
				tell(t, l, edit("t1", "10001"), refusal(tt.reason, 3*time.Second, tt.left))
				s := l.Stats()
				if n := s.Refused[tt.reason] + s.Refused[limit.Unknown]; n != 1 || s.Paused == 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func onlyIf(yes bool, d time.Duration) time.Duration {
	if yes {
		return d
	}
	return 0
}

func TestCallThatCannotBeMadeInTimeFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{})
		short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		tell(t, l, edit("t1", "10001"), refusal(limit.IssueWrites, 3*time.Second, 0))
		expectRefusal(t, l, "a call with less time", short, edit("t1", "10001"), limit.IssueWrites, 3*time.Second)
		tell(t, l, get("t1"), refusal(limit.TenantQuota, time.Hour, 0))
		expectRefusal(t, l, "a call for a page", t.Context(), get("t1"), limit.TenantQuota, time.Hour)
		expectRefusal(t, l, "one in the background", limit.Background(t.Context()), get("t1"), limit.TenantQuota, time.Hour)
	})
}

func TestCallsInLineHearOfALongPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{InFlight: 1})
		p, err := l.Acquire(t.Context(), get("t1"))
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 1)
		go func() {
			_, err := waits(t, l, t.Context(), get("t1"))
			errs <- err
		}()
		synctest.Wait()
		p.Done(refusal(limit.TenantQuota, 20*time.Minute, 0))
		var r *limit.Refusal
		if err := <-errs; !errors.As(err, &r) || r.RetryAfter != 20*time.Minute {
			t.Error(err)
		}
		expect(t, l, "another site", t.Context(), get("t2"), 0)
	})
}

func TestTheLastFifthOfThePointsIsForPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(50 * time.Minute) // ten minutes before the hour is full
		l := open(t, limit.Config{Points: 100})
		job := limit.Background(t.Context())
		if p, err := l.Acquire(job, get("t1")); err != nil {
			t.Fatal(err)
		} else {
			p.Done(limit.Answer{Objects: 79})
		}
		expect(t, l, "a job with a fifth left", job, get("t1"), 0)
		expectRefusal(t, l, "a job with less", job, get("t2"), limit.GlobalQuota, 10*time.Minute)
		for range 19 {
			expect(t, l, "a page", t.Context(), get("t2"), 0)
		}
		expectRefusal(t, l, "a page without points", t.Context(), get("t2"), limit.GlobalQuota, 10*time.Minute)
		time.Sleep(10 * time.Minute)
		expect(t, l, "a job in the next hour", job, get("t2"), 0)
		if got := l.Stats().Points; got != 99 {
			t.Errorf("%d points left", got)
		}
	})
}

func TestSiteWithAQuotaOfItsOwnUsesThatOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{Points: 100})
		tell(t, l, get("t1"), limit.Read(http.StatusOK, http.Header{
			"Beta-Ratelimit-Policy": {`"tenant-app-quota";q=50;w=3600,"jira-burst-based";q=100;w=1`}, "Beta-Ratelimit": {`"tenant-app-quota";r=3;t=120,"jira-burst-based";t=1`},
		}, time.Now()))
		for range 3 {
			expect(t, l, "a page", t.Context(), get("t1"), 0)
		}
		expectRefusal(t, l, "one more", t.Context(), get("t1"), limit.TenantQuota, 2*time.Minute)
		expect(t, l, "another site", t.Context(), get("t2"), 0)
	})
}

func TestIdleStateIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{Points: -1})
		const each = 10 * time.Millisecond
		for n := range 20_000 {
			site := fmt.Sprint("t", n/4)
			expect(t, l, site, t.Context(), edit(site, strconv.Itoa(n)), 0)
			time.Sleep(each)
		}
		// What was used in the last thirty seconds is not idle, and a minute passes until somebody looks.
		const most = int(90 * time.Second / each)
		if sites, groups, issues := l.Kept(); sites > most/4 || groups > sites || issues > most {
			t.Errorf("%d sites, %d endpoints, %d issues are known", sites, groups, issues)
		}
		time.Sleep(time.Minute)
		busy, err := l.Acquire(t.Context(), get("busy"))
		if err != nil {
			t.Fatal(err)
		}
		if sites, groups, issues := l.Kept(); sites != 1 || groups != 1 || issues != 0 {
			t.Errorf("%d sites, %d endpoints, %d issues are known after a while", sites, groups, issues)
		}
		for n := range 20_000 { // a site that is never idle itself
			expect(t, l, "busy", t.Context(), edit("busy", strconv.Itoa(n)), 0)
			time.Sleep(3 * each)
		}
		if _, groups, issues := l.Kept(); groups > 2 || issues > most/3 {
			t.Errorf("%d endpoints, %d issues are known of a busy site", groups, issues)
		}
		busy.Done(limit.Answer{})
	})
}
