package query

import (
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/words"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// querySet is a set of the site's index as the planner wants one.
type querySet struct{ set index.Set }

func (s querySet) And(o querySet) querySet { return querySet{s.set.And(o.set)} }

func (s querySet) Or(o querySet) querySet { return querySet{s.set.Or(o.set)} }

func (s querySet) AndNot(o querySet) querySet { return querySet{s.set.Without(o.set)} }

func (s querySet) Len() int { return s.set.Len() }

func (s querySet) Contains(id plan.ID) bool { return s.set.Has(uint32(id)) }

func (s querySet) All() iter.Seq[plan.ID] { return ids(s.set.All()) }

func (s querySet) Backward() iter.Seq[plan.ID] { return ids(s.set.Backward()) }

func ids(numbers iter.Seq[uint32]) iter.Seq[plan.ID] {
	return func(yield func(plan.ID) bool) {
		for n := range numbers {
			if !yield(plan.ID(n)) {
				return
			}
		}
	}
}

// queryIndex answers the planner of one state of the site. It sees everything: what somebody may see is met with it.
type queryIndex struct {
	*schema
	x *index.Index
}

var (
	_ plan.Searcher[querySet] = queryIndex{}
	_ plan.Prober             = queryIndex{}
)

// All is every issue.
func (q queryIndex) All() querySet { return querySet{q.x.All()} }

// Of is a set of issues.
func (queryIndex) Of(ids []plan.ID) querySet {
	list := make([]uint32, len(ids))
	for n, id := range ids {
		list[n] = uint32(id)
	}
	return querySet{index.Of(list...)}
}

// Exists is where the field has a value.
func (q queryIndex) Exists(id plan.FieldID) querySet { return querySet{q.present(id)} }

func (q queryIndex) present(id plan.FieldID) index.Set {
	switch id {
	case keyQuery, "summary", textQuery, "votes", "watchers":
		return q.x.All()
	case categoryQuery:
		var out index.Set
		for p := range q.st.Projects.All() {
			if p.Category != "" {
				out = out.Or(q.x.Equal("project", string(p.ID)))
			}
		}
		return out
	}
	return q.x.Present(string(id)).Or(q.x.Equal("has", string(id)))
}

// Equal is where the field has one of the values.
func (q queryIndex) Equal(id plan.FieldID, values []string) querySet {
	var out index.Set
	for _, v := range values {
		switch id {
		case keyQuery:
			if i := q.st.Issue(world.IssueID(v)); i != nil {
				out = out.Or(index.Of(i.ID.Number()))
			}
		case categoryQuery:
			for p := range q.st.Projects.All() {
				if p.Category == v {
					out = out.Or(q.x.Equal("project", string(p.ID)))
				}
			}
		default:
			out = out.Or(q.x.Equal(string(id), v))
		}
	}
	return querySet{out}
}

// Range is where the field has a place from low to high.
func (q queryIndex) Range(id plan.FieldID, low, high float64) querySet {
	if id == keyQuery {
		return querySet{q.keys(low, high)}
	}
	f := q.field(id)
	if places := q.places(f); places != nil {
		var out index.Set
		for v, at := range places {
			if low <= at && at <= high {
				out = out.Or(q.x.Equal(string(id), v))
			}
		}
		return querySet{out}
	}
	from, to := bounds(f, low, high)
	out := q.x.Range(string(id), from, to)
	if counted(id) && from <= 0 && to >= 0 {
		out = out.Or(q.x.All().Without(q.x.Column(string(id)).Present()))
	}
	return querySet{out}
}

// counted says whether the index leaves the field out where it is 0.
func counted(id plan.FieldID) bool { return id == "votes" || id == "watchers" }

// keys are the issues whose keys have a place from low to high.
func (q queryIndex) keys(low, high float64) index.Set {
	var out index.Set
	for n, p := range q.projectsByKey() {
		first := float64(n+1) * placesOf
		from, to := max(low-first, 0), min(high-first, placesOf-1)
		if from <= to {
			out = out.Or(q.x.Equal("project", string(p.ID)).And(q.x.Range("number", whole(math.Ceil(from)), whole(math.Floor(to)))))
		}
	}
	return out
}

// bounds are those of a range as the index has the field's numbers.
func bounds(f Field, low, high float64) (from, to int64) {
	if f.float {
		return index.Float(low), index.Float(high)
	}
	return whole(math.Ceil(low)), whole(math.Floor(high))
}

// whole is the nearest number that the index can have.
func whole(f float64) int64 {
	switch {
	case f <= math.MinInt64:
		return math.MinInt64
	case f >= math.MaxInt64:
		return math.MaxInt64
	}
	return int64(f)
}

// texts are the fields of which a field of text is made.
func (q queryIndex) texts(id plan.FieldID) []plan.FieldID {
	if id != textQuery {
		return []plan.FieldID{id}
	}
	out := []plan.FieldID{"summary", "description", "environment", "comment"}
	for _, f := range q.fields {
		if f.Custom != nil && f.Kind == analysis.Text {
			out = append(out, f.ID)
		}
	}
	return out
}

// Word is where a word of the text fits the pattern.
func (q queryIndex) Word(id plan.FieldID, pattern string) querySet {
	var out index.Set
	beginning, wild := pattern, false
	if n := strings.IndexAny(pattern, "*?"); n >= 0 {
		beginning, wild = pattern[:n], true
	}
	for _, f := range q.texts(id) {
		if !wild {
			out = out.Or(q.x.Word(string(f), index.Cut(pattern), false))
			continue
		}
		for w, s := range q.x.Words(string(f)).From(beginning) {
			if !strings.HasPrefix(w, beginning) {
				break
			}
			if words.Fits(pattern, w) {
				out = out.Or(s)
			}
		}
	}
	return querySet{out}
}

// Phrase is where the words follow each other in the text. Their order in entity properties is not looked at.
func (q queryIndex) Phrase(id plan.FieldID, phrase []string) querySet {
	var out index.Set
	for _, f := range q.texts(id) {
		holds := q.follows(f, phrase)
		var in []uint32
		for n := range q.together(f, phrase).All() {
			if holds(n) {
				in = append(in, n)
			}
		}
		out = out.Or(index.Of(in...))
	}
	return querySet{out}
}

// together are the issues that have all the words in the field.
func (q queryIndex) together(id plan.FieldID, list []string) index.Set {
	out := q.x.All()
	for _, w := range list {
		out = out.And(q.x.Word(string(id), index.Cut(w), false))
	}
	return out
}

// follows tests an issue that has the words for whether they follow each other.
func (q queryIndex) follows(id plan.FieldID, phrase []string) func(n uint32) bool {
	if strings.HasPrefix(string(id), "property:") {
		return func(uint32) bool { return true }
	}
	return func(n uint32) bool {
		return slices.ContainsFunc(q.read(id, q.st.IssueAt(n)), func(text string) bool {
			list := words.Of(text)
			for i := 0; i+len(phrase) <= len(list); i++ {
				if slices.Equal(list[i:i+len(phrase)], phrase) {
					return true
				}
			}
			return false
		})
	}
}

// read returns the texts of a field of an issue.
func (q queryIndex) read(id plan.FieldID, i *world.Issue) []string {
	switch id {
	case "summary":
		return []string{i.Summary}
	case "description":
		return []string{world.DocumentText(i.Description)}
	case "environment":
		return []string{world.DocumentText(i.Environment)}
	case "comment":
		var out []string
		for _, c := range q.st.Comments(i) {
			out = append(out, world.DocumentText(c.Body))
		}
		return out
	}
	raw := i.Custom[world.FieldID(id)]
	if f := q.field(id).Custom; f != nil && f.Kind == world.TextArea {
		return []string{world.DocumentText(raw)}
	}
	return []string{shape.Plain(raw)}
}

// Probe tests single issues for what would take many to be read, or to be put together.
func (q queryIndex) Probe(n plan.Node) func(plan.ID) bool {
	switch n := n.(type) {
	case plan.Range:
		return q.probeRange(n)
	case plan.Phrase:
		fields := q.texts(n.Field)
		return func(id plan.ID) bool {
			return slices.ContainsFunc(fields, func(f plan.FieldID) bool {
				for _, w := range n.Words {
					if !q.x.Word(string(f), index.Cut(w), false).Has(uint32(id)) {
						return false
					}
				}
				return q.follows(f, n.Words)(uint32(id))
			})
		}
	case plan.Was:
		return q.probeWas(n.Field, n.Past)
	case plan.Changed:
		return q.probeChanged(n.Field, n.Change)
	}
	return nil
}

func (q queryIndex) probeRange(n plan.Range) func(plan.ID) bool {
	f := q.field(n.Field)
	if n.Field == keyQuery || counted(n.Field) || q.places(f) != nil {
		return nil
	}
	from, to := bounds(f, n.Low, n.High)
	c := q.x.Column(string(n.Field))
	present := c.Present()
	return func(id plan.ID) bool {
		v := c.Value(uint32(id))
		return from <= v && v <= to && present.Has(uint32(id))
	}
}
