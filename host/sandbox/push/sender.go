package push

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/fault"
)

// MaxRetries is how many times a delivery is tried again.
const MaxRetries = 5

// Config says what a sender works with. Sign and Hooks are required.
type Config struct {
	// Sign makes the Authorization header of a request to an app at the time of the request, "" for none. An error drops
	// the delivery: the app is gone.
	Sign func(app, method, address string) (string, error)
	// Hooks lists what all apps want to hear of now.
	Hooks func() []Hook
	// Plan says what goes wrong with a delivery. nil is nothing.
	Plan func(app, event, path string) fault.Plan
	// Client sends. nil is one that follows no redirects: the signature is over one path.
	Client *http.Client
	// Timeout is how long an app may take to answer. 0 is 20 s.
	Timeout time.Duration
	// Backoff is how long to wait before retry 1, 2… nil is 1, 2, 4, 8 and 16 s. Jira spreads its retries over half an
	// hour; who tries out an app wants to see them all.
	Backoff func(retry int) time.Duration
	// Clock is the time of the log and of failures. nil is time.Now.
	Clock func() time.Time
	// After calls f once d has passed, on another goroutine, unless cancelled before. nil is time.AfterFunc.
	After func(d time.Duration, f func()) (cancel func())
	// Queue is how many deliveries may wait, retries included. 0 is 1000.
	Queue int
	// AtOnce is how many requests may run at the same time. 0 is 8.
	AtOnce int
	// Keep is how many lines the log and how many deliveries the failed list have at most. 0 is 500.
	Keep int
	// Failures keeps the failed list beyond the end of the process. nil forgets it then.
	Failures FailureKeeper
	// Logger gets what cannot be sent or kept. nil drops it.
	Logger *slog.Logger
}

// Sender sends events to apps. It is safe for concurrent use.
//
// Deliveries about one issue go to one app in the order of their events, one after the other, until one fails: it is
// tried again later and the others go ahead, so that a slow app does not lose what is new. Apps must not rely on order.
type Sender struct {
	cfg  Config
	ctx  context.Context // of all requests; ended by Close
	stop context.CancelFunc

	mu      sync.Mutex
	closed  bool
	lanes   map[laneKey]*lane
	pending int // deliveries that are not done
	busy    int // those of them that do not wait for their time
	idle    *sync.Cond
	timers  map[int]func()
	timer   int
	failed  []Failure      // oldest first
	writes  []func() error // that the keeper of failures has to do yet
	writing bool
	log     []Attempt // oldest first
	slots   chan struct{}
	running sync.WaitGroup
}

type laneKey struct{ app, issue string }

// lane is the line of an app's deliveries about one issue.
type lane struct {
	queue   []*delivery
	held    []*delivery // until another one has gone
	running bool
}

type delivery struct {
	id    string
	hook  Hook
	event string
	issue string
	body  []byte
	retry int
}

func (d *delivery) lane() laneKey { return laneKey{d.hook.App, d.issue} }

