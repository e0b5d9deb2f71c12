package adf

import (
	"encoding/json"
	"strings"
)

// Plain is a document as plain text: its paragraphs with an empty line between them.
func Plain(raw json.RawMessage) string {
	var doc Node
	if json.Unmarshal(raw, &doc) != nil {
		return ""
	}
	var b strings.Builder
	writePlain(&b, doc, 0)
	return strings.TrimSpace(b.String())
}

func writePlain(b *strings.Builder, n Node, depth int) {
	if depth > maxDocumentDepth {
		return
	}
	switch n.Type {
	case "text":
		b.WriteString(n.Text)
	case "hardBreak":
		b.WriteByte('\n')
	case "mention", "emoji", "status":
		text, _ := n.Attrs["text"].(string)
		b.WriteString(text)
	}
	for _, c := range n.Content {
		writePlain(b, c, depth+1)
	}
	switch n.Type {
	case "paragraph", "heading", "codeBlock":
		b.WriteString("\n\n")
	}
}

// Document makes a document of plain text: a paragraph of what stands between empty lines.
func Document(text string) json.RawMessage {
	type object map[string]any
	content := []object{}
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n"), "\n\n") {
		lines := []object{}
		for n, line := range strings.Split(paragraph, "\n") {
			if n > 0 {
				lines = append(lines, object{"type": "hardBreak"})
			}
			if line != "" {
				lines = append(lines, object{"type": "text", "text": line})
			}
		}
		content = append(content, object{"type": "paragraph", "content": lines})
	}
	raw, _ := json.Marshal(object{"type": "doc", "version": 1, "content": content}) // strings and maps always encode
	return raw
}
