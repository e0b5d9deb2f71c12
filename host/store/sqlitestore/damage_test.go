package sqlitestore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

const (
	database = sqlitestore.File
	journal  = sqlitestore.File + "-wal"
)

// content is the files of a directory, without the lock, the shared memory and a journal that holds nothing.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if b := read(t, dir, e.Name()); e.Name() == database || e.Name() == journal && len(b) > 0 {
			found[e.Name()] = string(b)
		}
	}
	return found
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// replace writes a file, or takes it away where it is nil.
func replace(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if b == nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeNotes(t *testing.T, s *sqlitestore.Store, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if _, err := s.Write(t.Context(), note(strconv.Itoa(i), 2000)); err != nil {
			t.Fatal(err)
		}
	}
}

// leftBehind is a directory as a process leaves it that was killed after it wrote 50 notes: 25 in the database, 25 in the
// journal.
func leftBehind(t *testing.T) string {
	t.Helper()
	from, dir := t.TempDir(), t.TempDir()
	s := open(t, from, sqlitestore.Config{})
	writeNotes(t, s, 0, 25)
	closeStore(t, s)
	s = open(t, from, sqlitestore.Config{})
	writeNotes(t, s, 25, 50)
	for name, b := range content(t, from) {
		replace(t, dir, name, []byte(b))
	}
	closeStore(t, s)
	return dir
}

// closed is a directory with 50 notes and without a journal.
func closed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})
	writeNotes(t, s, 0, 50)
	closeStore(t, s)
	return dir
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x40
	return b
}

const (
	page  = 4096
	frame = page + 24
)

func TestDamagedFilesAreRefusedAndKept(t *testing.T) {
	for _, c := range []struct {
		name   string
		start  func(t *testing.T) string
		damage func(t *testing.T, dir string)
	}{
		{"a text", closed, func(t *testing.T, dir string) {
			replace(t, dir, database, bytes.Repeat([]byte("lorem ipsum "), 1000))
		}},
		{"a short text", closed, func(t *testing.T, dir string) { replace(t, dir, database, []byte("lorem")) }},
		{"the first page overwritten", closed, func(t *testing.T, dir string) {
			replace(t, dir, database, append(make([]byte, page), read(t, dir, database)[page:]...))
		}},
		{"cut off between two pages", closed, func(t *testing.T, dir string) {
			replace(t, dir, database, read(t, dir, database)[:5*page])
		}},
		{"cut off inside a page", closed, func(t *testing.T, dir string) {
			b := read(t, dir, database)
			replace(t, dir, database, b[:len(b)-100])
		}},
		{"an empty database beside a journal", leftBehind, func(t *testing.T, dir string) { replace(t, dir, database, []byte{}) }},
		{"no database beside a journal", leftBehind, func(t *testing.T, dir string) { replace(t, dir, database, nil) }},
		{"a journal with a broken header", leftBehind, func(t *testing.T, dir string) {
			replace(t, dir, journal, flip(read(t, dir, journal), 17))
		}},
		{"a journal with a broken first frame", leftBehind, func(t *testing.T, dir string) {
			replace(t, dir, journal, flip(read(t, dir, journal), 32+100))
		}},
		{"a journal with a broken frame in the middle", leftBehind, func(t *testing.T, dir string) {
			replace(t, dir, journal, flip(read(t, dir, journal), 32+9*frame+1000))
		}},
		{"a journal with a hole", leftBehind, func(t *testing.T, dir string) {
			b := read(t, dir, journal)
			clear(b[page : 3*page])
			replace(t, dir, journal, b)
		}},
		{"a journal whose last frame but one is broken", leftBehind, func(t *testing.T, dir string) {
			b := read(t, dir, journal)
			// The last transaction has several frames; the one before ends where the frame says how large the database is.
			last := (len(b)-32)/frame - 2
			for bytes.Equal(b[32+last*frame+4:32+last*frame+8], make([]byte, 4)) {
				last--
			}
			replace(t, dir, journal, flip(b, 32+last*frame+200))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := c.start(t)
			c.damage(t, dir)
			before := content(t, dir)
			for range 2 {
				s, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
				if err == nil {
					closeStore(t, s)
				}
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("Open: %v, want ErrUnavailable", err)
				}
				wantMessage(t, err, dir, "damaged", "stop the host", "restore a backup")
			}
			if !cmp.Equal(before, content(t, dir)) {
				t.Error("opening the damaged files changed them")
			}
		})
	}
}

