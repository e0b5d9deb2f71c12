package analysis

import (
	"errors"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// clause checks a clause and resolves it, or its negation. The checks come in Jira's order: the field, the form of the
// operand, the operator, the values.
func (c *checker) clause(n *syntax.Clause, negated bool) plan.Node {
	fields := c.Schema.Fields(n.Field)
	if len(fields) == 0 {
		c.fail("Field '%s' does not exist or you do not have permission to view it.", shownField(n.Field))
		return plan.Or{}
	}
	if where, ok := c.fragment(n, negated); ok {
		return where
	}
	if !c.usage(n) {
		return plan.Or{}
	}
	fields = slices.DeleteFunc(slices.Clone(fields), func(f Field) bool { return !slices.Contains(f.AllowedOperators(), n.Op) })
	if len(fields) == 0 {
		c.fail("The operator '%s' is not supported by the '%s' field.", n.Op, shownField(n.Field))
		return plan.Or{}
	}
	if fields[0].Kind == Filter {
		return c.filters(n, negated != (n.Op == syntax.NotEquals || n.Op == syntax.NotIn))
	}
	op := n.Op
	if negated && op != syntax.Changed {
		op = op.Negation()
	}
	var some plan.Or   // where a field fits
	var exists plan.Or // where a field has a value
	for i, f := range fields {
		quiet := c.quiet(i > 0) // fields with one name have the same mistakes
		some = append(some, c.positive(n, f, op))
		exists = append(exists, plan.Exists{Field: f.ID})
		quiet()
	}
	if namesEmpty(n) { // fields with one name are empty where all are
		some = append(some, plan.Not{Of: exists})
	}
	switch op {
	case syntax.NotEquals, syntax.NotIn, syntax.NotContains:
		return plan.And{exists, plan.Not{Of: some}}
	case syntax.Is:
		return plan.Not{Of: exists}
	case syntax.IsNot:
		return exists
	case syntax.WasNot, syntax.WasNotIn:
		return plan.Not{Of: some}
	case syntax.Changed:
		if negated {
			return plan.Not{Of: some}
		}
	}
	return some
}

// namesEmpty says whether EMPTY is one of the values that the clause compares with.
func namesEmpty(n *syntax.Clause) bool {
	switch n.Op {
	case syntax.Equals, syntax.NotEquals, syntax.In, syntax.NotIn, syntax.Contains, syntax.NotContains:
		return slices.ContainsFunc(n.Operand.Flat(), func(o syntax.Operand) bool { return o.Kind == syntax.Empty })
	}
	return false
}

// quiet keeps messages from being noted until the function that it returns is called.
func (c *checker) quiet(wanted bool) func() {
	mode := c.mode
	if wanted {
		c.mode = Ignore
	}
	return func() { c.mode = mode }
}

// positive is where a field fits the operator or, for one that denies, what it denies. EMPTY as a value is left to the
// caller.
func (c *checker) positive(n *syntax.Clause, f Field, op syntax.Operator) plan.Node {
	switch op {
	case syntax.Is, syntax.IsNot:
		if f.NoEmpty {
			c.fail("The field '%s' does not support searching for EMPTY values.", shownField(n.Field))
		}
		return plan.Exists{Field: f.ID}
	case syntax.Contains, syntax.NotContains:
		return c.contains(n, f)
	case syntax.Less, syntax.LessEqual, syntax.Greater, syntax.GreaterEqual:
		return c.compare(n, f, op)
	case syntax.Was, syntax.WasNot, syntax.WasIn, syntax.WasNotIn:
		return c.was(n, f)
	case syntax.Changed:
		return c.changed(n, f)
	}
	return c.equal(n, f)
}

// usage checks that the operator takes an operand of this form.
func (c *checker) usage(n *syntax.Clause) bool {
	if n.Op == syntax.Changed {
		return true
	}
	o, name := n.Operand, shownField(n.Field)
	list := o.Kind == syntax.List
	if o.Kind == syntax.Function {
		f, known := findFunction(o.Text)
		if !known {
			c.fail("%s", unknownFunction(o))
			return false
		}
		list = f.List
	}
	empty := o.Kind == syntax.Empty
	presence := n.Op == syntax.Is || n.Op == syntax.IsNot
	relational := slices.Contains(ordering, n.Op)
	switch {
	case presence && !empty:
		c.fail("Operator '%s' does not support searching for non-empty values for field '%s'.", n.Op, name)
	case empty && (n.Op.List() || relational):
		c.fail("Operator '%s' does not support the empty value representation 'EMPTY' for field '%s'.", n.Op, name)
	case n.Op.List() && !list:
		c.fail("Operator '%s' does not support the non-list value '%s' for field '%s'.", n.Op, o.Display(), name)
	case list && !n.Op.List():
		c.fail("Operator '%s' does not support the list value '%s' for field '%s'.", n.Op, o.Display(), name)
	default:
		return true
	}
	return false
}

// fragment resolves a clause with a function of an app.
func (c *checker) fragment(n *syntax.Clause, negated bool) (plan.Node, bool) {
	apps, ok := c.Environment.(Fragments)
	if !ok || n.Operand.Kind != syntax.Function {
		return nil, false
	}
	if _, known := findFunction(n.Operand.Text); known {
		return nil, false
	}
	text, err := apps.Fragment(n.Field, n.Op, n.Operand)
	if errors.Is(err, ErrUnknown) {
		return nil, false
	}
	if err != nil {
		c.fail("%s", err)
		return plan.Or{}, true
	}
	return c.inner(text, negated), true
}

// inner resolves JQL that stands for a clause, or its negation.
func (c *checker) inner(text string, negated bool) plan.Node {
	q, err := syntax.Parse(text)
	if err != nil {
		c.fail("%s", err)
		return plan.Or{}
	}
	if c.depth == maxInner {
		return plan.Or{}
	}
	if q.Where == nil {
		return c.compound(nil, negated, negated)
	}
	c.depth++
	defer func() { c.depth-- }()
	return c.node(q.Where, negated)
}

// filters is where the query of one of the saved filters holds or, denied, where none does.
func (c *checker) filters(n *syntax.Clause, denied bool) plan.Node {
	known, _ := c.Environment.(Filters)
	var some plan.Or
	for _, o := range n.Operand.Flat() {
		l := Literal{o.Text, o.Kind == syntax.Number}
		text, found := "", false
		if known != nil && (o.Kind == syntax.Text || o.Kind == syntax.Number) {
			text, found = known.Filter(l)
		}
		switch {
		case found:
			some = append(some, c.inner(text, false))
		case o.Kind == syntax.Empty:
			c.fail("The field '%s' does not support searching for EMPTY values.", shownField(n.Field))
		default:
			c.warn("%s", missing(Field{Kind: Filter}, l, shownField(n.Field)))
		}
	}
	if denied {
		return plan.Not{Of: some}
	}
	return some
}
