//go:build !wasip1

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	sqlitedriver "modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"

	"github.com/pergola-platform/pergola/sdk/sync"
)

var sqlite = engine{
	name: "sqlite", title: "SQLite", file: true, version: "SELECT sqlite_version()",
	lex:  lexis{quotes: "\"`", brackets: true, marks: "?:@$"},
	open: openSQLite,
	prepare: func(ctx context.Context, c *sql.Conn, _ *target, readOnly bool) error {
		_, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA query_only = %t", readOnly))
		return err
	},
	options: func(bool) *sql.TxOptions { return nil },
	begun:   func(context.Context, querier, *target, bool) error { return nil },
	quote:   quoteDouble,
	limit:   func(sel string, n int) string { return fmt.Sprintf("SELECT %s LIMIT %d", sel, n) },
	param: func(_ int, c *column) string {
		if c.cast == "" {
			return "?"
		}
		return "CAST(? AS " + c.cast + ")"
	},
	tables: sqliteTables, look: sqliteLook,
	typed: plainly(sqliteType),
	sort:  sortSQLite,
}

// errNoFile is the refusal of a file that is not there, or is none of the folder's.
var errNoFile = errors.New("no such file in the folder")

// openSQLite opens a file below the operator's folder, whatever links there are in it.
func openSQLite(t *target, _ *dialer) (*sql.DB, error) {
	folder, err := filepath.EvalSymlinks(t.folder)
	if err != nil {
		return nil, fmt.Errorf("look for the operator's folder: %w", errNoFile)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open the operator's folder: %w", errNoFile)
	}
	defer func() { _ = root.Close() }()
	name := filepath.FromSlash(t.file)
	info, err := root.Stat(name) // refuses names that lead out of it, links too
	if err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("look for the file: %w", errNoFile)
	}
	whole, err := filepath.EvalSymlinks(filepath.Join(folder, name))
	if inside, ok := strings.CutPrefix(whole, folder+string(filepath.Separator)); err != nil || !ok || !filepath.IsLocal(inside) {
		return nil, fmt.Errorf("look for the file: %w", errNoFile)
	}
	mode := "ro"
	if len(t.writable) > 0 {
		mode = "rw"
	}
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(whole), RawQuery: url.Values{
		"mode": {mode}, "_pragma": {"trusted_schema(0)", fmt.Sprintf("busy_timeout(%d)", t.timeout.Milliseconds())}, "_txlock": {"deferred"},
	}.Encode()}
	return sql.Open("sqlite", address.String())
}

func sqliteTables(ctx context.Context, q querier, _ *target, after string, n int) ([]sync.Stream, error) {
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`SELECT '', name, NULL FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%%' ESCAPE '\'
		AND name > ? COLLATE BINARY ORDER BY name COLLATE BINARY LIMIT %d`, n), after)
	return streams(rows, err, func(_, table string) string { return table })
}

func sqliteLook(ctx context.Context, q querier, _ *target, stream string) (*relation, error) {
	rel := &relation{stream: stream, name: quoteDouble(stream), unique: true}
	var kind string
	err := q.QueryRowContext(ctx, `SELECT type FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ? COLLATE BINARY`, stream).Scan(&kind)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rel.table = kind == "table"
	whole, err := sqliteColumns(ctx, q, rel)
	if err != nil {
		return nil, err
	}
	if whole {
		return rel, nil
	}
	// No primary key whose columns are all there: a unique index may be one.
	rel.key, err = names(q.QueryContext(ctx, `SELECT i.name FROM pragma_index_info((
			SELECT l.name FROM pragma_index_list(?) l WHERE l."unique" AND NOT l.partial AND NOT EXISTS (
				SELECT 1 FROM pragma_index_info(l.name) f LEFT JOIN pragma_table_info(?) c ON c.name = f.name WHERE c."notnull" IS NOT 1)
			ORDER BY l.name LIMIT 1)) i ORDER BY i.seqno`, stream, stream))
	return rel, err
}

// sqliteColumns reads the columns and the primary key; whole says that it can serve as one: outside of WITHOUT ROWID tables and
// INTEGER PRIMARY KEY, SQLite takes rows without a value for it.
func sqliteColumns(ctx context.Context, q querier, rel *relation) (whole bool, err error) {
	rows, err := q.QueryContext(ctx, `SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid`, rel.stream)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	key := map[int]string{}
	whole = true
	for rows.Next() {
		var name, native string
		var notNull bool
		var place, hidden int
		if err := rows.Scan(&name, &native, &notNull, &place, &hidden); err != nil {
			return false, err
		}
		if place > 0 {
			key[place] = name
			whole = whole && (notNull || strings.EqualFold(native, "INTEGER"))
			notNull = notNull || strings.EqualFold(native, "INTEGER")
		}
		rel.columns = append(rel.columns, column{sync.Column{Name: name, Nullable: !notNull, Writable: hidden == 0, Native: strings.ToLower(native)}, sqliteType(native)})
	}
	for place := 1; place <= len(key) && whole; place++ {
		rel.key = append(rel.key, key[place])
	}
	return whole && len(key) > 0, rows.Err()
}

