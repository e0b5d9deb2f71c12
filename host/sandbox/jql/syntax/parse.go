package syntax

import (
	"strconv"
	"strings"
)

// The limits of a query: Jira's own are higher, but no honest query of an app comes near these.
const (
	maxBytes = 64 << 10
	maxDepth = 100
)

// Parse reads a query. The empty query finds everything. The error is an [*Error].
func Parse(src string) (*Query, error) {
	if len(src) > maxBytes {
		return nil, &Error{prefix + "The query is too long.", Pos{0, 1, 1}}
	}
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	return q, nil
}

type parser struct {
	tokens []token
	pos    int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.pos] }
func (p *parser) next()       { p.pos = min(p.pos+1, len(p.tokens)-1) }
func (p *parser) take(texts ...string) bool {
	for _, text := range texts {
		if p.peek().is(text) {
			p.next()
			return true
		}
	}
	return false
}

// enter counts one level of nesting; leave ends it.
func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return &Error{prefix + "The query is nested too deeply.", p.peek().at}
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func (p *parser) query() (*Query, error) {
	q := &Query{}
	var err error
	if t := p.peek(); t.kind != end && !t.is("order") {
		if q.Where, err = p.or(); err != nil {
			return nil, err
		}
	}
	if p.take("order") {
		if t := p.peek(); !p.take("by") {
			return nil, expected(t, "by")
		}
		if q.OrderBy, err = p.sorts(); err != nil {
			return nil, err
		}
		if t := p.peek(); t.kind != end {
			return nil, expected(t, ",")
		}
	}
	if t := p.peek(); t.kind != end {
		return nil, errorAt(t.at, "Expecting either 'OR' or 'AND' but got '%s'.", t.shown())
	}
	return q, nil
}

func (p *parser) or() (Node, error) {
	first, err := p.and()
	if err != nil {
		return nil, err
	}
	clauses := []Node{first}
	for p.take("or", "||", "|") {
		n, err := p.and()
		if err != nil {
			return nil, err
		}
		clauses = append(clauses, n)
	}
	if len(clauses) == 1 {
		return first, nil
	}
	return &Or{clauses}, nil
}

func (p *parser) and() (Node, error) {
	first, err := p.not()
	if err != nil {
		return nil, err
	}
	clauses := []Node{first}
	for p.take("and", "&&", "&") {
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		clauses = append(clauses, n)
	}
	if len(clauses) == 1 {
		return first, nil
	}
	return &And{clauses}, nil
}

func (p *parser) not() (Node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	at := p.peek().at
	if p.take("not", "!") {
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		return &Not{at, n}, nil
	}
	if p.take("(") {
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		if t := p.peek(); !p.take(")") {
			// What follows a clause can be a logical operator only, and Jira says so when the clause stands alone.
			if t.kind != end {
				return nil, errorAt(t.at, "Expecting either 'OR' or 'AND' but got '%s'.", t.shown())
			}
			return nil, expected(t, ")")
		}
		return n, nil
	}
	return p.clause()
}

// sorts reads what follows ORDER BY.
func (p *parser) sorts() ([]Sort, error) {
	var out []Sort
	for {
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		s := Sort{Field: f}
		switch t := p.peek(); {
		case p.take("asc"):
			s.Direction = Ascending
		case p.take("desc"):
			s.Direction = Descending
		case t.kind != end && !t.is(","):
			return nil, errorAt(t.at, "Expecting either 'ASC' or 'DESC' but got '%s'.", t.shown())
		}
		out = append(out, s)
		if !p.take(",") {
			return out, nil
		}
	}
}

// field reads a name, cf[number], or a name with properties.
func (p *parser) field() (Field, error) {
	t := p.peek()
	f := Field{At: t.at}
	switch {
	case t.kind == number:
		p.next()
		f.Name = t.text
		return f, nil
	case t.value():
		if strings.TrimSpace(t.text) == "" {
			return f, errorAt(t.at, "A field name cannot be empty.")
		}
		p.next()
		f.Name = t.text
	case p.take("cf"):
		number, err := p.customField()
		if err != nil {
			return f, err
		}
		f.Name = "cf[" + strconv.FormatInt(number, 10) + "]"
	default:
		return f, badField(t)
	}
	for p.take("[") {
		properties, err := p.property()
		if err != nil {
			return f, err
		}
		f.Property = append(f.Property, properties)
	}
	return f, nil
}

// customField reads what follows cf.
func (p *parser) customField() (int64, error) {
	if t := p.peek(); !p.take("[") {
		return 0, expected(t, "[")
	}
	t := p.peek()
	if t.kind != number || t.text[0] == '-' {
		return 0, badCustomField(t)
	}
	n, err := whole(t)
	if err != nil {
		return 0, err
	}
	p.next()
	if t := p.peek(); !p.take("]") {
		return 0, expected(t, "]")
	}
	return n, nil
}

// property reads what follows the [ of an entity property.
func (p *parser) property() (Property, error) {
	t := p.peek()
	if !t.value() {
		return Property{}, badProperty(t)
	}
	p.next()
	out := Property{Key: t.text}
	if t := p.peek(); !p.take("]") {
		return out, expected(t, "]")
	}
	var path []string
	for p.peek().value() {
		t := p.peek()
		if len(t.text) < 2 || t.text[0] != '.' || t.text[1] == '.' {
			if t.spaced { // no path, then, but something where the operator should be
				return out, badOperator(t)
			}
			return out, badProperty(t)
		}
		path = append(path, t.text[1:])
		p.next()
	}
	out.Path = strings.Join(path, ".")
	return out, nil
}

// whole is the value of a number, which must be one of Java's long.
func whole(t token) (int64, error) {
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil {
		return 0, errorAt(t.at, "'%s' is not a valid number. Numbers must be between -9,223,372,036,854,775,808 and 9,223,372,036,854,775,807.", t.text)
	}
	return n, nil
}
