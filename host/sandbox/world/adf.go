package world

import (
	"encoding/json"
	"strings"
)

// maxDocumentDepth keeps a hostile document from exhausting the stack.
const maxDocumentDepth = 50

type node struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Content []node `json:"content"`
}

// blocks are the nodes after which another word begins.
var blocks = map[string]bool{
	"paragraph": true, "bulletList": true, "orderedList": true, "listItem": true, "blockquote": true, "codeBlock": true, "panel": true,
	"table": true, "tableRow": true, "tableHeader": true, "tableCell": true, "heading": true, "hardBreak": true, "taskItem": true,
}

// DocumentText is the text of an ADF document, "" where it is none.
func DocumentText(raw json.RawMessage) string {
	var doc node
	if len(raw) == 0 || json.Unmarshal(raw, &doc) != nil {
		return ""
	}
	var b strings.Builder
	var walk func(node, int)
	walk = func(n node, depth int) {
		b.WriteString(n.Text)
		for _, c := range n.Content {
			if depth < maxDocumentDepth {
				walk(c, depth+1)
			}
		}
		if blocks[n.Type] {
			b.WriteByte(' ')
		}
	}
	walk(doc, 0)
	return strings.TrimSpace(b.String())
}

// TextDocument returns an ADF document with one paragraph for each line of text.
func TextDocument(lines ...string) json.RawMessage {
	type object map[string]any
	content := []object{}
	for _, l := range lines {
		content = append(content, object{"type": "paragraph", "content": []object{{"type": "text", "text": l}}})
	}
	raw, _ := json.Marshal(object{"type": "doc", "version": 1, "content": content}) // strings and maps always encode
	return raw
}
