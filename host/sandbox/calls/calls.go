// Package calls remembers the latest calls of a site's REST interface, so that developers see what their apps ask for and why they
// are refused. It is bounded, lives in memory, and holds no bodies unless somebody asks for them. Start with [Log.Add].
package calls

import (
	"cmp"
	"strconv"
	"strings"
	"sync"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

// Size is how many calls are remembered.
const Size = 2000

// Log holds the latest calls. The zero value is empty and ready, and safe for concurrent use.
type Log struct {
	mu     sync.Mutex
	ring   []Call // oldest at next, when it is full
	next   int
	number int64
	bodies bool
}

// Call is a call with its number, which counts from 1 on.
type Call struct {
	Number int64
	rest.Record
}

// Add remembers a call, and forgets the oldest one where there are too many.
func (l *Log) Add(r rest.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	c := Call{l.number, r}
	if !l.bodies {
		c.Request, c.Answer = "", ""
	}
	if len(l.ring) < Size {
		l.ring = append(l.ring, c)
		return
	}
	l.ring[l.next] = c
	l.next = (l.next + 1) % Size
}

// KeepBodies says whether bodies are kept from now on; without, those that were kept are forgotten.
func (l *Log) KeepBodies(keep bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bodies = keep
	if keep {
		return
	}
	for n := range l.ring {
		l.ring[n].Request, l.ring[n].Answer = "", ""
	}
}

// Bodies says whether bodies are kept.
func (l *Log) Bodies() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bodies
}

// Clear forgets all calls.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.next = nil, 0
}

// Filter says which calls somebody wants to see; the zero value wants all.
type Filter struct {
	App    string // key; "people" for those of no app
	Method string
	Path   string // a part of it
	Status string // "ok", "refused" or a beginning such as "4" or "429"
}

// Find lists the calls that fit, the latest first, at most that many.
func (l *Log) Find(f Filter, most int) []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Call
	for n := len(l.ring) - 1; n >= 0 && len(out) < most; n-- {
		if c := l.ring[(l.next+n)%len(l.ring)]; f.fits(c) {
			out = append(out, c)
		}
	}
	return out
}

func (f Filter) fits(c Call) bool {
	ok := c.Status >= 200 && c.Status < 400
	switch {
	case f.App != "" && f.App != cmp.Or(string(c.App), "people"):
		return false
	case f.Method != "" && f.Method != c.Method:
		return false
	case !strings.Contains(strings.ToLower(c.Path), strings.ToLower(f.Path)):
		return false
	case f.Status == "":
		return true
	case f.Status == "ok":
		return ok
	case f.Status == "refused":
		return !ok
	}
	return strings.HasPrefix(strconv.Itoa(c.Status), f.Status)
}
