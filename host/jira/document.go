package jira

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// document returns the text of an Atlassian document (ADF) without its marks: a line for each block, "- " or a number
// before the items of a list, " | " between the cells of a table. Nodes that are not known give the text inside them.
func document(doc map[string]any) string {
	w := &writer{}
	w.node(doc, 0)
	lines := strings.Split(w.text.String(), "\n")
	kept := lines[:0]
	for _, l := range lines {
		if l = strings.TrimRight(l, " "); l != "" {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

type writer struct{ text strings.Builder }

// blocks begin and end a line.
var blocks = map[string]bool{
	"paragraph": true, "heading": true, "codeBlock": true, "blockquote": true, "panel": true, "rule": true, "table": true, "tableRow": true,
	"bulletList": true, "orderedList": true, "taskList": true, "decisionList": true, "taskItem": true, "decisionItem": true,
	"mediaSingle": true, "mediaGroup": true, "expand": true, "nestedExpand": true, "blockCard": true, "embedCard": true, "layoutSection": true,
}

func (w *writer) node(n map[string]any, depth int) {
	if depth > maxDepth {
		return
	}
	kind, _ := n["type"].(string)
	attrs, _ := n["attrs"].(map[string]any)
	switch kind {
	case "text":
		w.write(n["text"])
		return
	case "hardBreak":
		w.line()
		return
	case "mention", "status":
		w.write(attrs["text"])
		return
	case "emoji":
		if text := scalar(attrs["text"]); text != "" {
			w.write(text)
			return
		}
		w.write(attrs["shortName"])
		return
	case "date":
		w.write(day(scalar(attrs["timestamp"])))
		return
	case "inlineCard", "blockCard", "embedCard":
		w.write(attrs["url"])
		return
	}
	if blocks[kind] {
		w.line()
		defer w.line()
	}
	start := 1
	if n, err := strconv.Atoi(scalar(attrs["order"])); err == nil {
		start = n
	}
	content, _ := n["content"].([]any)
	for i, c := range content {
		child, ok := c.(map[string]any)
		if !ok {
			continue
		}
		switch {
		case kind == "bulletList":
			w.item("- ", child, depth)
		case kind == "orderedList":
			w.item(strconv.Itoa(start+i)+". ", child, depth)
		case kind == "tableRow" && i > 0:
			w.write(" | ")
			w.inline(child, depth)
		case kind == "tableRow":
			w.inline(child, depth)
		default:
			w.node(child, depth+1)
		}
	}
}

// item writes a list item on lines of its own, the bullet before its first.
func (w *writer) item(bullet string, n map[string]any, depth int) {
	inner := &writer{}
	inner.node(n, depth+1)
	if text := strings.TrimLeft(inner.text.String(), "\n"); text != "" {
		w.line()
		w.text.WriteString(bullet + text)
	}
}

// inline writes a node on the line it is on.
func (w *writer) inline(n map[string]any, depth int) {
	inner := &writer{}
	inner.node(n, depth+1)
	w.text.WriteString(strings.Join(strings.Fields(inner.text.String()), " "))
}

func (w *writer) write(v any) { w.text.WriteString(scalar(v)) }

// line ends the line, if anything is on it.
func (w *writer) line() {
	if s := w.text.String(); s != "" && !strings.HasSuffix(s, "\n") {
		w.text.WriteByte('\n')
	}
}

// day is the date of a date node, whose timestamp is in milliseconds.
func day(timestamp string) string {
	ms, err := json.Number(timestamp).Int64()
	if err != nil {
		return ""
	}
	at := time.UnixMilli(ms).UTC()
	if y := at.Year(); y < 0 || y > 9999 {
		return ""
	}
	return at.Format(time.DateOnly)
}
