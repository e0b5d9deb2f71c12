package ui

import (
	"strings"
	"unicode/utf8"
)

// Bounds of a plugin's page. They are far above what anybody can read, and low enough that a page stays below some 10 MiB
// whatever a plugin returns: escaping makes at most six bytes of one, an element costs some 300.
const (
	maxElements = 20_000   // blocks, rows, cells, spans, buttons, fields, options, shapes
	maxBytes    = 1 << 20  // of all texts, without paths and states
	maxPath     = 1 << 20  // of all path data
	maxState    = 3 << 20  // of all states, which come back with a call and so must fit into one
	maxWord     = 8 << 10  // of one text
	maxInput    = 64 << 10 // of one field's value
	maxSpans    = 200      // of one paragraph or cell
	maxColumns  = 30       // of one table
	maxParams   = 100      // of one button
)

// budget is what is left of a page's bounds.
type budget struct {
	elements, bytes, path, state int
	// cut is set when something did not fit: the page then says so.
	cut bool
}

func newBudget() *budget {
	return &budget{elements: maxElements, bytes: maxBytes, path: maxPath, state: maxState}
}

// element takes one element, and says whether there was one left.
func (b *budget) element() bool {
	if b.elements--; b.elements < 0 {
		b.cut = true
		return false
	}
	return true
}

// text returns s, cut where it is too long.
func (b *budget) text(s string) string { return b.limit(s, maxWord) }

func (b *budget) limit(s string, most int) string {
	most = max(min(most, b.bytes), 0)
	if len(s) > most {
		b.cut = true
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		s = s[:most] + "…"
	}
	b.bytes -= len(s)
	return strings.ToValidUTF8(s, "\uFFFD")
}

// states takes the bytes of a state. What does not fit cannot be cut: the element that carries it must go.
func (b *budget) states(state []byte) bool {
	if b.state -= len(state); b.state < 0 {
		b.cut = true
		return false
	}
	return true
}

// head returns the first n elements of s at most.
func head[T any](b *budget, s []T, n int) []T {
	if len(s) > n {
		b.cut = true
		return s[:n]
	}
	return s
}
