package mapping

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Outgoing are the ids of the fields whose values flow back to the source.
func (m *Mapping) Outgoing() []string {
	var out []string
	for _, f := range m.fields {
		if f.Direction != In {
			out = append(out, f.id)
		}
	}
	return out
}

// Back is a value of a row that an issue may change.
type Back struct {
	Field  string
	Column string
	Now    sync.Value // what the row holds
	// Both says that the row's value comes first where it has changed.
	Both bool
}

// backs are what a row holds where values flow back to.
func (m *Mapping) backs(row []sync.Value) []Back {
	var out []Back
	for _, f := range m.fields {
		if f.Direction != In {
			out = append(out, Back{f.id, f.Column, row[f.column], f.Direction == Both})
		}
	}
	return out
}

// Return makes of a field's value what its column is to hold. A value map is read from right to left, where it can be.
func (m *Mapping) Return(id string, v jira.Value) (sync.Value, Code) {
	i := slices.IndexFunc(m.fields, func(f field) bool { return f.id == id })
	if i < 0 || m.fields[i].column < 0 {
		return sync.Value{}, NotText
	}
	f := m.fields[i]
	text := v.Text
	if v.ID != "" && strings.HasPrefix(string(m.kindOf(id)), string(User)) {
		text = v.ID
	}
	if from, ok := f.unmapped(v); ok {
		text = from
	} else if len(f.Values) > 0 && text != "" && !f.Pass {
		return sync.Value{}, NotMapped
	}
	return returned(m.types[f.column], text)
}

func (m *Mapping) kindOf(id string) Kind {
	for _, fields := range m.site {
		if meta, ok := fields[id]; ok {
			return KindOf(meta)
		}
	}
	return ""
}

// unmapped finds the value that the map replaces by this one. The least of several is taken, so that it is always the same.
func (f *field) unmapped(v jira.Value) (string, bool) {
	best, found := "", false
	for from, to := range f.Values {
		if (to == v.ID && v.ID != "" || to == v.Text) && (!found || from < best) {
			best, found = from, true
		}
	}
	return best, found
}

func returned(t sync.Type, text string) (sync.Value, Code) {
	if text == "" {
		return sync.Value{}, ""
	}
	switch t {
	case sync.StringType:
		return sync.String(text), ""
	case sync.IntegerType:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return sync.Int(n), ""
		}
		return sync.Value{}, NotNumber
	case sync.DecimalType:
		if d := sync.Decimal(text); d.Check() == nil {
			return d, ""
		}
		return sync.Value{}, NotNumber
	case sync.BooleanType:
		if b, err := strconv.ParseBool(text); err == nil {
			return sync.Bool(b), ""
		}
	case sync.DateType:
		if d, err := time.Parse(time.DateOnly, text); err == nil {
			return sync.Date(d.Year(), d.Month(), d.Day()), ""
		}
		return sync.Value{}, NotDate
	case sync.TimeType:
		for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04 MST", "2006-01-02 15:04 -07:00"} { // the latter as host/jira writes them
			if at, err := time.Parse(form, text); err == nil {
				return sync.Time(at), ""
			}
		}
		return sync.Value{}, NotTime
	}
	return sync.Value{}, NotText
}

// Equivalent says whether two values of a row mean the same: a source may tell 12.50 where 12.5 was written.
func Equivalent(a, b sync.Value) bool {
	if isEmpty(a) || isEmpty(b) {
		return isEmpty(a) && isEmpty(b)
	}
	return Key([]sync.Value{a}) == Key([]sync.Value{b})
}
