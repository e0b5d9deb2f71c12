// Package view holds the blocks of which a plugin builds its pages. A block is data, not markup: the host renders it in
// Jira's look, in light and dark, for keyboard and screen reader, and nothing a plugin returns is ever inserted as HTML.
//
// Start with [Page].
package view

//go:generate msgp -tests=false -io=false -o zz_view_msgp.go

// Page is what a view or an action returns: blocks from top to bottom.
//
// Since: v0.1
type Page struct {
	// Title names the page for a screen reader and for the browser's tab; it is not drawn inside a panel.
	Title  string  `msg:"title"`
	Blocks []Block `msg:"blocks,limit=16384"`
	// Flag is a message that appears once and goes away by itself: "Code revoked".
	Flag *Flag `msg:"flag,omitempty"`
	// OpenIssue is the id of an issue to which the browser moves on at once. The blocks are shown meanwhile, and
	// where the browser cannot.
	OpenIssue string `msg:"open_issue,omitempty"`
}

// Block is one element of a page. Exactly one of its pointers is set; a host that does not know a newer one leaves it out.
//
// Since: v0.1
type Block struct {
	Heading  *Heading  `msg:"heading,omitempty"`
	Text     *Text     `msg:"text,omitempty"`
	Notice   *Notice   `msg:"notice,omitempty"`
	Empty    *Empty    `msg:"empty,omitempty"`
	Figure   *Figure   `msg:"figure,omitempty"`
	Table    *Table    `msg:"table,omitempty"`
	Form     *Form     `msg:"form,omitempty"`
	Progress *Progress `msg:"progress,omitempty"`
	Buttons  *Buttons  `msg:"buttons,omitempty"`
	// Since: v0.5
	Section *Section `msg:"section,omitempty"`
	List    *List    `msg:"list,omitempty"`
	Pager   *Pager   `msg:"pager,omitempty"`
	Graph   *Graph   `msg:"graph,omitempty"`
	Runs    *Runs    `msg:"runs,omitempty"`
}

// Tone is the meaning of a colour.
//
// Since: v0.1
type Tone string

// The tones.
const (
	Neutral Tone = "" // grey
	Info    Tone = "info"
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
)

// Flag is a message that goes away by itself.
//
// Since: v0.1
type Flag struct {
	Tone  Tone   `msg:"tone,omitempty"`
	Title string `msg:"title"`
	Body  string `msg:"body,omitempty"`
}

// Heading starts a part of the page. Level is 2 or 3; anything else counts as 2.
//
// Since: v0.1
type Heading struct {
	Level int    `msg:"level,omitempty"`
	Text  string `msg:"text"`
}

// Text is a paragraph made of spans.
//
// Since: v0.1
type Text struct {
	Spans []Span `msg:"spans,limit=16384"`
	// Small and muted, for what is said in passing.
	Muted bool `msg:"muted,omitempty"`
}

// Span is a run of text: plain, strong, code, a link, a lozenge or somebody's name.
//
// Since: v0.1
type Span struct {
	Text   string `msg:"text"`
	Strong bool   `msg:"strong,omitempty"`
	Code   bool   `msg:"code,omitempty"`
	// Href makes the span a link that opens in the whole browser window: https: and http: addresses only.
	Href string `msg:"href,omitempty"`
	// IssueID makes the span a link to that issue of the same site.
	IssueID string `msg:"issue_id,omitempty"`
	// Lozenge draws the span as a status lozenge in the colour of Tone.
	Lozenge bool `msg:"lozenge,omitempty"`
	Tone    Tone `msg:"tone,omitempty"`
	// Account is the id of an account whose name the host writes in the place of Text, as Jira tells it to whoever looks. Text is what is written
	// where Jira does not tell it, such as "another user". No plugin reads the name. The host names up to 100 accounts of a page. Since: v0.5
	Account string `msg:"account,omitempty"`
}

// Notice is a message that stays: what is wrong and what to do, or what to know.
//
// Since: v0.1
type Notice struct {
	Tone  Tone   `msg:"tone,omitempty"`
	Title string `msg:"title"`
	Body  string `msg:"body,omitempty"`
}

// Empty is shown where there is nothing to show: why, and what to do about it.
//
// Since: v0.1
type Empty struct {
	Title string `msg:"title"`
	Body  string `msg:"body,omitempty"`
}

