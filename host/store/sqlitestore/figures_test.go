package sqlitestore_test

import (
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

var figures = flag.Bool("figures", false, "measure the store against SQLite alone, and print the figures")

// TestFigures measures reads and writes of one document of 400 bytes among 20,000, against the least that a program can do
// with the same SQLite: a table of two columns, prepared statements, and the settings of the store. Both take turns, and
// the medians of the rounds are compared.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("measures only with -figures")
	}
	const rounds, gets, puts = 45, 1500, 80
	s := open(t, t.TempDir(), sqlitestore.Config{})
	defer closeStore(t, s)
	d := openDirect(t, filepath.Join(t.TempDir(), "direct.db"))
	for i := 0; i < benchDocs; i += store.MaxOps {
		var ops []store.Op
		for j := range store.MaxOps {
			op := benchDoc(i + j)
			op.Doc.Index = nil // the other side has none
			ops = append(ops, op)
		}
		if _, err := s.Write(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
		d.fill(t, ops)
	}
	measures := []struct {
		name  string
		times int
		run   func(op store.Op) error
		took  []time.Duration
	}{
		{"store get", gets, func(op store.Op) error { _, err := s.Get(t.Context(), op.Doc.Key); return err }, nil},
		{"direct get", gets, func(op store.Op) error {
			var body []byte
			return d.get.QueryRowContext(t.Context(), op.Doc.Key.ID).Scan(&body)
		}, nil},
		{"store put", puts, func(op store.Op) error { _, err := s.Write(t.Context(), op); return err }, nil},
		{"direct put", puts, func(op store.Op) error {
			_, err := d.put.ExecContext(t.Context(), op.Doc.Key.ID, op.Doc.Body)
			return err
		}, nil},
	}
	for round := range rounds {
		for m := range measures {
			measure := &measures[m]
			ops := make([]store.Op, measure.times)
			for i := range ops {
				ops[i] = benchDoc((round*measure.times + i) * 7919 % benchDocs)
				ops[i].Doc.Index = nil
				ops[i].Doc.Body[10] = byte('0' + round%40) // SQLite writes nothing where nothing differs
			}
			begin := time.Now()
			for _, op := range ops {
				if err := measure.run(op); err != nil {
					t.Fatalf("%s: %v", measure.name, err)
				}
			}
			measure.took = append(measure.took, time.Since(begin)/time.Duration(measure.times))
		}
	}
	var medians []float64
	for _, m := range measures {
		slices.Sort(m.took)
		medians = append(medians, float64(m.took[rounds/2])/float64(time.Microsecond))
		t.Logf("%s: %v to %v", m.name, m.took[0], m.took[rounds-1])
	}
	fmt.Printf("figure sqlite_get_us %.1f\nfigure sqlite_get_vs_direct %.2f\n", medians[0], medians[0]/medians[1])
	fmt.Printf("figure sqlite_put_us %.1f\nfigure sqlite_put_vs_direct %.2f\n", medians[2], medians[2]/medians[3])
}

// direct is SQLite through database/sql and nothing else.
type direct struct {
	db       *sql.DB
	get, put *sql.Stmt
}

func openDirect(t *testing.T, path string) *direct {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?"+url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)"}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE doc (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT"); err != nil {
		t.Fatal(err)
	}
	prepare := func(query string) *sql.Stmt {
		stmt, err := db.PrepareContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = stmt.Close() })
		return stmt
	}
	return &direct{
		db:  db,
		get: prepare("SELECT body FROM doc WHERE id = ?"),
		put: prepare("INSERT INTO doc (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"),
	}
}

func (d *direct) fill(t *testing.T, ops []store.Op) {
	t.Helper()
	tx, err := d.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range ops {
		if _, err := tx.StmtContext(t.Context(), d.put).ExecContext(t.Context(), op.Doc.Key.ID, op.Doc.Body); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
