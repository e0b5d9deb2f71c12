package jql

import "strings"

// Error says what is wrong in a template, in words for the admin who wrote it.
//
// Since: v0.5
type Error struct {
	At      int // character of the template, from 1
	Message string
}

// Error returns the message with its place.
func (e *Error) Error() string { return "character " + number(e.At) + ": " + e.Message }

func number(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return number(n/10) + string(rune('0'+n%10))
}

type kind int

const (
	end kind = iota
	word
	quoted
	symbol
	variable
)

type token struct {
	kind  kind
	text  string // as written; of a variable its name
	start int    // byte
	stop  int
}

// is says whether the token is one of these symbols or words; words in any case.
func (t token) is(texts ...string) bool {
	for _, text := range texts {
		if (t.kind == word || t.kind == symbol) && strings.EqualFold(t.text, text) {
			return true
		}
	}
	return false
}

// meant is what a word or a string stands for: without quotes, and with what an escape means in its place.
func (t token) meant() string {
	text := t.text
	if t.kind == quoted {
		text = text[1 : len(text)-1]
	}
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		switch at := strings.IndexByte("nrt", text[i]); {
		case at >= 0:
			b.WriteByte("\n\r\t"[at])
		case text[i] == 'u' && i+4 < len(text):
			r := rune(0)
			for _, digit := range []byte(strings.ToLower(text[i+1 : i+5])) {
				r = r<<4 + rune(max(0, strings.IndexByte("0123456789abcdef", digit)))
			}
			b.WriteRune(r)
			i += 4
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// What ends a word: blanks, signs of the language and those that it keeps for later.
const (
	blanks = " \t\r\n"
	stops  = blanks + "\"'=!<>()~,[]|&{}*/%+^$#@?;"
)

// twice are the symbols of two signs; any other sign is a symbol by itself.
var twice = []string{"!=", "!~", "<=", ">=", "&&", "||"}

// lex cuts a template into tokens. The last one is the end.
func lex(src string) ([]token, error) {
	var out []token
	for at := 0; ; {
		at += len(src[at:]) - len(strings.TrimLeft(src[at:], blanks))
		t := token{start: at}
		rest := src[at:]
		n := 0
		var err error
		switch {
		case rest == "":
			t.stop = at
			return append(out, t), nil
		case strings.HasPrefix(rest, "{{"):
			t.kind = variable
			if n = strings.Index(rest, "}}"); n < 0 {
				return nil, wrong(src, at, "the variable is not closed; write }} behind its name")
			}
			t.text = strings.TrimSpace(rest[2:n])
			n += 2
			err = named(src, at, t.text)
		case rest[0] == '"' || rest[0] == '\'':
			t.kind = quoted
			n, err = closing(src, at)
		case strings.IndexByte(stops, rest[0]) >= 0:
			t.kind, n = symbol, 1
			for _, two := range twice {
				if strings.HasPrefix(rest, two) {
					n = 2
				}
			}
		default:
			t.kind = word
			n = wordLength(rest)
		}
		if err != nil {
			return nil, err
		}
		if t.kind != variable {
			t.text = rest[:n]
		}
		at += n
		t.stop = at
		out = append(out, t)
	}
}

// wordLength is how long the word is with which rest begins. A backslash takes the next sign with it.
func wordLength(rest string) int {
	for i := 0; i < len(rest); i++ {
		if rest[i] == '\\' {
			i++
		} else if strings.IndexByte(stops, rest[i]) >= 0 {
			return i
		}
	}
	return len(rest)
}

// closing is how long the string is that begins at a place.
func closing(src string, at int) (int, error) {
	rest := src[at:]
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case rest[0]:
			if inside := strings.Index(rest[:i], "{{"); inside >= 0 {
				return 0, wrong(src, at+inside, "a variable inside of quotes would be text; write it bare, it is quoted by itself, such as key = {{issue.key}}")
			}
			return i + 1, nil
		}
	}
	return 0, wrong(src, at, "the text is not closed; write another "+rest[:1]+" at its end")
}

// named checks the name of a variable.
func named(src string, at int, name string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
	of, what, ok := strings.Cut(name, ".")
	switch {
	case !ok || what == "":
	case of == "issue" && strings.Trim(what, letters) == "", (of == "link" || of == "path") && strings.Trim(what, letters+"-.") == "", name == "user.accountId":
		return nil
	}
	return wrong(src, at, "there is no such variable; write {{issue.key}}, {{issue.project}}, {{issue.customfield_10010}}, {{link.ID}}, {{path.ID}} or {{user.accountId}}")
}

// wrong is an error at a byte of the template.
func wrong(src string, at int, message string) *Error {
	return &Error{At: len([]rune(src[:at])) + 1, Message: message}
}
