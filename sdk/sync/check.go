package sync

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/sdk"
)

// The rules of the messages that their types cannot say. A Source keeps them, and a host, which trusts no plugin, checks them
// again.

// check refuses a read that no source could answer.
func (r *Read) check() error {
	switch {
	case len(r.Columns) == 0:
		return refuse("columns", "the read names no columns; name at least one")
	case r.Limit < 0 || r.Limit > MaxRows:
		return refuse("limit", fmt.Sprintf("the limit is %d; choose 1 to %d rows", r.Limit, MaxRows))
	case len(r.Cursor) > MaxCursor:
		return BadCursor()
	}
	for _, c := range r.Where {
		switch c.Is {
		case Equal, Less, LessOrEqual, Greater, GreaterOrEqual:
		default:
			return refuse(c.Column, fmt.Sprintf("there is no comparison %.32q", c.Is))
		}
		if t := c.Value.Type(); t == "" || t == BytesType || t == ListType {
			return refuse(c.Column, "a condition compares with a string, a number, a boolean, a date or a time")
		}
	}
	return nil
}

// check refuses a write that no source could carry out.
func (r *Write) check() error {
	switch {
	case len(r.Columns) == 0:
		return refuse("columns", "the write sets no columns; name at least one")
	case len(r.Changes) > MaxRows:
		return refuse("changes", fmt.Sprintf("the write has %d changes, at most %d are allowed; send less at a time", len(r.Changes), MaxRows))
	}
	for i, c := range r.Changes {
		if len(c.Values) != len(r.Columns) || len(c.Key) == 0 || len(r.Key) > 0 && len(c.Key) != len(r.Key) {
			return refuse("changes", fmt.Sprintf("change %d has %d values for %d columns and %d for the key", i, len(c.Values), len(r.Columns), len(c.Key)))
		}
	}
	return nil
}

func refuse(field, message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: field, Message: message}
}

// Check says whether p answers r: the number of rows and of their values, the faults, the cursor, and that reading goes on.
//
// Since: v0.3
func (p *Page) Check(r *Read) error {
	limit := r.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	switch {
	case int64(len(p.Rows)) > limit:
		return fmt.Errorf("the page has %d rows, and %d were asked for", len(p.Rows), limit)
	case len(p.Next) > MaxCursor:
		return fmt.Errorf("the cursor is %d bytes long, at most %d are allowed", len(p.Next), MaxCursor)
	case len(p.Next) > 0 && string(p.Next) == string(r.Cursor):
		return errors.New("the next page would be the same one again: the cursor has not moved")
	}
	for i, row := range p.Rows {
		if len(row) != len(r.Columns) {
			return fmt.Errorf("row %d has %d values, and %d columns were asked for", i, len(row), len(r.Columns))
		}
	}
	for _, f := range p.Faults {
		switch {
		case f.Row < 0 || f.Row >= int64(len(p.Rows)) || f.Column < 0 || f.Column >= int64(len(r.Columns)):
			return fmt.Errorf("a fault is about row %d and column %d, which the page does not have", f.Row, f.Column)
		case !p.Rows[f.Row][f.Column].IsNull():
			return fmt.Errorf("a fault is about row %d and column %d, where there is a value", f.Row, f.Column)
		case f.Message == "":
			return fmt.Errorf("the fault in row %d and column %d does not say why", f.Row, f.Column)
		}
	}
	return nil
}

// Check says whether w answers r.
//
// Since: v0.3
func (w *Written) Check(r *Write) error {
	if len(w.Outcomes) != len(r.Changes) {
		return fmt.Errorf("there are %d outcomes of %d changes", len(w.Outcomes), len(r.Changes))
	}
	for i, o := range w.Outcomes {
		if (o.Code == "") != (o.Message == "") {
			return fmt.Errorf("outcome %d has the code %q and the message %q; it has both or none", i, o.Code, o.Message)
		}
	}
	return nil
}

// Check says whether the streams are ones: names that are there and unique, types that exist, keys that are columns.
//
// Since: v0.3
func (c *Catalog) Check() error {
	seen := map[string]bool{}
	for i := range c.Streams {
		s := &c.Streams[i]
		if s.Name == "" || seen[s.Name] {
			return fmt.Errorf("the stream %q is there twice or has no name", s.Name)
		}
		seen[s.Name] = true
		if err := s.check(); err != nil {
			return fmt.Errorf("stream %q: %w", s.Name, err)
		}
	}
	return nil
}

func (s *Stream) check() error {
	seen := map[string]bool{}
	for _, c := range s.Columns {
		switch {
		case c.Name == "" || seen[c.Name]:
			return fmt.Errorf("the column %q is there twice or has no name", c.Name)
		case !c.Type.known():
			return fmt.Errorf("the column %q has the type %q, which there is not", c.Name, c.Type)
		case c.Type == ListType && (!c.Of.known() || c.Of == ListType):
			return fmt.Errorf("the column %q is a list of %q; say in of what it holds, which is no list", c.Name, c.Of)
		case c.Type != ListType && c.Of != "":
			return fmt.Errorf("the column %q is no list and holds %q", c.Name, c.Of)
		}
		seen[c.Name] = true
	}
	for _, name := range s.Key {
		if len(s.Columns) > 0 && !seen[name] {
			return fmt.Errorf("%q is in the key and no column", name)
		}
	}
	return nil
}

func (t Type) known() bool {
	return t != "" && slices.Contains(typeOf[:], t)
}

// Column returns the column of that name.
//
// Since: v0.3
func (s *Stream) Column(name string) (Column, bool) {
	for _, c := range s.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// Picker returns what makes, of a row with a value for each column of s, one with a value for each of names. The error of a name
// that no column has is that of [NoColumn].
//
// Since: v0.3
func (s *Stream) Picker(names []string) (func(row []Value) []Value, error) {
	places := make([]int, len(names))
	for i, name := range names {
		if places[i] = slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name }); places[i] < 0 {
			return nil, NoColumn(name)
		}
	}
	return func(row []Value) []Value {
		out := make([]Value, len(places))
		for i, p := range places {
			out[i] = row[p]
		}
		return out
	}, nil
}

// Holds says whether v can stand in the column: null can in any.
//
// Since: v0.3
func (c Column) Holds(v Value) bool {
	if v.kind != listKind {
		return v.IsNull() || v.Type() == c.Type
	}
	for _, item := range v.list {
		if !item.IsNull() && item.Type() != c.Of {
			return false
		}
	}
	return c.Type == ListType
}
