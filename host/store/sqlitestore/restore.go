package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pergola-platform/pergola/host/dirlock"
)

// Restore puts a file that Backup made into dir, which it creates where it is missing, and returns how many bytes that is.
// The file is checked from end to end before, and the copy after. Where dir holds a store already it stays, and Restore
// returns an error. Open is next, and brings the data of an older version up to date.
//
// Restored is only the store: keys and settings that lie elsewhere have backups of their own.
func Restore(ctx context.Context, backup, dir string) (int64, error) {
	size, err := restore(ctx, backup, dir)
	if err != nil {
		return 0, fail("restore "+backup+" into "+dir, err)
	}
	return size, nil
}

func restore(ctx context.Context, backup, dir string) (size int64, err error) {
	if backup, err = filepath.Abs(backup); err != nil {
		return 0, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return 0, err
	}
	switch n, err := sizeOf(backup); {
	case err != nil:
		return 0, err
	case n == 0:
		return 0, errors.New("there is no such file, or it is empty; name a file that a backup made")
	}
	// A copy of a running store's files has one, and is not complete without it.
	if err := absent(backup+"-wal", "a backup has none, so this is no backup; name another file"); err != nil {
		return 0, err
	}
	if err := check(ctx, backup); isDamage(err) {
		return 0, errors.New("the backup is damaged; use another one (" + err.Error() + ")")
	} else if err != nil {
		return 0, fmt.Errorf("check the backup: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	held, err := dirlock.Hold(filepath.Join(dir, lockFile), ErrLocked)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, held.Release()) }()
	path := filepath.Join(dir, File)
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if err := absent(path+suffix, "restore into a directory without a store, or move the old one's files away first"); err != nil {
			return 0, err
		}
	}
	partial := path + ".partial" // whoever left one was killed: this process holds the lock
	defer func() {
		if gone := os.Remove(partial); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if size, err = copyFile(ctx, backup, partial); err != nil {
		return 0, err
	}
	if err := check(ctx, partial); err != nil {
		return 0, fmt.Errorf("check the copy: %w", err)
	}
	return size, publish(partial, path)
}

// copyFile copies a file into one of the owner's alone, and syncs it.
func copyFile(ctx context.Context, from, to string) (n int64, err error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	for {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		more, err := io.CopyN(out, in, 8<<20)
		n += more
		if errors.Is(err, io.EOF) {
			return n, out.Sync()
		}
		if err != nil {
			return n, err
		}
	}
}
