//go:build !wasip1

package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// The statements of every engine stand in testdata/statements.golden, since not every server can be had everywhere.
func TestStatementsAreWhatTheGoldenFileSays(t *testing.T) {
	var out strings.Builder
	for _, name := range engineNames() {
		e := engines[name]
		mapped := map[string]string{ // names of an integer, a text, a decimal and a time
			"postgresql": "int8 text numeric timestamptz", "mysql": "bigint varchar decimal datetime", "mariadb": "bigint varchar decimal datetime",
			"sqlserver": "bigint nvarchar decimal datetime2", "oracle": "NUMBER VARCHAR2 NUMBER DATE", "sqlite": "INTEGER TEXT NUMERIC DATETIME",
		}[name]
		rel := &relation{stream: "s", name: e.quote("s") + "." + e.quote("t"), key: []string{"id", "na\"`]me"}, unique: true, table: true}
		for i, typ := range strings.Fields(mapped) {
			m, err := e.typed(t.Context(), nil, typ)
			if err != nil {
				t.Fatal(err)
			}
			rel.columns = append(rel.columns, column{sync.Column{Name: []string{"id", "na\"`]me", "price", "seen"}[i], Writable: true, Nullable: i > 1}, m})
		}
		target := &target{engine: e, zone: time.UTC, writable: []string{"price", "seen"}}
		number := sync.Int(5)
		if rel.columns[0].typ == sync.DecimalType {
			number = sync.Decimal("5")
		}
		cursor, err := writeCursor("s", rel.key, []sync.Value{number, sync.String("x")})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "== %s\n", e.title)
		r := &sync.Read{Columns: []string{"price", "seen", "id"}, Where: []sync.Condition{{Column: "price", Is: sync.GreaterOrEqual, Value: sync.Decimal("1.50")}}}
		for _, c := range [][]byte{nil, cursor} {
			r.Cursor = c
			w, err := plan(target, rel, r)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			fmt.Fprintf(&out, "%s\n\t%q\n", w.statement(11), w.args)
		}
		u, err := planUpdate(target, rel, &sync.Write{Columns: []string{"price"}, Changes: []sync.Change{{Key: []sync.Value{number, sync.String("x")}, Values: []sync.Value{{}}}}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintln(&out, u.statement)
	}
	golden(t, filepath.Join("testdata", "statements.golden"), out.String())
}

// What becomes of the types of servers that are not at hand.
func TestTypesOfOtherServersAreWhatTheGoldenFileSays(t *testing.T) {
	for name, types := range map[string][]string{
		"sqlserver": {"bigint", "binary", "bit", "char", "date", "datetime", "datetime2", "datetimeoffset", "decimal", "float", "geography", "geometry", "hierarchyid", "image", "int", "money", "nchar", "ntext",
			"numeric", "nvarchar", "real", "rowversion", "smalldatetime", "smallint", "smallmoney", "sql_variant", "text", "time", "timestamp", "tinyint", "uniqueidentifier", "varbinary", "varchar", "xml", "json"},
		"oracle": {"BINARY_DOUBLE", "BINARY_FLOAT", "BLOB", "CHAR", "CLOB", "DATE", "FLOAT", "INTERVAL DAY(2) TO SECOND(6)", "INTERVAL YEAR(2) TO MONTH", "LONG", "LONG RAW", "NCHAR", "NCLOB", "NUMBER", "NVARCHAR2",
			"RAW", "ROWID", "TIMESTAMP(6)", "TIMESTAMP(6) WITH LOCAL TIME ZONE", "TIMESTAMP(6) WITH TIME ZONE", "VARCHAR2", "XMLTYPE"},
	} {
		var part strings.Builder
		for _, typ := range types {
			m, err := engines[name].typed(t.Context(), nil, typ)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&part, "%s: %s, ordered %t, local %t, %s\n", typ, m.typ, m.ordered, m.local, orDefault(m.expr, "as it is"))
		}
		golden(t, filepath.Join("testdata", name+".types.golden"), part.String())
	}
}

