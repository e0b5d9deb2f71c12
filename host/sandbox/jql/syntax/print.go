package syntax

import (
	"fmt"
	"strconv"
	"strings"
)

// String is the query in canonical form: logical operators, predicates and directions in capitals, no quotes and no
// parentheses but those that are needed. Parsing it returns the same query, positions apart.
func (q *Query) String() string {
	var parts []string
	if q.Where != nil {
		parts = append(parts, q.Where.(fmt.Stringer).String())
	}
	for i, s := range q.OrderBy {
		lead := ", "
		if i == 0 {
			lead = "ORDER BY "
			if q.Where != nil {
				lead = " ORDER BY "
			}
		}
		parts = append(parts, lead+s.String())
	}
	return strings.Join(parts, "")
}

func (s Sort) String() string {
	if s.Direction == "" {
		return s.Field.String()
	}
	return s.Field.String() + " " + string(s.Direction)
}

func (n *And) String() string { return join(n.Clauses, " AND ") }
func (n *Or) String() string  { return join(n.Clauses, " OR ") }

func join(clauses []Node, with string) string {
	out := make([]string, len(clauses))
	for i, c := range clauses {
		out[i] = enclosed(c, with == " AND ")
	}
	return strings.Join(out, with)
}

// enclosed sets a node into parentheses where it would else be read as part of its surroundings.
func enclosed(n Node, tight bool) string {
	text := n.(fmt.Stringer).String()
	switch n.(type) {
	case *Or:
		return "(" + text + ")"
	case *And:
		if tight {
			return "(" + text + ")"
		}
	}
	return text
}

func (n *Not) String() string { return "NOT " + enclosed(n.Clause, true) }

func (n *Clause) String() string {
	out := n.Field.String() + " " + string(n.Op)
	if n.Operand.Kind != None {
		out += " " + n.Operand.String()
	}
	for _, p := range n.Predicates {
		out += " " + string(p.Word) + " " + p.Operand.String()
	}
	return out
}

// String is the field as it must be written in a query.
func (f Field) String() string {
	out := f.name()
	for _, p := range f.Property {
		out += "[" + encodeArgument(p.Key) + "]"
		if p.Path != "" {
			out += encodeArgument("." + p.Path)
		}
	}
	return out
}

func (f Field) name() string {
	if digits, ok := strings.CutPrefix(f.Name, "cf["); ok {
		digits, ok = strings.CutSuffix(digits, "]")
		if n, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && n >= 0 && strconv.FormatInt(n, 10) == digits {
			return f.Name
		}
	}
	if isNumber(f.Name) && len(f.Property) == 0 {
		return f.Name
	}
	return encodeText(f.Name)
}

// String is the operand as it must be written in a query.
func (o Operand) String() string { return o.format(encodeText) }

// Display is how Jira's messages show the operand: as String, but with quotes around every text.
func (o Operand) Display() string { return o.format(quote) }

func (o Operand) format(text func(string) string) string {
	switch o.Kind {
	case Text:
		return text(o.Text)
	case Number:
		return o.Text
	case Empty:
		return "EMPTY"
	case Function:
		args := make([]string, len(o.Args))
		for i, a := range o.Args {
			args[i] = encodeArgument(a)
		}
		return encodeArgument(o.Text) + "(" + strings.Join(args, ", ") + ")"
	case List:
		items := make([]string, len(o.List))
		for i, item := range o.List {
			items[i] = item.format(text)
		}
		return "(" + strings.Join(items, ", ") + ")"
	}
	return ""
}

// encodeText writes a text that is no number: digits alone need quotes, or they would be one.
func encodeText(text string) string {
	if text == "" || isNumber(text) || !plain(text) {
		return quote(text)
	}
	return text
}

// encodeArgument writes a text where digits mean the same with quotes and without.
func encodeArgument(text string) string {
	if isNumber(text) {
		return text
	}
	return encodeText(text)
}

// plain says whether a text is read as itself without quotes.
func plain(text string) bool {
	lower := strings.ToLower(text)
	return !keywords[lower] && !kept[lower] && !strings.ContainsAny(text, stops+`\`) && !strings.ContainsFunc(text, illegal)
}

func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case illegal(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
