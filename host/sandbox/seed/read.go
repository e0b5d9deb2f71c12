package seed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
)

// ReadJSON reads a seed: one JSON document, with its issues in the section "issues" at the end of it or as further objects
// behind it, one a line. It returns when the site is read; the issues are read from r as they are asked for, one at a
// time. name is the file's name as the messages give it. The error is [Problems], or that of r.
func ReadJSON(name string, r io.Reader) (*Stream, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if err := skipMark(b); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	j := &jsonReader{name: name, lines: lineReader{r: b}}
	j.dec = json.NewDecoder(&j.lines)
	j.dec.UseNumber() // or it refuses numbers of its own size where no number belongs
	site, err := j.site()
	if err != nil {
		return nil, err
	}
	return &Stream{Site: site, Issues: j.issues}, nil
}

// skipMark skips a byte order mark, which spreadsheets and some editors write.
func skipMark(b *bufio.Reader) error {
	head, err := b.Peek(3)
	if string(head) == "\xef\xbb\xbf" {
		_, err = b.Discard(3)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type jsonReader struct {
	name    string
	lines   lineReader
	dec     *json.Decoder
	section bool // the decoder stands in the section "issues"
}

// site reads up to the issues.
func (j *jsonReader) site() (*Site, error) {
	token, err := j.dec.Token()
	if errors.Is(err, io.EOF) {
		return nil, Problems{j.problem("$", "the file is empty", `write an object in { }, starting with "format": 1`)}
	}
	if err != nil || token != json.Delim('{') {
		return nil, either(j.broken("$", err), j.problem("$", "the file does not begin with an object", `write { "format": 1, … }`))
	}
	site := &Site{origins: map[string]*origin{}}
	var problems Problems
	seen := map[string]bool{}
	for j.dec.More() {
		name, err := j.key()
		if err != nil {
			return nil, err
		}
		if seen[name] {
			problems = append(problems, j.problem("$"+member(name), "stands here a second time", "put everything into the first"))
		}
		seen[name] = true
		if name == "issues" {
			if token, err := j.dec.Token(); err != nil || token != json.Delim('[') {
				return nil, either(j.broken("$.issues", err), j.problem("$.issues", "is not a list", "write a list of issues"))
			}
			j.section = true
			break
		}
		raw, o, err := j.element("$" + member(name))
		if err != nil {
			return nil, err
		}
		if wrong := j.member(site, name, raw, o); wrong != nil {
			problems = append(problems, wrong...)
			continue
		}
		site.origins[name] = o
	}
	if !j.section {
		if _, err := j.dec.Token(); err != nil {
			return nil, j.broken("$", err)
		}
	}
	if !seen["format"] {
		problems = append(problems, j.problem("$", `has no "format" before the issues`, fmt.Sprintf(`begin with "format": %d`, Version)))
	}
	return site, problems.err()
}

// member puts a member of the document into the site.
func (j *jsonReader) member(site *Site, name string, raw []byte, o *origin) Problems {
	sh := siteShape().members[name]
	if sh == nil {
		return Problems{o.problem("", "is not known here", suggest(name, append([]string{"issues"}, siteShape().names...)))}
	}
	var problems Problems
	for _, f := range check(raw, sh) {
		problems = append(problems, o.problem(f.path, f.wrong, f.write))
	}
	if problems != nil {
		return problems
	}
	if err := json.Unmarshal(fmt.Appendf(nil, "{%q:%s}", name, raw), site); err != nil {
		return Problems{o.problem("", err.Error(), "correct it")}
	}
	if name == "format" && site.Format != Version {
		return Problems{o.problem("", fmt.Sprintf("is %d", site.Format), fmt.Sprintf("write %d, the one that is read here", Version))}
	}
	return nil
}

// issues yields what stands in the section "issues", then what follows the document.
func (j *jsonReader) issues(yield func(*Issue, error) bool) {
	if j.section {
		for n := 0; j.dec.More(); n++ {
			if !j.yield("$.issues["+strconv.Itoa(n)+"]", yield) {
				return
			}
		}
		if err := j.endOfDocument(); err != nil {
			yield(nil, err)
			return
		}
		j.section = false
	}
	for j.dec.More() {
		if !j.yield("$", yield) {
			return
		}
	}
	if _, err := j.dec.Token(); !errors.Is(err, io.EOF) {
		yield(nil, j.broken("$", err))
	}
}

func (j *jsonReader) endOfDocument() error {
	if _, err := j.dec.Token(); err != nil { // ]
		return j.broken("$.issues", err)
	}
	if j.dec.More() {
		name, err := j.key()
		if err != nil {
			return err
		}
		return Problems{j.problem("$"+member(name), "stands behind the issues", `move "issues" to the end of the document`)}
	}
	if _, err := j.dec.Token(); err != nil { // }
		return j.broken("$", err)
	}
	return nil
}

// yield reads an issue and hands it on. It returns false at the end.
func (j *jsonReader) yield(path string, yield func(*Issue, error) bool) bool {
	raw, o, err := j.element(path)
	if err != nil {
		yield(nil, err)
		return false
	}
	var problems Problems
	for _, f := range check(raw, issueShape()) {
		problems = append(problems, o.problem(f.path, f.wrong, f.write))
	}
	if problems != nil {
		yield(nil, problems.err())
		return false
	}
	i := &Issue{origin: o}
	if err := json.Unmarshal(raw, i); err != nil {
		yield(nil, Problems{o.problem("", err.Error(), "correct it")})
		return false
	}
	return yield(i, nil)
}

// element reads the value that comes next.
func (j *jsonReader) element(path string) ([]byte, *origin, error) {
	var raw json.RawMessage
	if err := j.dec.Decode(&raw); err != nil {
		return nil, nil, j.broken(path, err)
	}
	o := &origin{file: j.name, path: path, raw: raw}
	o.line = j.lines.at(j.dec.InputOffset() - int64(len(raw)))
	return raw, o, nil
}

func (j *jsonReader) key() (string, error) {
	token, err := j.dec.Token()
	name, ok := token.(string)
	if err != nil || !ok {
		return "", either(j.broken("$", err), j.problem("$", "this is not a name", "write a name in quotes"))
	}
	return name, nil
}

func (j *jsonReader) problem(path, wrong, write string) Problem {
	return Problem{File: j.name, Line: j.lines.at(j.dec.InputOffset()), Path: path, Wrong: wrong, Write: write}
}

// broken makes a problem of what the decoder stumbled over, nil of nil. Errors of the file itself stay what they are.
func (j *jsonReader) broken(path string, err error) error {
	if err == nil {
		return nil
	}
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read %s: %w", j.name, err)
	}
	p := j.problem(path, "the file ends here", "close what was opened")
	// The decoder does not say where; what it has not consumed yet does.
	rest, _ := io.ReadAll(j.dec.Buffered())
	if syntax != nil {
		p.Wrong, p.Write = "this is not JSON: "+syntax.Error(), "correct it here; JSON has no comments and no comma behind the last member"
		if err := json.Unmarshal(bytes.TrimLeft(rest, " \t\r\n,:"), new(json.RawMessage)); !errors.As(err, &syntax) {
			return Problems{p}
		}
		skipped := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,:"))
		rest = rest[:min(len(rest), max(0, int(syntax.Offset)-1)+skipped)]
	}
	p.Line += bytes.Count(rest, []byte("\n"))
	return Problems{p}
}

// either returns the first of the two that is there, the second as [Problems].
func either(err error, p Problem) error {
	if err != nil {
		return err
	}
	return Problems{p}
}

// lineReader counts the lines of what it passes on. The decoder reads ahead, so it keeps where the lines ended that were
// not asked for yet.
type lineReader struct {
	r      io.Reader
	read   int64
	passed int     // lines that ended before what was asked for last
	ends   []int64 // offsets behind further line ends
}

func (l *lineReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.read+int64(i)+1)
		}
	}
	l.read += int64(n)
	return n, err
}

// at returns the line of an offset, which must not be before the one asked for last.
func (l *lineReader) at(offset int64) int {
	n := sort.Search(len(l.ends), func(i int) bool { return l.ends[i] > offset })
	l.passed += n
	l.ends = append(l.ends[:0], l.ends[n:]...)
	return l.passed + 1
}
