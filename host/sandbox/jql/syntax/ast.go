// Package syntax reads and writes JQL, the query language of Jira. It knows the grammar only: which fields, values and
// functions exist is for package analysis. Errors are worded as Jira words them, since apps show them to their users.
//
//	q, err := syntax.Parse(`project = OPS AND status WAS "To Do" BEFORE -1w ORDER BY updated DESC`)
//	fmt.Println(q)              // the same query in canonical form
//	data, err := q.MarshalJSON() // its structure as /rest/api/3/jql/parse returns it
package syntax

// Pos is a place in a query.
type Pos struct {
	Offset int // in bytes, from 0
	Line   int // from 1
	Column int // in characters, from 1
}

// Query is a parsed query.
type Query struct {
	Where   Node // nil where the query restricts nothing
	OrderBy []Sort
}

// Sort is one term of ORDER BY.
type Sort struct {
	Field     Field
	Direction Direction
}

// Direction is the order that a Sort asks for; the zero value leaves it to the field.
type Direction string

// The directions.
const (
	Ascending  Direction = "ASC"
	Descending Direction = "DESC"
)

// Node is one of [*And], [*Or], [*Not] and [*Clause].
type Node interface {
	Position() Pos
	node()
}

// And holds where all of its clauses do; there are at least two.
type And struct{ Clauses []Node }

// Or holds where one of its clauses does; there are at least two.
type Or struct{ Clauses []Node }

// Not holds where its clause does not.
type Not struct {
	At     Pos
	Clause Node
}

// Clause compares a field with an operand. [Changed] has no operand; only it and the WAS operators have predicates.
type Clause struct {
	Field      Field
	Op         Operator
	OpAt       Pos
	Operand    Operand
	Predicates []Predicate
}

// Field names a field or a value inside an entity property.
type Field struct {
	At       Pos
	Name     string     // without quotes and escapes; a custom field by number is always written "cf[10001]"
	Property []Property // not empty for issue.property[key].path and its like
}

// Property is what stands behind the name of an entity property.
type Property struct {
	Key  string
	Path string // dotted, without the leading dot; empty for the whole value
}

// Operator compares a field with an operand.
type Operator string

// The operators, as Jira's messages show them.
const (
	Equals       Operator = "="
	NotEquals    Operator = "!="
	Contains     Operator = "~"
	NotContains  Operator = "!~"
	Less         Operator = "<"
	LessEqual    Operator = "<="
	Greater      Operator = ">"
	GreaterEqual Operator = ">="
	In           Operator = "in"
	NotIn        Operator = "not in"
	Is           Operator = "is"
	IsNot        Operator = "is not"
	Was          Operator = "was"
	WasNot       Operator = "was not"
	WasIn        Operator = "was in"
	WasNotIn     Operator = "was not in"
	Changed      Operator = "changed"
)

// History says whether the operator asks for earlier values.
func (o Operator) History() bool {
	switch o {
	case Was, WasNot, WasIn, WasNotIn, Changed:
		return true
	}
	return false
}

// List says whether the operator wants a list.
func (o Operator) List() bool {
	switch o {
	case In, NotIn, WasIn, WasNotIn:
		return true
	}
	return false
}

// Negation is the operator that holds where o does not, for fields that have a value. CHANGED has none.
func (o Operator) Negation() Operator { return negations[o] }

var negations = map[Operator]Operator{
	Equals: NotEquals, NotEquals: Equals, Contains: NotContains, NotContains: Contains,
	Less: GreaterEqual, GreaterEqual: Less, Greater: LessEqual, LessEqual: Greater,
	In: NotIn, NotIn: In, Is: IsNot, IsNot: Is, Was: WasNot, WasNot: Was, WasIn: WasNotIn, WasNotIn: WasIn,
}

// Kind is the form of an operand.
type Kind int

// The kinds of operands. None is that of CHANGED.
const (
	None     Kind = iota
	Text          // a word or a quoted string
	Number        // a whole number without quotes
	Empty         // EMPTY or NULL
	Function      // name(arguments)
	List          // (operand, …), possibly nested
)

// Operand is what a field is compared with.
type Operand struct {
	At   Pos
	Kind Kind
	Text string    // of a Text or Number the value, of a Function its name
	Args []string  // of a Function
	List []Operand // of a List, never empty
}

// Predicate narrows a history search in time, author or value.
type Predicate struct {
	At      Pos
	Word    PredicateWord
	Operand Operand
}

// PredicateWord begins a predicate.
type PredicateWord string

// The predicates.
const (
	After  PredicateWord = "AFTER"
	Before PredicateWord = "BEFORE"
	During PredicateWord = "DURING"
	On     PredicateWord = "ON"
	By     PredicateWord = "BY"
	From   PredicateWord = "FROM"
	To     PredicateWord = "TO"
)

func (*And) node()    {}
func (*Or) node()     {}
func (*Not) node()    {}
func (*Clause) node() {}

// Position is where the first clause begins.
func (n *And) Position() Pos { return n.Clauses[0].Position() }

// Position is where the first clause begins.
func (n *Or) Position() Pos { return n.Clauses[0].Position() }

// Position is where NOT stands.
func (n *Not) Position() Pos { return n.At }

// Position is where the field stands.
func (n *Clause) Position() Pos { return n.Field.At }
