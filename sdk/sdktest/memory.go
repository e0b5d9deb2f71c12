package sdktest

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"strings"
	stdsync "sync"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Memory is a source whose rows are in memory: what [ConformSource] expects, to be read beside it, and a source for the tests of
// whoever reads from one. It pages by key, so rows can come and go between two pages. It is safe for concurrent use.
//
// Since: v0.3
type Memory struct {
	mu     stdsync.Mutex
	tables []*Table
}

// Table is a stream of a Memory. Its stream has columns and a key.
//
// Since: v0.3
type Table struct {
	sync.Stream
	Rows [][]sync.Value
}

// NewMemory returns a source of tables. It keeps them; change their rows through [Memory.Change] alone.
//
// Since: v0.3
func NewMemory(tables ...*Table) *Memory { return &Memory{tables: tables} }

// Source returns m as a synchronizer.
//
// Since: v0.3
func (m *Memory) Source() *sync.Source {
	return &sync.Source{
		Discover: sync.DiscoverFunc(m.discover), Read: sync.ReadFunc(m.read), Write: sync.WriteFunc(m.write), Filters: true,
	}
}

// Change calls f, during which nobody reads.
//
// Since: v0.3
func (m *Memory) Change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

func (m *Memory) discover(context.Context, *sync.Discover) (*sync.Catalog, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := &sync.Catalog{Streams: []sync.Stream{}}
	for _, t := range m.tables {
		s := t.Stream
		s.Rows = int64(len(t.Rows))
		out.Streams = append(out.Streams, s)
	}
	return out, nil
}

func (m *Memory) table(name string) (*Table, error) {
	for _, t := range m.tables {
		if t.Name == name {
			return t, nil
		}
	}
	return nil, sync.NoStream(name)
}

// places returns where the named columns are.
func (t *Table) places(names []string) ([]int, error) {
	out := make([]int, len(names))
	for i, name := range names {
		if out[i] = slices.IndexFunc(t.Columns, func(c sync.Column) bool { return c.Name == name }); out[i] < 0 {
			return nil, sync.NoColumn(name)
		}
	}
	return out, nil
}

func (m *Memory) read(_ context.Context, r *sync.Read) (*sync.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.table(r.Stream)
	if err != nil {
		return nil, err
	}
	columns, err := t.places(r.Columns)
	if err != nil {
		return nil, err
	}
	key, err := t.places(orElse(r.Key, t.Key))
	if err != nil {
		return nil, err
	}
	keep, err := t.filter(r.Where)
	if err != nil {
		return nil, err
	}
	var after []sync.Value // the key of the last row of the page before
	if len(r.Cursor) > 0 {
		var list sync.Value
		if rest, err := list.UnmarshalMsg(r.Cursor); err != nil || len(rest) > 0 || len(list.List()) != len(key) {
			return nil, sync.BadCursor()
		}
		after = list.List()
	}
	rows := slices.Clone(t.Rows)
	slices.SortStableFunc(rows, func(a, b []sync.Value) int { return compareRows(pick(a, key), pick(b, key)) })
	page := sync.Fill(r)
	last := after
	for _, row := range rows {
		if after != nil && compareRows(pick(row, key), after) <= 0 || !keep(row) {
			continue
		}
		if !page.Add(pick(row, columns)...) {
			return page.Next(cursorOf(last)), nil
		}
		last = pick(row, key)
	}
	return page.Last(), nil
}

func cursorOf(key []sync.Value) []byte {
	raw, err := sync.List(key...).MarshalMsg(nil)
	if err != nil {
		panic(err) // it was sent as a row
	}
	return raw
}

func orElse(key, own []string) []string {
	if len(key) > 0 {
		return key
	}
	return own
}

func pick(row []sync.Value, places []int) []sync.Value {
	out := make([]sync.Value, len(places))
	for i, p := range places {
		out[i] = row[p]
	}
	return out
}

// filter returns what says whether every condition holds for a row.
func (t *Table) filter(where []sync.Condition) (func(row []sync.Value) bool, error) {
	places := make([]int, len(where))
	for i, c := range where {
		p, err := t.places([]string{c.Column})
		if err != nil {
			return nil, err
		}
		if column := t.Columns[p[0]]; !column.Filterable || !column.Holds(c.Value) {
			return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: c.Column, Message: "the column cannot be compared with that"}
		}
		places[i] = p[0]
	}
	return func(row []sync.Value) bool {
		for i, c := range where {
			if !Holds(c, row[places[i]]) {
				return false
			}
		}
		return true
	}, nil
}

// Holds says whether a condition holds for a value of its column.
//
// Since: v0.3
func Holds(c sync.Condition, v sync.Value) bool {
	if v.Type() != c.Value.Type() {
		return false
	}
	n := Compare(v, c.Value)
	switch c.Is {
	case sync.Equal:
		return n == 0
	case sync.Less:
		return n < 0
	case sync.LessOrEqual:
		return n <= 0
	case sync.Greater:
		return n > 0
	case sync.GreaterOrEqual:
		return n >= 0
	}
	return false
}

// Compare orders two values of one type: numbers and times by what they are, whatever their scale or offset, texts byte by
// byte. Null comes before everything.
//
// Since: v0.3
func Compare(a, b sync.Value) int {
	if a.Type() != b.Type() {
		return strings.Compare(string(a.Type()), string(b.Type()))
	}
	switch a.Type() {
	case sync.IntegerType:
		return cmp.Compare(a.Int(), b.Int())
	case sync.DecimalType:
		x, okX := new(big.Rat).SetString(a.Text())
		y, okY := new(big.Rat).SetString(b.Text())
		if okX && okY {
			return x.Cmp(y)
		}
	case sync.TimeType:
		return a.Time().Compare(b.Time())
	}
	return strings.Compare(a.Text(), b.Text())
}

func compareRows(a, b []sync.Value) int { return slices.CompareFunc(a, b, Compare) }

func (m *Memory) write(_ context.Context, r *sync.Write) (*sync.Written, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.table(r.Stream)
	if err != nil {
		return nil, err
	}
	columns, err := t.places(r.Columns)
	if err != nil {
		return nil, err
	}
	for _, p := range columns {
		if !t.Columns[p].Writable {
			return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: t.Columns[p].Name, Message: "the column cannot be written to"}
		}
	}
	key, err := t.places(orElse(r.Key, t.Key))
	if err != nil {
		return nil, err
	}
	out := &sync.Written{Outcomes: make([]sync.Outcome, len(r.Changes))}
	for i, c := range r.Changes {
		out.Outcomes[i] = t.change(key, columns, c)
	}
	return out, nil
}

func (t *Table) change(key, columns []int, c sync.Change) sync.Outcome {
	for i, p := range columns {
		if column := t.Columns[p]; !column.Holds(c.Values[i]) || c.Values[i].IsNull() && !column.Nullable {
			return sync.Outcome{Code: sdk.Invalid, Message: "the column " + column.Name + " does not hold such a value"}
		}
	}
	at := slices.IndexFunc(t.Rows, func(row []sync.Value) bool { return compareRows(pick(row, key), c.Key) == 0 })
	if at < 0 {
		return sync.Outcome{Code: sdk.NotFound, Message: "there is no row with that key"}
	}
	row := slices.Clone(t.Rows[at]) // readers hold the old one
	for i, p := range columns {
		row[p] = c.Values[i]
	}
	t.Rows[at] = row
	return sync.Outcome{}
}
