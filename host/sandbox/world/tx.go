package world

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// Tx is a change in progress. It reads as a [State] that has everything the change has made so far. Nobody else sees it before
// [Store.Change] has kept it. It is for one goroutine, and for the time of the change only.
type Tx struct {
	*State
	Now time.Time // one moment for the whole change
	By  AccountID // who makes it; "" is the site itself

	owner    *owner
	writer   *index.Writer
	entities map[entityKey]bool
	dirty    map[uint32]bool
	logged   map[uint32]*History // the history of this change, by issue
	events   []Event
	ownsKeys bool
	gone     garbage
}

type entityKey struct{ kind, id string }

func (s *State) begin(now time.Time, by AccountID) *Tx {
	next := *s
	next.gen, next.visible = s.gen+1, &sync.Map{}
	return &Tx{
		State: &next, Now: now.UTC(), By: by, owner: &owner{},
		entities: map[entityKey]bool{}, dirty: map[uint32]bool{}, logged: map[uint32]*History{},
	}
}

// changed forgets what the transaction remembered of who sees what.
func (tx *Tx) changed() {
	tx.visible = &sync.Map{}
}

// Put keeps a new thing, or a new version of one with the same id; it belongs to the state then. One without an id gets the
// next of its kind.
func (tx *Tx) Put(e Entity) error {
	k := kindOf(e)
	id := e.entityID()
	if *id == "" && k.first == 0 {
		return about(k.name, "").invalid("id", "it needs one")
	}
	before := k.table(tx.State).get(*id)
	if err := tx.check(e); err != nil {
		return err
	}
	if *id == "" {
		*id = tx.nextID(k.name, k.first)
	}
	if v, ok := e.(*Version); ok && before == nil && v.Order == 0 { // the last of its project, unless it says where
		for _, o := range tx.VersionsOf(v.Project) {
			v.Order = max(v.Order, o.Order+1)
		}
	}
	tx.keep(k, *id, e)
	if err := tx.follow(before, e); err != nil {
		return err
	}
	tx.emit(Event{Kind: k.name, Op: opOf(before, e), ID: *id, Old: before, New: e})
	return nil
}

func (tx *Tx) keep(k *tableKind, id string, e Entity) {
	tx.changed()
	k.table(tx.State).put(tx.owner, id, e)
	tx.entities[entityKey{k.name, id}] = true
}

// Delete removes a thing, with what cannot be without it. Deleting what is not there does nothing.
func (tx *Tx) Delete(e Entity) error { return tx.deleteInto(e, "") }

// deleteInto is Delete of something in whose place another one stands from now on.
func (tx *Tx) deleteInto(e Entity, into string) error {
	k, id := kindOf(e), *e.entityID()
	before := k.table(tx.State).get(id)
	if before == nil {
		return nil
	}
	tx.changed()
	if err := tx.cascade(before); err != nil {
		return err
	}
	k.table(tx.State).drop(tx.owner, id)
	tx.entities[entityKey{k.name, id}] = true
	tx.emit(Event{Kind: k.name, Op: Deleted, ID: id, Into: into, Old: before})
	return nil
}

// nextID gives out the numbers of a kind one after the other, above those that are taken.
func (tx *Tx) nextID(kind string, first int64) string {
	return text(tx.next(kind, first))
}

func (tx *Tx) next(kind string, first int64) int64 {
	c := &counter{Kind: kind, Next: first}
	if have := tx.counters.Get(kind); have != nil {
		c.Next = have.Next
	}
	if k := kindByName[kind]; k != nil {
		for k.table(tx.State).get(text(c.Next)) != nil {
			c.Next++
		}
	}
	n := c.Next
	c.Next++
	tx.keep(kindByName["counter"], kind, c)
	return n
}

// NewOptionID returns an id for an option of a field.
func (tx *Tx) NewOptionID() string { return tx.nextID("option", 10100) }

