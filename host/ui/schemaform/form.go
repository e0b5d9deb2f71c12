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
//	x-jira "user"             people, found by typing; values are account ids. Both for a string and for an array
//	x-config                  documents that admins wrote, such as those of "pergola.links/relation". Both for a string and for an array
//	array of object           rows of fields, which can be added, removed and moved
//	object                    group of fields, one level deep
//
// Annotations are title, description, default, examples and the hints "x-order" (a number; smaller stands higher),
// "x-widget" ("textarea", "radio", "select"), "x-unit", "x-labels" (an object: words for the values of an enum), "x-jira" and "x-config", and "x-jql" (true: the text is
// JQL, in which documents can be named), and "x-contexts" on rows of projects and issue types (the name of a switch beside them: the rows say in which issues
// something shows while it is on, and admins of a project change what they say of it, see [Contexts]). The order in which fields, documents and people were chosen is kept.
// Other keywords starting with "x-" are ignored; any other keyword is refused, $ref among them, so that no schema can be
// written whose form does less than it says.
//
// A field is named by its path: a property of a nested object is "outer.inner", that of the first row of a list is "list.0.inner". Start with [Compile].
package schemaform

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

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
	People   Kind = "people" // people, found by typing
	Group    Kind = "group"  // Fields under a common title
	Rows     Kind = "rows"   // any number of rows of Fields
)

// Source names things from which a field lets choose: of a Jira site, or documents that admins wrote.
type Source string

// Documents splits a source of documents, such as "pergola.links/relation". It says whether it is one.
func (s Source) Documents() (plugin, typ string, ok bool) { return strings.Cut(string(s), "/") }

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

// Choice is one thing to choose.
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
	From           Source  // where to choose from, other than Options
	Ordered        bool    // the order of what is chosen can be changed
	Many           bool    // of people: any number
	MaxItems       int     // of a list; 0 means unbounded
	Fields         []Field // of a group, and of each row; the paths of the latter are their names
	Row            string  // what a row is called
	MaxRows        int
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
		n := f.leaves[path]
		for _, one := range append([]*node{n}, n.children...) {
			if s := one.field.From; s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
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
	query    bool   // JQL
	shown    string // of contexts: the switch beside them
	def      any    // nil for none
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

// Reference is a value that names a document.
type Reference struct {
	Path string
	To   Source
	ID   string
}

// References returns the documents that stored values name, in the order of the fields.
func (f *Form) References(stored json.RawMessage) []Reference {
	var out []Reference
	f.eachChosen(f.Values(stored), func(path string, from Source, value string) {
		if _, _, ok := from.Documents(); ok {
			out = append(out, Reference{Path: path, To: from, ID: value})
		}
	})
	return out
}

// RefersTo says whether a field of the form can name documents of that source.
func (f *Form) RefersTo(to Source) bool { return slices.Contains(f.Sources(), to) }

// HasQueries says whether a field of the form is JQL.
func (f *Form) HasQueries() bool {
	return slices.ContainsFunc(f.order, func(path string) bool {
		n := f.leaves[path]
		return n.query || slices.ContainsFunc(n.children, func(c *node) bool { return c.query })
	})
}

// Queries returns the JQL in stored values, in the order of the fields.
func (f *Form) Queries(stored json.RawMessage) []string {
	var out []string
	f.each(f.Values(stored), func(_ string, n *node, value string) {
		if n.query {
			out = append(out, value)
		}
	})
	return out
}

// Accounts returns the people who are chosen in a submitted form, each once.
func (f *Form) Accounts(form map[string][]string) []string {
	var out []string
	f.eachChosen(f.Number(form), func(_ string, from Source, value string) {
		if from == Users && !slices.Contains(out, value) {
			out = append(out, value)
		}
	})
	return out
}

// eachChosen calls visit for each value of a form, of numbered rows, that names something.
func (f *Form) eachChosen(form map[string][]string, visit func(path string, from Source, value string)) {
	f.each(form, func(path string, n *node, value string) {
		if n.field.From != "" {
			visit(path, n.field.From, value)
		}
	})
}

// each calls visit for each value of a form, of numbered rows, that is not empty.
func (f *Form) each(form map[string][]string, visit func(path string, n *node, value string)) {
	of := func(path string, n *node) {
		for _, v := range form[path] {
			if v != "" {
				visit(path, n, v)
			}
		}
	}
	for _, path := range f.order {
		n := f.leaves[path]
		if n.field.Kind != Rows {
			of(path, n)
			continue
		}
		for i := range n.keys(form) {
			for _, c := range n.children {
				of(n.at(i, c), c)
			}
		}
	}
}
