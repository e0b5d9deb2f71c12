package mongostore

import (
	"context"
	"fmt"
	"sync"

	"github.com/pergola-platform/pergola/host/store"
)

var errClosed = fmt.Errorf("%w: it is closed", store.ErrUnavailable)

// gate counts the operations that run, so that closing can wait for them.
type gate struct {
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// enter lets an operation in whose context has not ended. The operation calls leave when it is over.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, errClosed
	}
	g.running.Add(1)
	return g.running.Done, nil
}

// close lets nobody in any more and waits for those inside. It returns false where somebody did that before.
func (g *gate) close() bool {
	g.mu.Lock()
	first := !g.closed
	g.closed = true
	g.mu.Unlock()
	g.running.Wait()
	return first
}
