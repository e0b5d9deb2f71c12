package plan

import "iter"

// Set is a set of issues. No method changes its receiver or its argument, and a result may share memory with both.
type Set[S any] interface {
	And(S) S
	Or(S) S
	AndNot(S) S
	Len() int
	Contains(ID) bool
	All() iter.Seq[ID]      // ascending
	Backward() iter.Seq[ID] // descending
}

// Index is what the planner asks. It may be used by several goroutines at once, and answers of one state of the site.
// Unknown fields and values yield empty sets.
type Index[S Set[S]] interface {
	Searcher[S]
	Orders
}

// Searcher is an index without orders, for those who sort what was found by themselves.
type Searcher[S any] interface {
	Sets[S]
	Texts[S]
	History[S]
}

// Sets are the look-ups on what issues hold now.
type Sets[S any] interface {
	All() S
	Of(ids []ID) S // ids ascend
	Exists(FieldID) S
	Equal(FieldID, []string) S
	Range(field FieldID, low, high float64) S
}

// Texts are the look-ups in words, which are what words.Of makes of a text.
type Texts[S any] interface {
	Word(field FieldID, pattern string) S
	Phrase(field FieldID, words []string) S
}

// History are the look-ups in what issues held before.
type History[S any] interface {
	Was(FieldID, Past) S
	Changed(FieldID, Change) S
}

// Orders are what sorting needs. An issue without a value counts as greater than all others.
type Orders interface {
	// Ordered yields all issues in the field's order; those that compare as equal stand side by side, in any order. It
	// is nil where no such order is kept.
	Ordered(field FieldID, desc bool) iter.Seq[ID]
	// Compare is the field's order, in which two issues may be equal.
	Compare(FieldID) func(a, b ID) int
}

// Prober is implemented by an index that can test a single issue quickly. The planner asks it where few issues are left.
type Prober interface {
	// Probe returns a test of one node that is neither And, Or nor Not. It is nil where only the set can tell.
	Probe(Node) func(ID) bool
}
