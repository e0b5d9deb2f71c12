package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/pergola-platform/pergola/host/store"
)

// fail says what the store was doing when err happened.
func (s *Store) fail(doing string, err error) error { return fail(doing+" in "+s.dir, err) }

// fail says what was being done when err happened, and makes store.ErrUnavailable of what lies outside the program, with
// what the operator can do about it.
func fail(doing string, err error) error {
	if advice := advice(err); advice != "" {
		return fmt.Errorf("%w: %s: %s (%w)", store.ErrUnavailable, doing, advice, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func advice(err error) string {
	const (
		full     = "the disk or the store's size limit is full; make room or raise the limit"
		damaged  = "the database file is damaged; stop the host, keep a copy of the directory and restore a backup"
		readOnly = "the files cannot be written; check the owner and mode of the directory and that the disk is not mounted read-only"
	)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return readOnly
	case errors.Is(err, syscall.ENOSPC):
		return full
	case isDamage(err):
		return damaged
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return ""
	}
	if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // SQLite does not look why there was no room for its shared memory
		return full
	}
	switch e.Code() & 0xff { // the high bytes say more than the operator can use
	case sqlite3.SQLITE_FULL:
		return full
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return readOnly
	case sqlite3.SQLITE_IOERR:
		return "the disk does not read or write; see whether it is mounted read-only, and look at the system's log; " +
			"after an error of the file system, end the host, check the file system and mount it anew"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another program holds the database; end it and try again"
	case sqlite3.SQLITE_NOMEM:
		return "the machine is out of memory"
	}
	return ""
}

// isDamage says whether err is about what a database file holds.
func isDamage(err error) bool {
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB) {
		return true
	}
	return errors.Is(err, errDamaged)
}
