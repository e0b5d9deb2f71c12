package fault_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
)

func TestRulesChooseTheirRequests(t *testing.T) {
	for _, tt := range []struct {
		name string
		rule fault.Rule
		want bool
	}{
		{"all", fault.Rule{}, true},
		{"method", fault.Rule{Method: "post"}, true},
		{"other method", fault.Rule{Method: "PUT"}, false},
		{"path", fault.Rule{Path: "/rest/api/3/issue/10000/properties/a"}, true},
		{"a star is one segment", fault.Rule{Path: "/rest/api/3/issue/*"}, false},
		{"stars within", fault.Rule{Path: "/rest/*/3/issue/*/prop*/*"}, true},
		{"two stars are all", fault.Rule{Path: "/rest/**"}, true},
		{"other path", fault.Rule{Path: "/rest/api/2/**"}, false},
		{"a dot is a dot", fault.Rule{Path: "/rest/api/3/issue/10000/properties/."}, false},
		{"app", fault.Rule{App: "a"}, true},
		{"other app", fault.Rule{App: "b"}, false},
		{"webhooks", fault.Rule{Effect: fault.Drop}, false},
	} {
		s := fault.New(fault.Config{})
		if tt.rule.Effect == "" {
			tt.rule.Effect, tt.rule.Status = fault.Status, 500
		}
		if _, err := s.Add(tt.rule); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.Serve(w, httptest.NewRequest(http.MethodPost, "/", nil), fault.Target{On: fault.REST, App: "a", Method: "POST", Path: "/rest/api/3/issue/10000/properties/a"},
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		if got := w.Code == 500; got != tt.want {
			t.Errorf("%s: met it: %v", tt.name, got)
		}
	}
}

func TestWrongRulesAreRefused(t *testing.T) {
	s := fault.New(fault.Config{})
	for want, raw := range map[string]string{
		"effect":        `{"effect":"explode"}`,
		"status":        `{"effect":"status","status":418}`,
		"reason":        `{"effect":"status","status":500,"reason":"jira-burst-based"}`,
		"status 429":    `{"effect":"status","status":429,"reason":"bored"}`,
		"needs a delay": `{"effect":"latency"}`,
		"needs a skew":  `{"effect":"skew"}`,
		"middle":        `{"effect":"cut","at":"end"}`,
		"happens on":    `{"effect":"drop","on":"rest"}`,
		"only webhooks": `{"effect":"lose","event":"comment_created"}`,
		"probability":   `{"effect":"lose","probability":2}`,
		"less than 0":   `{"effect":"lose","times":-1}`,
		"spread":        `{"effect":"latency","delay":"1s","spread":"wide"}`,
	} {
		var r fault.Rule
		if err := json.Unmarshal([]byte(raw), &r); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Add(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a word on %q", raw, err, want)
		}
	}
	if len(s.Rules()) != 0 {
		t.Error("a wrong rule is in force")
	}
}

func TestRulesInWords(t *testing.T) {
	s := fault.New(fault.Config{Clock: func() time.Time { return start }})
	for _, tt := range []struct {
		rule fault.Rule
		want string
	}{
		{fault.Rule{Effect: fault.Latency, Delay: limit.Span(2 * time.Second), Spread: fault.Uniform}, "waits 2s, uniform; REST; always"},
		{fault.Rule{Effect: fault.Status, Status: 429, Method: "put", Path: "/x", App: "a"}, "answers 429 jira-burst-based; REST PUT /x of a; always"},
		{fault.Rule{Effect: fault.Status, Status: 500, Probability: 0.05}, "answers 500; REST; 5 %"},
		{fault.Rule{Effect: fault.Cut, Every: 3}, "cuts the connection before anything is done; REST; 1 in 3"},
		{fault.Rule{Effect: fault.Cut, At: "middle"}, "cuts the connection in the middle of the answer; REST; always"},
		{fault.Rule{Effect: fault.Lose, Times: 2}, "does it and loses the answer; REST; 2 times"},
		{fault.Rule{Effect: fault.Truncate}, "sends half of the answer's body; REST; always"},
		{fault.Rule{Effect: fault.Slow, Delay: limit.Span(time.Minute)}, "sends the answer over 1m0s; REST; always"},
		{fault.Rule{Effect: fault.Skew, Skew: limit.Span(-time.Minute)}, "clock is off by -1m0s; answers and tokens; always"},
		{fault.Rule{Effect: fault.Skew, Skew: limit.Span(time.Minute), On: fault.Token}, "clock is off by 1m0s; tokens; always"},
		{fault.Rule{Effect: fault.Drop, Event: "comment_*"}, "never sends it; webhooks comment_*; always"},
		{fault.Rule{Effect: fault.Duplicate, For: limit.Span(time.Hour)}, "sends it 2 times; webhooks; until 10:50:00 UTC"},
		{fault.Rule{Effect: fault.Delay, Delay: limit.Span(time.Second)}, "sends it 1s late; webhooks; always"},
		{fault.Rule{Effect: fault.Reorder}, "sends it after the next one; webhooks; always"},
	} {
		got, err := s.Add(tt.rule)
		if err != nil {
			t.Fatal(err)
		}
		if words := got.What() + "; " + got.Which() + "; " + got.When(); words != tt.want {
			t.Errorf("%s: %q, want %q", tt.rule.Effect, words, tt.want)
		}
	}
}

func TestSameSeedSameFaults(t *testing.T) {
	run := func(seed uint64, more ...fault.Rule) (out string) {
		s := fault.New(fault.Config{Seed: seed})
		for _, r := range append([]fault.Rule{{On: fault.REST, Effect: fault.Status, Status: 500, Probability: 0.5, App: "a"}}, more...) {
			if _, err := s.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 64 {
			app := "a"
			if i%2 == 1 {
				app = "b"
			}
			w := httptest.NewRecorder()
			s.Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), fault.Target{On: fault.REST, App: app}, func(http.ResponseWriter, *http.Request) {})
			if app == "a" {
				out += fmt.Sprint(w.Code/100, " ")
			}
		}
		return out
	}
	first := run(1)
	if !strings.Contains(first, "5") || !strings.Contains(first, "2") {
		t.Errorf("half of the calls should fail: %s", first)
	}
	if again := run(1); again != first {
		t.Errorf("the same seed gave\n%s and\n%s", first, again)
	}
	if other := run(2); other == first {
		t.Error("another seed gave the same")
	}
	if beside := run(1, fault.Rule{Effect: fault.Status, Status: 502, Probability: 0.5, App: "b"}); beside != first {
		t.Error("a rule for another app changed what this one does")
	}
}

