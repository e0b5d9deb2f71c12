package jql

import "strings"

// The limits of a query: Jira's own are higher, but no honest query of an app comes near these.
const (
	maxBytes = 64 << 10
	maxDepth = 100
)

// Parse reads a query. The empty query finds everything. The error is an [*Error].
func Parse(src string) (*Query, error) {
	if len(src) > maxBytes {
		return nil, &Error{"Error in the JQL Query: The query is too long."}
	}
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	q := &Query{}
	if !p.at(end) && !p.atOrder() {
		if q.Where, err = p.or(); err != nil {
			return nil, err
		}
	}
	if p.atOrder() {
		if q.Order, err = p.order(); err != nil {
			return nil, err
		}
	}
	if t := p.peek(); t.kind != end {
		return nil, errorAt(t, "Expecting either 'OR' or 'AND' but got %s.", t.shown())
	}
	return q, nil
}

type parser struct {
	tokens []token
	pos    int
	depth  int
}

func (p *parser) peek() token      { return p.tokens[p.pos] }
func (p *parser) at(k kind) bool   { return p.peek().kind == k }
func (p *parser) next()            { p.pos = min(p.pos+1, len(p.tokens)-1) }
func (p *parser) peekAfter() token { return p.tokens[min(p.pos+1, len(p.tokens)-1)] }
func (p *parser) atOrder() bool    { return p.peek().is("order") && p.peekAfter().is("by") }
func (p *parser) take(text string) bool {
	if p.peek().is(text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) or() (Expr, error) {
	left, err := p.and()
	for err == nil && (p.take("or") || p.take("||")) {
		var right Expr
		if right, err = p.and(); err == nil {
			left = Or{left, right}
		}
	}
	return left, err
}

func (p *parser) and() (Expr, error) {
	left, err := p.not()
	for err == nil && (p.take("and") || p.take("&&") || p.take("&")) {
		var right Expr
		if right, err = p.not(); err == nil {
			left = And{left, right}
		}
	}
	return left, err
}

func (p *parser) not() (Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, &Error{"Error in the JQL Query: The query is nested too deeply."}
	}
	defer func() { p.depth-- }()
	if p.take("not") || p.take("!") {
		of, err := p.not()
		return Not{of}, err
	}
	if p.take("(") {
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		if t := p.peek(); !p.take(")") {
			return nil, errorAt(t, "Expecting ')' before %s.", t.shown())
		}
		return e, nil
	}
	return p.clause()
}

func (p *parser) clause() (Expr, error) {
	t := p.peek()
	if !isName(t) {
		return nil, errorAt(t, "Expecting a field name but got %s. You must surround %s in quotation marks to use it as a field name.", t.shown(), t.shown())
	}
	p.next()
	c := Clause{Field: t.text}
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	c.Op = op
	switch op {
	case In, NotIn:
		c.Operands, err = p.list()
	case Is, IsNot:
		if t := p.peek(); !p.take("empty") && !p.take("null") {
			err = errorAt(t, "Expecting either 'EMPTY' or 'NULL' but got %s.", t.shown())
		}
	default:
		var o Operand
		o, err = p.operand()
		c.Operands = []Operand{o}
	}
	return c, err
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
	case p.take("is"):
		if p.take("not") {
			return IsNot, nil
		}
		return Is, nil
	case t.is("not") && p.peekAfter().is("in"):
		p.next()
		p.next()
		return NotIn, nil
	}
	return "", errorAt(t, "Expecting operator but got %s. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'.", t.shown())
}

func (p *parser) list() ([]Operand, error) {
	if t := p.peek(); !p.take("(") {
		if isName(t) && p.peekAfter().is("(") { // a function that returns a list
			o, err := p.operand()
			return []Operand{o}, err
		}
		return nil, errorAt(t, "Expecting '(' but got %s.", t.shown())
	}
	var out []Operand
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		out = append(out, o)
		if p.take(")") {
			return out, nil
		}
		if t := p.peek(); !p.take(",") {
			return nil, errorAt(t, "Expecting either ',' or ')' but got %s.", t.shown())
		}
	}
}

func (p *parser) operand() (Operand, error) {
	t := p.peek()
	if !isName(t) {
		return Operand{}, errorAt(t, "Expecting either a value, list or function but got %s.%s", t.shown(), quoteHint(t))
	}
	p.next()
	if t.kind == word && p.take("(") {
		if after := p.peek(); !p.take(")") {
			return Operand{}, errorAt(after, "Expecting ')' but got %s.", after.shown())
		}
		return Operand{Text: t.text, Function: true}, nil
	}
	return Operand{Text: t.text, Quoted: t.kind == quoted}, nil
}

func (p *parser) order() ([]Sort, error) {
	p.next()
	p.next()
	var out []Sort
	for {
		t := p.peek()
		if !isName(t) {
			return nil, errorAt(t, "Expecting a field name but got %s.", t.shown())
		}
		p.next()
		s := Sort{Field: t.text}
		if p.take("desc") {
			s.Desc = true
		} else {
			p.take("asc")
		}
		out = append(out, s)
		if !p.take(",") {
			return out, nil
		}
	}
}

// keywords cannot stand for a field or a value unless quoted.
var keywords = map[string]bool{"and": true, "or": true, "not": true, "in": true, "is": true, "order": true, "by": true, "empty": true, "null": true}

func isName(t token) bool {
	return t.kind == quoted || t.kind == word && !keywords[strings.ToLower(t.text)]
}

func quoteHint(t token) string {
	if t.kind != word {
		return ""
	}
	return " You must surround " + t.shown() + " in quotation marks to use it as a value."
}