// Figure is a vector drawing of filled shapes on a white ground, in light and in dark: a code, a preview of a label.
//
// Since: v0.1
type Figure struct {
	// Width and Height span the drawing's own coordinate system, from 0,0 at the top left.
	Width  float64 `msg:"width"`
	Height float64 `msg:"height"`
	Shapes []Shape `msg:"shapes,limit=16384"`
	// MaxPx bounds the shown width in CSS pixels; 0 leaves it to the host.
	MaxPx int `msg:"max_px,omitempty"`
	// Alt says in words what the drawing shows. Caption stands under it.
	Alt     string `msg:"alt"`
	Caption string `msg:"caption,omitempty"`
	// Name identifies the figure on its page, for tests and style: lower case letters, digits and dashes.
	Name string `msg:"name,omitempty"`
	// Print puts the figure, and nothing else of the page, on paper when the user prints.
	Print bool `msg:"print,omitempty"`
	// PrintMM is the width on paper in mm, 0 to 1000; 0 prints the figure as large as it is shown.
	PrintMM float64 `msg:"print_mm,omitempty"`
}

// Shape is a filled path. Path uses the letters M L H V Z and their lower-case forms, numbers, spaces, commas, dots and
// minus signs of SVG path data; the host refuses anything else.
//
// Since: v0.1
type Shape struct {
	Path string `msg:"path"`
	// Fill is the colour: "" is black, "white", "muted" or "accent".
	Fill string `msg:"fill,omitempty"`
}

// Table has one header row and rows of cells, all of one length.
//
// Since: v0.1
type Table struct {
	Caption string   `msg:"caption"` // read by screen readers
	Columns []Column `msg:"columns,limit=16384"`
	Rows    []Row    `msg:"rows,limit=16384"`
	// Foot are rows below all others, such as sums. Since: v0.5
	Foot []Row `msg:"foot,omitempty,limit=16384"`
	// RowHeads says that the first cell of each row names the row, such as an issue's key; a screen reader says it with
	// every other cell. Since: v0.5
	RowHeads bool `msg:"row_heads,omitempty"`
	// Compact draws lower rows. Since: v0.5
	Compact bool `msg:"compact,omitempty"`
}

// Column is a table's header cell.
//
// Since: v0.1
type Column struct {
	Title string `msg:"title"`
	// Number aligns the column to the right.
	Number bool `msg:"number,omitempty"`
	// Sort makes the title a button that draws the page anew, with the rows in another order: which one, its Params say. The
	// plugin sorts, since it alone knows the rows of other pages and what a value means. Since: v0.5
	Sort *Call `msg:"sort,omitempty"`
	// Sorted is how the rows stand by this column now. Since: v0.5
	Sorted Order `msg:"sorted,omitempty"`
}

// Row is one row of a table.
//
// Since: v0.1
type Row struct {
	Cells []Cell `msg:"cells,limit=16384"`
}

// Cell is one cell: spans, and buttons behind them.
//
// Since: v0.1
type Cell struct {
	Spans   []Span   `msg:"spans,omitempty,limit=16384"`
	Buttons []Button `msg:"buttons,omitempty,limit=16384"`
}

// Form asks for input and sends it to an action.
//
// Since: v0.1
type Form struct {
	Action string  `msg:"action"`
	Submit string  `msg:"submit"` // the button's label: a verb
	Fields []Field `msg:"fields,limit=16384"`
	// State comes back with the submitted fields as Request.State.
	State []byte `msg:"state,omitempty,limit=4194304"`
	// Error is about the form as a whole; errors of a field stand in the field.
	Error string `msg:"error,omitempty"`
}

// FieldKind is the widget of a form field.
//
// Since: v0.1
type FieldKind string

// The kinds of form field.
const (
	TextField     FieldKind = "text"
	TextAreaField FieldKind = "textarea"
	NumberField   FieldKind = "number"
	SelectField   FieldKind = "select"
	SwitchField   FieldKind = "switch" // submitted as "true" or not at all
	// PickerField asks a suggester of the plugin for choices while the user types. What was picked is submitted as one value for
	// each. Since: v0.5
	PickerField FieldKind = "picker"
	// FileField takes what a text file says, of MaxFileText bytes at most: the browser reads the file that the user chooses, or the user pastes its
	// lines. It is submitted as text, and nothing of it is kept; check it as whatever comes from outside. Since: v0.5
	FileField FieldKind = "file"
)

