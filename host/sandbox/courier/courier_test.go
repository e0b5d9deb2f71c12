package courier_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/courier"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
)

// rig is a courier with an app that answers what the test says; the last answer stays.
type rig struct {
	*courier.Courier
	url string

	mu      sync.Mutex
	arrived *sync.Cond
	answers []int
	count   int
}

func open(t *testing.T, cfg courier.Config, answers ...int) *rig {
	t.Helper()
	r := &rig{answers: answers}
	r.arrived = sync.NewCond(&r.mu)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		w.WriteHeader(r.answers[min(r.count, len(r.answers)-1)])
		r.count++
		r.arrived.Broadcast()
	}))
	t.Cleanup(srv.Close)
	r.url = srv.URL
	cfg.Backoff = func(int) time.Duration { return 0 }
	r.Courier = courier.New(cfg)
	t.Cleanup(r.Close)
	return r
}

func (r *rig) deliver() {
	r.Deliver(courier.Message{ID: "m", App: "a", Event: "e", URL: r.url + "/hook", Request: func(ctx context.Context, _ int, _ courier.Outcome) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/hook", nil)
	}})
	r.Settle() // retries are due at once
}

func (r *rig) outcomes() string {
	var out []string
	for _, a := range r.Log() {
		out = append([]string{string(a.Outcome)}, out...)
	}
	return strings.Join(out, " ")
}

func TestMessageIsSentUntilItIsAcknowledged(t *testing.T) {
	for _, tt := range []struct {
		name    string
		cfg     courier.Config
		answers []int
		want    string
	}{
		{"at once", courier.Config{Retries: 4}, []int{204}, "delivered"},
		{"after failures", courier.Config{Retries: 4}, []int{500, 401, 302, 200}, "refused denied refused delivered"},
		{"never", courier.Config{Retries: 2}, []int{500}, "refused refused refused"},
		{"200 alone counts", courier.Config{Retries: 1, Acknowledged: func(s int) bool { return s == 200 }}, []int{202, 200}, "refused delivered"},
		{"dropped by a fault", courier.Config{Plan: func(string, string, string) fault.Plan { return fault.Plan{Drop: true} }}, []int{200}, "dropped"},
		{"doubled by a fault", courier.Config{Plan: func(string, string, string) fault.Plan { return fault.Plan{Copies: 1} }}, []int{200}, "delivered delivered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t, tt.cfg, tt.answers...)
			r.deliver()
			if diff := cmp.Diff(tt.want, r.outcomes()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNothingIsSentToWhoIsGone(t *testing.T) {
	r := open(t, courier.Config{Retries: 4}, 200)
	r.Deliver(courier.Message{URL: r.url, Request: func(context.Context, int, courier.Outcome) (*http.Request, error) { return nil, errors.New("gone") }})
	r.Settle()
	if r.outcomes() != "dropped" || r.count != 0 {
		t.Errorf("%s, %d requests", r.outcomes(), r.count)
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	r := open(t, courier.Config{Retries: 4, Plan: func(string, string, string) fault.Plan { return fault.Plan{Delay: time.Hour} }}, 200)
	r.deliver()
	r.Close()
	r.deliver()
	if r.count != 0 {
		t.Errorf("%d requests", r.count)
	}
}
