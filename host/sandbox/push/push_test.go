package push_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/push"
)

func TestDeliveryIsSignedAndNamed(t *testing.T) {
	g := open(t)
	g.emit("10000", 1)
	in := g.received()
	if len(in) != 1 || in[0].ID == "" || in[0].Retry != "" || in[0].Auth != "JWT a POST /hooks 09:00:00" {
		t.Fatalf("received %+v", in)
	}
	want := map[string]any{"n": 1.0, "timestamp": float64(start.UnixMilli()), "webhookEvent": "jira:issue_updated"}
	if d := cmp.Diff(want, in[0].Body); d != "" {
		t.Error(d)
	}
	log := g.Log()
	if len(log) != 1 || log[0].Outcome != push.Delivered || log[0].Status != 200 || log[0].ID != in[0].ID || g.Waiting() != 0 {
		t.Errorf("log %+v, %d waiting", log, g.Waiting())
	}
}

func TestRetriesKeepTheIdentifier(t *testing.T) {
	for _, status := range []int{408, 409, 425, 429, 500, 502, 503, 504} {
		g := open(t)
		g.answer = func(w http.ResponseWriter, n int) {
			if n <= 2 {
				w.WriteHeader(status)
			}
		}
		g.emit("10000", 1)
		g.advance(time.Second - 1)
		if n := len(g.received()); n != 1 {
			t.Fatalf("%d: %d requests before the first pause was over", status, n)
		}
		g.advance(1)
		g.advance(2 * time.Second)
		in := g.received()
		if len(in) != 3 || in[0].Retry != "" || in[1].Retry != "1" || in[2].Retry != "2" || in[1].ID != in[0].ID || in[2].ID != in[0].ID {
			t.Errorf("%d: received %+v", status, in)
		}
		if in[2].Auth == in[0].Auth {
			t.Errorf("%d: a retry carries an old signature", status)
		}
		if got := g.outcomes(); got != "again again delivered" {
			t.Errorf("%d: %s", status, got)
		}
	}
}

func TestGivenUpAfterFiveRetries(t *testing.T) {
	g := open(t)
	g.answer = func(http.ResponseWriter, int) { panic(http.ErrAbortHandler) } // the connection fails
	g.emit("10000", 1)
	for range 10 {
		g.advance(time.Minute)
	}
	if n := len(g.received()); n != 1+push.MaxRetries {
		t.Errorf("%d attempts", n)
	}
	if got := g.outcomes(); got != "again again again again again failed" {
		t.Error(got)
	}
	failed := g.Failed("a", time.Time{}, 10)
	if len(failed) != 1 || failed[0].ID != g.received()[0].ID || failed[0].URL != g.url+"/hooks" || !strings.Contains(failed[0].Body, `"n":1`) {
		t.Fatalf("failed %+v", failed)
	}
	if n := len(g.Failed("b", time.Time{}, 10)); n != 0 || g.Waiting() != 0 {
		t.Errorf("another app has %d failures; %d wait", n, g.Waiting())
	}
	if n := len(g.Failed("a", failed[0].Time, 10)); n != 0 {
		t.Errorf("%d failures after the last one", n)
	}
	g.advance(73 * time.Hour)
	if n := len(g.Failed("a", time.Time{}, 10)); n != 0 {
		t.Errorf("%d failures after 72 hours", n)
	}
}

func TestAnswersThatStay(t *testing.T) {
	for _, status := range []int{302, 400, 401, 404, 410} {
		g := open(t)
		g.answer = func(w http.ResponseWriter, _ int) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}
		g.emit("10000", 1)
		g.advance(time.Hour)
		if n := len(g.received()); n != 1 || g.outcomes() != "refused" || len(g.Failed("a", time.Time{}, 10)) != 0 {
			t.Errorf("%d: %d requests, %s", status, n, g.outcomes())
		}
	}
}

func TestSlowAppIsGivenUpInTime(t *testing.T) {
	release := make(chan struct{})
	g := open(t, func(g *rig) { g.cfg.Timeout = 20 * time.Millisecond })
	g.answer = func(_ http.ResponseWriter, n int) {
		if n == 1 {
			<-release
		}
	}
	g.emit("10000", 1)
	close(release)
	g.advance(time.Second)
	if got := g.outcomes(); got != "again delivered" {
		t.Error(got)
	}
}

func TestOneIssueInOrderUntilOneFails(t *testing.T) {
	g := open(t)
	g.emit("10000", 1, 2, 3, 4, 5, 6, 7, 8)
	if got := g.numbers(); got != "1 2 3 4 5 6 7 8" {
		t.Error(got)
	}
	g = open(t)
	g.answer = func(w http.ResponseWriter, n int) {
		if n == 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
	g.emit("10000", 1, 2, 3)
	g.advance(time.Second)
	if got := g.numbers(); got != "1 2 3 2" {
		t.Error(got)
	}
}

func TestNobodyWaitsForASlowApp(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 10)
	g := open(t, func(g *rig) { g.cfg.Queue = 3 })
	g.answer = func(http.ResponseWriter, int) { arrived <- struct{}{}; <-release }
	for n := range 5 { // returns though nothing is answered
		g.Emit(push.Event{Name: "jira:issue_updated", Time: start, IssueID: fmt.Sprint(n), Body: map[string]any{"n": n}}, yes)
	}
	for range 3 {
		<-arrived // three issues at the same time
	}
	close(release)
	g.Settle()
	failed := g.Failed("a", time.Time{}, 10)
	if len(g.received()) != 3 || len(failed) != 2 || !failed[1].Time.After(failed[0].Time) {
		t.Errorf("%d received, failed %+v", len(g.received()), failed)
	}
	if got := g.Log(); !slices.ContainsFunc(got, func(a push.Attempt) bool { return a.Problem == "the queue is full" }) {
		t.Errorf("log %+v", got)
	}
}

