package store

import (
	"encoding/json"
	"strings"
)

// Flat decodes a JSON object whose values are strings, such as those that documents are found by. It takes what json.Unmarshal takes, and a
// fraction of the time for what is short and plain: a page of links decodes dozens of them.
func Flat(raw []byte) (map[string]string, error) {
	if m, rest, ok := CutFlat(string(raw)); ok && rest == "" {
		return m, nil
	}
	var m map[string]string
	err := json.Unmarshal(raw, &m)
	return m, err
}

// CutFlat decodes the object of strings with which s begins, and returns what follows. It is false where that is not written as
// json.Marshal writes printable ASCII; then it may be JSON all the same, and json.Unmarshal knows.
func CutFlat(s string) (m map[string]string, rest string, ok bool) {
	if s, ok = strings.CutPrefix(s, "{"); !ok {
		return nil, "", false
	}
	m = make(map[string]string, 4)
	if rest, ok := strings.CutPrefix(s, "}"); ok {
		return m, rest, true
	}
	for {
		var name, value string
		if name, s, ok = CutString(s); !ok {
			return nil, "", false
		}
		if s, ok = strings.CutPrefix(s, ":"); !ok {
			return nil, "", false
		}
		if value, s, ok = CutString(s); !ok || s == "" {
			return nil, "", false
		}
		m[name] = value
		switch s[0] {
		case ',':
			s = s[1:]
		case '}':
			return m, s[1:], true
		default:
			return nil, "", false
		}
	}
}

// CutString decodes the JSON string with which s begins, and returns what follows, under the conditions of CutFlat.
func CutString(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[1:i], s[i+1:], true
		case c == '\\', c < ' ', c > '~': // stands for something else, or may be no text
			return "", "", false
		}
	}
	return "", "", false
}
