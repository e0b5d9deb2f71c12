//go:build !wasip1

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pergola-platform/pergola/sdk/sync"
)

var postgres = engine{
	name: "postgresql", title: "PostgreSQL", port: 5432, version: "SHOW server_version",
	lex:  lexis{quotes: `"`, dollar: true, nested: true},
	open: openPostgres,
	prepare: func(context.Context, *sql.Conn, *target, bool) error {
		return nil
	},
	options: func(readOnly bool) *sql.TxOptions { return &sql.TxOptions{ReadOnly: readOnly} },
	begun: func(ctx context.Context, q querier, t *target, _ bool) error {
		// Within the transaction, so that it holds behind a pooler of connections too.
		_, err := q.ExecContext(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", t.timeout.Milliseconds()))
		return err
	},
	quote: quoteDouble,
	limit: func(sel string, n int) string { return fmt.Sprintf("SELECT %s LIMIT %d", sel, n) },
	param: func(n int, c *column) string {
		if c.cast == "" {
			return fmt.Sprintf("$%d::text", n)
		}
		return fmt.Sprintf("CAST($%d::text AS %s)", n, c.cast)
	},
	tables: postgresTables, look: postgresLook,
	typed: postgresTyped,
	sort:  sortPostgres,
}

func quoteDouble(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func openPostgres(t *target, d *dialer) (*sql.DB, error) {
	// A fixed text, so that nothing of the environment decides; what follows is set as it is and needs no quoting.
	c, err := pgx.ParseConfig("host=localhost sslmode=disable")
	if err != nil {
		return nil, err
	}
	c.Host, c.Port, c.Database, c.User, c.Password = t.host, uint16(t.port), t.database, t.user, t.password
	c.TLSConfig, c.Fallbacks = t.tlsConfig(), nil
	c.RuntimeParams = map[string]string{"application_name": "pergola", "timezone": "UTC", "datestyle": "ISO", "standard_conforming_strings": "on"}
	c.DialFunc = d.DialContext
	c.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // names are the guard's to resolve
	c.DefaultQueryExecMode = pgx.QueryExecModeExec                                                       // one round trip, one statement, nothing kept
	return stdlib.OpenDB(*c), nil
}

// postgresName is the name of a stream: SCHEMA.TABLE, each part in quotes where it needs them.
func postgresName(schema, table string) string { return dotted(schema) + "." + dotted(table) }

func dotted(part string) string {
	if part == "" || strings.ContainsAny(part, `."`) {
		return quoteDouble(part)
	}
	return part
}

// parts takes such a name apart.
func parts(name string) (schema, table string, ok bool) {
	schema, rest, ok := part(name)
	if !ok || !strings.HasPrefix(rest, ".") {
		return "", "", false
	}
	table, rest, ok = part(rest[1:])
	return schema, table, ok && rest == ""
}

func part(s string) (name, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexByte(s, '.')
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], end > 0
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:], true
	}
	return "", "", false
}

// postgresSeen are the relations that this user may read, of schemas that are not the database's own.
const postgresSeen = `FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
	AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp_)'
	AND has_schema_privilege(n.oid, 'USAGE') AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))`

func postgresTables(ctx context.Context, q querier, _ *target, after string, n int) ([]sync.Stream, error) {
	schema, table := "", ""
	if after != "" {
		var ok bool
		if schema, table, ok = parts(after); !ok {
			return nil, sync.BadCursor()
		}
	}
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`SELECT n.nspname::text, c.relname::text, greatest(c.reltuples, 0)::bigint %s
		AND (n.nspname::text COLLATE "C", c.relname::text COLLATE "C") > ($1::text, $2::text)
		ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C" LIMIT %d`, postgresSeen, n), schema, table)
	return streams(rows, err, postgresName)
}

// streams reads rows of a schema, a table and the number of its rows.
func streams(rows *sql.Rows, err error, name func(schema, table string) string) ([]sync.Stream, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []sync.Stream
	for rows.Next() {
		var schema, table string
		var count sql.NullInt64
		if err := rows.Scan(&schema, &table, &count); err != nil {
			return nil, err
		}
		out = append(out, sync.Stream{Name: name(schema, table), Rows: count.Int64})
	}
	return out, rows.Err()
}

func postgresLook(ctx context.Context, q querier, _ *target, stream string) (*relation, error) {
	schema, table, ok := parts(stream)
	if !ok {
		return nil, nil
	}
	var oid int64
	rel := &relation{stream: stream, name: quoteDouble(schema) + "." + quoteDouble(table), unique: true}
	err := q.QueryRowContext(ctx, `SELECT c.oid::bigint, c.relkind IN ('r', 'p'), greatest(c.reltuples, 0)::bigint `+postgresSeen+
		` AND n.nspname = $1::text AND c.relname = $2::text`, schema, table).Scan(&oid, &rel.table, &rel.rows)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := postgresColumns(ctx, q, oid, rel); err != nil {
		return nil, err
	}
	rel.key, err = names(q.QueryContext(ctx, `WITH best AS (
			SELECT i.indexrelid, i.indrelid, i.indkey, i.indnkeyatts FROM pg_catalog.pg_index i
			WHERE i.indrelid = $1::text::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull)
			ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1)
		SELECT a.attname::text FROM best CROSS JOIN LATERAL unnest(best.indkey::int2[]) WITH ORDINALITY k(number, place)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = best.indrelid AND a.attnum = k.number
		WHERE k.place <= best.indnkeyatts ORDER BY k.place`, fmt.Sprint(oid)))
	return rel, err
}