func TestFaultsOnDeliveries(t *testing.T) {
	second := fault.Plan{Delay: time.Second}
	for _, tt := range []struct {
		name  string
		plans []fault.Plan
		now   string // the events that come at once
		later string // and all in all
	}{
		{"none", nil, "1 2 3", "1 2 3"},
		{"drop", []fault.Plan{{}, {Drop: true}}, "1 3", "1 3"},
		{"duplicate", []fault.Plan{{Copies: 2}}, "1 1 1 2 3", "1 1 1 2 3"},
		{"delay", []fault.Plan{second}, "2 3", "2 3 1"},
		{"reorder", []fault.Plan{{Hold: time.Second}}, "2 1 3", "2 1 3"},
		{"reorder the last", []fault.Plan{{}, {}, {Hold: time.Second}}, "1 2", "1 2 3"},
		{"reorder all", []fault.Plan{{Hold: time.Second}, {Hold: time.Second}, {Hold: time.Second}}, "", "1 2 3"},
	} {
		g := open(t)
		g.plans = tt.plans
		g.emit("10000", 1, 2, 3)
		if got := g.numbers(); got != tt.now {
			t.Errorf("%s: %q at once, want %q", tt.name, got, tt.now)
		}
		g.advance(time.Second)
		if got := g.numbers(); got != tt.later || g.Waiting() != 0 {
			t.Errorf("%s: %q in the end, want %q; %d wait", tt.name, got, tt.later, g.Waiting())
		}
		ids := map[any]string{}
		for _, in := range g.received() {
			if before := ids[in.N]; before != "" && before != in.ID {
				t.Errorf("%s: a copy has an identifier of its own", tt.name)
			}
			ids[in.N] = in.ID
		}
	}
}

func TestRegisteredHooksShareADelivery(t *testing.T) {
	g := open(t)
	hook := push.Hook{App: "a", URL: g.url + "/dynamic", Events: []string{"jira:issue_updated"}, Expires: start.Add(time.Hour)}
	for id, jql := range []string{"", "yes", "no"} {
		h := hook
		h.ID, h.JQL = int64(id+1), jql
		g.hooks = append(g.hooks, h)
	}
	g2 := open(t, func(other *rig) { other.hooks = g.hooks })
	g2.emit("10000", 1)
	var matched []any
	for _, in := range g.received() { // the hooks lead to the first app
		if ids, ok := in.Body["matchedWebhookIds"]; ok {
			matched = append(matched, ids)
		}
	}
	if n := len(g.received()); n != 2 {
		t.Errorf("%d deliveries; want one for the module and one for what was registered", n)
	}
	if d := cmp.Diff([]any{[]any{1.0, 2.0}}, matched); d != "" {
		t.Error(d)
	}
	g2.advance(time.Hour)
	g2.emit("10000", 2)
	if n := len(g.received()); n != 3 {
		t.Errorf("%d deliveries in all; expired hooks were served", n)
	}
}

func TestNothingGoesToAnAppThatIsGone(t *testing.T) {
	g := open(t)
	g.answer = func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusServiceUnavailable) }
	g.emit("10000", 1)
	g.mu.Lock()
	g.gone = true
	g.mu.Unlock()
	g.advance(time.Minute)
	if got := g.outcomes(); got != "again dropped" || len(g.received()) != 1 || g.Waiting() != 0 {
		t.Errorf("%s, %d received", got, len(g.received()))
	}
}

func TestBodyCanBeLeftOut(t *testing.T) {
	g := open(t)
	g.hooks[0].WithoutBody = true
	g.emit("10000", 1)
	if in := g.received(); len(in) != 1 || in[0].Body != nil {
		t.Errorf("received %+v", in)
	}
}

func TestCloseForgetsWhatWaits(t *testing.T) {
	g := open(t)
	g.answer = func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusServiceUnavailable) }
	g.emit("10000", 1)
	g.Close()
	g.Close()
	g.advance(time.Hour)
	g.emit("10000", 2)
	if n := len(g.received()); n != 1 {
		t.Errorf("%d requests, some after the end", n)
	}
}

func TestManyEventsFromManySides(t *testing.T) {
	g := open(t, func(g *rig) { g.cfg.Queue = 10_000 })
	var wg sync.WaitGroup
	for issue := range 8 {
		wg.Go(func() {
			for n := range 25 {
				g.Emit(push.Event{Name: "jira:issue_updated", Time: start, IssueID: fmt.Sprint(issue), Body: map[string]any{"n": n, "issue": issue}}, yes)
			}
		})
	}
	wg.Wait()
	g.Settle()
	next := map[any]float64{}
	for _, in := range g.received() {
		issue := in.Body["issue"]
		if in.N != next[issue] {
			t.Fatalf("issue %v: event %v came where %v was next", issue, in.N, next[issue])
		}
		next[issue]++
	}
	if len(g.received()) != 200 || g.Waiting() != 0 {
		t.Errorf("%d of 200 received, %d wait", len(g.received()), g.Waiting())
	}
}
