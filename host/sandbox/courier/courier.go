// Package courier brings messages to apps until they say that they have them: what the app migration platform and Forge have
// in common. A message that was not acknowledged is sent again after a while, up to a number of times, and messages may be
// lost, doubled or held back by the site's faults.
//
// Start with [New] and [Courier.Deliver].
package courier

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
)

// Config says how messages are brought. Retries is required.
type Config struct {
	// Retries is how many times a message is sent again.
	Retries int
	// Acknowledged says whether an answer with that status is one. nil is 200 to 299.
	Acknowledged func(status int) bool
	// Timeout is how long an app may take to answer. 0 is 5 s.
	Timeout time.Duration
	// Backoff is how long to wait before retry 1, 2… nil is 1, 2, 4 … s, at most 60 s.
	Backoff func(retry int) time.Duration
	// Plan says what goes wrong with a message. nil is nothing.
	Plan func(app, event, path string) fault.Plan
	// Clock is the time of the log. nil is time.Now.
	Clock func() time.Time
	// Logger gets what cannot be sent. nil drops it.
	Logger *slog.Logger
}

// Message is something for an app. Request makes the request of a try, from 0 on, with why the last one failed; an error ends
// the delivery, because there is nobody any more to send to.
type Message struct {
	ID      string
	App     string
	Event   string
	URL     string
	Request func(ctx context.Context, retry int, before Outcome) (*http.Request, error)
}

// Outcome is what came of a try.
type Outcome string

// The outcomes. Those after Delivered are tried again.
const (
	Delivered Outcome = "delivered"
	Refused   Outcome = "refused" // another status
	Denied    Outcome = "denied"  // 401
	TimedOut  Outcome = "timeout"
	Failed    Outcome = "failed"  // no answer
	Dropped   Outcome = "dropped" // by a fault, or because the app is gone
)

// Attempt is a line of the log.
type Attempt struct {
	Time    time.Time `json:"time"`
	ID      string    `json:"id"`
	App     string    `json:"app"`
	Event   string    `json:"event"`
	URL     string    `json:"url"`
	Retry   int       `json:"retry"`
	Status  int       `json:"status,omitempty"`
	Outcome Outcome   `json:"outcome"`
}

// keep is how many attempts the log has.
const keep = 500

// Courier brings messages. It is safe for concurrent use.
type Courier struct {
	cfg    Config
	client *http.Client
	ctx    context.Context // of all requests; ended by Close
	stop   context.CancelFunc

	mu      sync.Mutex
	idle    *sync.Cond
	closed  bool
	busy    int // tries that are due or on their way
	timers  map[*time.Timer]bool
	log     []Attempt
	running sync.WaitGroup
}

// New returns a courier without messages. Close it.
func New(cfg Config) *Courier {
	if cfg.Acknowledged == nil {
		cfg.Acknowledged = func(status int) bool { return status >= 200 && status < 300 }
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.Backoff == nil {
		cfg.Backoff = func(retry int) time.Duration { return min(time.Second<<min(retry-1, 6), time.Minute) }
	}
	if cfg.Plan == nil {
		cfg.Plan = func(string, string, string) fault.Plan { return fault.Plan{} }
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Courier{cfg: cfg, timers: map[*time.Timer]bool{}, client: &http.Client{
		// A signature is over one path, and Forge follows no redirects.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.idle = sync.NewCond(&c.mu)
	c.ctx, c.stop = context.WithCancel(context.Background()) // of the courier, and not of whoever sends
	return c
}

// Deliver begins to bring a message, and returns at once.
func (c *Courier) Deliver(m Message) {
	path := ""
	if u, err := url.Parse(m.URL); err == nil {
		path = u.Path
	}
	plan := c.cfg.Plan(m.App, m.Event, path)
	c.mu.Lock()
	defer c.mu.Unlock()
	if plan.Drop {
		c.note(m, 0, 0, Dropped)
		return
	}
	for range 1 + plan.Copies {
		c.later(plan.Delay+plan.Hold, func() { c.try(m, 0, "") })
	}
}

// later runs f on another goroutine once d has passed. The caller holds c.mu.
func (c *Courier) later(d time.Duration, f func()) {
	if c.closed {
		return
	}
	start := func() {
		c.busy++
		c.running.Go(func() {
			f()
			c.mu.Lock()
			c.busy--
			c.idle.Broadcast()
			c.mu.Unlock()
		})
	}
	if d <= 0 {
		start()
		return
	}
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.timers[t] && !c.closed {
			delete(c.timers, t)
			start()
		}
	})
	c.timers[t] = true
}

// try sends a message once, and sees to it that it is sent again where it must be.
func (c *Courier) try(m Message, retry int, before Outcome) {
	status, outcome := c.send(m, retry, before)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(m, retry, status, outcome)
	if outcome != Delivered && outcome != Dropped && retry < c.cfg.Retries {
		c.later(c.cfg.Backoff(retry+1), func() { c.try(m, retry+1, outcome) })
	}
}

func (c *Courier) send(m Message, retry int, before Outcome) (int, Outcome) {
	ctx, cancel := context.WithTimeout(c.ctx, c.cfg.Timeout)
	defer cancel()
	r, err := m.Request(ctx, retry, before)
	if err != nil {
		c.cfg.Logger.Warn("message", "app", m.App, "event", m.Event, "error", err)
		return 0, Dropped
	}
	resp, err := c.client.Do(r)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return 0, TimedOut
	case err != nil:
		return 0, Failed
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	switch {
	case c.cfg.Acknowledged(resp.StatusCode):
		return resp.StatusCode, Delivered
	case resp.StatusCode == http.StatusUnauthorized:
		return resp.StatusCode, Denied
	}
	return resp.StatusCode, Refused
}

// note writes a line of the log. The caller holds c.mu.
func (c *Courier) note(m Message, retry, status int, o Outcome) {
	c.log = append(c.log, Attempt{Time: c.cfg.Clock().UTC(), ID: m.ID, App: m.App, Event: m.Event, URL: m.URL, Retry: retry, Status: status, Outcome: o})
	c.log = c.log[max(0, len(c.log)-keep):]
}

// Log returns the attempts, the latest first.
func (c *Courier) Log() []Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := append([]Attempt{}, c.log...)
	slices.Reverse(out)
	return out
}

// Settle waits until nothing is on its way. What waits for its time does not count.
func (c *Courier) Settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.busy > 0 && !c.closed {
		c.idle.Wait()
	}
}

// Close ends all requests and forgets what waits.
func (c *Courier) Close() {
	c.mu.Lock()
	c.closed = true
	for t := range c.timers {
		t.Stop()
	}
	c.idle.Broadcast()
	c.mu.Unlock()
	c.stop()
	c.running.Wait()
	c.client.CloseIdleConnections()
}
