// Package jql reads the part of Jira's query language that the sandbox answers: clauses on fields joined by AND, OR and
// NOT, and an order. It knows the grammar only; which fields and values exist is for whoever evaluates the query. Errors
// are worded as Jira words them, since apps show them to their users. Start with [Parse].
package jql

import "fmt"

// Query is a parsed query.
type Query struct {
	Where Expr // nil where the query restricts nothing
	Order []Sort
}

// Sort is one term of ORDER BY.
type Sort struct {
	Field string
	Desc  bool
}

// Expr is one of [And], [Or], [Not] and [Clause].
type Expr interface{ expr() }

// And holds where both sides do.
type And struct{ Left, Right Expr }

// Or holds where one side does.
type Or struct{ Left, Right Expr }

// Not holds where its operand does not.
type Not struct{ Of Expr }

// Operator compares a field with operands.
type Operator string

// The operators.
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
)

// Clause compares a field. Is and IsNot have no operands: they ask whether the field is empty.
type Clause struct {
	Field    string // as written, without quotes
	Op       Operator
	Operands []Operand
}

// Operand is a value, or a call of a function such as currentUser().
type Operand struct {
	Text     string // the value, or the function's name
	Quoted   bool
	Function bool
}

func (And) expr()    {}
func (Or) expr()     {}
func (Not) expr()    {}
func (Clause) expr() {}

// Error says why a query was refused, in Jira's words.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

func errorAt(t token, format string, args ...any) *Error {
	return &Error{fmt.Sprintf("Error in the JQL Query: "+format+" (line %d, character %d)", append(args, t.line, t.column)...)}
}

// Match evaluates e: clause answers for one clause.
func Match(e Expr, clause func(Clause) bool) bool {
	switch e := e.(type) {
	case And:
		return Match(e.Left, clause) && Match(e.Right, clause)
	case Or:
		return Match(e.Left, clause) || Match(e.Right, clause)
	case Not:
		return !Match(e.Of, clause)
	case Clause:
		return clause(e)
	}
	return true
}

// Check runs check on every clause and returns its first error.
func Check(e Expr, check func(Clause) error) error {
	switch e := e.(type) {
	case And:
		if err := Check(e.Left, check); err != nil {
			return err
		}
		return Check(e.Right, check)
	case Or:
		if err := Check(e.Left, check); err != nil {
			return err
		}
		return Check(e.Right, check)
	case Not:
		return Check(e.Of, check)
	case Clause:
		return check(e)
	}
	return nil
}
