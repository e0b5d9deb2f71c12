package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// fillStore writes notes of 20 kB until the store refuses, and returns how many it took and why no more.
func fillStore(t *testing.T, s *sqlitestore.Store, prefix string) (written int, err error) {
	t.Helper()
	for written < 1000 {
		if _, err = s.Write(t.Context(), note(fmt.Sprintf("%s%04d", prefix, written), 20_000)); err != nil {
			return written, err
		}
		written++
	}
	return written, nil
}

// ballast takes away all room that is left on the file system of dir.
func ballast(t *testing.T, dir string) (path string) {
	t.Helper()
	path = filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func wantFull(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%s: %v, want ErrUnavailable", what, err)
	}
	wantMessage(t, err, "full", "make room")
}

func TestFullDiskIsUnavailableUntilThereIsRoom(t *testing.T) {
	if !alone(t) {
		return
	}
	mount := mountTmpfs(t, 6<<20)
	dir := filepath.Join(mount, "store")
	s := open(t, dir, sqlitestore.Config{})
	weight := filepath.Join(mount, "weight")
	if err := os.WriteFile(weight, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	written := 0
	for round := range 4 { // twice may be luck
		n, err := fillStore(t, s, strconv.Itoa(round))
		written += n
		wantFull(t, "Write", err)
		wantNotes(t, s, written)
		for range 3 { // a write that was refused leaves nothing that stops the next
			_, err := s.Write(t.Context(), note("refused", 200_000))
			wantFull(t, "Write again", err)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping: %v", err)
		}
		if err := os.Truncate(weight, int64(3-round)<<19); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(t.Context(), note(fmt.Sprintf("mended%d", round), 100)); err != nil {
			t.Fatalf("Write after making room: %v", err)
		}
		written++
	}
	// The journal is longer by now than what makes SQLite move it into the database, for which there is no room, not even
	// at the end.
	n, err := fillStore(t, s, "last")
	written += n
	wantFull(t, "Write", err)
	closeStore(t, s)
	if left, err := os.Stat(filepath.Join(dir, sqlitestore.File+"-wal")); err != nil || left.Size() < 4_000_000 {
		t.Errorf("the journal was moved all the same: %v", err)
	}
	if err := os.Remove(weight); err != nil {
		t.Fatal(err)
	}
	remount(t, mount, 0, "size=16m")
	s = open(t, dir, sqlitestore.Config{})
	wantNotes(t, s, written)
	closeStore(t, s)
	wantSound(t, dir)
}

func TestOpenOnFullDiskIsUnavailable(t *testing.T) {
	if !alone(t) {
		return
	}
	mount := mountTmpfs(t, 4<<20)
	used := filepath.Join(mount, "used")
	s := open(t, used, sqlitestore.Config{})
	if _, err := s.Write(t.Context(), note("a", 10_000)); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	weight := ballast(t, mount)
	for _, dir := range []string{filepath.Join(mount, "fresh"), used} {
		_, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
		wantFull(t, "Open "+filepath.Base(dir), err)
	}
	if err := os.Remove(weight); err != nil {
		t.Fatal(err)
	}
	for dir, notes := range map[string]int{filepath.Join(mount, "fresh"): 0, used: 1} {
		s := open(t, dir, sqlitestore.Config{})
		wantNotes(t, s, notes)
		closeStore(t, s)
		wantSound(t, dir)
	}
}

func TestMigrationOnFullDiskChangesNothing(t *testing.T) {
	if !alone(t) {
		return
	}
	mount := mountTmpfs(t, 4<<20)
	dir := filepath.Join(mount, "store")
	s := open(t, dir, sqlitestore.Config{})
	if _, err := s.Write(t.Context(), note("a", 10_000)); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	// The first statement has room, the second has none.
	defer sqlitestore.AddMigration("CREATE TABLE added (b BLOB) STRICT; INSERT INTO added VALUES (zeroblob(500000)); INSERT INTO added VALUES (zeroblob(2500000))")()
	weight := filepath.Join(mount, "weight")
	if err := os.WriteFile(weight, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := sqlitestore.Open(context.Background(), dir, sqlitestore.Config{})
		wantFull(t, "Open", err)
	}
	if err := os.Remove(weight); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, sqlitestore.Config{})
	wantNotes(t, s, 1)
	closeStore(t, s)
	wantSound(t, dir)
}

