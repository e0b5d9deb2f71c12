//go:build !wasip1

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// MySQL and MariaDB differ in how a statement is bounded in time.
var (
	mysqlEngine = mysqlLike("mysql", "MySQL", func(ctx context.Context, q querier, t *target) error {
		_, err := q.ExecContext(ctx, fmt.Sprintf("SET SESSION max_execution_time = %d", t.timeout.Milliseconds()))
		return err
	})
	mariadbEngine = mysqlLike("mariadb", "MariaDB", func(ctx context.Context, q querier, t *target) error {
		_, err := q.ExecContext(ctx, fmt.Sprintf("SET SESSION max_statement_time = %.3f", t.timeout.Seconds()))
		return err
	})
)

func mysqlLike(name, title string, bound func(ctx context.Context, q querier, t *target) error) engine {
	return engine{
		name: name, title: title, port: 3306, version: "SELECT VERSION()",
		lex:  lexis{quotes: "\"`", backslash: true, hash: true, bang: true, marks: "?"},
		open: openMySQL,
		prepare: func(ctx context.Context, c *sql.Conn, t *target, _ bool) error {
			err := bound(ctx, connection{c}, t)
			var e *mysql.MySQLError
			if errors.As(err, &e) && e.Number == 1193 { // unknown system variable: it is the other one of the two; the context bounds the call too
				return nil
			}
			return err
		},
		options: func(readOnly bool) *sql.TxOptions { return &sql.TxOptions{ReadOnly: readOnly} },
		begun:   func(context.Context, querier, *target, bool) error { return nil },
		quote:   quoteBacktick,
		limit:   func(sel string, n int) string { return fmt.Sprintf("SELECT %s LIMIT %d", sel, n) },
		param: func(_ int, c *column) string {
			if c.cast == "" {
				return "?"
			}
			return "CAST(? AS " + c.cast + ")"
		},
		tables: mysqlTables, look: mysqlLook,
		typed: plainly(func(name string) mapping {
			name, unsigned := strings.CutPrefix(strings.ToLower(name), "unsigned ")
			return mysqlType(name, "", unsigned)
		}),
		sort: sortMySQL,
	}
}

func quoteBacktick(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// connection makes a querier of a connection.
type connection struct{ *sql.Conn }

func openMySQL(t *target, d *dialer) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName, c.Net, c.Addr = t.user, t.password, t.database, "tcp", net.JoinHostPort(t.host, fmt.Sprint(t.port))
	c.DialFunc = d.DialContext
	c.TLS = t.tlsConfig()
	c.Loc = time.UTC
	c.ClientFoundRows = true // a row that holds the values already was found
	c.AllowNativePasswords, c.CheckConnLiveness = true, true
	c.AllowCleartextPasswords = t.tls == verifyAll || t.tls == verifyCA
	c.MaxAllowedPacket = 64 << 20
	// A mode of our own: how a statement is read must not depend on the server. Parameters come from the form alone.
	c.Params = map[string]string{"time_zone": "'+00:00'", "sql_mode": "'STRICT_ALL_TABLES'"}
	if err := c.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

func mysqlTables(ctx context.Context, q querier, _ *target, after string, n int) ([]sync.Stream, error) {
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`SELECT '', table_name, table_rows FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') AND CAST(table_name AS BINARY) > CAST(? AS BINARY)
		ORDER BY CAST(table_name AS BINARY) LIMIT %d`, n), after)
	return streams(rows, err, func(_, table string) string { return table })
}

func mysqlLook(ctx context.Context, q querier, _ *target, stream string) (*relation, error) {
	rel := &relation{stream: stream, name: quoteBacktick(stream), unique: true}
	var kind string
	var rows sql.NullInt64
	// The name as it is written: some servers take Assets for assets, and then it would be two streams.
	err := q.QueryRowContext(ctx, `SELECT table_type, table_rows FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name = ? AND CAST(table_name AS BINARY) = CAST(? AS BINARY)`, stream, stream).Scan(&kind, &rows)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rel.table, rel.rows = kind != "VIEW", rows.Int64
	if err := mysqlColumns(ctx, q, rel); err != nil {
		return nil, err
	}
	// The primary key, or else the unique index of the fewest columns of which all are there and whole.
	rel.key, err = names(q.QueryContext(ctx, `SELECT s.column_name FROM information_schema.statistics s JOIN (
			SELECT i.index_name FROM information_schema.statistics i
			JOIN information_schema.columns c ON c.table_schema = i.table_schema AND c.table_name = i.table_name AND c.column_name = i.column_name
			WHERE i.table_schema = DATABASE() AND i.table_name = ? AND i.non_unique = 0
			GROUP BY i.index_name HAVING SUM(c.is_nullable = 'YES' OR i.sub_part IS NOT NULL) = 0
			ORDER BY i.index_name <> 'PRIMARY', COUNT(*), i.index_name LIMIT 1) best ON best.index_name = s.index_name
		WHERE s.table_schema = DATABASE() AND s.table_name = ? ORDER BY s.seq_in_index`, stream, stream))
	return rel, err
}

