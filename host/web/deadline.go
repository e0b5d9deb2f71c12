package web

import (
	"context"
	"sync"
	"time"
)

// deadline is a context that ends at a time, with its parent, or when its work is done. It makes its timer when somebody first waits for it: most
// requests are answered before anybody does, and making and stopping one costs half as much as telling who asks. Make it with within.
type deadline struct {
	parent context.Context // what a context derives from
	at     time.Time

	mu     sync.Mutex
	timed  context.Context // the same, with its timer; nil until it is needed
	cancel context.CancelFunc
	done   bool
}

// within returns a context for work that may take so long, and what ends it.
func within(parent context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	d := &deadline{parent: parent, at: time.Now().Add(most)}
	return d, d.end
}

func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

func (d *deadline) Done() <-chan struct{} { return d.made().Done() }

// made returns the context with its timer.
func (d *deadline) made() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.cancel = context.WithDeadline(d.parent, d.at)
		if d.done {
			d.cancel()
		}
	}
	return d.timed
}

func (d *deadline) Err() error {
	d.mu.Lock()
	timed, done := d.timed, d.done
	d.mu.Unlock()
	switch {
	case timed != nil:
		return timed.Err()
	case d.parent.Err() != nil:
		return d.parent.Err()
	case done:
		return context.Canceled
	case !time.Now().Before(d.at):
		return context.DeadlineExceeded
	}
	return nil
}

// Value also answers the standard library, which looks for a context of its own to derive others from without a goroutine.
func (d *deadline) Value(key any) any {
	d.mu.Lock()
	timed := d.timed
	d.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return d.parent.Value(key)
}

func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = true
	if d.cancel != nil {
		d.cancel()
	}
}