func TestBackupAndRestoreOnFullDiskLeaveNothing(t *testing.T) {
	if !alone(t) {
		return
	}
	mount := mountTmpfs(t, 1<<20)
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})
	if _, err := s.Write(t.Context(), note("a", 1<<20)); err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	_, err := sqlitestore.Backup(t.Context(), dir, filepath.Join(mount, "backup.db"))
	wantFull(t, "Backup", err)
	wantFiles(t, mount)

	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := sqlitestore.Backup(t.Context(), dir, backup); err != nil {
		t.Fatal(err)
	}
	_, err = sqlitestore.Restore(t.Context(), backup, filepath.Join(mount, "store"))
	wantFull(t, "Restore", err)
	wantFiles(t, filepath.Join(mount, "store"), "pergola.lock")
}

func wantReadOnly(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%s: %v, want ErrUnavailable", what, err)
	}
	wantMessage(t, err, "mounted read-only")
}

func TestOpenOnReadOnlyDiskIsUnavailable(t *testing.T) {
	if !alone(t) {
		return
	}
	mount := mountTmpfs(t, 4<<20)
	dir := filepath.Join(mount, "store")
	s := open(t, dir, sqlitestore.Config{})
	if _, err := s.Write(t.Context(), note("a", 10_000)); err != nil {
		t.Fatal(err)
	}
	// Linux itself refuses to take the disk away from a store in this manner.
	if err := syscall.Mount("tmpfs", mount, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("remount under an open store: %v, want EBUSY", err)
	}
	closeStore(t, s)
	remount(t, mount, syscall.MS_RDONLY, "")
	for _, dir := range []string{dir, filepath.Join(mount, "fresh")} {
		_, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
		wantReadOnly(t, "Open "+filepath.Base(dir), err)
	}
	remount(t, mount, 0, "")
	s = open(t, dir, sqlitestore.Config{})
	wantNotes(t, s, 1)
	closeStore(t, s)
}

// A kernel that finds an error in a file system makes it read-only while files are open; until it is mounted again, nobody
// can write there.
func TestDiskThatTurnsReadOnlyIsUnavailable(t *testing.T) {
	if !alone(t) {
		return
	}
	fs := mountExt4(t)
	dir := filepath.Join(fs.dir, "store")
	s := open(t, dir, sqlitestore.Config{})
	for i := range 50 {
		if _, err := s.Write(t.Context(), note(strconv.Itoa(i), 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	fs.breakDown(t)
	for range 3 {
		_, err := s.Write(t.Context(), note("refused", 10))
		wantReadOnly(t, "Write", err)
	}
	wantNotes(t, s, 50)
	if err := s.Close(); err != nil {
		t.Logf("Close: %v", err)
	}
	_, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
	wantReadOnly(t, "Open", err)
	fs.mend(t)
	s = open(t, dir, sqlitestore.Config{})
	wantNotes(t, s, 50)
	if _, err := s.Write(t.Context(), note("again", 10)); err != nil {
		t.Error(err)
	}
	closeStore(t, s)
	wantSound(t, dir)
}

// The journal's descriptor is exchanged for one that cannot be written, and put back. So a disk looks to SQLite that refuses
// writes for a while.
func TestStoreWritesAgainWhenDiskDoes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlitestore.Config{})
	if _, err := s.Write(t.Context(), note("a", 10_000)); err != nil {
		t.Fatal(err)
	}
	wal := filepath.Join(dir, sqlitestore.File+"-wal")
	restore := map[int]int{}
	for _, fd := range descriptors(t, wal) {
		kept, err := syscall.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		readOnly, err := syscall.Open(wal, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Dup3(readOnly, fd, syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Close(readOnly); err != nil {
			t.Fatal(err)
		}
		restore[fd] = kept
	}
	for range 3 {
		_, err := s.Write(t.Context(), note("refused", 10))
		wantReadOnly(t, "Write", err)
	}
	wantNotes(t, s, 1)
	for fd, kept := range restore {
		if err := syscall.Dup3(kept, fd, syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Close(kept); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Write(t.Context(), note("b", 10_000)); err != nil {
		t.Errorf("Write after the disk came back: %v", err)
	}
	wantNotes(t, s, 2)
	closeStore(t, s)
	wantSound(t, dir)
}

// descriptors are this process's open descriptors of a file.
func descriptors(t *testing.T, path string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && target == path {
			fd, err := strconv.Atoi(e.Name())
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, fd)
		}
	}
	if len(found) == 0 {
		t.Fatalf("nobody has %s open", filepath.Base(path))
	}
	return found
}
