package jql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	end kind = iota
	word
	quoted
	symbol // ( ) , and the comparison operators
)

type token struct {
	kind         kind
	text         string
	line, column int
}

// is says whether the token is that keyword or symbol; keywords count in any case, unless quoted.
func (t token) is(text string) bool {
	return t.kind != quoted && t.kind != end && strings.EqualFold(t.text, text)
}

// shown is how error messages name the token.
func (t token) shown() string {
	if t.kind == end {
		return "the end of the query"
	}
	return "'" + t.text + "'"
}

// reserved are the characters that JQL keeps for later.
const reserved = "?@#$%^;+{}\\`*/|"

// lex cuts a query into tokens; the last one is the end.
func lex(src string) ([]token, error) {
	var out []token
	line, column := 1, 1
	for src != "" {
		r, size := utf8.DecodeRuneInString(src)
		t := token{line: line, column: column}
		switch {
		case r == '\n':
			line, column, src = line+1, 1, src[size:]
			continue
		case unicode.IsSpace(r):
			column, src = column+1, src[size:]
			continue
		case r == '"' || r == '\'':
			text, n, ok := unquote(src)
			if !ok {
				return nil, errorAt(t, "The quoted string '%s' has not been completed.", src[1:])
			}
			t.kind, t.text, size = quoted, text, n
		case strings.ContainsRune("(),=~<>!&|", r):
			n := operatorLength(src)
			if n == 0 {
				return nil, reservedCharacter(t, r)
			}
			t.kind, t.text, size = symbol, src[:n], n
		case strings.ContainsRune(reserved, r) || unicode.IsControl(r) || r == utf8.RuneError:
			return nil, reservedCharacter(t, r)
		default:
			size = wordLength(src)
			t.kind, t.text = word, src[:size]
		}
		out = append(out, t)
		column += utf8.RuneCountInString(src[:size])
		line += strings.Count(src[:size], "\n")
		src = src[size:]
	}
	return append(out, token{kind: end, line: line, column: column}), nil
}

func reservedCharacter(t token, r rune) error {
	return errorAt(t, "The character '%c' is a reserved JQL character. You must enclose it in a string or use the escape '\\u%04x' instead.", r, r)
}

// operatorLength is the number of bytes of the symbol that src starts with, 0 for none.
func operatorLength(src string) int {
	for _, op := range []string{"!=", "!~", "<=", ">=", "&&", "||", "(", ")", ",", "=", "~", "<", ">", "!"} {
		if strings.HasPrefix(src, op) {
			return len(op)
		}
	}
	return 0
}

// wordLength is the number of bytes up to the next space, quote, symbol or reserved character. A field such as cf[10001]
// is one word.
func wordLength(src string) int {
	n := strings.IndexFunc(src, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError || strings.ContainsRune("\"'(),=~<>!&"+reserved, r)
	})
	if n < 0 {
		return len(src)
	}
	return n
}

// unquote reads a string in single or double quotes and returns how many bytes it took.
func unquote(src string) (text string, size int, ok bool) {
	var b strings.Builder
	quote := src[0]
	for i := 1; i < len(src); i++ {
		switch c := src[i]; {
		case c == quote:
			return b.String(), i + 1, true
		case c == '\\' && i+1 < len(src):
			i++
			switch src[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(src[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, false
}
