package issuelist

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

// sum adds up a field's numbers over all issues that the user may see, whatever page is shown; false where none has one.
func sum(issues []jira.Issue, field string) (string, bool) {
	total, decimals, some := 0.0, 0, false
	for i := range issues {
		v := issues[i].Fields[field]
		if v.Kind != jira.NumberValue {
			continue
		}
		n, err := strconv.ParseFloat(v.Text, 64)
		if err != nil {
			continue
		}
		total, some = total+n, true
		if _, fraction, ok := strings.Cut(v.Text, "."); ok {
			decimals = max(decimals, len(fraction))
		}
	}
	if math.Abs(total) >= 1e15 {
		return strconv.FormatFloat(total, 'g', -1, 64), some // where a float does not count by ones any more
	}
	text := strconv.FormatFloat(total, 'f', min(decimals, 12), 64) // as exact as the numbers are: 0.1 and 0.2 is 0.3
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	return text, some
}

// sums are the fields to be summed that the site has, and that hold numbers here.
func (d *drawing) sums() []column {
	var out []column
	for _, id := range d.Sums {
		at := slices.IndexFunc(d.Known, func(f jira.Field) bool { return f.ID == id })
		if at < 0 {
			continue
		}
		if _, ok := sum(d.Issues, id); ok {
			out = append(out, column{d.Known[at]})
		}
	}
	return out
}

// sumLine says the sums where there is no table with columns to put them under.
func (d *drawing) sumLine() *view.Block {
	if d.Style == Table || d.Style == Compact {
		return nil
	}
	var spans []view.Span
	for _, c := range d.sums() {
		text, _ := sum(d.Issues, c.ID)
		if len(spans) > 0 {
			spans = append(spans, view.Span{Text: " · "})
		}
		spans = append(spans, view.Span{Text: "Sum of " + c.Name + ": "}, view.Span{Text: text, Strong: true})
	}
	if spans == nil {
		return nil
	}
	return &view.Block{Text: &view.Text{Spans: spans}}
}
