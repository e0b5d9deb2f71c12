package sqlitestore_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

func TestOperatorWorksBesideAHost(t *testing.T) {
	dir := t.TempDir()
	host := open(t, dir, sqlitestore.Config{})
	t.Cleanup(func() { _ = host.Close() })
	put := func(s *sqlitestore.Store, id string) error {
		_, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: store.Key{Tenant: "t", Collection: "c", ID: id}, Body: []byte("1")}, IfRev: store.Any})
		return err
	}
	if err := put(host, "a"); err != nil {
		t.Fatal(err)
	}
	beside := open(t, dir, sqlitestore.Config{Beside: true})
	var wg sync.WaitGroup
	for _, s := range []*sqlitestore.Store{host, beside} { // both write the same documents; every write counts
		wg.Go(func() {
			for range 100 {
				if err := put(s, "both"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := beside.Close(); err != nil {
		t.Error(err)
	}
	got, err := host.Get(t.Context(), store.Key{Tenant: "t", Collection: "c", ID: "both"})
	if err != nil || got.Rev != 200 {
		t.Errorf("revision %d after 200 writes of two processes, %v", got.Rev, err)
	}
	if err := put(host, "after"); err != nil {
		t.Errorf("the host's write afterwards: %v", err)
	}
}

func TestBesideNeedsADatabase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{Beside: true}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Open: %v, want store.ErrNotFound", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory was made")
	}
}

func TestBesideKeepsDamagedAndForeignFiles(t *testing.T) {
	damaged, foreign := leftBehind(t), t.TempDir()
	replace(t, damaged, journal, flip(read(t, damaged, journal), 32+9*frame+1000))
	tamper(t, foreign, "CREATE TABLE bookmarks (url TEXT)")
	for dir, message := range map[string]string{damaged: "restore a backup", foreign: "another program"} {
		before := content(t, dir)
		_, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{Beside: true})
		wantMessage(t, err, message)
		if !cmp.Equal(before, content(t, dir)) {
			t.Errorf("%s: the files were changed", message)
		}
	}
}