func TestStreamNamesComeApartAsTheyWerePutTogether(t *testing.T) {
	for _, name := range [][2]string{{"public", "assets"}, {"a.b", "c"}, {`a"b`, `"`}, {"", "x"}, {"x", ""}, {"ä", "日本 x"}, {`".`, `."`}} {
		whole := postgresName(name[0], name[1])
		if schema, table, ok := parts(whole); !ok || schema != name[0] || table != name[1] {
			t.Errorf("%q became %s and then %q %q %t", name, whole, schema, table, ok)
		}
	}
	for _, whole := range []string{"", "a", "a.", ".a", "a.b.c", `"a.b`, `"a"b.c`, `"a"`} {
		if schema, table, ok := parts(whole); ok {
			t.Errorf("%q is taken for %q and %q", whole, schema, table)
		}
	}
}

func TestCursorsOfOthersAndDamagedOnesAreRefused(t *testing.T) {
	names, key := []string{"a", "b"}, []sync.Value{sync.Int(7), sync.String("x")}
	raw, err := writeCursor("s", names, key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readCursor(raw, "s", names); err != nil || !got[0].Equal(key[0]) || !got[1].Equal(key[1]) {
		t.Errorf("got %v, %v", got, err)
	}
	for name, try := range map[string]func() ([]sync.Value, error){
		"stream": func() ([]sync.Value, error) { return readCursor(raw, "t", names) },
		"key":    func() ([]sync.Value, error) { return readCursor(raw, "s", []string{"a", "c"}) },
		"joined": func() ([]sync.Value, error) { return readCursor(raw, "s", []string{"a\x00b"}) },
		"cut":    func() ([]sync.Value, error) { return readCursor(raw[:len(raw)-1], "s", names) },
		"empty":  func() ([]sync.Value, error) { return readCursor(nil, "s", names) },
	} {
		if _, err := try(); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range raw {
		damaged := append([]byte(nil), raw...)
		damaged[i] ^= 0x10
		if _, err := readCursor(damaged, "s", names); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("byte %d: %v", i, err)
		}
	}
}

// Servers that nobody can install at will: set MSSQL_URL=sqlserver://user:password@host:port/database and
// ORACLE_URL=oracle://user:password@host:port/service, of a database in which the user may make tables.
func TestSourceConformsOnGivenServers(t *testing.T) {
	for engine, variable := range map[string]string{"sqlserver": "MSSQL_URL", "oracle": "ORACLE_URL"} {
		t.Run(engine, func(t *testing.T) {
			address := os.Getenv(variable)
			if address == "" {
				t.Skipf("%s is not set", variable)
			}
			p, schema := given(t, engine, address)
			text, err := os.ReadFile(filepath.Join("testdata", engine+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			p.exec(t, string(text))
			p.config.Settings.Lists["writable"] = []string{"status", "STATUS"}
			sdktest.ConformSource(t, served(), sdktest.Connection{
				Config: p.config, Write: true, Streams: []string{schema + "pergola_assets", schema + "pergola_every"},
				Broken: map[string]sync.Config{"password": p.with(func(c *sync.Config) { c.Secrets["password"] = "wrong-password" })},
			})
			t.Log(described(t, p.config, schema+"pergola_every"))
		})
	}
}

func given(t *testing.T, engine, address string) (p *place, schema string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(u.Port())
	password, _ := u.User.Password()
	p = &place{engine: engine, config: sync.Config{
		Settings: settings.Values{
			Strings: map[string]string{"engine": engine, "host": u.Hostname(), "database": strings.Trim(u.Path, "/"), "user": u.User.Username(), "tls": orDefault(u.Query().Get("tls"), "off")},
			Numbers: map[string]float64{"port": float64(port)}, Lists: map[string][]string{},
		},
		Secrets: map[string]sync.Secret{"password": sync.Secret(password)}, Reach: sync.Reach{Networks: []string{"0.0.0.0/0", "::/0"}},
	}}
	p.admin = p.connect(t)
	t.Cleanup(func() { _ = p.admin.Close() })
	question := map[string]string{"sqlserver": "SELECT SCHEMA_NAME()", "oracle": "SELECT USER FROM dual"}[engine]
	if err := p.admin.QueryRowContext(t.Context(), question).Scan(&schema); err != nil {
		t.Fatal(err)
	}
	return p, dotted(schema) + "."
}
