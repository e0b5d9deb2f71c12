package feature

import (
	"context"
	"sync"

	"github.com/pergola-platform/pergola/core/capability"
)

// turns lets one change at a time through for each tenant. What a site shows and what is stored are written one after the
// other; two admins in between each other would leave them different. The zero value works.
type turns struct {
	mu    sync.Mutex
	lines map[capability.TenantID]*line // only of tenants for which somebody holds or awaits the turn
}

type line struct {
	users int
	turn  chan struct{} // holds one value while somebody has the turn
}

// take waits for the tenant's turn, at most until ctx ends. The caller gives it back.
func (t *turns) take(ctx context.Context, id capability.TenantID) (giveBack func(), err error) {
	t.mu.Lock()
	l := t.lines[id]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		if t.lines == nil {
			t.lines = map[capability.TenantID]*line{}
		}
		t.lines[id] = l
	}
	l.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(t.lines, id)
		}
	}
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
