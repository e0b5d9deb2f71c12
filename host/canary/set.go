package canary

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Canary is a text that stands nowhere but where it was planted.
type Canary struct {
	Name  string // where it was planted, such as "summary of OPS-1"
	Value string

	id string
}

const (
	// markerLength makes a marker that nothing else contains by chance: there are 26^12 of them.
	markerLength = 12
	// idLength is a multiple of 3, so that in base64 a marker after the id is aligned as the id is.
	idLength = 6
	alphabet = "abcdefghijklmnopqrstuvwxyz"
)

// middle is what encodings change: a letter beyond ASCII, both quotes, what HTML, URLs, JSON and JQL escape.
const middle = ` é"'&<%\+ `

// Set makes canaries that are found together. It is safe for concurrent use.
type Set struct {
	head, tail string

	mu       sync.Mutex
	all      []Canary
	patterns []*pattern
	matcher  *matcher
}

// New returns an empty set. Its markers come from random, which is crypto/rand.Reader but where a test wants the same again.
func New(random io.Reader) (*Set, error) {
	raw := make([]byte, 2*markerLength)
	if _, err := io.ReadFull(random, raw); err != nil {
		return nil, fmt.Errorf("make the markers of canaries: %w", err)
	}
	for i, b := range raw {
		raw[i] = alphabet[int(b)%len(alphabet)] // as good as evenly spread, for this
	}
	s := &Set{head: string(raw[:markerLength]), tail: string(raw[markerLength:])}
	s.patterns = patterns(s.head, s.tail)
	s.matcher = newMatcher(s.patterns)
	return s, nil
}

// Text makes a canary for a place that takes any text.
func (s *Set) Text(name string) string {
	return s.add(name, func(id string) string { return s.head + id + middle + id + s.tail })
}

// Plain makes a canary of lower-case letters, for a name in a mail address, a header or a path.
func (s *Set) Plain(name string) string {
	return s.add(name, func(id string) string { return s.head + id + id + s.tail })
}

// Key makes a canary of capital letters, for the key of a project.
func (s *Set) Key(name string) string {
	return s.add(name, func(id string) string { return strings.ToUpper(s.head + id + id + s.tail) })
}

// Literal takes a text that somebody else made, such as an address of the network, for a canary. It has to be as rare as one, and
// 12 bytes long or more. Cut in two, it is not found.
func (s *Set) Literal(name, value string) {
	if len(value) < markerLength {
		panic("canary: " + name + " is too short to be one")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Canary{Name: name, Value: value}
	s.all = append(s.all, c)
	for _, p := range patterns(value, value) {
		p.is = &c
		s.patterns = append(s.patterns, p)
	}
	s.matcher = newMatcher(s.patterns)
}

func (s *Set) find(b []byte, found func(p *pattern, start, end int)) {
	s.mu.Lock()
	m := s.matcher
	s.mu.Unlock()
	m.find(b, found)
}

func (s *Set) add(name string, value func(id string) string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Canary{Name: name, id: number(len(s.all))}
	c.Value = value(c.id)
	s.all = append(s.all, c)
	return c.Value
}

// number writes n in letters. The first and the last one are always the same: where base64 is cut there, they cannot be told.
func number(n int) string {
	id := []byte(strings.Repeat(alphabet[:1], idLength))
	for i := idLength - 2; n > 0 && i > 0; i-- {
		id[i] = alphabet[n%len(alphabet)]
		n /= len(alphabet)
	}
	return string(id)
}

// Canaries returns all canaries made so far, in that order.
func (s *Set) Canaries() []Canary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Canary(nil), s.all...)
}

// unknown is the name of a canary whose marker was found without its number.
const unknown = "a piece of one"

// name returns the canary of which a piece was found: hit starts and ends a marker of p in around.
func (s *Set) name(p *pattern, around []byte, start, end int) Canary {
	if p.is != nil {
		return *p.is
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all {
		if c.id == "" {
			continue // a literal, which has no marker
		}
		if p.tail {
			if want := p.encode(c.id + s.tail); p.same(last(around[:end], len(want)), want) {
				return c
			}
		} else if want := p.encode(s.head + c.id); p.same(first(around[start:], len(want)), want) {
			return c
		}
	}
	return Canary{Name: unknown}
}

func first(b []byte, n int) []byte { return b[:min(n, len(b))] }

func last(b []byte, n int) []byte { return b[len(b)-min(n, len(b)):] }
