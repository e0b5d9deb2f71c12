//go:build !wasip1

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/pergola-platform/pergola/sdk/sync"
)

var sqlserver = engine{
	name: "sqlserver", title: "SQL Server", port: 1433, version: "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(64))",
	lex:  lexis{quotes: `"`, brackets: true, nested: true, marks: "@"},
	open: openSQLServer,
	// SQL Server knows no transactions that only read. What is run there is a single SELECT in parentheses, or was made here; the context
	// bounds its time.
	prepare: func(ctx context.Context, c *sql.Conn, t *target, _ bool) error {
		_, err := c.ExecContext(ctx, fmt.Sprintf("SET LOCK_TIMEOUT %d; SET QUOTED_IDENTIFIER ON", t.timeout.Milliseconds()))
		return err
	},
	options: func(bool) *sql.TxOptions { return nil },
	begun:   func(context.Context, querier, *target, bool) error { return nil },
	quote:   quoteBrackets,
	limit:   func(sel string, n int) string { return fmt.Sprintf("SELECT TOP (%d) %s", n, sel) },
	param: func(n int, c *column) string {
		if c.cast == "" {
			return fmt.Sprintf("@p%d", n)
		}
		return fmt.Sprintf("CAST(@p%d AS %s)", n, c.cast)
	},
	tables: sqlserverTables, look: sqlserverLook,
	typed: plainly(func(name string) mapping { return sqlserverType(strings.ToLower(name)) }),
	sort:  sortSQLServer,
}

func quoteBrackets(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

func openSQLServer(t *target, d *dialer) (*sql.DB, error) {
	c := msdsn.Config{
		Host: t.host, Port: uint64(t.port), Database: t.database, User: t.user, Password: t.password, AppName: "pergola",
		Encryption: msdsn.EncryptionRequired, TLSConfig: t.tlsConfig(), DialTimeout: 8 * time.Second, ConnTimeout: t.timeout, KeepAlive: 30 * time.Second,
		PacketSize: 4096, ReadOnlyIntent: len(t.writable) == 0, Protocols: []string{"tcp"}, Parameters: map[string]string{}, ProtocolParameters: map[string]any{},
	}
	if t.tls == noTLS {
		c.Encryption = msdsn.EncryptionDisabled
	}
	connector := mssql.NewConnectorConfig(c)
	connector.Dialer = d
	return sql.OpenDB(connector), nil
}

// HostName implements mssql.HostDialer: names are the guard's to resolve.
func (d *dialer) HostName() string { return d.target.host }

func sqlserverTables(ctx context.Context, q querier, _ *target, after string, n int) ([]sync.Stream, error) {
	schema, table := "", ""
	if after != "" {
		var ok bool
		if schema, table, ok = parts(after); !ok {
			return nil, sync.BadCursor()
		}
	}
	const order = "COLLATE Latin1_General_BIN2"
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`SELECT TOP (%d) s.name, o.name,
			(SELECT SUM(p.rows) FROM sys.partitions p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1))
		FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
		WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'SELECT') = 1
		AND (s.name %[2]s > @p1 OR (s.name %[2]s = @p1 AND o.name %[2]s > @p2))
		ORDER BY s.name %[2]s, o.name %[2]s`, n, order), schema, table)
	return streams(rows, err, postgresName)
}

func sqlserverLook(ctx context.Context, q querier, _ *target, stream string) (*relation, error) {
	schema, table, ok := parts(stream)
	if !ok {
		return nil, nil
	}
	rel := &relation{stream: stream, name: quoteBrackets(schema) + "." + quoteBrackets(table), unique: true}
	var id int64
	err := q.QueryRowContext(ctx, `SELECT o.object_id, CASE o.type WHEN 'U' THEN 1 ELSE 0 END FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
		WHERE o.type IN ('U', 'V') AND s.name = @p1 AND o.name = @p2`, schema, table).Scan(&id, &rel.table)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := sqlserverColumns(ctx, q, id, rel); err != nil {
		return nil, err
	}
	rel.key, err = names(q.QueryContext(ctx, `SELECT c.name FROM sys.index_columns x JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
		WHERE x.object_id = @p1 AND x.is_included_column = 0 AND x.index_id = (
			SELECT TOP (1) i.index_id FROM sys.indexes i WHERE i.object_id = @p1 AND i.is_unique = 1 AND i.has_filter = 0 AND i.is_disabled = 0
			AND NOT EXISTS (SELECT 1 FROM sys.index_columns y JOIN sys.columns d ON d.object_id = y.object_id AND d.column_id = y.column_id
				WHERE y.object_id = i.object_id AND y.index_id = i.index_id AND y.is_included_column = 0 AND d.is_nullable = 1)
			ORDER BY i.is_primary_key DESC, i.index_id)
		ORDER BY x.key_ordinal`, id))
	return rel, err
}

