package process

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/connectivity"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
)

// module is an approved executable with the process that runs it, if one does.
type module struct {
	driver  *Driver
	program *executable
	limits  driver.Limits
	gate    *driver.Gate
	log     *slog.Logger
	facts   driver.Facts
	work    sync.WaitGroup // the goroutines that start processes and wait for their ends

	mu       sync.Mutex
	current  *process // nil, or the one that calls enter
	live     map[*process]struct{}
	starting *starting
	ends     int       // in a row, of processes that lived too short a time
	pause    time.Time // until when nobody is started
	reason   string    // of the last end
	closed   bool
}

// starting is a start that others wait for as well.
type starting struct {
	done chan struct{}
	err  error // valid once done is closed
}

var _ driver.Module = (*module)(nil)

func newModule(d *Driver, program *executable, limits driver.Limits) *module {
	limits = limits.WithDefaults()
	return &module{
		driver: d, program: program, limits: limits, gate: driver.NewGate(limits),
		log: d.log.With("digest", program.digest), live: map[*process]struct{}{},
	}
}

// first starts the first process.
func (m *module) first(ctx context.Context) error {
	m.mu.Lock()
	s := m.start()
	m.mu.Unlock()
	select {
	case <-s.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.err != nil {
		return s.err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f := fence{}
	for p := range m.live {
		f = p.child.fence
	}
	m.facts = driver.Facts{Memory: driver.SharedMemory, Metering: driver.DeadlineMetering, Note: m.driver.note(f)}
	return nil
}

// Facts implements driver.Module.
func (m *module) Facts() driver.Facts { return m.facts }

// enter returns a process that is well, with the call inside, and starts one where there is none. The error is a *sdk.Error, or
// ctx's.
func (m *module) enter(ctx context.Context) (*process, error) {
	for {
		m.mu.Lock()
		if p := m.current; p != nil {
			entered := p.enter()
			m.mu.Unlock()
			if entered && m.well(p) {
				return p, nil
			}
			if entered {
				p.leave()
			}
			if !p.givenUp() { // it has ended, or is about to
				select {
				case <-p.gone:
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			m.count(p)
			continue
		}
		if wait := m.pause.Sub(m.driver.config.Now()); m.starting == nil && wait > 0 {
			err := m.paused(wait)
			m.mu.Unlock()
			return nil, err
		}
		s := m.start()
		m.mu.Unlock()
		select {
		case <-s.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if s.err != nil {
			return nil, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "the plugin's process cannot be started: " + s.err.Error()}
		}
	}
}

// well asks a process that nobody has heard of for long how it is, before a call is trusted to it.
func (m *module) well(p *process) bool {
	if p.conn.GetState() != connectivity.Ready { // the process has ended, an instant ago
		p.await(func() { m.retire(p, "its connection broke") })
		return false
	}
	if time.Since(time.Unix(0, p.heard.Load())) < m.driver.config.Idle || p.busy() {
		return true
	}
	if err := p.ping(pingPatience); err != nil {
		m.retire(p, "it did not answer when it was asked whether it is well")
		return false
	}
	return true
}

// pingPatience is how long a healthy process may take to say so on a machine that is busy.
const pingPatience = 2 * time.Second

// paused is the error of a call that comes between two starts. The caller holds m.mu.
func (m *module) paused(wait time.Duration) *sdk.Error {
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: fmt.Sprintf(
		"the plugin's process ended %d times in a row, the last time because %s; the next start is at %s, in %v",
		m.ends, m.reason, m.pause.UTC().Format(time.TimeOnly+" MST"), wait.Round(time.Millisecond))}
}

// start starts a process, unless one is being started. The caller holds m.mu.
func (m *module) start() *starting {
	if m.starting != nil {
		return m.starting
	}
	s := &starting{done: make(chan struct{})}
	if m.closed {
		s.err = fmt.Errorf("the plugin is being stopped or replaced")
		close(s.done)
		return s
	}
	m.starting = s
	m.work.Go(func() {
		defer close(s.done)
		p, err := m.driver.launch(m.program, m.limits.MaxMemoryBytes)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.starting, s.err = nil, err
		if err != nil {
			m.ended(err.Error(), 0)
			return
		}
		m.current = p
		m.live[p] = struct{}{}
		if m.closed {
			p.end()
		}
		m.work.Go(func() { m.watch(p) })
		m.log.Info("plugin process started", "pid", p.child.process.Pid)
	})
	return s
}

// watch waits for a process's end.
func (m *module) watch(p *process) {
	<-p.gone
	m.count(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.live, p)
}

// count takes note of the end of a process, or of that it was given up, once.
func (m *module) count(p *process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == p {
		m.current = nil
	}
	if p.counted || p.stopping.Load() {
		return
	}
	p.counted = true
	m.ended(p.why(), m.driver.config.Now().Sub(p.started))
}

// retire gives up a process that runs.
func (m *module) retire(p *process, reason string) {
	if p.retire(reason, m.driver.config.Drain) {
		m.count(p)
	}
}

// ended counts the end of a process that nobody had asked to end. The caller holds m.mu.
func (m *module) ended(reason string, lived time.Duration) {
	c := m.driver.config
	m.driver.ends.Add(1)
	if lived >= c.Steady {
		m.ends = 0
	}
	m.ends++
	m.reason = reason
	var wait time.Duration
	if over := m.ends - c.Restarts; over > 0 {
		wait = maxBackoff
		if over < 20 {
			wait = min(maxBackoff, c.Backoff<<(over-1))
		}
	}
	m.pause = c.Now().Add(wait)
	m.log.Warn("plugin process ended", "reason", reason, "ends", m.ends, "pause", wait)
}

// Close implements driver.Module.
func (m *module) Close(ctx context.Context) error {
	err := m.gate.Close(ctx)
	m.mu.Lock()
	first := !m.closed
	m.closed, m.current = true, nil
	for p := range m.live {
		p.end()
		if err != nil {
			p.child.kill()
		}
	}
	m.mu.Unlock()
	m.work.Wait()
	if first {
		m.driver.forget(m)
		if e := m.program.close(); e != nil && err == nil {
			err = e
		}
	}
	return err
}
