package canary_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/pergola-platform/pergola/host/store/sqlitestore" // the driver named "sqlite"
)

func openDatabase(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestDatabaseIsReadThroughSQL(t *testing.T) {
	s := newSet(t)
	plain, far, index := s.Text("plain"), s.Text("far"), s.Text("index")
	for _, tt := range []struct {
		name string
		want []string
		fill func(db *sql.DB)
	}{
		{"a table and its index", []string{"plain as plain within SQL t.v", "index as plain within SQL t.w"}, func(db *sql.DB) {
			run(t, db, "CREATE TABLE t (v TEXT, w TEXT PRIMARY KEY) WITHOUT ROWID")
			run(t, db, "INSERT INTO t VALUES (?, ?)", plain, index)
		}},
		{"overflow pages", []string{"far as plain within SQL t.v", "far as plain"}, func(db *sql.DB) {
			run(t, db, "CREATE TABLE t (v BLOB)")
			for i := range 64 { // so that some value lies across the end of some page, wherever that is
				run(t, db, "INSERT INTO t VALUES (?)", []byte(strings.Repeat("x", 4090*2-i)+far+strings.Repeat("y", 5000)))
			}
		}},
		{"compressed cells", []string{"plain as plain within SQL t.v/gzip"}, func(db *sql.DB) {
			run(t, db, `CREATE TABLE "t" (v BLOB)`)
			run(t, db, "INSERT INTO t VALUES (?)", gzipped(t, []byte(strings.Repeat("some text ", 2000)+plain)))
		}},
		{"a row that was deleted", []string{"plain as plain"}, func(db *sql.DB) {
			run(t, db, "CREATE TABLE t (v TEXT)")
			run(t, db, "INSERT INTO t VALUES (?)", plain)
			run(t, db, "INSERT INTO t VALUES (?)", strings.Repeat("z", 20000)+plain)
			run(t, db, "DELETE FROM t")
		}},
		{"the write-ahead log alone", []string{"plain as plain", "plain as plain within SQL t.v"}, func(db *sql.DB) {
			run(t, db, "PRAGMA journal_mode = WAL")
			run(t, db, "PRAGMA wal_autocheckpoint = 0")
			run(t, db, "CREATE TABLE t (v TEXT)")
			run(t, db, "INSERT INTO t VALUES (?)", plain)
		}},
		{"the schema", []string{"plain as plain within SQL sqlite_schema.sql"}, func(db *sql.DB) {
			run(t, db, "CREATE TABLE t (v TEXT DEFAULT '"+strings.ReplaceAll(plain, "'", "''")+"')")
		}},
		{"nothing", nil, func(db *sql.DB) {
			run(t, db, `CREATE TABLE "a ""b" (v TEXT, w BLOB, x INTEGER, y REAL)`)
			run(t, db, `INSERT INTO "a ""b" VALUES ('text', x'00', 1, NULL)`)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.fill(openDatabase(t, filepath.Join(dir, "x.db")))
			x := s.Search()
			if err := x.Dir(dir); err != nil {
				t.Fatal(err)
			}
			r := x.Report()
			got := said(r)
			for _, want := range tt.want {
				if !has(got, want, want) {
					t.Errorf("found %q, want %q", got, want)
				}
			}
			if len(tt.want) == 0 && len(got) > 0 || len(r.Problems) > 0 {
				t.Errorf("found %q, problems %q", got, r.Problems)
			}
		})
	}
}

// TestPackedDatabaseIsReadToo is about backups.
func TestPackedDatabaseIsReadToo(t *testing.T) {
	s := newSet(t)
	path := filepath.Join(t.TempDir(), "x.db")
	db := openDatabase(t, path)
	run(t, db, "CREATE TABLE t (v TEXT)")
	run(t, db, "INSERT INTO t VALUES (?)", s.Text("text"))
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := found(s, gzipped(t, raw)); !has(got, "text as plain within gzip/SQL t.v", "") {
		t.Errorf("found %q", got)
	}
}

func TestDamagedDatabaseIsAProblem(t *testing.T) {
	s := newSet(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.db"), []byte("SQLite format 3\x00"+string(random(9000))), 0o600); err != nil {
		t.Fatal(err)
	}
	x := s.Search()
	if err := x.Dir(dir); err != nil {
		t.Fatal(err)
	}
	if r := x.Report(); len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "x.db") {
		t.Errorf("problems %q, want one that names the file", r.Problems)
	}
}