// MaxFileText is how many bytes a [FileField] takes.
//
// Since: v0.5
const MaxFileText = 1 << 20

// Field is one input of a form.
//
// Since: v0.1
type Field struct {
	Name     string    `msg:"name"`
	Label    string    `msg:"label"`
	Kind     FieldKind `msg:"kind"`
	Value    string    `msg:"value,omitempty"`
	Help     string    `msg:"help,omitempty"`
	Error    string    `msg:"error,omitempty"`
	Required bool      `msg:"required,omitempty"`
	Options  []Option  `msg:"options,omitempty,limit=16384"` // of a select
	// Min, Max and Step bound a number; empty means unbounded.
	Min  string `msg:"min,omitempty"`
	Max  string `msg:"max,omitempty"`
	Step string `msg:"step,omitempty"`
	// Unit stands behind the input, such as mm.
	Unit string `msg:"unit,omitempty"`
	// Suggest names the suggester that a picker asks. Since: v0.5
	Suggest string `msg:"suggest,omitempty"`
	// Chosen is what a picker holds already; of several only a picker with Multiple takes more than the first. Since: v0.5
	Chosen []Choice `msg:"chosen,omitempty,limit=16384"`
	// Multiple lets a picker hold several choices, at most MaxChosen of them; 0 is without bound. Since: v0.5
	Multiple  bool `msg:"multiple,omitempty"`
	MaxChosen int  `msg:"max_chosen,omitempty"`
	// MinChars is how many characters must be typed before a picker asks; 0 counts as 2. An empty input is always asked for when the
	// user opens the list: the answer can be what was picked lately. Since: v0.5
	MinChars int `msg:"min_chars,omitempty"`
	// Follows are the names of fields of the same form on which a picker's choices depend. When the user changes one of them, what the
	// picker holds is dropped. Since: v0.5
	Follows []string `msg:"follows,omitempty,limit=16384"`
}

// Option is one choice of a select.
//
// Since: v0.1
type Option struct {
	Value string `msg:"value"`
	Label string `msg:"label"`
}

// Progress shows how far long work has come. With Next set, the page calls that action at once and shows its page
// instead: so a long job is a chain of short calls whose state lies in the user's browser, and closing the page ends it.
//
// Since: v0.1
type Progress struct {
	Label string `msg:"label"`
	Done  int    `msg:"done"`
	Total int    `msg:"total"` // 0 while it is not known
	Next  *Next  `msg:"next,omitempty"`
	// Cancel is the action that the Cancel button calls; empty for no button.
	Cancel string `msg:"cancel,omitempty"`
}

// Next is the next step of long work.
//
// Since: v0.1
type Next struct {
	Action string `msg:"action"`
	State  []byte `msg:"state,limit=4194304"`
}

// Runs shows how the latest runs of one of the plugin's jobs stand, see sdk/job: what is done of how much, how fast, how long it will take,
// what it counted, the labels of configuration documents that it was begun with, and buttons that pause, resume, cancel and retry one. The host draws it from what it knows, keeps it up to date while it
// is looked at, and shows it on an adminPage only.
//
// Since: v0.5
type Runs struct {
	Job string `msg:"job"` // as plugin.json names it
	// Unit is what the run counts, in the plural: "issues". Empty is "things".
	Unit string `msg:"unit,omitempty"`
	// None is said where there was no run yet; empty leaves it to the host.
	None string `msg:"none,omitempty"`
	// Then is the view that draws the page anew when a run is done while somebody looks; empty leaves the page as it is.
	Then string `msg:"then,omitempty"`
}

// Buttons stand side by side; behind a form, beside the button that sends it.
//
// Since: v0.1
type Buttons struct {
	Buttons []Button `msg:"buttons,limit=16384"`
}

// Button does exactly one thing: call an action, save a file, show another view, or print the page.
//
// Since: v0.1
type Button struct {
	Label  string `msg:"label"`
	Action string `msg:"action,omitempty"`
	File   string `msg:"file,omitempty"`
	View   string `msg:"view,omitempty"`
	Print  bool   `msg:"print,omitempty"`
	// Params and State go with the call.
	Params map[string]string `msg:"params,omitempty,limit=16384"`
	State  []byte            `msg:"state,omitempty,limit=4194304"`
	// Primary marks the one button that most people want.
	Primary bool `msg:"primary,omitempty"`
	// Confirm is asked before an action that cannot be taken back.
	Confirm string `msg:"confirm,omitempty"`
}
