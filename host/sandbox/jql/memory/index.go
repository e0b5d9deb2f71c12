// Package memory is a plan.Index in memory, for small sites and for tests. It is built once from all issues and not changed
// afterwards. Start with [New].
package memory

import (
	"iter"
	"math"
	"slices"
	"sync"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/words"
)

// Issue is what the index knows of an issue. A field may have keys, places and text at once; it has a value where it has
// one of them.
type Issue struct {
	ID      plan.ID
	Values  map[plan.FieldID][]string  // keys, for plan.Equal
	Places  map[plan.FieldID][]float64 // for plan.Range, and for the order before anything else
	Texts   map[plan.FieldID]string    // for plan.Word and plan.Phrase
	History []Event                    // by ascending time
}

// Event is a change of one value of a field. Where a field has several, each that comes or goes is an event.
type Event struct {
	Field    plan.FieldID
	From, To string // "" is no value
	At       float64
	By       string
	Created  bool // the value that the issue was created with; that is no change
}

// Index is immutable, and may be used by several goroutines at once.
type Index struct {
	all    Set
	limit  plan.ID // above all IDs
	fields map[plan.FieldID]*field
}

var (
	_ plan.Index[Set] = (*Index)(nil)
	_ plan.Prober     = (*Index)(nil)
)

// field is what the index keeps of one field.
type field struct {
	exists  Set
	values  map[string]Set
	keys    []string              // by ID the least key, for the order
	places  []float64             // by ID the least place, NaN for none
	more    map[plan.ID][]float64 // all places of those that have several
	sorted  []place               // by place
	words   map[string]Set        // by word
	texts   []string              // by ID
	spells  map[string][]spell    // by value, when it held
	changes []change              // in no order
	listed  map[string][]plan.ID  // values while building
	worded  map[string][]plan.ID  // words while building
	having  []plan.ID             // exists while building
	ranks   func() ([]int32, []plan.ID)
}

type place struct {
	at float64
	id plan.ID
}

// New indexes the issues, which must come by ascending ID. It keeps nothing of them.
func New(issues iter.Seq[Issue]) *Index {
	ix := &Index{fields: map[plan.FieldID]*field{}}
	var all []plan.ID
	for i := range issues {
		all = append(all, i.ID)
		ix.limit = i.ID + 1
		ix.add(i)
	}
	ix.all = setOf(all)
	for _, f := range ix.fields {
		f.seal(ix.limit)
		f.ranks = sync.OnceValues(func() ([]int32, []plan.ID) { return rank(f, all, ix.limit) })
	}
	return ix
}

func (ix *Index) field(id plan.FieldID) *field {
	f := ix.fields[id]
	if f == nil {
		f = &field{more: map[plan.ID][]float64{}, spells: map[string][]spell{}, listed: map[string][]plan.ID{}, worded: map[string][]plan.ID{}}
		ix.fields[id] = f
	}
	return f
}

func (ix *Index) add(i Issue) {
	for id, keys := range i.Values {
		if len(keys) == 0 {
			continue
		}
		f := ix.field(id)
		f.has(i.ID)
		f.keys = put(f.keys, i.ID, slices.Min(keys), "")
		for _, k := range keys {
			f.listed[k] = appendOnce(f.listed[k], i.ID)
		}
	}
	for id, places := range i.Places {
		if len(places) == 0 {
			continue
		}
		f := ix.field(id)
		f.has(i.ID)
		f.places = put(f.places, i.ID, slices.Min(places), math.NaN())
		if len(places) > 1 {
			f.more[i.ID] = slices.Clone(places)
		}
		for _, p := range places {
			f.sorted = append(f.sorted, place{p, i.ID})
		}
	}
	for id, text := range i.Texts {
		if text == "" {
			continue
		}
		f := ix.field(id)
		f.has(i.ID)
		f.texts = put(f.texts, i.ID, text, "")
		for _, w := range words.Of(text) {
			f.worded[w] = appendOnce(f.worded[w], i.ID)
		}
	}
	ix.remember(i)
}

func (f *field) has(id plan.ID) { f.having = appendOnce(f.having, id) }

func appendOnce(ids []plan.ID, id plan.ID) []plan.ID {
	if len(ids) > 0 && ids[len(ids)-1] == id {
		return ids
	}
	return append(ids, id)
}

// put sets column[id], and what lies before it and was never set to none.
func put[T any](column []T, id plan.ID, v, none T) []T {
	for len(column) <= int(id) {
		column = append(column, none)
	}
	column[id] = v
	return column
}

// seal turns what was gathered into what is asked.
func (f *field) seal(limit plan.ID) {
	f.exists = setOf(f.having)
	f.values, f.words = sets(f.listed), sets(f.worded)
	f.having, f.listed, f.worded = nil, nil, nil
	slices.SortFunc(f.sorted, func(a, b place) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return int(a.id) - int(b.id)
	})
	if f.places != nil && limit > 0 {
		for len(f.places) < int(limit) {
			f.places = append(f.places, math.NaN())
		}
	}
}

func sets(lists map[string][]plan.ID) map[string]Set {
	out := make(map[string]Set, len(lists))
	for k, ids := range lists {
		out[k] = setOf(ids)
	}
	return out
}

// All is every issue.
func (ix *Index) All() Set { return ix.all }

// Of is a set of ascending IDs.
func (*Index) Of(ids []plan.ID) Set { return setOf(ids) }

// Exists is where the field has a value.
func (ix *Index) Exists(id plan.FieldID) Set {
	if f := ix.fields[id]; f != nil {
		return f.exists
	}
	return Set{}
}

// Equal is where the field has one of the values.
func (ix *Index) Equal(id plan.FieldID, values []string) Set {
	f := ix.fields[id]
	if f == nil {
		return Set{}
	}
	var found []Set
	for _, v := range values {
		if s := f.values[v]; s.n > 0 {
			found = append(found, s)
		}
	}
	return union(found)
}

// Range is where the field has a place from low to high.
func (ix *Index) Range(id plan.FieldID, low, high float64) Set {
	f := ix.fields[id]
	if f == nil {
		return Set{}
	}
	from, _ := slices.BinarySearchFunc(f.sorted, low, func(p place, at float64) int {
		if p.at < at {
			return -1
		}
		return 1
	})
	to, _ := slices.BinarySearchFunc(f.sorted, high, func(p place, at float64) int {
		if p.at <= at {
			return -1
		}
		return 1
	})
	if from >= to {
		return Set{}
	}
	hits := f.sorted[from:to]
	if len(hits) < int(ix.limit)/sparse {
		ids := make([]plan.ID, len(hits))
		for i, h := range hits {
			ids[i] = h.id
		}
		slices.Sort(ids)
		return setOf(slices.Compact(ids))
	}
	bitmap := make([]uint64, ix.limit/64+1)
	for _, h := range hits {
		bitmap[h.id/64] |= 1 << (h.id % 64)
	}
	return setOfWords(bitmap)
}
