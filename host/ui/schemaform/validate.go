package schemaform

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Error says what is wrong with one setting, in words for an admin.
type Error struct {
	Path    string // of the field; "" where it is about the settings as a whole
	Message string
}

// Errors are in the order of the fields.
type Errors []Error

// For returns the message for the field of that path, "" for none.
func (e Errors) For(path string) string {
	for _, x := range e {
		if x.Path == path {
			return x.Message
		}
	}
	return ""
}

// Error joins the messages. Errors of no length is no error, but as an error value it would not be nil: test its length.
func (e Errors) Error() string {
	parts := make([]string, len(e))
	for i, x := range e {
		parts[i] = strings.TrimPrefix(x.Path+": "+x.Message, ": ")
	}
	return strings.Join(parts, "; ")
}

// Validate checks stored settings. No errors means that they can be used as they are.
func (f *Form) Validate(stored json.RawMessage) Errors {
	if len(stored) > maxValues {
		return Errors{{Message: "These settings are too long to store."}}
	}
	v, err := parse(stored)
	if err != nil {
		return Errors{{Message: "These settings cannot be read."}}
	}
	return f.sorted(f.check(plain(v)))
}

// Strange says which members of settings the form does not have. Validate lets them be, as settings may be older than the schema; what
// is new must not have any.
func (f *Form) Strange(stored json.RawMessage) Errors {
	var errs Errors
	add := func(path string) { errs = append(errs, Error{Path: path, Message: "There is no such setting."}) }
	for name, v := range f.read(stored) {
		f.root.strange(name, v, "", add)
	}
	slices.SortFunc(errs, func(a, b Error) int { return strings.Compare(a.Path, b.Path) })
	return errs
}

// strange reports a member of a group or row that has no setting, and those in it.
func (n *node) strange(name string, v any, prefix string, add func(path string)) {
	c := n.child(name)
	if c == nil {
		add(prefix + name)
		return
	}
	group, _ := v.(map[string]any)
	for inner, v := range group {
		if c.typ == "object" {
			c.strange(inner, v, prefix+name+".", add)
		}
	}
	rows, _ := v.([]any)
	for i, r := range rows {
		row, _ := r.(map[string]any)
		for inner, v := range row {
			if c.field.Kind == Rows {
				c.strange(inner, v, fmt.Sprintf("%s%s.%d.", prefix, name, i), add)
			}
		}
	}
}

func (n *node) child(name string) *node {
	i := slices.IndexFunc(n.children, func(c *node) bool { return c.name == name })
	if i < 0 {
		return nil
	}
	return n.children[i]
}

// check validates what parse and plain, or Decode, made.
func (f *Form) check(v any) Errors {
	err := f.schema.Validate(v)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return Errors{{Message: "These settings cannot be checked."}}
	}
	var out Errors
	f.collect(invalid, &out)
	return out
}

// collect walks to the causes at the leaves. Each field gets its first message only: one thing to mend at a time.
func (f *Form) collect(e *jsonschema.ValidationError, out *Errors) {
	if len(e.Causes) > 0 {
		for _, c := range e.Causes {
			f.collect(c, out)
		}
		return
	}
	add := func(path, message string) {
		if !slices.ContainsFunc(*out, func(x Error) bool { return x.Path == path }) {
			*out = append(*out, Error{Path: path, Message: message})
		}
	}
	path, item := f.locate(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			at := name
			if path != "" {
				at = path + "." + name
			}
			add(at, f.missing(at))
		}
	case *kind.AdditionalProperties:
		add("", fmt.Sprintf("The plugin has no setting %s.", quoted(k.Properties)))
	default:
		add(path, f.message(path, item, e.ErrorKind))
	}
}

// locate finds the field of an instance location. A location inside a list is the list's: /projects/1 is an error of
// "projects", whose entry 2 it is about.
func (f *Form) locate(loc []string) (path string, item int) {
	for i := range loc {
		p := strings.Join(loc[:i+1], ".")
		if n, ok := f.leaves[p]; ok {
			if n.field.Kind == Rows && i+2 < len(loc) {
				p = strings.Join(loc[:i+3], ".")
				i += 2
			} else if n.field.Kind == Rows && i+1 < len(loc) {
				return strings.Join(loc[:i+2], "."), 0 // of a row as a whole
			}
			if i+1 < len(loc) {
				_, _ = fmt.Sscanf(loc[i+1], "%d", &item)
				item++
			}
			return p, item
		}
	}
	return strings.Join(loc, "."), 0
}

