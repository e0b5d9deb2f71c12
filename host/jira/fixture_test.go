package jira_test

import (
	"context"
	"encoding/base64"
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

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

const (
	appKey    = "pergola"
	clientKey = "client-one"
	secret    = "secret-of-tenant-one-0123456789"
	account   = "5b10a2844c20165700ede21g"
)

var now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// site is a Jira site that takes only calls signed as they should be. Answers are given in order, the last one again and
// again.
type site struct {
	*testing.T
	client *jira.Client
	tenant tenant.Tenant

	mu      sync.Mutex
	answers []answer
	seen    []seen
	headers []http.Header
	slept   []time.Duration // by the client, and by calls that the limiter holds back
	ahead   time.Duration   // of the limiter's clock
}

type answer struct {
	status int
	header map[string]string
	body   string
}

type seen struct {
	Method, Target, Body string
}

func newSite(t *testing.T, contextPath string, answers ...answer) *site {
	t.Helper()
	s := &site{T: t, answers: answers}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.tenant = tenant.Tenant{
		ID: "t1", ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), BaseURL: server.URL + contextPath, State: tenant.Active,
	}
	limits, err := limit.New(limit.Config{Clock: s.clock, Timer: s.timer})
	if err != nil {
		t.Fatal(err)
	}
	s.client, err = jira.New(jira.Config{
		AppKey: appKey, HTTP: server.Client(), MaxBody: 64 << 10, Clock: func() time.Time { return now }, Limits: limits,
		Rand: func() float64 { return 0.5 },
		Sleep: func(ctx context.Context, d time.Duration) error {
			s.slept = append(s.slept, d)
			return ctx.Err()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clock and timer are the limiter's: what it waits for is over at once.
func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Add(s.ahead)
}

func (s *site) timer(d time.Duration, f func()) func() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slept = append(s.slept, d)
	s.ahead += d
	go f()
	return func() bool { return false }
}

func ok(body string) answer { return answer{status: http.StatusOK, body: body} }

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = s.verify(r, body)
	}
	if err != nil {
		s.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	s.mu.Lock()
	s.seen = append(s.seen, seen{r.Method, r.RequestURI, string(body)})
	s.headers = append(s.headers, r.Header)
	a := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	s.mu.Unlock()
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.body) //nolint:errcheck // a test server
}

// verify checks the call as Jira would: signature, hash and times by our own verifier with the parts swapped, the rest
// here.
func (s *site) verify(r *http.Request, body []byte) error {
	v, err := auth.New(auth.Config{
		AppKey: "the site itself", BaseURLs: []string{s.tenant.BaseURL}, Keys: noKeys{}, Tenants: app{}, Clock: func() time.Time { return now },
	})
	if err != nil {
		return err
	}
	header := r.Header.Get("Authorization")
	if _, err := v.Event(r.Context(), auth.Request{Method: r.Method, Target: r.RequestURI, Authorization: header}); err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(header, ".")[1])
	if err != nil {
		return err
	}
	var c struct {
		Aud      any
		Iat, Exp int64
		Sub      *string
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	switch {
	case c.Aud != clientKey:
		return fmt.Errorf("aud %v", c.Aud)
	case c.Exp-c.Iat != 180:
		return fmt.Errorf("the token lives for %d seconds", c.Exp-c.Iat)
	case c.Sub != nil:
		return errors.New("the token names a user")
	case r.Method == http.MethodGet && (len(body) > 0 || r.Header.Get("Content-Type") != "" || len(r.TransferEncoding) > 0):
		return errors.New("a GET has a body")
	case len(body) > 0 && r.Header.Get("Content-Type") != "application/json":
		return errors.New("a body without a type")
	case r.Header.Get("Accept") != "application/json":
		return errors.New("no JSON asked for")
	}
	return nil
}

type noKeys struct{ auth.KeySource }

// app is the app as the site knows it: an issuer with the shared secret.
type app struct{}

func (app) ByClientKey(_ context.Context, issuer string) (tenant.Tenant, error) {
	if issuer != appKey {
		return tenant.Tenant{}, store.ErrNotFound
	}
	return tenant.Tenant{ID: "app", ClientKey: appKey, SharedSecret: seal.NewSecret(secret), State: tenant.Active}, nil
}

// targets are the addresses that were called.
func (s *site) targets() []string {
	var out []string
	for _, c := range s.seen {
		out = append(out, c.Method+" "+c.Target)
	}
	return out
}

func (s *site) expectCalls(want ...string) {
	s.Helper()
	if got := s.targets(); !slices.Equal(got, want) {
		s.Errorf("calls %q, want %q", got, want)
	}
}

// byID knows one tenant.
type byID struct{ tenant.Tenant }

func (b byID) ByID(_ context.Context, id capability.TenantID) (tenant.Tenant, error) {
	if id != b.ID {
		return tenant.Tenant{}, store.ErrNotFound
	}
	return b.Tenant, nil
}
