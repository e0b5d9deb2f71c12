//go:build !wasip1

package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// engine is a kind of database: all in which it differs from the others.
type engine struct {
	name, title string
	port        int
	file        bool   // whether it is a file, and no server
	version     string // a query for it
	lex         lexis

	open func(t *target, d *dialer) (*sql.DB, error)
	// prepare is called before a transaction, begun at its start.
	prepare func(ctx context.Context, c *sql.Conn, t *target, readOnly bool) error
	options func(readOnly bool) *sql.TxOptions
	begun   func(ctx context.Context, q querier, t *target, readOnly bool) error

	quote func(name string) string
	// limit makes a SELECT of what stands behind that word, for at most n rows.
	limit func(sel string, n int) string
	// param is the n-th parameter of a statement, from 1, to be compared with or put into a column.
	param func(n int, c *column) string

	// tables lists the tables and views behind a name, in the order of their names, at most n.
	tables func(ctx context.Context, q querier, t *target, after string, n int) ([]sync.Stream, error)
	// look finds a table or view; nil where it is not there.
	look func(ctx context.Context, q querier, t *target, stream string) (*relation, error)
	// typed says what to make of a type, as the driver calls it of a column of a query.
	typed func(ctx context.Context, q querier, name string) (mapping, error)
	// sort says what kind of failure an error of the database is.
	sort func(err error) trouble
}

var engines = map[string]*engine{"postgresql": &postgres, "mysql": &mysqlEngine, "mariadb": &mariadbEngine, "sqlserver": &sqlserver, "oracle": &oracle, "sqlite": &sqlite}

func engineNames() []string { return sorted(engines) }

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// mapping is what becomes of a type of a database.
type mapping struct {
	typ, of sync.Type
	// expr is what is selected in place of the column, with %s for its quoted name; "" means the column itself.
	expr string
	// cast is the type to which a parameter is turned; "" leaves it to the database.
	cast string
	// local says that a time has no zone, and is one of the connection's.
	local bool
	// ordered says that the column can be compared and sorted by.
	ordered bool
	// only is what holds, of %s, for the values that read can tell: where a column may hold others too, they compare with nothing.
	only string
	// read makes a value of what the driver delivers, which is not nil.
	read func(v any, t *target) sync.Value
}

// column is a column of a relation.
type column struct {
	sync.Column
	mapping
}

// plainly makes a typed of a function of names.
func plainly(f func(name string) mapping) func(context.Context, querier, string) (mapping, error) {
	return func(_ context.Context, _ querier, name string) (mapping, error) { return f(name), nil }
}

// relation is a table, a view or the query.
type relation struct {
	stream  string
	name    string // quoted
	columns []column
	key     []string
	unique  bool // whether the database itself promises that the key is one
	table   bool // whether it can be written to
	rows    int64
}

func (r *relation) column(name string) (*column, error) {
	for i := range r.columns {
		if r.columns[i].Name == name {
			return &r.columns[i], nil
		}
	}
	return nil, sync.NoColumn(name)
}

// alias is what a relation is called in a statement, so that no column is taken for one that the statement itself makes.
const alias = "q"

func (r *relation) from(e *engine) string { return r.name + " " + e.quote(alias) }

// described is the relation as hosts see it.
func (r *relation) described(t *target) sync.Stream {
	s := sync.Stream{Name: r.stream, Key: r.key, Rows: r.rows}
	for _, c := range r.columns {
		out := c.Column
		out.Type, out.Of, out.Filterable = c.typ, c.of, c.ordered && c.typ != sync.BytesType && c.typ != sync.ListType
		out.Writable = r.writable(t, &c)
		s.Columns = append(s.Columns, out)
	}
	return s
}

// writable says whether an admin opened a column for writing. What tells rows apart is never written.
func (r *relation) writable(t *target, c *column) bool {
	return r.table && c.Writable && c.typ != sync.ListType && !slices.Contains(r.key, c.Name) &&
		(slices.Contains(t.writable, c.Name) || slices.Contains(t.writable, r.stream+"."+c.Name))
}

// queryStream is the stream of the connection's own query.
const queryStream = "query"

// look finds a stream.
func (d *database) look(ctx context.Context, q querier, stream string) (*relation, error) {
	if stream == queryStream && d.query != "" {
		return d.lookQuery(ctx, q)
	}
	rel, err := d.engine.look(ctx, q, d.target, stream)
	if err == nil && rel == nil {
		err = sync.NoStream(stream)
	}
	return rel, err
}

// lookQuery asks the database what columns the query has. The query stands in parentheses as a table does, so the database itself finds out
// whether it is a single SELECT.
func (d *database) lookQuery(ctx context.Context, q querier) (*relation, error) {
	rel := &relation{stream: queryStream, name: "(" + d.query + "\n)", key: d.queryKey}
	rows, err := q.QueryContext(ctx, "SELECT * FROM "+rel.from(d.engine)+" WHERE 1 = 0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, typ := range types {
		m, err := d.engine.typed(ctx, q, typ.DatabaseTypeName())
		if err != nil {
			return nil, err
		}
		native := strings.ToLower(typ.DatabaseTypeName())
		if _, err := strconv.Atoi(native); err == nil { // a number that only this database knows
			native = m.cast
		}
		rel.columns = append(rel.columns, column{sync.Column{Name: typ.Name(), Nullable: true, Native: native}, m})
	}
	return rel, nil
}
