package seed

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Text is rich text: Plain with a paragraph a line, or an ADF document where Plain is "". In JSON it is a string or an
// object. The zero value is no text.
type Text struct {
	Plain    string
	Document json.RawMessage
}

// IsZero says whether there is no text.
func (t Text) IsZero() bool { return t.Plain == "" && len(t.Document) == 0 }

// ADF returns the text as an ADF document, nil where there is none.
func (t Text) ADF() json.RawMessage {
	if t.Plain == "" {
		return t.Document
	}
	type node struct {
		Type    string `json:"type"`
		Version int    `json:"version,omitempty"`
		Text    string `json:"text,omitempty"`
		Content []node `json:"content,omitempty"`
	}
	doc := node{Type: "doc", Version: 1}
	for line := range strings.Lines(t.Plain) {
		paragraph := node{Type: "paragraph"}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			paragraph.Content = []node{{Type: "text", Text: line}}
		}
		doc.Content = append(doc.Content, paragraph)
	}
	raw, _ := json.Marshal(doc) // strings and numbers always encode
	return raw
}

// MarshalJSON returns a string or the document.
func (t Text) MarshalJSON() ([]byte, error) {
	if len(t.Document) > 0 {
		return t.Document, nil
	}
	return json.Marshal(t.Plain)
}

// UnmarshalJSON reads a string or a document.
func (t *Text) UnmarshalJSON(raw []byte) error {
	*t = Text{}
	switch raw[0] {
	case '"':
		return json.Unmarshal(raw, &t.Plain)
	case '{':
		t.Document = bytes.Clone(raw)
		return nil
	case 'n':
		return nil
	}
	return errors.New("text is a string or an ADF document")
}
