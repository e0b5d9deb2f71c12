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
	Moved   Op = "moved" // an issue got a key in another project, a version another place

	Archived   Op = "archived" // of projects, issues and versions
	Restored   Op = "restored" // likewise, from the archive or the trash: Old says which
	Trashed    Op = "trashed"  // of projects
	Released   Op = "released" // of versions
	Unreleased Op = "unreleased"

	quietly Op = "" // an issue changed in a way of which another event tells, or nobody has to know
)

// Event is one thing that a change did. Kind is "issue", "comment", "worklog", "attachment", "link", "remoteLink", "watcher",
// "vote", "issueProperty", or the kind of a small thing such as "project", "version", "component", "issueType", "user" or "app".
//
// What Jira tells apps follows from it: project, version, user and issueType with their Op are project_created, _updated and so
// on; link is issuelink_created and _deleted; attachment and worklog are what they are called.
type Event struct {
	Kind string
	Op   Op
	ID   string
	At   time.Time
	By   AccountID

	Issue    *Issue          // after the change, or what was deleted; nil for small things
	Before   *Issue          // of an issue that was updated or moved
	History  *History        // what changed of it; nil for nothing that a changelog shows
	Into     string          // id of what issues have instead of a version or component that was deleted; "" for none
	LinkType *LinkType       // of a link
	Key      string          // of a property
	Value    json.RawMessage // of a property; nil if it was deleted

	// Old and New are the small thing, comment, worklog, attachment or link before and after, nil where there was none.
	Old, New any
}

// opOf says what became of a small thing.
func opOf(before any, e Entity) Op {
	if before == nil {
		return Created
	}
	either := func(was, is bool, to, from Op) Op {
		switch {
		case is && !was:
			return to
		case was && !is:
			return from
		}
		return ""
	}
	op := Op("")
	switch e := e.(type) {
	case *Project:
		was := before.(*Project)
		op = cmpOr(either(was.Trashed, e.Trashed, Trashed, Restored), either(was.Archived, e.Archived, Archived, Restored))
	case *Version:
		was := before.(*Version)
		op = cmpOr(either(was.Released, e.Released, Released, Unreleased), either(was.Archived, e.Archived, Archived, Restored))
	}
	return cmpOr(op, Updated)
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
	s.past.note(st, s.clock())
	last := s.last.Load()
	next := &link{Commit: Commit{events, st}, ready: make(chan struct{})}
	last.next = next
	s.last.Store(next)
	close(last.ready)
}
