package analysis

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/jql/words"
)

// operands are what the operands of a clause mean for one field.
type operands struct {
	values []Value
	spans  [][2]float64 // of a measured field: what is equal to each operand; comparisons count from the first
	empty  bool         // EMPTY is among them
}

func (o *operands) span(from, till float64) { o.spans = append(o.spans, [2]float64{from, till}) }

// equal is where a value of the field is one of the operands.
func (c *checker) equal(n *syntax.Clause, f Field) plan.Node {
	o := c.operands(n.Operand, n.Field, f)
	var out plan.Or
	for _, s := range o.spans {
		out = append(out, plan.Range{Field: f.ID, Low: s[0], High: s[1], Single: !f.Many})
	}
	if keys := keysOf(o.values); len(keys) > 0 {
		out = append(out, plan.Equal{Field: f.ID, Values: keys})
	}
	return out
}

func keysOf(values []Value) []string {
	var out []string
	for _, v := range values {
		out = append(out, v.Key)
	}
	return out
}

// compare is where a value of the field stands before or after the operand.
func (c *checker) compare(n *syntax.Clause, f Field, op syntax.Operator) plan.Node {
	o := c.operands(n.Operand, n.Field, f)
	for _, v := range o.values {
		o.span(v.Place, v.Place)
	}
	var out plan.Or
	for i, s := range o.spans {
		low, high := math.Inf(-1), math.Inf(1)
		if i < len(o.values) && (o.values[i].First != 0 || o.values[i].Last != 0) {
			low, high = o.values[i].First, o.values[i].Last
		}
		switch op {
		case syntax.Less:
			high = math.Nextafter(s[0], math.Inf(-1))
		case syntax.LessEqual:
			high = s[0]
		case syntax.Greater:
			low = math.Nextafter(s[0], math.Inf(1))
		default:
			low = s[0]
		}
		out = append(out, plan.Range{Field: f.ID, Low: low, High: high, Single: !f.Many})
	}
	return out
}

// contains is where the text of the field has the words of the operand.
func (c *checker) contains(n *syntax.Clause, f Field) plan.Node {
	name := shownField(n.Field)
	if f.Kind == Version && n.Operand.Kind == syntax.Text {
		return c.like(n.Operand.Text, f)
	}
	switch o := n.Operand; {
	case o.Kind == syntax.Empty:
		if f.NoEmpty {
			c.fail("The field '%s' does not support searching for EMPTY values.", name)
		}
	case o.Kind == syntax.Function:
		c.fail("A value provided by the function '%s' is invalid for the field '%s'.", o.Text, name)
	case strings.TrimSpace(o.Text) == "":
		c.fail("The field '%s' does not support searching for an empty string.", name)
	case strings.ContainsAny(o.Text[:1], "?*"):
		c.fail("The text query '%s' for field '%s' is not allowed to start with '%s'.", o.Text, name, o.Text[:1])
	default:
		where, err := words.Query(f.ID, o.Text)
		if err == nil {
			return where
		}
		c.fail("Unable to parse the text '%s' for field '%s'.", o.Text, name)
	}
	return plan.Or{}
}

// like is where a version's name fits the operand, which may have wildcards.
func (c *checker) like(pattern string, f Field) plan.Node {
	names, ok := c.Schema.(Names)
	if !ok {
		return plan.Or{}
	}
	pattern = strings.ToLower(pattern)
	fits := func(name string) bool { return words.Fits(pattern, strings.ToLower(name)) }
	return plan.Equal{Field: f.ID, Values: keysOf(names.Matching(f, fits))}
}

// operands resolves an operand of the form that usage has checked.
func (c *checker) operands(o syntax.Operand, field syntax.Field, f Field) operands {
	var out operands
	for _, o := range o.Flat() {
		switch o.Kind {
		case syntax.Empty:
			if f.NoEmpty {
				c.fail("The field '%s' does not support searching for EMPTY values.", shownField(field))
			}
			out.empty = true
		case syntax.Function:
			c.function(&out, o, field, f)
		default:
			if message := c.literal(&out, f, Literal{o.Text, o.Kind == syntax.Number}, shownField(field)); message != "" {
				c.warn("%s", message)
			}
		}
	}
	return out
}

