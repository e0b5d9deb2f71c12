package jira_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

func TestOnlyCallsThatDoNoHarmTwiceAreMadeAgain(t *testing.T) {
	for _, status := range []int{429, 502, 503, 504} {
		s := newSite(t, "", answer{status: status})
		draft := jira.Draft{Fields: map[string]any{"summary": "x"}}
		if _, err := s.client.Create(t.Context(), s.tenant, []jira.Draft{draft}); err == nil || len(s.seen) != 1 {
			t.Errorf("%d: a creation was sent %d times: %v", status, len(s.seen), err)
		}
		s = newSite(t, "", answer{status: status}, answer{status: http.StatusNoContent})
		if err := s.client.Edit(t.Context(), s.tenant, "10001", draft); err != nil || len(s.seen) != 2 {
			t.Errorf("%d: an edit was sent %d times: %v", status, len(s.seen), err)
		}
	}
}

func TestConnectionThatEndsBeforeAnAnswerIsTriedAgain(t *testing.T) {
	var asked, cuts atomic.Int32
	cuts.Store(1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= cuts.Load() {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"id":"10001","key":"OPS-1","issues":[{"id":"10001","key":"OPS-1"}]}`)
	}))
	t.Cleanup(server.Close)
	c, err := jira.New(jira.Config{AppKey: appKey, Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	site := tenant.Tenant{ID: "t1", ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), BaseURL: server.URL, State: tenant.Active}
	if _, err := c.Issue(t.Context(), site, "10001", nil); err != nil || asked.Load() != 2 {
		t.Errorf("a read was sent %d times: %v", asked.Load(), err)
	}
	cuts.Store(3)
	if _, err := c.Create(t.Context(), site, []jira.Draft{{}}); err == nil || asked.Load() != 3 || !jira.IsUnknown(err) {
		t.Errorf("a creation was sent %d times: %v", asked.Load()-2, err)
	}
}

func TestWhatWasHeldBackIsKnownNotToBeDone(t *testing.T) {
	quota := answer{status: 429, header: map[string]string{"Retry-After": "1800", "RateLimit-Reason": "jira-quota-tenant-based"}}
	s := newSite(t, "", quota)
	for n := range 3 {
		_, err := s.client.Create(t.Context(), s.tenant, []jira.Draft{{}})
		var f *jira.Failure
		var e *sdk.Error
		if !errors.As(err, &f) || !errors.As(err, &e) || f.Reason != "jira-quota-tenant-based" || f.RetryAfter != 30*time.Minute ||
			e.Code != sdk.Exhausted || e.Source != sdk.FromDownstream || e.RetryAfter != 1800 || jira.IsUnknown(err) {
			t.Errorf("call %d: %v, unknown: %v", n, err, jira.IsUnknown(err))
		}
	}
	s.expectCalls("POST /rest/api/3/issue/bulk")
}

// crowd are sites with the app, which a client shares. What they are sent is noted.
type crowd struct {
	*testing.T
	client *jira.Client
	site   *sandboxtest.Site
	app    *sandboxtest.App

	mu   sync.Mutex
	sent []capability.TenantID
}

func newCrowd(t *testing.T, c limit.Config) *crowd {
	t.Helper()
	out := &crowd{T: t, site: sandboxtest.Start(t)}
	out.app = out.site.InstallApp(appKey, "READ", "WRITE")
	limits, err := limit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if out.client, err = jira.New(jira.Config{AppKey: appKey, Limits: limits, HTTP: &http.Client{Transport: out}}); err != nil {
		t.Fatal(err)
	}
	return out
}

// as is the site under the id of a tenant: to the client they are two.
func (c *crowd) as(id capability.TenantID) tenant.Tenant {
	return tenant.Tenant{ID: id, ClientKey: c.app.ClientKey, SharedSecret: seal.NewSecret(c.app.Secret), BaseURL: c.site.URL, State: tenant.Active}
}

type sender struct{}

func (c *crowd) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	id, _ := r.Context().Value(sender{}).(capability.TenantID)
	c.sent = append(c.sent, id)
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func (c *crowd) set(path string, in any) {
	c.Helper()
	method := http.MethodPut
	if path == "/sandbox/faults" {
		method = http.MethodPost
	}
	if status, body := c.site.Do("", method, path, in); status > 299 {
		c.Fatalf("%s: %d %s", path, status, body)
	}
}

func TestSmallSiteIsServedWhileAnotherFloods(t *testing.T) {
	c := newCrowd(t, limit.Config{InFlight: 4, PerSite: 3, Unpaced: true})
	c.set("/sandbox/limits", map[string]any{"off": true})
	var calls sync.WaitGroup
	read := func(id capability.TenantID) {
		if _, err := c.client.Issue(context.WithValue(t.Context(), sender{}, id), c.as(id), "OPS-1", nil); err != nil {
			t.Error(err)
		}
	}
	for range 400 {
		calls.Go(func() { read("flood") })
	}
	for range 20 {
		c.mu.Lock()
		before := len(c.sent)
		c.mu.Unlock()
		read("small")
		c.mu.Lock()
		// What was under way or let go already, and one turn.
		for n, id := range c.sent[before:] {
			if id == "small" {
				if n > 8 {
					t.Errorf("%d calls of the flood were sent before the small site's", n)
				}
				break
			}
		}
		c.mu.Unlock()
	}
	calls.Wait()
}

func TestBurstsOfASiteThatMeansItAreSlowedDown(t *testing.T) {
	c := newCrowd(t, limit.Config{})
	c.set("/sandbox/limits", map[string]any{"rates": map[string]int{"GET": 20, "POST": 20, "PUT": 20, "DELETE": 20}, "endpoints": map[string]int{}})
	began := time.Now()
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			if _, err := c.client.Project(t.Context(), c.as("t1"), "10000"); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if took := time.Since(began); took < time.Second { // fifty calls at twenty a second, of which twenty may come at once
		t.Errorf("took %s", took)
	}
}

func TestPausedIssueLetsOthersThrough(t *testing.T) {
	c := newCrowd(t, limit.Config{})
	c.set("/sandbox/faults", map[string]any{
		"effect": "status", "status": 429, "reason": "jira-per-issue-on-write", "retryAfter": "1h", "method": "PUT", "path": "/rest/api/3/issue/OPS-1/**", "times": 1,
	})
	write := func(issue string) error {
		return c.client.SetIssueProperty(t.Context(), c.as("t1"), issue, "p", 1)
	}
	var f *jira.Failure
	for range 2 {
		if err := write("OPS-1"); !errors.As(err, &f) || f.Reason != "jira-per-issue-on-write" || f.RetryAfter < 59*time.Minute {
			t.Errorf("the issue: %v", err)
		}
	}
	if err := write("OPS-2"); err != nil {
		t.Error("another issue:", err)
	}
	if _, err := c.client.Issue(t.Context(), c.as("t1"), "OPS-1", nil); err != nil {
		t.Error("reading the issue:", err)
	}
	if len(c.sent) != 3 {
		t.Errorf("%d calls were sent, want 3", len(c.sent))
	}
}