func mysqlColumns(ctx context.Context, q querier, rel *relation) error {
	rows, err := q.QueryContext(ctx, `SELECT column_name, data_type, column_type, is_nullable = 'YES', extra LIKE '%GENERATED%' FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`, rel.stream)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, typ, native string
		var nullable, made bool
		if err := rows.Scan(&name, &typ, &native, &nullable, &made); err != nil {
			return err
		}
		m := mysqlType(strings.ToLower(typ), native, strings.Contains(native, "unsigned"))
		rel.columns = append(rel.columns, column{sync.Column{Name: name, Nullable: nullable, Writable: !made, Native: native}, m})
	}
	return rows.Err()
}

// mysqlType says what becomes of a type; full is the whole of it, "" where only the name is known.
func mysqlType(name, full string, unsigned bool) mapping {
	const calendar = "MONTH(%s) > 0 AND DAY(%s) > 0" // it takes dates that are none
	switch name {
	case "tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year":
		if strings.HasPrefix(full, "tinyint(1)") && !unsigned { // as BOOLEAN is stored
			return mapping{typ: sync.BooleanType, ordered: true, read: readBoolean}
		}
		if name == "bigint" && unsigned { // more than 63 bits
			return mapping{typ: sync.DecimalType, ordered: true, cast: "DECIMAL(20)", read: readDecimal}
		}
		return mapping{typ: sync.IntegerType, ordered: true, read: readInteger}
	case "decimal", "numeric":
		scale := "30"
		if _, behind, ok := strings.Cut(full, ","); ok { // so that 65 digits are enough for any of its values
			scale, _, _ = strings.Cut(behind, ")")
		}
		return mapping{typ: sync.DecimalType, ordered: true, cast: "DECIMAL(65, " + scale + ")", read: readDecimal}
	case "double":
		return mapping{typ: sync.DecimalType, ordered: true, cast: "DOUBLE", read: readDecimal}
	case "float": // whose values compare with nothing that can be written
		return mapping{typ: sync.DecimalType, read: readDecimal}
	case "bit":
		if full == "bit(1)" {
			return mapping{typ: sync.BooleanType, ordered: true, expr: "%s + 0", read: readBoolean}
		}
		return mapping{typ: sync.DecimalType, ordered: true, expr: "%s + 0", cast: "DECIMAL(20)", read: readDecimal}
	case "date":
		return mapping{typ: sync.DateType, ordered: true, cast: "DATE", only: calendar, read: readDate}
	case "datetime":
		return mapping{typ: sync.TimeType, ordered: true, local: true, cast: "DATETIME(6)", only: calendar, read: readLocal}
	case "timestamp": // told in the session's zone, which is UTC
		return mapping{typ: sync.TimeType, ordered: true, cast: "DATETIME(6)", read: readUTC}
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return mapping{typ: sync.BytesType, ordered: strings.HasSuffix(name, "binary"), read: readBytes}
	case "set":
		return mapping{typ: sync.ListType, of: sync.StringType, read: readSet}
	case "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection":
		return mapping{typ: sync.StringType, expr: "ST_AsText(%s)", read: readString}
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "uuid", "inet4", "inet6":
		return mapping{typ: sync.StringType, ordered: true, expr: asChar(name), read: readString}
	case "enum": // which sorts by the number of a word, and compares with words by their letters
		return mapping{typ: sync.StringType, read: readString}
	case "time":
		return mapping{typ: sync.StringType, ordered: true, cast: "TIME(6)", read: readString}
	}
	return mapping{typ: sync.StringType, read: readString} // json …
}

// asChar writes addresses and UUIDs out: some drivers get their bytes.
func asChar(name string) string {
	switch name {
	case "uuid", "inet4", "inet6":
		return "CAST(%s AS CHAR)"
	}
	return ""
}

// readUTC reads a time that is told in UTC without saying so.
func readUTC(v any, t *target) sync.Value {
	s, _ := textOf(v)
	at, err := time.ParseInLocation(time.DateTime, s, time.UTC)
	if err != nil {
		return sync.Untold("this is no time of the calendar")
	}
	return sync.Time(at.In(t.zone))
}

func readSet(v any, _ *target) sync.Value {
	s, _ := textOf(v)
	if s == "" {
		return sync.List()
	}
	var out []sync.Value
	for word := range strings.SplitSeq(s, ",") { // which no word of a set can hold
		out = append(out, sync.String(word))
	}
	return sync.List(out...)
}

// sortMySQL goes by numbers: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
func sortMySQL(err error) trouble {
	if errors.Is(err, mysql.ErrNoTLS) {
		return trouble{kind: noEncryption}
	}
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return trouble{}
	}
	t := trouble{kind: otherTrouble, code: fmt.Sprintf("error %d", e.Number)}
	switch e.Number {
	case 1045, 1698, 1251, 1130, 1862:
		t.kind = wrongLogin
	case 1044: // no access to the database, which is how one that is not there looks to most users
		t.kind = noPermission
	case 1049:
		t.kind = noDatabase
	case 1142, 1143, 1227, 1370:
		t.kind = noPermission
	case 1969, 3024, 1317, 1205:
		t.kind = tooSlow
	case 1040, 1203, 1226, 1053:
		t.kind = notNow
	case 1792, 1290:
		t.kind = notReadOnly
	case 1054, 1060, 1064, 1146, 1149, 1248, 1305:
		t.kind, t.words = badStatement, e.Message
	case 1048, 1062, 1264, 1265, 1292, 1366, 1406, 1451, 1452, 3819, 4025:
		t.kind = badValue
	}
	return t
}
