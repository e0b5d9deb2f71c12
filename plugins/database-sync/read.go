//go:build !wasip1

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// read returns a page: it asks for the rows behind the key of the last one, so no page costs more than another, and takes from
// the database only what goes into the page.
func (s *source) read(ctx context.Context, r *sync.Read) (*sync.Page, error) {
	d, err := s.connect(r.Config)
	if err != nil {
		return nil, err
	}
	defer d.release()
	var page *sync.Page
	err = d.reading(ctx, func(ctx context.Context, q querier) error {
		rel, err := d.relation(ctx, q, r.Stream)
		if err != nil {
			return err
		}
		w, err := plan(d.target, rel, r)
		if err != nil {
			return err
		}
		if len(r.Cursor) == 0 {
			if err := w.keyIsOne(ctx, q); err != nil {
				return err
			}
		}
		page, err = w.page(ctx, q, r)
		return err
	})
	if err != nil {
		d.forget(r.Stream)
		return nil, d.failure(err)
	}
	return page, nil
}

// walk is a way through a relation by a key.
type walk struct {
	target *target
	rel    *relation
	wanted []*column
	key    []*column
	names  []string // of the key
	where  []string
	args   []any
}

// plan works out the columns, the key and the conditions of a read.
func plan(t *target, rel *relation, r *sync.Read) (*walk, error) {
	w := &walk{target: t, rel: rel, names: orKey(r.Key, rel.key)}
	for _, name := range r.Columns {
		c, err := rel.column(name)
		if err != nil {
			return nil, err
		}
		w.wanted = append(w.wanted, c)
	}
	if len(w.names) == 0 {
		return nil, sdk.Errorf(sdk.Invalid, "the table or view has no key; choose the columns that tell its rows apart")
	}
	for _, name := range w.names {
		c, err := rel.column(name)
		if err != nil {
			return nil, err
		}
		if !c.ordered {
			return nil, refused(name, "a column of this type cannot be part of the key; choose another one")
		}
		w.key = append(w.key, c)
	}
	for _, c := range r.Where {
		if err := w.condition(c); err != nil {
			return nil, err
		}
	}
	if len(r.Cursor) > 0 {
		after, err := readCursor(r.Cursor, rel.stream, w.names)
		if err != nil {
			return nil, err
		}
		if err := w.behind(after); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func orKey(chosen, own []string) []string {
	if len(chosen) > 0 {
		return chosen
	}
	return own
}

func refused(field, message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: field, Message: message}
}

var operators = map[sync.Comparison]string{sync.Equal: "=", sync.Less: "<", sync.LessOrEqual: "<=", sync.Greater: ">", sync.GreaterOrEqual: ">="}

func (w *walk) condition(c sync.Condition) error {
	column, err := w.rel.column(c.Column)
	if err != nil {
		return err
	}
	if !column.ordered || column.typ != c.Value.Type() || operators[c.Is] == "" {
		return refused(c.Column, fmt.Sprintf("the column holds %s and cannot be compared with %s", column.typ, c.Value.Type()))
	}
	w.where = append(w.where, w.compare(column, operators[c.Is], c.Value))
	if column.only != "" {
		w.where = append(w.where, strings.ReplaceAll(column.only, "%s", w.named(column)))
	}
	return nil
}

// compare is a comparison with a value, which becomes an argument.
func (w *walk) compare(c *column, operator string, v sync.Value) string {
	w.args = append(w.args, argument(v, c, w.target))
	return w.named(c) + " " + operator + " " + w.target.engine.param(len(w.args), c)
}

// named is a column as a statement names it.
func (w *walk) named(c *column) string {
	return w.target.engine.quote(alias) + "." + w.target.engine.quote(c.Name)
}

// behind keeps the rows behind a key. For a key of a and b that is a >= x AND (a > x OR (a = x AND b > y)): an index serves the first
// part, whatever the planner makes of the second.
func (w *walk) behind(after []sync.Value) error {
	for i, v := range after {
		if v.Type() != w.key[i].typ {
			return sync.BadCursor()
		}
	}
	if len(after) > 1 {
		w.where = append(w.where, w.compare(w.key[0], ">=", after[0]))
	}
	var build func(i int) string
	build = func(i int) string {
		greater := w.compare(w.key[i], ">", after[i])
		if i == len(after)-1 {
			return greater
		}
		equal := w.compare(w.key[i], "=", after[i])
		return "(" + greater + " OR (" + equal + " AND " + build(i+1) + "))"
	}
	w.where = append(w.where, build(0))
	return nil
}

// keyIsOne refuses a key that an admin chose and that is none: rows without it, or two with the same, would be lost
// between pages without anybody noticing.
func (w *walk) keyIsOne(ctx context.Context, q querier) error {
	if w.rel.unique && slices.Equal(w.names, w.rel.key) {
		return nil
	}
	var names, nulls []string
	for _, c := range w.key {
		names = append(names, w.named(c))
		if c.Nullable {
			nulls = append(nulls, w.named(c)+" IS NULL")
		}
	}
	list := strings.Join(names, ", ")
	if len(nulls) > 0 {
		found, err := w.any(ctx, q, "1 AS found FROM "+w.rel.from(w.target.engine)+" WHERE "+strings.Join(nulls, " OR "))
		if err != nil || found {
			return orRefused(err, w.names[0], "there are rows in which a column of the key is empty; choose columns that always hold something")
		}
	}
	found, err := w.any(ctx, q, "1 AS found FROM "+w.rel.from(w.target.engine)+" GROUP BY "+list+" HAVING COUNT(*) > 1")
	if err != nil || found {
		return orRefused(err, w.names[0], "there are rows with the same key; choose columns that tell all rows apart")
	}
	return nil
}

func orRefused(err error, field, message string) error {
	if err != nil {
		return err
	}
	return refused(field, message)
}

func (w *walk) any(ctx context.Context, q querier, sel string) (bool, error) {
	var found int
	err := q.QueryRowContext(ctx, w.target.engine.limit(sel, 1)).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// statement returns the SELECT for n rows: the wanted columns, and behind them those of the key.
func (w *walk) statement(n int) string {
	var b strings.Builder
	for i, c := range slices.Concat(w.wanted, w.key) {
		if i > 0 {
			b.WriteString(", ")
		}
		name := w.named(c)
		if c.expr != "" {
			name = strings.ReplaceAll(c.expr, "%s", name)
		}
		fmt.Fprintf(&b, "%s AS %s", name, w.target.engine.quote(fmt.Sprintf("c%d", i)))
	}
	b.WriteString(" FROM " + w.rel.from(w.target.engine))
	if len(w.where) > 0 {
		b.WriteString(" WHERE " + strings.Join(w.where, " AND "))
	}
	b.WriteString(" ORDER BY ")
	for i, c := range w.key {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(w.named(c))
	}
	return w.target.engine.limit(b.String(), n)
}

// page reads as many rows as go into a page, and one more to know whether there is another page.
func (w *walk) page(ctx context.Context, q querier, r *sync.Read) (*sync.Page, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before the rows are closed, which else would wait for all of them
	rows, err := q.QueryContext(ctx, w.statement(int(r.Limit)+1), w.args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns := slices.Concat(w.wanted, w.key)
	raw, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range raw {
		into[i] = &raw[i]
	}
	page := sync.Fill(r)
	row := make([]sync.Value, len(columns))
	var last []sync.Value
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, c := range columns {
			row[i] = sync.Value{}
			if raw[i] != nil {
				row[i] = c.read(raw[i], w.target)
			}
		}
		if !page.Add(row[:len(w.wanted)]...) {
			if !page.Full() {
				cancel() // rows that are large: the rest of them is not worth waiting for
			}
			return w.next(page, last)
		}
		last = slices.Clone(row[len(w.wanted):])
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return page.Last(), nil
}

func (w *walk) next(page *sync.Filler, last []sync.Value) (*sync.Page, error) {
	for i, v := range last {
		if v.Type() != w.key[i].typ {
			return nil, refused(w.names[i], "a value of the key cannot be told exactly; choose other columns for the key")
		}
	}
	cursor, err := writeCursor(w.rel.stream, w.names, last)
	if err != nil || len(cursor) > sync.MaxCursor {
		return nil, refused(w.names[0], "a value of the key is too long; choose other columns for the key")
	}
	return page.Next(cursor), nil
}
