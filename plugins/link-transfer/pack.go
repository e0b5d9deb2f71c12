package main

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/store"
)

// Work on a large file is a chain of calls. What it needs travels through the admin's browser from one to the next, so that no key is at rest with us,
// and comes back as foreign bytes. It must be small: each call carries all of it.

// pen writes what is read by [eye].
type pen []byte

func (p *pen) number(n int64)   { *p = binary.AppendVarint(*p, n) }
func (p *pen) text(text string) { *p = append(binary.AppendUvarint(*p, uint64(len(text))), text...) }
func (p *pen) texts(all []string) {
	p.number(int64(len(all)))
	for _, text := range all {
		p.text(text)
	}
}

// eye reads what comes back, and fails where it is none of ours.
type eye struct {
	rest   []byte
	failed bool
}

func (e *eye) number() int64 {
	n, size := binary.Varint(e.rest)
	if size <= 0 {
		e.rest, e.failed = nil, true
		return 0
	}
	e.rest = e.rest[size:]
	return n
}

// count is a number that no list and nothing that is counted here goes below or beyond.
func (e *eye) count() int {
	n := e.number()
	if n < 0 || n > 1<<30 {
		e.failed = true
		return 0
	}
	return int(n)
}

func (e *eye) text() string {
	n, size := binary.Uvarint(e.rest)
	if size <= 0 || n > uint64(len(e.rest)-size) {
		e.rest, e.failed = nil, true
		return ""
	}
	out := string(e.rest[size : size+int(n)])
	e.rest = e.rest[size+int(n):]
	return out
}

func (e *eye) texts() (out []string) {
	for n := e.count(); n > 0 && !e.failed; n-- {
		out = append(out, e.text())
	}
	return out
}

// done says whether all was read, and was ours.
func (e *eye) done() bool { return !e.failed && len(e.rest) == 0 }

// packed are links by the names of their issues, keys or ids: some nine bytes each.
type packed struct {
	Prefixes []string // of keys, such as OPS-; empty for ids
	Rows     []byte
	Links    int
}

// named is a link as a file names it.
type named struct {
	tag           int // the line of a file, or the number of a relation
	first, second string
}

func (p *packed) write(to *pen) {
	to.texts(p.Prefixes)
	to.text(string(p.Rows))
	to.number(int64(p.Links))
}

func (p *packed) read(from *eye) {
	p.Prefixes, p.Rows, p.Links = from.texts(), []byte(from.text()), from.count()
}

// add packs a link; it is false for what is no name of an issue.
func (p *packed) add(n named) bool {
	a, x, ok := splitName(n.first)
	if !ok {
		return false
	}
	b, y, ok := splitName(n.second)
	if !ok {
		return false
	}
	p.Rows = binary.AppendUvarint(p.Rows, uint64(n.tag))
	p.Rows = binary.AppendUvarint(p.Rows, p.prefix(a))
	p.Rows = binary.AppendUvarint(p.Rows, x)
	p.Rows = binary.AppendUvarint(p.Rows, p.prefix(b))
	p.Rows = binary.AppendUvarint(p.Rows, y)
	p.Links++
	return true
}

func (p *packed) prefix(text string) uint64 {
	for n, t := range p.Prefixes {
		if t == text {
			return uint64(n)
		}
	}
	p.Prefixes = append(p.Prefixes, text)
	return uint64(len(p.Prefixes) - 1)
}

// splitName parts a name of an issue into what stands before its number, and that.
func splitName(name string) (string, uint64, bool) {
	prefix := ""
	switch at := strings.LastIndexByte(name, '-'); {
	case relations.IsKey(name):
		prefix = name[:at+1]
	case store.Validate(store.KindIssue, name) != nil:
		return "", 0, false
	}
	n, err := strconv.ParseUint(name[len(prefix):], 10, 63)
	return prefix, n, err == nil
}

// take unpacks up to so many links, which are packed no more then; ok is false where the bytes are none of ours.
func (p *packed) take(most int) (out []named, ok bool) {
	for len(out) < most && len(p.Rows) > 0 {
		var v [5]uint64
		for n := range v {
			value, size := binary.Uvarint(p.Rows)
			if size <= 0 {
				return nil, false
			}
			v[n], p.Rows = value, p.Rows[size:]
		}
		a, ok1 := p.name(v[1], v[2])
		b, ok2 := p.name(v[3], v[4])
		if !ok1 || !ok2 || v[0] > 1<<30 {
			return nil, false
		}
		out = append(out, named{int(v[0]), a, b})
	}
	return out, true
}

func (p *packed) name(prefix, number uint64) (string, bool) {
	if prefix >= uint64(len(p.Prefixes)) {
		return "", false
	}
	name := p.Prefixes[prefix] + strconv.FormatUint(number, 10)
	return name, relations.IsKey(name) || store.Validate(store.KindIssue, name) == nil
}