// New returns a sender without anything to send.
func New(cfg Config) (*Sender, error) {
	if cfg.Sign == nil || cfg.Hooks == nil {
		return nil, errors.New("webhooks: no Sign or no Hooks")
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if cfg.Plan == nil {
		cfg.Plan = func(string, string, string) fault.Plan { return fault.Plan{} }
	}
	if cfg.Backoff == nil {
		cfg.Backoff = func(retry int) time.Duration { return time.Second << (retry - 1) }
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.After == nil {
		cfg.After = func(d time.Duration, f func()) func() {
			t := time.AfterFunc(d, f)
			return func() { t.Stop() }
		}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Timeout, cfg.Queue, cfg.AtOnce, cfg.Keep = or(cfg.Timeout, 20*time.Second), or(cfg.Queue, 1000), or(cfg.AtOnce, 8), or(cfg.Keep, 500)
	s := &Sender{cfg: cfg, lanes: map[laneKey]*lane{}, timers: map[int]func(){}, slots: make(chan struct{}, cfg.AtOnce)}
	s.idle = sync.NewCond(&s.mu)
	s.ctx, s.stop = context.WithCancel(context.Background()) // of the sender, and not of whoever emits
	if cfg.Failures != nil {
		s.failed = cfg.Failures.Failures()
		s.failed = s.failed[max(0, len(s.failed)-cfg.Keep):]
	}
	return s, nil
}

func or[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// Emit queues an event for the apps that want it, and returns at once. holds evaluates a JQL filter for the event's issue:
// whoever emits knows in which state of the site (of a deleted issue, the one before).
func (s *Sender) Emit(e Event, holds func(jql string) bool) {
	now := s.cfg.Clock()
	var modules, registered []Hook
	ids := map[laneKey][]int64{} // by app and address
	for _, h := range s.cfg.Hooks() {
		if !h.live(now) || !h.Wants(e, holds) || e.May != nil && !e.May(h.App) {
			continue
		}
		if h.ID == 0 {
			modules = append(modules, h)
			continue
		}
		to := laneKey{h.App, h.URL}
		if ids[to] = append(ids[to], h.ID); len(ids[to]) == 1 {
			registered = append(registered, h)
		}
	}
	for _, h := range modules {
		s.send(e, h, nil)
	}
	for _, h := range registered { // an app hears of an event once, with all its hooks that matched
		s.send(e, h, ids[laneKey{h.App, h.URL}])
	}
}

func (s *Sender) send(e Event, h Hook, matched []int64) {
	d := &delivery{id: rand.Text(), hook: h, event: e.Name, issue: e.IssueID}
	if !h.WithoutBody {
		body := maps.Clone(e.Body)
		if body == nil {
			body = map[string]any{}
		}
		body["timestamp"], body["webhookEvent"] = e.Time.UnixMilli(), e.Name
		if matched != nil {
			body["matchedWebhookIds"] = matched
		}
		var err error
		if d.body, err = json.Marshal(body); err != nil {
			s.cfg.Logger.Error("encode webhook", "event", e.Name, "error", err)
			return
		}
	}
	path := ""
	if u, err := url.Parse(h.URL); err == nil {
		path = u.Path
	}
	plan := s.cfg.Plan(h.App, e.Name, path)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if plan.Drop {
		s.note(d, Dropped, 0, "by a fault")
		return
	}
	for range 1 + plan.Copies {
		s.accept(d, plan)
		again := *d
		d = &again
	}
}

// accept gives a delivery its place. The caller holds s.mu.
func (s *Sender) accept(d *delivery, plan fault.Plan) {
	if s.pending >= s.cfg.Queue {
		s.fail(d, 0, "the queue is full")
		return
	}
	s.pending++
	place := func() { s.enqueue(d) }
	if plan.Hold > 0 {
		place = func() { s.hold(d, plan.Hold) }
	}
	if plan.Delay > 0 {
		s.later(plan.Delay, place)
		return
	}
	place()
}

// enqueue puts a delivery at the end of its lane, and behind it what waited for another to go first.
func (s *Sender) enqueue(d *delivery) {
	l := s.laneOf(d)
	l.queue = append(append(l.queue, d), l.held...)
	s.busy += 1 + len(l.held)
	l.held = nil
	s.start(d.lane(), l)
}

func (s *Sender) hold(d *delivery, most time.Duration) {
	l := s.laneOf(d)
	l.held = append(l.held, d)
	s.later(most, func() {
		l := s.lanes[d.lane()]
		if l == nil || !slices.Contains(l.held, d) {
			return // gone behind another
		}
		l.held = slices.DeleteFunc(l.held, func(other *delivery) bool { return other == d })
		l.queue = append(l.queue, d)
		s.busy++
		s.start(d.lane(), l)
	})
}

func (s *Sender) laneOf(d *delivery) *lane {
	l := s.lanes[d.lane()]
	if l == nil {
		l = &lane{}
		s.lanes[d.lane()] = l
	}
	return l
}

func (s *Sender) start(key laneKey, l *lane) {
	if !l.running && !s.closed {
		l.running = true
		s.running.Go(func() { s.run(key, l) })
	}
}

// run works on a lane until it is empty.
func (s *Sender) run(key laneKey, l *lane) {
	for {
		s.mu.Lock()
		if s.closed || len(l.queue) == 0 {
			l.running = false
			if len(l.queue) == 0 && len(l.held) == 0 {
				delete(s.lanes, key)
			}
			s.mu.Unlock()
			return
		}
		d := l.queue[0]
		l.queue = l.queue[1:]
		s.mu.Unlock()

		select {
		case s.slots <- struct{}{}:
			s.attempt(d)
			<-s.slots
		case <-s.ctx.Done():
		}
		s.mu.Lock()
		s.busy--
		s.idle.Broadcast()
		s.mu.Unlock()
	}
}

// later calls f with s.mu held. The caller holds it, too.
func (s *Sender) later(d time.Duration, f func()) {
	s.timer++
	id := s.timer
	s.timers[id] = s.cfg.After(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, ok := s.timers[id]; ok {
			delete(s.timers, id)
			f()
		}
	})
}

// Settle waits until nothing is queued or on its way, and failures are kept. What waits for its time (a retry, a delay) does not count.
func (s *Sender) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for (s.busy > 0 || s.writing) && !s.closed {
		s.idle.Wait()
	}
}

// Close ends all requests and forgets what waits. Failures are kept when it returns.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	for _, cancel := range s.timers {
		cancel()
	}
	clear(s.timers)
	s.idle.Broadcast()
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
}
