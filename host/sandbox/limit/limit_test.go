package limit_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/limit"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) Advance(d time.Duration) { c.now = c.now.Add(d) }

const issueRoute = "/rest/api/3/issue/{issueIdOrKey}"

func open(t *testing.T, change func(*limit.Settings)) (*limit.Limiter, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 11, 20, 9, 50, 0, 0, time.UTC)}
	s := limit.Documented()
	if change != nil {
		change(&s)
	}
	l, err := limit.New(s, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return l, c
}

// admitted makes calls until one is refused.
func admitted(l *limit.Limiter, c limit.Call, most int) (int, *limit.Refusal) {
	for n := range most {
		if r := l.Admit(c); r != nil {
			return n, r
		}
	}
	return most, nil
}

func headers(r *limit.Refusal) map[string]string {
	h := http.Header{}
	r.Headers(h)
	out := map[string]string{}
	for name := range h {
		out[name] = h.Get(name)
	}
	return out
}

func TestQuotaEndsWithTheHour(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tier   limit.Tier
		users  int
		points int
		reason limit.Reason
		quota  int
	}{
		{"global", limit.Global, 500, 0, limit.GlobalQuota, 65_000},
		{"standard", limit.Standard, 500, 0, limit.TenantQuota, 105_000},
		{"premium", limit.Premium, 500, 0, limit.TenantQuota, 140_000},
		{"enterprise", limit.Enterprise, 500, 0, limit.TenantQuota, 165_000},
		{"most users", limit.Enterprise, 1_000_000, 0, limit.TenantQuota, 500_000},
		{"chosen", limit.Standard, 500, 40, limit.TenantQuota, 40},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, c := open(t, func(s *limit.Settings) { s.Tier, s.Users, s.Points = tt.tier, tt.users, tt.points })
			call := limit.Call{App: "a", Method: "GET", Route: "/rest/api/3/search/jql"}
			if r := l.Admit(call); r != nil {
				t.Fatalf("the first call was refused: %+v", r)
			}
			l.Charge(call, tt.quota-1)
			r := l.Admit(call)
			if r == nil {
				t.Fatal("a call beyond the quota was admitted")
			}
			want := map[string]string{
				"Retry-After": "600", "Ratelimit-Reason": string(tt.reason), "X-Ratelimit-Remaining": "0",
				"X-Ratelimit-Limit": strconv.Itoa(tt.quota), "X-Ratelimit-Reset": "2026-11-20T10:00:00Z",
			}
			if d := cmp.Diff(want, headers(r)); d != "" {
				t.Error(d)
			}
			if r := l.Admit(limit.Call{App: "b", Method: "GET", Route: call.Route}); r != nil {
				t.Errorf("another app was refused: %+v", r)
			}
			c.Advance(10*time.Minute - time.Nanosecond)
			if l.Admit(call) == nil {
				t.Error("admitted before the hour was over")
			}
			c.Advance(time.Nanosecond)
			if r := l.Admit(call); r != nil {
				t.Errorf("refused in the next hour: %+v", r)
			}
		})
	}
}

