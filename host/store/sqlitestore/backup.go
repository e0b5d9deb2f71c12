package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pergola-platform/pergola/host/dirlock"
)

// Backup copies the store in dir into the new file dest, with mode 0600, and returns how many bytes that is. The host may
// have the store open and go on writing: the copy is the store as it was at one moment after Backup was called. While it
// runs, the store's journal grows with what is written.
//
// The file gets its name when it is complete, synced and checked from end to end. A failure or the end of ctx leaves
// nothing behind; a process that is killed leaves a file named .partial. What is at dest already stays, and is an error.
func Backup(ctx context.Context, dir, dest string) (int64, error) {
	size, err := backup(ctx, dir, dest)
	if err != nil {
		return 0, fail("back up the store in "+dir+" to "+dest, err)
	}
	return size, nil
}

func backup(ctx context.Context, dir, dest string) (size int64, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return 0, err
	}
	if dest, err = filepath.Abs(dest); err != nil {
		return 0, err
	}
	path := filepath.Join(dir, File)
	if err := absent(dest, "choose another name, or take it away"); err != nil {
		return 0, err
	}
	if n, err := sizeOf(path); err != nil || n == 0 {
		return 0, errors.Join(err, fmt.Errorf("there is no %s; name the directory that the host keeps its data in", File))
	}
	if err := inspectIdle(ctx, dir); err != nil {
		return 0, err
	}
	partial, err := os.CreateTemp(filepath.Dir(dest), filepath.Base(dest)+".*.partial") // with mode 0600
	if err != nil {
		return 0, err
	}
	// SQLite writes into an empty file as into a new one.
	if err := partial.Close(); err != nil {
		return 0, err
	}
	defer func() {
		for _, name := range []string{partial.Name(), partial.Name() + "-journal"} {
			if gone := os.Remove(name); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
	}()
	if err := vacuum(ctx, path, partial.Name()); err != nil {
		return 0, err
	}
	if err := syncFile(partial.Name()); err != nil {
		return 0, err
	}
	if err := check(ctx, partial.Name()); err != nil {
		return 0, fmt.Errorf("check the copy: %w", err)
	}
	if size, err = sizeOf(partial.Name()); err != nil {
		return 0, err
	}
	return size, publish(partial.Name(), dest)
}

// inspectIdle inspects the store in dir, unless a process has it open: that one did it, and its journal changes all the time.
func inspectIdle(ctx context.Context, dir string) error {
	held, err := dirlock.Hold(filepath.Join(dir, lockFile), ErrLocked)
	if errors.Is(err, ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(inspect(ctx, filepath.Join(dir, File)), held.Release())
}

// vacuum copies the database at path into the empty file dest.
func vacuum(ctx context.Context, path, dest string) (err error) {
	db, err := sql.Open("sqlite", uri(path, fmt.Sprintf("mode=ro&_pragma=busy_timeout(%d)&_pragma=synchronous(FULL)", busyTimeout.Milliseconds())))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	switch format, err := formatOf(ctx, db); {
	case err != nil:
		return err
	case format == 0:
		return errors.New("the store holds nothing yet")
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", dest)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // SQLite says that it was interrupted
	}
	return err
}

// check reads a database that nobody writes to from end to end, and says whether it is a store that this version can open.
func check(ctx context.Context, path string) (err error) {
	size, err := sizeOf(path)
	if err != nil {
		return err
	}
	if err := checkSize(path, size); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", uri(path, "mode=ro&immutable=1"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	switch format, err := formatOf(ctx, db); {
	case err != nil:
		return err
	case format == 0:
		return errors.New("the file holds no store")
	}
	var first string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&first); err != nil {
		return err
	}
	if first != "ok" {
		// SQLite's finding names pages and tables, nothing that is stored.
		return fmt.Errorf("%w: %s", errDamaged, first)
	}
	return nil
}

// absent returns an error where there is something at path.
func absent(path, advice string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s is there already; %s: %w", path, advice, fs.ErrExist)
}

// publish gives the file at partial the name dest, unless something has that by now.
func publish(partial, dest string) error {
	// A rename would take away what is at dest. Not every file system has links.
	if err := os.Link(partial, dest); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil {
		if err := absent(dest, "choose another name, or take it away"); err != nil {
			return err
		}
		if err := os.Rename(partial, dest); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(dest))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
