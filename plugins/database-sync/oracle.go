//go:build !wasip1

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	goora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/network"

	"github.com/pergola-platform/pergola/sdk/sync"
)

var oracle = engine{
	name: "oracle", title: "Oracle", port: 1521, version: "SELECT version FROM product_component_version WHERE ROWNUM = 1",
	lex:  lexis{quotes: `"`, q: true, marks: ":"},
	open: openOracle,
	prepare: func(ctx context.Context, c *sql.Conn, _ *target, _ bool) error {
		// Texts of times and numbers have one form, whatever the user's country.
		_, err := c.ExecContext(ctx, `ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,' NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS'
			NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF9' NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM' NLS_SORT = 'BINARY' NLS_COMP = 'BINARY' TIME_ZONE = '+00:00'`)
		return err
	},
	options: func(bool) *sql.TxOptions { return nil },
	begun: func(ctx context.Context, q querier, _ *target, readOnly bool) error {
		if !readOnly {
			return nil
		}
		_, err := q.ExecContext(ctx, "SET TRANSACTION READ ONLY")
		return err
	},
	quote: quoteDouble,
	limit: func(sel string, n int) string {
		return fmt.Sprintf("SELECT * FROM (SELECT %s) WHERE ROWNUM <= %d", sel, n)
	},
	param: func(n int, c *column) string {
		if c.cast == "" {
			return fmt.Sprintf(":%d", n)
		}
		return fmt.Sprintf(c.cast, n)
	},
	tables: oracleTables, look: oracleLook,
	typed: plainly(func(name string) mapping { return oracleType(strings.ToUpper(name)) }),
	sort:  sortOracle,
}

func openOracle(t *target, d *dialer) (*sql.DB, error) {
	options := map[string]string{"TIMEOUT": fmt.Sprintf("%.0f", t.timeout.Seconds()), "LOB FETCH": "POST"}
	if t.tls != noTLS {
		options["SSL"], options["SSL VERIFY"] = "enable", "true"
	}
	connector, ok := goora.NewConnector(goora.BuildUrl(t.host, t.port, t.database, t.user, t.password, options)).(*goora.OracleConnector)
	if !ok {
		return nil, errors.New("the driver for Oracle has changed")
	}
	connector.Dialer(d)
	if c := t.tlsConfig(); c != nil {
		connector.WithTLSConfig(c)
	}
	return sql.OpenDB(connector), nil
}

// oracleSeen are the tables and views that this user may read, of schemas that are not Oracle's own.
const oracleSeen = `FROM all_objects o JOIN all_users u ON u.username = o.owner LEFT JOIN all_tables t ON t.owner = o.owner AND t.table_name = o.object_name
	WHERE o.object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW') AND u.oracle_maintained = 'N' AND o.object_name NOT LIKE 'BIN$%'`

func oracleTables(ctx context.Context, q querier, _ *target, after string, n int) ([]sync.Stream, error) {
	schema, table := " ", " " // an empty text is null here
	if after != "" {
		var ok bool
		if schema, table, ok = parts(after); !ok {
			return nil, sync.BadCursor()
		}
	}
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`SELECT * FROM (SELECT DISTINCT o.owner, o.object_name, t.num_rows %s
		AND (o.owner > :1 OR (o.owner = :2 AND o.object_name > :3)) ORDER BY o.owner, o.object_name) WHERE ROWNUM <= %d`, oracleSeen, n), schema, schema, table)
	return streams(rows, err, postgresName)
}