func postgresColumns(ctx context.Context, q querier, oid int64, rel *relation) error {
	rows, err := q.QueryContext(ctx, `SELECT a.attname::text, coalesce(b.typname, t.typname)::text, coalesce(b.typtype, t.typtype)::text,
			format_type(a.atttypid, a.atttypmod), format_type(coalesce(b.oid, t.oid), -1), a.attnotnull, a.attgenerated <> '' OR a.attidentity = 'a'
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
		WHERE a.attrelid = $1::text::oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
		ORDER BY a.attnum`, fmt.Sprint(oid))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, typ, class, native, plain string
		var notNull, made bool
		if err := rows.Scan(&name, &typ, &class, &native, &plain, &notNull, &made); err != nil {
			return err
		}
		m := postgresType(typ, class)
		m.cast = plain // without a length: what is too long has to be refused, and not cut
		rel.columns = append(rel.columns, column{sync.Column{Name: name, Nullable: !notNull, Writable: !made, Native: native}, m})
	}
	return rows.Err()
}

// names reads rows of one text.
func names(rows *sql.Rows, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// postgresTyped finds a type whose name the driver knows, or else its number.
func postgresTyped(ctx context.Context, q querier, name string) (mapping, error) {
	name, class, native := strings.ToLower(name), "", ""
	if oid, err := strconv.ParseUint(name, 10, 32); err == nil {
		if err := q.QueryRowContext(ctx, `SELECT coalesce(b.typname, t.typname)::text, coalesce(b.typtype, t.typtype)::text, format_type(coalesce(b.oid, t.oid), -1)
			FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
			WHERE t.oid = $1::text::oid`, fmt.Sprint(oid)).Scan(&name, &class, &native); err != nil {
			return mapping{}, err
		}
	}
	m := postgresType(name, class)
	m.cast = orDefault(native, name)
	return m, nil
}

// postgresType says what becomes of a type of pg_type; class is its typtype.
func postgresType(name, class string) mapping {
	const asText = "%s::text"
	const calendar = "%s >= '0001-01-01' AND %s < '10000-01-01'" // neither infinity either
	if item, list := strings.CutPrefix(name, "_"); list {
		m := postgresType(item, "")
		switch m.typ {
		case sync.IntegerType, sync.BooleanType, sync.DecimalType:
		default:
			m.typ, m.read = sync.StringType, readString
		}
		return mapping{typ: sync.ListType, of: m.typ, expr: "array_to_json(%s)::text", read: readList(m.read)}
	}
	switch name {
	case "int2", "int4", "int8", "oid":
		return mapping{typ: sync.IntegerType, ordered: true, expr: asBigint(name), read: readInteger}
	case "numeric":
		return mapping{typ: sync.DecimalType, ordered: true, expr: asText, only: fmt.Sprintf("%%s::text !~ '[NI]' AND length(%%s::text) <= %d", sync.MaxDigits), read: readDecimal}
	case "float4", "float8":
		return mapping{typ: sync.DecimalType, ordered: true, expr: asText, only: "%s::text !~ '[NI]'", read: readDecimal}
	case "money": // its text has a currency and points where the server lives
		return mapping{typ: sync.DecimalType, expr: "%s::numeric::text", read: readDecimal}
	case "bool":
		return mapping{typ: sync.BooleanType, ordered: true, read: readBoolean}
	case "date":
		return mapping{typ: sync.DateType, ordered: true, expr: asText, only: calendar, read: readDate}
	case "timestamp":
		return mapping{typ: sync.TimeType, ordered: true, local: true, expr: asText, only: calendar, read: readLocal}
	case "timestamptz":
		return mapping{typ: sync.TimeType, ordered: true, expr: asText, only: calendar, read: readMoment}
	case "bytea":
		return mapping{typ: sync.BytesType, ordered: true, read: readBytes}
	case "text", "varchar", "bpchar", "name", "uuid", "citext", "inet", "cidr", "macaddr", "macaddr8", "time", "timetz", "interval":
		return mapping{typ: sync.StringType, ordered: true, expr: asText, read: readString}
	}
	return mapping{typ: sync.StringType, ordered: class == "e", expr: asText, read: readString} // json, xml, geometry …
}

func asBigint(name string) string {
	if name == "int8" {
		return ""
	}
	return "%s::bigint"
}

// sortPostgres goes by the classes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
func sortPostgres(err error) trouble {
	var e *pgconn.PgError
	if !errors.As(err, &e) || len(e.Code) != 5 {
		return trouble{}
	}
	t := trouble{kind: otherTrouble, code: "SQLSTATE " + e.Code}
	switch {
	case e.Code == "57014":
		t.kind = tooSlow
	case e.Code == "42501":
		t.kind = noPermission
	case e.Code == "25006":
		t.kind = notReadOnly
	case e.Code == "3D000":
		t.kind = noDatabase
	case e.Code == "53300", strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P"):
		t.kind = notNow
	case strings.HasPrefix(e.Code, "28"):
		t.kind = wrongLogin
	case strings.HasPrefix(e.Code, "42"):
		t.kind, t.words = badStatement, e.Message
	case strings.HasPrefix(e.Code, "22"), strings.HasPrefix(e.Code, "23"):
		t.kind = badValue
	}
	return t
}
