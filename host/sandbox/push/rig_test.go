package push_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/push"
)

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// got is a webhook as the app read it.
type got struct {
	ID, Retry, Auth string
	N               any // which event it was
	Body            map[string]any
}

// rig is a sender with an app at the other end and a clock that is moved by hand.
type rig struct {
	*push.Sender
	t   *testing.T
	url string
	cfg push.Config

	mu     sync.Mutex
	now    time.Time
	timers []timer
	hooks  []push.Hook
	answer func(w http.ResponseWriter, n int) // the nth request, from 1
	got    []got
	plans  []fault.Plan // of the next deliveries
	gone   bool         // nobody to sign for
}

type timer struct {
	at        time.Time
	f         func()
	cancelled *bool
}

func open(t *testing.T, change ...func(*rig)) *rig {
	t.Helper()
	g := &rig{t: t, now: start}
	srv := httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(srv.Close)
	g.url = srv.URL
	g.hooks = []push.Hook{{App: "a", URL: g.url + "/hooks", Events: []string{"jira:issue_updated"}}}
	g.cfg = push.Config{
		Sign: func(app, method, address string) (string, error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.gone {
				return "", errors.New("the app is gone")
			}
			return fmt.Sprintf("JWT %s %s %s %s", app, method, strings.TrimPrefix(address, g.url), g.now.Format(time.TimeOnly)), nil
		},
		Hooks: func() []push.Hook { return g.hooks },
		Plan: func(string, string, string) (p fault.Plan) {
			if len(g.plans) > 0 {
				p, g.plans = g.plans[0], g.plans[1:]
			}
			return p
		},
		Clock: g.clock,
		After: func(d time.Duration, f func()) func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			cancelled := false
			g.timers = append(g.timers, timer{g.now.Add(d), f, &cancelled})
			return func() { cancelled = true }
		},
	}
	for _, c := range change {
		c(g)
	}
	s, err := push.New(g.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	g.Sender = s
	return g
}

func (g *rig) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *rig) serve(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	in := got{ID: r.Header.Get("X-Atlassian-Webhook-Identifier"), Retry: r.Header.Get("X-Atlassian-Webhook-Retry"), Auth: r.Header.Get("Authorization")}
	_ = json.Unmarshal(raw, &in.Body)
	in.N = in.Body["n"]
	g.mu.Lock()
	g.got = append(g.got, in)
	n, answer := len(g.got), g.answer
	g.mu.Unlock()
	if answer != nil {
		answer(w, n)
	}
}

// advance moves the clock, runs what is due and waits for what that sends.
func (g *rig) advance(d time.Duration) {
	g.mu.Lock()
	g.now = g.now.Add(d)
	var due []timer
	g.timers = slices.DeleteFunc(g.timers, func(t timer) bool {
		if g.now.Before(t.at) {
			return false
		}
		due = append(due, t)
		return true
	})
	g.mu.Unlock()
	for _, t := range due {
		if !*t.cancelled {
			t.f()
		}
	}
	g.Settle()
}

// emit sends numbered events about an issue and waits for them.
func (g *rig) emit(issue string, numbers ...int) {
	for _, n := range numbers {
		g.Emit(push.Event{Name: "jira:issue_updated", Time: start, IssueID: issue, Body: map[string]any{"n": n}}, yes)
	}
	g.Settle()
}

func yes(jql string) bool { return jql == "yes" }

func (g *rig) received() []got {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.got)
}

func (g *rig) numbers() string {
	var out []string
	for _, in := range g.received() {
		out = append(out, fmt.Sprint(in.N))
	}
	return strings.Join(out, " ")
}

func (g *rig) outcomes() string {
	var out []string
	for _, a := range slices.Backward(g.Log()) {
		out = append(out, string(a.Outcome))
	}
	return strings.Join(out, " ")
}
