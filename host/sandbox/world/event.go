package world

import (
	"context"
	"encoding/json"
	"time"
)

// Op is what happened to a thing.
type Op string

// The operations of events.
const (
	Created Op = "created"
	Updated Op = "updated"
	Deleted Op = "deleted"
	Moved   Op = "moved" // an issue got a key in another project
	quietly Op = ""      // an issue changed in a way of which another event tells
)

// Event is one thing that a change did. Kind is "issue", "comment", "worklog", "attachment", "link", "issueProperty", or the
// kind of a small thing such as "project", "version", "user" or "app".
type Event struct {
	Kind string
	Op   Op
	ID   string
	At   time.Time
	By   AccountID

	Issue   *Issue          // after the change, or what was deleted; nil for small things
	Before  *Issue          // of an issue that was updated or moved
	History *History        // what changed of it; nil for nothing that a changelog shows
	Key     string          // of a property
	Value   json.RawMessage // of a property; nil if it was deleted

	// Old and New are the small thing, comment, worklog, attachment or link before and after, nil where there was none.
	Old, New any
}

func (tx *Tx) emit(e Event) {
	switch e.Kind {
	case "counter", "moved", "report":
		return
	}
	e.At, e.By = tx.Now, tx.By
	tx.events = append(tx.events, e)
}

// Commit is a change that was kept: its events in order, and the state after it.
type Commit struct {
	Events []Event
	State  *State
}

// link is a commit in the endless list of commits. Whoever watches holds on to the last one seen, so that writers wait for
// nobody, and what all have seen is free.
type link struct {
	Commit
	next  *link
	ready chan struct{} // closed when next is there
}

// Watcher reads the commits after the moment of its making. It is for one goroutine.
type Watcher struct{ at *link }

// Watch returns a watcher of everything that is changed from now on.
func (s *Store) Watch() *Watcher { return &Watcher{s.last.Load()} }

// Next returns the next commit, and waits for it.
func (w *Watcher) Next(ctx context.Context) (Commit, error) {
	select {
	case <-w.at.ready:
		w.at = w.at.next
		return w.at.Commit, nil
	case <-ctx.Done():
		return Commit{}, ctx.Err()
	}
}

// publish is called by one writer at a time.
func (s *Store) publish(st *State, events []Event) {
	s.current.Store(st)
	last := s.last.Load()
	next := &link{Commit: Commit{events, st}, ready: make(chan struct{})}
	last.next = next
	s.last.Store(next)
	close(last.ready)
}
