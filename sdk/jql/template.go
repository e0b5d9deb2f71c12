package jql

import (
	"slices"
	"strings"
)

// maxTemplate and maxDepth bound what is read: what an admin writes by hand comes near neither.
const (
	maxTemplate = 16 << 10 // bytes
	maxDepth    = 50       // parentheses in each other
)

// Template is JQL that an admin wrote, with variables in the places of values: {{issue.key}}, {{issue.project}},
// {{issue.customfield_10010}} and other fields, {{link.ID}}, {{path.ID}}, {{user.accountId}}. What stands in for one is always quoted, so no
// value can change what is asked; only ids of issues, projects and types, which are nothing but digits, stand bare, because Jira takes a quoted one
// for a key. It is safe for concurrent use. Make it with [Parse].
//
// Since: v0.5
type Template struct {
	where  *node // nil where nothing is restricted
	order  string
	names  []string
	calls  []Call
	values []string
}

// Call is a function that stands in a query, such as linkedIssues("OPS-1").
//
// Since: v0.5
type Call struct {
	Name      string   // as it was written: Jira takes it in any case
	Arguments []string // what they mean, without quotes; "" for a variable
}

// Empty says what becomes of a query when a variable in it has no value.
//
// Since: v0.5
type Empty int

// What becomes of it.
const (
	NoResults Empty = iota // the query finds nothing: Expand returns None
	Drop                   // the condition with the variable is left out, and the query finds more
)

// node is a condition with what it is made of: a clause has pieces, all others have parts.
type node struct {
	kind   string // "", "AND", "OR", "NOT", "("
	parts  []*node
	pieces []piece
}

// piece is a stretch of a clause: text as it was written, or a variable.
type piece struct {
	text string
	name string // of a variable
	form form
	at   int // character of the template, of a variable
}

// form is what a variable may stand for.
type form int

const (
	one      form = iota // one value
	text                 // the words of one value
	several              // values, as a list
	elements             // values inside of a list
)

// Parse reads a template. The error is an [*Error] with the place and what to write instead; which fields and values there are is
// for Jira to say.
//
// Since: v0.5
func Parse(template string) (*Template, error) {
	if len(template) > maxTemplate {
		return nil, wrong(template, maxTemplate, "the query is too long; 16384 bytes are enough for everybody")
	}
	tokens, err := lex(template)
	if err != nil {
		return nil, err
	}
	p := &parser{src: template, tokens: tokens}
	t := &Template{}
	if !p.peek().is("order") && p.peek().kind != end {
		if t.where, err = p.or(0); err != nil {
			return nil, err
		}
	}
	if t.order, err = p.order(); err != nil {
		return nil, err
	}
	for _, tok := range tokens {
		if tok.kind == variable && !slices.Contains(t.names, tok.text) {
			t.names = append(t.names, tok.text)
		}
	}
	t.calls, t.values = p.calls, p.values
	return t, nil
}

// Variables returns the names of the variables, each once, in their order, such as issue.key.
func (t *Template) Variables() []string { return slices.Clone(t.names) }

// Calls returns the functions in the query, in their order.
func (t *Template) Calls() []Call { return slices.Clone(t.calls) }

// Values returns what fields are compared with, in the order of the query, without quotes. Variables and functions are not among them.
func (t *Template) Values() []string { return slices.Clone(t.values) }

// Expand returns the query with values for the variables. values is asked for each by its name; values that are "" do not count.
// An error is an [*Error] in words for the admin: where a variable has several values and stands where only one can.
//
// With Drop the query can be left without conditions: put what must always hold around it with [And].
func (t *Template) Expand(values func(name string) []string, empty Empty) (string, error) {
	e := &expansion{values: values, empty: empty}
	where := ""
	if t.where != nil {
		where, _ = e.node(t.where)
	}
	switch {
	case e.err != nil:
		return "", e.err
	case e.none:
		return None, nil
	case where == "" || t.order == "":
		return where + t.order, nil
	}
	return where + " " + t.order, nil
}

// Clause is Expand without the order, to be put together with other clauses.
func (t *Template) Clause(values func(name string) []string, empty Empty) (Clause, error) {
	query, err := (&Template{where: t.where}).Expand(values, empty)
	c := Clause{text: query}
	if t.where != nil && query != None {
		c.mixed, c.joint = t.where.kind == "OR", t.where.kind == "AND"
	}
	return c, err
}

// expansion is one run of Expand.
type expansion struct {
	values func(name string) []string
	empty  Empty
	none   bool // some variable has no value, and so the query finds nothing
	err    error
}

// node writes a condition; false where it was dropped.
func (e *expansion) node(n *node) (string, bool) {
	if n.kind == "" {
		return e.clause(n.pieces)
	}
	var kept []string
	for _, part := range n.parts {
		if text, ok := e.node(part); ok {
			kept = append(kept, text)
		}
	}
	if len(kept) == 0 {
		return "", false
	}
	switch n.kind {
	case "(":
		return "(" + kept[0] + ")", true
	case "NOT":
		return "NOT " + kept[0], true
	}
	return strings.Join(kept, " "+n.kind+" "), true
}

func (e *expansion) clause(pieces []piece) (string, bool) {
	var b strings.Builder
	for _, p := range pieces {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		written := e.variable(p)
		if written == "" {
			e.none = e.none || e.empty != Drop
			return "", false
		}
		b.WriteString(written)
	}
	return b.String(), true
}

// variable writes the values of a variable, "" where it has none.
func (e *expansion) variable(p piece) string {
	var values []string
	for _, v := range e.values(p.name) {
		if p.form == text {
			v = Words(v)
		}
		if v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	switch {
	case len(values) == 0:
		return ""
	case p.form == several:
		return "(" + p.join(values) + ")"
	case p.form == elements:
		return p.join(values)
	case len(values) > 1 && e.err == nil:
		e.err = &Error{At: p.at, Message: "{{" + p.name + "}} has several values here, and only one can stand there; write in {{" + p.name + "}}"}
	}
	return p.value(values[0])
}

func (p piece) join(values []string) string {
	written := make([]string, len(values))
	for i, v := range values {
		written[i] = p.value(v)
	}
	return strings.Join(written, ", ")
}

// value writes a value: quoted, or bare where it is an id.
func (p piece) value(v string) string {
	if p.form != text && ids(p.name) && digits(v) {
		return v
	}
	return Quote(v)
}

// ids says whether a variable stands for ids.
func ids(name string) bool {
	switch name {
	case "issue.id", "issue.project", "issue.issuetype":
		return true
	}
	return strings.HasPrefix(name, "link.") || strings.HasPrefix(name, "path.")
}
