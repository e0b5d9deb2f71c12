package sync

import (
	"bytes"
	"slices"

	"github.com/pergola-platform/pergola/sdk"
)

// Page pages through rows that are all at hand, each with a value for every column of s: for sources that are small or can only
// be had as a whole. It goes by s.Key, so rows may come and go between two pages; their order is nobody's. A row without a key
// and a key that is there twice are refused. r.Where is not obeyed.
//
// Since: v0.3
func (s *Stream) Page(r *Read, rows [][]Value) (*Page, error) {
	if r.Stream != s.Name {
		return nil, NoStream(r.Stream)
	}
	pick, err := s.Picker(r.Columns)
	if err != nil {
		return nil, err
	}
	names := s.Key
	if len(r.Key) > 0 {
		names = r.Key
	}
	keyed, err := s.byKey(names, rows)
	if err != nil {
		return nil, err
	}
	at := 0
	if len(r.Cursor) > 0 {
		if !s.isKey(names, r.Cursor) {
			return nil, BadCursor()
		}
		var found bool
		if at, found = slices.BinarySearchFunc(keyed, r.Cursor, func(k keyedRow, c []byte) int { return bytes.Compare(k.key, c) }); found {
			at++
		}
	}
	page := Fill(r)
	for ; at < len(keyed); at++ {
		if !page.Add(pick(keyed[at].row)...) {
			return page.Next(keyed[at-1].key), nil
		}
	}
	return page.Last(), nil
}

type keyedRow struct {
	key []byte // encoded, which is an order as good as any
	row []Value
}

func (s *Stream) byKey(names []string, rows [][]Value) ([]keyedRow, error) {
	pick, err := s.Picker(names)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, refuse("key", "the stream has no key; choose the columns that tell its rows apart")
	}
	out := make([]keyedRow, len(rows))
	for i, row := range rows {
		key := pick(row)
		if slices.ContainsFunc(key, Value.IsNull) {
			return nil, refuse(names[0], "there is a row without a key; every row needs one")
		}
		raw, err := List(key...).MarshalMsg(nil)
		if err != nil || len(raw) > MaxCursor {
			return nil, refuse(names[0], "there is a row whose key is too long or cannot be told; choose other columns for the key")
		}
		out[i] = keyedRow{raw, row}
	}
	slices.SortFunc(out, func(a, b keyedRow) int { return bytes.Compare(a.key, b.key) })
	for i := 1; i < len(out); i++ {
		if bytes.Equal(out[i-1].key, out[i].key) {
			return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: names[0], Message: "two rows have the same key; each needs one of its own"}
		}
	}
	return out, nil
}

// isKey says whether a cursor is a key of these columns.
func (s *Stream) isKey(names []string, cursor []byte) bool {
	var list Value
	if rest, err := list.UnmarshalMsg(cursor); err != nil || len(rest) > 0 || len(list.list) != len(names) {
		return false
	}
	for i, name := range names {
		if c, _ := s.Column(name); list.list[i].IsNull() || !c.Holds(list.list[i]) {
			return false
		}
	}
	return true
}