// literal adds what a literal means; the message says that it means nothing.
func (c *checker) literal(out *operands, f Field, l Literal, name string) (message string) {
	switch f.Kind {
	case Number:
		n, err := strconv.ParseFloat(l.Text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Sprintf("Value '%s' is invalid for the '%s' field. Valid values include numbers.", l.Text, name)
		}
		out.span(n, n)
	case Duration:
		s, ok := parseDuration(l.Text)
		if !ok {
			return fmt.Sprintf("The value '%s' for field '%s' is not a valid duration.", l.Text, name)
		}
		out.span(s, s)
	case Date, DateTime:
		s, ok := parseDate(l, c.Environment.Now())
		if !ok {
			return fmt.Sprintf("Date value '%s' for field '%s' is invalid. "+dateFormats, l.Text, name)
		}
		out.date(f, s)
	default:
		values := c.Schema.Values(f, l)
		if len(values) == 0 {
			return missing(f, l, name)
		}
		out.values = append(out.values, values...)
	}
	return ""
}

// date adds a moment, of which a field of days takes the day.
func (o *operands) date(f Field, s span) {
	if f.Kind == Date {
		y, m, d := s.from.Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		o.span(float64(day.UnixMilli()), float64(day.AddDate(0, 0, 1).UnixMilli()-1))
		return
	}
	o.span(float64(s.from.UnixMilli()), float64(s.till.UnixMilli()))
}

// missing is the sentence about a value that does not exist.
func missing(f Field, l Literal, name string) string {
	switch {
	case f.Kind == Option:
		return fmt.Sprintf("The option '%s' for field '%s' does not exist.", l.Text, name)
	case l.Number && f.Kind != User && f.Kind != Labels:
		return fmt.Sprintf("A value with ID '%s' does not exist for the field '%s'.", l.Text, name)
	case f.Kind == Issue || f.Kind == Parent:
		return fmt.Sprintf("An issue with key '%s' does not exist for field '%s'.", l.Text, name)
	}
	return fmt.Sprintf("The value '%s' does not exist for the field '%s'.", l.Text, name)
}

// function adds the values of a function.
func (c *checker) function(out *operands, o syntax.Operand, field syntax.Field, f Field) {
	fn, known := findFunction(o.Text)
	if !known {
		c.fail("%s", unknownFunction(o))
		return
	}
	if message := c.checkArguments(fn, o); message != "" {
		c.fail("%s", message)
		return
	}
	if !fits(fn.Kind, f.Kind) {
		c.fail(misfit(f.Kind), o.Text, shownField(field))
		return
	}
	if fn.Kind == DateTime {
		t, message := c.moment(fn, o)
		if message != "" {
			c.fail("%s", message)
			return
		}
		out.date(f, instant(t))
		return
	}
	texts, message := c.call(fn, o)
	if message != "" {
		c.fail("%s", message)
		return
	}
	for _, text := range texts { // what the asker must not see resolves to nothing, and is left out
		_ = c.literal(out, f, Literal{text, isDigits(text)}, shownField(field))
	}
}

func isDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// fits says whether values of one kind, of a function, can be values of another, of a field.
func fits(function, field Kind) bool {
	switch function {
	case DateTime:
		return field == Date || field == DateTime
	case Issue:
		return field == Issue || field == Parent || field == Link
	}
	return function == field
}

// misfit is the sentence about a function whose values cannot be the field's.
func misfit(field Kind) string {
	switch field {
	case Date, DateTime:
		return "A date for the field '%[2]s' provided by the function '%[1]s' is not valid."
	case Number:
		return "A value provided by the function '%s' for the field '%s' is not a valid number."
	case Duration:
		return "A value provided by the function '%s' for the field '%s' is not a positive duration."
	case Issue, Parent:
		return "A value provided by the function '%s' for the field '%s' is not a valid issue key."
	case Option:
		return "An option provided by the function '%s' for the field '%s' does not exist."
	case Group:
		return "A group provided by the function '%s' for the field '%s' does not exist."
	}
	return "A value provided by the function '%s' is invalid for the field '%s'."
}
