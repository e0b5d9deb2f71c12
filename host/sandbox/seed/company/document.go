package company

import (
	"encoding/json"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

// node is a part of an ADF document.
type node struct {
	Type    string         `json:"type"`
	Version int            `json:"version,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Marks   []node         `json:"marks,omitempty"`
	Text    string         `json:"text,omitempty"`
	Content []node         `json:"content,omitempty"`
}

// document is rich text of these blocks.
func document(blocks ...node) seed.Text {
	raw, _ := json.Marshal(node{Type: "doc", Version: 1, Content: blocks}) // texts and numbers always encode
	return seed.Text{Document: raw}
}

func paragraph(text string) node {
	return node{Type: "paragraph", Content: []node{{Type: "text", Text: text}}}
}

// bold is a paragraph in bold letters.
func bold(text string) node {
	return node{Type: "paragraph", Content: []node{{Type: "text", Text: text, Marks: []node{{Type: "strong"}}}}}
}

// points is a list, numbered or not.
func points(kind string, texts ...string) node {
	out := node{Type: kind}
	for _, t := range texts {
		out.Content = append(out.Content, node{Type: "listItem", Content: []node{paragraph(t)}})
	}
	return out
}

// panel is a box that one must not overlook.
func panel(kind, text string) node {
	return node{Type: "panel", Attrs: map[string]any{"panelType": kind}, Content: []node{paragraph(text)}}
}

// changePlan and terms are the documents that many issues have; they are encoded once.
var (
	changePlan = document(bold("Why: support ends."), points("orderedList", "Announce it two days before.", "One machine at a time, outside office hours.", "Test, and write down what was seen."),
		panel("warning", "The way back: the old state is kept for a week."))
	generalTerms = document(paragraph("What was agreed:"), points("bulletList", "Cancelled three months before its end, or it goes on for a year.", "Prices rise by no more than the index.", "The vendor's staff signs in at the desk."))
)
