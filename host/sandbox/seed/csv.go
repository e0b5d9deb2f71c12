package seed

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// ReadCSV reads issues as Jira's own export writes them: a header, then an issue a row; columns that hold several values
// stand several times. What the rows name and base does not have is added to a copy of it: projects, types, people, fields.
// A nil base is an empty site. Links and parents that lead out of the file are left out, and so are attachments, of which
// an export holds only addresses.
//
// The file is read twice, and the rows are read from r as the issues are asked for. name is the file's name as the
// messages give it. The error is [Problems], or that of r.
func ReadCSV(name string, r io.ReadSeeker, base *Site) (*Stream, error) {
	f := &csvFile{name: name, r: r}
	if err := f.open(); err != nil {
		return nil, err
	}
	if base == nil {
		base = &Site{Format: Version}
	}
	l, err := learn(f, base)
	if err != nil {
		return nil, err
	}
	return &Stream{Site: l.site, Issues: l.issues}, nil
}

type csvFile struct {
	name    string
	r       io.ReadSeeker
	comma   rune
	hint    bool // the first line is Excel's sep=;
	columns []column
}

// row is a record of the file.
type row struct {
	line  int
	cells []string
}

// open finds the delimiter and reads the header.
func (f *csvFile) open() error {
	b, err := f.start()
	if err != nil {
		return err
	}
	head, err := b.Peek(b.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", f.name, err)
	}
	if len(head) > 1 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff) {
		return f.problem(1, "header", "the file is UTF-16", "save it as UTF-8")
	}
	if rest, ok := strings.CutPrefix(string(head), "sep="); ok && rest != "" {
		f.comma, f.hint = rune(rest[0]), true
	} else {
		f.comma = delimiter(string(head))
	}
	for r, err := range f.records() {
		if err != nil {
			return err
		}
		return f.header(r)
	}
	return f.problem(1, "header", "the file is empty", `write a header such as "Issue key,Issue Type,Summary" and a row for each issue`)
}

// start returns the file from its first byte, without a byte order mark.
func (f *csvFile) start() (*bufio.Reader, error) {
	if _, err := f.r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.name, err)
	}
	b := bufio.NewReaderSize(f.r, 64<<10)
	if err := skipMark(b); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.name, err)
	}
	return b, nil
}

// delimiter returns what stands most often between the header's names.
func delimiter(head string) rune {
	counts, in := map[rune]int{}, false
	for _, c := range head {
		if c == '"' {
			in = !in
		}
		if c == '\n' && !in {
			break
		}
		if !in {
			counts[c]++
		}
	}
	best := ','
	for _, c := range ";\t|" {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// records yields the header and the rows.
func (f *csvFile) records() func(yield func(row, error) bool) {
	return func(yield func(row, error) bool) {
		b, err := f.start()
		if err != nil {
			yield(row{}, err)
			return
		}
		above := 0
		if f.hint {
			_, _ = b.ReadString('\n')
			above = 1
		}
		if !usable(f.comma) {
			yield(row{}, f.problem(1, "header", fmt.Sprintf("%q does not part columns", f.comma), "use a comma, a semicolon, a tab or |"))
			return
		}
		c := csv.NewReader(b)
		c.Comma, c.FieldsPerRecord, c.ReuseRecord = f.comma, -1, false
		for {
			cells, err := c.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			var parse *csv.ParseError
			if errors.As(err, &parse) {
				where := fmt.Sprintf("character %d", parse.Column)
				if parse.StartLine != parse.Line { // a quote that nobody closed: the end of the file helps nobody
					where = "row"
				}
				yield(row{}, f.problem(parse.StartLine+above, where, "the quotes do not match: "+parse.Err.Error(), `put text with quotes, delimiters or line ends into quotes and write each quote in it twice`))
				return
			}
			if err != nil {
				yield(row{}, fmt.Errorf("read %s: %w", f.name, err))
				return
			}
			line, _ := c.FieldPos(0)
			r := row{line: line + above, cells: cells}
			for n, cell := range cells {
				if !utf8.ValidString(cell) {
					yield(r, f.problem(r.line, fmt.Sprintf("column %d", n+1), "holds bytes that are not UTF-8", "save the file as UTF-8"))
					return
				}
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func usable(comma rune) bool { return strings.ContainsRune(",;\t|", comma) }

// rows yields what stands below the header, without empty lines.
func (f *csvFile) rows() func(yield func(row, error) bool) {
	return func(yield func(row, error) bool) {
		first := true
		for r, err := range f.records() {
			switch {
			case err == nil && first:
				first = false
				continue
			case err == nil && strings.Join(r.cells, "") == "":
				continue
			case err == nil && len(r.cells) > len(f.columns):
				err = f.problem(r.line, fmt.Sprintf("column %d", len(f.columns)+1), fmt.Sprintf("the row has %d cells and the header %d", len(r.cells), len(f.columns)), "add a column to the header, or put text with the delimiter in it into quotes")
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (f *csvFile) problem(line int, path, wrong, write string) error {
	return Problems{{File: f.name, Line: line, Path: path, Wrong: wrong, Write: write}}
}