// NewContextID returns an id for a context of a field.
func (tx *Tx) NewContextID() ContextID { return ContextID(tx.nextID("context", 10100)) }

// NewGrantID returns an id for a grant, a share or another part of something.
func (tx *Tx) NewGrantID() string { return tx.nextID("grant", 10000) }

// NewField returns an empty custom field with the next number.
func (tx *Tx) NewField() *Field {
	n := tx.next("fieldNumber", 10001)
	for tx.Fields.Get(FieldID(fmt.Sprint("customfield_", n))) != nil {
		n = tx.next("fieldNumber", 10001)
	}
	return &Field{ID: FieldID(fmt.Sprint("customfield_", n)), Number: n}
}

// follow brings up to date what follows from a thing.
func (tx *Tx) follow(before any, e Entity) error {
	switch e := e.(type) {
	case *Site:
		tx.Site = e
	case *User:
		if was, ok := before.(*User); ok && was.Login != "" && was.Login != e.Login {
			tx.editLogins().Delete(was.Login)
		}
		if e.Login != "" {
			tx.editLogins().Set(e.Login, e.Account)
		}
		for _, g := range e.Groups {
			if tx.Groups.Get(GroupName(g)) == nil {
				if err := tx.Put(&Group{Name: GroupName(g), ID: NewUUID()}); err != nil {
					return err
				}
			}
		}
	case *Project:
		if was, ok := before.(*Project); ok && was.Key != e.Key && !slices.Contains(e.OldKeys, was.Key) {
			e.OldKeys = append(slices.Clip(e.OldKeys), was.Key)
		}
		tx.projectKeys = tx.projectKeys.Copy()
		for _, key := range e.OldKeys {
			tx.projectKeys.Set(key, e.ID)
		}
		tx.projectKeys.Set(e.Key, e.ID)
	case *Status:
		if was, ok := before.(*Status); ok && was.Category != e.Category {
			return tx.reindex(tx.index.Equal("status", string(e.ID)), func() { tx.keep(kindOf(e), string(e.ID), was) }, func() { tx.keep(kindOf(e), string(e.ID), e) })
		}
	case *IndexedProperty:
		if before == nil || !reflect.DeepEqual(before, any(e)) {
			return tx.reindex(tx.index.Equal("propertyKey", e.Key), func() { tx.restore(e, before) }, func() { tx.keep(kindOf(e), e.ID, e) })
		}
	case *Field:
		if was, ok := before.(*Field); ok && was.Kind != e.Kind {
			return tx.reindex(tx.index.Present(string(e.ID)), func() { tx.restore(e, before) }, func() { tx.keep(kindOf(e), string(e.ID), e) })
		}
	}
	return nil
}

func (tx *Tx) restore(e Entity, before any) {
	if before == nil {
		kindOf(e).table(tx.State).drop(tx.owner, *e.entityID())
		return
	}
	tx.keep(kindOf(e), *e.entityID(), before.(Entity))
}

// reindex indexes issues anew after a change of what their values mean: before and after switch between the two meanings.
func (tx *Tx) reindex(set index.Set, before, after func()) error {
	type docs struct{ was, is *index.Doc }
	all := map[uint32]*docs{}
	tx.next("epoch", 1)
	before()
	for n := range set.All() {
		all[n] = &docs{was: tx.docOf(tx.IssueAt(n))}
	}
	after()
	for n, d := range all {
		d.is = tx.docOf(tx.IssueAt(n))
		tx.edit().Update(n, d.was, d.is)
	}
	return nil
}

func (tx *Tx) editLogins() *btree.Map[string, AccountID] {
	tx.logins = tx.logins.Copy()
	return tx.logins
}

// edit is the writer of the index.
func (tx *Tx) edit() *index.Writer {
	if tx.writer == nil {
		tx.writer = tx.index.Edit(tx.owner)
		tx.index = tx.writer.Index()
	}
	tx.changed()
	return tx.writer
}
