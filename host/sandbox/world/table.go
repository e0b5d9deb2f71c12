package world

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"

	"github.com/tidwall/btree"
)

// Table is an immutable table of small things by id, in the order of their ids: numbers by size, others as text. The zero
// value is empty. What it returns must not be changed.
type Table[K ~string, T any] struct {
	// The rows are of one type, whatever the table keeps: with a type for each, every package that knows a State compiled some thirty
	// trees of its own.
	tree  *btree.BTreeG[row]
	owner *owner
}

type row struct {
	id string
	v  any // a *T
}

func byID(a, b row) bool { return CompareIDs(a.id, b.id) < 0 }

// Get returns the row with that id, nil where there is none.
func (t *Table[K, T]) Get(id K) *T {
	if t.tree == nil {
		return nil
	}
	r, _ := t.tree.Get(row{id: string(id)})
	v, _ := r.v.(*T)
	return v
}

// All yields the rows by id.
func (t *Table[K, T]) All() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		if t.tree != nil {
			t.tree.Scan(func(r row) bool { return yield(r.v.(*T)) })
		}
	}
}

// List returns the rows by id, as a new slice.
func (t *Table[K, T]) List() []*T {
	list := make([]*T, 0, t.Len())
	for v := range t.All() {
		list = append(list, v)
	}
	return list
}

// Len counts the rows.
func (t *Table[K, T]) Len() int {
	if t.tree == nil {
		return 0
	}
	return t.tree.Len()
}

// First returns the first row for which ok holds, nil where there is none.
func (t *Table[K, T]) First(ok func(*T) bool) *T {
	for v := range t.All() {
		if ok(v) {
			return v
		}
	}
	return nil
}

// Entity is a pointer to something that a [Table] keeps.
type Entity interface {
	entityID() *string // where its id stands
}

// anyTable is a table whatever it keeps.
type anyTable interface {
	get(id string) any // nil for none
	put(o *owner, id string, v any)
	drop(o *owner, id string)
	each(do func(id string, v any))
	decode(raw []byte) (Entity, error)
}

func (t *Table[K, T]) get(id string) any {
	if v := t.Get(K(id)); v != nil {
		return v
	}
	return nil
}

func (t *Table[K, T]) own(o *owner) {
	switch {
	case t.tree == nil:
		t.tree = btree.NewBTreeGOptions(byID, btree.Options{NoLocks: true})
	case t.owner != o:
		t.tree = t.tree.Copy()
	}
	t.owner = o
}

func (t *Table[K, T]) put(o *owner, id string, v any) {
	t.own(o)
	t.tree.Set(row{id, v.(*T)})
}

func (t *Table[K, T]) drop(o *owner, id string) {
	t.own(o)
	t.tree.Delete(row{id: id})
}

func (t *Table[K, T]) each(do func(string, any)) {
	if t.tree != nil {
		t.tree.Scan(func(r row) bool { do(r.id, r.v); return true })
	}
}

func (t *Table[K, T]) decode(raw []byte) (Entity, error) {
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, err
	}
	return any(v).(Entity), nil
}

// tableKind is a kind of small things: its name on disk and in events, and its table. Ids that are not given count from first;
// 0 is a kind whose ids are no numbers.
type tableKind struct {
	name  string
	first int64
	table func(*State) anyTable
}

// tableKinds has every table of a [State].
var tableKinds = []tableKind{
	{"site", 0, func(s *State) anyTable { return &s.sites }},
	{"counter", 0, func(s *State) anyTable { return &s.counters }},
	{"moved", 0, func(s *State) anyTable { return &s.moved }},
	{"user", 0, func(s *State) anyTable { return &s.Users }},
	{"group", 0, func(s *State) anyTable { return &s.Groups }},
	{"category", 10000, func(s *State) anyTable { return &s.Categories }},
	{"issueType", 10001, func(s *State) anyTable { return &s.Types }},
	{"status", 10000, func(s *State) anyTable { return &s.Statuses }},
	{"priority", 10000, func(s *State) anyTable { return &s.Priorities }},
	{"resolution", 10000, func(s *State) anyTable { return &s.Resolutions }},
	{"linkType", 10000, func(s *State) anyTable { return &s.LinkTypes }},
	{"field", 0, func(s *State) anyTable { return &s.Fields }},
	{"screen", 10000, func(s *State) anyTable { return &s.Screens }},
	{"screenUse", 10000, func(s *State) anyTable { return &s.ScreenUses }},
	{"workflow", 10000, func(s *State) anyTable { return &s.Workflows }},
	{"project", 10000, func(s *State) anyTable { return &s.Projects }},
	{"version", 10000, func(s *State) anyTable { return &s.Versions }},
	{"component", 10000, func(s *State) anyTable { return &s.Components }},
	{"role", 10002, func(s *State) anyTable { return &s.Roles }},
	{"permissionScheme", 10000, func(s *State) anyTable { return &s.PermissionSchemes }},
	{"securityScheme", 10000, func(s *State) anyTable { return &s.SecuritySchemes }},
	{"filter", 10000, func(s *State) anyTable { return &s.Filters }},
	{"app", 0, func(s *State) anyTable { return &s.Apps }},
	{"indexedProperty", 0, func(s *State) anyTable { return &s.IndexedProperties }},
	{"report", 0, func(s *State) anyTable { return &s.reports }},
	{"webhook", 1, func(s *State) anyTable { return &s.Webhooks }},
	{"failedWebhook", 1, func(s *State) anyTable { return &s.FailedWebhooks }},
	{"task", 10000, func(s *State) anyTable { return &s.Tasks }},
	{"transfer", 0, func(s *State) anyTable { return &s.Transfers }},
	{"mapping", 0, func(s *State) anyTable { return &s.Mappings }},
	{"desk", 1, func(s *State) anyTable { return &s.Desks }},
	{"requestType", 1, func(s *State) anyTable { return &s.RequestTypes }},
	{"organization", 1, func(s *State) anyTable { return &s.Organizations }},
}