// The first pages are whole, so that the store opens, and those with documents are not.
func TestDamagedPagesAreUnavailableAndKept(t *testing.T) {
	dir := closed(t)
	b := read(t, dir, database)
	clear(b[6*page:])
	replace(t, dir, database, b)
	s := open(t, dir, sqlitestore.Config{})
	for range 2 {
		_, err := s.List(t.Context(), store.Query{Tenant: "t", Collection: "notes"})
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("List: %v, want ErrUnavailable", err)
		}
		wantMessage(t, err, dir, "damaged", "stop the host", "restore a backup")
		if _, err := s.Write(t.Context(), note("7", 10)); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Write: %v, want ErrUnavailable", err)
		}
	}
	closeStore(t, s)
	if !bytes.Equal(b, read(t, dir, database)) {
		t.Error("using the damaged file changed it")
	}
}

func TestForeignDatabaseIsRefusedAndKept(t *testing.T) {
	for name, statements := range map[string][]string{
		"an ordinary one": {"CREATE TABLE bookmarks (url TEXT)"},
		"one with a WAL":  {"PRAGMA journal_mode = WAL", "CREATE TABLE bookmarks (url TEXT)"},
		"an empty one":    {"PRAGMA application_id = 7"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tamper(t, dir, statements...)
			before := content(t, dir)
			_, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
			wantMessage(t, err, "another program", "directory of its own")
			if !cmp.Equal(before, content(t, dir)) {
				t.Error("a foreign database was changed")
			}
		})
	}
}

func TestTornJournalIsRecovered(t *testing.T) {
	dir := leftBehind(t)
	files := content(t, dir)
	whole := files[journal]
	for _, c := range []struct {
		name string
		wal  string
		want int
	}{
		{"whole", whole, 50},
		{"cut off in the last frame", whole[:len(whole)-100], 49},
		{"cut off before the last frame", whole[:len(whole)-frame], 49},
		{"cut off in the head of the last frame", whole[:len(whole)-frame+7], 49},
		{"the last frame half written", whole[:len(whole)-2000] + string(make([]byte, 2000)), 49},
		{"zeros behind it", whole + string(make([]byte, 3*frame)), 50},
		{"rubbish behind it", whole + string(bytes.Repeat([]byte("rubbish"), 3*frame)), 50},
		{"only a header", whole[:32], 25},
		{"half a header", whole[:16], 25},
		{"empty", "", 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			replace(t, dir, database, []byte(files[database]))
			replace(t, dir, journal, []byte(c.wal))
			s := open(t, dir, sqlitestore.Config{})
			docs, err := s.List(t.Context(), store.Query{Tenant: "t", Collection: "notes"})
			if err != nil || len(docs) != c.want {
				t.Errorf("%d documents, %v; want %d", len(docs), err, c.want)
			}
			if _, err := s.Write(t.Context(), note("more", 10)); err != nil {
				t.Error(err)
			}
			closeStore(t, s)
			wantSound(t, dir)
		})
	}
}

// A batch that does not fit into SQLite's memory reaches the journal before it is refused, and what follows covers only its
// beginning.
func TestRefusedBatchInJournalIsNoDamage(t *testing.T) {
	from, dir := t.TempDir(), t.TempDir()
	s := open(t, from, sqlitestore.Config{})
	writeNotes(t, s, 0, 5)
	refused := note("0", 10)
	refused.IfRev = 0
	_, err := s.Write(t.Context(), note("large", 8<<20-2), note("larger", 8<<20-2), refused)
	if !errors.Is(err, store.ErrConflict) {
		t.Fatalf("Write: %v, want ErrConflict", err)
	}
	writeNotes(t, s, 5, 10)
	for name, b := range content(t, from) {
		replace(t, dir, name, []byte(b))
	}
	closeStore(t, s)
	if n := len(read(t, dir, journal)); n < 8<<20 {
		t.Fatalf("the journal has %d bytes, too few for what was refused", n)
	}
	s = open(t, dir, sqlitestore.Config{})
	wantNotes(t, s, 10)
	closeStore(t, s)
	wantSound(t, dir)
}

func FuzzJournal(f *testing.F) {
	b := make([]byte, 32+2*(512+24))
	copy(b, "\x37\x7f\x06\x82\x00\x2d\xe2\x18\x00\x00\x02\x00")
	f.Add(b)
	f.Add(b[:33])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := sqlitestore.BrokenAt(bytes.NewReader(b))
		if err != nil || frame < -1 || frame > len(b)/512 {
			t.Errorf("frame %d of %d bytes, %v", frame, len(b), err)
		}
	})
}
