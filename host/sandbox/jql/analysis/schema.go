// Package analysis finds out what a JQL query means on a site: which fields, values and functions it names, whether the
// operators fit them, and what it therefore asks of an index. It knows the site through [Schema] and [Environment] only,
// and complains as Jira does.
//
//	q, err := syntax.Parse(text)
//	a := analysis.Analyzer{Schema: site, Environment: session}
//	query, messages := a.Analyze(q, analysis.Strict)
package analysis

import (
	"errors"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// Schema is what the analysis must know of a site, as far as whoever asks may see it.
type Schema interface {
	// Fields are the fields that the name means, in any case; several custom fields may share one. None is unknown.
	Fields(syntax.Field) []Field
	// Values are what a literal means for a field that has neither text, numbers nor dates: several versions may have
	// one name. None is unknown. Names count in any case.
	Values(Field, Literal) []Value
}

// Names is implemented by a Schema that can look for versions by their names, for the operator ~. Without it the operator
// finds none.
type Names interface {
	// Matching are the values of the field whose name fits.
	Matching(f Field, fits func(name string) bool) []Value
}

// Field is a field of issues.
type Field struct {
	ID         plan.FieldID
	Kind       Kind
	Operators  []syntax.Operator // nil for those of the kind; history operators are added by History
	History    bool              // WAS and CHANGED can be asked
	NoEmpty    bool              // EMPTY cannot be asked
	Many       bool              // an issue may have several values
	Sortable   bool
	Descending bool // the order where ORDER BY names none
}

// Literal is a value as a query has it.
type Literal struct {
	Text   string
	Number bool // whole and without quotes; Jira then takes it for an id where no name is the same
}

// Value is what a literal means to the index.
type Value struct {
	Key string // for plan.Equal; never empty
	// Place is the value's place in the field's order, for the operators < and > on fields that have one. First and
	// Last bound what it is compared with, such as the issues of one project; with both zero nothing does.
	Place, First, Last float64
}

// Environment is what functions depend on.
type Environment interface {
	Now() time.Time // in the time zone of whoever asks
	Me() string     // account of whoever asks; "" for nobody
	// Call evaluates a function that needs to know the site: each one in the list of Functions but currentUser, now and
	// those on the calendar. It returns literals of the function's kind: ids, accounts, or moments as RFC 3339. The
	// name is spelled as in that list. The error is [ErrUnknown], an [*ArgumentError], or something to show.
	Call(name string, args []string) ([]string, error)
}

// Fragments is implemented by an Environment in which apps contribute functions, whose results are known beforehand.
type Fragments interface {
	// Fragment returns the JQL that stands for a whole clause with a function of an app. The error is [ErrUnknown], or
	// something to show.
	Fragment(field syntax.Field, op syntax.Operator, function syntax.Operand) (string, error)
}

// Filters is implemented by an Environment that knows saved filters.
type Filters interface {
	// Filter returns the JQL of a filter by its name or id.
	Filter(Literal) (jql string, found bool)
}

// ErrUnknown says that there is no such function.
var ErrUnknown = errors.New("unknown function")

// ArgumentError says that an argument of a function names nothing, such as a group that does not exist.
type ArgumentError struct{ Index int }

func (e *ArgumentError) Error() string { return "an argument names nothing" }

// Analyzer analyses the queries of one person.
type Analyzer struct {
	Schema      Schema
	Environment Environment
	FirstDay    time.Weekday // of a week, for startOfWeek; Sunday as in Jira's default locale
}

// Mode says what becomes of mistakes.
type Mode int

// The modes of the parameter "validation".
const (
	Strict Mode = iota // all mistakes are errors
	Warn               // values that do not exist are warnings
	Ignore             // there are no messages
)

// Messages are what is wrong with a query, in Jira's words, each once.
type Messages struct{ Errors, Warnings []string }

// unbounded is the error about a search without a restriction.
const unbounded = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."

// Bounded refuses a query that restricts nothing, as the operations on /search/jql do. The error is to be shown.
func Bounded(q *syntax.Query) error {
	if q.Where == nil {
		return errors.New(unbounded) //nolint:staticcheck // it is a sentence of Jira's, to be shown
	}
	return nil
}
