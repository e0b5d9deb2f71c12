package adf

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Text writes a document as people type it in a plain box: paragraphs with an empty line between them, "- " and "1. " for
// lists, "# " for headings, "> " for quotes, three backquotes around code, and in a line **strong**, *em*, ~~strike~~, `code`,
// [words](address). [Parse] reads it back. What has no such form, such as a table, stands there as its words.
func Text(raw json.RawMessage) string {
	var doc Node
	if json.Unmarshal(raw, &doc) != nil {
		return ""
	}
	var blocks []string
	for _, n := range doc.Content {
		blocks = append(blocks, blockText(n, 0))
	}
	return strings.Join(blocks, "\n\n")
}

// blockText is the text of a block without an end of line.
func blockText(n Node, depth int) string {
	if depth > maxDocumentDepth {
		return ""
	}
	switch n.Type {
	case "paragraph":
		return escapeStart(inlineText(n.Content))
	case "heading":
		level, _ := n.Attrs["level"].(float64)
		return strings.Repeat("#", min(max(int(level), 1), 6)) + " " + oneLine(inlineText(n.Content))
	case "codeBlock":
		language, _ := n.Attrs["language"].(string)
		return fence + language + "\n" + plainText(n) + "\n" + fence
	case "rule":
		return "---"
	case "bulletList", "orderedList":
		return listText(n, depth)
	case "blockquote":
		return indent(childBlocks(n, depth), "> ", "> ")
	}
	if len(n.Content) == 0 || n.Content[0].Type == "text" {
		return escapeStart(inlineText(append([]Node{{Type: n.Type, Text: n.Text, Attrs: n.Attrs}}, n.Content...)))
	}
	return childBlocks(n, depth)
}

const fence = "```"

func childBlocks(n Node, depth int) string {
	var parts []string
	for _, c := range n.Content {
		parts = append(parts, blockText(c, depth+1))
	}
	return strings.Join(parts, "\n\n")
}

func listText(n Node, depth int) string {
	first := 1
	if order, ok := n.Attrs["order"].(float64); ok {
		first = int(order)
	}
	var items []string
	for at, item := range n.Content {
		mark := "- "
		if n.Type == "orderedList" {
			mark = strconv.Itoa(first+at) + ". "
		}
		var parts []string
		for _, c := range item.Content {
			parts = append(parts, blockText(c, depth+1))
		}
		items = append(items, indent(strings.Join(parts, "\n"), mark, strings.Repeat(" ", len(mark))))
	}
	return strings.Join(items, "\n")
}

// indent puts first before the first line and rest before the others.
func indent(text, first, rest string) string {
	return first + strings.ReplaceAll(text, "\n", "\n"+rest)
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// plainText is all text in a node, without marks.
func plainText(n Node) string {
	if n.Type == "hardBreak" {
		return "\n"
	}
	out := n.Text
	for _, c := range n.Content {
		out += plainText(c)
	}
	return out
}

// markSigns are the signs around marked text.
var markSigns = map[string]string{"strong": "**", "em": "*", "strike": "~~"}

func inlineText(nodes []Node) string {
	var b strings.Builder
	for _, n := range nodes {
		switch n.Type {
		case "text":
			b.WriteString(markedText(n))
		case "hardBreak":
			b.WriteString("\n")
		case "mention":
			fmt.Fprintf(&b, "[%s](mention:%v)", escaped(fmt.Sprint(n.Attrs["text"])), n.Attrs["id"])
		case "emoji", "status":
			b.WriteString(escaped(fmt.Sprint(n.Attrs["text"])))
		case "inlineCard":
			b.WriteString(escaped(fmt.Sprint(n.Attrs["url"])))
		default:
			b.WriteString(inlineText(n.Content))
		}
	}
	return b.String()
}

// markedText is a piece of text with the signs of its marks. Spaces at its ends stay outside, where the signs work.
func markedText(n Node) string {
	var before, after, href string
	code := false
	for _, m := range n.Marks {
		if sign := markSigns[m.Type]; sign != "" {
			before, after = before+sign, sign+after
		}
		code = code || m.Type == "code"
		if m.Type == "link" {
			href, _ = m.Attrs["href"].(string)
		}
	}
	text := n.Text
	if code && !strings.Contains(text, "`") {
		text = "`" + text + "`"
	} else {
		text = escaped(text)
	}
	if href != "" && !strings.ContainsAny(href, " ()") {
		text = "[" + text + "](" + href + ")"
	}
	core := strings.TrimSpace(text)
	if before == "" || core == "" {
		return text
	}
	at := strings.Index(text, core)
	return text[:at] + before + core + after + text[at+len(core):]
}

// escaped puts a backslash before what would be read as a sign.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\*`[~", r) {
			b.WriteByte('\\')
		}
		if r == '\n' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// escapeStart keeps the lines of a paragraph from looking like another block.
func escapeStart(text string) string {
	lines := strings.Split(text, "\n")
	for n, line := range lines {
		if startsBlock(line) {
			lines[n] = `\` + line
		}
	}
	return strings.Join(lines, "\n")
}