// sqliteType goes by the name of a type, as SQLite does: https://www.sqlite.org/datatype3.html. The plus keeps the driver from making
// times of texts by itself.
func sqliteType(name string) mapping {
	name = strings.ToUpper(name)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(name, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("BOOL"):
		return mapping{typ: sync.BooleanType, ordered: true, expr: "+%s", only: "typeof(%s) = 'integer' AND %s IN (0, 1)", read: readSQLiteBoolean}
	case has("DATETIME", "TIMESTAMP"):
		return mapping{typ: sync.TimeType, local: true, expr: "+%s", read: readSQLiteTime}
	case name == "DATE":
		return mapping{typ: sync.DateType, ordered: true, expr: "+%s", only: "date(%s) IS %s", read: readSQLiteDate}
	case has("INT"):
		return mapping{typ: sync.IntegerType, ordered: true, expr: "+%s", only: "typeof(%s) = 'integer'", read: readSQLiteInteger}
	case has("CHAR", "CLOB", "TEXT", "UUID"):
		return mapping{typ: sync.StringType, ordered: true, expr: "+%s", only: "typeof(%s) = 'text'", read: readSQLiteText}
	case has("BLOB"):
		return mapping{typ: sync.BytesType, ordered: true, expr: "+%s", read: readSQLiteBlob}
	case has("REAL", "FLOA", "DOUBLE", "NUMERIC", "DECIMAL"):
		return mapping{typ: sync.DecimalType, ordered: true, expr: "+%s", cast: "NUMERIC", only: "typeof(%s) IN ('integer', 'real') AND abs(%s) < 9e999", read: readSQLiteNumber}
	}
	return mapping{typ: sync.StringType, expr: "+%s", read: readAny} // nothing is declared: each value is what it is
}

// A column of SQLite may hold anything, whatever it declares. What is of another kind than declared is not bent into it.

func readSQLiteInteger(v any, t *target) sync.Value {
	if _, ok := v.(int64); !ok {
		return otherwise(v)
	}
	return readInteger(v, t)
}

func readSQLiteBoolean(v any, t *target) sync.Value {
	if _, ok := v.(int64); !ok {
		return otherwise(v)
	}
	return readBoolean(v, t)
}

func readSQLiteNumber(v any, t *target) sync.Value {
	if _, isText := textOf(v); isText {
		return otherwise(v)
	}
	return readDecimal(v, t)
}

func readSQLiteText(v any, _ *target) sync.Value {
	s, ok := v.(string)
	if !ok {
		return otherwise(v)
	}
	return sync.String(s)
}

func readSQLiteBlob(v any, _ *target) sync.Value {
	b, ok := v.([]byte)
	if !ok {
		return otherwise(v)
	}
	return sync.Bytes(b)
}

func readSQLiteDate(v any, _ *target) sync.Value {
	s, _ := v.(string)
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return sync.Untold("this is no day of the calendar as SQLite writes them, such as 2026-11-26")
	}
	return dated(at)
}

// readSQLiteTime reads the forms that SQLite's own functions write. A time without an offset is one of the connection's zone.
func readSQLiteTime(v any, t *target) sync.Value {
	if n, ok := v.(int64); ok {
		return sync.Time(time.Unix(n, 0).In(t.zone))
	}
	if zoned := readMoment(v, t); zoned.Type() == sync.TimeType {
		return zoned
	}
	return readLocal(v, t)
}

func readAny(v any, t *target) sync.Value {
	switch v := v.(type) {
	case int64, float64:
		return sync.String(readDecimal(v, t).Text())
	case string:
		return sync.String(v)
	}
	return otherwise(v)
}

func sortSQLite(err error) trouble {
	if errors.Is(err, fs.ErrNotExist) {
		return trouble{kind: noFile}
	}
	var e *sqlitedriver.Error
	if !errors.As(err, &e) {
		return trouble{}
	}
	t := trouble{kind: otherTrouble, code: fmt.Sprintf("code %d", e.Code())}
	switch e.Code() & 0xff {
	case sqlitecode.SQLITE_ERROR:
		t.kind, t.words = badStatement, strings.TrimPrefix(e.Error(), "SQL logic error: ")
	case sqlitecode.SQLITE_BUSY, sqlitecode.SQLITE_LOCKED:
		t.kind = notNow
	case sqlitecode.SQLITE_INTERRUPT:
		t.kind = tooSlow
	case sqlitecode.SQLITE_READONLY:
		t.kind = notReadOnly
	case sqlitecode.SQLITE_CANTOPEN, sqlitecode.SQLITE_NOTADB:
		t.kind = noFile
	case sqlitecode.SQLITE_CONSTRAINT, sqlitecode.SQLITE_MISMATCH:
		t.kind = badValue
	}
	return t
}
