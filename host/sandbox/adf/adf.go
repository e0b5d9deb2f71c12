// Package adf reads documents of the Atlassian Document Format, in which Jira keeps rich text:
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
package adf

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"strings"
)

// Node is a node of an Atlassian document.
type Node struct {
	Type    string         `json:"type"`
	Text    string         `json:"text"`
	Attrs   map[string]any `json:"attrs"`
	Marks   []Node         `json:"marks"`
	Content []Node         `json:"content"`
}

// maxDocumentDepth keeps a hostile document from exhausting the stack.
const maxDocumentDepth = 50

// blockTags are the nodes that become an element of their own.
var blockTags = map[string]string{
	"paragraph": "p", "bulletList": "ul", "orderedList": "ol", "listItem": "li", "blockquote": "blockquote", "codeBlock": "pre",
	"panel": "aside", "table": "table", "tableRow": "tr", "tableHeader": "th", "tableCell": "td",
}

var markTags = map[string]string{"strong": "strong", "em": "em", "code": "code", "underline": "u", "strike": "s"}

// HTML renders an ADF document. Nodes that it does not know show their content.
func HTML(raw json.RawMessage) template.HTML {
	var doc Node
	if json.Unmarshal(raw, &doc) != nil {
		return ""
	}
	var b strings.Builder
	writeNode(&b, doc, 0)
	return template.HTML(b.String()) // built from escaped text and fixed tags only
}

func writeNode(b *strings.Builder, n Node, depth int) {
	if depth > maxDocumentDepth {
		return
	}
	children := func() {
		for _, c := range n.Content {
			writeNode(b, c, depth+1)
		}
	}
	switch n.Type {
	case "text":
		writeText(b, n)
	case "hardBreak":
		b.WriteString("<br>")
	case "rule":
		b.WriteString("<hr>")
	case "mention", "emoji", "status":
		b.WriteString(template.HTMLEscapeString(fmt.Sprint(n.Attrs["text"])))
	case "heading":
		level, _ := n.Attrs["level"].(float64)
		tag := fmt.Sprintf("h%d", min(max(int(level), 1)+2, 6)) // below the page's own headings
		b.WriteString("<" + tag + ">")
		children()
		b.WriteString("</" + tag + ">")
	default:
		tag, ok := blockTags[n.Type]
		if !ok {
			children()
			return
		}
		b.WriteString("<" + tag + ">")
		children()
		b.WriteString("</" + tag + ">")
	}
}

func writeText(b *strings.Builder, n Node) {
	var closing []string
	for _, m := range n.Marks {
		if tag, ok := markTags[m.Type]; ok {
			b.WriteString("<" + tag + ">")
			closing = append(closing, "</"+tag+">")
		}
		href, _ := m.Attrs["href"].(string)
		if u, err := url.Parse(href); m.Type == "link" && err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "mailto") {
			b.WriteString(`<a rel="noreferrer noopener" href="` + template.HTMLEscapeString(href) + `">`)
			closing = append(closing, "</a>")
		}
	}
	b.WriteString(template.HTMLEscapeString(n.Text))
	for i := len(closing) - 1; i >= 0; i-- {
		b.WriteString(closing[i])
	}
}
