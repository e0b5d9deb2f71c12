package memory

import (
	"maps"
	"math"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
)

// spell is a time for which an issue had a value: from start until just before end.
type spell struct {
	id         plan.ID
	start, end float64
	by         string
}

type change struct {
	id       plan.ID
	from, to string
	at       float64
	by       string
}

// remember files the history of an issue.
func (ix *Index) remember(i Issue) {
	type value struct {
		field plan.FieldID
		key   string
	}
	open := map[value]int{} // where in f.spells the value's last spell is
	for _, e := range i.History {
		f := ix.field(e.Field)
		if !e.Created {
			f.changes = append(f.changes, change{i.ID, e.From, e.To, e.At, e.By})
			if n, ok := open[value{e.Field, e.From}]; ok {
				f.spells[e.From][n].end = e.At
				delete(open, value{e.Field, e.From})
			}
		}
		if e.To == "" && slices.ContainsFunc(slices.Collect(maps.Keys(open)), func(v value) bool { return v.field == e.Field }) {
			continue // one value went, others are left
		}
		open[value{e.Field, e.To}] = len(f.spells[e.To])
		f.spells[e.To] = append(f.spells[e.To], spell{i.ID, e.At, math.Inf(1), e.By})
	}
}

// Was is where the field had one of the values in the past.
func (ix *Index) Was(id plan.FieldID, p plan.Past) Set {
	f := ix.fields[id]
	if f == nil {
		return Set{}
	}
	var ids []plan.ID
	for _, v := range p.Values {
		for _, s := range f.spells[v] {
			if s.start <= p.Till && s.end > p.Since && allows(p.By, s.by) {
				ids = append(ids, s.id)
			}
		}
	}
	return ascending(ids)
}

// Changed is where the field got another value in the past.
func (ix *Index) Changed(id plan.FieldID, c plan.Change) Set {
	f := ix.fields[id]
	if f == nil {
		return Set{}
	}
	var ids []plan.ID
	for _, e := range f.changes {
		if c.Since <= e.at && e.at <= c.Till && allows(c.From, e.from) && allows(c.To, e.to) && allows(c.By, e.by) {
			ids = append(ids, e.id)
		}
	}
	return ascending(ids)
}

// allows says whether the list has v, or is none.
func allows(list []string, v string) bool { return list == nil || slices.Contains(list, v) }

func ascending(ids []plan.ID) Set {
	slices.Sort(ids)
	return setOf(slices.Compact(ids))
}
