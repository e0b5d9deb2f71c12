package jql

import "strings"

// Clause is a condition. The zero value restricts nothing.
//
// Since: v0.5
type Clause struct {
	text  string
	mixed bool // an OR, which needs parentheses inside of anything else
	joint bool // an AND, which needs them behind NOT
}

// String is the clause in JQL, "" where it restricts nothing.
func (c Clause) String() string { return c.text }

var none = Clause{text: None}

// FieldName is a field that clauses compare.
//
// Since: v0.5
type FieldName struct{ text string }

// known are fields whose names need no quotes.
var known = map[string]bool{
	"assignee": true, "component": true, "created": true, "creator": true, "duedate": true, "fixVersion": true, "id": true, "issue": true, "issueLinkType": true, "issuetype": true, "key": true,
	"labels": true, "parent": true, "priority": true, "project": true, "reporter": true, "resolution": true, "status": true, "summary": true, "text": true,
	"updated": true,
}

// Field names a field: by its id, such as customfield_10010, which is written as cf[10010] and survives a change of the field's
// name, or by its name. Whatever else it is is quoted.
//
// Since: v0.5
func Field(id string) FieldName {
	if number, ok := strings.CutPrefix(id, "customfield_"); ok && digits(number) {
		return FieldName{"cf[" + number + "]"}
	}
	if known[id] {
		return FieldName{id}
	}
	return FieldName{Quote(id)}
}

// Property names a value inside of a property of issues, of which Jira has an index: by the whole key of the property, such as acme.labels.print, and
// the names of members, joined by dots. What is no such name finds nothing on any site.
//
// Since: v0.5
func Property(key, path string) FieldName {
	const members = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
	if key == "" || path == "" || strings.Trim(path, members) != "" {
		return FieldName{Quote("issue.property[" + key + "]." + path)}
	}
	return FieldName{"issue.property[" + Quote(key) + "]." + path}
}

func digits(s string) bool {
	return s != "" && len(s) <= 19 && strings.Trim(s, "0123456789") == ""
}

func (f FieldName) clause(operator, operand string) Clause {
	return Clause{text: f.text + " " + operator + " " + operand}
}

// Eq holds where the field has the value.
func (f FieldName) Eq(value string) Clause { return f.clause("=", Quote(value)) }

// NotEq holds where the field has another value, and not where it has none.
func (f FieldName) NotEq(value string) Clause { return f.clause("!=", Quote(value)) }

// In holds where the field has one of the values: nowhere, without any.
func (f FieldName) In(values ...string) Clause {
	if len(values) == 0 {
		return none
	}
	return f.clause("in", list(values))
}

// NotIn holds where the field has another value: without any it restricts nothing.
func (f FieldName) NotIn(values ...string) Clause {
	if len(values) == 0 {
		return Clause{}
	}
	return f.clause("not in", list(values))
}

// InFunction holds where the field has one of the values that a function of Jira's finds, such as linkedIssues, with arguments that are quoted; nowhere,
// where the name is no word.
func (f FieldName) InFunction(name string, arguments ...string) Clause {
	return f.call("in", name, arguments)
}

// NotInFunction holds where the field has another value.
func (f FieldName) NotInFunction(name string, arguments ...string) Clause {
	return f.call("not in", name, arguments)
}

func (f FieldName) call(operator, name string, arguments []string) Clause {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return none
	}
	return f.clause(operator, name+list(arguments))
}

// Empty holds where the field has no value.
func (f FieldName) Empty() Clause { return f.clause("is", "EMPTY") }

// NotEmpty holds where the field has a value.
func (f FieldName) NotEmpty() Clause { return f.clause("is not", "EMPTY") }

// Contains holds where the words of text are in the field, see [Words]; nowhere, where it has none.
func (f FieldName) Contains(text string) Clause {
	words := Words(text)
	if words == "" {
		return none
	}
	return f.clause("~", Quote(words))
}

// Typed holds where the field has what somebody has typed so far: the words of text, see [Words], of which the last may be the beginning of one. It
// holds nowhere where there is none. Jira finds whole words by their stems, and beginnings letter by letter, so both are looked for.
//
// Since: v0.5
func (f FieldName) Typed(text string) Clause {
	words := Words(text)
	if words == "" {
		return none
	}
	return Or(f.clause("~", Quote(words)), f.clause("~", Quote(words+"*")))
}

// Less holds where the field is less than the value: a number, a date such as 2026-01-31, or a time from now such as -7d.
func (f FieldName) Less(value string) Clause { return f.clause("<", Quote(value)) }

// LessEq holds where the field is the value or less.
func (f FieldName) LessEq(value string) Clause { return f.clause("<=", Quote(value)) }

// Greater holds where the field is greater than the value.
func (f FieldName) Greater(value string) Clause { return f.clause(">", Quote(value)) }

// GreaterEq holds where the field is the value or greater.
func (f FieldName) GreaterEq(value string) Clause { return f.clause(">=", Quote(value)) }

// IDs holds for the issues with these numeric ids, without quotes, in which Jira would look for keys. It holds nowhere without
// any; what is no id is left out, for no issue has it.
//
// Since: v0.5
func IDs(ids ...string) Clause {
	var b strings.Builder
	for _, id := range ids {
		if !digits(id) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(id)
	}
	if b.Len() == 0 {
		return none
	}
	return Clause{text: "id in (" + b.String() + ")"}
}

// And holds where all clauses do.
//
// Since: v0.5
func And(all ...Clause) Clause {
	var out []Clause
	for _, c := range all {
		if c.text != "" {
			out = append(out, c)
		}
	}
	return join(out, " AND ", Clause{joint: true})
}

// Or holds where one of the clauses does: everywhere, where one restricts nothing, and nowhere without any.
//
// Since: v0.5
func Or(all ...Clause) Clause {
	for _, c := range all {
		if c.text == "" {
			return Clause{}
		}
	}
	if len(all) == 0 {
		return none
	}
	return join(all, " OR ", Clause{mixed: true})
}

func join(all []Clause, by string, out Clause) Clause {
	if len(all) == 0 {
		return Clause{}
	}
	if len(all) == 1 {
		return all[0]
	}
	for i, c := range all {
		if i > 0 {
			out.text += by
		}
		if c.mixed {
			c.text = "(" + c.text + ")"
		}
		out.text += c.text
	}
	return out
}

// Not holds where the clause does not.
//
// Since: v0.5
func Not(c Clause) Clause {
	switch {
	case c.text == "":
		return none
	case c.mixed || c.joint:
		return Clause{text: "NOT (" + c.text + ")"}
	}
	return Clause{text: "NOT " + c.text}
}

// Sort is a field by which a query orders what it finds.
//
// Since: v0.5
type Sort struct{ text string }

// Asc orders from the least to the greatest.
func (f FieldName) Asc() Sort { return Sort{f.text + " ASC"} }

// Desc orders from the greatest to the least.
func (f FieldName) Desc() Sort { return Sort{f.text + " DESC"} }

// OrderBy writes a query: what a clause finds, in that order; Jira takes 7 fields at most.
//
// Since: v0.5
func OrderBy(c Clause, by ...Sort) string {
	query := c.text
	for i, s := range by {
		switch {
		case i > 0:
			query += ", "
		case query == "":
			query = "ORDER BY "
		default:
			query += " ORDER BY "
		}
		query += s.text
	}
	return query
}
