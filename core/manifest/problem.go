package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong in a plugin.json.
type Problem struct {
	File string // the name that Parse was given
	Line int    // from 1; of the value, or of the object in which something is missing
	Path string // such as $.modules[0].view
	// Wrong says what is wrong, Write what to write instead.
	Wrong, Write string
}

// String returns the problem as one line: file:line: path: what is wrong; what to write.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s: %s; %s", p.File, p.Line, p.Path, p.Wrong, p.Write)
}

// Errors are the problems of a plugin.json, in the order in which they stand in the file. [Parse] returns them as its
// error; get at them with errors.As.
type Errors []Problem

// Error returns the problems, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds what one Parse reports: who made a hundred mistakes made one.
const maxProblems = 50

// report collects problems and knows where in the file a path stands.
type report struct {
	file     string
	data     []byte
	at       map[string]int // offset of the value at a path
	problems []found
	own      *Manifest // what the rules check; nil before
}

type found struct {
	Problem
	offset int
}

// add reports a problem of the value at path, or of the nearest one around it that is there.
func (r *report) add(path, wrong, write string) {
	offset, near := 0, path
	for {
		if o, ok := r.at[near]; ok {
			offset = o
			break
		}
		cut := strings.LastIndexAny(near, ".[")
		if cut < 0 {
			break
		}
		near = near[:cut]
	}
	r.addAt(offset, path, wrong, write)
}

func (r *report) addAt(offset int, path, wrong, write string) {
	offset = min(offset, len(r.data))
	line := 1 + strings.Count(string(r.data[:offset]), "\n")
	r.problems = append(r.problems, found{
		Problem: Problem{File: r.file, Line: line, Path: path, Wrong: wrong, Write: write},
		offset:  offset,
	})
}

// err returns the problems in the order of the file, nil where there are none.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b found) int {
		if a.offset != b.offset {
			return a.offset - b.offset
		}
		return strings.Compare(a.Path, b.Path)
	})
	out := make(Errors, 0, len(r.problems))
	for i, p := range r.problems {
		if i == maxProblems {
			out = append(out, Problem{File: r.file, Line: p.Line, Path: p.Path,
				Wrong: fmt.Sprintf("%d more problems from here on", len(r.problems)-i), Write: "correct those above first"})
			break
		}
		out = append(out, p.Problem)
	}
	return out
}
