package syntax

import (
	"fmt"
	"strings"
)

// Error says why a query was refused.
type Error struct {
	Message string // in Jira's words, with the place where Jira gives it
	Pos     Pos    // inside the query or just behind it
}

func (e *Error) Error() string { return e.Message }

// Jira's resource file spells the prefix of one message differently from that of the others.
const (
	prefix        = "Error in the JQL Query: "
	operandPrefix = "Error in JQL Query: "
)

// validOperators ends the messages about a missing operator. Jira never lists the history operators there.
const validOperators = "The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'."

// validEscapes ends the messages about a wrong escape.
const validEscapes = `The valid escape sequences are \', \", \t, \n, \r, \\, '\ ' and \uXXXX.`

// errorAt is an error about something at a place, which the message names.
func errorAt(at Pos, format string, args ...any) *Error {
	return &Error{fmt.Sprintf(prefix+format+" (line %d, character %d)", append(args, at.Line, at.Column)...), at}
}

// errorAtEnd is an error about something that is missing; Jira names no place for the end of a query.
func errorAtEnd(at Pos, message string) *Error { return &Error{prefix + message, at} }

// expected says that t stands where one of the texts should.
func expected(t token, texts ...string) *Error {
	want := "'" + strings.Join(texts, "' or '") + "'"
	if t.kind == end {
		return errorAtEnd(t.at, "Expecting "+want+" before the end of the query.")
	}
	return errorAt(t.at, "Expecting %s but got '%s'.", want, t.shown())
}

func badField(t token) *Error {
	switch {
	case t.kind == end:
		return errorAtEnd(t.at, "Expecting a field name at the end of the query.")
	case t.is("["):
		return errorAt(t.at, "Expecting a field name but got '['. Did you mean 'cf['?")
	}
	return errorAt(t.at, "Expecting a field name but got '%s'. You must surround '%[1]s' in quotation marks to use it as a field name.", t.shown())
}

func badOperator(t token) *Error {
	if t.kind == end {
		return errorAtEnd(t.at, "Expecting operator before the end of the query. "+validOperators)
	}
	return errorAt(t.at, "Expecting operator but got '%s'. "+validOperators, t.shown())
}

func badOperand(t token) *Error {
	e := errorAtEnd(t.at, "Expecting either a value, list or function before the end of the query.")
	if t.kind != end {
		e = errorAt(t.at, "Expecting either a value, list or function but got '%s'. You must surround '%[1]s' in quotation marks to use it as a value.", t.shown())
	}
	e.Message = operandPrefix + strings.TrimPrefix(e.Message, prefix)
	return e
}

func badArgument(t token) *Error {
	switch {
	case t.kind == end:
		return errorAtEnd(t.at, "Expecting a function argument at the end of the query.")
	case t.is(")") || t.is(","):
		return errorAt(t.at, "Function argument must be specified.")
	}
	return errorAt(t.at, "Expecting a function argument but got '%s'. You must surround '%[1]s' in quotation marks to use it as an argument.", t.shown())
}

func badProperty(t token) *Error {
	if t.kind == end {
		return errorAtEnd(t.at, "Expecting a property id before the end of the query.")
	}
	return errorAt(t.at, "Expecting a property id but got '%s'. You must surround '%[1]s' in quotation marks to use it as a value.", t.shown())
}

func badCustomField(t token) *Error {
	const want = "Expecting a custom field id (a positive number)"
	if t.kind == end {
		return errorAtEnd(t.at, want+" before the end of the query.")
	}
	return errorAt(t.at, want+" but got '%s'.", t.shown())
}
