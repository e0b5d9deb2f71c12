// Package proof remembers for a little while what was verified, so that a token that comes again costs a lookup instead of a signature
// check, a read of its site and the opening of its secret. It holds what a token proved under a digest of the token, never the token, and
// nothing of refusals. What differs from request to request, and whether the time of a token is over, is the caller's to check at each hit.
//
// A site that changes in this process is dropped at once ([Cache.Forget]). What another process changes is seen after [Believed]: by then the
// caller has to look at the site again.
//
// Start with [New].
package proof

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
)

const (
	// Believed is how long a proof holds without another look at its site. It bounds what a change by another process on the same store
	// can leave open here.
	Believed = 2 * time.Second
	// Life is how long a proof holds at all, whenever its token expires: a key that was withdrawn is not trusted for longer.
	Life = 5 * time.Minute
)

// Key is the digest of a token, by which its proof is found.
type Key [sha256.Size]byte

// KeyOf returns the digest of a token's text.
func KeyOf(text string) Key { return sha256.Sum256([]byte(text)) }

// Entry is what a token proved.
type Entry[V any] struct {
	Tenant  capability.TenantID
	Value   V         // shared by all that ask; nobody changes it
	Checked time.Time // when its site was looked at
	Until   time.Time // from then on it is as if it had never been there
	Bytes   int       // that it takes, about
}

// Fresh says whether the entry may be believed without another look at its site. Clocks that were set back make it false.
func (e Entry[V]) Fresh(now time.Time) bool {
	age := now.Sub(e.Checked)
	return age >= 0 && age < Believed
}

// Mark is a moment in the life of a Cache.
type Mark uint64

// Cache holds entries, up to a number and to a sum of bytes; those that nobody asks for go first. It is safe for concurrent use. Make it
// with New.
type Cache[V any] struct {
	entries, bytes int // most of one generation

	mu   sync.RWMutex
	mark Mark
	// Entries are put into young, which becomes old when it is full; what is asked for in old moves back. So the last half of what was
	// used is always there, and no list has to be kept in order.
	young, old map[Key]Entry[V]
	youngBytes int
}

// New returns an empty cache of at most that many entries and, about, bytes.
func New[V any](entries, bytes int) *Cache[V] {
	return &Cache[V]{entries: max(entries/2, 1), bytes: bytes / 2, young: map[Key]Entry[V]{}}
}

// Mark returns the moment before something is verified, for Put.
func (c *Cache[V]) Mark() Mark {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.mark
}

// Get returns the entry of a key, unless it has ended.
func (c *Cache[V]) Get(k Key, now time.Time) (Entry[V], bool) {
	c.mu.RLock()
	e, young := c.young[k]
	ok := young
	if !young {
		e, ok = c.old[k]
	}
	at := c.mark
	c.mu.RUnlock()
	if !ok || !now.Before(e.Until) {
		return Entry[V]{}, false
	}
	if !young {
		c.Put(at, k, e)
	}
	return e, true
}

// Put keeps an entry whose verification began at a mark. Where a site was forgotten since, it may rest on what was true before, and is left
// out.
func (c *Cache[V]) Put(since Mark, k Key, e Entry[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if since != c.mark || e.Bytes > c.bytes {
		return
	}
	if replaced, ok := c.young[k]; ok {
		c.youngBytes -= replaced.Bytes
		delete(c.young, k)
	}
	if len(c.young) >= c.entries || c.youngBytes+e.Bytes > c.bytes {
		c.old, c.young, c.youngBytes = c.young, map[Key]Entry[V]{}, 0
	}
	c.young[k] = e
	c.youngBytes += e.Bytes
}

// Drop removes one entry.
func (c *Cache[V]) Drop(k Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.youngBytes -= c.young[k].Bytes
	delete(c.young, k)
	delete(c.old, k)
}

// Forget removes the entries of a site, and keeps those out that are being verified just now.
func (c *Cache[V]) Forget(t capability.TenantID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mark++
	for k, e := range c.young {
		if e.Tenant == t {
			c.youngBytes -= e.Bytes
			delete(c.young, k)
		}
	}
	for k, e := range c.old {
		if e.Tenant == t {
			delete(c.old, k)
		}
	}
}

// Size returns how many entries there are, and the bytes that they take.
func (c *Cache[V]) Size() (entries, bytes int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	bytes = c.youngBytes
	for k, e := range c.old {
		if _, both := c.young[k]; !both {
			entries++
		}
		bytes += e.Bytes
	}
	return entries + len(c.young), bytes
}
