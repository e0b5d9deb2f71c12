package seed

import (
	"bytes"
	"fmt"
	"strings"
)

// Problem is one thing that is wrong in a seed.
type Problem struct {
	File string // as the reader was given it, "" where the seed is not from a file
	Line int    // from 1; of the value, or of what it is missing in
	Path string // such as $.users[3].groups[0], or a CSV column
	// Wrong says what is wrong, Write what to write instead.
	Wrong, Write string
}

// String returns the problem as one line: file:line: path: what is wrong; what to write.
func (p Problem) String() string {
	at := ""
	if p.File != "" {
		at = fmt.Sprintf("%s:%d: ", p.File, p.Line)
	}
	return fmt.Sprintf("%s%s: %s; %s", at, p.Path, p.Wrong, p.Write)
}

// Problems are what is wrong in one part of a seed: the site, or one issue. Readers and [Copy] return them as their
// error; get at them with errors.As.
type Problems []Problem

// Error returns the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds what is reported at once: who made a hundred mistakes made one.
const maxProblems = 30

// err returns the problems as an error, nil where there are none.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	if more := len(ps) - maxProblems; more > 0 {
		last := ps[maxProblems]
		last.Wrong, last.Write = fmt.Sprintf("%d more problems from here on", more), "correct those above first"
		ps = append(ps[:maxProblems:maxProblems], last)
	}
	return ps
}

// origin is where an element of a seed comes from.
type origin struct {
	file string
	line int    // of the element's first byte
	path string // of the element
	raw  []byte // the element's JSON, nil in CSV
	// column names the CSV column of a member, for messages.
	column func(rel string) string
}

// problem makes a problem of the part of the element at rel, such as ".links[0].to", or of the element itself, "".
func (o *origin) problem(rel, wrong, write string) Problem {
	if o == nil {
		return Problem{Path: "$" + rel, Wrong: wrong, Write: write}
	}
	p := Problem{File: o.file, Line: o.line, Path: o.path + rel, Wrong: wrong, Write: write}
	switch {
	case o.column != nil:
		p.Path = o.column(rel)
	case o.raw != nil:
		p.Line += bytes.Count(o.raw[:locate(o.raw, rel)], []byte("\n"))
	}
	return p
}
