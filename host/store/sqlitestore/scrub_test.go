package sqlitestore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// holds says whether a text is anywhere in the files of a store.
func holds(t *testing.T, dir, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}

func TestDeletedDocumentsAreGoneFromTheFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})
	t.Cleanup(func() { _ = s.Close() })
	key := func(i int) store.Key { return store.Key{Tenant: "t", Collection: "c", ID: fmt.Sprintf("id-%d", i)} }
	put := func(i int, text string, size int) {
		t.Helper()
		body := []byte(`"` + strings.Repeat(text, size/len(text)+1) + `"`)
		if _, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: key(i), Body: body, Index: map[string]string{"word": text}}, IfRev: store.Any}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 200 { // small ones, and such as need pages of their own
		put(i, "unforgettable", 50+i*200)
	}
	if !holds(t, dir, "unforgettable") {
		t.Fatal("the test does not find what is there")
	}
	for i := range 200 {
		if i%2 == 0 {
			put(i, "harmless", 50)
		} else if _, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: key(i)}, Delete: true, IfRev: store.Any}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if holds(t, dir, "unforgettable") {
		t.Error("what was replaced or deleted is in the files still")
	}
}

func TestWhatOldVersionsLeftInTheFilesGoes(t *testing.T) {
	dir := ofFormat(t, 1, "?_pragma=secure_delete(OFF)",
		"INSERT INTO doc (tenant, collection, id, rev, body) VALUES ('t', 'c', 'a', 1, CAST('\"unforgettable\"' AS BLOB)), ('t', 'c', 'b', 1, CAST('1' AS BLOB))",
		"DELETE FROM doc WHERE id = 'a'", "PRAGMA wal_checkpoint(TRUNCATE)",
	)
	if !holds(t, dir, "unforgettable") {
		t.Fatal("the test left nothing behind")
	}
	s := open(t, dir, sqlitestore.Config{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if holds(t, dir, "unforgettable") {
		t.Error("what an old version deleted is in the file still")
	}
	s = open(t, dir, sqlitestore.Config{})
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Get(t.Context(), store.Key{Tenant: "t", Collection: "c", ID: "b"}); err != nil {
		t.Errorf("what was there: %v", err)
	}
	if _, err := s.Get(t.Context(), store.Key{Tenant: "t", Collection: "c", ID: "a"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was deleted: %v", err)
	}
}
