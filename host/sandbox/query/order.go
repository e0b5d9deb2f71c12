package query

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// order is a term of ORDER BY. The index knows the order of moments, numbers, and of things that many issues share; texts are
// read and compared.
func (q queryIndex) order(o plan.Order) []index.Key {
	f := q.field(o.Field)
	switch f.Kind {
	case analysis.Issue:
		return []index.Key{
			{Buckets: q.st.InOrderOfKeys(q.x.All()), Present: q.x.All(), Desc: o.Desc},
			{Column: q.x.Column("number"), Desc: o.Desc},
		}
	case analysis.Number:
		if counted(o.Field) {
			none := q.x.All().Without(q.x.Column(string(o.Field)).Present())
			rest := index.Key{Column: q.x.Column(string(o.Field)), Desc: o.Desc}
			return []index.Key{{Buckets: []index.Set{none, rest.Column.Present()}, Present: q.x.All(), Desc: o.Desc}, rest}
		}
		return []index.Key{{Column: q.x.Column(string(o.Field)), Desc: o.Desc}}
	case analysis.Date, analysis.DateTime, analysis.Duration:
		return []index.Key{{Column: q.x.Column(string(o.Field)), Desc: o.Desc}}
	case analysis.Text:
		return []index.Key{q.textOrder(o)}
	}
	return []index.Key{{Buckets: q.buckets(f), Present: q.present(o.Field), Desc: o.Desc}}
}

func (q queryIndex) textOrder(o plan.Order) index.Key {
	texts := map[uint32]string{}
	text := func(n uint32) string {
		t, ok := texts[n]
		if !ok {
			t = strings.ToLower(strings.Join(q.read(o.Field, q.st.IssueAt(n)), " "))
			texts[n] = t
		}
		return t
	}
	present := q.present(o.Field)
	return index.Key{Desc: o.Desc, Compare: func(a, b uint32) int {
		if ea, eb := !present.Has(a), !present.Has(b); ea != eb {
			return boolCompare(ea, eb)
		}
		return strings.Compare(text(a), text(b))
	}}
}

// buckets are the issues with each value of a field: in the order of the values' places where they have such, or else of their
// names, which make those of the same name one. An issue with several values stands where the first of them does.
func (q queryIndex) buckets(f Field) []index.Set {
	type bucket struct {
		place float64
		name  string
	}
	places, names := q.places(f), q.names(f.ID)
	sets := map[bucket]index.Set{}
	for id, set := range q.x.Values(string(f.ID)).From("") {
		b := bucket{places[id], strings.ToLower(cmp.Or(names[id], id))}
		if places != nil {
			b.name = ""
		}
		sets[b] = sets[b].Or(set)
	}
	order := slices.SortedFunc(maps.Keys(sets), func(a, b bucket) int {
		return cmp.Or(cmp.Compare(a.place, b.place), strings.Compare(a.name, b.name))
	})
	out := []index.Set{}
	var before index.Set
	for _, b := range order {
		if !f.Many {
			out = append(out, sets[b])
			continue
		}
		out = append(out, sets[b].Without(before))
		before = before.Or(sets[b])
	}
	return out
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
