package syntax

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

type kind int

const (
	end     kind = iota
	word         // a string without quotes
	keyword      // a word that the grammar knows
	number       // digits, perhaps after a minus
	quoted
	symbol // parentheses, brackets, comma and the comparison operators
)

type token struct {
	kind   kind
	text   string // decoded
	raw    string // as written
	at     Pos
	spaced bool // something blank stands before it
}

// is says whether the token is that keyword or symbol; keywords count in any case.
func (t token) is(text string) bool {
	return (t.kind == keyword || t.kind == symbol) && strings.EqualFold(t.text, text)
}

// shown is how messages name the token.
func (t token) shown() string { return oneLine(t.text) }

// value says whether the token can stand for a name or a value.
func (t token) value() bool { return t.kind == word || t.kind == quoted || t.kind == number }

func oneLine(text string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(text) }

// lexer cuts a query into tokens.
type lexer struct {
	src string
	at  Pos
}

// lex returns all tokens; the last one is the end. Jira, too, reads the whole query before it looks at the grammar, so
// that an unfinished string is reported before a missing operator to the left of it.
func lex(src string) ([]token, error) {
	l := &lexer{src: src, at: Pos{0, 1, 1}}
	var out []token
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		if t.kind == end {
			return out, nil
		}
	}
}

// rest is what is not yet read.
func (l *lexer) rest() string { return l.src[l.at.Offset:] }

// peek is the next character; size is 0 at the end.
func (l *lexer) peek() (r rune, size int) {
	if l.at.Offset == len(l.src) {
		return 0, 0
	}
	return utf8.DecodeRuneInString(l.rest())
}

// skip moves over the next n bytes, which are whole characters.
func (l *lexer) skip(n int) {
	for _, r := range l.rest()[:n] {
		l.at.Column++
		if r == '\n' {
			l.at.Line, l.at.Column = l.at.Line+1, 1
		}
	}
	l.at.Offset += n
}

func (l *lexer) next() (token, error) {
	blank := len(l.rest()) - len(strings.TrimLeft(l.rest(), " \t\r\n"))
	l.skip(blank)
	t := token{at: l.at, spaced: blank > 0}
	r, size := l.peek()
	var err error
	switch {
	case size == 0:
		return t, nil
	case r == '"' || r == '\'':
		t.kind = quoted
		t.text, err = l.quoted(r)
	case operatorLength(l.rest()) > 0:
		t.kind, t.text = symbol, l.rest()[:operatorLength(l.rest())]
		l.skip(len(t.text))
	case strings.ContainsRune(reserved, r):
		return t, errorAt(l.at, `The character '%c' is a reserved JQL character. You must enclose it in a string or use the escape '\u%04x' instead.`, r, r)
	default:
		t.text, err = l.word()
		t.kind = classify(t.text, l.src[t.at.Offset:l.at.Offset])
	}
	if err != nil {
		return t, err
	}
	t.raw = l.src[t.at.Offset:l.at.Offset]
	if t.kind == word && kept[strings.ToLower(t.text)] {
		return t, errorAt(t.at, "'%s' is a reserved JQL word. You must surround it in quotation marks to use it in a query.", t.text)
	}
	return t, nil
}

// classify finds out what an unquoted string is. One with an escape is neither keyword nor number.
func classify(text, raw string) kind {
	switch {
	case text != raw:
		return word
	case keywords[strings.ToLower(text)]:
		return keyword
	case isNumber(text):
		return number
	}
	return word
}

func isNumber(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// operatorLength is the number of bytes of the symbol that text starts with, 0 for none.
func operatorLength(text string) int {
	for _, op := range []string{"!=", "!~", "<=", ">=", "&&", "||", "(", ")", ",", "[", "]", "=", "~", "<", ">", "!", "&", "|"} {
		if strings.HasPrefix(text, op) {
			return len(op)
		}
	}
	return 0
}

func (l *lexer) word() (string, error) {
	var b strings.Builder
	for {
		r, size := l.peek()
		switch {
		case size == 0 || strings.ContainsRune(stops, r):
			return b.String(), nil
		case r == '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
			continue
		case illegal(r) || r == utf8.RuneError && size == 1:
			return "", l.illegal(r)
		}
		b.WriteRune(r)
		l.skip(size)
	}
}

func (l *lexer) quoted(quote rune) (string, error) {
	start := l.at
	l.skip(1)
	var b strings.Builder
	for {
		r, size := l.peek()
		switch {
		case size == 0:
			text := oneLine(l.src[start.Offset+1:])
			if text == "" {
				return "", errorAt(start, "The quoted string has not been completed.")
			}
			return "", errorAt(start, "The quoted string '%s' has not been completed.", text)
		case r == quote:
			l.skip(1)
			return b.String(), nil
		case r == '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
			continue
		case illegal(r) || r == utf8.RuneError && size == 1:
			return "", l.illegal(r)
		}
		b.WriteRune(r)
		l.skip(size)
	}
}

// illegal is the error about the character that stands next.
func (l *lexer) illegal(r rune) error {
	at := l.at
	return errorAt(at, `The character 'U+%04X' on line %d at position %d must be escaped. Use the escape '\u%04x' instead.`, r, at.Line, at.Column, r)
}

// escape reads what a backslash begins.
func (l *lexer) escape(b *strings.Builder) error {
	start := l.at
	l.skip(1)
	r, size := l.peek()
	if size == 0 {
		return errorAt(start, "The escape sequence has not been completed. "+validEscapes)
	}
	if r == 'u' {
		return l.unicodeEscape(start, b)
	}
	decoded, ok := escapes[r]
	if !ok {
		l.skip(size)
		return l.badEscape(start)
	}
	b.WriteRune(decoded)
	l.skip(size)
	return nil
}

var escapes = map[rune]rune{'t': '\t', 'n': '\n', 'r': '\r', '"': '"', '\'': '\'', '\\': '\\', ' ': ' '}

// unicodeEscape reads u and four hexadecimal digits. Two escapes in a row may be the halves of one character.
func (l *lexer) unicodeEscape(start Pos, b *strings.Builder) error {
	first, ok := hex4(l.rest()[1:])
	if !ok {
		l.skip(1)
		for range 4 {
			r, size := l.peek()
			if size == 0 {
				break
			}
			l.skip(size)
			if !strings.ContainsRune("0123456789abcdefABCDEF", r) {
				break
			}
		}
		return l.badEscape(start)
	}
	l.skip(5)
	if utf16.IsSurrogate(first) && strings.HasPrefix(l.rest(), `\u`) {
		if second, ok := hex4(l.rest()[2:]); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				l.skip(6)
				first = r
			}
		}
	}
	b.WriteRune(first)
	return nil
}

func (l *lexer) badEscape(start Pos) error {
	return errorAt(start, "'%s' is an illegal JQL escape sequence. "+validEscapes, oneLine(l.src[start.Offset:l.at.Offset]))
}

// hex4 decodes the four hexadecimal digits that text must begin with.
func hex4(text string) (rune, bool) {
	if len(text) < 4 || strings.Trim(text[:4], "0123456789abcdefABCDEF") != "" {
		return 0, false
	}
	var r rune
	_, err := fmt.Sscanf(text[:4], "%x", &r)
	return r, err == nil
}
