package driver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

// Gate is the way in and out of a module: it admits a bounded number of calls, lets others wait for a bounded time, gives
// each call its deadline, and on Close waits for those inside. It is safe for concurrent use; make one with [NewGate].
type Gate struct {
	timeout time.Duration
	wait    time.Duration
	slots   chan struct{} // one element for each call inside, and after Close for each place that is shut

	closing   chan struct{} // closed by the first Close
	closeOnce sync.Once
	stop      context.Context // ends when the calls inside have to stop
	stopCalls context.CancelFunc

	mu   sync.Mutex
	shut int // places that Close has taken
}

// NewGate returns a gate with the places, the wait and the timeout of l.
func NewGate(l Limits) *Gate {
	l = l.WithDefaults()
	g := &Gate{timeout: l.Timeout, wait: l.Wait, slots: make(chan struct{}, l.Instances), closing: make(chan struct{})}
	g.stop, g.stopCalls = context.WithCancel(context.Background())
	return g
}

// Enter waits for a place. The context that it returns ends with the call's deadline, with ctx, or when Close loses its
// patience; [Stopped] says which. The caller must call leave once, when nothing of the call runs any more.
//
// The error is a *sdk.Error of the host: exhausted where no place came free in time, canceled where ctx ended first, be it
// by its deadline, or unavailable after Close.
func (g *Gate) Enter(ctx context.Context) (call context.Context, leave func(), err error) {
	if ctx.Err() != nil {
		return nil, nil, errNotStarted
	}
	select {
	case <-g.closing:
		return nil, nil, errClosed
	default:
	}
	select {
	case g.slots <- struct{}{}:
	default:
		if err := g.queue(ctx); err != nil {
			return nil, nil, err
		}
	}
	select {
	case <-g.closing: // closed between the two
		<-g.slots
		return nil, nil, errClosed
	default:
	}
	call, cancel := context.WithCancelCause(ctx)
	call, cancelTimeout := context.WithTimeout(call, g.timeout)
	unlink := context.AfterFunc(g.stop, func() { cancel(errClosed) })
	return call, func() {
		unlink()
		cancelTimeout()
		cancel(nil)
		<-g.slots
	}, nil
}

func (g *Gate) queue(ctx context.Context) error {
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errNotStarted
	case <-g.closing:
		return errClosed
	case <-timer.C:
		return &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Message: fmt.Sprintf(
			"the plugin is busy: %d calls are running and none of them ended within %v; try again in a moment", cap(g.slots), g.wait)}
	}
}

// Close refuses further calls and waits until nobody is inside. When ctx ends first, it ends the contexts of the calls
// inside, gives them one second to notice, and returns the context's error. It may be called again to go on waiting.
func (g *Gate) Close(ctx context.Context) error {
	g.closeOnce.Do(func() { close(g.closing) })
	if g.drain(ctx) {
		g.stopCalls()
		return nil
	}
	g.stopCalls()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if !g.drain(grace) {
		return fmt.Errorf("calls do not end: %w", ctx.Err())
	}
	return ctx.Err()
}

// drain takes every place, one after the other, and reports whether it got them all.
func (g *Gate) drain(ctx context.Context) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.shut < cap(g.slots) {
		select {
		case g.slots <- struct{}{}:
			g.shut++
		case <-ctx.Done():
			return false
		}
	}
	return true
}

var (
	errClosed     = &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: "the plugin is being stopped or replaced; try again"}
	errNotStarted = &sdk.Error{Code: sdk.Canceled, Source: sdk.FromHost, Message: "the call was given up before the plugin had a place for it; try again"}
)

// Stopped says why a call had to stop: deadline (source plugin) where time ran out, canceled (source host) where the
// caller went away, unavailable (source host) where the module was closed. It is nil while ctx lives.
func Stopped(ctx context.Context) error {
	switch {
	case ctx.Err() == nil:
		return nil
	case errors.Is(context.Cause(ctx), errClosed):
		return errClosed
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &sdk.Error{Code: sdk.Deadline, Source: sdk.FromPlugin, Message: "the plugin took longer than it is allowed to; ask for less at a time"}
	default:
		return &sdk.Error{Code: sdk.Canceled, Source: sdk.FromHost, Message: "the caller went away"}
	}
}
