package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/process/frame"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Call implements driver.Module.
func (m *module) Call(ctx context.Context, c driver.Call) (driver.Result, error) {
	if len(c.Message) > wire.MaxMessage {
		return driver.Result{}, driver.TooLong(len(c.Message))
	}
	turn, err := m.gate.Enter(ctx, c)
	if err != nil {
		return driver.Result{}, err
	}
	defer turn.Leave()
	ctx = turn.Context()
	p, err := m.enter(ctx)
	if err != nil {
		if stopped := turn.Stopped(); stopped != nil {
			err = stopped
		}
		return driver.Result{}, err
	}
	defer p.leave()
	begun := time.Now()
	answer, err := m.exchange(ctx, turn, p, c)
	if ended := time.Now(); err == nil {
		p.heard.Store(ended.UnixNano())
		// Whoever uses much memory needs time for that; a short call is looked at by chance, see process.tick.
		if ended.Sub(begun) > long && (p.greedy.Load() || p.memory.wasOver()) {
			p.overdraw()
			err = m.exhausted(turn)
		}
	}
	if stopped := turn.Stopped(); stopped != nil { // an answer that comes too late is none
		return driver.Result{}, stopped
	}
	if err != nil {
		return driver.Result{}, err
	}
	return driver.Result{Message: answer}, nil
}

// long is from when on a call may have used more memory than the process has. The kernel hands out some 10 GB in a second.
const long = time.Millisecond

// hostCalls is how many host calls of one call are answered at the same time. Further ones wait in the pipe.
const hostCalls = 8

// options are those of each call's stream.
var options = []grpc.CallOption{
	grpc.ForceCodecV2(frame.Codec{}), grpc.MaxCallRecvMsgSize(frame.MaxSize), grpc.MaxCallSendMsgSize(frame.MaxSize),
}

// exchange is one call in one process: the message goes out, host calls come and are answered, the answer comes. It returns when
// nothing of the call runs any more, or its process was given up.
func (m *module) exchange(ctx context.Context, turn *driver.Turn, p *process, c driver.Call) ([]byte, error) {
	// The stream lives longer than ctx: its end is how the host learns that the handler has returned.
	streamCtx, abandon := context.WithCancel(context.Background())
	defer abandon()
	s, err := p.conn.NewStream(streamCtx, &frame.Call, frame.MethodCall, options...)
	if err != nil {
		return nil, m.failed(p, turn, err)
	}
	number := p.number.Add(1)
	disarm := m.arm(ctx, turn, p, abandon, func() { _ = p.say(&frame.Frame{Call: number}) })
	defer disarm()
	if err := s.SendMsg(&frame.Frame{Call: number, Message: c.Message, Timeout: time.Until(turn.Deadline())}); err != nil && !errors.Is(err, io.EOF) {
		return nil, m.failed(p, turn, err)
	} // after io.EOF, receiving tells the reason

	var asked *questions // made for the first host call; most calls make none
	defer func() { asked.end() }()
	var answer []byte
	answered := false
	for {
		var f frame.Frame
		switch err := s.RecvMsg(&f); {
		case errors.Is(err, io.EOF) && answered:
			return answer, nil
		case errors.Is(err, io.EOF):
			return nil, driver.Defect("it ended a call without an answer")
		case err != nil:
			return nil, m.failed(p, turn, err)
		case answered:
			return nil, driver.Defect("it went on after its answer")
		case len(f.Message) > wire.MaxMessage && f.HostCall == 0:
			return nil, driver.AnswerTooLong(len(f.Message))
		case f.HostCall == 0:
			answer, answered = f.Message, true
			continue
		}
		if asked == nil {
			asked = newQuestions(ctx)
		}
		asked.answer(func(ctx context.Context) {
			// A call that has ended already hears nothing; the plugin's side knows that by itself.
			_ = p.say(&frame.Frame{Call: number, HostCall: f.HostCall, Message: driver.Ask(ctx, c.Host, f.Message, m.log)})
		})
	}
}

// questions are the host calls of one call that are being answered.
type questions struct {
	ctx     context.Context // of the host calls; it ends with the call
	cancel  func()
	places  chan struct{}
	working sync.WaitGroup
}

func newQuestions(ctx context.Context) *questions {
	q := &questions{places: make(chan struct{}, hostCalls)}
	q.ctx, q.cancel = context.WithCancel(ctx)
	return q
}

// answer runs f on a goroutine of its own, once there is a place. It does nothing when the call has ended.
func (q *questions) answer(f func(ctx context.Context)) {
	select {
	case q.places <- struct{}{}:
	case <-q.ctx.Done():
		return
	}
	q.working.Go(func() {
		defer func() { <-q.places }()
		f(q.ctx)
	})
}

// end tells those who answer that nobody waits any more, and waits for them. q may be nil.
func (q *questions) end() {
	if q != nil {
		q.cancel()
		q.working.Wait()
	}
}

// arm sees to it that a call ends when ctx does. The plugin is told by tell. Where the handler then goes on, its process is given
// up: Grace after the call's deadline, or after the module's close. A caller who merely went away costs no process, only the
// place that the handler takes until its deadline.
func (m *module) arm(ctx context.Context, turn *driver.Turn, p *process, abandon, tell func()) (disarm func()) {
	var mu sync.Mutex
	var timer *time.Timer
	ended := false
	stop := context.AfterFunc(ctx, func() {
		wait := m.driver.config.Grace
		if err := turn.Stopped(); sdk.CodeOf(err) == sdk.Canceled {
			wait += max(0, time.Until(turn.Deadline()))
		}
		mu.Lock()
		if ended {
			mu.Unlock()
			return
		}
		timer = time.AfterFunc(wait, func() {
			mu.Lock()
			over := ended
			mu.Unlock()
			if over {
				return
			}
			m.retire(p, fmt.Sprintf("a call went on for %v after its end", m.driver.config.Grace))
			abandon()
		})
		mu.Unlock()
		tell()
	})
	return func() {
		stop()
		mu.Lock()
		defer mu.Unlock()
		ended = true
		if timer != nil {
			timer.Stop()
		}
	}
}

// failed is the error of a call whose stream broke off.
func (m *module) failed(p *process, turn *driver.Turn, err error) error {
	if stopped := turn.Stopped(); stopped != nil {
		return stopped
	}
	switch status.Code(err) {
	case codes.ResourceExhausted: // gRPC's word for a message over the bound
		return driver.Defect(fmt.Sprintf("it sent more than the %d bytes that a message may have", wire.MaxMessage))
	case codes.Unimplemented:
		return driver.Defect("it serves no calls of this version of the protocol")
	}
	// The connection breaks an instant before the process has ended.
	if !p.await(func() { m.retire(p, "its connection broke") }) {
		return driver.Defect("it broke off its connection in the middle of the call")
	}
	m.count(p)
	if p.exhausted {
		return m.exhausted(turn)
	}
	return driver.Defect("its process ended in the middle of the call, because " + p.why())
}

func (m *module) exhausted(turn *driver.Turn) error {
	return driver.Exceeded(sdk.Exhausted, sdk.FromPlugin, turn.Class(), driver.LimitMemory, fmt.Sprintf(
		"the plugin used up the %d MiB of memory that its process may have for all calls; ask for less at a time", m.limits.MaxMemoryBytes>>20))
}