func TestRulesCanBringTheirOwnSeed(t *testing.T) {
	rule := fault.Rule{Effect: fault.Drop, Probability: 0.5, Seed: 9}
	run := func(before int) (out []bool) {
		s := fault.New(fault.Config{Seed: uint64(before)})
		for range before {
			if _, err := s.Add(fault.Rule{Effect: fault.Drop, App: "other"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Add(rule); err != nil {
			t.Fatal(err)
		}
		for range 64 {
			out = append(out, s.Deliver("a", "e", "/").Drop)
		}
		return out
	}
	if d := cmp.Diff(run(0), run(3)); d != "" {
		t.Error(d)
	}
}

func TestSpreadsOfDelays(t *testing.T) {
	for spread, ok := range map[fault.Spread]func(least, most, mean time.Duration) bool{
		"": func(least, most, _ time.Duration) bool { return least == time.Second && most == time.Second },
		fault.Uniform: func(least, most, mean time.Duration) bool {
			return least > 0 && most < 2*time.Second && near(mean) && most > least
		},
		fault.Exponential: func(least, most, mean time.Duration) bool { return least > 0 && most > 3*time.Second && near(mean) },
	} {
		var all []time.Duration
		s := fault.New(fault.Config{Wait: func(_ context.Context, d time.Duration) { all = append(all, d) }})
		if _, err := s.Add(fault.Rule{Effect: fault.Latency, Delay: limit.Span(time.Second), Spread: spread}); err != nil {
			t.Fatal(err)
		}
		for range 500 {
			s.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), fault.Target{On: fault.REST}, func(http.ResponseWriter, *http.Request) {})
		}
		least, most, sum := all[0], all[0], time.Duration(0)
		for _, d := range all {
			least, most, sum = min(least, d), max(most, d), sum+d
		}
		if mean := sum / time.Duration(len(all)); !ok(least, most, mean) {
			t.Errorf("%q: least %s, most %s, mean %s", spread, least, most, mean)
		}
	}
}

func near(d time.Duration) bool { return d > 800*time.Millisecond && d < 1200*time.Millisecond }

func TestClockSkew(t *testing.T) {
	ten := limit.Span(10 * time.Minute)
	for _, tt := range []struct {
		name    string
		on      fault.Place
		answers bool
		tokens  time.Duration
	}{
		{"anywhere", fault.Anywhere, true, 10 * time.Minute},
		{"answers", fault.REST, true, 0},
		{"tokens", fault.Token, false, 10 * time.Minute},
	} {
		s := open(t, fault.Rule{Effect: fault.Skew, Skew: ten, On: tt.on})
		resp, _, err := s.post("/")
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Header.Get("Date") == "Fri, 20 Nov 2026 10:00:00 GMT"; got != tt.answers {
			t.Errorf("%s: the answer's date is %s", tt.name, resp.Header.Get("Date"))
		}
		if got := s.Skew("a"); got != tt.tokens {
			t.Errorf("%s: tokens are off by %s, want %s", tt.name, got, tt.tokens)
		}
	}
	s := fault.New(fault.Config{})
	for _, skew := range []time.Duration{time.Hour, -2 * time.Hour} {
		if _, err := s.Add(fault.Rule{Effect: fault.Skew, Skew: limit.Span(skew), App: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Skew("a"); got != -time.Hour {
		t.Errorf("two rules make %s, want -1h", got)
	}
	if got := s.Skew("b"); got != 0 {
		t.Errorf("another app's tokens are off by %s", got)
	}
}
