package analysis

import (
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// maxOrder is how many fields Jira orders by.
const maxOrder = 7

// maxInner is how deep the queries of filters, and those that stand for functions of apps, may use further ones.
const maxInner = 3

// Analyze turns a query into what the planner understands. With an error in the messages the result is of no use; a clause
// with a warning finds nothing.
func (a *Analyzer) Analyze(q *syntax.Query, mode Mode) (plan.Query, Messages) {
	c := &checker{Analyzer: a, mode: mode}
	out := plan.Query{Where: plan.And{}}
	if q.Where != nil {
		out.Where = plan.Simplify(c.node(q.Where, false))
	}
	out.Order = c.order(q.OrderBy)
	return out, c.messages
}

// checker is one run of an analysis.
type checker struct {
	*Analyzer
	mode     Mode
	messages Messages
	depth    int // of queries in place of clauses
}

// fail notes an error, warn one that the mode may turn into a warning.
func (c *checker) fail(format string, args ...any) { c.note(&c.messages.Errors, format, args...) }

func (c *checker) warn(format string, args ...any) {
	if c.mode == Warn {
		c.note(&c.messages.Warnings, format, args...)
		return
	}
	c.fail(format, args...)
}

func (c *checker) note(to *[]string, format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	if c.mode != Ignore && !slices.Contains(*to, text) {
		*to = append(*to, text)
	}
}

// node resolves n, or its negation. Jira carries NOT down to the operators before it searches, so that NOT a = b finds what
// a != b finds, which no issue without an a is.
func (c *checker) node(n syntax.Node, negated bool) plan.Node {
	switch n := n.(type) {
	case *syntax.And:
		return c.compound(n.Clauses, negated, negated)
	case *syntax.Or:
		return c.compound(n.Clauses, !negated, negated)
	case *syntax.Not:
		return c.node(n.Clause, !negated)
	case *syntax.Clause:
		return c.clause(n, negated)
	}
	return plan.Or{}
}

func (c *checker) compound(clauses []syntax.Node, or, negated bool) plan.Node {
	out := make([]plan.Node, len(clauses))
	for i, n := range clauses {
		out[i] = c.node(n, negated)
	}
	if or {
		return plan.Or(out)
	}
	return plan.And(out)
}

func (c *checker) order(sorts []syntax.Sort) []plan.Order {
	if len(sorts) > maxOrder {
		c.fail("The maximum number of fields to order by is %d.", maxOrder)
	}
	var out []plan.Order
	for _, s := range sorts {
		fields := c.Schema.Fields(s.Field)
		if len(fields) == 0 {
			c.fail("Field '%s' does not exist or you do not have permission to view it.", shownField(s.Field))
			continue
		}
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Sortable })
		if i < 0 {
			c.fail("Not able to sort using field '%s'.", shownField(s.Field))
			continue
		}
		desc := fields[i].Descending
		if s.Direction != "" {
			desc = s.Direction == syntax.Descending
		}
		out = append(out, plan.Order{Field: fields[i].ID, Desc: desc})
	}
	return out
}

// shownField is how messages name a field: without quotes around its name.
func shownField(f syntax.Field) string {
	if len(f.Property) == 0 {
		return f.Name
	}
	return f.String()
}
