package jql

import "strings"

// parser reads the grammar of JQL as far as it has to, to know for each variable what it stands for: which conditions there are,
// and where in them values stand.
type parser struct {
	src    string
	tokens []token
	pos    int
	calls  []Call
	values []string
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	p.pos = min(p.pos+1, len(p.tokens)-1)
	return t
}

func (p *parser) take(texts ...string) bool {
	if p.peek().is(texts...) {
		p.next()
		return true
	}
	return false
}

func (p *parser) wrong(message string) error { return wrong(p.src, p.peek().start, message) }

// here is what stands next, for a message.
func (p *parser) here() string {
	switch t := p.peek(); t.kind {
	case end:
		return "the end of the query"
	case variable:
		return "{{" + t.text + "}}"
	default:
		return t.text
	}
}

func (p *parser) or(depth int) (*node, error) { return p.joined(depth, "OR", p.and, "or", "||", "|") }

func (p *parser) and(depth int) (*node, error) {
	return p.joined(depth, "AND", p.not, "and", "&&", "&")
}

// joined reads conditions with words between them.
func (p *parser) joined(depth int, kind string, each func(int) (*node, error), by ...string) (*node, error) {
	out := &node{kind: kind}
	for {
		part, err := each(depth)
		if err != nil {
			return nil, err
		}
		out.parts = append(out.parts, part)
		if !p.take(by...) {
			break
		}
	}
	if len(out.parts) == 1 {
		return out.parts[0], nil
	}
	return out, nil
}

func (p *parser) not(depth int) (*node, error) {
	if depth++; depth > maxDepth {
		return nil, p.wrong("the query is nested too deeply")
	}
	switch {
	case p.take("not", "!"):
		part, err := p.not(depth)
		return &node{kind: "NOT", parts: []*node{part}}, err
	case p.take("("):
		part, err := p.or(depth)
		if err != nil {
			return nil, err
		}
		if !p.take(")") {
			return nil, p.wrong("want AND, OR or ) instead of " + p.here())
		}
		return &node{kind: "(", parts: []*node{part}}, nil
	}
	return p.clause(depth)
}

// clause reads a field, an operator and what it compares with. A comparison is a piece of text, up to a variable.
func (p *parser) clause(depth int) (*node, error) {
	n := &node{}
	from := p.peek().start
	if err := p.field(); err != nil {
		return nil, err
	}
	operator, err := p.operator()
	if err != nil {
		return nil, err
	}
	c := &clauseReader{parser: p, node: n, from: from}
	if operator != "changed" {
		if err := c.operand(operator, depth); err != nil {
			return nil, err
		}
	}
	for p.take("after", "before", "during", "on", "by", "from", "to") {
		if err := c.operand("=", depth); err != nil {
			return nil, err
		}
	}
	c.text()
	if t := p.peek(); t.kind != end && !t.is("and", "&&", "&", "or", "||", "|", ")", "order") {
		return nil, p.wrong("want AND, OR, ORDER BY or the end of the query instead of " + p.here())
	}
	return n, nil
}

// field passes over what names a field, such as summary, "Serial number", cf[10010] or issue.property[key].path.
func (p *parser) field() error {
	const want = "want the name of a field instead of "
	if t := p.peek(); t.kind == variable {
		return p.wrong("a variable stands for a value, not for a field; write the field and an operator before it, such as key = {{" + t.text + "}}")
	} else if t.kind != word && t.kind != quoted || t.is("and", "or", "not", "in", "is", "was", "changed", "order") {
		return p.wrong(want + p.here())
	}
	p.next()
	for p.take("[") {
		if t := p.next(); t.kind != word && t.kind != quoted {
			p.pos--
			return p.wrong("want a number or a name in [ ] instead of " + p.here())
		}
		if !p.take("]") {
			return p.wrong("want ] instead of " + p.here())
		}
		if t := p.peek(); t.kind == quoted || t.kind == word && strings.HasPrefix(t.text, ".") {
			p.next()
		}
	}
	return nil
}

