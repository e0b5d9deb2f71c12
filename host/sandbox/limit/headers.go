package limit

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Refusal says why a call was refused and when it is worth another try.
type Refusal struct {
	Reason Reason
	Limit  int       // of the rule that refused: points, calls or writes
	Reset  time.Time // when the rule lets calls through again
	now    time.Time
}

// Example is a refusal as a rule with Atlassian's numbers would word it, for sites that only pretend.
func Example(reason Reason, now time.Time, retryAfter time.Duration) *Refusal {
	d := Documented()
	limits := map[Reason]int{
		GlobalQuota: tiers[Global].base, TenantQuota: tiers[Standard].base, Burst: d.Rates[http.MethodGet], IssueWrites: d.IssueWrites[0].Writes,
	}
	r := &Refusal{Reason: reason, Limit: limits[reason], Reset: now.Add(retryAfter), now: now}
	if retryAfter <= 0 {
		r.Reset = now.Add(time.Second)
		if reason == GlobalQuota || reason == TenantQuota {
			r.Reset = now.UTC().Truncate(time.Hour).Add(time.Hour)
		}
	}
	return r
}

// RetryAfter is how long to wait, in whole seconds and never 0.
func (r *Refusal) RetryAfter() time.Duration {
	return time.Duration(wholeSeconds(r.Reset.Sub(r.now))) * time.Second
}

// Headers writes the headers of a refused call.
func (r *Refusal) Headers(h http.Header) {
	h.Set("Retry-After", strconv.Itoa(int(r.RetryAfter()/time.Second)))
	h.Set("X-RateLimit-Limit", strconv.Itoa(r.Limit))
	h.Set("X-RateLimit-Remaining", "0")
	h.Set("X-RateLimit-Reset", r.now.Add(r.RetryAfter()).UTC().Format("2006-01-02T15:04:05Z"))
	h.Set("RateLimit-Reason", string(r.Reason))
}

// Standing is how an app stands after a call; the zero value is that of a site without limits.
type Standing struct {
	policy      string
	quota, left int
	reset       time.Time
	rate        int
	tokens      int
	now         time.Time
	on          bool
}

// near says whether less than a fifth is left.
func near(left, of int) bool { return left*5 < of }

// Headers writes the headers of an answered call. As documented, how much is left is told only to those who are near an
// end.
func (s Standing) Headers(h http.Header) {
	if !s.on {
		return
	}
	if near(s.left, s.quota) || near(s.tokens, s.rate) {
		h.Set("X-RateLimit-NearLimit", "true")
	}
	h.Set("Beta-RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=3600,"%s";q=%d;w=1`, s.policy, s.quota, Burst, s.rate))
	h.Set("Beta-RateLimit", item(s.policy, s.left, s.quota, wholeSeconds(s.reset.Sub(s.now)))+","+item(string(Burst), s.tokens, s.rate, 1))
}

func item(policy string, left, of, seconds int) string {
	if near(left, of) {
		return fmt.Sprintf(`"%s";r=%d;t=%d`, policy, left, seconds)
	}
	return fmt.Sprintf(`"%s";t=%d`, policy, seconds)
}

// wholeSeconds rounds up: who waits that long has waited long enough.
func wholeSeconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
