package syntax

import "strings"

func (p *parser) clause() (Node, error) {
	f, err := p.field()
	if err != nil {
		return nil, err
	}
	c := &Clause{Field: f, OpAt: p.peek().at}
	if c.Op, err = p.operator(); err != nil {
		return nil, err
	}
	if c.Op != Changed {
		if c.Operand, err = p.operand(0); err != nil {
			return nil, err
		}
	} else if err := p.noOperand(); err != nil {
		return nil, err
	}
	if c.Predicates, err = p.predicates(); err != nil {
		return nil, err
	}
	if len(c.Predicates) > 0 && !c.Op.History() {
		var shown []string
		for _, pr := range c.Predicates {
			shown = append(shown, strings.ToLower(string(pr.Word))+" "+pr.Operand.Display())
		}
		return nil, &Error{"The " + javaNames[c.Op] + " operator does not support the use of the " + strings.Join(shown, " ") + " predicate.", c.Predicates[0].At}
	}
	return c, nil
}

// javaNames are Jira's internal names of the operators, which one of its messages shows.
var javaNames = map[Operator]string{
	Equals: "EQUALS", NotEquals: "NOT_EQUALS", Contains: "LIKE", NotContains: "NOT_LIKE", Less: "LESS_THAN",
	LessEqual: "LESS_THAN_EQUALS", Greater: "GREATER_THAN", GreaterEqual: "GREATER_THAN_EQUALS",
	In: "IN", NotIn: "NOT_IN", Is: "IS", IsNot: "IS_NOT",
}

func (p *parser) operator() (Operator, error) {
	t := p.peek()
	if t.kind == symbol {
		switch op := Operator(t.text); op {
		case Equals, NotEquals, Contains, NotContains, Less, LessEqual, Greater, GreaterEqual:
			p.next()
			return op, nil
		}
	}
	switch {
	case p.take("in"):
		return In, nil
	case p.take("not"):
		if t := p.peek(); !p.take("in") {
			return "", expected(t, "IN")
		}
		return NotIn, nil
	case p.take("is"):
		if p.take("not") {
			return IsNot, nil
		}
		if t := p.peek(); t.kind != end && !p.atOperand() {
			return "", expected(t, "NOT")
		}
		return Is, nil
	case p.take("was"):
		switch {
		case p.take("in"):
			return WasIn, nil
		case p.take("not"):
			if p.take("in") {
				return WasNotIn, nil
			}
			return WasNot, nil
		}
		return Was, nil
	case p.take("changed"):
		return Changed, nil
	}
	return "", badOperator(t)
}

func (p *parser) atOperand() bool {
	t := p.peek()
	return t.value() || t.is("empty") || t.is("null") || t.is("(")
}

// noOperand refuses a value behind CHANGED.
func (p *parser) noOperand() error {
	if !p.atOperand() {
		return nil
	}
	t := p.peek()
	o, err := p.operand(0)
	if err != nil {
		return err
	}
	return &Error{"The CHANGED operator does not support the use of values without predicates. You must prefix the " + o.Display() + " value with a suitable predicate.", t.at}
}

func (p *parser) predicates() ([]Predicate, error) {
	var out []Predicate
	for {
		t := p.peek()
		if !p.take("after", "before", "during", "on", "by", "from", "to") {
			return out, nil
		}
		o, err := p.operand(0)
		if err != nil {
			return nil, err
		}
		out = append(out, Predicate{At: t.at, Word: PredicateWord(strings.ToUpper(t.text)), Operand: o})
	}
}

// operand reads what a field is compared with; level counts the lists around it.
func (p *parser) operand(level int) (Operand, error) {
	t := p.peek()
	o := Operand{At: t.at}
	switch {
	case p.take("empty", "null"):
		o.Kind = Empty
		return o, nil
	case p.take("("):
		return p.list(o, level)
	case !t.value():
		return o, badOperand(t)
	}
	p.next()
	o.Kind, o.Text = Text, t.text
	if p.take("(") {
		if strings.TrimSpace(t.text) == "" {
			return o, errorAt(t.at, "A function name cannot be empty.")
		}
		o.Kind = Function
		var err error
		o.Args, err = p.arguments()
		return o, err
	}
	if t.kind == number {
		if _, err := whole(t); err != nil {
			return o, err
		}
		o.Kind = Number
	}
	if after := p.peek(); level > 0 && after.kind != end && !after.is(",") && !after.is(")") {
		return o, expected(after, ",", ")")
	}
	return o, nil
}

// list reads what follows the ( of a list.
func (p *parser) list(o Operand, level int) (Operand, error) {
	if err := p.enter(); err != nil {
		return o, err
	}
	defer p.leave()
	o.Kind = List
	for {
		item, err := p.operand(level + 1)
		if err != nil {
			return o, err
		}
		o.List = append(o.List, item)
		if p.take(",") {
			continue
		}
		if t := p.peek(); !p.take(")") {
			return o, expected(t, ")")
		}
		return o, nil
	}
}

// arguments reads what follows the ( of a function.
func (p *parser) arguments() ([]string, error) {
	if p.take(")") {
		return nil, nil
	}
	if t := p.peek(); t.kind == end || t.is(",") {
		return nil, expected(t, ")")
	}
	var out []string
	for {
		t := p.peek()
		if !t.value() {
			return nil, badArgument(t)
		}
		out = append(out, t.text)
		p.next()
		if p.take(",") {
			continue
		}
		if t := p.peek(); !p.take(")") {
			if t.kind == end {
				return nil, expected(t, ")")
			}
			return nil, expected(t, ")", ",")
		}
		return out, nil
	}
}
