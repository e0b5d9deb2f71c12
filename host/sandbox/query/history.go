package query

import (
	"math"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// change is one that an issue's history has of a field.
type change struct {
	from, to string // "" is no value
	at       float64
	by       string
}

// spell is a time for which an issue had a value: from start until just before end.
type spell struct {
	value      string
	start, end float64
	by         string
}

const fixVersion plan.FieldID = "fixVersion"

// changes reads the issue's history of a field, oldest first.
func (q queryIndex) changes(field plan.FieldID, i *world.Issue) []change {
	id := world.FieldID(field)
	if field == fixVersion {
		id = "fixVersions"
	}
	var out []change
	for _, h := range q.st.Histories(i) {
		for _, item := range h.Items {
			if item.FieldID == id {
				out = append(out, change{item.From, item.To, float64(h.Created.UnixMilli()), string(h.Author)})
			}
		}
	}
	return out
}

// holding is what an issue has in a field with a history now.
func holding(field plan.FieldID, i *world.Issue) []string {
	one := map[plan.FieldID]string{
		"status": string(i.Status), "assignee": string(i.Assignee), "reporter": string(i.Reporter),
		"priority": string(i.Priority), "resolution": string(i.Resolution),
	}[field]
	var out []string
	if one != "" {
		out = []string{one}
	}
	if field == fixVersion {
		for _, v := range i.Fixes {
			out = append(out, string(v))
		}
	}
	return out
}

// spells are the times for which an issue had each value of a field.
func (q queryIndex) spells(field plan.FieldID, i *world.Issue) []spell {
	changes, at := q.changes(field, i), holding(field, i)
	for _, c := range slices.Backward(changes) { // back to what it was created with
		at = slices.DeleteFunc(at, func(v string) bool { return v == c.to })
		if c.from != "" {
			at = append(at, c.from)
		}
	}
	if len(at) == 0 {
		at = []string{""}
	}
	var out []spell
	open := map[string]int{}
	begin := func(value string, start float64, by string) {
		open[value] = len(out)
		out = append(out, spell{value, start, math.Inf(1), by})
	}
	for _, v := range at {
		begin(v, float64(i.Created.UnixMilli()), string(i.Creator))
	}
	for _, c := range changes {
		if n, ok := open[c.from]; ok {
			out[n].end = c.at
			delete(open, c.from)
		}
		if c.to != "" || len(open) == 0 { // otherwise one value went, and others are left
			begin(c.to, c.at, c.by)
		}
	}
	return out
}

// once are the issues that may have had one of the values. The index knows each value that there was, but neither when nor
// since whom; nor does it know whether there was no version.
func (q queryIndex) once(field plan.FieldID, values []string) index.Set {
	var out index.Set
	for _, v := range values {
		switch {
		case v == "" && field == fixVersion:
			return q.x.All()
		case v == "":
			out = out.Or(q.x.All().Without(q.x.Present(string(field)))).Or(q.x.Equal("was:"+string(field), "empty"))
		default:
			out = out.Or(q.x.Equal(string(field), v)).Or(q.x.Equal("was:"+string(field), v))
		}
	}
	return out
}

// Was is where the field had one of the values in the past. Histories are read only where the values alone do not decide.
func (q queryIndex) Was(field plan.FieldID, p plan.Past) querySet {
	out := q.once(field, p.Values)
	if p.By == nil && math.IsInf(p.Since, -1) && math.IsInf(p.Till, 1) && (field != fixVersion || !slices.Contains(p.Values, "")) {
		return querySet{out}
	}
	return q.tested(out, q.probeWas(field, p))
}

func (q queryIndex) probeWas(field plan.FieldID, p plan.Past) func(plan.ID) bool {
	some := q.once(field, p.Values)
	return func(id plan.ID) bool {
		return some.Has(uint32(id)) && slices.ContainsFunc(q.spells(field, q.st.IssueAt(uint32(id))), func(s spell) bool {
			return slices.Contains(p.Values, s.value) && s.start <= p.Till && s.end > p.Since && allows(p.By, s.by)
		})
	}
}

// Changed is where the field got another value in the past.
func (q queryIndex) Changed(field plan.FieldID, c plan.Change) querySet {
	out := q.x.Present("was:" + string(field))
	if field == fixVersion {
		out = out.Or(q.x.Present(string(field)))
	}
	return q.tested(out, q.probeChanged(field, c))
}

func (q queryIndex) probeChanged(field plan.FieldID, c plan.Change) func(plan.ID) bool {
	return func(id plan.ID) bool {
		return slices.ContainsFunc(q.changes(field, q.st.IssueAt(uint32(id))), func(e change) bool {
			return c.Since <= e.at && e.at <= c.Till && allows(c.From, e.from) && allows(c.To, e.to) && allows(c.By, e.by)
		})
	}
}

// tested are the issues that pass the test.
func (q queryIndex) tested(set index.Set, holds func(plan.ID) bool) querySet {
	var out []plan.ID
	for n := range set.All() {
		if holds(plan.ID(n)) {
			out = append(out, plan.ID(n))
		}
	}
	return q.Of(out)
}

// allows says whether the list has v, or is none.
func allows(list []string, v string) bool { return list == nil || slices.Contains(list, v) }
