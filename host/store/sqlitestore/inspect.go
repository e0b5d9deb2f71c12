package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// errDamaged is damage that SQLite would not report by itself.
var errDamaged = errors.New("damaged")

// inspect looks at what lies at path before anything may write there. SQLite by itself turns whatever database it is given
// into one with a WAL, and drops a WAL that it cannot use; what is refused here keeps every byte.
func inspect(ctx context.Context, path string) error {
	size, err := sizeOf(path)
	if err != nil {
		return err
	}
	journal, err := sizeOf(path + "-wal")
	if err != nil {
		return err
	}
	if size == 0 {
		if journal > 0 {
			return fmt.Errorf("%w: %s-wal is there without the database that it belongs to", errDamaged, File)
		}
		return nil
	}
	if journal == 0 {
		if err := checkSize(path, size); err != nil {
			return err
		}
		// The file is all there is, and SQLite need not put anything beside it to read it.
		return readFormat(ctx, path, "mode=ro&immutable=1")
	}
	if err := checkWAL(path + "-wal"); err != nil {
		return err
	}
	return readFormat(ctx, path, "mode=ro")
}

// checkSize returns an error where the database at path, without a journal, is shorter than its header says. SQLite itself
// takes the missing end of a page for zeros. The layout: https://www.sqlite.org/fileformat2.html#the_database_header
func checkSize(path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var header [100]byte
	if _, err := io.ReadFull(f, header[:]); err != nil {
		return fmt.Errorf("%w: %s has %d bytes, too few for a database", errDamaged, File, size)
	}
	pageSize := int64(binary.BigEndian.Uint16(header[16:]))
	if pageSize == 1 {
		pageSize = 1 << 16
	}
	want := pageSize * int64(binary.BigEndian.Uint32(header[28:]))
	known := [4]byte(header[24:28]) == [4]byte(header[92:96]) // what wrote last did count the pages
	if known && size < want {
		return fmt.Errorf("%w: %s has %d bytes of %d", errDamaged, File, size, want)
	}
	return nil
}

// sizeOf is 0 for what is not there or no file.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// readFormat opens the database at path, with the parameters of a URI, for a look at whose it is. Errors: that of a foreign
// database, and ErrNewer.
func readFormat(ctx context.Context, path, parameters string) (err error) {
	db, err := sql.Open("sqlite", uri(path, parameters))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	_, err = formatOf(ctx, db)
	return err
}

// formatOf returns the format of an open database, 0 where it has no tables yet. Errors: that of a foreign database, and
// ErrNewer.
func formatOf(ctx context.Context, db rower) (int, error) {
	var id, tables, format int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return 0, fmt.Errorf("read the tables: %w", err)
	}
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, fmt.Errorf("read the application id: %w", err)
	}
	if id != applicationID && (id != 0 || tables > 0) {
		return 0, errors.New("the file is a database of another program: give the store a directory of its own")
	}
	if tables == 0 {
		return 0, nil
	}
	if err := db.QueryRowContext(ctx, "SELECT version FROM format").Scan(&format); err != nil {
		return 0, fmt.Errorf("read the format: %w", err)
	}
	if format > len(migrations) {
		return 0, fmt.Errorf("%w: it has format %d, and this version reads up to %d; start the newer version again, or restore a backup that this version made", ErrNewer, format, len(migrations))
	}
	return format, nil
}

type rower interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
