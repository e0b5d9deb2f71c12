package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/store"
)

// The bounds of a file, and of one that is looked up and judged in one call: more goes in several.
const (
	mostText    = 1 << 20 // bytes
	mostRows    = 50_000
	mostWords   = "50,000" // the same
	mostAtOnce  = 500
	mostPrinted = 64 << 10 // of the text that the page shows again
)

// The names of the columns. Files of others name them in other ways.
var columns = map[string][]string{
	"relation": {"relation", "link type", "linktype", "type"},
	"first":    {"first", "first end", "from", "source", "outward", "outward issue"},
	"second":   {"second", "second end", "to", "target", "inward", "inward issue"},
}

// row is a line of a file that names a link.
type row struct {
	line                    int
	relation, first, second string // as they are written
}

// parseTable reads the lines of a file: with commas, semicolons or tabs between the columns, quoted or not, with or without a header.
func parseTable(text string) ([]row, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	switch {
	case len(text) > mostText:
		return nil, fmt.Errorf("these are %d KB, and %d can be read at a time. Read it in parts", len(text)>>10, mostText>>10)
	case !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\ufffd"):
		return nil, errors.New("some characters cannot be read. Save the file as UTF-8 and choose it again")
	}
	lines, separator := separated(text)
	r := csv.NewReader(strings.NewReader(lines))
	r.Comma, r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = separator, '#', -1, separator != '\t'
	var out []row
	var at map[string]int
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if problem := (*csv.ParseError)(nil); errors.As(err, &problem) {
			return nil, fmt.Errorf("line %d: a quotation mark is missing, or stands where none can. Correct it and choose the file again", problem.StartLine)
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		for n := range cells {
			cells[n] = plainCell(cells[n])
		}
		if strings.Join(cells, "") == "" {
			continue
		}
		if at == nil {
			header := false
			if at, header, err = columnsOf(cells); err != nil {
				return nil, err
			}
			if header {
				continue
			}
		}
		if len(out) == mostRows {
			return nil, errors.New("there are more than " + mostWords + " links, and so many can be read at a time. Read it in parts")
		}
		cell := func(name string) string {
			if n, ok := at[name]; ok && n < len(cells) {
				return cells[n]
			}
			return ""
		}
		out = append(out, row{line: line, relation: cell("relation"), first: strings.ToUpper(cell("first")), second: strings.ToUpper(cell("second"))})
	}
	return out, nil
}

// separated returns the lines and what separates their columns: what the line sep= of spreadsheets says, which becomes a comment, or whichever
// comes first of those that can in the first line that is no comment.
func separated(text string) (string, rune) {
	first, _, _ := strings.Cut(text, "\n")
	if rest, ok := strings.CutPrefix(strings.TrimRight(first, "\r"), "sep="); ok && (rest == "," || rest == ";" || rest == "\t") {
		return "#" + text, rune(rest[0])
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		quoted := false
		for _, r := range line {
			switch {
			case r == '"':
				quoted = !quoted
			case !quoted && strings.ContainsRune(",;\t", r):
				return text, r
			}
		}
		break
	}
	return text, ','
}

// columnsOf says where a link stands in a line, and whether the first line only names the columns.
func columnsOf(cells []string) (at map[string]int, header bool, err error) {
	at = map[string]int{}
	for name, others := range columns {
		if n := slices.IndexFunc(cells, func(c string) bool { return slices.Contains(others, strings.ToLower(c)) }); n >= 0 {
			at[name] = n
		}
	}
	_, first := at["first"]
	_, second := at["second"]
	switch {
	case first && second:
		return at, true, nil
	case len(cells) >= 2 && names(cells[0]) && names(cells[1]):
		return map[string]int{"first": 0, "second": 1}, false, nil
	}
	return nil, false, errors.New("it is not clear which columns hold the issues. Name them first and second in the first line, or let each line begin with two keys")
}

// names says whether a cell looks like an issue's key or id.
func names(cell string) bool {
	return relations.IsKey(strings.ToUpper(cell)) || store.Validate(store.KindIssue, cell) == nil
}

// plainCell is a cell without the spaces around it, and without what keeps a spreadsheet from reckoning with it.
func plainCell(cell string) string {
	cell = strings.TrimSpace(strings.ReplaceAll(cell, "\u00a0", " "))
	if rest, ok := strings.CutPrefix(cell, "'"); ok && risky(rest) {
		return rest
	}
	return cell
}

// risky says whether a spreadsheet takes a cell for a formula, and what it says might then be done.
func risky(cell string) bool { return cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) }

// formatTable writes lines that [parseTable] and spreadsheets read.
func formatTable(separator rune, lines [][]string, note string) []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff") // or spreadsheets read it in an encoding of their own
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = separator, true
	for _, line := range lines {
		safe := make([]string, len(line))
		for n, cell := range line {
			if risky(cell) {
				cell = "'" + cell
			}
			safe[n] = cell
		}
		_ = w.Write(safe) // to memory
	}
	w.Flush()
	if note != "" {
		b.WriteString("# " + note + "\r\n")
	}
	return b.Bytes()
}
