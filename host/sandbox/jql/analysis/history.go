package analysis

import (
	"math"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// was is where the field had one of the operands before.
func (c *checker) was(n *syntax.Clause, f Field) plan.Node {
	past := plan.Past{Values: c.historic(n.Operand, n.Field, f)}
	past.By, past.Since, past.Till = c.circumstances(n)
	for _, p := range n.Predicates {
		if p.Word == syntax.From || p.Word == syntax.To {
			c.fail("The predicate '%s' is not supported by the operator '%s'.", strings.ToLower(string(p.Word)), n.Op)
		}
	}
	return plan.Was{Field: f.ID, Past: past}
}

// changed is where the field got another value.
func (c *checker) changed(n *syntax.Clause, f Field) plan.Node {
	var change plan.Change
	change.By, change.Since, change.Till = c.circumstances(n)
	for _, p := range n.Predicates {
		switch p.Word {
		case syntax.From:
			change.From = c.historic(p.Operand, n.Field, f)
		case syntax.To:
			change.To = c.historic(p.Operand, n.Field, f)
		}
	}
	return plan.Changed{Field: f.ID, Change: change}
}

// historic are the keys of values, with "" for EMPTY; not nil, for that would mean any.
func (c *checker) historic(o syntax.Operand, field syntax.Field, f Field) []string {
	resolved := c.operands(o, field, f)
	out := append([]string{}, keysOf(resolved.values)...)
	if resolved.empty {
		out = append(out, "")
	}
	return out
}

// users is a field as BY needs one.
var users = Field{ID: "by", Kind: User}

// circumstances are who made a change and when, after all predicates of the clause.
func (c *checker) circumstances(n *syntax.Clause) (by []string, since, till float64) {
	since, till = math.Inf(-1), math.Inf(1)
	for _, p := range n.Predicates {
		switch p.Word {
		case syntax.By:
			by = c.authors(p)
		case syntax.After:
			if s := c.dates(p, 1); s != nil {
				since = max(since, s[0][0]+1)
			}
		case syntax.Before:
			if s := c.dates(p, 1); s != nil {
				till = min(till, s[0][0]-1)
			}
		case syntax.On:
			if s := c.dates(p, 1); s != nil {
				since, till = max(since, s[0][0]), min(till, s[0][1])
			}
		case syntax.During:
			if s := c.dates(p, 2); s != nil {
				since, till = max(since, s[0][0]), min(till, s[1][1])
			}
		}
	}
	return by, since, till
}

// authors are the accounts of BY; not nil, for that would mean anybody.
func (c *checker) authors(p syntax.Predicate) []string {
	var out operands
	for _, o := range p.Operand.Flat() {
		switch o.Kind {
		case syntax.Function:
			c.function(&out, o, syntax.Field{Name: "by"}, users)
		case syntax.Text, syntax.Number:
			values := c.Schema.Values(users, Literal{o.Text, o.Kind == syntax.Number})
			if len(values) == 0 {
				c.warn("The user '%s' does not exist and cannot be used in the 'by' predicate.", o.Text)
			}
			out.values = append(out.values, values...)
		}
	}
	return append([]string{}, keysOf(out.values)...)
}

// dates are the moments of a predicate, which must be want; nil where something is wrong with them.
func (c *checker) dates(p syntax.Predicate, want int) [][2]float64 {
	operandsOf := p.Operand.Flat()
	if len(operandsOf) != want {
		if want == 1 {
			c.fail("The %s predicate must be supplied with only 1 date value.", p.Word)
		} else {
			c.fail("The %s predicate must be supplied with exactly %d date values.", p.Word, want)
		}
		return nil
	}
	var out operands
	word := strings.ToLower(string(p.Word))
	for _, o := range operandsOf {
		if o.Kind == syntax.Function {
			c.predicateFunction(&out, o, word)
			continue
		}
		s, ok := parseDate(Literal{o.Text, false}, c.Environment.Now())
		if !ok || o.Kind == syntax.Empty {
			c.fail("Date value '%s' for predicate '%s' is invalid. "+dateFormats, o.Text, word)
			continue
		}
		out.date(Field{Kind: DateTime}, s)
	}
	if len(out.spans) != want {
		return nil
	}
	return out.spans
}

func (c *checker) predicateFunction(out *operands, o syntax.Operand, word string) {
	fn, known := findFunction(o.Text)
	if !known {
		c.fail("%s", unknownFunction(o))
		return
	}
	if fn.Kind != DateTime {
		c.fail("A date for the predicate '%s' provided by the function '%s' is not valid.", word, o.Text)
		return
	}
	message := c.checkArguments(fn, o)
	var t time.Time
	if message == "" {
		t, message = c.moment(fn, o)
	}
	if message != "" {
		c.fail("%s", message)
		return
	}
	out.date(Field{Kind: DateTime}, instant(t))
}