func (f *Form) missing(path string) string {
	n := f.lookup(path)
	if n == nil {
		return "This is required."
	}
	switch n.field.Kind {
	case Select, Radio:
		return "Choose one."
	case Checks, Picker:
		return "Choose at least one."
	case People:
		return "Choose somebody."
	case Number:
		return "Enter a number."
	case Lines:
		return "Enter at least one line."
	}
	return "Enter a value."
}

// message says in plain words what is wrong. The library's own words ("maximum: got 99, want 20") are for programmers.
func (f *Form) message(path string, item int, k jsonschema.ErrorKind) string {
	n := f.lookup(path)
	if n == nil {
		n = &node{}
	}
	if n.field.Kind == Rows {
		return rowsMessage(k)
	}
	what := "This"
	if item > 0 {
		what = fmt.Sprintf("Entry %d", item)
	}
	number := func(r *big.Rat) string {
		s := decimalOf(r)
		if n.field.Unit != "" {
			s += " " + n.field.Unit
		}
		return s
	}
	such := ""
	if n.field.Example != "" {
		such = ", such as " + n.field.Example
	}
	switch k := k.(type) {
	case *kind.Minimum:
		return fmt.Sprintf("Enter a number that is not less than %s.", number(k.Want))
	case *kind.Maximum:
		return fmt.Sprintf("Enter a number that is not more than %s.", number(k.Want))
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("Enter a number greater than %s.", number(k.Want))
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("Enter a number less than %s.", number(k.Want))
	case *kind.MultipleOf:
		return fmt.Sprintf("Enter a multiple of %s.", number(k.Want))
	case *kind.Enum:
		if n.field.Kind == Checks {
			return fmt.Sprintf("%s is not one of the choices.", quoted([]string{fmt.Sprint(k.Got)}))
		}
		return "Choose one of the values offered."
	case *kind.Type:
		return wrongType(what, k.Want)
	case *kind.Format:
		return wrongFormat(what, k.Want) + such + "."
	case *kind.Pattern:
		if n.field.Help != "" && such == "" {
			return what + " does not have the form that is asked for. See the note at the field."
		}
		return what + " does not have the form that is asked for" + such + "."
	case *kind.MinLength:
		return fmt.Sprintf("%s must have %s or more.", what, count(k.Want, "character"))
	case *kind.MaxLength:
		return fmt.Sprintf("%s must have %s or fewer; it has %d.", what, count(k.Want, "character"), k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("Choose %d or more.", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("%s at most; there are %d.", capital(count(k.Want, "entry")), k.Got)
	case *kind.UniqueItems:
		return fmt.Sprintf("Entry %d repeats entry %d.", k.Duplicates[1]+1, k.Duplicates[0]+1)
	}
	return what + " cannot be used."
}

// rowsMessage says what is wrong with a list of groups as a whole.
func rowsMessage(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.MinItems:
		return fmt.Sprintf("Add rows: %d or more are needed.", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("%s at most; there are %d.", capital(count(k.Want, "row")), k.Got)
	case *kind.UniqueItems:
		return fmt.Sprintf("Row %d says the same as row %d. Remove one of them.", k.Duplicates[1]+1, k.Duplicates[0]+1)
	}
	return "This must be a list of rows."
}

func wrongType(what string, want []string) string {
	w := ""
	if len(want) > 0 {
		w = want[0]
	}
	switch w {
	case "integer":
		return "Enter a whole number."
	case "number":
		return "Enter a number."
	case "string":
		return what + " must be a text."
	case "boolean":
		return what + " must be on or off."
	case "array":
		return what + " must be a list."
	}
	return what + " has the wrong kind of value."
}

func wrongFormat(what, want string) string {
	switch want {
	case "email":
		return what + " is not an e-mail address"
	case "uri":
		return what + " is not a web address that starts with https:"
	case "date":
		return what + " is not a date written as year-month-day"
	}
	return what + " does not have the form that is asked for"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		noun = noun[:len(noun)-1] + "ie"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// quoted names values, cut to a length that fits a message.
func quoted(values []string) string {
	out := make([]string, 0, len(values))
	for i, v := range values {
		if i == 5 {
			return strings.Join(out, ", ") + " and others"
		}
		if r := []rune(v); len(r) > 40 {
			v = string(r[:40]) + "…"
		}
		out = append(out, "“"+v+"”")
	}
	return strings.Join(out, ", ")
}

// decimalOf writes a rational without trailing zeros.
func decimalOf(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(6), "0")
}
