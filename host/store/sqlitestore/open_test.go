package sqlitestore_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

func note(id string, size int) store.Op {
	return store.Op{Doc: store.Doc{
		Key:  store.Key{Tenant: "t", Collection: "notes", ID: id},
		Body: []byte(`"` + strings.Repeat("x", size) + `"`),
	}, IfRev: store.Any}
}

func closeStore(t *testing.T, s *sqlitestore.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// tamper runs statements on a closed store's database.
func tamper(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlitestore.File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func wantMessage(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

func TestFilesAreForTheOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are those of Unix")
	}
	dir := filepath.Join(t.TempDir(), "data", "store")
	s := open(t, dir, sqlitestore.Config{})
	if _, err := s.Write(t.Context(), note("a", 10)); err != nil {
		t.Fatal(err)
	}
	wantMode := func(path string, want os.FileMode) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
		}
	}
	files := func() []string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	wantMode(dir, 0o700)
	wantMode(filepath.Dir(dir), 0o700)
	if found := files(); len(found) != 4 { // database, WAL, shared memory, lock
		t.Errorf("files %q, want four", found)
	}
	for _, f := range files() {
		wantMode(f, 0o600)
	}
	closeStore(t, s)

	// A restored backup often is readable for others.
	path := filepath.Join(dir, sqlitestore.File)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, sqlitestore.Config{})
	defer closeStore(t, s)
	for _, f := range files() {
		wantMode(f, 0o600)
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})
	if _, err := s.Write(t.Context(), note("a", 10)); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	// SQLite takes the WAL away with the last connection, so it is there where one was left open.
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(filepath.Join(dir, sqlitestore.File+suffix)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s after Close: %v, want it gone", sqlitestore.File+suffix, err)
		}
	}
}

func TestUnusualDirectoryNames(t *testing.T) {
	for _, name := range []string{"a b", "100%", "what?", "a#b", "ü", "a&b=c;d", "%41"} {
		dir := filepath.Join(t.TempDir(), name)
		s := open(t, dir, sqlitestore.Config{})
		closeStore(t, s)
		if _, err := os.Stat(filepath.Join(dir, sqlitestore.File)); err != nil {
			t.Errorf("directory %q: %v", name, err)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})

	_, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
	if !errors.Is(err, sqlitestore.ErrLocked) {
		t.Errorf("second Open in this process: %v, want ErrLocked", err)
	}
	wantMessage(t, err, "process "+strconv.Itoa(os.Getpid()), "stop it", dir)

	fromChild := func() string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), openDir+"="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if got := fromChild(); !strings.Contains(got, sqlitestore.ErrLocked.Error()) {
		t.Errorf("Open in another process said %q", got)
	}
	if _, err := s.Write(t.Context(), note("a", 10)); err != nil {
		t.Errorf("the first one cannot write any more: %v", err)
	}
	closeStore(t, s)
	if got := fromChild(); got != "<nil>" {
		t.Errorf("Open in another process after Close said %q", got)
	}
}

func TestNewerDataIsRefused(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, open(t, dir, sqlitestore.Config{}))
	tamper(t, dir, "UPDATE format SET version = version + 1000")
	_, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
	if !errors.Is(err, sqlitestore.ErrNewer) {
		t.Errorf("Open: %v, want ErrNewer", err)
	}
	wantMessage(t, err, "format 100", "start the newer version", "backup")
	tamper(t, dir, "UPDATE format SET version = version - 1000") // nothing was changed, and the lock is free
	closeStore(t, open(t, dir, sqlitestore.Config{}))
}

func TestFullStoreIsUnavailableAndGoesOnReading(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{MaxBytes: 1 << 20})
	defer closeStore(t, s)
	var written int
	var err error
	for written < 100 {
		if _, err = s.Write(t.Context(), note(strconv.Itoa(written), 100_000)); err != nil {
			break
		}
		written++
	}
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("after %d writes of 100 kB into 1 MiB: %v, want ErrUnavailable", written, err)
	}
	wantMessage(t, err, "full", "make room")
	docs, err := s.List(t.Context(), store.Query{Tenant: "t", Collection: "notes"})
	if err != nil || len(docs) != written || written < 5 {
		t.Errorf("List = %d documents, %v; want the %d that were acknowledged", len(docs), err, written)
	}
	// Making room makes it writable.
	gone := note("0", 0)
	gone.Delete = true
	if _, err := s.Write(t.Context(), gone); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := s.Write(t.Context(), note("again", 50_000)); err != nil {
		t.Errorf("write after a delete: %v", err)
	}
	if _, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{MaxBytes: 1000}); err == nil {
		t.Error("a limit of 1000 bytes was taken")
	}
}

func TestUnusablePlaceIsUnavailable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlitestore.Open(t.Context(), filepath.Join(file, "store"), sqlitestore.Config{}); err == nil {
		t.Error("a store was opened below a file")
	}
	// A directory in the database's place cannot be opened as a file, whoever asks.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, sqlitestore.File), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Open: %v, want ErrUnavailable", err)
	}
	wantMessage(t, err, "owner and mode")
}

func TestWriteToReadOnlyDatabaseIsUnavailable(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})
	defer closeStore(t, s)
	if err := sqlitestore.MakeReadOnly(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	_, err := s.Write(t.Context(), note("a", 10))
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Write: %v, want ErrUnavailable", err)
	}
	wantMessage(t, err, "owner and mode", "read-only")
}

func TestDurabilityModesAreSet(t *testing.T) {
	s := open(t, t.TempDir(), sqlitestore.Config{Readers: 2})
	defer closeStore(t, s)
	for _, want := range []struct{ pragma, value string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "0"}, {"busy_timeout", "5000"},
	} {
		got, err := sqlitestore.Pragma(t.Context(), s, want.pragma)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if v != want.value {
				t.Errorf("connection %d: %s is %s, want %s", i, want.pragma, v, want.value)
			}
		}
		if len(got) != 3 {
			t.Errorf("%d connections, want one writer and two readers", len(got))
		}
	}
}
