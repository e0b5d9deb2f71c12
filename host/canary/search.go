package canary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const (
	window = 1 << 20
	// margin is read beyond each side of a window: more than a marker, a number and a middle in the longest form.
	margin = 1 << 10
	// maxDepth bounds how much is unpacked out of each other, so that a file that unpacks to itself comes to an end.
	maxDepth = 4
	// maxUnpacked bounds what one packed piece may grow to; more is a problem of the report.
	maxUnpacked = 256 << 20
)

// Search looks for a set's canaries. It is safe for concurrent use. Make it with [Set.Search].
type Search struct {
	set *Set

	mu       sync.Mutex
	report   Report
	hits     hits
	windows  [maxDepth + 1][]byte
	unpacked [maxDepth + 1]bytes.Buffer
	unpacker unpacker
}

// Search returns a search that has found nothing yet. It also finds canaries that are made later.
func (s *Set) Search() *Search {
	return &Search{set: s, hits: hits{}, report: Report{Forms: FormNames()}}
}

// place is where something that is searched stands.
type place struct {
	path   string
	within string
	offset int64 // of the packed piece
	depth  int   // how often was unpacked to get here
}

func (p place) inside(of string, offset int64) place {
	if p.depth == 0 {
		p.offset = offset
	}
	p.depth++
	if p.within != "" {
		p.within += "/"
	}
	p.within += of
	return p
}

// Bytes searches what is in no file, such as an answer or an output that was captured. Its name stands for a path.
func (x *Search) Bytes(name string, b []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.source(name, "captured", int64(len(b)))
	x.scan(memory(b), place{path: name})
}

// Dir searches every file below root, the names and where symbolic links lead, which are not followed. What is no regular file is
// left out and listed. Nothing may write below root meanwhile. Paths in the report start with the name of root.
func (x *Search) Dir(root string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Dir(root), path)
		if err != nil {
			return err
		}
		x.scan(memory(filepath.Base(rel)), place{path: filepath.Dir(rel), within: "a file's name"})
		switch {
		case e.IsDir():
			return nil
		case e.Type().IsRegular():
			return x.file(path, rel)
		case e.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			x.scan(memory(to), place{path: rel, within: "a link"})
			x.report.Skipped = append(x.report.Skipped, rel+": a link, whose own text was searched")
			return err
		default: // a pipe would be waited for, and a socket has nothing
			x.report.Skipped = append(x.report.Skipped, rel+": "+e.Type().String()+" holds nothing on disk")
			return nil
		}
	})
	if err != nil {
		return fmt.Errorf("search %s: %w", root, err)
	}
	return nil
}

// Report returns what was searched and found so far.
func (x *Search) Report() Report {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := x.report
	r.Hits = x.hits.sorted()
	r.Sources, r.Skipped, r.Problems = slices.Clone(r.Sources), slices.Clone(r.Skipped), slices.Clone(r.Problems)
	return r
}

func (x *Search) source(path, kind string, size int64) {
	x.report.Sources = append(x.report.Sources, Source{Path: path, Size: size, Kind: kind})
	x.report.Bytes += size
}

func (x *Search) problem(at place, err error) {
	x.report.Problems = append(x.report.Problems, fmt.Sprintf("%s %s: %v", at.path, at.within, err))
}

func (x *Search) file(path, rel string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	x.source(rel, kindOf(rel), info.Size())
	x.scan(&file{f, info.Size()}, place{path: rel})
	if isDatabase(f) {
		x.database(path, place{path: rel})
	}
	return nil
}

// kindOf sorts files for the report.
func kindOf(path string) string {
	name := filepath.Base(path)
	switch {
	case strings.Contains(name, ".db"), strings.HasSuffix(name, ".sqlite"):
		return "database"
	case strings.HasSuffix(name, ".log"), name == "stdout", name == "stderr":
		return "log"
	case name == "core", strings.HasPrefix(name, "core."):
		return "core dump"
	case strings.Contains(filepath.ToSlash(path), "/cache/"):
		return "cache"
	}
	return "file"
}

// content is something to search.
type content interface {
	io.ReaderAt
	Len() int64
}

type file struct {
	*os.File
	size int64
}

func (f *file) Len() int64 { return f.size }

type memory []byte

func (m memory) Len() int64 { return int64(len(m)) }

// ReadAt implements io.ReaderAt.
func (m memory) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// view returns bytes from to to of c, which are good until the next call for that depth.
func (x *Search) view(c content, from, to int64, depth int) ([]byte, error) {
	if m, ok := c.(memory); ok {
		return m[from:to], nil
	}
	if x.windows[depth] == nil {
		x.windows[depth] = make([]byte, window+2*margin)
	}
	b := x.windows[depth][:to-from]
	n, err := c.ReadAt(b, from)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:n], err
}

// scan searches c and, as deep as allowed, what is packed in it.
func (x *Search) scan(c content, at place) {
	coded := int64(0) // where the last run of base64 or hex ended
	for pos := int64(0); pos < c.Len(); pos += window {
		from, to := max(0, pos-margin), min(c.Len(), pos+window+margin)
		b, err := x.view(c, from, to, at.depth)
		if err != nil {
			x.problem(at, err)
			return
		}
		// What begins in the margins belongs to the neighbours.
		here := func(i int) bool { return from+int64(i) >= pos && from+int64(i) < pos+window }
		x.set.find(b, func(p *pattern, start, end int) {
			if here(start) {
				x.hit(p, b, start, end, from, at)
			}
		})
		if at.depth < maxDepth {
			x.unpack(c, b, from, here, at)
			coded = x.runs(c, b, from, max(pos, coded), pos+window, at)
		}
	}
	if at.depth < maxDepth {
		x.whole(c, at)
	}
}

func (x *Search) hit(p *pattern, b []byte, start, end int, from int64, at place) {
	c := x.set.name(p, b, start, end)
	h := Hit{Path: at.path, Within: at.within, Offset: from + int64(start), Canary: c.Name, Form: p.form}
	if p.form == "plain" {
		h.Form = x.set.plainForm(c, p, b, start, end)
	}
	if at.depth > 0 {
		h.Offset = at.offset
	}
	x.hits.add(h)
}

// inner searches what came out of something.
func (x *Search) inner(b []byte, at place) {
	x.report.Unpacked += int64(len(b))
	x.scan(memory(b), at)
	if bytes.HasPrefix(b, []byte(databaseHead)) {
		x.packedDatabase(b, at)
	}
}
