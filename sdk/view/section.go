package view

//go:generate msgp -tests=false -io=false -o zz_section_msgp.go

// MaxNesting is how deep sections may lie in each other: the blocks of a section at this depth can be no sections.
//
// Since: v0.5
const MaxNesting = 3

// Section is a part of the page that the user can fold away: a title, and blocks below it.
//
// Since: v0.5
type Section struct {
	Title string `msg:"title"`
	// Name identifies the section on its page: lower-case letters, digits and dashes. A section that has one stays open or folded as
	// the user left it when the page is drawn anew; without one it does so by its place among the others.
	Name string `msg:"name,omitempty"`
	// Badge is a short text behind the title, such as the number of what is in the section.
	Badge string `msg:"badge,omitempty"`
	Color Color  `msg:"color,omitempty"`
	// Collapsed folds the section until the user opens it.
	Collapsed bool    `msg:"collapsed,omitempty"`
	Blocks    []Block `msg:"blocks,limit=16384"`
}

// Color is a colour by which things are told apart, such as the kinds of relation. It has no meaning of its own: that has
// [Tone]. The host draws it so that it can be seen in light and dark, and never shows by the colour alone what a thing is.
//
// Since: v0.5
type Color string

// The colours. One that the host does not know is none.
const (
	NoColor Color = ""
	Gray    Color = "gray"
	Red     Color = "red"
	Orange  Color = "orange"
	Yellow  Color = "yellow"
	Lime    Color = "lime"
	Green   Color = "green"
	Teal    Color = "teal"
	Blue    Color = "blue"
	Purple  Color = "purple"
	Magenta Color = "magenta"
)

// List is rows of things that are of one kind, such as the issues that a relation links.
//
// Since: v0.5
type List struct {
	Label string `msg:"label"` // read by screen readers
	Items []Item `msg:"items,limit=16384"`
}

// Item is one row of a list.
//
// Since: v0.5
type Item struct {
	Icon Icon `msg:"icon,omitempty"`
	// Spans are what the row is about, such as an issue's key as a link and its summary.
	Spans []Span `msg:"spans,limit=16384"`
	// Detail is a second, muted line.
	Detail []Span `msg:"detail,omitempty,limit=16384"`
	// Aside stands at the row's end, such as a status as a lozenge.
	Aside []Span `msg:"aside,omitempty,limit=16384"`
	// Buttons stand behind it, such as Remove.
	Buttons []Button `msg:"buttons,omitempty,limit=16384"`
}

// Pager leads to the other pages of a long table or list.
//
// Since: v0.5
type Pager struct {
	// Label says what is leafed through, for screen readers: "Linked assets".
	Label string `msg:"label"`
	// Page is the page that is shown, from 1.
	Page int `msg:"page"`
	// Pages and Total are how many pages and things there are; 0 where it is not known, as with Jira's search.
	Pages int `msg:"pages,omitempty"`
	Total int `msg:"total,omitempty"`
	// More says, where Pages is 0, that there is a page behind this one.
	More bool `msg:"more,omitempty"`
	// Call draws another page: its param "page" is then the number of that page. What leads there, such as the tokens of a
	// search, can lie in its State.
	Call Call `msg:"call"`
}

// Call draws the page anew: it names exactly one of View and Action. Params and State go with it.
//
// Since: v0.5
type Call struct {
	View   string            `msg:"view,omitempty"`
	Action string            `msg:"action,omitempty"`
	Params map[string]string `msg:"params,omitempty,limit=16384"`
	State  []byte            `msg:"state,omitempty,limit=4194304"`
}

// Order is the order in which a table's rows stand by one of its columns.
//
// Since: v0.5
type Order string

// The orders.
const (
	Unsorted   Order = ""
	Ascending  Order = "ascending"
	Descending Order = "descending"
)
