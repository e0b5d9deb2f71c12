package seal

import (
	"container/list"
	"context"
	"crypto/cipher"
	"errors"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

// slot names what the cache holds: a data key of a tenant, or with "" as the key the one that is current.
type slot struct {
	tenant capability.TenantID
	key    string
}

// entry is a data key ready for use.
type entry struct {
	id    string
	aead  cipher.AEAD
	until time.Time // when the store must be asked whether it still has the key
}

// idle is for how long an entry is kept that nobody asked for. An expired one spares unwrapping the key again, which may be a
// paid call of a key management service; but the key of a tenant that was shredded elsewhere should leave this process too.
const idle = time.Hour

// cache holds the data keys used last, and lets one caller load what many wait for.
type cache struct {
	max int
	now func() time.Time

	mu      sync.Mutex
	held    map[slot]*list.Element // of *holding
	order   list.List              // used last in front
	flights map[slot]*flight
}

type holding struct {
	slot  slot
	entry entry
}

// flight is a load under way.
type flight struct {
	done  chan struct{}
	entry entry
	err   error
}

func newCache(limit int, now func() time.Time) *cache {
	return &cache{max: limit, now: now, held: map[slot]*list.Element{}, flights: map[slot]*flight{}}
}

// errUnfinished is what those get who waited for a load that panicked.
var errUnfinished = errors.New("the load of a data key did not finish")

// get returns what is held, or what load returns. load is given what was held and is out of date, or the zero entry.
func (c *cache) get(ctx context.Context, s slot, load func(old entry) (entry, error)) (entry, error) {
	for {
		c.mu.Lock()
		var old entry
		if e, ok := c.held[s]; ok {
			c.order.MoveToFront(e)
			old = e.Value.(*holding).entry
			if c.now().Before(old.until) {
				c.mu.Unlock()
				return old, nil
			}
		}
		f, flying := c.flights[s]
		if !flying {
			f = &flight{done: make(chan struct{}), err: errUnfinished}
			c.flights[s] = f
		}
		c.mu.Unlock()
		if !flying {
			return c.fly(s, f, old, load)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return entry{}, ctx.Err()
		}
		// One who gave up must not make the others fail.
		if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) {
			return f.entry, f.err
		}
		if err := ctx.Err(); err != nil {
			return entry{}, err
		}
	}
}

func (c *cache) fly(s slot, f *flight, old entry, load func(entry) (entry, error)) (entry, error) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		// A drop in between took the flight away: what it brings may have been deleted since it was read.
		if c.flights[s] == f {
			delete(c.flights, s)
			if f.err == nil {
				c.put(s, f.entry)
				c.put(slot{s.tenant, f.entry.id}, f.entry)
			}
		}
		close(f.done)
	}()
	f.entry, f.err = load(old)
	return f.entry, f.err
}

func (c *cache) put(s slot, e entry) {
	if el, ok := c.held[s]; ok {
		el.Value.(*holding).entry = e
		c.order.MoveToFront(el)
		return
	}
	c.held[s] = c.order.PushFront(&holding{s, e})
	stale := c.now().Add(-idle)
	for el := c.order.Back(); el != nil && (len(c.held) > c.max || el.Value.(*holding).entry.until.Before(stale)); el = c.order.Back() {
		c.remove(el)
	}
}

func (c *cache) remove(el *list.Element) {
	delete(c.held, c.order.Remove(el).(*holding).slot)
}

// drop forgets one slot, and what is being loaded into it.
func (c *cache) drop(s slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, s)
	if el, ok := c.held[s]; ok {
		c.remove(el)
	}
}

// forget forgets a tenant, and what is being loaded for it.
func (c *cache) forget(t capability.TenantID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.flights {
		if s.tenant == t {
			delete(c.flights, s)
		}
	}
	for s, el := range c.held {
		if s.tenant == t {
			c.remove(el)
		}
	}
}