func sqlserverColumns(ctx context.Context, q querier, id int64, rel *relation) error {
	rows, err := q.QueryContext(ctx, `SELECT c.name, COALESCE(b.name, t.name), c.scale, c.is_nullable, CASE WHEN c.is_computed = 1 OR c.is_identity = 1 THEN 1 ELSE 0 END
		FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.user_type_id
		LEFT JOIN sys.types b ON t.is_user_defined = 1 AND b.user_type_id = t.system_type_id
		WHERE c.object_id = @p1 ORDER BY c.column_id`, id)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, native string
		var scale int
		var nullable, made bool
		if err := rows.Scan(&name, &native, &scale, &nullable, &made); err != nil {
			return err
		}
		m := sqlserverType(native)
		if native == "decimal" || native == "numeric" {
			m.cast = fmt.Sprintf("decimal(38, %d)", scale) // so that 38 digits are enough for any of its values
		}
		rel.columns = append(rel.columns, column{sync.Column{Name: name, Nullable: nullable, Writable: !made && native != "timestamp", Native: native}, m})
	}
	return rows.Err()
}

func sqlserverType(name string) mapping {
	switch name {
	case "tinyint", "smallint", "int", "bigint":
		return mapping{typ: sync.IntegerType, ordered: true, read: readInteger}
	case "decimal", "numeric":
		return mapping{typ: sync.DecimalType, ordered: true, cast: "decimal(38, 10)", read: readDecimal}
	case "money", "smallmoney":
		return mapping{typ: sync.DecimalType, ordered: true, cast: "decimal(38, 10)", read: readDecimal}
	case "float":
		return mapping{typ: sync.DecimalType, ordered: true, cast: "float", read: readDecimal}
	case "real": // whose values compare with nothing that can be written
		return mapping{typ: sync.DecimalType, read: readReal}
	case "bit":
		return mapping{typ: sync.BooleanType, ordered: true, read: readBoolean}
	case "date":
		return mapping{typ: sync.DateType, ordered: true, cast: "date", read: readDate}
	case "datetime":
		return mapping{typ: sync.TimeType, ordered: true, local: true, expr: "CAST(%s AS datetime2(7))", cast: "datetime2(7)", read: readLocal}
	case "datetime2", "smalldatetime":
		return mapping{typ: sync.TimeType, ordered: true, local: true, cast: "datetime2(7)", read: readLocal}
	case "datetimeoffset":
		return mapping{typ: sync.TimeType, ordered: true, cast: "datetimeoffset(7)", read: readZoned}
	case "binary", "varbinary":
		return mapping{typ: sync.BytesType, ordered: true, read: readBytes}
	case "image", "timestamp", "rowversion":
		return mapping{typ: sync.BytesType, read: readBytes}
	case "char", "varchar", "nchar", "nvarchar":
		return mapping{typ: sync.StringType, ordered: true, read: readString}
	case "uniqueidentifier":
		return mapping{typ: sync.StringType, ordered: true, expr: "LOWER(CONVERT(varchar(36), %s))", cast: "uniqueidentifier", read: readString}
	case "time":
		return mapping{typ: sync.StringType, ordered: true, expr: "CONVERT(varchar(16), %s, 121)", cast: "time(7)", read: readString}
	case "text", "ntext", "xml", "sql_variant", "hierarchyid", "geography", "geometry":
		return mapping{typ: sync.StringType, expr: "CONVERT(nvarchar(max), %s)", read: readString}
	}
	return mapping{typ: sync.StringType, read: readString}
}

// readReal reads a number of 32 bits, which the driver delivers as one of 64.
func readReal(v any, _ *target) sync.Value {
	f, ok := v.(float64)
	if !ok {
		return otherwise(v)
	}
	return number(f, 32)
}

// sortSQLServer goes by numbers: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
func sortSQLServer(err error) trouble {
	var e mssql.Error
	if !errors.As(err, &e) {
		return trouble{}
	}
	t := trouble{kind: otherTrouble, code: fmt.Sprintf("error %d", e.Number)}
	switch e.Number {
	case 18456, 18452, 18486, 18487, 18488:
		t.kind = wrongLogin
	case 4060, 911:
		t.kind = noDatabase
	case 229, 230, 262, 300, 916:
		t.kind = noPermission
	case 1222, 1205, -2:
		t.kind = tooSlow
	case 10928, 10929, 40501, 40613, 17809, 17830:
		t.kind = notNow
	case 3906:
		t.kind = notReadOnly
	case 102, 156, 195, 207, 208, 209, 1033, 8155, 8156, 319:
		t.kind, t.words = badStatement, strings.TrimSuffix(e.Message, ".")
	case 245, 220, 515, 547, 2601, 2627, 2628, 8114, 8115, 8152, 241, 242:
		t.kind = badValue
	}
	return t
}
