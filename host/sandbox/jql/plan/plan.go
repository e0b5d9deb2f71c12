// Package plan finds issues. A query, once its names and values are resolved, is a tree of nodes; the planner turns it into
// algebra on the sets that an [Index] keeps, cheap parts first, and pages through the result in order. It knows nothing of
// the language: negation is complement here, and what JQL means by != stands in package analysis.
//
//	found := plan.Find(index, visible, query.Where)
//	page := plan.Page(index, found, query.Order, 0, 50)
package plan

// ID is an issue's number, by which issues are ordered where nothing else decides.
type ID uint32

// FieldID names a field to the index.
type FieldID string

// Query is what can be planned.
type Query struct {
	Where Node // And{} for everything
	Order []Order
}

// Order is one term of the order. Without any, the newest issue comes first.
type Order struct {
	Field FieldID
	Desc  bool
}

// Node is a condition: one of [And], [Or], [Not], [Equal], [Range], [Exists], [Word], [Phrase], [Was] and [Changed].
type Node interface{ node() }

type (
	// And holds where all of its nodes do; without nodes it holds everywhere.
	And []Node
	// Or holds where one of its nodes does; without nodes it holds nowhere.
	Or []Node
	// Not holds wherever its node does not, on issues without a value too.
	Not struct{ Of Node }
	// Equal holds where one of the field's values is one of these.
	Equal struct {
		Field  FieldID
		Values []string
	}
	// Range holds where one of the field's places in its order is in the closed range; infinities leave it open.
	Range struct {
		Field     FieldID
		Low, High float64
		Single    bool // the field has one value at most, so that two ranges may be met by none but the same value
	}
	// Exists holds where the field has a value.
	Exists struct{ Field FieldID }
	// Word holds where a word of the field's text fits the pattern: lower case, * for any letters, ? for one.
	Word struct {
		Field   FieldID
		Pattern string
	}
	// Phrase holds where the words, in lower case, follow each other in the field's text.
	Phrase struct {
		Field FieldID
		Words []string
	}
	// Was holds where the field had a value in the past.
	Was struct {
		Field FieldID
		Past
	}
	// Changed holds where the field got another value in the past.
	Changed struct {
		Field FieldID
		Change
	}
)

// Past says which earlier values are meant. A value that was set at one moment and replaced at another held from the first
// until just before the second; it must have held at some moment of the closed span.
type Past struct {
	Values      []string // "" is no value
	By          []string // accounts that set the value; nil for anybody
	Since, Till float64  // milliseconds; infinities leave the span open
}

// Change says which changes are meant.
type Change struct {
	From, To    []string // "" is no value; nil for any
	By          []string // nil for anybody
	Since, Till float64  // milliseconds, closed; infinities leave the span open
}

func (And) node()     {}
func (Or) node()      {}
func (Not) node()     {}
func (Equal) node()   {}
func (Range) node()   {}
func (Exists) node()  {}
func (Word) node()    {}
func (Phrase) node()  {}
func (Was) node()     {}
func (Changed) node() {}

// Simplify flattens nested nodes and merges conditions on the same field, so that each costs the index one look-up. The
// result holds for the same issues.
func Simplify(n Node) Node {
	switch n := n.(type) {
	case And:
		return simplifyAnd(n)
	case Or:
		return simplifyOr(n)
	case Not:
		switch of := Simplify(n.Of).(type) {
		case Not:
			return of.Of
		case And:
			if len(of) == 0 {
				return Or{}
			}
			return Not{of}
		case Or:
			if len(of) == 0 {
				return And{}
			}
			return Not{of}
		default:
			return Not{of}
		}
	}
	return n
}

func simplifyAnd(nodes And) Node {
	out := And{}
	for _, n := range nodes {
		switch n := Simplify(n).(type) {
		case And:
			out = append(out, n...)
		case Or:
			if len(n) == 0 {
				return Or{}
			}
			out = append(out, n)
		default:
			out = append(out, n)
		}
	}
	out = mergeRanges(out)
	if len(out) == 1 {
		return out[0]
	}
	return out
}

// mergeRanges makes one range of those on the same field, as in created >= a AND created < b.
func mergeRanges(nodes And) And {
	out := And{}
	at := map[FieldID]int{}
	for _, n := range nodes {
		r, ok := n.(Range)
		if !ok || !r.Single {
			out = append(out, n)
			continue
		}
		i, seen := at[r.Field]
		if !seen {
			at[r.Field] = len(out)
			out = append(out, r)
			continue
		}
		old := out[i].(Range)
		out[i] = Range{r.Field, max(old.Low, r.Low), min(old.High, r.High), true}
	}
	return out
}

func simplifyOr(nodes Or) Node {
	out := Or{}
	at := map[FieldID]int{}
	for _, n := range nodes {
		switch n := Simplify(n).(type) {
		case Or:
			out = append(out, n...)
		case And:
			if len(n) == 0 {
				return And{}
			}
			out = append(out, n)
		case Equal:
			if i, seen := at[n.Field]; seen {
				old := out[i].(Equal)
				out[i] = Equal{n.Field, append(append([]string{}, old.Values...), n.Values...)}
				continue
			}
			at[n.Field] = len(out)
			out = append(out, n)
		default:
			out = append(out, n)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}