func TestBurstIsPerEndpointAndMethod(t *testing.T) {
	for _, tt := range []struct {
		method, route string
		want          int
	}{
		{"GET", "/rest/api/3/field", 100},
		{"GET", issueRoute, 150},
		{"POST", "/rest/api/3/issue", 100},
		{"PUT", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", 50},
		{"DELETE", issueRoute, 50},
		{"PATCH", issueRoute, 100},
	} {
		l, c := open(t, nil)
		call := limit.Call{App: "a", Method: tt.method, Route: tt.route, Write: tt.method != "GET"}
		n, r := admitted(l, call, 1000)
		if n != tt.want || r == nil || r.Reason != limit.Burst || r.Limit != tt.want {
			t.Errorf("%s %s: %d at once, then %+v; want %d", tt.method, tt.route, n, r, tt.want)
			continue
		}
		if got := headers(r); got["Retry-After"] != "1" || got["X-Ratelimit-Reset"] != "2026-11-20T09:50:01Z" {
			t.Errorf("%s %s: headers %v", tt.method, tt.route, got)
		}
		if l.Admit(limit.Call{App: "b", Method: tt.method, Route: tt.route}) == nil {
			t.Errorf("%s %s: another app has a bucket of its own; apps of a site share one", tt.method, tt.route)
		}
		if r := l.Admit(limit.Call{App: "a", Method: tt.method, Route: tt.route + "/other"}); r != nil {
			t.Errorf("%s %s: another endpoint was refused: %+v", tt.method, tt.route, r)
		}
		c.Advance(time.Second / 2)
		if n, _ := admitted(l, call, 1000); n != tt.want/2 {
			t.Errorf("%s %s: %d calls after half a second, want %d", tt.method, tt.route, n, tt.want/2)
		}
		c.Advance(5 * time.Minute)
		if n, _ := admitted(l, call, 1000); n != tt.want {
			t.Errorf("%s %s: %d calls after a pause, want %d: a bucket does not overflow", tt.method, tt.route, n, tt.want)
		}
	}
}

func TestIssueTakesTwoWindowsOfWrites(t *testing.T) {
	l, c := open(t, nil)
	write := limit.Call{App: "a", Method: "PUT", Route: issueRoute, Issue: "10000", Write: true}
	n, r := admitted(l, write, 100)
	if n != 20 || r == nil || r.Reason != limit.IssueWrites || r.RetryAfter() != 2*time.Second || r.Limit != 20 {
		t.Fatalf("%d writes, then %+v; want 20 in two seconds", n, r)
	}
	if r := l.Admit(limit.Call{App: "a", Method: "PUT", Route: issueRoute, Issue: "10001", Write: true}); r != nil {
		t.Errorf("a write to another issue was refused: %+v", r)
	}
	if r := l.Admit(limit.Call{App: "a", Method: "GET", Route: issueRoute, Issue: "10000"}); r != nil {
		t.Errorf("a read was refused: %+v", r)
	}
	for range 4 {
		c.Advance(2 * time.Second)
		if n, _ := admitted(l, write, 100); n != 20 {
			t.Fatalf("%d writes in the next window, want 20", n)
		}
	}
	c.Advance(2 * time.Second)
	r = l.Admit(write) // 100 since the start, 10 s ago
	if r == nil || r.Limit != 100 || r.RetryAfter() != 20*time.Second {
		t.Fatalf("write 101: %+v; want to wait for the end of 30 s", r)
	}
	c.Advance(20 * time.Second)
	if n, _ := admitted(l, write, 100); n != 20 {
		t.Errorf("%d writes after the long window, want 20", n)
	}
}

func TestHeadersTellWhoIsNear(t *testing.T) {
	l, c := open(t, func(s *limit.Settings) { s.Points = 100 })
	call := limit.Call{App: "a", Method: "GET", Route: "/rest/api/3/field"}
	head := func(points int) http.Header {
		c.Advance(time.Second)
		if r := l.Admit(call); r != nil {
			t.Fatalf("refused: %+v", r)
		}
		h := http.Header{}
		l.Charge(call, points).Headers(h)
		return h
	}
	h := head(79) // 80 of 100
	if h.Get("X-RateLimit-NearLimit") != "" || h.Get("Beta-RateLimit") != `"global-app-quota";t=599,"jira-burst-based";t=1` ||
		h.Get("Beta-RateLimit-Policy") != `"global-app-quota";q=100;w=3600,"jira-burst-based";q=100;w=1` {
		t.Errorf("a fifth is left: %v", h)
	}
	h = head(0)
	if h.Get("X-RateLimit-NearLimit") != "true" || !strings.HasPrefix(h.Get("Beta-RateLimit"), `"global-app-quota";r=19;t=598,`) {
		t.Errorf("less than a fifth is left: %v", h)
	}
	h = head(500)
	if !strings.HasPrefix(h.Get("Beta-RateLimit"), `"global-app-quota";r=0;t=597,`) {
		t.Errorf("nothing is left: %v", h)
	}
}

func TestWritesCostOnePoint(t *testing.T) {
	l, _ := open(t, nil)
	write := limit.Call{App: "a", Method: "POST", Route: "/rest/api/3/issue", Write: true}
	l.Admit(write)
	l.Charge(write, 7)
	if got := l.Usage(); len(got) != 1 || got[0].Points != 1 || got[0].Calls != 1 || got[0].Remaining != 64_999 {
		t.Errorf("usage %+v, want one point", got)
	}
}

func TestUsageCountsRefusalsAndForgetsThemWithTheHour(t *testing.T) {
	l, c := open(t, func(s *limit.Settings) { s.Points = 1 })
	call := limit.Call{App: "a", Method: "GET", Route: "/rest/api/3/field"}
	admitted(l, call, 2)
	want := []limit.Usage{{
		App: "a", Points: 1, Limit: 1, Reset: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Calls: 1, Refused: map[limit.Reason]int{limit.GlobalQuota: 1},
	}}
	if d := cmp.Diff(want, l.Usage()); d != "" {
		t.Error(d)
	}
	c.Advance(10 * time.Minute)
	if got := l.Usage(); len(got) != 0 {
		t.Errorf("usage in the next hour: %+v", got)
	}
}

func TestSettingsChangeAtOnce(t *testing.T) {
	l, _ := open(t, func(s *limit.Settings) { s.Points = 1 })
	call := limit.Call{App: "a", Method: "GET", Route: "/rest/api/3/field"}
	admitted(l, call, 2)
	off := l.Settings()
	off.Off = true
	if err := l.Set(off); err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	l.Charge(call, 5).Headers(h)
	if n, r := admitted(l, call, 1000); n != 1000 || len(h) != 0 {
		t.Errorf("switched off: %d calls, then %+v; headers %v", n, r, h)
	}
	off.Off = false
	if err := l.Set(off); err != nil {
		t.Fatal(err)
	}
	if l.Admit(call) == nil {
		t.Error("the quota was used up, and is there again")
	}
	l.Reset()
	if r := l.Admit(call); r != nil {
		t.Errorf("after a reset: %+v", r)
	}
	for name, change := range map[string]func(*limit.Settings){
		"tier":   func(s *limit.Settings) { s.Tier = "gold" },
		"points": func(s *limit.Settings) { s.Points = -1 },
		"rate":   func(s *limit.Settings) { s.Rates = map[string]int{"GET": 0} },
		"window": func(s *limit.Settings) { s.IssueWrites = []limit.Window{{Writes: 1}} },
	} {
		s := limit.Documented()
		change(&s)
		if l.Set(s) == nil {
			t.Errorf("a wrong %s was taken", name)
		}
	}
}

func TestPointsFollowTheShapeOfTheAnswer(t *testing.T) {
	type page struct {
		Values []int `json:"values"`
	}
	m := func(pairs ...any) map[string]any {
		out := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i].(string)] = pairs[i+1]
		}
		return out
	}
	for _, tt := range []struct {
		name, route string
		body        any
		want        int
	}{
		{"nothing", "/rest/api/3/issue/{issueIdOrKey}", nil, 0},
		{"an issue", "/rest/api/3/issue/{issueIdOrKey}", m("id", "1", "fields", m("labels", []string{"a", "b"})), 1},
		{"a project with its types", "/rest/api/3/project/{projectIdOrKey}", m("id", "1", "issueTypes", []any{1, 2, 3}), 1},
		{"found issues", "/rest/api/3/search/jql", m("issues", []map[string]any{m(), m(), m()}, "isLast", true), 3},
		{"no issues", "/rest/api/3/search/jql", m("issues", []any{}), 0},
		{"a list", "/rest/api/3/field", []any{1, 2, 3, 4}, 4},
		{"a page", "/rest/api/3/project/search", page{[]int{1, 2}}, 2},
		{"a page behind a pointer", "/rest/api/3/project/search", &page{[]int{1, 2}}, 2},
		{"a user", "/rest/api/3/user", m("accountId", "x", "groups", m("items", []any{1, 2})), 2},
		{"users", "/rest/api/3/user/search", []any{1, 2, 3}, 6},
		{"permissions", "/rest/api/3/permissions/check", m("globalPermissions", []string{"A"}, "projectPermissions", []any{1, 2}), 6},
	} {
		if got := limit.Points(tt.route, tt.body); got != tt.want {
			t.Errorf("%s: %d points, want %d", tt.name, got, tt.want)
		}
	}
}

