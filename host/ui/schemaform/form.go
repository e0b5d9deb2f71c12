// Package schemaform turns the settings of a plugin's manifest, a JSON Schema, into a form: the fields to draw, the way from
// submitted fields to JSON and back, and validation with messages that an admin understands. It draws nothing itself
// (package ui does) and stores nothing.
//
// The schema is a subset of JSON Schema 2020-12, small enough that every schema that [Compile] accepts can be drawn:
//
//	string                    text, textarea (maxLength over 160, or "x-widget": "textarea"), or a choice where enum is set
//	integer, number           number with minimum, maximum, multipleOf and "x-unit"
//	boolean                   switch
//	array of string           one entry a line
//	array of string + enum    checkboxes
//	array of string + x-jira  picker of the site's things ("project", "issueType", "field", "category", "filter", "linkType"); values are ids
//	object                    group of fields, one level deep
//
// Annotations are title, description, default, examples and the hints "x-order" (a number; smaller stands higher),
// "x-widget" ("textarea", "radio", "select"), "x-unit", "x-labels" (an object: words for the values of an enum) and "x-jira".
// Other keywords starting with "x-" are ignored; any other keyword is refused, $ref among them, so that no schema can be
// written whose form does less than it says.
//
// A field is named by its path: a property of a nested object is "outer.inner". Start with [Compile].
package schemaform

import (
	"cmp"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Form is a compiled schema. It is immutable, so safe for concurrent use.
type Form struct {
	// Fields are the top-level fields in the order in which they are drawn.
	Fields []Field

	root   *node
	leaves map[string]*node // by path; groups are not among them
	order  []string         // paths of leaves in drawing order
	schema *jsonschema.Schema
}

// Kind is the widget of a field.
type Kind string

// The widgets.
const (
	Text     Kind = "text"     // one line
	TextArea Kind = "textarea" // several lines
	Number   Kind = "number"
	Switch   Kind = "switch" // submitted as "true" or not at all
	Select   Kind = "select" // one of Options, or of the site's things where Jira is set
	Radio    Kind = "radio"  // one of few Options
	Checks   Kind = "checks" // any of Options
	Lines    Kind = "lines"  // a list, one entry a line
	Picker   Kind = "picker" // any of the site's things that Jira names
	Group    Kind = "group"  // Fields under a common title
)

// Source names things of a Jira site from which a field lets choose.
type Source string

// The sources of "x-jira".
const (
	Projects   Source = "project"
	IssueTypes Source = "issueType"
	JiraFields Source = "field"
	Categories Source = "category" // of projects
	Filters    Source = "filter"
	LinkTypes  Source = "linkType"
	Users      Source = "user"
)

var sources = []Source{Projects, IssueTypes, JiraFields, Categories, Filters, LinkTypes, Users}

// Choice is one thing of a Jira site.
type Choice struct {
	ID   string // what is stored
	Name string
	// Detail tells things of one name apart, such as a project's key.
	Detail string
}

// Field describes one widget.
type Field struct {
	Path     string // its name in a submitted form and in settings.Values
	Kind     Kind
	Label    string
	Help     string
	Unit     string // stands behind the input
	Example  string
	Format   string // of a text: "email", "uri", "date" or ""
	Required bool
	// Min, Max and Step bound a number; empty means unbounded.
	Min, Max, Step string
	MaxLength      int // of a text, in characters; 0 means unbounded
	Options        []Option
	Jira           Source
	Fields         []Field // of a group
}

// Option is one value of an enum.
type Option struct{ Value, Label string }

// offers says whether value is one of the field's options.
func (f *Field) offers(value string) bool {
	return slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == value })
}

// Sources returns what the fields of the form let choose from, each once and in a fixed order, so that nothing is fetched
// from Jira that the form does not show.
func (f *Form) Sources() []Source {
	var out []Source
	for _, path := range f.order {
		if s := f.leaves[path].field.Jira; s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// node is one property of the schema.
type node struct {
	name     string
	field    Field
	typ      string // JSON Schema type
	required bool
	unique   bool
	def      any // nil for none
	order    float64
	ordered  bool
	index    int // place in the schema's own order
	children []*node
}

// arrange sorts properties: those with "x-order" first, by it, the rest in the order in which the schema lists them.
func arrange(nodes []*node) {
	slices.SortStableFunc(nodes, func(a, b *node) int {
		if a.ordered != b.ordered {
			if a.ordered {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.index, b.index))
	})
}

func fields(nodes []*node) []Field {
	out := make([]Field, len(nodes))
	for i, n := range nodes {
		if n.typ == "object" {
			n.field.Fields = fields(n.children)
		}
		out[i] = n.field
	}
	return out
}
