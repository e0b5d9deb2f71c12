package driver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

// Turn is a call's stay inside a [Gate]. It knows when the call has to end. Unlike a context it costs no timer: a driver that
// looks at [Turn.Stopped] now and then needs none, and [Turn.Context] makes one for those who wait. One goroutine uses it.
type Turn struct {
	gate     *Gate
	share    *share
	ctx      context.Context
	class    Class
	budget   Budget
	deadline time.Time
	callers  bool // the deadline is the caller's context's, not the budget's

	derived context.Context
	cancel  func()
}

// Budget is what the call may use, without zeros.
func (t *Turn) Budget() Budget { return t.budget }

// Class is the class of the call.
func (t *Turn) Class() Class { return t.class }

// Deadline is when the call has to end, at the latest.
func (t *Turn) Deadline() time.Time { return t.deadline }

// Context returns a context that ends when the call has to: at its deadline, with the caller's context, or when Close loses
// its patience. It ends with Leave at the latest.
func (t *Turn) Context() context.Context {
	if t.derived == nil {
		ctx, cancel := context.WithDeadline(t.ctx, t.deadline)
		unlink := context.AfterFunc(t.gate.stop, cancel)
		t.derived = ctx
		t.cancel = func() {
			unlink()
			cancel()
		}
	}
	return t.derived
}

// Stopped says why the call has to stop: deadline (source plugin) where time ran out, canceled (source host) where the
// caller went away, unavailable (source host) where the module was closed. It is nil while the call may go on.
func (t *Turn) Stopped() error {
	if t.gate.stop.Err() != nil {
		return errClosed
	}
	if err := t.ctx.Err(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return &sdk.Error{Code: sdk.Canceled, Source: sdk.FromHost, Message: "the caller went away"}
	}
	if time.Now().Before(t.deadline) {
		return nil
	}
	if t.callers {
		return &sdk.Error{Code: sdk.Deadline, Source: sdk.FromPlugin, Message: "the plugin took longer than its caller waits; ask for less at a time"}
	}
	return Exceeded(sdk.Deadline, sdk.FromPlugin, t.class, LimitTimeout, fmt.Sprintf(
		"the plugin took longer than the %v that it may take; ask for less at a time", t.budget.Timeout))
}

// Leave ends the call.
func (t *Turn) Leave() {
	if t.cancel != nil {
		t.cancel()
	}
	t.gate.mu.Lock()
	t.gate.leave(t.share, t.class)
	t.gate.mu.Unlock()
}