func TestExamplesHaveEveryReason(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 50, 0, 0, time.UTC)
	for reason, want := range map[limit.Reason]string{
		limit.GlobalQuota: "65000 600", limit.TenantQuota: "100000 600", limit.Burst: "100 1", limit.IssueWrites: "20 1",
	} {
		h := headers(limit.Example(reason, now, 0))
		if got := h["X-Ratelimit-Limit"] + " " + h["Retry-After"]; got != want || h["Ratelimit-Reason"] != string(reason) {
			t.Errorf("%s: %v, want %s", reason, h, want)
		}
	}
	if got := limit.Example(limit.Burst, now, 1500*time.Millisecond).RetryAfter(); got != 2*time.Second {
		t.Errorf("retry after %s, want 2s", got)
	}
}

func TestSpansAreText(t *testing.T) {
	raw, err := json.Marshal(limit.Documented())
	if err != nil || !strings.Contains(string(raw), `{"writes":20,"in":"2s"}`) {
		t.Fatalf("%s, %v", raw, err)
	}
	var s limit.Settings
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(limit.Documented(), s); d != "" {
		t.Error(d)
	}
	if err := json.Unmarshal([]byte(`{"issueWrites":[{"writes":1,"in":"soon"}]}`), &s); err == nil {
		t.Error("a wrong duration was taken")
	}
}
