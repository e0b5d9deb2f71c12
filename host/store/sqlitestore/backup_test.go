package sqlitestore_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// restored backs a store up and restores it elsewhere.
func restored(t *testing.T, dir string) (restoredDir string) {
	t.Helper()
	dest := filepath.Join(t.TempDir(), "backup.db")
	restoredDir = filepath.Join(t.TempDir(), "a", "b")
	size, err := sqlitestore.Backup(t.Context(), dir, dest)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dest)
	if err != nil || info.Size() != size || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("Backup said %d bytes; the file has %v, %v", size, info, err)
	}
	wantFiles(t, filepath.Dir(dest), "backup.db")
	again, err := sqlitestore.Restore(t.Context(), dest, restoredDir)
	if err != nil || again != size {
		t.Fatalf("Restore = %d, %v; want %d", again, err, size)
	}
	wantFiles(t, restoredDir, database, "pergola.lock")
	return restoredDir
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestBackupOfRunningStoreIsOneMoment(t *testing.T) {
	dir := t.TempDir()
	child := startWriter(t, dir, make([]int, writers))
	acknowledged := make([]int, writers)
	for range 3 {
		for range 100 {
			w, n, err := child.acknowledged()
			if err != nil {
				t.Fatal(err)
			}
			acknowledged[w] = n + 1
		}
		to := restored(t, dir)
		wantSound(t, to)
		s := open(t, to, sqlitestore.Config{})
		found := documents(t, s)
		for w := range writers {
			// Every writer's documents are those after one of its batches, and none that was acknowledged before is missing.
			was, at := state{}, -1
			for n := range acknowledged[w] + 5000 {
				if n >= acknowledged[w] && maps.Equal(was, found[w]) {
					at = n
					break
				}
				was.apply(batch(w, n))
			}
			if at < 0 {
				t.Errorf("writer %d: the copy is no state after its batch %d", w, acknowledged[w]-1)
			}
		}
		if _, err := s.Write(t.Context(), note("more", 10)); err != nil {
			t.Error(err)
		}
		closeStore(t, s)
	}
	if err := child.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.cmd.Wait() // says that it was killed
}

func TestBackupOfStandingStore(t *testing.T) {
	for name, dir := range map[string]string{"closed": closed(t), "left behind": leftBehind(t)} {
		t.Run(name, func(t *testing.T) {
			before := content(t, dir)
			s := open(t, restored(t, dir), sqlitestore.Config{})
			wantNotes(t, s, 50)
			closeStore(t, s)
			if !cmp.Equal(before, content(t, dir)) {
				t.Error("the backup changed the store")
			}
		})
	}
}

func TestBackupOverwritesNothing(t *testing.T) {
	dir, dest := closed(t), filepath.Join(t.TempDir(), "backup.db")
	if err := os.WriteFile(dest, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sqlitestore.Backup(t.Context(), dir, dest)
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("Backup: %v, want ErrExist", err)
	}
	wantMessage(t, err, dest, "choose another name")
	if got := read(t, filepath.Dir(dest), "backup.db"); string(got) != "precious" {
		t.Errorf("the file is now %.20q", got)
	}
	wantFiles(t, filepath.Dir(dest), "backup.db")
}