func oracleLook(ctx context.Context, q querier, _ *target, stream string) (*relation, error) {
	schema, table, ok := parts(stream)
	if !ok {
		return nil, nil
	}
	rel := &relation{stream: stream, name: quoteDouble(schema) + "." + quoteDouble(table), unique: true}
	var tables int
	var count sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*), MAX(t.num_rows) `+oracleSeen+` AND o.owner = :1 AND o.object_name = :2`, schema, table).Scan(&tables, &count)
	if err != nil || tables == 0 {
		return nil, err
	}
	rel.rows = count.Int64
	if err := oracleColumns(ctx, q, schema, table, rel); err != nil {
		return nil, err
	}
	rel.key, err = names(q.QueryContext(ctx, `SELECT c.column_name FROM all_constraints k JOIN all_cons_columns c ON c.owner = k.owner AND c.constraint_name = k.constraint_name
		WHERE k.owner = :1 AND k.table_name = :2 AND k.constraint_type = 'P' AND k.status = 'ENABLED' ORDER BY c.position`, schema, table))
	rel.table = len(rel.key) > 0 // a view has no key that is enabled
	return rel, err
}

func oracleColumns(ctx context.Context, q querier, schema, table string, rel *relation) error {
	rows, err := q.QueryContext(ctx, `SELECT column_name, data_type, nullable, virtual_column FROM all_tab_cols
		WHERE owner = :1 AND table_name = :2 AND hidden_column = 'NO' ORDER BY column_id`, schema, table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, native, nullable, virtual string
		if err := rows.Scan(&name, &native, &nullable, &virtual); err != nil {
			return err
		}
		rel.columns = append(rel.columns, column{sync.Column{Name: name, Nullable: nullable == "Y", Writable: virtual == "NO", Native: strings.ToLower(native)}, oracleType(native)})
	}
	return rows.Err()
}

// oracleType says what becomes of a type. A whole number may have 38 digits, so it is a decimal. Whatever has a zone, a form or more
// digits than a float is written out by the database.
func oracleType(name string) mapping {
	const moment = `TO_CHAR(SYS_EXTRACT_UTC(%s), 'YYYY-MM-DD"T"HH24:MI:SS.FF9"Z"')`
	switch {
	case name == "NUMBER", name == "FLOAT":
		return mapping{typ: sync.DecimalType, ordered: true, expr: "TO_CHAR(%s, 'TM9')", cast: "TO_NUMBER(:%d)", read: readDecimal}
	case name == "BINARY_FLOAT", name == "BINARY_DOUBLE", name == "IBFLOAT", name == "IBDOUBLE":
		return mapping{typ: sync.DecimalType, expr: "TO_CHAR(%s)", read: readDecimal}
	case name == "DATE": // which has a time too
		return mapping{typ: sync.TimeType, ordered: true, local: true, expr: "TO_CHAR(%s, 'YYYY-MM-DD HH24:MI:SS')", cast: "TO_DATE(:%d, 'YYYY-MM-DD HH24:MI:SS')", read: readLocal}
	case strings.HasSuffix(name, "WITH TIME ZONE"), strings.HasSuffix(name, "WITH LOCAL TIME ZONE"), name == "TIMESTAMPTZ", name == "TIMESTAMPLTZ":
		return mapping{typ: sync.TimeType, expr: moment, read: readMoment}
	case strings.HasPrefix(name, "TIMESTAMP"):
		return mapping{typ: sync.TimeType, ordered: true, local: true, expr: "TO_CHAR(%s, 'YYYY-MM-DD HH24:MI:SS.FF9')", cast: "TO_TIMESTAMP(:%d, 'YYYY-MM-DD HH24:MI:SS.FF9')", read: readLocal}
	case name == "RAW":
		return mapping{typ: sync.BytesType, ordered: true, read: readBytes}
	case name == "BLOB", name == "LONG RAW":
		return mapping{typ: sync.BytesType, read: readBytes}
	case name == "CHAR", name == "NCHAR", name == "VARCHAR2", name == "NVARCHAR2", name == "VARCHAR":
		return mapping{typ: sync.StringType, ordered: true, read: readString}
	case name == "ROWID", name == "UROWID":
		return mapping{typ: sync.StringType, expr: "ROWIDTOCHAR(%s)", read: readString}
	case strings.HasPrefix(name, "INTERVAL"):
		return mapping{typ: sync.StringType, expr: "TO_CHAR(%s)", read: readString}
	}
	return mapping{typ: sync.StringType, read: readString} // CLOB, XMLTYPE …
}

// sortOracle goes by numbers: https://docs.oracle.com/error-help/db
func sortOracle(err error) trouble {
	var e *network.OracleError
	if !errors.As(err, &e) {
		return trouble{}
	}
	t := trouble{kind: otherTrouble, code: fmt.Sprintf("ORA-%05d", e.ErrCode)}
	switch e.ErrCode {
	case 1017, 28000, 28001, 1005:
		t.kind = wrongLogin
	case 12514, 12505, 12516:
		t.kind = noDatabase
	case 1031, 1045:
		t.kind = noPermission
	case 1013, 12170, 3136, 54:
		t.kind = tooSlow
	case 1033, 1034, 18, 20, 12519, 12520:
		t.kind = notNow
	case 1456:
		t.kind = notReadOnly
	case 900, 903, 904, 905, 906, 907, 911, 918, 923, 933, 936, 942:
		t.kind = badStatement
	case 1, 1400, 1401, 1407, 1438, 1722, 1843, 1861, 2290, 2291, 2292, 12899:
		t.kind = badValue
	}
	return t
}