func (u *User) entityID() *string             { return (*string)(&u.Account) }
func (g *Group) entityID() *string            { return (*string)(&g.Name) }
func (c *Category) entityID() *string         { return &c.ID }
func (t *IssueType) entityID() *string        { return (*string)(&t.ID) }
func (s *Status) entityID() *string           { return (*string)(&s.ID) }
func (p *Priority) entityID() *string         { return (*string)(&p.ID) }
func (r *Resolution) entityID() *string       { return (*string)(&r.ID) }
func (t *LinkType) entityID() *string         { return (*string)(&t.ID) }
func (s *Site) entityID() *string             { return &s.ID }
func (c *counter) entityID() *string          { return &c.Kind }
func (m *movedKey) entityID() *string         { return &m.Key }
func (p *Project) entityID() *string          { return (*string)(&p.ID) }
func (v *Version) entityID() *string          { return (*string)(&v.ID) }
func (c *Component) entityID() *string        { return (*string)(&c.ID) }
func (r *Role) entityID() *string             { return (*string)(&r.ID) }
func (s *PermissionScheme) entityID() *string { return (*string)(&s.ID) }
func (s *SecurityScheme) entityID() *string   { return (*string)(&s.ID) }
func (f *Filter) entityID() *string           { return (*string)(&f.ID) }
func (f *Field) entityID() *string            { return (*string)(&f.ID) }
func (s *Screen) entityID() *string           { return (*string)(&s.ID) }
func (u *ScreenUse) entityID() *string        { return &u.ID }
func (w *Workflow) entityID() *string         { return (*string)(&w.ID) }
func (a *App) entityID() *string              { return (*string)(&a.Key) }
func (p *IndexedProperty) entityID() *string  { return &p.ID }
func (r *reportRow) entityID() *string        { return &r.ID }
func (w *Webhook) entityID() *string          { return (*string)(&w.ID) }
func (w *FailedWebhook) entityID() *string    { return &w.ID }
func (t *Task) entityID() *string             { return (*string)(&t.ID) }
func (t *Transfer) entityID() *string         { return &t.ID }
func (m *Mapping) entityID() *string          { return &m.ID }
func (d *Desk) entityID() *string             { return (*string)(&d.ID) }
func (r *RequestType) entityID() *string      { return (*string)(&r.ID) }
func (o *Organization) entityID() *string     { return (*string)(&o.ID) }

var (
	kindByName = map[string]*tableKind{}
	kindByType = func() map[reflect.Type]*tableKind {
		out := map[reflect.Type]*tableKind{}
		for i := range tableKinds {
			k := &tableKinds[i]
			e, err := k.table(&State{}).decode([]byte("{}"))
			if err != nil {
				panic(fmt.Sprintf("table %s: %v", k.name, err)) // a mistake in the list above
			}
			out[reflect.TypeOf(e)] = k
			kindByName[k.name] = k
		}
		return out
	}()
)

func kindOf(e Entity) *tableKind {
	k := kindByType[reflect.TypeOf(e)]
	if k == nil {
		panic(fmt.Sprintf("world: no table keeps a %T", e)) // a mistake in the program
	}
	return k
}

// Edit returns a copy that may be changed and put: nothing in it is shared. A nil v stays nil.
func Edit[T any](v *T) *T {
	if v == nil {
		return nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("world: copy a %T: %v", v, err)) // what is stored was encoded before
	}
	c := new(T)
	if err := json.Unmarshal(raw, c); err != nil {
		panic(fmt.Sprintf("world: copy a %T: %v", v, err))
	}
	return c
}