// operator reads one, in lower case and without what stands between its words.
func (p *parser) operator() (string, error) {
	for _, o := range []string{"=", "!=", "~", "!~", "<", "<=", ">", ">=", "in", "changed"} {
		if p.take(o) {
			return o, nil
		}
	}
	switch {
	case p.take("not"):
		if p.take("in") {
			return "in", nil
		}
		return "", p.wrong("want IN behind NOT instead of " + p.here())
	case p.take("is"):
		p.take("not")
		return "is", nil
	case p.take("was"):
		p.take("not")
		if p.take("in") {
			return "in", nil
		}
		return "=", nil
	}
	return "", p.wrong("want an operator such as = or in instead of " + p.here())
}

// order reads what may follow the conditions.
func (p *parser) order() (string, error) {
	from := p.peek()
	if from.kind == end {
		return "", nil
	}
	if !p.take("order") {
		return "", p.wrong("want AND, OR, ORDER BY or the end of the query instead of " + p.here())
	}
	for p.peek().kind != end {
		if p.peek().kind == variable {
			return "", p.wrong("a variable stands for a value; the order needs the names of fields")
		}
		p.next()
	}
	return p.src[from.start:p.peek().start], nil
}

// clauseReader cuts a clause into pieces.
type clauseReader struct {
	*parser
	node *node
	from int // where the text begins that is in no piece yet
}

// text makes a piece of what was read.
func (c *clauseReader) text() {
	stop := 0
	if c.pos > 0 {
		stop = c.tokens[c.pos-1].stop
	}
	if stop > c.from {
		c.node.pieces = append(c.node.pieces, piece{text: c.src[c.from:stop]})
		c.from = stop
	}
}

// variable makes a piece of the variable that stands next.
func (c *clauseReader) variable(f form) error {
	t := c.peek()
	between := c.src[c.from:t.start]
	if between != "" {
		c.node.pieces = append(c.node.pieces, piece{text: between})
	}
	c.next()
	c.from = t.stop
	c.node.pieces = append(c.node.pieces, piece{name: t.text, form: f, at: wrong(c.src, t.start, "").At})
	if c.peek().is("(") {
		return c.wrong("a variable is a value and no function; leave the parentheses out")
	}
	return nil
}

// operand reads what an operator compares with.
func (c *clauseReader) operand(operator string, depth int) error {
	t := c.peek()
	if t.kind == variable {
		switch operator {
		case "is":
			return c.wrong("is and is not compare with EMPTY alone; write = {{" + t.text + "}}")
		case "in":
			return c.variable(several)
		case "~", "!~":
			return c.variable(text)
		}
		return c.variable(one)
	}
	if c.take("(") {
		return c.list(operator, depth)
	}
	if t.kind != word && t.kind != quoted {
		return c.wrong("want a value instead of " + c.here())
	}
	c.next()
	if !c.take("(") {
		c.values = append(c.values, t.meant())
		return nil
	}
	call := Call{Name: t.meant()}
	for !c.take(")") {
		switch t := c.peek(); {
		case t.kind == variable:
			if err := c.variable(one); err != nil {
				return err
			}
			call.Arguments = append(call.Arguments, "")
		case t.kind == word || t.kind == quoted:
			call.Arguments = append(call.Arguments, c.next().meant())
		case t.is(","):
			c.next()
		default:
			return c.wrong("want an argument or ) instead of " + c.here())
		}
	}
	c.calls = append(c.calls, call)
	return nil
}

// list reads what follows the ( of a list.
func (c *clauseReader) list(operator string, depth int) error {
	if depth++; depth > maxDepth {
		return c.wrong("the query is nested too deeply")
	}
	for {
		var err error
		switch {
		case c.peek().kind == variable && (operator == "~" || operator == "!~"):
			err = c.variable(text)
		case c.peek().kind == variable:
			err = c.variable(elements)
		default:
			err = c.operand("=", depth)
		}
		if err != nil {
			return err
		}
		if c.take(")") {
			return nil
		}
		if !c.take(",") {
			return c.wrong("want , or ) instead of " + c.here())
		}
	}
}
