package issuelist

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// How much of a value is shown: in runes.
const (
	longCell   = 120
	longDetail = 60
)

// column is a field that is shown.
type column struct{ jira.Field }

// chooseColumns are the fields that the look names and the site has, and below a table those that are summed.
func (d *drawing) chooseColumns() []column {
	ids := d.Columns
	if len(ids) == 0 {
		ids = []string{summary, status}
	}
	if d.Style == Table || d.Style == Compact {
		ids = append(slices.Clone(ids), d.Sums...)
	}
	var out []column
	for _, id := range ids {
		at := slices.IndexFunc(d.Known, func(f jira.Field) bool { return f.ID == id })
		if at < 0 || id == key || slices.ContainsFunc(out, func(c column) bool { return c.ID == id }) {
			continue
		}
		out = append(out, column{d.Known[at]})
	}
	return out
}

// numeric says whether a column stands to the right.
func (c column) numeric() bool { return c.Type == "number" }

// spans draws a value: a status as a lozenge, text in one line, cut where it is long.
func spans(v jira.Value, long int) []view.Span {
	if v.Text == "" {
		return nil
	}
	if v.Kind == jira.StatusValue {
		return []view.Span{{Text: v.Text, Lozenge: true, Tone: tone(v)}}
	}
	return []view.Span{{Text: cut(v.Text, long)}}
}

// tone is the colour that Jira gives a status.
func tone(v jira.Value) view.Tone {
	switch v.Category {
	case jira.StatusInProgress:
		return view.Info
	case jira.StatusDone:
		return view.Success
	default:
		return view.Neutral
	}
}

// cut makes one line of a text, at most long runes of it.
func cut(text string, long int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= long {
		return text
	}
	runes := []rune(text)
	return strings.TrimRight(string(runes[:long-1]), " ") + "…"
}
