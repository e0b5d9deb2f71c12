package syntax

import "iter"

// Walk visits n and what is below it, parents first, until visit returns false; then nothing below that node is visited.
// A nil node has nothing to visit.
func Walk(n Node, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	switch n := n.(type) {
	case *And:
		for _, c := range n.Clauses {
			Walk(c, visit)
		}
	case *Or:
		for _, c := range n.Clauses {
			Walk(c, visit)
		}
	case *Not:
		Walk(n.Clause, visit)
	}
}

// Clauses are the clauses of the query from left to right.
func (q *Query) Clauses() iter.Seq[*Clause] {
	return func(yield func(*Clause) bool) {
		more := true
		Walk(q.Where, func(n Node) bool {
			if c, ok := n.(*Clause); ok && more {
				more = yield(c)
			}
			return more
		})
	}
}

// Fields are the fields that the query names, those of ORDER BY last, as often as they are named.
func (q *Query) Fields() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for c := range q.Clauses() {
			if !yield(c.Field) {
				return
			}
		}
		for _, s := range q.OrderBy {
			if !yield(s.Field) {
				return
			}
		}
	}
}

// Functions are the function calls of the query, those in lists and predicates too.
func (q *Query) Functions() iter.Seq[Operand] {
	return func(yield func(Operand) bool) {
		for c := range q.Clauses() {
			if !functions(c.Operand, yield) {
				return
			}
			for _, p := range c.Predicates {
				if !functions(p.Operand, yield) {
					return
				}
			}
		}
	}
}

func functions(o Operand, yield func(Operand) bool) bool {
	if o.Kind == Function && !yield(o) {
		return false
	}
	for _, item := range o.List {
		if !functions(item, yield) {
			return false
		}
	}
	return true
}

// Flat are the operands of nested lists in one row; of what is no list it is the operand alone.
func (o Operand) Flat() []Operand {
	if o.Kind != List {
		return []Operand{o}
	}
	var out []Operand
	for _, item := range o.List {
		out = append(out, item.Flat()...)
	}
	return out
}

// Replace returns a copy of the query in which replace has had its way with every operand but lists, whose items it sees
// one by one, such as to write IDs for names. It gets the field that the operand belongs to.
func (q *Query) Replace(replace func(Field, Operand) Operand) *Query {
	out := &Query{OrderBy: q.OrderBy}
	if q.Where != nil {
		out.Where = replaceIn(q.Where, replace)
	}
	return out
}

func replaceIn(n Node, replace func(Field, Operand) Operand) Node {
	all := func(clauses []Node) []Node {
		out := make([]Node, len(clauses))
		for i, c := range clauses {
			out[i] = replaceIn(c, replace)
		}
		return out
	}
	switch n := n.(type) {
	case *And:
		return &And{all(n.Clauses)}
	case *Or:
		return &Or{all(n.Clauses)}
	case *Not:
		return &Not{n.At, replaceIn(n.Clause, replace)}
	case *Clause:
		c := *n
		c.Operand = replaceOperand(n.Field, n.Operand, replace)
		c.Predicates = nil
		for _, p := range n.Predicates {
			p.Operand = replaceOperand(n.Field, p.Operand, replace)
			c.Predicates = append(c.Predicates, p)
		}
		return &c
	}
	return n
}

func replaceOperand(f Field, o Operand, replace func(Field, Operand) Operand) Operand {
	switch o.Kind {
	case None:
		return o
	case List:
		list := make([]Operand, len(o.List))
		for i, item := range o.List {
			list[i] = replaceOperand(f, item, replace)
		}
		o.List = list
		return o
	}
	return replace(f, o)
}
