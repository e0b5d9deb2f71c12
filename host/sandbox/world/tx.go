package world

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// ErrRefused is wrapped by what a transaction refuses because it would break a rule of the data, such as two projects with one
// key.
var ErrRefused = errors.New("refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrRefused)...)
}

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
	if *id == "" {
		if k.first == 0 {
			return refuse("put %s without an id", k.name)
		}
		*id = tx.nextID(k.name, k.first)
	}
	before := k.table(tx.State).get(*id)
	if err := tx.check(e); err != nil {
		return err
	}
	tx.keep(k, *id, e)
	if err := tx.follow(before, e); err != nil {
		return err
	}
	ev := Event{Kind: k.name, Op: Updated, ID: *id, Old: before, New: e}
	if before == nil {
		ev.Op = Created
	}
	tx.emit(ev)
	return nil
}

func (tx *Tx) keep(k *tableKind, id string, e Entity) {
	tx.changed()
	k.table(tx.State).put(tx.owner, id, e)
	tx.entities[entityKey{k.name, id}] = true
}

// Delete removes a thing, with what cannot be without it. Deleting what is not there does nothing.
func (tx *Tx) Delete(e Entity) error {
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
	tx.emit(Event{Kind: k.name, Op: Deleted, ID: id, Old: before})
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

// check refuses a second thing under a name that must be one's own.
func (tx *Tx) check(e Entity) error {
	switch e := e.(type) {
	case *Project:
		if e.Key == "" || e.Key != strings.ToUpper(e.Key) || strings.Contains(e.Key, "-") {
			return refuse("project %s: the key %q is not in capitals", e.ID, e.Key)
		}
		if other := tx.FindProject(e.Key); other != nil && other.ID != e.ID {
			return refuse("project %s: the key %s belongs to project %s", e.ID, e.Key, other.ID)
		}
		if e.NextKey == 0 {
			e.NextKey = 1
		}
		if tx.PermissionSchemes.Get(e.Permissions) == nil {
			return refuse("project %s: there is no permission scheme %q", e.ID, e.Permissions)
		}
	case *User:
		if e.Login != "" {
			if other := tx.Login(e.Login); other != nil && other.Account != e.Account {
				return refuse("user %s: %s logs in as %s already", e.Account, other.Account, e.Login)
			}
		}
		if e.Groups == nil {
			e.Groups = []string{}
		}
	case *Version:
		return distinct(&tx.Versions, e, "version", func(o *Version) bool {
			return o.ID != e.ID && o.Project == e.Project && strings.EqualFold(o.Name, e.Name)
		})
	case *Component:
		return distinct(&tx.Components, e, "component", func(o *Component) bool {
			return o.ID != e.ID && o.Project == e.Project && strings.EqualFold(o.Name, e.Name)
		})
	case *Status:
		return distinct(&tx.Statuses, e, "status", func(o *Status) bool { return o.ID != e.ID && strings.EqualFold(o.Name, e.Name) })
	case *Category:
		return distinct(&tx.Categories, e, "category", func(o *Category) bool { return o.ID != e.ID && strings.EqualFold(o.Name, e.Name) })
	}
	return nil
}

func distinct[K ~string, T any](t *Table[K, T], e Entity, what string, same func(*T) bool) error {
	if t.First(same) != nil {
		return refuse("%s %s: there is another one with that name", what, *e.entityID())
	}
	return nil
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

// cascade removes what cannot be without a thing, before the thing goes.
func (tx *Tx) cascade(e any) error {
	switch e := e.(type) {
	case *Project:
		return tx.cascadeProject(e)
	case *User:
		if e.Login != "" {
			tx.editLogins().Delete(e.Login)
		}
	case *Group:
		for _, u := range tx.Members(e.Name) {
			c := Edit(u)
			c.Groups = slices.DeleteFunc(c.Groups, func(g string) bool { return g == string(e.Name) })
			if err := tx.Put(c); err != nil {
				return err
			}
		}
	case *Field:
		return tx.editAll(tx.Index().Present(string(e.ID)), func(i *Issue) { delete(i.Custom, e.ID) })
	case *Version:
		return tx.editAll(tx.Index().Equal("fixVersion", string(e.ID)).Or(tx.Index().Equal("affectedVersion", string(e.ID))), func(i *Issue) {
			i.Fixes = slices.DeleteFunc(i.Fixes, func(v VersionID) bool { return v == e.ID })
			i.Affects = slices.DeleteFunc(i.Affects, func(v VersionID) bool { return v == e.ID })
		})
	case *Component:
		return tx.editAll(tx.Index().Equal("component", string(e.ID)), func(i *Issue) {
			i.Components = slices.DeleteFunc(i.Components, func(c ComponentID) bool { return c == e.ID })
		})
	case *Category:
		for _, p := range tx.Projects.List() {
			if p.Category == e.ID {
				c := Edit(p)
				c.Category = ""
				if err := tx.Put(c); err != nil {
					return err
				}
			}
		}
	case *LinkType:
		set := tx.Index().Equal("issueLinkType", string(e.ID)+":out")
		for n := range set.All() {
			for _, l := range tx.IssueAt(n).Links {
				if l.Type == e.ID {
					if err := tx.DeleteLink(l.ID); err != nil {
						return err
					}
				}
			}
		}
	case *IndexedProperty:
		return tx.reindex(tx.index.Equal("propertyKey", e.Key), func() {}, func() { tx.restore(e, nil) })
	case *Status:
		if !tx.Index().Equal("status", string(e.ID)).Empty() {
			return refuse("status %s: issues have it", e.ID)
		}
	case *IssueType:
		if !tx.Index().Equal("issuetype", string(e.ID)).Empty() {
			return refuse("issue type %s: issues have it", e.ID)
		}
	case *PermissionScheme:
		if p := tx.Projects.First(func(p *Project) bool { return p.Permissions == e.ID }); p != nil {
			return refuse("permission scheme %s: project %s uses it", e.ID, p.Key)
		}
	}
	return nil
}

func (tx *Tx) cascadeProject(p *Project) error {
	for n := range tx.Index().Equal("project", string(p.ID)).All() {
		if i := tx.IssueAt(n); i != nil { // a subtask goes with its parent
			if err := tx.DeleteIssue(i.ID); err != nil {
				return err
			}
		}
	}
	var parts []Entity
	for _, v := range tx.VersionsOf(p.ID) {
		parts = append(parts, v)
	}
	for _, c := range tx.ComponentsOf(p.ID) {
		parts = append(parts, c)
	}
	for d := range tx.Desks.All() {
		if d.Project == p.ID {
			parts = append(parts, d)
		}
	}
	for _, e := range parts {
		if err := tx.Delete(e); err != nil {
			return err
		}
	}
	tx.projectKeys = tx.projectKeys.Copy()
	for _, key := range append(slices.Clip(p.OldKeys), p.Key) {
		tx.projectKeys.Delete(key)
	}
	if !tx.ownsKeys {
		tx.keys, tx.ownsKeys = tx.keys.Copy(), true
	}
	tx.keys.Delete(p.ID)
	return nil
}

func (tx *Tx) editAll(set index.Set, change func(*Issue)) error {
	for n := range set.All() {
		i := tx.IssueAt(n).clone()
		change(i)
		if err := tx.PutIssue(i); err != nil {
			return err
		}
	}
	return nil
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
