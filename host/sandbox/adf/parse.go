package adf

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Parse reads what [Text] writes. Blocks whose text is as in before stay as they are there, with whatever the text does not
// show, such as colours; before may be nil. A text without words is nil.
func Parse(text string, before json.RawMessage) json.RawMessage {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	type block struct {
		text string
		raw  json.RawMessage
	}
	var old struct {
		Content []json.RawMessage `json:"content"`
	}
	_ = json.Unmarshal(before, &old) // what is no document has no blocks
	var kept []block
	for _, raw := range old.Content {
		var n Node
		if json.Unmarshal(raw, &n) == nil {
			kept = append(kept, block{blockText(n, 0), raw})
		}
	}
	content := []json.RawMessage{}
	lines := strings.Split(strings.TrimRight(text, "\n "), "\n")
	for len(lines) > 0 {
		if strings.TrimSpace(lines[0]) == "" {
			lines = lines[1:]
			continue
		}
		at, used := -1, 0
		for n, b := range kept {
			if k := leads(lines, b.text); k > used {
				at, used = n, k
			}
		}
		if at >= 0 {
			content = append(content, kept[at].raw)
			kept, lines = slices.Delete(kept, at, at+1), lines[used:]
			continue
		}
		var n Node
		n, lines = parseBlock(lines, 0)
		content = append(content, encode(n))
	}
	return encode(map[string]any{"type": "doc", "version": 1, "content": content})
}

// leads says how many lines text takes up if they begin with it and it ends where a block may end, 0 otherwise.
func leads(lines []string, text string) int {
	if strings.TrimSpace(text) == "" {
		return 0
	}
	want := strings.Split(text, "\n")
	if len(want) > len(lines) || !slices.Equal(trimmed(want), trimmed(lines[:len(want)])) {
		return 0
	}
	if len(want) < len(lines) && strings.TrimSpace(lines[len(want)]) != "" {
		return 0
	}
	return len(want)
}

func trimmed(lines []string) []string {
	out := make([]string, len(lines))
	for n, l := range lines {
		out[n] = strings.TrimRight(l, " ")
	}
	return out
}

// encode writes JSON as browsers do, with "<" as it is.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // nodes hold strings, numbers and JSON that was read
	return bytes.TrimSpace(b.Bytes())
}

var (
	headingForm = regexp.MustCompile(`^(#{1,6}) +(.*)$`)
	itemForm    = regexp.MustCompile(`^(- |\d{1,9}\. )`)
)

// startsBlock says whether a line begins something else than a paragraph.
func startsBlock(line string) bool {
	return headingForm.MatchString(line) || itemForm.MatchString(line) || strings.HasPrefix(line, ">") || strings.HasPrefix(line, fence) || line == "---"
}

// parseBlock reads the block that the first line begins and returns the lines after it.
func parseBlock(lines []string, depth int) (Node, []string) {
	line := lines[0]
	if depth < maxDocumentDepth/2 {
		switch {
		case strings.HasPrefix(line, fence):
			return parseCode(lines)
		case line == "---":
			return Node{Type: "rule"}, lines[1:]
		case headingForm.MatchString(line):
			m := headingForm.FindStringSubmatch(line)
			return Node{Type: "heading", Attrs: map[string]any{"level": len(m[1])}, Content: parseInline(m[2])}, lines[1:]
		case itemForm.MatchString(line):
			return parseList(lines, depth)
		case strings.HasPrefix(line, ">"):
			return parseQuote(lines, depth)
		}
	}
	end := 1
	for end < len(lines) && strings.TrimSpace(lines[end]) != "" && !startsBlock(lines[end]) {
		end++
	}
	return Node{Type: "paragraph", Content: parseInline(strings.Join(lines[:end], "\n"))}, lines[end:]
}

func parseCode(lines []string) (Node, []string) {
	n := Node{Type: "codeBlock"}
	if language := strings.TrimSpace(strings.TrimPrefix(lines[0], fence)); language != "" {
		n.Attrs = map[string]any{"language": language}
	}
	end := 1
	for end < len(lines) && lines[end] != fence {
		end++
	}
	if text := strings.Join(lines[1:end], "\n"); text != "" {
		n.Content = []Node{{Type: "text", Text: text}}
	}
	return n, lines[min(end+1, len(lines)):]
}

func parseQuote(lines []string, depth int) (Node, []string) {
	end := 0
	var inside []string
	for end < len(lines) && strings.HasPrefix(lines[end], ">") {
		inside = append(inside, strings.TrimPrefix(strings.TrimPrefix(lines[end], ">"), " "))
		end++
	}
	return Node{Type: "blockquote", Content: parseBlocks(inside, depth+1)}, lines[end:]
}

func parseBlocks(lines []string, depth int) []Node {
	var out []Node
	for len(lines) > 0 {
		if strings.TrimSpace(lines[0]) == "" {
			lines = lines[1:]
			continue
		}
		var n Node
		n, lines = parseBlock(lines, depth)
		out = append(out, n)
	}
	if out == nil {
		out = []Node{{Type: "paragraph"}}
	}
	return out
}

// parseList reads items of one kind; what is indented by the width of an item's mark belongs to it.
func parseList(lines []string, depth int) (Node, []string) {
	ordered := lines[0][0] != '-'
	list := Node{Type: "bulletList"}
	if ordered {
		list.Type = "orderedList"
		if first, _, _ := strings.Cut(lines[0], "."); first != "1" {
			n, _ := strconv.Atoi(first) // at most nine digits
			list.Attrs = map[string]any{"order": n}
		}
	}
	for len(lines) > 0 && itemForm.MatchString(lines[0]) && (lines[0][0] != '-') == ordered {
		mark := itemForm.FindString(lines[0])
		inside := []string{lines[0][len(mark):]}
		lines = lines[1:]
		pad := strings.Repeat(" ", len(mark))
		for len(lines) > 0 && strings.HasPrefix(lines[0], pad) {
			inside = append(inside, lines[0][len(pad):])
			lines = lines[1:]
		}
		list.Content = append(list.Content, Node{Type: "listItem", Content: parseBlocks(inside, depth+1)})
	}
	return list, lines
}
