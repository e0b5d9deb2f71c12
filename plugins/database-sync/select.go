//go:build !wasip1

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// lexis is how a kind of database writes what is no word of SQL.
type lexis struct {
	quotes    string // characters around names, beside ' around texts
	brackets  bool   // [name]
	backslash bool   // escapes in texts
	dollar    bool   // $tag$ text $tag$, and E'text' with escapes
	q         bool   // q'[text]'
	nested    bool   // comments in comments
	hash      bool   // # begins a comment, and -- does so before a space alone
	bang      bool   // /*! a comment that is run */
	marks     string // characters that stand for parameters
}

// changing are the words by which a statement changes something. As a name each of them can stand in quotes.
var changing = []string{
	"INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE", "EXEC", "EXECUTE", "CALL",
}

// oneSelect says whether a text is one SELECT, as far as can be seen without knowing the whole of a database's language: it begins like one,
// has one statement, no word that changes something, no parameters, and its parentheses close in it. So it can stand in
// parentheses where a table does, and there the database itself takes nothing but a SELECT. A transaction that only reads
// comes on top.
func oneSelect(text string, l lexis) error {
	s := scanner{text: text, lexis: l}
	depth, first := 0, ""
	for {
		token, err := s.next()
		if err != nil {
			return err
		}
		switch {
		case token == "":
			if depth > 0 {
				return errors.New("a parenthesis is not closed")
			}
			if first == "" {
				return errors.New("it is empty")
			}
			return nil
		case token == "(":
			depth++
		case token == ")":
			if depth--; depth < 0 {
				return errors.New("a parenthesis closes that was not opened")
			}
		case token == ";":
			return errors.New("it holds a semicolon; leave it out")
		case len(token) == 1 && strings.Contains(l.marks, token), token == "$":
			return fmt.Errorf("it holds the mark of a parameter, %s", token)
		}
		if !letter(token[0]) {
			if first == "" {
				return errors.New("it does not begin with SELECT or WITH")
			}
			continue
		}
		word := strings.ToUpper(token)
		if first == "" {
			if first = word; first != "SELECT" && first != "WITH" {
				return errors.New("it does not begin with SELECT or WITH")
			}
		}
		if slices.Contains(changing, word) {
			return fmt.Errorf("it holds the word %s; as a name, write it in quotes", word)
		}
	}
}

// scanner takes a statement apart.
type scanner struct {
	text string
	at   int
	lexis
}

// next returns the next token: a word, a character of its own, or ' in place of a text, a quoted name or a number; "" at the end.
func (s *scanner) next() (string, error) {
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == 0:
			return "", errors.New("it holds a character that is none")
		case c <= ' ':
			s.at++
		case c == '-' && s.ahead(1) == '-', c == '#' && s.hash:
			if c == '-' && s.hash && s.ahead(2) > ' ' {
				return "", errors.New("-- is followed by no space, so some databases take it for a comment and others for two minuses")
			}
			if end := strings.IndexByte(s.text[s.at:], '\n'); end >= 0 {
				s.at += end + 1
			} else {
				s.at = len(s.text)
			}
		case c == '/' && s.ahead(1) == '*':
			if err := s.comment(); err != nil {
				return "", err
			}
		case c == '\'':
			return "'", s.quoted('\'', s.backslash)
		case strings.IndexByte(s.quotes, c) >= 0:
			return "'", s.quoted(c, s.backslash && c == '"')
		case c == '[' && s.brackets:
			return "'", s.quoted(']', false)
		case c == '$' && s.dollar:
			return s.dollars()
		case letter(c):
			return s.word()
		case c >= '0' && c <= '9':
			for s.at < len(s.text) && (inWord(s.text[s.at]) || s.text[s.at] == '.') {
				s.at++
			}
			return "'", nil
		default:
			s.at++
			return string(c), nil
		}
	}
	return "", nil
}

func (s *scanner) ahead(n int) byte {
	if s.at+n < len(s.text) {
		return s.text[s.at+n]
	}
	return 0
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }

// inWord says whether c can stand inside a word.
func inWord(c byte) bool { return letter(c) || c >= '0' && c <= '9' || c == '$' || c == '#' }

func (s *scanner) comment() error {
	if s.bang && (s.ahead(2) == '!' || s.ahead(2)|0x20 == 'm' && s.ahead(3) == '!') {
		return errors.New("it holds a comment that some servers run")
	}
	depth := 0
	for s.at < len(s.text) {
		switch {
		case s.text[s.at] == '/' && s.ahead(1) == '*' && (depth == 0 || s.nested):
			depth++
			s.at += 2
		case s.text[s.at] == '*' && s.ahead(1) == '/':
			s.at += 2
			if depth--; depth == 0 {
				return nil
			}
		default:
			s.at++
		}
	}
	return errors.New("a comment is not closed")
}

// quoted skips what stands between a character and end, which stands for itself where it comes twice.
func (s *scanner) quoted(end byte, escapes bool) error {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\' && escapes:
			s.at++
		case c == end && s.ahead(1) == end:
			s.at++
		case c == end:
			s.at++
			return nil
		}
	}
	return errors.New("a quote is not closed")
}

// dollars skips $tag$ text $tag$. A dollar alone is a parameter.
func (s *scanner) dollars() (string, error) {
	end := s.at + 1
	for end < len(s.text) && s.text[end] != '$' {
		if !inWord(s.text[end]) || end == s.at+1 && !letter(s.text[end]) {
			s.at++
			return "$", nil
		}
		end++
	}
	if end >= len(s.text) {
		s.at++
		return "$", nil
	}
	tag := s.text[s.at : end+1]
	rest := strings.Index(s.text[end+1:], tag)
	if rest < 0 {
		return "", errors.New("a quote is not closed")
	}
	s.at = end + 1 + rest + len(tag)
	return "'", nil
}

// word reads a word. Some are the beginning of a text: E'…', q'[…]'.
func (s *scanner) word() (string, error) {
	start := s.at
	for s.at < len(s.text) && inWord(s.text[s.at]) {
		s.at++
	}
	word := s.text[start:s.at]
	if s.ahead(0) != '\'' {
		return word, nil
	}
	switch strings.ToUpper(word) {
	case "E":
		if s.dollar {
			return "'", s.quoted('\'', true)
		}
	case "Q", "NQ":
		if s.q {
			return "'", s.alternative()
		}
	}
	return word, nil
}

// alternative skips '[…]' of Oracle's q'[…]', with any character in place of the brackets.
func (s *scanner) alternative() error {
	open := s.ahead(1)
	end := map[byte]byte{'[': ']', '{': '}', '<': '>', '(': ')'}[open]
	if end == 0 {
		end = open
	}
	if open <= ' ' || open == '\'' || open >= 0x80 {
		return errors.New("a quote is not closed")
	}
	rest := strings.Index(s.text[s.at+2:], string(end)+"'")
	if rest < 0 {
		return errors.New("a quote is not closed")
	}
	s.at += 2 + rest + 2
	return nil
}
