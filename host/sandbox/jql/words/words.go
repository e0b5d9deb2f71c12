// Package words says what a word is, for those who index texts and for those who search them. [Of] cuts a text, [Query]
// reads the text of a search, [Fits] compares a word with a pattern.
package words

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
)

// Of returns the words of a text in lower case and in their order. Everything but letters, digits and _ divides words.
func Of(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !inWord(r) })
}

func inWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// Fits says whether a word fits a pattern, in which * stands for any letters and ? for one.
func Fits(pattern, word string) bool {
	star, retry := -1, 0 // the last star seen, and where in word to go on if what follows it does not fit
	p, w := 0, 0
	for w < len(word) {
		_, size := utf8.DecodeRuneInString(word[w:])
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, w
			p++
		case p < len(pattern) && pattern[p] == '?':
			p, w = p+1, w+size
		case p < len(pattern) && strings.HasPrefix(word[w:], pattern[p:p+runeLength(pattern[p:])]):
			p, w = p+runeLength(pattern[p:]), w+size
		case star >= 0:
			_, size := utf8.DecodeRuneInString(word[retry:])
			retry += size
			p, w = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func runeLength(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	return size
}

// ErrSyntax says that a search is no valid one, such as "AND".
var ErrSyntax = errors.New("the text is no valid search")

// Query reads the text of a search in a field: words that must all be there, phrases in quotes, AND, OR, NOT, + and -,
// parentheses, and the wildcards * and ?. The error is [ErrSyntax].
func Query(field plan.FieldID, text string) (plan.Node, error) {
	p := &parser{field: field, tokens: tokens(text)}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.tokens) {
		return nil, ErrSyntax
	}
	return plan.Simplify(n), nil
}

// tokens cuts a search into phrases with their quotes, parentheses, signs, and what stands between blanks.
func tokens(text string) []string {
	var out []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		n := 0
		switch text[0] {
		case '(', ')', '+', '-':
			n = 1
		case '"':
			if n = strings.IndexByte(text[1:], '"') + 2; n == 1 {
				n = len(text) // Jira forgives a quote that is never closed
			}
		default:
			if n = strings.IndexAny(text, " \t\r\n()\""); n < 0 {
				n = len(text)
			}
		}
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

type parser struct {
	field  plan.FieldID
	tokens []string
	pos    int
	depth  int
}

func (p *parser) peek() string {
	if p.pos == len(p.tokens) {
		return ""
	}
	return p.tokens[p.pos]
}

func (p *parser) take(text string) bool {
	if p.peek() == text && text != "" {
		p.pos++
		return true
	}
	return false
}

func (p *parser) or() (plan.Node, error) {
	var out plan.Or
	for {
		n, err := p.and()
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if !p.take("OR") && !p.take("||") {
			return out, nil
		}
	}
}

func (p *parser) and() (plan.Node, error) {
	var out plan.And
	for {
		n, err := p.term()
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if p.take("AND") || p.take("&&") {
			continue
		}
		if t := p.peek(); t == "" || t == ")" || t == "OR" || t == "||" {
			return out, nil
		}
	}
}

func (p *parser) term() (plan.Node, error) {
	if p.depth++; p.depth > 50 {
		return nil, ErrSyntax
	}
	defer func() { p.depth-- }()
	switch t := p.peek(); t {
	case "", ")", "AND", "OR", "&&", "||":
		return nil, ErrSyntax
	case "NOT", "-", "!":
		p.pos++
		n, err := p.term()
		return plan.Not{Of: n}, err
	case "+":
		p.pos++
		return p.term()
	case "(":
		p.pos++
		n, err := p.or()
		if err == nil && !p.take(")") {
			err = ErrSyntax
		}
		return n, err
	default:
		p.pos++
		return p.leaf(t), nil
	}
}

// leaf is a phrase, or a word. What is written as one word but is several, such as well-known, is a phrase, too.
func (p *parser) leaf(t string) plan.Node {
	if strings.HasPrefix(t, `"`) {
		return p.phrase(Of(t))
	}
	parts := strings.FieldsFunc(strings.ToLower(t), func(r rune) bool { return !inWord(r) && r != '*' && r != '?' })
	if len(parts) == 1 || !strings.ContainsAny(t, "*?") {
		return p.phrase(parts)
	}
	var out plan.And // a phrase has no wildcards
	for _, part := range parts {
		out = append(out, plan.Word{Field: p.field, Pattern: part})
	}
	return out
}

func (p *parser) phrase(parts []string) plan.Node {
	switch len(parts) {
	case 0:
		return plan.Or{}
	case 1:
		return plan.Word{Field: p.field, Pattern: parts[0]}
	}
	return plan.Phrase{Field: p.field, Words: parts}
}
