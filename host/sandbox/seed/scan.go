package seed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// scanner walks over JSON that is known to be well-formed and compares it with a shape.
type scanner struct {
	raw      []byte
	at       int
	path     []step
	problems []found
	visit    func(path string, offset int) // called for each value, unless nil
}

// step is a part of a path: a member's name or, where that is "", a place in a list.
type step struct {
	name  string
	index int
}

type found struct{ path, wrong, write string }

// check compares an element with a shape and returns what is wrong, with paths relative to the element.
func check(raw []byte, s *shape) []found {
	if !utf8.Valid(raw) {
		return []found{{"", "holds bytes that are not UTF-8", "save the file as UTF-8"}}
	}
	sc := scanner{raw: raw}
	sc.value(s)
	return sc.problems
}

// locate returns the offset of the value at a relative path, or of the nearest one around it.
func locate(raw []byte, rel string) int {
	best, length := 0, -1
	sc := scanner{raw: raw, visit: func(path string, offset int) {
		rest, ok := strings.CutPrefix(rel, path)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && len(path) > length {
			best, length = offset, len(path)
		}
	}}
	sc.value(&shape{is: anything})
	return best
}

func (s *scanner) here() string {
	var b strings.Builder
	for _, p := range s.path {
		if p.name == "" {
			b.WriteString("[" + strconv.Itoa(p.index) + "]")
			continue
		}
		b.WriteString(member(p.name))
	}
	return b.String()
}

// member writes a name as a part of a path.
func member(name string) string {
	plain := !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && r != '$' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if plain && name != "" {
		return "." + name
	}
	return "[" + strconv.Quote(name) + "]"
}

func (s *scanner) report(wrong, write string) {
	s.problems = append(s.problems, found{s.here(), wrong, write})
}

func (s *scanner) space() {
	for s.at < len(s.raw) && (s.raw[s.at] == ' ' || s.raw[s.at] == '\n' || s.raw[s.at] == '\t' || s.raw[s.at] == '\r') {
		s.at++
	}
}

func (s *scanner) value(sh *shape) {
	s.space()
	if s.visit != nil {
		s.visit(s.here(), s.at)
	}
	switch c := s.raw[s.at]; c {
	case '{':
		if !sh.takes(object, dictionary, rich, anything) {
			s.report("is an object", "write "+string(sh.is))
			sh = &shape{is: anything}
		}
		s.object(sh)
	case '[':
		if !sh.takes(list, anything) {
			s.report("is a list", "write "+strings.TrimSpace(string(sh.is)))
			sh = &shape{is: anything}
		}
		s.list(sh)
	case '"':
		s.text(sh)
	default:
		s.literal(sh, c)
	}
}

func (sh *shape) takes(forms ...form) bool { return slices.Contains(forms, sh.is) }

func (s *scanner) object(sh *shape) {
	s.at++ // {
	seen := map[string]bool{}
	for s.space(); s.raw[s.at] != '}'; s.space() {
		if s.raw[s.at] == ',' {
			s.at++
			s.space()
		}
		name := unquote(s.token())
		s.space()
		s.at++ // :
		s.path = append(s.path, step{name: name})
		if name == "" { // a path could not tell it from a place in a list
			s.report("a member has an empty name", "name it")
		}
		if seen[name] {
			s.report("stands here a second time", "leave one of the two out")
		}
		seen[name] = true
		s.value(s.memberShape(sh, name))
		s.path = s.path[:len(s.path)-1]
	}
	s.at++ // }
	if sh.is != object {
		return
	}
	for _, name := range sh.required {
		if !seen[name] {
			s.report("has no "+strconv.Quote(name), fmt.Sprintf("add %q: %s", name, strings.TrimSpace(string(sh.members[name].is))))
		}
	}
}

func (s *scanner) memberShape(sh *shape, name string) *shape {
	switch sh.is {
	case dictionary:
		return sh.elem
	case object:
		if m := sh.members[name]; m != nil {
			return m
		}
		s.report("is not known here", suggest(name, sh.names))
	}
	return &shape{is: anything}
}

func (s *scanner) list(sh *shape) {
	s.at++ // [
	elem := sh.elem
	if elem == nil {
		elem = &shape{is: anything}
	}
	s.space()
	for i := 0; s.raw[s.at] != ']'; i++ {
		if s.raw[s.at] == ',' {
			s.at++
		}
		s.path = append(s.path, step{index: i})
		s.value(elem)
		s.path = s.path[:len(s.path)-1]
		s.space()
	}
	s.at++ // ]
}

func (s *scanner) text(sh *shape) {
	token := s.token()
	switch sh.is {
	case text, rich, anything:
	case moment:
		if _, err := time.Parse(time.RFC3339, unquote(token)); err != nil {
			s.report(fmt.Sprintf("%.40s is not a time", token), "write "+string(moment))
		}
	case day:
		if _, err := time.Parse(time.DateOnly, unquote(token)); err != nil {
			s.report(fmt.Sprintf("%.40s is not a day", token), "write "+string(day))
		}
	case blob:
		if _, err := base64.StdEncoding.DecodeString(unquote(token)); err != nil {
			s.report("is not base64", "encode the content with the standard alphabet and padding")
		}
	default:
		s.report("is a string", "write "+strings.TrimSpace(string(sh.is)))
	}
}

func (s *scanner) literal(sh *shape, c byte) {
	start := s.at
	for s.at < len(s.raw) && bytes.IndexByte([]byte(",]} \n\t\r"), s.raw[s.at]) < 0 {
		s.at++
	}
	token := string(s.raw[start:s.at])
	switch {
	case c == 'n':
		if sh.is != anything {
			s.report("is null", "leave it out where there is nothing")
		}
	case sh.is == anything:
	case c == 't' || c == 'f':
		if sh.is != boolean {
			s.report("is "+token, "write "+strings.TrimSpace(string(sh.is)))
		}
	case sh.is == integer:
		if _, err := strconv.ParseInt(token, 10, 32); err != nil {
			s.report(token+" is not a whole number", "write one without point and exponent, below two thousand million")
		}
	default:
		s.report("is a number", "write "+strings.TrimSpace(string(sh.is)))
	}
}

// token returns the string that begins here, with its quotes.
func (s *scanner) token() []byte {
	start := s.at
	for s.at++; s.raw[s.at] != '"'; s.at++ {
		if s.raw[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.raw[start:s.at]
}

func unquote(token []byte) string {
	if bytes.IndexByte(token, '\\') < 0 {
		return string(token[1 : len(token)-1])
	}
	var out string
	_ = json.Unmarshal(token, &out) // well-formed, says whoever calls
	return out
}
