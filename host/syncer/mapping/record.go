package mapping

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// Lookup finds what a value names in Jira. An implementation remembers what it found for as long as a run. A Code that is not
// empty says why there is nothing; an error, that it could not be found out.
type Lookup interface {
	// Account returns the id of the account with that mail address or id.
	Account(ctx context.Context, text string) (id string, code Code, err error)
	// AddOption adds a choice to a select field, and returns its id.
	AddOption(ctx context.Context, field, label string) (id string, code Code, err error)
}

// Record is what a row says about its issue.
type Record struct {
	Key    string // canonical: the values of the key columns, so that equal keys are equal texts
	Marker string // text of the column of the mode marker
	Cursor sync.Value
	Type   string // id of the issue type
	// Values are the JSON of fields by id; a field that is to stay as it is, is not there.
	Values map[string]any
	// CreateOnly are those of Values that are written only to new issues.
	CreateOnly map[string]bool
	Status     string          // id; "" leaves it
	Links      map[string]Link // fields that hold the issue of another row
	Back       []Back          // what flows back to the row
	KeyValues  []sync.Value    // of the key columns
	Faults     []Fault
}

// Link names a row of a synchronization by its canonical key.
type Link struct {
	Sync string
	Key  string
}

// Broken says whether the row is not to be written: something about the row as a whole is wrong.
func (r *Record) Broken() bool {
	for _, f := range r.Faults {
		if f.Field == "" || f.Field == "summary" {
			return true
		}
	}
	return false
}

// Key is the canonical key of a row that has the key columns at its front, in their order. It is empty where one of them is.
//
// It is a JSON list of texts. Numbers have one form, so that a column that turns from integer to decimal changes no key.
func Key(values []sync.Value) string {
	texts := make([]string, len(values))
	for i, v := range values {
		text := v.Text()
		switch v.Type() {
		case sync.DecimalType:
			if strings.Contains(text, ".") {
				text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
			}
		case sync.TimeType:
			text = v.Time().UTC().Format("2006-01-02T15:04:05.999999999Z")
		}
		if text == "" {
			return ""
		}
		texts[i] = text
	}
	raw, err := json.Marshal(texts)
	if err != nil {
		return ""
	}
	return string(raw)
}

// Record makes of a row, as long as Columns, what is to be written. untold are the columns of which the source could not tell
// the value. The error is one of looking up; the row's own faults are in the record.
func (m *Mapping) Record(ctx context.Context, row []sync.Value, untold map[int]bool, lookup Lookup) (*Record, error) {
	r := &Record{Values: map[string]any{}, CreateOnly: map[string]bool{}, Links: map[string]Link{}}
	key := make([]sync.Value, len(m.key))
	for i, place := range m.key {
		key[i] = row[place]
	}
	r.KeyValues, r.Back = key, m.backs(row)
	if r.Key = Key(key); r.Key == "" {
		r.Faults = append(r.Faults, Fault{"", KeyEmpty})
		return r, nil
	}
	if m.column >= 0 {
		r.Cursor = row[m.column]
		r.Marker = r.Cursor.Text()
	}
	if r.Type = m.typeOf(row); r.Type == "" {
		r.Faults = append(r.Faults, Fault{"", NoType})
	}
	var named map[string]any
	for i := range m.fields {
		f := &m.fields[i]
		if f.Direction == Out {
			continue
		}
		if f.expr != nil && named == nil {
			named = m.named(row)
		}
		if err := m.put(ctx, r, f, row, named, untold, lookup); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (m *Mapping) typeOf(row []sync.Value) string {
	rule := m.Config.Type
	if m.kind >= 0 {
		if id, ok := rule.Values[row[m.kind].Text()]; ok {
			return id
		}
	}
	return rule.Default
}

func (m *Mapping) named(row []sync.Value) map[string]any {
	out := make(map[string]any, len(m.columns))
	for i, name := range m.columns {
		out[name] = toCEL(row[i])
	}
	return out
}

// put sets one field of the record.
func (m *Mapping) put(ctx context.Context, r *Record, f *field, row []sync.Value, named map[string]any, untold map[int]bool, lookup Lookup) error {
	id := f.id
	if f.column >= 0 && untold[f.column] {
		r.Faults = append(r.Faults, Fault{id, Untold})
		return nil
	}
	v, code := f.value(row, named)
	if code != "" {
		r.Faults = append(r.Faults, Fault{id, code})
		return nil
	}
	if id == "status" {
		r.Status = v.Text()
		return nil
	}
	meta, ok := m.site[r.Type][id]
	if !ok {
		return nil // issues of this type do not have the field
	}
	kind := KindOf(meta)
	if f.CreateOnly {
		r.CreateOnly[id] = true
	}
	if isEmpty(v) {
		if f.OnEmpty == Clear {
			r.Values[id] = kind.empty()
		}
		return nil
	}
	if f.Sync != "" {
		r.Links[id] = Link{f.Sync, linkKey(v)}
		return nil
	}
	out, err := convert(ctx, v, &target{kind: kind, meta: meta, field: f, lookup: lookup})
	var wrong codeError
	switch {
	case errors.As(err, &wrong):
		r.Faults = append(r.Faults, Fault{id, Code(wrong)})
	case err != nil:
		return err
	default:
		r.Values[id] = out
	}
	return nil
}

// linkKey is the key of the row that a value names: a list has a value for each column of that key.
func linkKey(v sync.Value) string {
	if list := v.List(); list != nil {
		return Key(list)
	}
	return Key([]sync.Value{v})
}

func isEmpty(v sync.Value) bool {
	return v.IsNull() || v.Type() == sync.StringType && strings.TrimSpace(v.Text()) == "" || v.Equal(sync.List()) // List would copy it
}

// value is a field's value before it takes the form that Jira wants: the column, the expression, the value map, the default.
func (f *field) value(row []sync.Value, named map[string]any) (sync.Value, Code) {
	var v sync.Value
	if f.column >= 0 {
		v = row[f.column]
	}
	if f.expr != nil {
		var ok bool
		if v, ok = f.expr.eval(named, v); !ok {
			return v, Expression
		}
	}
	if len(f.Values) > 0 && !isEmpty(v) {
		var ok bool
		if v, ok = f.mapped(v); !ok {
			return v, NotMapped
		}
	}
	if isEmpty(v) && f.Default != "" {
		v = sync.String(f.Default)
	}
	return v, ""
}

// mapped replaces a value, or each of a list's, by what the value map has for it.
func (f *field) mapped(v sync.Value) (sync.Value, bool) {
	if list := v.List(); list != nil {
		for i := range list {
			item, ok := f.mapped(list[i])
			if !ok {
				return v, false
			}
			list[i] = item
		}
		return sync.List(list...), true
	}
	if to, ok := f.Values[v.Text()]; ok {
		return sync.String(to), true
	}
	return v, f.Pass
}
