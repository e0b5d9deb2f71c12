package limit

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reason is why a call has to wait: Jira's name of the limit, as it stands in the header RateLimit-Reason.
type Reason string

// The four reasons of Jira, and that of a call whose turn did not come in time.
const (
	Burst       Reason = "jira-burst-based"
	GlobalQuota Reason = "jira-quota-global-based"
	TenantQuota Reason = "jira-quota-tenant-based"
	IssueWrites Reason = "jira-per-issue-on-write"
	InLine      Reason = "in line"
	// Unknown stands for a word of Jira's that is not documented, or for none.
	Unknown Reason = "of another kind"
)

// Reasons are those that an answer can have.
var Reasons = []Reason{Burst, GlobalQuota, TenantQuota, IssueWrites, Unknown}

// Answer is what an answer of Jira says about limits. The zero value says nothing.
type Answer struct {
	// Refused says why the call was refused (429); "" where it was not.
	Refused Reason
	// RetryAfter is how long Jira asks to wait, 0 where it does not say.
	RetryAfter time.Duration
	// Objects is what the call cost beyond its own point.
	Objects int

	left     int // of what a refusal is about
	quotas   [2]quota
	burst    quota // of the endpoint
	burstIn  int   // in so many seconds
	measured bool
}

// The quotas that headers speak of.
const (
	ofAll = iota
	ofSite
)

// quota is how one stands.
type quota struct {
	of    int // 0: not said
	left  int // -1: not said
	reset time.Duration
}

// Read takes from an answer what it says about limits. now is what moments in headers are measured by.
func Read(status int, h http.Header, now time.Time) Answer {
	a := Answer{quotas: [2]quota{{left: -1}, {left: -1}}, burst: quota{left: -1}}
	for _, name := range []string{"Ratelimit-Policy", "Beta-Ratelimit-Policy", "Ratelimit", "Beta-Ratelimit"} {
		for _, v := range h[name] {
			a.items(v)
		}
	}
	if status == http.StatusServiceUnavailable {
		a.RetryAfter = retryAfter(h, now)
	}
	if status != http.StatusTooManyRequests {
		return a
	}
	a.Refused, a.RetryAfter = Unknown, retryAfter(h, now)
	if r := Reason(h.Get("RateLimit-Reason")); slices.Contains(Reasons, r) {
		a.Refused = r
	}
	if n, err := strconv.Atoi(h.Get("X-RateLimit-Remaining")); err == nil && n > 0 {
		a.left = n
	}
	return a
}

// longest bounds what Jira can have us wait.
const longest = 24 * time.Hour

// retryAfter reads the header of that name, seconds or a moment, or else the moment in X-RateLimit-Reset.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil && s >= 0 {
		return min(time.Duration(min(s, 24*3600))*time.Second, longest)
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return min(at.Sub(now), longest)
	}
	reset := h.Get("X-RateLimit-Reset")
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(form, reset); err == nil && at.After(now) {
			return min(at.Sub(now), longest)
		}
	}
	return 0
}

// items reads a list such as
//
//	"tenant-app-quota";q=65000;w=3600,"jira-burst-based";q=100;w=1
//
// which is how https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.html writes policies and standings. What is written
// otherwise is left out.
func (a *Answer) items(list string) {
	for item := range strings.SplitSeq(list, ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(item), ";")
		var to *quota
		switch name = strings.Trim(name, `"`); {
		case strings.HasPrefix(name, "global"), name == string(GlobalQuota):
			to = &a.quotas[ofAll]
		case strings.HasPrefix(name, "tenant"), name == string(TenantQuota):
			to = &a.quotas[ofSite]
		case name == string(Burst):
			to = &a.burst
		default:
			continue
		}
		for p := range strings.SplitSeq(parameters, ";") {
			key, text, _ := strings.Cut(strings.TrimSpace(p), "=")
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				continue
			}
			a.measured = true
			switch key {
			case "q":
				to.of = n
			case "r":
				to.left = n
			case "t":
				to.reset = time.Duration(min(n, 3600)) * time.Second
			case "w":
				if to == &a.burst {
					a.burstIn = n
				}
			}
		}
	}
}