func TestFailedBackupLeavesNothing(t *testing.T) {
	damaged := closed(t)
	b := read(t, damaged, database)
	clear(b[6*page : 9*page])
	replace(t, damaged, database, b)
	brokenJournal := leftBehind(t)
	replace(t, brokenJournal, journal, flip(read(t, brokenJournal, journal), 32+9*frame+1000))
	foreign, newer := t.TempDir(), closed(t)
	tamper(t, foreign, "CREATE TABLE bookmarks (url TEXT)")
	tamper(t, newer, "UPDATE format SET version = 1000")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name, dir string
		ctx       context.Context
		want      error
		message   string
	}{
		{"no store", t.TempDir(), t.Context(), nil, "name the directory"},
		{"damaged", damaged, t.Context(), store.ErrUnavailable, "restore a backup"},
		{"damaged journal", brokenJournal, t.Context(), store.ErrUnavailable, "frame 10"},
		{"foreign", foreign, t.Context(), nil, "another program"},
		{"newer", newer, t.Context(), sqlitestore.ErrNewer, "format 1000"},
		{"an ended context", closed(t), ended, context.Canceled, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := t.TempDir()
			_, err := sqlitestore.Backup(c.ctx, c.dir, filepath.Join(to, "backup.db"))
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("Backup: %v, want %v", err, c.want)
			}
			wantMessage(t, err, c.message)
			wantFiles(t, to)
		})
	}
}

// A context that ends in mid-copy is obeyed, and not only at the beginning.
func TestBackupEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})
	if _, err := s.Write(t.Context(), note("large", 4<<20), note("larger", 8<<20-2)); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := sqlitestore.Backup(ctx, dir, filepath.Join(to, "backup.db"))
		done <- err
	}()
	for { // until there is something of the copy
		entries, err := os.ReadDir(to)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) > 0 {
			break
		}
		runtime.Gosched()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Backup: %v, want the context's error", err)
	}
	wantFiles(t, to)
	closeStore(t, s)
}

func TestRestoreTakesOnlyGoodBackupsIntoFreePlaces(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	from := closed(t)
	if _, err := sqlitestore.Backup(t.Context(), from, good); err != nil {
		t.Fatal(err)
	}
	whole := read(t, filepath.Dir(good), "good.db")
	file := func(b []byte) string {
		dir := t.TempDir()
		replace(t, dir, "backup.db", b)
		return filepath.Join(dir, "backup.db")
	}
	hole := bytes.Clone(whole)
	clear(hole[7*page : 8*page])
	copied := leftBehind(t)
	newer := closed(t)
	tamper(t, newer, "UPDATE format SET version = 1000", "PRAGMA wal_checkpoint(TRUNCATE)")
	replace(t, newer, journal, nil)
	foreign := t.TempDir()
	tamper(t, foreign, "CREATE TABLE bookmarks (url TEXT)")
	running := t.TempDir()
	s := open(t, running, sqlitestore.Config{})
	defer closeStore(t, s)
	for _, c := range []struct {
		name, backup, dir string
		message           string
	}{
		{"no file", filepath.Join(t.TempDir(), "none"), "", "no such file"},
		{"an empty file", file([]byte{}), "", "empty"},
		{"a text", file(bytes.Repeat([]byte("lorem"), 1000)), "", "damaged; use another one"},
		{"cut off", file(whole[:len(whole)-page]), "", "damaged; use another one"},
		{"a hole", file(hole), "", "damaged; use another one"},
		{"a copy of a running store's file", filepath.Join(copied, database), "", "no backup"},
		{"a newer version", filepath.Join(newer, database), "", "newer version"},
		{"a foreign database", filepath.Join(foreign, database), "", "another program"},
		{"a store is there", good, closed(t), "without a store"},
		{"a store is open there", good, running, "open elsewhere"},
		{"a journal is there", good, filepath.Dir(file(nil)) + "/j", "without a store"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := c.dir
			if dir == "" {
				dir = filepath.Join(t.TempDir(), "new")
			}
			if filepath.Base(dir) == "j" {
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				replace(t, dir, journal, []byte("left over"))
			}
			var before map[string]string
			if c.dir != "" {
				before = content(t, dir)
			}
			_, err := sqlitestore.Restore(t.Context(), c.backup, dir)
			wantMessage(t, err, c.message)
			if c.dir != "" && !cmp.Equal(before, content(t, dir)) {
				t.Error("a refused restore changed the directory")
			}
			if _, err := os.Stat(dir); c.dir == "" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a refused restore created the directory: %v", err)
			}
		})
	}
}
