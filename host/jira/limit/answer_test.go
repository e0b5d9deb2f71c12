package limit_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jira/limit"
)

func TestAnswersSayHowLongToWait(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		status int
		header map[string]string
		reason limit.Reason
		after  time.Duration
	}{
		{"seconds", 429, map[string]string{"Retry-After": "7", "RateLimit-Reason": "jira-burst-based"}, limit.Burst, 7 * time.Second},
		{"a date", 429, map[string]string{"Retry-After": "Fri, 01 Jan 2027 00:00:09 GMT", "RateLimit-Reason": "jira-per-issue-on-write"}, limit.IssueWrites, 9 * time.Second},
		{"a date that is over", 429, map[string]string{"Retry-After": "Thu, 31 Dec 2026 23:00:00 GMT"}, limit.Unknown, 0},
		{"the reset alone", 429, map[string]string{"X-RateLimit-Reset": "2027-01-01T00:30:00Z", "RateLimit-Reason": "jira-quota-global-based"}, limit.GlobalQuota, 30 * time.Minute},
		{"the reset in minutes", 429, map[string]string{"X-RateLimit-Reset": "2027-01-01T00:30Z", "RateLimit-Reason": "jira-quota-tenant-based"}, limit.TenantQuota, 30 * time.Minute},
		{"more than a day", 429, map[string]string{"Retry-After": "9999999"}, limit.Unknown, 24 * time.Hour},
		{"nothing", 429, nil, limit.Unknown, 0},
		{"less than nothing", 429, map[string]string{"Retry-After": "-3"}, limit.Unknown, 0},
		{"a site that is away", 503, map[string]string{"Retry-After": "3"}, "", 3 * time.Second},
		{"a success", 200, map[string]string{"Retry-After": "3", "RateLimit-Reason": "jira-burst-based"}, "", 0},
	} {
		h := http.Header{}
		for k, v := range tt.header {
			h.Set(k, v)
		}
		if got := limit.Read(tt.status, h, now); got.Refused != tt.reason || got.RetryAfter != tt.after {
			t.Errorf("%s: %q after %s, want %q after %s", tt.name, got.Refused, got.RetryAfter, tt.reason, tt.after)
		}
	}
}

func TestCallsAreCountedByEndpoint(t *testing.T) {
	for _, tt := range []struct{ method, path, route, issue string }{
		{"GET", "/rest/api/3/issue/10001", "GET /rest/api/3/issue/{}", ""},
		{"PUT", "/rest/api/3/issue/OPS-7", "PUT /rest/api/3/issue/{}", "OPS-7"},
		{"PUT", "/rest/api/3/issue/10001/properties/com.acme", "PUT /rest/api/3/issue/{}/properties/{}", "10001"},
		{"POST", "/rest/api/3/issue/10001/transitions", "POST /rest/api/3/issue/{}/transitions", "10001"},
		{"POST", "/rest/api/3/issue", "POST /rest/api/3/issue", ""},
		{"POST", "/rest/api/3/issue/bulk", "POST /rest/api/3/issue/bulk", ""},
		{"POST", "/rest/api/3/issue/properties/multi", "POST /rest/api/3/issue/properties/multi", ""},
		{"PUT", "/rest/api/3/issue/archive", "PUT /rest/api/3/issue/archive", ""},
		{"GET", "/rest/api/3/issue/createmeta/OPS/issuetypes/10001", "GET /rest/api/3/issue/createmeta/{}/issuetypes/{}", ""},
		{"GET", "/rest/api/3/field/customfield_10001/context/10100/option", "GET /rest/api/3/field/{}/context/{}/option", ""},
		{"POST", "/rest/api/3/search/jql", "POST /rest/api/3/search/jql", ""},
		{"GET", "/rest/api/3/project/search", "GET /rest/api/3/project/search", ""},
		{"GET", "/rest/api/3/project/OPS", "GET /rest/api/3/project/{}", ""},
		{"GET", "/rest/api/3/task/10-ab", "GET /rest/api/3/task/{}", ""},
		{"DELETE", "/rest/api/3/issueLink/10044", "DELETE /rest/api/3/issueLink/{}", ""},
		{"PUT", "/rest/atlassian-connect/1/addons/pergola/properties/a.b", "PUT /rest/atlassian-connect/1/addons/pergola/properties/{}", ""},
		{"PUT", "/rest/forge/1/app/properties/a.b", "PUT /rest/forge/1/app/properties/{}", ""},
	} {
		c := limit.Call{Method: tt.method, Path: tt.path}
		if got := limit.Route(tt.method, tt.path); got != tt.route {
			t.Errorf("%s, want %s", got, tt.route)
		}
		if got := limit.IssueOf(c); got != tt.issue {
			t.Errorf("%s %s writes %q, want %q", tt.method, tt.path, got, tt.issue)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`"global-app-quota";q=65000;w=3600,"jira-burst-based";q=100;w=1`, `"tenant-app-quota";r=12;t=300`, `limit=100, remaining=50, reset=5`, `,;=`,
		`"jira-burst-based";q=0;w=0`, `"jira-burst-based";q=99999999999999999999`,
	} {
		f.Add(seed, "3", 429)
		f.Add(seed, seed, 200)
	}
	f.Fuzz(func(t *testing.T, list, after string, status int) {
		h := http.Header{"Beta-Ratelimit": {list}, "Ratelimit-Policy": {list}, "Retry-After": {after}, "X-Ratelimit-Reset": {after}}
		now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		a := limit.Read(status, h, now)
		if a.RetryAfter < 0 || a.RetryAfter > 24*time.Hour {
			t.Errorf("waits %s", a.RetryAfter)
		}
		l := open(t, limit.Config{Clock: func() time.Time { return now }, Timer: func(time.Duration, func()) func() bool { return func() bool { return true } }})
		p, err := l.Acquire(t.Context(), get("t1"))
		if err != nil {
			t.Fatal(err)
		}
		p.Done(a)
		if s := l.Stats(); s.InFlight != 0 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
	})
}
