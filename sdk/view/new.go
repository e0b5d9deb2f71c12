package view

// H returns a heading of level 2.
//
// Since: v0.1
func H(text string) Block { return Block{Heading: &Heading{Level: 2, Text: text}} }

// P returns a paragraph of plain text.
//
// Since: v0.1
func P(text string) Block { return Block{Text: &Text{Spans: []Span{{Text: text}}}} }

// Muted returns a small, muted paragraph.
//
// Since: v0.1
func Muted(text string) Block { return Block{Text: &Text{Muted: true, Spans: []Span{{Text: text}}}} }

// Actions returns a row of buttons.
//
// Since: v0.1
func Actions(b ...Button) Block { return Block{Buttons: &Buttons{Buttons: b}} }

// T returns a cell of plain text.
//
// Since: v0.1
func T(text string) Cell { return Cell{Spans: []Span{{Text: text}}} }
