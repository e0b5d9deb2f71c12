package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a file, far above what a plugin needs. They are what keeps the work of Parse small whatever it is given.
const (
	maxBytes    = 256 << 10
	maxDepth    = 16
	maxName     = 100
	maxNumber   = 24 // characters
	maxExponent = 15 // numbers are compared as fractions: 1e999999999 would fill the memory
)

// scan reads the JSON once for what a decoder does not tell: where each value stands, names that stand twice, and
// bounds. It returns false where the file cannot be read any further.
func (r *report) scan() bool {
	switch {
	case len(r.data) > maxBytes:
		r.add("$", fmt.Sprintf("the file has %d bytes", len(r.data)), fmt.Sprintf("write at most %d", maxBytes))
		return false
	case bytes.HasPrefix(r.data, []byte("\xef\xbb\xbf")):
		r.add("$", "the file starts with a byte order mark", "save it as UTF-8 without one")
		return false
	case !utf8.Valid(r.data):
		r.add("$", "the file is not UTF-8", "save it as UTF-8")
		return false
	case len(bytes.TrimSpace(r.data)) == 0:
		r.add("$", "the file is empty", `write an object in { }, starting with "manifestVersion": 1`)
		return false
	}
	var raw json.RawMessage
	if err := json.Unmarshal(r.data, &raw); err != nil {
		offset := len(r.data)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			offset = max(0, int(syntax.Offset)-1)
		}
		r.addAt(offset, "$", "this is not JSON: "+strings.TrimPrefix(err.Error(), "json: "), "correct it here; JSON has no comments and no comma behind the last member")
		return false
	}
	s := scanner{report: r, dec: json.NewDecoder(bytes.NewReader(r.data))}
	s.dec.UseNumber()
	s.value("$", 1)
	return len(r.problems) == 0
}

type scanner struct {
	*report
	dec *json.Decoder
}

// value reads one value. The bytes are known to be JSON, so a token never fails.
func (s *scanner) value(path string, depth int) {
	start := int(s.dec.InputOffset())
	for start < len(s.data) && strings.IndexByte(" \t\r\n,:", s.data[start]) >= 0 {
		start++
	}
	s.at[path] = start
	token, err := s.dec.Token()
	if err != nil {
		s.addAt(start, path, "this cannot be read", "correct it here")
		return
	}
	switch token {
	case json.Delim('{'):
		if !s.deep(path, depth) {
			return
		}
		seen := map[string]bool{}
		for s.dec.More() {
			token, err := s.dec.Token()
			name, ok := token.(string)
			if err != nil || !ok {
				return
			}
			if len(name) > maxName {
				s.addAt(int(s.dec.InputOffset()), path, fmt.Sprintf("a name in it has %d bytes", len(name)), fmt.Sprintf("write at most %d", maxName))
				name = name[:maxName]
			}
			inner := member(path, name)
			if seen[name] {
				s.addAt(int(s.dec.InputOffset()), inner, "stands here a second time", "leave one of the two out")
			}
			seen[name] = true
			s.value(inner, depth+1)
		}
		_, _ = s.dec.Token()
	case json.Delim('['):
		if !s.deep(path, depth) {
			return
		}
		for i := 0; s.dec.More(); i++ {
			s.value(path+"["+strconv.Itoa(i)+"]", depth+1)
		}
		_, _ = s.dec.Token()
	default:
		if n, ok := token.(json.Number); ok {
			s.number(path, start, string(n))
		}
	}
}

func (s *scanner) number(path string, start int, text string) {
	exponent := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(text[i+1:]); err != nil {
			exponent = maxExponent + 1
		}
	}
	if len(text) > maxNumber || exponent > maxExponent || exponent < -maxExponent {
		s.addAt(start, path, "the number is out of range", "write one of a usual size")
	}
}

// deep reports an object or list that lies too deep and skips the rest of the file: everything behind it would be
// reported at a wrong place.
func (s *scanner) deep(path string, depth int) bool {
	if depth <= maxDepth {
		return true
	}
	s.add(path, fmt.Sprintf("lies more than %d levels deep", maxDepth), "write it flatter")
	for {
		if _, err := s.dec.Token(); err != nil {
			return false
		}
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$-]*$`)

// member returns the path of a member of the object at path.
func member(path, name string) string {
	if plainName.MatchString(name) {
		return path + "." + name
	}
	return path + "[" + strconv.Quote(name) + "]"
}

// pathOf returns the path of a location that jsonschema reports. Whether a number is an index or a name is decided by
// what stands in the file.
func (r *report) pathOf(location []string) string {
	path := "$"
	for _, part := range location {
		if _, err := strconv.Atoi(part); err == nil {
			if _, ok := r.at[path+"["+part+"]"]; ok {
				path += "[" + part + "]"
				continue
			}
		}
		path = member(path, part)
	}
	return path
}
