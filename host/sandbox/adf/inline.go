package adf

import (
	"regexp"
	"slices"
	"strings"
)

var (
	linkForm = regexp.MustCompile(`^\[((?:\\.|[^\]\\])+)\]\(([^\s()]+)\)`)
	signs    = []struct{ sign, mark string }{{"**", "strong"}, {"~~", "strike"}, {"*", "em"}}
)

// parseInline reads the text of a paragraph with its marks; an end of line is a hard break.
func parseInline(text string) []Node {
	var p inline
	p.read(text, nil)
	p.flush()
	return p.out
}

// inline collects pieces of text.
type inline struct {
	out   []Node
	words strings.Builder
	marks []Node // of the words
}

func (p *inline) flush() {
	if p.words.Len() > 0 {
		p.out = append(p.out, Node{Type: "text", Text: p.words.String(), Marks: p.marks})
		p.words.Reset()
	}
}

func (p *inline) add(text string, marks []Node) {
	if !slices.EqualFunc(p.marks, marks, func(a, b Node) bool { return a.Type == b.Type && a.Attrs["href"] == b.Attrs["href"] }) {
		p.flush()
		p.marks = slices.Clone(marks)
	}
	p.words.WriteString(text)
}

func with(marks []Node, m Node) []Node { return append(slices.Clone(marks), m) }

func (p *inline) read(text string, marks []Node) {
	for text != "" {
		if used := p.readSign(text, marks); used > 0 {
			text = text[used:]
			continue
		}
		switch {
		case text[0] == '\\' && len(text) > 1 && text[1] != '\n':
			text = text[1:]
		case text[0] == '\n':
			p.flush()
			p.out = append(p.out, Node{Type: "hardBreak"})
			text = text[1:]
			continue
		}
		n := 1
		for n < len(text) && !strings.ContainsRune("\\*`[~\n", rune(text[n])) {
			n++
		}
		p.add(text[:n], marks)
		text = text[n:]
	}
}

// readSign reads a marked piece at the start of the text; 0 where there is none.
func (p *inline) readSign(text string, marks []Node) int {
	if text[0] == '`' {
		if end := strings.IndexAny(text[1:], "`\n"); end > 0 && text[1+end] == '`' {
			p.add(text[1:1+end], with(marks, Node{Type: "code"}))
			return end + 2
		}
		return 0
	}
	if m := linkForm.FindStringSubmatch(text); m != nil {
		if id, ok := strings.CutPrefix(m[2], "mention:"); ok {
			p.flush()
			p.out = append(p.out, Node{Type: "mention", Attrs: map[string]any{"id": id, "text": unescaped(m[1])}})
		} else {
			p.read(m[1], with(marks, Node{Type: "link", Attrs: map[string]any{"href": m[2]}}))
		}
		return len(m[0])
	}
	for _, s := range signs {
		if inside := between(text, s.sign); inside != "" && !slices.ContainsFunc(marks, func(m Node) bool { return m.Type == s.mark }) {
			p.read(inside, with(marks, Node{Type: s.mark}))
			return len(inside) + 2*len(s.sign)
		}
	}
	return 0
}

// between is what stands between a sign at the start and the same sign later in the line; no space may lie at its ends.
func between(text, sign string) string {
	if !strings.HasPrefix(text, sign) {
		return ""
	}
	rest := text[len(sign):]
	for at := 0; at < len(rest); at++ {
		switch {
		case rest[at] == '\n':
			return ""
		case rest[at] == '\\':
			at++
		case strings.HasPrefix(rest[at:], sign):
			if sign == "*" && strings.HasPrefix(rest[at:], "**") { // the sign of strong text inside
				at++
				continue
			}
			if sign == "**" && strings.HasPrefix(rest[at+1:], "**") { // the inner sign ends first
				continue
			}
			inside := rest[:at]
			if strings.TrimSpace(inside) != inside {
				return ""
			}
			return inside
		}
	}
	return ""
}

func unescaped(text string) string {
	var b strings.Builder
	for n := 0; n < len(text); n++ {
		if text[n] == '\\' && n+1 < len(text) {
			n++
		}
		b.WriteByte(text[n])
	}
	return b.String()
}
