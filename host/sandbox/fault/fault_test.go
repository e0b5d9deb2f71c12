package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
)

var start = time.Date(2026, 11, 20, 9, 50, 0, 0, time.UTC)

// site answers with a body of 100 bytes and counts what was really done.
type site struct {
	*fault.Set
	t      *testing.T
	url    string
	done   atomic.Int32
	mu     sync.Mutex
	now    time.Time
	waited []time.Duration
}

func open(t *testing.T, rules ...fault.Rule) *site {
	t.Helper()
	s := &site{t: t, now: start}
	s.Set = fault.New(fault.Config{Seed: 7, Clock: s.clock, Wait: func(_ context.Context, d time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waited = append(s.waited, d)
	}})
	for _, r := range rules {
		if _, err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Serve(w, r, fault.Target{On: fault.REST, App: r.Header.Get("App"), Method: r.Method, Path: r.URL.Path}, func(w http.ResponseWriter, _ *http.Request) {
			s.done.Add(1)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, strings.Repeat("0123456789", 10))
		})
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) waits() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waited
}

// post is not tried again by the client, as a GET would be.
func (s *site) post(path string) (*http.Response, string, error) {
	s.t.Helper()
	resp, err := http.Post(s.url+path, "application/json", strings.NewReader("{}"))
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// outcome says in one word what came of a request.
func (s *site) outcome(path string) string {
	s.t.Helper()
	resp, body, err := s.post(path)
	switch {
	case resp == nil:
		return "none"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("%d broken %d", resp.StatusCode, len(body))
	case err != nil:
		return err.Error()
	}
	return fmt.Sprintf("%d %d", resp.StatusCode, len(body))
}

func TestEffectsOnAnswers(t *testing.T) {
	second := limit.Span(time.Second)
	for _, tt := range []struct {
		name  string
		rule  fault.Rule
		want  string // status and bytes
		done  int32
		waits int
		did   string
	}{
		{"latency", fault.Rule{Effect: fault.Latency, Delay: second}, "201 100", 1, 1, "waited 1s"},
		{"status", fault.Rule{Effect: fault.Status, Status: 500}, "500 55", 0, 0, "answered 500"},
		{"cut before", fault.Rule{Effect: fault.Cut}, "none", 0, 0, "cut the connection before anything was done"},
		{"cut in the middle", fault.Rule{Effect: fault.Cut, At: "middle"}, "201 broken 50", 1, 0, "cut the connection after 50 of 100 bytes of the answer 201"},
		{"lose", fault.Rule{Effect: fault.Lose}, "none", 1, 0, "lost the answer 201 after all was done"},
		{"truncate", fault.Rule{Effect: fault.Truncate}, "201 50", 1, 0, "answered 201 with 50 of 100 bytes"},
		{"slow", fault.Rule{Effect: fault.Slow, Delay: second}, "201 100", 1, 10, "took 1s over the 100 bytes of the answer 201"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, tt.rule)
			if got := s.outcome("/rest/x"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := s.done.Load(); got != tt.done {
				t.Errorf("the site did it %d times, want %d", got, tt.done)
			}
			if got := len(s.waits()); got != tt.waits {
				t.Errorf("waited %d times, want %d", got, tt.waits)
			}
			log := s.Log()
			want := []fault.Entry{{
				Time: start, Rule: "1", Effect: tt.rule.Effect, Target: fault.Target{On: fault.REST, Method: "POST", Path: "/rest/x"}, Did: tt.did,
			}}
			if d := cmp.Diff(want, log); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRefusalsLookLikeJirasOwn(t *testing.T) {
	for _, tt := range []struct {
		rule       fault.Rule
		retryAfter string
		body       string
	}{
		{fault.Rule{Status: 429}, "1", "Rate limit exceeded."},
		{fault.Rule{Status: 429, Reason: limit.GlobalQuota}, "600", "Rate limit exceeded."},
		{fault.Rule{Status: 429, Reason: limit.TenantQuota, RetryAfter: limit.Span(9 * time.Second)}, "9", "Rate limit exceeded."},
		{fault.Rule{Status: 429, Reason: limit.IssueWrites}, "1", "Rate limit exceeded."},
		{fault.Rule{Status: 500}, "", `"errorMessages"`},
		{fault.Rule{Status: 502}, "", "<h1>502 Bad Gateway</h1>"},
		{fault.Rule{Status: 503, RetryAfter: limit.Span(3 * time.Second)}, "3", "<h1>503 Service Unavailable</h1>"},
		{fault.Rule{Status: 504}, "", "<h1>504 Gateway Timeout</h1>"},
	} {
		tt.rule.Effect = fault.Status
		s := open(t, tt.rule)
		resp, body, err := s.post("/")
		if err != nil || resp.StatusCode != tt.rule.Status || !strings.Contains(body, tt.body) || resp.Header.Get("Retry-After") != tt.retryAfter {
			t.Errorf("%d %s: %v, headers %v, body %q", tt.rule.Status, tt.rule.Reason, err, resp.Header, body)
		}
		want := string(tt.rule.Reason)
		if tt.rule.Status == 429 && want == "" {
			want = string(limit.Burst)
		}
		if got := resp.Header.Get("RateLimit-Reason"); got != want {
			t.Errorf("%d: reason %q, want %q", tt.rule.Status, got, want)
		}
	}
}

func TestRulesEnd(t *testing.T) {
	fail := fault.Rule{Effect: fault.Status, Status: 503}
	line := func(s *site, n int) (out string) {
		for range n {
			out += map[bool]string{true: "x", false: "."}[s.outcome("/") != "201 100"]
		}
		return out
	}
	times := fail
	times.Times = 2
	if got := line(open(t, times), 4); got != "xx.." {
		t.Errorf("the next two: %s", got)
	}
	every := fail
	every.Every = 3
	if got := line(open(t, every), 7); got != "..x..x." {
		t.Errorf("each third: %s", got)
	}
	both := every
	both.Times = 1
	if got := line(open(t, both), 7); got != "..x...." {
		t.Errorf("the third: %s", got)
	}
	limited := fail
	limited.For = limit.Span(time.Minute)
	s := open(t, limited)
	got := line(s, 2)
	s.mu.Lock()
	s.now = s.now.Add(time.Minute)
	s.mu.Unlock()
	if got += line(s, 2); got != "xx.." {
		t.Errorf("for a minute: %s", got)
	}
	if rules := s.Rules(); len(rules) != 0 {
		t.Errorf("rules that are over: %+v", rules)
	}
	s = open(t, fail)
	got = line(s, 1)
	if !s.Remove("1") || s.Remove("1") {
		t.Error("a rule is removed once")
	}
	if got += line(s, 1); got != "x." {
		t.Errorf("removed: %s", got)
	}
}

func TestFaultsAddUpUntilOneDecides(t *testing.T) {
	s := open(t,
		fault.Rule{Effect: fault.Latency, Delay: limit.Span(time.Second)},
		fault.Rule{Effect: fault.Status, Status: 502},
		fault.Rule{Effect: fault.Lose},
		fault.Rule{Effect: fault.Latency, Delay: limit.Span(2 * time.Second)})
	if got := s.outcome("/"); got[:3] != "502" {
		t.Errorf("got %s, want 502", got)
	}
	if d := cmp.Diff([]time.Duration{time.Second, 2 * time.Second}, s.waits()); d != "" {
		t.Error(d)
	}
	if rules := s.Rules(); rules[1].Applied != 1 || rules[2].Met != 0 {
		t.Errorf("what came too late was counted: %+v", rules)
	}
}

func TestWebhookPlans(t *testing.T) {
	second := limit.Span(time.Second)
	for _, tt := range []struct {
		rule fault.Rule
		want fault.Plan
	}{
		{fault.Rule{Effect: fault.Drop}, fault.Plan{Drop: true}},
		{fault.Rule{Effect: fault.Duplicate}, fault.Plan{Copies: 1}},
		{fault.Rule{Effect: fault.Duplicate, Copies: 3}, fault.Plan{Copies: 3}},
		{fault.Rule{Effect: fault.Delay, Delay: second}, fault.Plan{Delay: time.Second}},
		{fault.Rule{Effect: fault.Reorder, Delay: second}, fault.Plan{Hold: time.Second}},
		{fault.Rule{Effect: fault.Reorder}, fault.Plan{Hold: 5 * time.Second}},
		{fault.Rule{Effect: fault.Drop, Event: "jira:issue_*"}, fault.Plan{Drop: true}},
		{fault.Rule{Effect: fault.Drop, Event: "comment_*"}, fault.Plan{}},
		{fault.Rule{Effect: fault.Drop, Path: "/other"}, fault.Plan{}},
		{fault.Rule{Effect: fault.Status, Status: 500}, fault.Plan{}},
		{fault.Rule{Effect: fault.Skew, Skew: second}, fault.Plan{}},
	} {
		s := fault.New(fault.Config{})
		if _, err := s.Add(tt.rule); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, s.Deliver("a", "jira:issue_updated", "/hooks")); d != "" {
			t.Errorf("%s: %s", tt.rule.Effect, d)
		}
		if got, want := len(s.Log()), 1; (tt.want != fault.Plan{}) && got != want {
			t.Errorf("%s: %d entries in the log", tt.rule.Effect, got)
		}
	}
}

func TestLogKeepsTheLatest(t *testing.T) {
	s := fault.New(fault.Config{Keep: 2})
	if _, err := s.Add(fault.Rule{Effect: fault.Drop}); err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{"one", "two", "three"} {
		s.Deliver("a", event, "/")
	}
	log := s.Log()
	if len(log) != 2 || log[0].Target.Event != "three" || log[1].Target.Event != "two" {
		t.Errorf("log %+v", log)
	}
}

func TestStopEndsWhatWaits(t *testing.T) {
	s := fault.New(fault.Config{})
	for _, effect := range []fault.Effect{fault.Latency, fault.Slow} {
		if _, err := s.Add(fault.Rule{Effect: effect, Delay: limit.Span(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	answered := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		s.Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), fault.Target{On: fault.REST}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "whole") })
		answered <- w.Body.Len()
	}()
	s.Stop()
	s.Stop()
	if n := <-answered; n != 5 {
		t.Errorf("%d bytes", n)
	}
}
