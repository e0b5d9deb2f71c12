package sqlitestore_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// wantSound checks a closed store with SQLite's own means, and that both sides of each index entry agree.
func wantSound(t testing.TB, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlitestore.File)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const declared = `SELECT d.collection, j.key, j.value, d.id, d.row FROM doc d, json_each(CAST(d.indexes AS TEXT)) j`
	const listed = `SELECT collection, name, value, id, row FROM doc_index`
	for _, check := range []struct{ what, query, want string }{
		{"integrity_check", "PRAGMA integrity_check", "ok"},
		{"documents without their collection, or one without documents", "SELECT count(*) FROM collection c FULL JOIN (SELECT DISTINCT collection FROM doc) d ON d.collection = c.number WHERE c.number IS NULL OR d.collection IS NULL", "0"},
		{"index entries without a document", "SELECT count(*) FROM (" + listed + " EXCEPT " + declared + ")", "0"},
		{"documents without their index entries", "SELECT count(*) FROM (" + declared + " EXCEPT " + listed + ")", "0"},
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), check.query).Scan(&got); err != nil || got != check.want {
			t.Errorf("%s: %q, %v; want %q", check.what, got, err, check.want)
		}
	}
}

// wantNotes checks that the store has exactly so many notes.
func wantNotes(t *testing.T, s *sqlitestore.Store, want int) {
	t.Helper()
	got := 0
	q := store.Query{Tenant: "t", Collection: "notes"}
	for {
		docs, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if got += len(docs); len(docs) < store.DefaultLimit {
			break
		}
		q.After = docs[len(docs)-1].Key.ID
	}
	if got != want {
		t.Errorf("%d documents, want the %d that were acknowledged", got, want)
	}
}
